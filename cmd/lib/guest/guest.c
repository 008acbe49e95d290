#include "guest/guest.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/quote.h"
#include "fmt/json.h"
#include "source/debian.h"
#include "sys/file.h"

#define RECORDS_DIR "/var/lib/cooper/steps"

enum { PROGRAM_GRACE_MS = 15 * 1000, GUEST_KILL_S = 10, TIMEOUT_STATUS = 124 /* timeout(1) */ };

static const char *records_dir(const struct guest *g)
{
	return g->records_dir ? g->records_dir : RECORDS_DIR;
}

/* A program in the guest, with what it reads and how messages call it. */
struct remote {
	const char *const *argv;
	const char *name;  /* NULL = argv[0] */
	const char *input; /* text, or NULL */
	int input_fd;      /* file; 0 = none */
	bool as_user;
};

static struct err *run_remote(struct guest *g, const struct remote *r, struct str *output, int *ret_status)
{
	AUTO(strs) words = STRS_INIT;

	if (!r->as_user)
		strs_add_all(&words, (const char *[]){"sudo", "-n", "--", NULL});
	strs_add(&words, "timeout");
	strs_addf(&words, "--kill-after=%d", GUEST_KILL_S);
	strs_addf(&words, "%lld", (long long)((g->deadline_ms + 999) / 1000));
	strs_add_all(&words, r->argv);
	struct ssh_command command = {
		.argv = (const char *const *)words.items,
		.name = r->name ? r->name : r->argv[0],
		.input = r->input,
		.input_fd = r->input_fd,
		.deadline_ms = g->deadline_ms + PROGRAM_GRACE_MS,
		.timeout_status = TIMEOUT_STATUS,
		.sink = g->sink,
		.step = g->step,
		.log_path = g->log_path,
	};
	return ssh_run(&g->ssh, &command, output, ret_status);
}

static struct err *run_words(struct guest *g, const char *const *argv, bool as_user, int *ret_status)
{
	return run_remote(g, &(struct remote){.argv = argv, .as_user = as_user}, /* output= */ NULL, ret_status);
}

struct err *guest_shell(struct guest *g, const char *text, struct str *output, int *ret_status)
{
	const char *argv[] = {"/bin/sh", "-c", text, NULL};
	return run_remote(g, &(struct remote){.argv = argv}, output, ret_status);
}

/* A script gets a file of its own, as programs in it may read standard input; it is whole, or `up` was killed. */
static struct err *run_command(struct guest *g, const struct command *command, bool as_user, int *ret_status)
{
	AUTO(str) text = STR_INIT;

	if (!command->script)
		return run_words(g, (const char *const *)command->argv.items, as_user, ret_status);
	str_addf(&text,
		 "f=$(mktemp) || exit 1; cat >\"$f\"; [ \"$(wc -c <\"$f\")\" -eq %zu ] || { rm -f \"$f\"; exit 1; }; ",
		 strlen(command->script));
	quote_word(&text, command->interpreter ? command->interpreter : "sh");
	str_add(&text, streq(command->interpreter, "python3") ? "" : " -eu"); /* as in a build */
	str_add(&text, " \"$f\" </dev/null; s=$?; rm -f \"$f\"; exit $s");
	const char *argv[] = {"/bin/sh", "-c", str_text(&text), NULL};
	struct remote remote = {.argv = argv, .name = "script", .input = command->script, .as_user = as_user};
	return run_remote(g, &remote, NULL, ret_status);
}

struct err *guest_script(struct guest *g, const char *text)
{
	const struct command command = {.script = (char *)(uintptr_t)text};
	return run_command(g, &command, /* as_user= */ false, /* ret_status= */ NULL);
}

static bool is_set(const struct command *command)
{
	return command->script || command->argv.count > 0;
}

struct err *guest_open(struct guest *g)
{
	AUTO(str) text = STR_INIT;
	AUTO(str) output = STR_INIT;

	str_add(&text, "cd ");
	quote_word(&text, records_dir(g));
	str_add(&text, " 2>/dev/null && for f in *; do case $f in *.new|*.pending) ;; *) "
		       "[ -f \"$f\" ] && echo \"$f $(head -c 64 \"$f\")\";; esac; done; exit 0");
	g->records = STRS_INIT;
	TRY(guest_shell(g, str_text(&text), &output, NULL));
	strs_split(&g->records, str_text(&output), "\r\n");
	return NULL;
}

void guest_done(struct guest *g)
{
	strs_done(&g->records);
}

static void set_command(struct json *object, const char *name, const struct command *command)
{
	struct json *value;

	if (!is_set(command))
		return;
	value = js_object();
	js_set(value, "argv", js_texts(&command->argv));
	js_set_text(value, "script", command->script);
	js_set_text(value, "interpreter", command->interpreter);
	js_set(object, name, value);
}

