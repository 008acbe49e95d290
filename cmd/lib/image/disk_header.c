#include "image/disk_header.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "sys/file.h"

#define SIZE_MAX_BYTES ((int64_t)16 << 40)

#define HINT_ALONE "`qemu-img convert -O qcow2 OLD NEW`, where the image was made, puts all of its data into one file"
#define HINT_FORMAT "write the format that it has into the recipe, or name another file there"

/* --- formats by their first bytes --- */

struct magic {
	const char *bytes;
	size_t size;
	size_t at;
	const char *name;
};

#define MAGIC(bytes, at, name)                                                                                         \
	{                                                                                                              \
		bytes, sizeof(bytes) - 1, at, name                                                                     \
	}

static const struct magic magics[] = {
	MAGIC("QFI\xfb", 0, "a QEMU (qcow2)"),
	MAGIC("QED\0", 0, "a QED"),
	MAGIC("KDMV", 0, "a VMware (vmdk)"),
	MAGIC("COWD", 0, "a VMware (vmdk)"),
	MAGIC("# Disk DescriptorFile", 0, "a VMware (vmdk)"),
	MAGIC("vhdxfile", 0, "a Hyper-V (vhdx)"),
	MAGIC("conectix", 0, "a Virtual PC (vhd)"),
	MAGIC("<<< ", 0, "a VirtualBox (vdi)"),
	MAGIC("\x7f\x10\xda\xbe", 64, "a VirtualBox (vdi)"),
	MAGIC("LUKS\xba\xbe", 0, "an encrypted (LUKS)"),
	MAGIC("Bochs Virtual HD Image", 0, "a Bochs"),
	MAGIC("WithoutFreeSpace", 0, "a Parallels"),
	MAGIC("WithouFreSpacExt", 0, "a Parallels"),
	MAGIC("#!/bin/sh\n#V2.0 Format\n", 0, "a cloop"),
	MAGIC("shdw", 0, "an Apple sparse (asif)"),
	MAGIC("sprs", 0, "an Apple sparse (sparseimage)"),
	MAGIC("\xfd"
	      "7zXZ\0",
	      0, "an xz-compressed"),
	MAGIC("\x1f\x8b\x08", 0, "a gzip-compressed"),
	MAGIC("\x28\xb5\x2f\xfd", 0, "a zstd-compressed"),
	MAGIC("BZh", 0, "a bzip2-compressed"),
};

static const char *name_of(const unsigned char *head, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		const struct magic *m = &magics[i];
		if (size >= m->at + m->size && memcmp(head + m->at, m->bytes, m->size) == 0)
			return m->name;
	}
	return NULL;
}

enum disk_format disk_format_of(const char *name)
{
	return str_ends(name, ".raw") ? DISK_RAW : DISK_QCOW2;
}

const char *disk_format_word(enum disk_format format)
{
	return format == DISK_RAW ? "raw" : "qcow2";
}

static struct err *refuse_format(const char *name, enum disk_format wanted)
{
	const char *word = disk_format_word(wanted);
	if (!name)
		return err_hint(err_new(ERR_CORRUPT, "it does not start as a %s image does", word), HINT_FORMAT);
	return err_hint(err_new(ERR_CORRUPT, "it is %s image, not a %s one", name, word), HINT_FORMAT);
}

/* --- qcow2 --- */

enum {
	V2_LENGTH = 72,
	V3_LENGTH = 104,
	NAME_MAX_BYTES = 1023,
	L1_MAX_BYTES = 32 << 20,
	REFCOUNTS_MAX_BYTES = 8 << 20,
	SNAPSHOTS_MAX = 65536,
};

/* Bits of the incompatible features; the first two say how it was closed, the last two how it is laid out. */
enum {
	QCOW2_DIRTY = 1 << 0,
	QCOW2_CORRUPT = 1 << 1,
	QCOW2_DATA_FILE = 1 << 2,
	QCOW2_COMPRESSION = 1 << 3,
	QCOW2_EXTENDED_L2 = 1 << 4,
	QCOW2_KNOWN = (1 << 5) - 1,
};

#define EXTENSION_END 0U
#define EXTENSION_BACKING_FORMAT 0xe2792acaU
#define EXTENSION_ENCRYPTION 0x0537be77U
#define EXTENSION_DATA_FILE 0x44415441U

struct qcow2 {
	const unsigned char *bytes;
	size_t size;       /* of what is at hand */
	int64_t file_size; /* of all */
	uint32_t version, cluster_bits, length;
	uint64_t backing_at, incompatible;
	const char *backing_format; /* not terminated; NULL = none is told */
	size_t backing_format_size;
};

