#include "net/fetch_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/json.h"
#include "net/fetch_headers.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/owner.h"

enum {
	NOTE_FROM_BYTES = 256 * 1024, /* less is not worth the flush of a note */
	READ_BYTES = 256 * 1024,
};

void part_init(struct fetch_part *p, const char *target, const char *sha256, const char *sha512, bool flushed)
{
	*p = (struct fetch_part){.target = mem_strdup(target),
				 .path = mem_printf("%s.part", target),
				 .note_path = mem_printf("%s.part.json", target),
				 .want_sha256 = sha256,
				 .want_sha512 = sha512,
				 .flushed = flushed,
				 .fd = -1,
				 .total = -1};
}

#define LOOK "look at what is there and remove it, or download to another folder"

static bool has_digest(const struct fetch_part *p)
{
	return p->want_sha256 || p->want_sha512;
}

static void forget_origin(struct fetch_part *p)
{
	free(p->from);
	free(p->validator);
	p->from = NULL;
	p->validator = NULL;
	p->total = -1;
	p->joined = false;
	p->noted = false;
}

static struct err *explain_full(struct err *take_e)
{
	if (err_no_space(take_e))
		return err_hint(take_e, "free some space; what has arrived is kept and the next run resumes");
	return take_e;
}

/* What was added is with the kernel, and digested. */
static struct err *settle(struct fetch_part *p)
{
	struct err *e = p->writer ? writer_flush(p->writer) : NULL;
	p->writer = writer_free(p->writer);
	return explain_full(e);
}

static void unlock(struct fetch_part *p)
{
	p->writer = writer_free(p->writer);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->sha256 = digest_free(p->sha256);
	p->sha512 = digest_free(p->sha512);
}

/* Remove part and note, unlock. */
static void drop(struct fetch_part *p)
{
	if (p->fd < 0)
		return;
	unlink(p->note_path);
	unlink(p->path);
	unlock(p);
}

static struct err *write_note(struct fetch_part *p)
{
	AUTO_JSON *note = js_object();
	bool is_etag = p->validator && p->validator[0] == '"';
	js_set_text(note, "url", p->from);
	if (p->validator)
		js_set_text(note, is_etag ? "etag" : "last_modified", p->validator);
	js_set_int(note, "total", p->total);
	p->noted = true;
	return js_write(p->note_path, note, 0600);
}

/* Whether going on with these bytes can ever work: the server can compare them, or a digest decides at a known end. */
static bool resumable(const struct fetch_part *p)
{
	return p->from && p->bytes > 0 && (p->validator || (has_digest(p) && p->total > 0));
}

void part_done(struct fetch_part *p)
{
	if (p->fd >= 0 && !resumable(p))
		drop(p);
	if (p->fd >= 0)
		err_free(settle(p)); /* what could not be written is fetched again */
	if (p->fd >= 0 && !p->noted)
		err_free(write_note(p)); /* without a note the next run starts over: no harm */
	unlock(p);
	forget_origin(p);
	free(p->target);
	free(p->path);
	free(p->note_path);
	*p = (struct fetch_part){.fd = -1};
}

static struct err *target_has(const struct fetch_part *p, enum digest_kind kind, const char *want, bool *ret_same)
{
	char hex[DIGEST_HEX_MAX];
	TRY(digest_file_as(kind, p->target, hex, NULL));
	*ret_same = streq(hex, want);
	return NULL;
}

/* Whether the target is there with the wanted digest; never so without one. */
static struct err *find_finished(const struct fetch_part *p, bool *ret_finished)
{
	*ret_finished = false;
	if (has_digest(p))
		TRY(file_exists(p->target, ret_finished));
	if (*ret_finished && p->want_sha256)
		TRY(target_has(p, DIGEST_SHA256, p->want_sha256, ret_finished));
	if (*ret_finished && p->want_sha512)
		TRY(target_has(p, DIGEST_SHA512, p->want_sha512, ret_finished));
	return NULL;
}

/* The note of an earlier run; without a usable one the bytes on disk say nothing. */
static void read_note(struct fetch_part *p)
{
	AUTO_JSON *note = NULL;
	struct err *e = js_read(p->note_path, &note);
	if (e) {
		err_free(e);
		return;
	}
	const char *validator = js_get_text(note, "etag");
	if (!validator)
		validator = js_get_text(note, "last_modified");
	if (validator && !fetch_validator_ok(validator))
		return;
	p->from = mem_strdup(js_get_text(note, "url"));
	p->validator = mem_strdup(validator);
	p->total = js_get_int(note, "total", -1);
	p->noted = true;
}

/* What an earlier run left: digested again, or thrown away. */
static struct err *resume(struct fetch_part *p)
{
	AUTO_FREE char *buffer = mem_alloc(READ_BYTES);
	struct stat st;
	if (fstat(p->fd, &st) != 0)
		return err_os(errno, "cannot stat '%s'", p->path);
	if (st.st_size > 0)
		read_note(p);
	p->bytes = (int64_t)st.st_size;
	if (!resumable(p))
		return part_restart(p);
	p->bytes = 0;
	p->joined = true;
	for (;;) {
		ssize_t n = read(p->fd, buffer, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "cannot read '%s'", p->path);
		if (n == 0)
			return NULL;
		TRY(cancel_check());
		if (p->sha256)
			digest_add(p->sha256, buffer, (size_t)n);
		if (p->sha512)
			digest_add(p->sha512, buffer, (size_t)n);
		p->bytes += n;
	}
}

