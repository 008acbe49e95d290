/* Archives made to escape, to surprise or to exhaust: each is refused, and nothing outside the target is touched. */
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_maker.h"
#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"
#include "tree/unpack.h"

/* base/victim and base/outside/ stand for the user's files; base/tree is the target. */
struct scene {
	char *base;
	char *archive;
	char *tree;
	char *victim;
	char *outside;
};

static struct scene scene_new(void)
{
	struct scene s = {.base = test_dir()};

	s.archive = path_join(s.base, "archive");
	s.tree = path_join(s.base, "tree");
	s.victim = path_join(s.base, "victim");
	s.outside = path_join(s.base, "outside");
	assert_ok(file_write(s.victim, "precious", 8, 0644));
	assert_ok(dir_make(s.outside, 0755));
	return s;
}

static void scene_check(const struct scene *s)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(strs) inside = STRS_INIT;
	AUTO_FREE char *data = NULL;
	AUTO_FREE char *all = NULL;
	struct stat st;

	assert_ok(dir_list(s->base, &names));
	all = strs_join(&names, " ");
	assert_string_equal(all, "archive outside tree victim");
	assert_ok(dir_list(s->outside, &inside));
	assert_int_equal(inside.count, 0);
	assert_ok(file_read(s->victim, 100, &data, NULL));
	assert_string_equal(data, "precious");
	assert_int_equal(stat(s->victim, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void scene_done(struct scene *s)
{
	free(s->base);
	free(s->archive);
	free(s->tree);
	free(s->victim);
	free(s->outside);
}

static struct err *unpack(const struct scene *s, const struct unpack_options *o)
{
	assert_ok(tree_remove(s->tree));
	assert_ok(dir_make(s->tree, 0755));
	return unpack_archive(s->archive, s->tree, o, "test", NULL, NULL);
}

static void check_bytes(const struct scene *s, const struct str *bytes, const struct unpack_options *o, const char *why,
			const char *label)
{
	assert_ok(file_write(s->archive, bytes->data, bytes->len, 0644));
	struct err *e = unpack(s, o);
	if (!e && why)
		fail_msg("%s: was unpacked", label);
	if (why)
		assert_fails(e, ERR_CORRUPT, why);
	else
		assert_ok(e);
	scene_check(s);
}

static const char LONG[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			   "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			   "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
static const char DEEP[] = "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/"
			   "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/f";

static void test_tar(void **state)
{
	static const struct {
		const char *why; /* part of the message */
		struct tar_item items[4];
	} cases[] = {
		{"'..' in its name", {{"../evil", '0', NULL, "x", 0, NULL}}},
		{"'..' in its name", {{"a/../../evil", '0', NULL, "x", 0, NULL}}},
		{"'..' in its name", {{"a/../b", '0', NULL, "x", 0, NULL}}},
		{"'..' in its name", {{"..", '5', NULL, NULL, 0777, NULL}}},
		{"absolute name", {{"/tmp/cooper-evil", '0', NULL, "x", 0, NULL}}},
		{"absolute name", {{"//evil", '5', NULL, NULL, 0, NULL}}},
		/* a link to a folder, then a file through it */
		{"points outside", {{"l", '2', "/tmp", NULL, 0, NULL}, {"l/evil", '0', NULL, "x", 0, NULL}}},
		{"points outside", {{"l", '2', "..", NULL, 0, NULL}, {"l/evil", '0', NULL, "x", 0, NULL}}},
		{"points outside", {{"l", '2', "../outside", NULL, 0, NULL}, {"l/evil", '0', NULL, "x", 0, NULL}}},
		{"cannot be a folder", {{"l", '2', ".", NULL, 0, NULL}, {"l/f", '0', NULL, "x", 0, NULL}}},
		{"cannot be a folder",
		 {{"d", '5', NULL, NULL, 0, NULL}, {"l", '2', "d", NULL, 0, NULL}, {"l/f", '0', NULL, "x", 0, NULL}}},
		{"cannot be a link", {{"d", '5', NULL, NULL, 0, NULL}, {"d", '2', "e", NULL, 0, NULL}}},
		{"cannot be a link", {{"d/f", '0', NULL, "x", 0, NULL}, {"d", '2', "e", NULL, 0, NULL}}},
		{"cannot be a folder", {{"d", '2', "e", NULL, 0, NULL}, {"d", '5', NULL, NULL, 0, NULL}}},
		/* two links that are harmless one by one */
		{"after a name",
		 {{"x/y/l", '2', "../..", NULL, 0, NULL}, {"m", '2', "x/y/l/../../outside", NULL, 0, NULL}}},
		{"points outside", {{"a/l", '2', "../../victim", NULL, 0, NULL}}},
		{"points outside", {{"l", '2', "/etc/passwd", NULL, 0, NULL}}},
		{"target cannot be read", {{"l", '2', "", NULL, 0, NULL}}},
		{"control characters in its target", {{"l", '2', "a\nb", NULL, 0, NULL}}},
		/* hard links */
		{"absolute name", {{"h", '1', "/etc/passwd", NULL, 0, NULL}}},
		{"'..' in its name", {{"h", '1', "../victim", NULL, 0, NULL}}},
		{"not a file unpacked before it",
		 {{"h", '1', "later", NULL, 0, NULL}, {"later", '0', NULL, "x", 0, NULL}}},
		{"not a file unpacked before it", {{"d", '5', NULL, NULL, 0, NULL}, {"h", '1', "d", NULL, 0, NULL}}},
		{"not a file unpacked before it",
		 {{"d/f", '0', NULL, "x", 0, NULL}, {"l", '2', "d", NULL, 0, NULL}, {"h", '1', "l/f", NULL, 0, NULL}}},
		/* the target of a link, linked from higher up, would lead out */
		{"points outside", {{"a/b/l", '2', "../../f", NULL, 0, NULL}, {"h", '1', "a/b/l", NULL, 0, NULL}}},
		{"is in the archive twice", {{"f", '0', NULL, "x", 0, NULL}, {"f", '1', "f", NULL, 0, NULL}}},
		/* types */
		{"character device", {{"null", '3', NULL, NULL, 0666, NULL}}},
		{"block device", {{"disk", '4', NULL, NULL, 0666, NULL}}},
		{"named pipe", {{"pipe", '6', NULL, NULL, 0666, NULL}}},
		/* names taken twice */
		{"twice", {{"f", '0', NULL, "1", 0, NULL}, {"f", '0', NULL, "2", 0, NULL}}},
		{"twice", {{"f", '0', NULL, "1", 0, NULL}, {"./f", '0', NULL, "2", 0, NULL}}},
		{"twice", {{"l", '2', "x", NULL, 0, NULL}, {"l", '0', NULL, "2", 0, NULL}}},
		{"the same name on a Mac", {{"README", '0', NULL, "1", 0, NULL}, {"readme", '0', NULL, "2", 0, NULL}}},
		{"the same name on a Mac", {{"Src/a", '0', NULL, "1", 0, NULL}, {"src/b", '0', NULL, "2", 0, NULL}}},
		{"the same name on a Mac",
		 {{"\xc3\xa9", '0', NULL, "1", 0, NULL}, {"e\xcc\x81", '0', NULL, "2", 0, NULL}}},
		{"cannot be a folder", {{"f", '0', NULL, "1", 0, NULL}, {"f/g", '0', NULL, "2", 0, NULL}}},
		/* names */
		{"control characters", {{"a\nb", '0', NULL, "x", 0, NULL}}},
		{"\\x1b", {{"a\x1b]0;owned\x07", '0', NULL, "x", 0, NULL}}},
		{"control characters",
		 {{"a\xe2\x80\xae"
		   "gpj.sh",
		   '0', NULL, "x", 0, NULL}}},
		{"not UTF-8", {{"caf\xe9", '0', NULL, "x", 0, NULL}}},
		{"component", {{LONG, '0', NULL, "x", 0, NULL}}},
		{"too deep", {{DEEP, '0', NULL, "x", 0, NULL}}},
		/* what the header says and what the extension says */
		{"'..' in its name", {{"good", '0', NULL, "x", 0, "path=../evil"}}},
		{"absolute name", {{"good", '0', NULL, "x", 0, "path=/tmp/cooper-evil"}}},
		{"points outside", {{"good", '2', "here", NULL, 0, "linkpath=../../victim"}}},
		{"'..' in its name", {{"good", '1', "here", NULL, 0, "linkpath=../victim"}}},
		{"one file is too large", {{"good", '0', NULL, "x", 0, "size=8589934592"}}},
		{"one file is too large", {{"good", '0', NULL, "x", 0, "GNU.sparse.realsize=1099511627776"}}},
	};
	struct scene s = scene_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(str) tar = STR_INIT;

		for (size_t k = 0; k < 4 && cases[i].items[k].name; k++)
			make_tar_item(&tar, &cases[i].items[k]);
		make_tar_end(&tar);
		check_bytes(&s, &tar, &(struct unpack_options){0}, cases[i].why, cases[i].items[0].name);
	}
	scene_done(&s);
}

static void test_zip(void **state)
{
	static const struct {
		const char *why;
		struct zip_item items[3];
	} cases[] = {
		{"'..' in its name", {{"../evil", "x", 0, NULL, false}}},
		{"absolute name", {{"/tmp/cooper-evil", "x", 0, NULL, false}}},
		{"points outside", {{"l", "../outside", 0120777, NULL, false}, {"l/evil", "x", 0, NULL, false}}},
		{"points outside", {{"l", "/etc/passwd", 0120777, NULL, false}}},
		{"cannot be a folder", {{"l", "d", 0120777, NULL, false}, {"l/f", "x", 0, NULL, false}}},
		{"twice", {{"f", "1", 0, NULL, false}, {"f", "2", 0, NULL, false}}},
		{"the same name on a Mac", {{"F", "1", 0, NULL, false}, {"f", "2", 0, NULL, false}}},
		{"control characters", {{"a\033b", "1", 0, NULL, false}}},
		{"cannot be read", {{"f", "123456789012345", 0, NULL, true}}},
		{NULL, {{"p", "", 0010644, NULL, false}}}, /* the zip reader makes a file of it */
		{"character device", {{"c", "", 0020644, NULL, false}}},
		/* one name in the directory, another one before the data */
		{"", {{"good1", "x", 0, "../ev", false}}},
	};
	struct scene s = scene_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(str) zip = STR_INIT;
		size_t n = 0;

		while (n < 3 && cases[i].items[n].name)
			n++;
		make_zip(&zip, cases[i].items, n);
		check_bytes(&s, &zip, &(struct unpack_options){0}, cases[i].why, cases[i].items[0].name);
	}
	scene_done(&s);
}

static void run(const char *dir, const char *const *argv)
{
	struct child_spec spec = {.argv = argv, .cwd = dir, .deadline_ms = 60000};

	assert_ok(child_run(&spec));
}

/* More than 64 MiB out of a few hundred KiB */
static void test_bombs(void **state)
{
	static const char *const filters[] = {"gzip -1", "bzip2 -1", "xz -0", "zstd -q"};
	struct scene s = scene_new();
	AUTO_FREE char *work = test_dir();
	AUTO_FREE char *zeros = path_join(work, "zeros");
	AUTO(strs) exclude = STRS_INIT;

	(void)state;
	strs_add(&exclude, "zeros");
	assert_ok(file_write(zeros, "", 0, 0644));
	assert_int_equal(truncate(zeros, 70 << 20), 0);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		run(work, (const char *[]){"tar", "-I", filters[i], "-cf", s.archive, "zeros", NULL});
		assert_fails(unpack(&s, &(struct unpack_options){0}), ERR_CORRUPT, "compressed too well");
		scene_check(&s);
		/* what is left out has to be decoded all the same */
		assert_fails(unpack(&s, &(struct unpack_options){.exclude = &exclude}), ERR_CORRUPT,
			     "compressed too well");
		assert_fails(unpack(&s, &(struct unpack_options){.strip = 1}), ERR_CORRUPT, "compressed too well");
	}
	/* said before the end is reached, which is cut off here */
	run(work, (const char *[]){"tar", "-I", filters[0], "-cf", s.archive, "zeros", NULL});
	assert_int_equal(truncate(s.archive, size_of(s.archive) - 100), 0);
	assert_fails(unpack(&s, &(struct unpack_options){0}), ERR_CORRUPT, "compressed too well");
	/* a sparse file: no bytes in the archive at all */
	assert_int_equal(truncate(zeros, 5LL << 30), 0);
	run(work, (const char *[]){"tar", "-cSf", s.archive, "zeros", NULL});
	assert_fails(unpack(&s, &(struct unpack_options){0}), ERR_CORRUPT, "one file is too large");
	assert_int_equal(truncate(zeros, 2LL << 30), 0);
	run(work, (const char *[]){"tar", "-cSf", s.archive, "zeros", NULL});
	assert_fails(unpack(&s, &(struct unpack_options){0}), ERR_CORRUPT, "compressed too well");
	scene_done(&s);
}

