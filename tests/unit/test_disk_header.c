#include "harness.h"

#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "image/disk_header.h"
#include "image/image.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/child.h"
#include "sys/file.h"

/* The start of a small disk, and how long its file is said to be. */
struct disk {
	unsigned char bytes[1024];
	size_t size;
	int64_t file_bytes;
};

static void put(struct disk *d, size_t at, int width, uint64_t value)
{
	for (int i = 0; i < width; i++)
		d->bytes[at + (size_t)i] = (unsigned char)(value >> 8 * (width - 1 - i));
}

/* As `qemu-img create` makes a disk of 1 MiB. */
static struct disk plain(uint32_t version)
{
	struct disk d = {.size = sizeof(d.bytes), .file_bytes = 196616};

	memcpy(d.bytes, "QFI\xfb", 4);
	put(&d, 4, 4, version);
	put(&d, 20, 4, 16);
	put(&d, 24, 8, 1 << 20);
	put(&d, 36, 4, 1);
	put(&d, 40, 8, 0x30000);
	put(&d, 48, 8, 0x10000);
	put(&d, 56, 4, 1);
	if (version < 3)
		return d;
	put(&d, 96, 4, 4);
	put(&d, 100, 4, 112);
	put(&d, 112, 4, 0x6803f857); /* feature names, which mean nothing */
	put(&d, 116, 4, 0x180);
	return d;
}

/* The extensions of a header that stands on @name, of @format; NULL = it does not say. */
static struct disk over(uint32_t version, const char *name, const char *format)
{
	struct disk d = plain(version);
	size_t at = version < 3 ? 72 : 112;

	memset(d.bytes + at, 0, sizeof(d.bytes) - at);
	if (format) {
		put(&d, at, 4, 0xe2792aca);
		put(&d, at + 4, 4, strlen(format));
		memcpy(d.bytes + at + 8, format, strlen(format));
	}
	put(&d, 8, 8, 512);
	put(&d, 16, 4, strlen(name));
	memcpy(d.bytes + 512, name, strlen(name));
	return d;
}

static struct err *judge(const struct disk *d, enum disk_format format)
{
	return disk_header_judge(d->bytes, d->size, d->file_bytes, &(struct disk_claim){.format = format});
}

/* One change of a good header, of version 3 where not said otherwise, and what is said about it. */
struct change {
	size_t at;
	int width;
	uint64_t value;
	uint32_t version;
	const char *says; /* NULL = it stays good */
};

static const struct change changes[] = {
	{4, 4, 3, 3, NULL},
	{4, 4, 2, 2, NULL},
	{4, 4, 1, 3, "version 1"},
	{4, 4, 4, 3, "version 4"},
	{16, 4, 77, 3, NULL}, /* without an offset the size means nothing */
	{20, 4, 8, 3, "clusters"},
	{20, 4, 22, 3, "clusters"},
	{20, 4, 0xffffffff, 3, "clusters"},
	{24, 8, 0, 3, "0 bytes"},
	{24, 8, (uint64_t)1 << 45, 3, "bytes"},
	{24, 8, UINT64_MAX, 3, "bytes"},
	{24, 8, (uint64_t)1 << 30, 3, "too small"},
	{32, 4, 1, 3, "encrypted"},
	{32, 4, 2, 2, "encrypted"},
	{36, 4, 0xffffffff, 3, "no possible size"},
	{36, 4, 0, 3, "too small"},
	{40, 8, 0x30001, 3, "outside"},
	{40, 8, (uint64_t)1 << 62, 3, "outside"},
	{48, 8, 0, 3, "outside"},
	{48, 8, 0x40000, 3, "outside"},
	{56, 4, 0, 3, "no possible size"},
	{56, 4, 0xffffffff, 3, "no possible size"},
	{60, 4, 65537, 3, "no possible size"},
	{72, 8, 1, 3, NULL}, /* not closed: that is a matter of the writer's, not of ours */
	{72, 8, 2, 3, "marked it so"},
	{72, 8, 4, 3, "in another file"},
	{72, 8, 8, 3, "compression"},
	{72, 8, 16, 3, NULL},
	{72, 8, 32, 3, "not known (0x20)"},
	{72, 8, (uint64_t)1 << 63, 3, "not known"},
	{80, 8, UINT64_MAX, 3, NULL}, /* compatible, and forgotten by who does not know them */
	{88, 8, UINT64_MAX, 3, NULL},
	{96, 4, 7, 3, "no possible size"},
	{100, 4, 96, 3, "length"},
	{100, 4, 113, 3, "length"},
	{100, 4, 0xfffffff8, 3, "length"},
	{104, 1, 1, 3, "compression"},
	{112, 4, 0x44415441, 3, "another file"},
	{112, 4, 0x0537be77, 3, "encrypted"},
	{72, 4, 0x44415441, 2, "another file"},
	{116, 4, 0xffffffff, 3, "longer than its place"},
	{116, 4, 900, 3, "do not end"},
	{8, 8, 512, 3, "has a backing file"},
	{8, 8, 512, 2, "has a backing file"},
	{8, 8, 1, 3, "backing file"},
	{8, 8, UINT64_MAX, 3, "backing file"},
};