void guest_step_inputs(const struct guest_step *step, const char *file_digest, struct json *all)
{
	js_set_text(all, "name", step->name);
	js_set_text(all, "path", step->write_path);
	js_set_text(all, "text", step->write_text);
	js_set_text(all, "file", file_digest);
	js_set_int(all, "mode", step->write_mode);
	js_set(all, "packages", js_texts(&step->packages));
	set_command(all, "run", &step->run);
	set_command(all, "then", &step->then);
	set_command(all, "unless", &step->unless);
	js_set_text(all, "creates", step->creates);
	js_set_bool(all, "as_user", step->as_user);
}

void guest_step_digest(const struct guest_step *step, const char *file_digest, char ret_hex[SHA256_HEX])
{
	AUTO_JSON *all = js_object();

	guest_step_inputs(step, file_digest, all);
	AUTO_FREE char *text = js_canonical(all);
	digest_bytes(text, strlen(text), ret_hex);
}

char *guest_record_name(const char *step_name)
{
	char hex[SHA256_HEX];
	AUTO(str) s = STR_INIT;

	for (const char *p = step_name; *p && s.len < 60; p++)
		str_add_char(&s, isalnum((unsigned char)*p) || *p == '-' ? *p : '_');
	/* names that differ only in what was replaced or cut stay apart */
	if (!streq(str_text(&s), step_name)) {
		digest_bytes(step_name, strlen(step_name), hex);
		str_addf(&s, "-%.8s", hex);
	}
	return str_take(&s);
}

const char *guest_outcome_text(enum guest_outcome outcome)
{
	switch (outcome) {
	case GUEST_RECORDED:
		return "done before, unchanged";
	case GUEST_GUARDED:
		return "not needed";
	case GUEST_SAME:
		return "already as wanted";
	case GUEST_CHANGED:
		break;
	}
	return "changed";
}

/* What the functions below share; lives for one guest_step_run(). */
struct work {
	struct guest *g;
	const struct guest_step *step;
	char *record; /* path in the guest */
	int content;  /* open file of the host that is written; 0 = none */
	char digest[SHA256_HEX];
};

static struct err *guarded(const struct work *w, bool *ret_guarded)
{
	int status = 1;

	*ret_guarded = false;
	if (w->step->creates) {
		TRY(run_words(w->g, (const char *[]){"test", "-e", w->step->creates, NULL}, w->step->as_user,
			      &status));
		*ret_guarded = status == 0;
	}
	if (!*ret_guarded && is_set(&w->step->unless)) {
		TRY(run_command(w->g, &w->step->unless, w->step->as_user, &status));
		*ret_guarded = status == 0;
	}
	return NULL;
}

/*
 * From here until the record is written, `then` is owed: should we be interrupted after the change, the next run would
 * find nothing left to change.
 */
static struct err *set_pending(const struct work *w, bool *ret_was_pending)
{
	AUTO(str) text = STR_INIT;
	AUTO_FREE char *dir = path_dir(w->record);
	AUTO(str) output = STR_INIT;

	str_add(&text, "mkdir -p ");
	quote_word(&text, dir);
	str_add(&text, " && if [ -e ");
	quote_word(&text, w->record);
	str_add(&text, ".pending ]; then echo pending; else : > ");
	quote_word(&text, w->record);
	str_add(&text, ".pending; fi");
	TRY(guest_shell(w->g, str_text(&text), &output, NULL));
	*ret_was_pending = str_starts(str_text(&output), "pending");
	return NULL;
}

/* The host remembers the step from here on: by then it has to be on the guest's disk, and the record after it. */
static struct err *write_record(const struct work *w)
{
	AUTO(str) text = STR_INIT;
	AUTO_FREE char *dir = path_dir(w->record);
	AUTO(str) path = STR_INIT;

	quote_word(&path, w->record);
	str_add(&text, "mkdir -p ");
	quote_word(&text, dir);
	str_addf(&text, " && echo %s > %s.new && sync && mv -f %s.new %s && rm -f %s.pending && sync", w->digest, str_text(&path),
		 str_text(&path), str_text(&path), str_text(&path));
	return guest_shell(w->g, str_text(&text), NULL, NULL);
}

/* @size bytes come on standard input. The script of an `up` that was killed may still run: they take turns. */
static char *write_script(const struct guest_step *step, int64_t size)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "set -e; p=");
	quote_word(&s, step->write_path);
	str_addf(&s,
		 "; d=\"${p%%/*}/\"; mkdir -p \"$d\"; [ ! -d \"$p\" ] || { echo \"'$p' is a folder\" >&2; exit 1; }; "
		 "if [ -r \"$d\" ]; then exec 9< \"$d\"; flock -w 20 9 2>/dev/null || :; fi; t=\"$p.cooper-new.$$\"; "
		 "trap 'rm -f \"$t\"' 0; rm -f \"$p.cooper-new.\"[0-9]*; (umask 077; cat > \"$t\"); "
		 "[ \"$(wc -c < \"$t\")\" -eq %lld ]; chmod %04o \"$t\"; ",
		 (long long)size, (unsigned)(step->write_mode ? step->write_mode : 0644));
	str_add(&s,
		"if [ -f \"$p\" ] && cmp -s \"$t\" \"$p\" && [ \"$(stat -c %a \"$t\")\" = \"$(stat -c %a \"$p\")\" ]; "
		"then echo same; exit 0; fi; sync \"$t\" 2>/dev/null || :; mv -f \"$t\" \"$p\"; "
		"if command -v restorecon >/dev/null 2>&1; then restorecon \"$p\" || :; fi; echo changed");
	return str_take(&s);
}