/* The first file is far larger than what was read when its header came: it packs well only once it has come out so. */
static void test_large_first_file(void **state)
{
	struct archive_limits limits = ARCHIVE_LIMITS_DEFAULT;
	struct unpack_options o = {.limits = &limits};
	struct scene s = scene_new();
	AUTO(str) tar = STR_INIT;
	AUTO(str) data = STR_INIT;

	(void)state;
	for (int i = 0; i < 4 << 20; i++)
		str_add_char(&data, (char)('a' + i % 26));
	make_tar_item(&tar, &(struct tar_item){"f", '0', NULL, str_text(&data), 0, NULL});
	make_tar_end(&tar);
	limits.ratio = 2;
	limits.ratio_after = 1 << 20;
	check_bytes(&s, &tar, &o, NULL, "large");
	scene_done(&s);
}

static void test_limits(void **state)
{
	struct archive_limits limits = ARCHIVE_LIMITS_DEFAULT;
	struct unpack_options o = {.limits = &limits};
	struct scene s = scene_new();
	AUTO(str) tar = STR_INIT;

	(void)state;
	for (int i = 0; i < 20; i++) {
		AUTO_FREE char *name = mem_printf("f%d", i);

		make_tar_item(&tar, &(struct tar_item){name, '0', NULL, "0123456789", 0, NULL});
	}
	make_tar_end(&tar);
	check_bytes(&s, &tar, &o, NULL, "within the limits");
	limits.entries = 19;
	check_bytes(&s, &tar, &o, "too many entries", "entries");
	str_clear(&tar);
	make_tar_item(&tar, &(struct tar_item){"a/b/c/d/e/f", '0', NULL, "x", 0, NULL});
	make_tar_item(&tar, &(struct tar_item){"a/b/c/d/g", '0', NULL, "x", 0, NULL});
	make_tar_end(&tar);
	limits.entries = 6;
	check_bytes(&s, &tar, &o, "too many entries", "folders without entries of their own");
	limits.entries = 7;
	check_bytes(&s, &tar, &o, NULL, "folders without entries of their own");
	str_clear(&tar);
	for (int i = 0; i < 20; i++) {
		AUTO_FREE char *name = mem_printf("f%d", i);

		make_tar_item(&tar, &(struct tar_item){name, '0', NULL, "0123456789", 0, NULL});
	}
	make_tar_end(&tar);
	limits.entries = 20;
	limits.bytes = 199;
	check_bytes(&s, &tar, &o, "too large unpacked", "bytes");
	limits.bytes = 200;
	limits.file_bytes = 9;
	check_bytes(&s, &tar, &o, "one file is too large", "file");
	scene_done(&s);
}