static void headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		const struct change *c = &changes[i];
		struct disk d = plain(c->version);
		put(&d, c->at, c->width, c->value);
		print_message("%zu at %zu: %llu\n", i, c->at, (unsigned long long)c->value);
		if (c->says)
			assert_fails(judge(&d, DISK_QCOW2), ERR_CORRUPT, c->says);
		else
			assert_ok(judge(&d, DISK_QCOW2));
	}
}

static void backing_files(void **state)
{
	(void)state;
	const struct disk_claim ours = {.format = DISK_QCOW2, .backing = "/store/disk.raw", .backing_format = DISK_RAW};
	static const char *const strangers[] = {"/etc/shadow", "json:{\"driver\":\"file\"}", "nbd://h/x", "",
						"disk.raw"};
	struct disk none = plain(3), silent = over(3, ours.backing, NULL), other = over(3, ours.backing, "qcow2");

	for (uint32_t version = 2; version <= 3; version++) {
		struct disk d = over(version, ours.backing, "raw");
		assert_ok(disk_header_judge(d.bytes, d.size, d.file_bytes, &ours));
		for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
			d = over(version, strangers[i], "raw");
			assert_fails(disk_header_judge(d.bytes, d.size, d.file_bytes, &ours), ERR_CORRUPT, "must on");
			assert_fails(judge(&d, DISK_QCOW2), ERR_CORRUPT, "another file of this host would be read");
		}
	}
	assert_fails(disk_header_judge(none.bytes, none.size, none.file_bytes, &ours), ERR_CORRUPT, "no other file");
	/* without a format, whoever opens it guesses from bytes that the guest can write */
	assert_fails(disk_header_judge(silent.bytes, silent.size, silent.file_bytes, &ours), ERR_CORRUPT,
		     "does not say");
	assert_fails(disk_header_judge(other.bytes, other.size, other.file_bytes, &ours), ERR_CORRUPT, "does not say");
}

static void cut_short(void **state)
{
	(void)state;
	struct disk d = plain(3);

	for (d.size = 0; d.size < 504; d.size++)
		assert_fails(judge(&d, DISK_QCOW2), ERR_CORRUPT, "it");
	d = plain(3);
	d.file_bytes = 0x20000;
	assert_fails(judge(&d, DISK_QCOW2), ERR_CORRUPT, "cut short");
}

/* A raw disk that starts as another format does: a program that guesses would take it for that. */
static void other_formats(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t at, size;
	} starts[] = {
		{"QFI\xfb\0\0\0\3", 0, 8},
		{"QED\0", 0, 4},
		{"KDMV", 0, 4},
		{"COWD", 0, 4},
		{"# Disk DescriptorFile\nversion=1\n", 0, 32},
		{"vhdxfile", 0, 8},
		{"conectix", 0, 8},
		{"<<< Oracle VM VirtualBox Disk Image >>>\n", 0, 40},
		{"\x7f\x10\xda\xbe", 64, 4},
		{"LUKS\xba\xbe\0\1", 0, 8},
		{"Bochs Virtual HD Image", 0, 22},
		{"WithoutFreeSpace", 0, 16},
		{"WithouFreSpacExt", 0, 16},
		{"#!/bin/sh\n#V2.0 Format\n", 0, 23},
		{"\xfd"
		 "7zXZ\0",
		 0, 6},
		{"\x1f\x8b\x08", 0, 3},
		{"\x28\xb5\x2f\xfd", 0, 4},
		{"BZh9", 0, 4},
	};
	struct disk empty = {.size = 1024, .file_bytes = 1 << 20};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct disk d = empty;
		memcpy(d.bytes + starts[i].at, starts[i].bytes, starts[i].size);
		assert_fails(judge(&d, DISK_RAW), ERR_CORRUPT, "not a raw one");
		if (i > 0)
			assert_fails(judge(&d, DISK_QCOW2), ERR_CORRUPT, "not a qcow2 one");
	}
	assert_ok(judge(&empty, DISK_RAW));
	assert_fails(judge(&empty, DISK_QCOW2), ERR_CORRUPT, "does not start as a qcow2");
	put(&empty, 510, 2, 0x55aa);
	assert_ok(judge(&empty, DISK_RAW));
}

