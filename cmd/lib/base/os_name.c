#include "base/os_name.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char *const os_names[OS_COUNT] = {"linux", "macos"};

enum os os_of(const char *name)
{
	enum os os = OS_LINUX;
	while (os < OS_COUNT && !streq(os_name(os), name))
		os++;
	return os < OS_COUNT ? os : OS_UNKNOWN;
}

const char *os_name(enum os os)
{
	return os ? os_names[os - 1] : "unknown";
}

struct err *os_release_value(const char *text, const char *key, char *to, size_t size)
{
	AUTO(strs) lines = STRS_INIT;
	strs_split(&lines, text, "\n");
	*to = '\0';
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		size_t n = strlen(key);
		if (!str_starts(line, key) || line[n] != '=')
			continue;
		line += n + 1 + strspn(line + n + 1, "\"'");
		AUTO_FREE char *value = mem_strndup(line, strcspn(line, "\"'"));
		if (!str_fits(value, to, size))
			return err_new(ERR_CORRUPT, "%s in '/etc/os-release' is too long", key);
	}
	return NULL;
}