static uint32_t number32(const struct qcow2 *q, size_t at)
{
	const unsigned char *p = q->bytes + at;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t number64(const struct qcow2 *q, size_t at)
{
	return (uint64_t)number32(q, at) << 32 | number32(q, at + 4);
}

static struct err *damaged(const char *what)
{
	return err_hint(err_new(ERR_CORRUPT, "its qcow2 header is damaged: %s", what),
			"get it again; `qemu-img check` says more, where the image can be trusted");
}

static struct err *read_start(struct qcow2 *q)
{
	if (q->size < V2_LENGTH)
		return damaged("it ends early");
	q->version = number32(q, 4);
	if (q->version != 2 && q->version != 3)
		return err_hint(err_new(ERR_CORRUPT, "it is a qcow image of version %u, and 2 and 3 are known",
					(unsigned)q->version),
				HINT_ALONE);
	q->backing_at = number64(q, 8);
	q->cluster_bits = number32(q, 20);
	q->length = V2_LENGTH;
	if (q->version == 2)
		return NULL;
	if (q->size < V3_LENGTH)
		return damaged("it ends early");
	q->incompatible = number64(q, 72);
	q->length = number32(q, 100);
	if (q->length < V3_LENGTH || q->length % 8 != 0 || q->length > q->size)
		return damaged("its length is none");
	return NULL;
}

static struct err *check_features(const struct qcow2 *q)
{
	bool zstd = q->length > V3_LENGTH && q->bytes[V3_LENGTH] != 0;

	if (q->incompatible & QCOW2_DATA_FILE)
		return err_hint(err_new(ERR_CORRUPT, "its data are in another file, which it names"), HINT_ALONE);
	if (q->incompatible & ~(uint64_t)QCOW2_KNOWN)
		return err_hint(err_new(ERR_CORRUPT, "it needs features that are not known (0x%llx)",
					(unsigned long long)(q->incompatible & ~(uint64_t)QCOW2_KNOWN)),
				HINT_ALONE);
	if (q->incompatible & QCOW2_CORRUPT)
		return damaged("the program that wrote it marked it so");
	if (zstd != !!(q->incompatible & QCOW2_COMPRESSION) || (zstd && q->bytes[V3_LENGTH] != 1))
		return damaged("its compression is none");
	if (number32(q, 32) != 0)
		return err_hint(err_new(ERR_CORRUPT, "it is encrypted"), HINT_ALONE);
	return NULL;
}

/* A table of @bytes at @at: on a cluster's border and in the file, of which the last cluster may be cut short. */
static bool table_fits(const struct qcow2 *q, uint64_t at, uint64_t bytes)
{
	uint64_t cluster = (uint64_t)1 << q->cluster_bits;
	uint64_t file = ((uint64_t)q->file_size + cluster - 1) / cluster * cluster;

	return at > 0 && at % cluster == 0 && at <= file && bytes <= file - at;
}

static struct err *check_sizes(const struct qcow2 *q)
{
	uint64_t disk = number64(q, 24);
	uint64_t l1 = (uint64_t)number32(q, 36) * 8;
	uint64_t refcounts = (uint64_t)number32(q, 56) << q->cluster_bits;
	unsigned entry_bits = q->incompatible & QCOW2_EXTENDED_L2 ? 4 : 3;
	uint64_t covered = (uint64_t)1 << (q->cluster_bits + q->cluster_bits - entry_bits); /* by one entry of L1 */

	if (disk == 0 || disk > (uint64_t)SIZE_MAX_BYTES)
		return err_hint(err_new(ERR_CORRUPT, "it says that its disk has %llu bytes, and 1 to %lld can be",
					(unsigned long long)disk, (long long)SIZE_MAX_BYTES),
				HINT_ALONE);
	if (l1 > L1_MAX_BYTES || refcounts == 0 || refcounts > REFCOUNTS_MAX_BYTES || number32(q, 60) > SNAPSHOTS_MAX ||
	    (q->version > 2 && number32(q, 96) > 6))
		return damaged("its tables have no possible size");
	if (l1 / 8 < (disk + covered - 1) / covered)
		return damaged("its tables are too small for the disk");
	if (!table_fits(q, number64(q, 40), l1) || !table_fits(q, number64(q, 48), refcounts))
		return damaged("its tables lie outside of the file, or it is cut short");
	return NULL;
}

/* Extensions follow the header, up to the name of the backing file or the cluster's end; each has a type and a size. */
static struct err *read_extensions(struct qcow2 *q)
{
	uint64_t end = q->backing_at ? q->backing_at : (uint64_t)1 << q->cluster_bits;
	size_t at = q->length;

	if (q->backing_at && (q->backing_at < q->length || q->backing_at > (uint64_t)1 << q->cluster_bits))
		return damaged("the name of its backing file is not in it");
	while (end - at >= 8) {
		if (q->size < 8 || at > q->size - 8)
			return damaged("its extensions do not end");
		uint32_t type = number32(q, at), size = number32(q, at + 4);
		if (type == EXTENSION_END)
			return NULL;
		at += 8;
		if (size > end - at || at > q->size || size > q->size - at)
			return damaged("an extension is longer than its place");
		if (type == EXTENSION_DATA_FILE)
			return err_hint(err_new(ERR_CORRUPT, "it names another file for its data"), HINT_ALONE);
		if (type == EXTENSION_ENCRYPTION)
			return err_hint(err_new(ERR_CORRUPT, "it is encrypted"), HINT_ALONE);
		if (type == EXTENSION_BACKING_FORMAT) {
			q->backing_format = (const char *)q->bytes + at;
			q->backing_format_size = size;
		}
		at += size;
		at += (8 - size % 8) % 8;
		if (at > end)
			return NULL;
	}
	return NULL;
}

static bool is_text(const char *bytes, size_t size, const char *text)
{
	return bytes && size == strlen(text) && memcmp(bytes, text, size) == 0;
}

static struct err *check_backing(const struct qcow2 *q, const struct disk_claim *claim)
{
	size_t size = number32(q, 16);

	if (!q->backing_at && !claim->backing)
		return NULL;
	if (!q->backing_at)
		return err_new(ERR_CORRUPT, "it stands on no other file, and must on '%s'", claim->backing);
	if (size > NAME_MAX_BYTES || q->backing_at > q->size || size > q->size - q->backing_at)
		return damaged("the name of its backing file is not in it");
	const char *name = (const char *)q->bytes + q->backing_at;
	if (!claim->backing)
		return err_hint(err_new(ERR_CORRUPT,
					"it has a backing file, '%.*s': another file of this host would be read",
					(int)size, name),
				HINT_ALONE);
	if (!is_text(name, size, claim->backing))
		return err_new(ERR_CORRUPT, "it stands on '%.*s', and must on '%s'", (int)size, name, claim->backing);
	const char *format = disk_format_word(claim->backing_format);
	if (!is_text(q->backing_format, q->backing_format_size, format))
		return err_new(ERR_CORRUPT, "it does not say that '%s' is %s", claim->backing, format);
	return NULL;
}

static struct err *judge_qcow2(struct qcow2 *q, const struct disk_claim *claim)
{
	TRY(read_start(q));
	TRY(check_features(q));
	if (q->cluster_bits < 9 || q->cluster_bits > 21 || q->length > (uint64_t)1 << q->cluster_bits)
		return damaged("its clusters have no possible size");
	TRY(read_extensions(q));
	TRY(check_backing(q, claim));
	return check_sizes(q);
}

struct err *disk_header_judge(const unsigned char *head, size_t size, int64_t file_bytes,
			      const struct disk_claim *claim)
{
	const char *name = name_of(head, size);

	if (claim->format == DISK_RAW)
		return name ? refuse_format(name, DISK_RAW) : NULL;
	if (size < 4 || memcmp(head, "QFI\xfb", 4) != 0)
		return refuse_format(name, DISK_QCOW2);
	struct qcow2 q = {.bytes = head, .size = size, .file_size = file_bytes};
	return judge_qcow2(&q, claim);
}

/* The start of the file, into @head of DISK_HEADER_MAX bytes. */
static struct err *read_head(int fd, unsigned char *head, size_t *ret_size, int64_t *ret_file_bytes)
{
	struct stat st;
	size_t size = 0;

	if (fstat(fd, &st) != 0)
		return err_os(errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_CORRUPT, "it is no file");
	while (size < DISK_HEADER_MAX) {
		ssize_t n = fd_read(fd, head + size, DISK_HEADER_MAX - size);
		if (n < 0)
			return err_os(errno, "cannot read it");
		if (n == 0)
			break;
		size += (size_t)n;
	}
	*ret_size = size;
	*ret_file_bytes = st.st_size;
	return NULL;
}

static struct err *read_path(const char *path, unsigned char *head, size_t *ret_size, int64_t *ret_file_bytes)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "the disk '%s' does not exist", path);
	if (fd < 0)
		return err_os(errno, "cannot open the disk '%s'", path);
	struct err *e = read_head(fd, head, ret_size, ret_file_bytes);
	return e ? err_wrap(e, "the disk '%s' is not used", path) : NULL;
}