/* Linux sources do have xt_DSCP.c beside xt_dscp.c: where no Mac will see the tree, that may be. */
static void test_collisions_allowed(void **state)
{
	static const struct tar_item items[] = {{"a/README", '0', NULL, "1", 0, NULL},
						{"a/readme", '0', NULL, "2", 0, NULL},
						{"A/x", '0', NULL, "3", 0, NULL}};
	struct scene s = scene_new();
	AUTO(str) tar = STR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		make_tar_item(&tar, &items[i]);
	check_bytes(&s, &tar, &(struct unpack_options){0}, "the same name on a Mac", "collisions");
	check_bytes(&s, &tar, &(struct unpack_options){.allow_collisions = true}, NULL, "collisions");
	make_tar_item(&tar, &items[0]);
	check_bytes(&s, &tar, &(struct unpack_options){.allow_collisions = true}, "twice", "duplicate");
	scene_done(&s);
}

static void test_damaged(void **state)
{
	struct scene s = scene_new();
	AUTO_FREE char *work = test_dir();
	AUTO_FREE char *packed = NULL;
	AUTO(str) bytes = STR_INIT;
	size_t size = 0;

	(void)state;
	str_add(&bytes, "this is no archive at all, only a line of text that somebody saved as one\n");
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "cannot be read as an archive", "text");
	str_clear(&bytes);
	str_add(&bytes, "Rar!\x1a\x07");
	for (int i = 0; i < 600; i++)
		str_add_char(&bytes, 'r');
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "is of the format RAR", "rar");
	str_clear(&bytes);
	make_tar_end(&bytes);
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "nothing in it", "empty tar");
	str_clear(&bytes);
	make_tar_item(&bytes, &(struct tar_item){"f", '0', NULL, "0123456789", 0, NULL});
	bytes.len = 515;
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "cannot be read", "truncated tar");
	str_clear(&bytes);
	make_tar_item(&bytes, &(struct tar_item){"f", '0', NULL, "x", 0, "path=g"});
	bytes.len = 512; /* the record is missing */
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "archive: truncated", "truncated pax header");

	assert_ok(file_write(s.archive, "", 0, 0644));
	assert_fails(unpack(&s, &(struct unpack_options){0}), ERR_CORRUPT, "cannot");
	run(work, (const char *[]){"sh", "-c", "head -c 300000 /dev/urandom >r && tar -cJf r.tar.xz r", NULL});
	AUTO_FREE char *xz = path_join(work, "r.tar.xz");
	assert_ok(file_read(xz, 1 << 20, &packed, &size));
	str_clear(&bytes);
	str_add_mem(&bytes, packed, size - 20); /* only the index at the end is missing */
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "truncated", "truncated xz");
	str_clear(&bytes);
	packed[size / 2] ^= 1;
	str_add_mem(&bytes, packed, size);
	check_bytes(&s, &bytes, &(struct unpack_options){0}, "damaged", "damaged xz");
	assert_fails(unpack_archive("/nonexistent/a.tar", s.tree, &(struct unpack_options){0}, NULL, NULL, NULL),
		     ERR_ABSENT, "a.tar");
	scene_done(&s);
}

