#include "tree/unpack_child.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmt/json.h"
#include "sys/file.h"
#include "sys/os.h"
#include "tree/unpack_entries.h"

enum { ARCHIVE_FD = 0, SAY_FD = 1, DIR_FD = 3 };

/* A sanitizer's own address space is far above any limit that would be one. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMIT_MEMORY = 0 };
#else
enum { LIMIT_MEMORY = 1 };
#endif

struct job {
	struct json *json; /* owns the texts */
	const char *archive;
	const char *dir;
	struct strs exclude;
	struct archive_limits limits;
	struct unpack_options options;
};

char *unpack_child_job(const char *archive, const char *dir, const struct unpack_options *o)
{
	const struct archive_limits limits = archive_limits_of(o->limits);
	AUTO_JSON *job = js_object();

	js_set_text(job, "archive", archive);
	js_set_text(job, "dir", dir);
	js_set_int(job, "strip", o->strip);
	js_set_bool(job, "one_top", o->one_top);
	js_set(job, "exclude", js_texts(o->exclude));
	js_set_text(job, "only_format", o->only_format);
	js_set_int(job, "absolute_links", o->absolute_links);
	js_set_bool(job, "allow_collisions", o->allow_collisions);
	js_set_int(job, "entries", limits.entries);
	js_set_int(job, "bytes", limits.bytes);
	js_set_int(job, "file_bytes", limits.file_bytes);
	js_set_int(job, "ratio", limits.ratio);
	js_set_int(job, "ratio_after", limits.ratio_after);
	js_set_int(job, "depth", limits.depth);
	js_set_int(job, "name_bytes", limits.name_bytes);
	js_set_int(job, "path_bytes", limits.path_bytes);
	return js_line(job);
}

static struct err *read_job(struct job *job, const char *text)
{
	TRY(js_parse(text, strlen(text), "the job", &job->json));
	const struct json *j = job->json;

	js_copy_texts(js_get(j, "exclude"), &job->exclude);
	job->archive = js_get_text(j, "archive");
	job->dir = js_get_text(j, "dir");
	if (!job->archive || !job->dir)
		return err_new(ERR_USAGE, "this command is for cooper itself: see `cooper tool unpack`");
	job->limits = (struct archive_limits){
		.entries = js_get_int(j, "entries", 0),
		.bytes = js_get_int(j, "bytes", 0),
		.file_bytes = js_get_int(j, "file_bytes", 0),
		.ratio = js_get_int(j, "ratio", 0),
		.ratio_after = js_get_int(j, "ratio_after", 0),
		.depth = (int)js_get_int(j, "depth", 0),
		.name_bytes = (int)js_get_int(j, "name_bytes", 0),
		.path_bytes = (int)js_get_int(j, "path_bytes", 0),
	};
	job->options = (struct unpack_options){
		.strip = (int)js_get_int(j, "strip", 0),
		.one_top = js_get_bool(j, "one_top", false),
		.exclude = &job->exclude,
		.limits = &job->limits,
		.only_format = js_get_text(j, "only_format"),
		.absolute_links = (enum archive_absolute)js_get_int(j, "absolute_links", ABSOLUTE_REFUSE),
		.allow_collisions = js_get_bool(j, "allow_collisions", false),
	};
	return NULL;
}

static void say(struct str *line)
{
	str_add_char(line, '\n');
	struct err *e = file_write_all(SAY_FD, str_text(line), line->len, "pipe");
	if (e)
		_exit(UNPACK_UNHEARD);
	str_clear(line);
}

static void add_field(struct str *line, const char *text)
{
	str_add_char(line, '\t');
	str_add_escaped(line, text ? text : "", text ? strlen(text) : 0);
}

static void say_begun(void)
{
	AUTO(str) line = STR_INIT;

	str_add(&line, "begun");
	say(&line);
}

static void say_progress(struct unpack_listener *l UNUSED, int64_t packed)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "progress\t%lld", (long long)packed);
	say(&line);
}

static void say_warning(struct unpack_listener *l UNUSED, const char *text)
{
	AUTO(str) line = STR_INIT;

	str_add(&line, "warning");
	add_field(&line, text);
	say(&line);
}

static void say_error(const struct err *e)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "error\t%d\t%d", (int)e->kind, e->errnum);
	add_field(&line, e->message);
	add_field(&line, e->hint);
	say(&line);
}

static void say_report(const struct unpack_report *report)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "done\t%lld\t%lld\t%lld\t%s", (long long)report->entries, (long long)report->bytes,
		 (long long)report->excluded, report->tree);
	say(&line);
}

static void limit(int what, int64_t most)
{
	struct rlimit r = {(rlim_t)most, (rlim_t)most};

	setrlimit(what, &r);
}

static void confine(const struct job *job)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	os_die_with_parent();
	sigaction(SIGPIPE, &action, NULL); /* where the line above does nothing: die when nobody listens */
	sigaction(SIGTERM, &action, NULL);
	umask(022);
	/* so that libarchive can decode the UTF-8 names of a zip */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "en_US.UTF-8");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, job->limits.file_bytes + 1);
	if (LIMIT_MEMORY)
		os_limit_memory(6LL << 30);
	os_confine_writes(job->dir);
}

static struct err *unpack(const struct job *job, struct unpack_report *ret_report)
{
	struct unpack_listener listener = {say_progress, say_warning};
	struct archive_reader *r = NULL;

	TRY(archive_open(ARCHIVE_FD, job->archive, 0, &r));
	struct tree_writer *w = tree_writer_new(DIR_FD, UNPACK_MTIME);
	if (job->options.allow_collisions)
		tree_writer_allow_collisions(w);
	struct err *e = unpack_entries(r, w, &job->options, &listener, ret_report);
	tree_writer_free(w);
	archive_close(r);
	return e;
}

void unpack_child_run(const char *text)
{
	struct job job = {.archive = NULL};
	struct unpack_report report;
	struct err *e = read_job(&job, text);

	if (!e) {
		confine(&job);
		say_begun();
		e = unpack(&job, &report);
	}
	if (e)
		say_error(e);
	else
		say_report(&report);
	_exit(e != NULL); /* what a sanitizer or a library does at exit needs more than is allowed here */
}