struct err *disk_header_check(const char *path, const struct disk_claim *claim)
{
	AUTO_FREE unsigned char *head = mem_alloc(DISK_HEADER_MAX);
	size_t size = 0;
	int64_t file_bytes = 0;

	TRY(read_path(path, head, &size, &file_bytes));
	struct err *e = disk_header_judge(head, size, file_bytes, claim);
	return e ? err_wrap(e, "the disk '%s' is not used", path) : NULL;
}

struct err *disk_header_backing(const char *path, char **ret_name)
{
	AUTO_FREE unsigned char *head = mem_alloc(DISK_HEADER_MAX);
	struct qcow2 q = {.bytes = head};

	*ret_name = NULL;
	TRY(read_path(path, head, &q.size, &q.file_size));
	bool is_qcow2 = q.size >= V2_LENGTH && memcmp(head, "QFI\xfb", 4) == 0;
	struct err *e = is_qcow2 ? read_start(&q) : refuse_format(name_of(head, q.size), DISK_QCOW2);
	size_t size = e ? 0 : number32(&q, 16);
	if (!e && (size > NAME_MAX_BYTES || q.backing_at > q.size || size > q.size - q.backing_at))
		e = damaged("the name of its backing file is not in it");
	if (e)
		return err_wrap(e, "the disk '%s' is not used", path);
	if (q.backing_at)
		*ret_name = mem_strndup((const char *)head + q.backing_at, size);
	return NULL;
}