/* A part whose writer was killed while it was given its name is read-only by then. */
static struct err *open_part(const char *path, bool *ret_read_only, int *ret_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	int errnum = errno;
	*ret_read_only = fd < 0 && errnum == EACCES;
	if (*ret_read_only)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	*ret_fd = fd;
	return fd >= 0 ? NULL : err_hint(err_os(errnum, "cannot create '%s'", path), LOOK);
}

/* What another user made, he can change when it has been verified; what has other names would be overwritten there. */
static struct err *check_ours(const struct fetch_part *p, int fd, struct stat *ret_st)
{
	if (fstat(fd, ret_st) != 0)
		return err_os(errno, "cannot stat '%s'", p->path);
	if (S_ISREG(ret_st->st_mode) && owner_is_trusted(ret_st->st_uid, geteuid(), geteuid()) && ret_st->st_nlink <= 1)
		return NULL;
	return err_hint(
		err_new(ERR_USAGE, "'%s' exists already, and is not a partial download of this user's", p->path), LOOK);
}

/* Locks the file that has the name now: its last holder may have renamed or removed the one that we opened. */
static struct err *lock_part(struct fetch_part *p, bool *ret_locked)
{
	*ret_locked = false;
	for (;;) {
		struct stat ours, named;
		AUTO_CLOSE int fd = -1;
		bool read_only = false;
		TRY(open_part(p->path, &read_only, &fd));
		TRY(check_ours(p, fd, &ours));
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno == EINTR)
				continue;
			return errno == EWOULDBLOCK ? NULL : err_os(errno, "cannot lock '%s'", p->path);
		}
		bool there = false;
		TRY(file_stat(p->path, &there, &named));
		if (!there || ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)
			continue;
		if (read_only) {
			if (ours.st_mode & S_IWUSR || fchmod(fd, 0644) != 0)
				return err_os(EACCES, "cannot write '%s'", p->path);
			continue;
		}
		p->fd = fd;
		fd = -1;
		*ret_locked = true;
		return NULL;
	}
}

struct err *part_open(struct fetch_part *p, enum part_state *ret_state)
{
	bool finished = false, locked = false;
	*ret_state = PART_BUSY;
	TRY(lock_part(p, &locked));
	if (!locked)
		return NULL;
	/* Only under the lock: its last holder may just have finished. */
	struct err *e = find_finished(p, &finished);
	if (finished || e) {
		*ret_state = PART_FINISHED;
		drop(p);
		return e;
	}
	p->sha256 = p->want_sha256 ? digest_new(DIGEST_SHA256) : NULL;
	p->sha512 = p->want_sha512 ? digest_new(DIGEST_SHA512) : NULL;
	*ret_state = PART_READY;
	return resume(p);
}

struct err *part_restart(struct fetch_part *p)
{
	p->writer = writer_free(p->writer);
	struct err *e = file_remove(p->note_path);
	if (e)
		return err_hint(e, LOOK);
	forget_origin(p);
	p->bytes = 0;
	if (p->sha256)
		digest_reset(p->sha256);
	if (p->sha512)
		digest_reset(p->sha512);
	if (ftruncate(p->fd, 0) != 0 || lseek(p->fd, 0, SEEK_SET) < 0)
		return err_os(errno, "cannot empty '%s'", p->path);
	return NULL;
}

void part_describe(struct fetch_part *p, const char *from, const char *validator, int64_t total)
{
	char *new_from = mem_strdup(from);
	char *new_validator = mem_strdup(validator);
	bool joined = p->joined;
	forget_origin(p);
	p->from = new_from;
	p->validator = new_validator;
	p->total = total;
	p->joined = joined;
}

struct err *part_add(struct fetch_part *p, const void *data, size_t size)
{
	if (!p->writer)
		p->writer = writer_new(p->fd, p->path, p->sha256, p->sha512, p->flushed);
	TRY(explain_full(writer_add(p->writer, data, size)));
	p->bytes += (int64_t)size;
	if (!p->noted && p->bytes >= NOTE_FROM_BYTES && resumable(p))
		return write_note(p);
	return NULL;
}

static struct err *check(struct digest *d, const char *want, enum digest_kind kind)
{
	char hex[DIGEST_HEX_MAX];
	if (!want)
		return NULL;
	digest_hex(d, hex);
	return streq(hex, want) ? NULL : digest_differs(kind, want, hex);
}

struct err *part_check(struct fetch_part *p)
{
	TRY(settle(p));
	TRY(check(p->sha256, p->want_sha256, DIGEST_SHA256));
	TRY(check(p->sha512, p->want_sha512, DIGEST_SHA512));
	if (p->flushed)
		os_start_writeback(p->fd, 0, p->bytes);
	return NULL;
}

struct err *part_place(struct fetch_part *p)
{
	if (p->read_only && fchmod(p->fd, 0444) != 0)
		return err_os(errno, "cannot set the mode of '%s'", p->path);
	if (p->flushed)
		TRY(file_sync(p->fd, p->path));
	if (rename(p->path, p->target) != 0)
		return err_hint(err_os(errno, "cannot rename '%s' to '%s'", p->path, p->target), LOOK);
	struct err *e = file_remove(p->note_path);
	unlock(p);
	return e;
}
