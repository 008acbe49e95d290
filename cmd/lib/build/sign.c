#include "build/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"

enum { SIGN_MS = 10 * 60 * 1000, OUTPUT_MAX = 1 << 20, DEPTH_MAX = 32 };

#define COPY_SUFFIX ".signing"

void sign_files_done(struct sign_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].path);
	free(files->items);
	*files = (struct sign_files){.count = 0};
}

void sign_files_add(struct sign_files *files, const char *path, enum macho_kind kind)
{
	files->items = mem_grow(files->items, &files->cap, files->count + 1, sizeof(*files->items));
	files->items[files->count++] = (struct sign_file){mem_strdup(path), kind};
}

void sign_plan_done(struct sign_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		strs_done(&plan->items[i].words);
		strs_done(&plan->items[i].expect);
	}
	free(plan->items);
	*plan = (struct sign_plan){.count = 0};
}

/* --- what is there --- */

/* What could not be read is an error: it would stay without a signature. */
static struct err *find_kind(const char *path, enum macho_kind *ret_kind)
{
	char head[MACHO_HEADER_BYTES];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, head, sizeof(head));
	if (n < 0)
		return err_os(errno, "cannot tell whether '%s' is a program", path);
	*ret_kind = macho_kind(head, (size_t)n);
	return NULL;
}

static struct err *list_below(const char *prefix, const char *below, int depth, struct sign_files *files)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *dir = path_join(prefix, below);
	if (depth > DEPTH_MAX)
		return err_new(ERR_CORRUPT, "'%s' is nested too deeply", dir);
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = *below ? path_join(below, names.items[i]) : mem_strdup(names.items[i]);
		AUTO_FREE char *full = path_join(prefix, path);
		struct stat st = {.st_mode = 0};
		bool there = false;
		TRY(file_lstat(full, &there, &st));
		if (S_ISDIR(st.st_mode))
			TRY(list_below(prefix, path, depth + 1, files));
		enum macho_kind kind = MACHO_NONE;
		if (S_ISREG(st.st_mode))
			TRY(find_kind(full, &kind));
		if (kind != MACHO_NONE)
			sign_files_add(files, path, kind);
	}
	return NULL;
}

struct err *sign_list(const char *prefix, struct sign_files *files)
{
	return list_below(prefix, "", /* depth= */ 0, files);
}

/* --- what to do --- */

static struct sign_command *add(struct sign_plan *plan, enum sign_act act)
{
	plan->items = mem_grow(plan->items, &plan->cap, plan->count + 1, sizeof(*plan->items));
	struct sign_command *c = &plan->items[plan->count++];
	*c = (struct sign_command){.act = act};
	return c;
}

static struct sign_command *add_run(struct sign_plan *plan, const char *const *words, const char *last)
{
	struct sign_command *c = add(plan, SIGN_RUN);
	strs_add_all(&c->words, words);
	strs_add(&c->words, last);
	return c;
}

static void add_move(struct sign_plan *plan, enum sign_act act, const char *from, const char *to)
{
	struct sign_command *c = add(plan, act);
	strs_add(&c->words, from);
	strs_add(&c->words, to);
}

static void add_file(const struct sign_input *input, const struct sign_file *file, bool entitled,
		     struct sign_plan *plan)
{
	AUTO_FREE char *path = path_join(input->prefix, file->path);
	AUTO_FREE char *copy = mem_printf("%s%s", path, COPY_SUFFIX);
	/* the copy's name would otherwise become the signature's identifier */
	const char *identifier = path_base(file->path);
	const char *const plain[] = {"codesign", "--force", "--sign", "-", "--identifier", identifier, NULL};
	const char *const with[] = {"codesign", "--force",        "--sign",     "-", "--identifier",
				    identifier, "--entitlements", input->plist, NULL};
	static const char *const clear[] = {"xattr", "-c", NULL};
	static const char *const verify[] = {"codesign", "--verify", "--strict", NULL};
	static const char *const show[] = {"codesign", "-d", "--entitlements", "-", NULL};
	add_move(plan, SIGN_COPY, path, copy);
	add_run(plan, clear, copy);
	add_run(plan, entitled ? with : plain, copy);
	add_run(plan, verify, copy);
	if (entitled)
		strs_copy(&add_run(plan, show, copy)->expect, input->entitlements);
	add_move(plan, SIGN_RENAME, copy, path);
}

