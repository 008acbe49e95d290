/* Sound archives, however odd, give what GNU tar gives; images are the same bytes each time. */
#include "harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_maker.h"
#include "base/path.h"
#include "fmt/archive.h"
#include "fmt/archive_write.h"
#include "fmt/iso_times.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"
#include "tree/tree_digest.h"
#include "tree/unpack.h"

static void run_sh(const char *dir, const char *script)
{
	struct child_spec spec = {
		.argv = (const char *[]){"sh", "-euc", script, NULL}, .cwd = dir, .deadline_ms = 60000};

	assert_ok(child_run(&spec));
}

static const char make_tree[] =
	"mkdir -p top/src/deep/er top/empty top/bin; cd top;"
	"printf 'int main;' >src/a.c; head -c 200000 /dev/urandom >src/deep/data; : >src/nothing;"
	"printf '#!/bin/sh\\n' >bin/run; chmod 755 bin/run; chmod 400 src/a.c; ln -s ../src/a.c bin/link; ln -s . dot;"
	"ln src/deep/data hard1; ln src/a.c src/deep/er/hard2; ln -s nowhere dangling;"
	"printf 'x' >\"src/a name with spaces\"; printf 'y' >'src/backslash\\x2d.service'; printf 'u' "
	">src/\303\251t\303\251;"
	"printf 's' >holes; truncate -s 300000 holes; printf 'e' >>holes; truncate -s 500000 holes;";

/* 150 bytes of path: needs prefix in ustar, long names in GNU tar, records in pax */
static const char make_long[] =
	"mkdir -p "
	"top/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;"
	"printf l "
	">top/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/"
	"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

static void unpack_equals(const char *dir, const char *archive, const char *reference)
{
	AUTO_FREE char *path = path_join(dir, archive);
	AUTO_FREE char *ours = mem_printf("%s/ours-%s", dir, archive);
	AUTO_FREE char *theirs = path_join(dir, reference);
	struct unpack_report report;
	char disk[SHA256_HEX];
	char expected[SHA256_HEX];

	assert_ok(dir_make(ours, 0755));
	assert_ok(unpack_archive(path, ours, &(struct unpack_options){.strip = 1}, NULL, NULL, &report));
	assert_ok(tree_digest_path(ours, disk));
	assert_ok(tree_digest_path(theirs, expected));
	if (!streq(disk, expected))
		fail_msg("%s: the tree differs from %s", archive, reference);
	assert_string_equal(report.tree, disk);
	assert_int_equal(report.excluded, 0);
}

static void test_equals_tar(void **state)
{
	AUTO_FREE char *dir = test_dir();

	(void)state;
	run_sh(dir, make_tree);
	run_sh(dir, "for f in v7 ustar gnu oldgnu pax; do tar --format=$f -cf $f.tar top; done;"
		    "tar --sparse --format=gnu -cf gsparse.tar top; tar --sparse --format=pax -cf psparse.tar top;"
		    "tar --sparse --format=pax --sparse-version=0.1 -cf psparse01.tar top; tar -czf a.tar.gz ./top;"
		    "tar -cjf a.tar.bz2 top; tar -cJf a.tar.xz top; tar --zstd -cf a.tar.zst top;"
		    "tar -c top | xz -T2 --block-size=100KiB >blocks.tar.xz; (xz <gnu.tar; head -c 5120 /dev/zero | "
		    "xz) >two.tar.xz;"
		    "mkdir ref; tar -xf gnu.tar -C ref --strip-components=1");
	static const char *const archives[] = {"v7.tar",      "ustar.tar",   "gnu.tar",       "oldgnu.tar", "pax.tar",
					       "gsparse.tar", "psparse.tar", "psparse01.tar", "a.tar.gz",   "a.tar.bz2",
					       "a.tar.xz",    "a.tar.zst",   "blocks.tar.xz", "two.tar.xz"};
	for (size_t i = 0; i < ARRAY_LEN(archives); i++)
		unpack_equals(dir, archives[i], "ref");
}

static void test_long_names(void **state)
{
	AUTO_FREE char *dir = test_dir();

	(void)state;
	run_sh(dir, make_long);
	run_sh(dir, "for f in ustar gnu pax; do tar --format=$f -cf $f.tar top; done;"
		    "mkdir ref; tar -xf gnu.tar -C ref --strip-components=1");
	unpack_equals(dir, "ustar.tar", "ref");
	unpack_equals(dir, "gnu.tar", "ref");
	unpack_equals(dir, "pax.tar", "ref");
}

struct counting_sink {
	struct sink base;
	int progress;
};

static void count_event(struct sink *sink, const struct event *event)
{
	((struct counting_sink *)sink)->progress += event->kind == EVENT_PROGRESS && event->done <= event->total;
}