static void test_modes(void **state)
{
	static const struct tar_item items[] = {
		{"suid", '0', NULL, "x", 06755, NULL},    {"open", '0', NULL, "x", 0666, NULL},
		{"none", '0', NULL, "x", 0001, NULL},     {"sticky/", '5', NULL, NULL, 01777, NULL},
		{"closed/", '5', NULL, NULL, 0000, NULL}, {"closed/f", '0', NULL, "x", 0600, NULL},
	};
	static const unsigned modes[] = {0755, 0644, 0644, 0755, 0755, 0644};
	struct scene s = scene_new();
	AUTO(str) tar = STR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		make_tar_item(&tar, &items[i]);
	make_tar_end(&tar);
	check_bytes(&s, &tar, &(struct unpack_options){0}, NULL, "modes");
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		AUTO_FREE char *path = path_join(s.tree, items[i].name);
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(st.st_uid, geteuid());
		assert_int_equal(st.st_mtime, UNPACK_MTIME);
	}
	scene_done(&s);
}

/* What an earlier source left in the target is neither followed nor replaced. */
static void test_several_sources(void **state)
{
	struct scene s = scene_new();
	AUTO_FREE char *link = path_join(s.tree, "l");
	AUTO_FREE char *file = path_join(s.tree, "f");
	AUTO(str) through = STR_INIT;
	AUTO(str) over = STR_INIT;

	(void)state;
	make_tar_item(&through, &(struct tar_item){"l/evil", '0', NULL, "x", 0, NULL});
	make_tar_item(&over, &(struct tar_item){"f", '0', NULL, "new", 0, NULL});
	assert_ok(dir_make(s.tree, 0755));
	assert_int_equal(symlink("../outside", link), 0);
	assert_int_equal(symlink("../victim", file), 0);
	assert_ok(file_write(s.archive, through.data, through.len, 0644));
	assert_fails(unpack_archive(s.archive, s.tree, &(struct unpack_options){0}, NULL, NULL, NULL), ERR_CORRUPT,
		     "link");
	assert_fails(unpack_archive(s.archive, s.tree, &(struct unpack_options){.into = "l"}, NULL, NULL, NULL),
		     ERR_CORRUPT, "link");
	assert_fails(unpack_archive(s.archive, s.tree, &(struct unpack_options){.into = ".."}, NULL, NULL, NULL),
		     ERR_USAGE, "'..'");
	assert_ok(file_write(s.archive, over.data, over.len, 0644));
	assert_fails(unpack_archive(s.archive, s.tree, &(struct unpack_options){0}, NULL, NULL, NULL), ERR_USAGE,
		     "another source has a file");
	scene_check(&s);
	scene_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tar),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_large_first_file),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_several_sources),
		cmocka_unit_test(test_collisions_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
