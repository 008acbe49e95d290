#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "source/debian_tree.h"
#include "sys/file.h"

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { PARTS_MAX = 8 };

/* The layout of source foo with these @files, "a b c", each with the digest SUM_A, as one line: what is what. */
static struct err *read_layout(const char *format, const char *version, const char *files, char **ret)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(str) dsc = STR_INIT;
	AUTO(str) out = STR_INIT;
	AUTO(debian_layout) l = {.format = NULL};
	struct debian_part parts[PARTS_MAX];
	strs_split(&names, files, " ");
	str_addf(&dsc, "Format: %s\nSource: foo\nVersion: %s\nFiles:\n x 1 y\nChecksums-Sha256:\n", format, version);
	for (size_t i = 0; i < names.count; i++) {
		str_addf(&dsc, " %s 7 %s\n", SUM_A, names.items[i]);
		parts[i] = (struct debian_part){names.items[i], SUM_A, "/"};
	}
	parts[names.count] = (struct debian_part){"foo.dsc", SUM_B, "/"};
	TRY(debian_dsc_read(str_text(&dsc), parts, names.count + 1, &l));
	str_addf(&out, "main %s", l.main->name);
	for (size_t i = 0; i < l.count; i++)
		str_addf(&out, ", %s %s", l.components[i].name, l.components[i].part->name);
	if (l.packaging)
		str_addf(&out, ", packaging %s", l.packaging->name);
	if (l.diff)
		str_addf(&out, ", diff %s", l.diff->name);
	*ret = str_take(&out);
	return NULL;
}

