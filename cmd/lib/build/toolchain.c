#include "build/toolchain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "build/developer_tools.h"
#include "fmt/digest.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { ASK_MS = 10000, SAID_MAX = 1 << 16, SHOWN = 160 };

const char *toolchain_folders(enum os os)
{
	return os == OS_MACOS ? "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
			      : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
}

/* A compiler cache in front of the compilers, where there is one: Debian's and Homebrew's places. */
bool toolchain_path(enum os os, struct strs *env)
{
	static const char *const cache_dirs[] = {"/usr/lib/ccache", "/opt/homebrew/opt/ccache/libexec",
						 "/usr/local/opt/ccache/libexec"};
	const char *base = toolchain_folders(os);
	for (size_t i = 0; i < ARRAY_LEN(cache_dirs); i++) {
		AUTO_FREE char *cc = path_join(cache_dirs[i], "cc");
		if (file_offered(cc)) {
			strs_addf(env, "PATH=%s:%s", cache_dirs[i], base);
			return true;
		}
	}
	strs_addf(env, "PATH=%s", base);
	return false;
}

/* Who can write there decides what is compiled, for any key. */
struct err *toolchain_cache_make(const char *dir)
{
	struct err *e = dir_make(dir, 0700);
	if (!e)
		e = owner_check_way(dir);
	if (!e)
		e = owner_check(dir, OWNER_SELF, S_IWOTH);
	return e ? err_hint(err_wrap(e, "cannot use the compiler cache '%s'", dir),
			    "set CCACHE_DIR to a folder of your own, or unset it")
		 : NULL;
}

/* Stands in front of a compiler and is none. */
static bool is_cache(const char *path)
{
	return streq(path_base(path), "ccache") || streq(path_base(path), "sccache") ||
	       streq(path_base(path), "distcc");
}

/* A folder that we may not enter has no programs for builds either. */
static bool may_enter(const char *dir)
{
	struct err *e = file_permits(dir, X_OK);
	bool denied = e && e->errnum == EACCES;
	err_free(e);
	return !denied;
}

/* The file that @name in one of @folders is in the end; heap, NULL when there is none. It stands in keys: what could not
 * be seen is an error, and never the next one. */
static struct err *find(const char *folders, const char *name, char **ret_path)
{
	AUTO(strs) dirs = STRS_INIT;
	*ret_path = NULL;
	strs_split(&dirs, folders, ":");
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO_FREE char *path = path_join(dirs.items[i], name);
		AUTO_FREE char *real = realpath(path, NULL);
		if (!real && errno != ENOENT && errno != ENOTDIR) {
			int errnum = errno;
			if (may_enter(dirs.items[i]))
				return err_os(errnum, "cannot determine what '%s' is", path);
		}
		if (real && !is_cache(real)) {
			*ret_path = TAKE(real);
			return NULL;
		}
	}
	return NULL;
}

/* A Mac without developer tools has programs called cc and python3 which open a dialog: those are not asked. */
static struct err *find_compiler(const struct host_facts *facts, const char *name, char **ret_path)
{
	AUTO_FREE char *tools = NULL;
	if (facts->os != OS_MACOS)
		return find(toolchain_folders(facts->os), name, ret_path);
	*ret_path = NULL;
	TRY(developer_tools_find("", &tools));
	AUTO_FREE char *folders =
		tools ? mem_printf("%s/usr/bin:%s/Toolchains/XcodeDefault.xctoolchain/usr/bin", tools, tools) : NULL;
	return folders ? find(folders, name, ret_path) : NULL;
}

/* What it does not know it does not say. That it could not be asked is an error: the answer stands in keys. */
static struct err *ask(const char *program, const char *option, struct str *said)
{
	struct child_spec spec = {.argv = (const char *const[]){program, option, NULL},
				  .env = (const char *const[]){"LC_ALL=C", "PATH=/usr/bin:/bin", NULL},
				  .deadline_ms = ASK_MS};
	int status;
	TRY(child_status(&spec, SAID_MAX, said, &status));
	if (status != 0)
		str_clear(said);
	return NULL;
}

static char *first_word(const char *text)
{
	return mem_strndup(text, strcspn(text, " \t\n"));
}

char *toolchain_version(const char *said, const char *full)
{
	const char *clang = strstr(said, "clang version ");
	AUTO_FREE char *line = mem_strndup(said, strcspn(said, "\n"));
	AUTO_FREE char *word = first_word(clang ? clang + strlen("clang version ") : full);
	if (clang)
		return mem_printf("%sclang %s", str_starts(said, "Apple ") ? "Apple " : "", word);
	return *word ? mem_printf("gcc %s", word) : TAKE(line);
}

/* "gcc 12.2.0 x86_64-linux-gnu"; the release of macOS at the end of a target changes every month, and no code. */
static struct err *identify(const char *program, char **ret_is)
{
	AUTO(str) said = STR_INIT;
	AUTO(str) full = STR_INIT;
	AUTO(str) target = STR_INIT;
	TRY(ask(program, "--version", &said));
	TRY(ask(program, "-dumpfullversion", &full));
	TRY(ask(program, "-dumpmachine", &target));
	AUTO_FREE char *version = toolchain_version(str_text(&said), str_text(&full));
	AUTO_FREE char *machine = first_word(str_text(&target));
	char *darwin = strstr(machine, "-darwin");
	if (darwin)
		darwin[strlen("-darwin")] = '\0';
	*ret_is = mem_printf("%s %s", version, machine);
	return NULL;
}

