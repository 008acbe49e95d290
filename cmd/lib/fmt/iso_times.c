#include "fmt/iso_times.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SECTOR = 2048,
	VOLUME = 16,      /* sector of the primary volume descriptor */
	INFORMATION = 18, /* sector where libarchive says when and how the image was made */
	RECORD_MIN = 34,  /* directory record with a one-byte name */
	DIR_MAX = 64 << 20,
	DIRS_MAX = 100000,
};

static const unsigned char short_time[7] = {100, 1, 1, 0, 0, 0, 0}; /* 2000-01-01 00:00:00 UTC, 9.1.5 */
static const char long_time[17] = "2000010100000000";               /* the same, 8.4.26.1 */

struct extent {
	uint32_t sector;
	uint32_t size;
};

struct fixing {
	int fd;
	const char *name;
	struct extent *dirs; /* found so far */
	size_t count;
	size_t cap;
};

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static struct err *damaged(const struct fixing *f, const char *what)
{
	return err_new(ERR_CORRUPT, "'%s' is not a sound ISO 9660 image: %s", f->name, what);
}

static struct err *load(const struct fixing *f, uint32_t sector, unsigned char *bytes, size_t size)
{
	ssize_t n = pread(f->fd, bytes, size, (off_t)sector * SECTOR);

	if (n < 0)
		return err_os(errno, "cannot read '%s'", f->name);
	return (size_t)n == size ? NULL : damaged(f, "it is too short");
}

static struct err *store(const struct fixing *f, uint32_t sector, const unsigned char *bytes, size_t size)
{
	ssize_t n = pwrite(f->fd, bytes, size, (off_t)sector * SECTOR);

	if (n < 0)
		return err_os(errno, "cannot write '%s'", f->name);
	return (size_t)n == size ? NULL : err_os(ENOSPC, "cannot write '%s'", f->name);
}

static void add_dir(struct fixing *f, const unsigned char *record)
{
	f->dirs = mem_grow(f->dirs, &f->cap, f->count + 1, sizeof(*f->dirs));
	f->dirs[f->count++] = (struct extent){le32(record + 2), le32(record + 10)};
}

static void fix_tf(unsigned char *entry, size_t size)
{
	size_t each = entry[4] & 0x80 ? sizeof(long_time) : sizeof(short_time);
	const void *value = entry[4] & 0x80 ? (const void *)long_time : (const void *)short_time;

	for (size_t at = 5; at + each <= size; at += each)
		memcpy(entry + at, value, each);
}

/* The system use entries in @area; *ret_next is where they go on, size 0 = nowhere. */
static struct err *fix_entries(struct fixing *f, unsigned char *area, size_t size, struct extent *ret_next,
			       size_t *ret_offset)
{
	*ret_next = (struct extent){0, 0};
	while (size >= 4 && area[2] != 0) {
		size_t n = area[2];

		if (n < 4 || n > size)
			return damaged(f, "a system use entry is too long");
		if (memcmp(area, "TF", 2) == 0 && n >= 5)
			fix_tf(area, n);
		if (memcmp(area, "CE", 2) == 0 && n >= 28) {
			*ret_next = (struct extent){le32(area + 4), le32(area + 20)};
			*ret_offset = le32(area + 12);
		}
		area += n;
		size -= n;
	}
	return NULL;
}

static struct err *fix_continuation(struct fixing *f, struct extent at, size_t offset)
{
	for (int i = 0; i < 16 && at.size > 0; i++) {
		unsigned char sector[SECTOR];

		if (offset > SECTOR || at.size > SECTOR - offset)
			return damaged(f, "a continuation area is too long");
		struct extent here = at;
		TRY(load(f, here.sector, sector, SECTOR));
		TRY(fix_entries(f, sector + offset, here.size, &at, &offset));
		TRY(store(f, here.sector, sector, SECTOR));
	}
	return NULL;
}

static struct err *fix_record(struct fixing *f, unsigned char *record, size_t size)
{
	size_t name_len = record[32];
	size_t used = 33 + name_len + (name_len % 2 == 0);
	struct extent next;
	size_t offset = 0;

	if (used > size)
		return damaged(f, "a name is too long");
	memcpy(record + 18, short_time, sizeof(short_time));
	/* names of one byte 0 or 1 are the folder itself and the one above it */
	if ((record[25] & 2) && !(name_len == 1 && record[33] <= 1))
		add_dir(f, record);
	TRY(fix_entries(f, record + used, size - used, &next, &offset));
	return fix_continuation(f, next, offset);
}

static struct err *fix_dir(struct fixing *f, struct extent dir)
{
	if (dir.size > DIR_MAX)
		return damaged(f, "a folder is too large");
	AUTO_FREE unsigned char *bytes = mem_alloc(dir.size + 1);
	TRY(load(f, dir.sector, bytes, dir.size));
	for (size_t at = 0; at < dir.size;) {
		size_t n = bytes[at];

		if (n == 0) { /* records do not cross sectors */
			at = (at / SECTOR + 1) * SECTOR;
			continue;
		}
		if (n < RECORD_MIN || n > dir.size - at)
			return damaged(f, "a directory record is too long");
		TRY(fix_record(f, bytes + at, n));
		at += n;
	}
	return store(f, dir.sector, bytes, dir.size);
}

static struct err *fix_all(struct fixing *f)
{
	unsigned char volume[SECTOR];
	unsigned char note[SECTOR];

	TRY(load(f, VOLUME, volume, SECTOR));
	TRY(load(f, INFORMATION, note, SECTOR));
	if (memcmp(volume, "\001CD001", 6) != 0)
		return damaged(f, "it has no volume descriptor");
	add_dir(f, volume + 156);
	memcpy(volume + 156 + 18, short_time, sizeof(short_time));
	for (size_t at = 813; at < 813 + 4 * sizeof(long_time); at += sizeof(long_time))
		if (volume[at] != '0') /* all zeros: not specified */
			memcpy(volume + at, long_time, sizeof(long_time));
	TRY(store(f, VOLUME, volume, SECTOR));
	/* unless the path table begins there */
	if (le32(volume + 140) > INFORMATION) {
		memset(note, 0, SECTOR);
		TRY(store(f, INFORMATION, note, SECTOR));
	}
	for (size_t done = 0; done < f->count; done++) {
		if (done >= DIRS_MAX)
			return damaged(f, "it has too many folders");
		TRY(fix_dir(f, f->dirs[done]));
	}
	return NULL;
}

struct err *iso_times_fix(int fd, const char *name)
{
	struct fixing f = {.fd = fd, .name = name};
	struct err *e = fix_all(&f);

	free(f.dirs);
	return e;
}