/* What QEMU itself makes: each layout is taken, each that names another file is not. */
static void as_qemu_makes_them(void **state)
{
	(void)state;
	need_program("qemu-img");
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *disk = path_join(dir, "disk.qcow2");
	AUTO_FREE char *base = path_join(dir, "base.raw");
	AUTO_FREE char *data_file = mem_printf("data_file=%s", base);
	static char zeros[65536];
	const struct {
		const char *option, *size;
		bool backing, good;
	} made[] = {
		{"compat=0.10", "1M", false, true},       {"compat=1.1", "1M", false, true},
		{"cluster_size=512", "1M", false, true},  {"cluster_size=2M", "100G", false, true},
		{"extended_l2=on", "60G", false, true},   {"compression_type=zstd", "1M", false, true},
		{"lazy_refcounts=on", "1M", false, true}, {"refcount_bits=64", "10T", false, true},
		{data_file, "1M", false, false},          {"compat=0.10", "1M", true, false},
		{"compat=1.1", "1M", true, false},
	};

	assert_ok(file_write(base, zeros, sizeof(zeros), 0644));
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		const char *argv[] = {"qemu-img", "create",       "-q",  "-f",         "qcow2",
				      "-o",       made[i].option, disk,  made[i].size, made[i].backing ? "-b" : NULL,
				      base,       "-F",           "raw", NULL};
		struct child_spec spec = {.argv = argv, .deadline_ms = 30000};
		assert_ok(child_run(&spec));
		print_message("%s\n", made[i].option);
		struct err *e = disk_header_check(disk, &(struct disk_claim){.format = DISK_QCOW2});
		if (made[i].good)
			assert_ok(e);
		else
			assert_fails(e, ERR_CORRUPT, "qemu-img convert");
		const struct disk_claim ours = {DISK_QCOW2, base, DISK_RAW};
		if (made[i].backing)
			assert_ok(disk_header_check(disk, &ours));
		assert_ok(file_remove(disk));
	}
	assert_fails(disk_header_check(disk, &(struct disk_claim){.format = DISK_RAW}), ERR_ABSENT, "disk.qcow2");
	assert_fails(disk_header_check(dir, &(struct disk_claim){.format = DISK_RAW}), ERR_CORRUPT, "no file");
}

/* A downloaded image that would read a file of the host into the guest is not installed, whatever its digest. */
static void not_installed(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	struct home home;
	struct disk evil = over(3, "/etc/shadow", "raw");
	char hex[SHA256_HEX], format[] = "qcow2", name[] = "evil",
			      key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct source source = {.url = NULL};
	struct recipe recipe = {
		.name = name, .version = name, .image = {.format = format}, .sources = &source, .source_count = 1};

	home_at(dir, &home);
	assert_ok(home_make(&home));
	digest_bytes(evil.bytes, evil.size, hex);
	AUTO_FREE char *object = cas_path(&home, hex);
	assert_ok(cas_make_room(&home, hex));
	assert_ok(file_write(object, evil.bytes, evil.size, 0444));
	struct source_file file = {.name = name, .url = name, .digest = hex, .size = (int64_t)evil.size};
	struct source_files files = {.items = &file, .count = 1};
	struct image_job job = {
		.home = &home, .recipe = &recipe, .guest_arch = ARCH_X86_64, .files = &files, .key = key};
	assert_fails(image_make(&job, NULL), ERR_CORRUPT, "/etc/shadow");
	bool there = true;
	assert_ok(store_has(&home, key, "evil-x86_64", &there));
	assert_false(there);
	home_done(&home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),       cmocka_unit_test(backing_files),      cmocka_unit_test(cut_short),
		cmocka_unit_test(other_formats), cmocka_unit_test(as_qemu_makes_them), cmocka_unit_test(not_installed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