static struct err *do_write(const struct work *w, bool *ret_changed)
{
	const char *text = w->step->write_text && !w->content ? w->step->write_text : "";
	struct stat st = {.st_size = (off_t)strlen(text)};
	if (w->content && fstat(w->content, &st) != 0)
		return err_os(errno, "cannot read '%s'", w->step->write_from);
	AUTO_FREE char *script = write_script(w->step, (int64_t)st.st_size);
	AUTO(str) output = STR_INIT;
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	struct remote remote = {.argv = argv, .name = "write", .input_fd = w->content, .as_user = w->step->as_user};
	remote.input = w->content ? NULL : text;
	struct err *e = run_remote(w->g, &remote, &output, NULL);
	if (e)
		return err_wrap(e, "cannot write '%s' in the guest", w->step->write_path);
	*ret_changed = !str_starts(str_text(&output), "same");
	return NULL;
}

/* Where the host knows no mirror either, apt itself says what it cannot find. */
static struct err *give_sources(const struct work *w)
{
	AUTO_FREE char *main = NULL;
	AUTO_FREE char *security = NULL;
	struct err *e = debian_host_mirrors(&main, &security);

	if (e)
		return err_free(e);
	AUTO_FREE char *script = w->g->os->packages_sources(main, security);
	return guest_shell(w->g, script, NULL, NULL);
}

static struct err *do_packages(const struct work *w, bool *ret_changed)
{
	const struct guest_os *os = w->g->os;
	AUTO_FREE char *probe = os->packages_probe(&w->step->packages);
	AUTO_FREE char *install = os->packages_install(&w->step->packages);
	int status = 1;

	TRY(guest_shell(w->g, probe, NULL, &status));
	*ret_changed = status != 0;
	if (status == 0)
		return NULL;
	if (os->packages_sources)
		TRY(give_sources(w));
	return guest_shell(w->g, install, NULL, NULL);
}

static struct err *perform(const struct work *w, bool *ret_changed)
{
	const struct guest_step *step = w->step;
	bool owed = false;

	*ret_changed = true;
	if (is_set(&step->then))
		TRY(set_pending(w, &owed));
	if (step->write_path)
		TRY(do_write(w, ret_changed));
	else if (step->packages.count > 0)
		TRY(do_packages(w, ret_changed));
	else
		TRY(run_command(w->g, &step->run, step->as_user, NULL));
	if (is_set(&step->then) && (*ret_changed || owed)) {
		*ret_changed = true;
		TRY(run_command(w->g, &step->then, step->as_user, NULL));
	}
	return write_record(w);
}

struct err *guest_step_content(const struct guest_step *step, int *ret_fd, char ret_hex[SHA256_HEX])
{
	return digest_beneath(step->write_dir ? step->write_dir : ".", step->write_from, ret_hex, ret_fd);
}

static struct err *run_step(struct work *w, enum guest_outcome *ret_outcome)
{
	AUTO_FREE char *name = guest_record_name(w->step->name);
	AUTO_FREE char *file_digest = NULL;
	bool changed = false;

	if (w->step->write_from) {
		file_digest = mem_alloc(SHA256_HEX);
		TRY(guest_step_content(w->step, &w->content, file_digest));
	}
	guest_step_digest(w->step, file_digest, w->digest);
	w->record = path_join(records_dir(w->g), name);
	AUTO_FREE char *recorded = mem_printf("%s %s", name, w->digest);
	*ret_outcome = GUEST_RECORDED;
	if (strs_has(&w->g->records, recorded))
		return NULL;
	*ret_outcome = GUEST_GUARDED;
	TRY(guarded(w, &changed));
	if (changed)
		return NULL;
	TRY(perform(w, &changed));
	strs_take(&w->g->records, TAKE(recorded));
	*ret_outcome = changed ? GUEST_CHANGED : GUEST_SAME;
	return NULL;
}

struct err *guest_step_run(struct guest *g, const struct guest_step *step, enum guest_outcome *ret_outcome)
{
	struct work w = {.g = g, .step = step};

	struct err *e = run_step(&w, ret_outcome);
	mem_free_at(&w.record);
	if (w.content)
		close(w.content);
	return e ? err_wrap(e, "guest step '%s'", step->name) : NULL;
}
