#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"
#include "tree/tree_writer.h"
#include "tree/unpack_child.h"

enum { STALL_MS = 5 * 60 * 1000, FIELDS = 5 };

/* Hears the child: each line of its output is an event. */
struct conversation {
	struct sink base;
	const char *step;
	struct sink *sink;
	int64_t packed_total;
	struct unpack_report report;
	struct err *failure;
	bool begun;    /* the child is at work: what happens now is the archive's doing */
	bool finished; /* the child has said how it ended */
};

static int64_t number(const char *text, int64_t max)
{
	int64_t value = 0;

	return num_parse(text, 0, max, &value) ? value : 0;
}

static void hear_error(struct conversation *c, char **fields)
{
	struct err *e = err_new((enum err_kind)number(fields[1], ERR_CANCELED), "%s", fields[3]);

	e->errnum = (int)number(fields[2], 4096);
	c->failure = fields[4][0] ? err_hint(e, "%s", fields[4]) : e;
	c->finished = true;
}

static void hear_exhausted(struct conversation *c)
{
	c->failure = err_hint(err_os(ENOMEM, "the unpacker"), "close other programs, or raise the limit (`ulimit -v`)");
	c->finished = true;
}

static void hear_report(struct conversation *c, char **fields)
{
	c->report.entries = number(fields[1], INT64_MAX);
	c->report.bytes = number(fields[2], INT64_MAX);
	c->report.excluded = number(fields[3], INT64_MAX);
	if (digest_valid(DIGEST_SHA256, fields[4]))
		memcpy(c->report.tree, fields[4], SHA256_HEX);
	c->finished = true;
}

static void hear(struct sink *sink, const struct event *event)
{
	struct conversation *c = (struct conversation *)sink;
	AUTO_FREE char *line = mem_strdup(event->text);
	char *fields[FIELDS], *p = line;

	for (int i = 0; i < FIELDS; i++) {
		size_t n = strcspn(p, "\t");

		fields[i] = p;
		p += n;
		if (*p)
			*p++ = '\0';
	}
	if (c->finished)
		return;
	if (streq(fields[0], "begun"))
		c->begun = true;
	else if (streq(fields[0], MEM_EXHAUSTED))
		hear_exhausted(c);
	else if (streq(fields[0], "progress"))
		event_progress(c->sink, c->step, number(fields[1], INT64_MAX), c->packed_total, "B");
	else if (streq(fields[0], "warning"))
		event_warn(c->sink, c->step, "%s", fields[1]);
	else if (streq(fields[0], "error"))
		hear_error(c, fields);
	else if (streq(fields[0], "done"))
		hear_report(c, fields);
}

/* What the child said counts before how it ended; the sudden end of one at work is damage, unless it was killed, as the
 * kernel does when memory is short, or could not be heard. */
static struct err *judge(struct conversation *c, struct err *take_e)
{
	bool ended = !take_e || err_is(take_e, ERR_CHILD);
	if (ended && (c->failure || (c->finished && c->report.tree[0]))) {
		err_free(take_e);
		return TAKE(c->failure);
	}
	err_free(c->failure);
	AUTO_FREE char *unheard = mem_printf("with exit status %d", UNPACK_UNHEARD);
	bool killed = take_e && (strstr(take_e->message, "by signal 9") || str_ends(take_e->message, unheard));
	if (!ended || !c->begun || killed)
		return take_e ? err_wrap(take_e, "the unpacker failed")
			      : err_new(ERR_CHILD, "the unpacker ended without a word");
	struct err *e = err_new(ERR_CORRUPT, "the unpacker failed: %s", take_e ? take_e->message : "no message");
	err_free(take_e);
	return err_hint(e, "an archive that does this is damaged or hostile; nothing outside the folder was touched");
}

static struct err *converse(struct conversation *c, const char *archive, const char *dir, int dir_fd,
			    const struct unpack_options *o)
{
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *job = unpack_child_job(archive, dir, o);

	TRY(os_exe_path(&program));
	const char *const argv[] = {program, "tool", UNPACK_CHILD, job, NULL};
	struct child_spec spec = {
		.argv = argv, .input_path = archive, .silence_ms = STALL_MS, .sink = &c->base, .pass_fd = dir_fd};
	return judge(c, child_run(&spec));
}

static struct err *open_target(const char *archive, const char *dir, const char *into, int64_t *ret_size, int *ret_fd)
{
	TRY(file_size(archive, ret_size));
	if (*ret_size < 0)
		return err_new(ERR_ABSENT, "it does not exist");
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open the folder '%s'", dir);
	return tree_open_below(fd, into ? into : "", ret_fd);
}

struct err *unpack_archive(const char *archive, const char *dir, const struct unpack_options *o, const char *step,
			   struct sink *sink, struct unpack_report *ret_report)
{
	struct conversation c = {.base = {hear}, .step = step, .sink = sink};
	AUTO_CLOSE int fd = -1;
	struct err *e = open_target(archive, dir, o->into, &c.packed_total, &fd);

	if (!e)
		e = converse(&c, archive, dir, fd, o);
	if (e)
		return err_wrap(e, "cannot unpack '%s'", archive);
	if (ret_report)
		*ret_report = c.report;
	return NULL;
}

struct err *unpack_deb(const char *deb, const char *dir, const struct unpack_options *o, const char *step,
		       struct sink *sink, struct unpack_report *ret_report)
{
	struct unpack_options only_deb = *o;

	only_deb.only_format = "deb";
	return unpack_archive(deb, dir, &only_deb, step, sink, ret_report);
}