static struct err *check_globs(const struct sign_input *input, const struct sign_files *files)
{
	for (size_t g = 0; g < input->globs->count; g++) {
		bool found = false;
		for (size_t i = 0; i < files->count && !found; i++)
			found = glob_match(input->globs->items[g], files->items[i].path);
		if (!found)
			return err_hint(err_new(ERR_USAGE, "%s: 'sign' names '%s', and no program was installed there",
						input->recipe, input->globs->items[g]),
					"'files' are relative to ${prefix}: bin/qemu-system-*");
	}
	return NULL;
}

struct err *sign_decide(const struct sign_input *input, const struct sign_files *files, struct sign_plan *plan)
{
	TRY(check_globs(input, files));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < files->count; i++) {
			const struct sign_file *f = &files->items[i];
			bool entitled = f->kind == MACHO_EXECUTABLE && glob_match_any(input->globs, f->path);
			int own = f->kind == MACHO_LIBRARY ? 0 : entitled ? 2 : 1;
			if (own == round)
				add_file(input, f, entitled && input->entitlements->count > 0, plan);
		}
	}
	return NULL;
}

static void add_escaped(struct str *s, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			str_add(s, "&amp;");
		else if (*text == '<')
			str_add(s, "&lt;");
		else
			str_add_char(s, *text);
	}
}

char *sign_entitlements(const struct strs *entitlements)
{
	AUTO(str) s = STR_INIT;
	str_add(&s, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n");
	for (size_t i = 0; i < entitlements->count; i++) {
		str_add(&s, "\t<key>");
		add_escaped(&s, entitlements->items[i]);
		str_add(&s, "</key>\n\t<true/>\n");
	}
	str_add(&s, "</dict>\n</plist>\n");
	return str_take(&s);
}

void sign_show(const struct sign_plan *plan, struct str *out)
{
	static const char *const verbs[] = {[SIGN_COPY] = "copy", [SIGN_RUN] = "run", [SIGN_RENAME] = "rename"};
	for (size_t i = 0; i < plan->count; i++) {
		const struct sign_command *c = &plan->items[i];
		AUTO_FREE char *words = strs_join(&c->words, " ");
		AUTO_FREE char *expect = strs_join(&c->expect, " ");
		str_addf(out, "%s %s%s%s\n", verbs[c->act], words, *expect ? "  # must print " : "", expect);
	}
}

/* --- doing it --- */

static struct err *run(const struct sign_command *c, const char *log, const char *step, struct sink *sink)
{
	AUTO(str) out = STR_INIT;
	struct child_spec spec = {.argv = (const char *const *)c->words.items,
				  .log_path = log,
				  .deadline_ms = SIGN_MS,
				  .step = step,
				  .sink = sink};
	TRY(child_output(&spec, OUTPUT_MAX, &out));
	for (size_t i = 0; i < c->expect.count; i++)
		if (!strstr(str_text(&out), c->expect.items[i]))
			return err_hint(err_new(ERR_CHILD, "'%s' was signed, but does not have the entitlement '%s'",
						c->words.items[c->words.count - 1], c->expect.items[i]),
					"inspect it: codesign -d --entitlements - FILE");
	return NULL;
}

static struct err *copy(const char *from, const char *to)
{
	struct stat st;
	bool there = false;
	TRY(file_stat(from, &there, &st));
	if (!there)
		return err_new(ERR_ABSENT, "'%s' does not exist", from);
	return file_copy(from, to, (st.st_mode & 0777) | 0200);
}

static struct err *perform_one(const struct sign_command *c, const char *log, const char *step, struct sink *sink)
{
	switch (c->act) {
	case SIGN_COPY:
		return copy(c->words.items[0], c->words.items[1]);
	case SIGN_RENAME:
		return file_rename(c->words.items[0], c->words.items[1]);
	case SIGN_RUN:
		break;
	}
	return run(c, log, step, sink);
}

struct err *sign_perform(const struct sign_input *input, const struct sign_plan *plan, const char *log,
			 const char *step, struct sink *sink)
{
	AUTO_FREE char *text = sign_entitlements(input->entitlements);
	TRY(file_write(input->plist, text, strlen(text), 0644));
	for (size_t i = 0; i < plan->count; i++) {
		struct err *e = perform_one(&plan->items[i], log, step, sink);
		if (e)
			return err_wrap(e, "cannot sign what was built");
	}
	return NULL;
}