/* What tells that the file at @path is still the one that was asked. */
static struct json *identity_of(const char *path)
{
	struct stat st;
	bool there = false;
	err_free(file_stat(path, &there, &st)); /* one that cannot be seen is asked */
	if (!there)
		return NULL;
	struct json *file = js_object();
	js_set_text(file, "path", path);
	js_set_int(file, "size", (int64_t)st.st_size);
	js_set_int(file, "mtime_ns", file_mtime_ns(&st));
	js_set_int(file, "inode", (int64_t)st.st_ino);
	return file;
}

static bool same(const struct json *a, const struct json *b)
{
	AUTO_FREE char *left = js_canonical(a);
	AUTO_FREE char *right = js_canonical(b);
	return streq(left, right);
}

/* The compiler at @path, as @known has it or as it says itself. */
static struct err *compiler(const char *path, struct json *known, bool *changed, struct strs *all)
{
	AUTO_JSON *file = identity_of(path);
	const struct json *before = js_get(known, path);
	const char *is = js_get_text(before, "is");
	if (file && is && same(js_get(before, "file"), file)) {
		strs_add(all, is);
		return NULL;
	}
	AUTO_FREE char *found = NULL;
	TRY(identify(path, &found));
	struct json *now = js_object();
	js_set(now, "file", js_copy(file));
	js_set_text(now, "is", found);
	js_set(known, path, now);
	*changed = true;
	strs_add(all, found);
	return NULL;
}

/* A key is made of it: of what is too long for people a digest of all stands for the rest. */
static void set_compiler(struct host_facts *facts, const char *text)
{
	char hex[SHA256_HEX];
	if (str_fits(text, facts->compiler, sizeof(facts->compiler)))
		return;
	digest_bytes(text, strlen(text), hex);
	snprintf(facts->compiler, sizeof(facts->compiler), "%.*s... sha256:%s", SHOWN, text, hex);
}

/* cc, and gcc where that is another one: recipes name either. */
static struct err *measure_compilers(const struct home *home, struct host_facts *facts)
{
	AUTO_FREE char *cc = NULL;
	AUTO_FREE char *gcc = NULL;
	AUTO_FREE char *memory = path_join(home->root, "compiler.json");
	AUTO_JSON *known = NULL;
	AUTO(strs) all = STRS_INIT;
	bool changed = false;
	TRY(find_compiler(facts, "cc", &cc));
	TRY(find_compiler(facts, "gcc", &gcc));
	struct err *e = js_read(memory, &known);
	if (e)
		known = js_object();
	err_free(e);
	if (cc)
		TRY(compiler(cc, known, &changed, &all));
	if (gcc && !streq(gcc, cc))
		TRY(compiler(gcc, known, &changed, &all));
	AUTO_FREE char *text = strs_join(&all, ", ");
	set_compiler(facts, text);
	bool there = false;
	err_free(dir_exists(home->root, &there));
	if (changed && there)
		err_free(js_write(memory, known, 0600)); /* else it is asked again the next time */
	return NULL;
}

/* "dash", "python3.11": what the name leads to. */
static struct err *measure_interpreter(const char *folders, const char *name, char *ret_text, size_t size)
{
	AUTO_FREE char *path = NULL;
	TRY(find(folders, name, &path));
	return str_fits(path ? path_base(path) : "", ret_text, size) ? NULL : err_os(ENAMETOOLONG, "'%s'", path);
}

struct err *toolchain_measure(const struct home *home, struct host_facts *facts)
{
	const char *folders = toolchain_folders(facts->os);
	TRY(measure_compilers(home, facts));
	TRY(measure_interpreter(folders, "sh", facts->shell, sizeof(facts->shell)));
	return measure_interpreter(folders, "python3", facts->python, sizeof(facts->python));
}

static bool has_script(const struct commands *list, const char *interpreter)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct command *c = &list->items[i];
		if (c->script && streq(c->interpreter ? c->interpreter : "sh", interpreter))
			return true;
	}
	return false;
}

static bool uses(const struct build_recipe *b, const char *interpreter)
{
	return has_script(&b->configure, interpreter) || has_script(&b->build, interpreter) ||
	       has_script(&b->install, interpreter) || has_script(&b->test, interpreter);
}

void toolchain_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs)
{
	if (*facts->compiler)
		js_set_text(inputs, "compiler", facts->compiler);
	if (*facts->sdk_version)
		js_set_text(inputs, "SDK", facts->sdk_version);
	if (*facts->shell && uses(&recipe->build, "sh"))
		js_set_text(inputs, "sh", facts->shell);
	if (*facts->python && uses(&recipe->build, "python3"))
		js_set_text(inputs, "python3", facts->python);
}