static void layouts(void **state)
{
	static const char *const cases[][4] = {
		{"1.0", "1.0-1", "foo_1.0.orig.tar.gz foo_1.0-1.diff.gz",
		 "main foo_1.0.orig.tar.gz, diff foo_1.0-1.diff.gz"},
		{"1.0", "1.0", "foo_1.0.tar.gz", "main foo_1.0.tar.gz"},
		{"1.0", "3:1.0-1", "foo_1.0.orig.tar.gz", "main foo_1.0.orig.tar.gz"},
		{"3.0 (native)", "2:1.0-2-3", "foo_1.0-2-3.tar.xz", "main foo_1.0-2-3.tar.xz"},
		{"3.0 (quilt)", "1:1.0-2-3",
		 "foo_1.0-2-3.debian.tar.xz foo_1.0-2.orig-b.tar.bz2 foo_1.0-2.orig-a-1.tar.gz foo_1.0-2.orig.tar.gz "
		 "foo_1.0-2.orig.tar.gz.asc foo_1.0-2.orig-b.tar.bz2.asc",
		 "main foo_1.0-2.orig.tar.gz, a-1 foo_1.0-2.orig-a-1.tar.gz, b foo_1.0-2.orig-b.tar.bz2, "
		 "packaging foo_1.0-2-3.debian.tar.xz"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *layout = NULL;
		assert_ok(read_layout(cases[i][0], cases[i][1], cases[i][2], &layout));
		assert_string_equal(layout, cases[i][3]);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *format, *version, *files;
		enum err_kind kind;
		const char *part;
	} cases[] = {
		{"3.0 (git)", "1.0-1", "foo_1.0-1.git", ERR_USAGE, "'3.0 (git)' is not supported"},
		{"2.0", "1.0-1", "foo_1.0.orig.tar.gz", ERR_USAGE, "'2.0' is not supported"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig.tar.gz", ERR_CORRUPT, "archive of the packaging"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0-1.debian.tar.gz", ERR_CORRUPT, "archive of the project"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig.tar.gz foo_1.0.orig.tar.xz", ERR_CORRUPT, "for the same place"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig-a.tar.gz foo_1.0.orig-a.tar.xz", ERR_CORRUPT,
		 "for the same place"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig.tar.gz foo_1.0-1.diff.gz", ERR_CORRUPT, "has no place"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig-a/b.tar.gz", ERR_CORRUPT, "has no place"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig-...tar.gz", ERR_CORRUPT, "has no place"},
		{"3.0 (quilt)", "1.0-1", "foo_1.0.orig.tar.rar", ERR_CORRUPT, "has no place"},
		{"3.0 (quilt)", "1.0-1", "foo_2.0.orig.tar.gz", ERR_CORRUPT, "has no place"},
		{"3.0 (native)", "1.0", "foo_1.0.orig.tar.gz", ERR_CORRUPT, "has no place"},
		{"1.0", "1.0-1", "foo_1.0.orig.tar.gz foo_1.0-1.debian.tar.gz", ERR_CORRUPT, "has no place"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *layout = NULL;
		assert_fails(read_layout(cases[i].format, cases[i].version, cases[i].files, &layout), cases[i].kind,
			     cases[i].part);
		assert_null(layout);
	}
}

static void texts(void **state)
{
	const struct debian_part parts[] = {{"foo_1.tar.gz", SUM_A, "/"}, {"foo_1.dsc", SUM_B, "/"}};
#define FIELDS(sum) "Source: foo\nVersion: 1\nChecksums-Sha256:\n " sum " 3 foo_1.tar.gz\n"
	static const struct {
		const char *text, *part; /* what it says where it is refused */
	} cases[] = {
		{"Format: 1.0\n" FIELDS(SUM_A), NULL},
		{"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nformat: 1.0\r\n" FIELDS(
			 SUM_A) "\n-----BEGIN PGP SIGNATURE-----\nFormat: 2.0\n",
		 NULL},
		{FIELDS(SUM_A), "lacks Format"},
		{"Format: 1.0\nSource: foo\nVersion: 1\n", "lacks Checksums-Sha256"},
		{"Format: 1.0\n" FIELDS(SUM_B), "has another digest"},
		{"Format: 1.0\n" FIELDS(SUM_A) " " SUM_A " 4 foo_1.txt\n", "'foo_1.txt', which its .dsc lists, is not"},
		{"Format: 1.0\nSource: foo\nVersion: 1\nChecksums-Sha256:\n foo_1.tar.gz\n", "is no file"},
		{"", "lacks Format"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(debian_layout) l = {.format = NULL};
		struct err *e = debian_dsc_read(cases[i].text, parts, ARRAY_LEN(parts), &l);
		if (cases[i].part)
			assert_fails(e, ERR_CORRUPT, cases[i].part);
		else
			assert_ok(e);
	}
	const struct debian_part more[] = {
		{"foo_1.tar.gz", SUM_A, "/"}, {"foo_1.dsc", SUM_B, "/"}, {"extra", SUM_A, "/"}};
	struct debian_layout l = {.format = NULL};
	assert_fails(debian_dsc_read(cases[0].text, more, ARRAY_LEN(more), &l), ERR_CORRUPT, "lists 1 files");
}

/* A lock that says another version than the package has was edited, or the package was. */
static void versions(void **state)
{
	(void)state;
	static const char text[] = "Format: 1.0\n" FIELDS(SUM_A);
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "foo_1.dsc");
	AUTO_FREE char *tree = path_join(dir, "tree");
	const struct debian_part parts[] = {{"foo_1.tar.gz", SUM_A, "/nonexistent"}, {"foo_1.dsc", SUM_B, path}};
	assert_ok(file_write(path, text, strlen(text), 0644));
	assert_ok(dir_make(tree, 0755));
	struct debian_tree_options o = {.version = "1:1"};
	assert_fails(debian_tree_make(parts, 2, tree, &o, NULL), ERR_CORRUPT,
		     "its .dsc says version 1, and the lock says 1:1");
	o.version = "1"; /* then it is the archive that is missing */
	assert_fails(debian_tree_make(parts, 2, tree, &o, NULL), ERR_ABSENT, "/nonexistent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts),
		cmocka_unit_test(refusals),
		cmocka_unit_test(texts),
		cmocka_unit_test(versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
