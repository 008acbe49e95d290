#include "host/host_packages.h"

#include <stdlib.h>
#include <string.h>

#include "sys/child.h"
#include "sys/file.h"

/* Lines that @words say when they are asked about @names. */
static struct err *ask(const char *const *words, const struct strs *names, struct strs *lines)
{
	AUTO(strs) argv = STRS_INIT;
	AUTO(str) out = STR_INIT;
	int status = 0;
	strs_add_all(&argv, words);
	strs_copy(&argv, names);
	struct child_spec spec = {.argv = (const char *const *)argv.items, .deadline_ms = 60000};
	TRY(child_status(&spec, 1 << 20, &out, &status));
	strs_split(lines, str_text(&out), "\n");
	return NULL;
}

/* "name\tinstalled" per known package; unknown ones are complained of on stderr and have no line. */
static struct err *ask_dpkg(const struct strs *names, struct strs *installed)
{
	static const char *const words[] = {"dpkg-query", "-W", "-f", "${Package}\t${db:Status-Status}\n", "--", NULL};
	AUTO(strs) lines = STRS_INIT;
	TRY(ask(words, names, &lines));
	for (size_t i = 0; i < lines.count; i++) {
		char *tab = strchr(lines.items[i], '\t');
		if (tab && streq(tab, "\tinstalled"))
			strs_take(installed, mem_strndup(lines.items[i], (size_t)(tab - lines.items[i])));
	}
	return NULL;
}

char *host_packages_brew(void)
{
	static const char *const places[] = {"/opt/homebrew/bin/brew", "/usr/local/bin/brew"};
	char *found = child_find("brew");
	for (size_t i = 0; i < ARRAY_LEN(places) && !found; i++)
		if (file_offered(places[i]))
			found = mem_strdup(places[i]);
	return found;
}

char *host_packages_brewfile(const struct strs *names)
{
	AUTO(str) text = STR_INIT;
	for (size_t i = 0; i < names->count; i++)
		str_addf(&text, "brew \"%s\"\n", names->items[i]);
	return str_take(&text);
}

/* "name 1.2 1.3" per installed formula. */
static struct err *ask_brew(const struct strs *names, struct strs *installed)
{
	AUTO_FREE char *brew = host_packages_brew();
	if (!brew)
		return err_hint(err_new(ERR_ABSENT, "Homebrew is not installed, and the build needs packages from it"),
				"see https://brew.sh");
	const char *const words[] = {brew, "list", "--versions", NULL};
	AUTO(strs) lines = STRS_INIT;
	TRY(ask(words, names, &lines));
	for (size_t i = 0; i < lines.count; i++)
		strs_take(installed, mem_strndup(lines.items[i], strcspn(lines.items[i], " ")));
	return NULL;
}

bool host_packages_askable(const struct host_facts *facts)
{
	return facts->os == OS_MACOS || streq(facts->apt, "yes");
}

void host_packages_managers(struct host_facts *facts)
{
	AUTO_FREE char *apt = facts->os == OS_LINUX ? child_find("apt-get") : NULL;
	AUTO_FREE char *dpkg = facts->os == OS_LINUX ? child_find("dpkg-query") : NULL;
	if (facts->os == OS_LINUX)
		memcpy(facts->apt, apt && dpkg ? "yes" : "no", apt && dpkg ? sizeof("yes") : sizeof("no"));
}

struct err *host_packages_missing(const struct host_facts *facts, const struct strs *names, struct strs *missing)
{
	AUTO(strs) installed = STRS_INIT;
	if (names->count == 0 || !host_packages_askable(facts))
		return NULL;
	if (facts->os == OS_MACOS)
		TRY(ask_brew(names, &installed));
	else
		TRY(ask_dpkg(names, &installed));
	for (size_t i = 0; i < names->count; i++)
		if (!strs_has(&installed, names->items[i]) && !strs_has(missing, names->items[i]))
			strs_add(missing, names->items[i]);
	return NULL;
}