static void test_options(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *archive = path_join(dir, "a.tar");
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO_FREE char *file = path_join(dir, "tree/sub/keep/b");
	AUTO_FREE char *gone = path_join(dir, "tree/sub/roms");
	AUTO(strs) exclude = STRS_INIT;
	struct counting_sink sink = {{count_event}, 0};
	struct unpack_report report;
	struct stat st;

	(void)state;
	run_sh(dir, "mkdir -p top/roms/x top/keep tree/sub; echo a >top/roms/x/a; echo b >top/keep/b; mkfifo top/pipe;"
		    "echo o >top/keep/c.o; tar cf a.tar top");
	strs_add(&exclude, "roms/");
	strs_add(&exclude, "*.o");
	strs_add(&exclude, "pipe");
	struct unpack_options o = {.strip = 1, .exclude = &exclude, .into = "sub/deeper/.."};
	assert_fails(unpack_archive(archive, tree, &o, "s", NULL, NULL), ERR_USAGE, "'sub/deeper/..'");
	o.into = "sub";
	assert_ok(unpack_archive(archive, tree, &o, "s", &sink.base, &report));
	assert_int_equal(report.entries, 2); /* keep/ and keep/b */
	assert_int_equal(report.excluded, 5);
	assert_int_equal(report.bytes, 2);
	assert_int_equal(lstat(file, &st), 0);
	assert_int_equal(st.st_mtime, UNPACK_MTIME);
	assert_false(is_dir(gone));
	assert_true(sink.progress > 0);
	o.only_format = "zip";
	assert_fails(unpack_archive(archive, tree, &o, "s", NULL, NULL), ERR_CORRUPT, "a tar archive where a zip");
	assert_fails(unpack_deb(archive, tree, &o, "s", NULL, NULL), ERR_CORRUPT, "where a deb");
	o.only_format = NULL;
	o.strip = 9;
	assert_fails(unpack_archive(archive, tree, &o, "s", NULL, NULL), ERR_USAGE, "strip:");
}

static void test_zip(void **state)
{
	static const struct zip_item items[] = {
		{"top/run", "#!/bin/sh\n", 0100755, NULL, false},
		{"top/\xc3\xa9", "utf-8 name", 0, NULL, false},
		{"top/link", "run", 0120777, NULL, false},
		{"top/dir/", "", 0040700, NULL, false},
	};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *archive = path_join(dir, "a.zip");
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO_FREE char *reference = path_join(dir, "ref");
	AUTO(str) zip = STR_INIT;
	struct unpack_report report;
	char expected[SHA256_HEX];

	(void)state;
	make_zip(&zip, items, ARRAY_LEN(items));
	assert_ok(file_write(archive, zip.data, zip.len, 0644));
	assert_ok(dir_make(tree, 0755));
	assert_ok(unpack_archive(archive, tree, &(struct unpack_options){.strip = 1}, NULL, NULL, &report));
	run_sh(dir, "mkdir -p ref/dir; printf '#!/bin/sh\\n' >ref/run; chmod 755 ref/run; ln -s run ref/link;"
		    "printf 'utf-8 name' >ref/\303\251");
	assert_ok(tree_digest_path(reference, expected));
	assert_string_equal(report.tree, expected);
}

static void test_deb(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *deb = path_join(dir, "a.deb");
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO_FREE char *data_path = path_join(dir, "data.tar.xz");
	AUTO_FREE char *data = NULL;
	AUTO_FREE char *link = path_join(dir, "tree/usr/bin/alt");
	AUTO(str) ar = STR_INIT;
	struct unpack_report report;
	struct stat st;
	size_t size = 0;

	(void)state;
	run_sh(dir,
	       "mkdir -p usr/bin tree; printf tool >usr/bin/tool; chmod 4755 usr/bin/tool; ln -s /etc/alternatives/alt "
	       "usr/bin/alt; tar -cJf data.tar.xz ./usr");
	assert_ok(file_read(data_path, 1 << 20, &data, &size));
	make_ar_member(&ar, "debian-binary", "2.0\n", 4);
	make_ar_member(&ar, "control.tar.xz", "any", 3);
	assert_ok(file_write(deb, ar.data, ar.len, 0644));
	assert_fails(unpack_deb(deb, tree, &(struct unpack_options){0}, NULL, NULL, NULL), ERR_CORRUPT, "no data.tar");
	make_ar_member(&ar, "data.tar.xz", data, size);
	assert_ok(file_write(deb, ar.data, ar.len, 0644));
	assert_fails(unpack_deb(deb, tree, &(struct unpack_options){0}, NULL, NULL, NULL), ERR_CORRUPT, "absolute");
	assert_ok(tree_remove(tree));
	assert_ok(dir_make(tree, 0755));
	assert_ok(
		unpack_deb(deb, tree, &(struct unpack_options){.absolute_links = ABSOLUTE_SKIP}, NULL, NULL, &report));
	assert_int_equal(report.excluded, 1);
	assert_int_not_equal(lstat(link, &st), 0);
	assert_ok(tree_remove(tree));
	assert_ok(dir_make(tree, 0755));
	assert_ok(
		unpack_deb(deb, tree, &(struct unpack_options){.absolute_links = ABSOLUTE_KEEP}, NULL, NULL, &report));
	assert_int_equal(lstat(link, &st), 0);
	ar.len -= size > 0 ? 100 : 0;
	assert_ok(file_write(deb, ar.data, ar.len, 0644));
	assert_fails(unpack_deb(deb, tree, &(struct unpack_options){0}, NULL, NULL, NULL), ERR_CORRUPT, "cannot");
}

static void read_all(const char *path, struct str *out)
{
	AUTO_FREE char *data = NULL;
	size_t size = 0;

	assert_ok(file_read(path, 16 << 20, &data, &size));
	str_clear(out);
	str_add_mem(out, data, size);
}

static void test_iso_write(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *tool = path_join(dir, "tool");
	AUTO_FREE char *iso = path_join(dir, "a.iso");
	AUTO(str) first = STR_INIT;
	AUTO(str) second = STR_INIT;
	AUTO(strs) names = STRS_INIT;
	const struct archive_entry_spec entries[] = {
		{.name = "bin"},
		{.name = "bin/tool", .file = tool, .executable = true},
		{.name = "etc/a-file-with-a-long.name", .data = "text", .size = 4},
		{.name = "link", .target = "bin/tool"},
		{.name = "empty", .data = "", .size = 0},
	};

	(void)state;
	run_sh(dir,
	       "head -c 300000 /dev/urandom >tool; mkdir ref ref/bin ref/etc; cp tool ref/bin; chmod 755 "
	       "ref/bin/tool; printf text >ref/etc/a-file-with-a-long.name; ln -s bin/tool ref/link; : >ref/empty");
	assert_ok(iso_write(iso, entries, ARRAY_LEN(entries), "COOPER_1"));
	read_all(iso, &first);
	run_sh(dir, "if command -v bsdtar >/dev/null; then mkdir out && bsdtar -xf a.iso -C out && diff -r out ref && "
		    "test -x out/bin/tool && test ! -x out/empty && rm -r out; fi");
	assert_true(first.len > 300000);
	assert_memory_equal(first.data + 16 * 2048, "\001CD001", 6);
	assert_memory_equal(first.data + 16 * 2048 + 40, "COOPER_1 ", 9);
	tick_sleep_ms(1100); /* images carry seconds */
	run_sh(dir, "touch tool");
	assert_ok(iso_write(iso, entries, ARRAY_LEN(entries), "COOPER_1"));
	read_all(iso, &second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);

	assert_fails(iso_write(iso, entries, 1, "lower case"), ERR_USAGE, "volume id");
	assert_fails(iso_write(iso, &(struct archive_entry_spec){.name = "../x"}, 1, "X"), ERR_USAGE, "'../x'");
	assert_fails(iso_write(iso, &(struct archive_entry_spec){.name = "x", .file = "/nonexistent"}, 1, "X"), ERR_OS,
		     "nonexistent");
	assert_ok(dir_list(dir, &names)); /* nothing half-written stays */
	assert_int_equal(names.count, 3);
}

/* Bytes that only look like an image must not lead the fixer astray. */
static void test_iso_damage(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "x.iso");
	AUTO(str) image = STR_INIT;
	FILE *f;

	(void)state;
	for (int i = 0; i < 24 * 2048; i++)
		str_add_char(&image, (char)(i * 7));
	assert_ok(file_write(path, image.data, image.len, 0644));
	f = fopen(path, "r+");
	assert_fails(iso_times_fix(fileno(f), "x.iso"), ERR_CORRUPT, "no volume descriptor");
	memcpy(image.data + 16 * 2048, "\001CD001", 6);
	for (int size = 0; size < 4; size++) {
		unsigned char extent[12] = {20, 0, 0, 0, 0, 0, 0, 0, 0, (unsigned char)(8 * size), 0, 0};

		memcpy(image.data + 16 * 2048 + 156 + 2, extent, sizeof(extent));
		assert_int_equal(pwrite(fileno(f), image.data, image.len, 0), image.len);
		err_free(iso_times_fix(fileno(f), "x.iso"));
	}
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equals_tar), cmocka_unit_test(test_long_names), cmocka_unit_test(test_options),
		cmocka_unit_test(test_zip),        cmocka_unit_test(test_deb),        cmocka_unit_test(test_iso_write),
		cmocka_unit_test(test_iso_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
