#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/path.h"
#include "base/str.h"
#include "base/suggest.h"
#include "base/units.h"

static void errors_are_escaped(void **state UNUSED)
{
	struct err *e = err_new(ERR_CORRUPT, "entry '%s'", "\033[31m\n\xff");
	e = err_hint(err_wrap(e, "'%s'", "\x7f"), "leave '%s' out", "a\tb");
	assert_string_equal(e->message, "'\\x7f': entry '\\x1b[31m\\x0a\\xff'");
	assert_string_equal(e->hint, "leave 'a\\x09b' out");
	err_free(e);
}

static void errors_chain(void **state UNUSED)
{
	struct err *e = err_os(ENOSPC, "cannot write '%s'", "x");
	e = err_hint(err_wrap(e, "cannot store"), "free some space");
	assert_string_equal(e->message, "cannot store: cannot write 'x': No space left on device");
	assert_string_equal(e->hint, "free some space");
	assert_int_equal(err_exit_code(e), EXIT_NOSPACE);
	err_free(e);
	assert_int_equal(err_exit_code(NULL), EXIT_DONE);
	e = err_wrap(err_os(ENOTDIR, "cannot make folder '%s'", "a/b"), "x");
	assert_string_equal(e->hint, "one of these folders is a file: use another path, or move that file away");
	err_free(e);
	e = err_os(ENOENT, "x");
	assert_null(e->hint);
	err_free(e);
}

static void exit_codes(void **state UNUSED)
{
	static const struct {
		enum err_kind kind;
		int code;
	} rows[] = {{ERR_USAGE, 2}, {ERR_ABSENT, 1}, {ERR_BUSY, 5},    {ERR_NET, 6},       {ERR_CORRUPT, 4},
		    {ERR_CHILD, 1}, {ERR_GUEST, 8},  {ERR_TIMEOUT, 1}, {ERR_CANCELED, 130}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err *e = err_new(rows[i].kind, "x");
		assert_int_equal(err_exit_code(e), rows[i].code);
		err_free(e);
	}
}

static void escaping(void **state UNUSED)
{
	AUTO_FREE char *a = str_escape("a\033[31m\n\x7f\xffü\xe2\x80\xae");
	assert_string_equal(a, "a\\x1b[31m\\x0a\\x7f\\xffü\\xe2\\x80\\xae");
	/* what hides, joins, reorders: zero width, marks and isolates of direction, a byte order mark, the Arabic mark
	 */
	static const char *const unseen[] = {"\xc2\x80",     "\xc2\x9f",     "\xe2\x80\x8b", "\xe2\x80\x8f",
					     "\xe2\x80\xa8", "\xe2\x80\xaa", "\xe2\x81\xa0", "\xe2\x81\xa6",
					     "\xe2\x81\xa9", "\xe2\x81\xaf", "\xef\xbb\xbf", "\xd8\x9c"};
	for (size_t i = 0; i < ARRAY_LEN(unseen); i++) {
		AUTO_FREE char *shown = str_escape(unseen[i]);
		assert_int_equal(strlen(shown), 4 * strlen(unseen[i]));
	}
	AUTO_FREE char *overlong = str_escape("\xc0\xaf\xed\xa0\x80");
	AUTO_FREE char *long_name = mem_printf("%0199d\xc3\xbcrest", 0);
	AUTO_FREE char *cut = str_escape_short(long_name);
	AUTO_FREE char *whole = str_escape_short("\xc3\xbc\n");
	assert_int_equal(strlen(cut), 199 + 3);
	assert_string_equal(cut + 199, "...");
	assert_string_equal(whole, "\xc3\xbc\\x0a");
	assert_string_equal(overlong, "\\xc0\\xaf\\xed\\xa0\\x80");
}

static void maps(void **state UNUSED)
{
	struct map m = MAP_INIT;
	m.free_value = free;
	for (int i = 0; i < 1000; i++) {
		AUTO_FREE char *key = mem_printf("key-%d", i % 500);
		map_put(&m, key, mem_printf("%d", i));
	}
	assert_int_equal(m.count, 500);
	assert_string_equal(map_get(&m, "key-7"), "507");
	assert_null(map_get(&m, "absent"));
	assert_string_equal(m.entries[3].key, "key-3");
	map_done(&m);
}

static void sizes(void **state UNUSED)
{
	int64_t n = 0;
	assert_true(size_parse("2GiB", &n) && n == INT64_C(2147483648));
	assert_true(size_parse("20GB", &n) && n == INT64_C(20000000000));
	static const char *const bad[] = {"", "2", "GiB", "2 GiB", "2Gib", "-1MiB", "1.5GiB", "99999999TiB", "2GiBx"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(size_parse(bad[i], &n));
	assert_true(duration_parse("5m", &n) && n == 300000);
	assert_false(duration_parse("5", &n));
	assert_true(num_parse("65535", 1, 65535, &n));
	assert_false(num_parse("65536", 1, 65535, &n));
	AUTO(str) s = STR_INIT;
	str_add_size(&s, 1536);
	str_add(&s, ", ");
	str_add_duration(&s, 250000);
	assert_string_equal(str_text(&s), "1.5 KiB, 4 min 10 s");
}

static void paths(void **state UNUSED)
{
	static const char *const rows[][2] = {{"a/b", "a/b"},    {"./a//b/", "a/b"}, {"a/../b", "b"}, {"..", NULL},
					      {"a/../..", NULL}, {"/a", NULL},       {".", NULL}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *clean = path_clean(rows[i][0]);
		assert_true(streq(clean, rows[i][1]));
	}
	assert_true(path_is_plain("a/b.c"));
	assert_false(path_is_plain("a//b"));
	assert_false(path_is_plain("a/./b"));
	assert_false(path_is_plain("a/"));
}

static void test_last_lines(void **state)
{
	AUTO(strs) v = STRS_INIT;

	(void)state;
	strs_addf(&v, "too many");
	for (int i = 0; i < 7; i++) {
		AUTO_FREE char *text = mem_printf("%d", i);
		strs_add_last(&v, text, 3);
	}
	AUTO_FREE char *all = strs_join(&v, " ");
	assert_string_equal(all, "4 5 6");
	strs_add_last(&v, "7", 1);
	assert_int_equal(v.count, 1);
	assert_null(v.items[1]);
}

static void test_git_names(void **state)
{
	static const struct {
		const char *name;
		bool is_git;
	} cases[] = {
		{".git", true},
		{".GiT", true},
		{"git~1", true},
		{"GIT~1", true},
		{".g\xe2\x80\x8cit", true},
		{"\xef\xbb\xbf.git", true},
		{".git\xe2\x81\xaf", true},
		{".gitignore", false},
		{"git", false},
		{"git~2", false},
		{".g", false},
		{"", false},
		{".g\xe2\x80\x90it", false},
		{".git\xe2", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(path_part_is_git(cases[i].name, strlen(cases[i].name)), cases[i].is_git);
}

static void globs(void **state UNUSED)
{
	assert_true(glob_match("roms/", "roms/seabios/x.c"));
	assert_true(glob_match("roms/", "roms"));
	assert_false(glob_match("roms/", "hw/roms/x"));
	assert_true(glob_match("bin/qemu-system-*", "bin/qemu-system-x86_64"));
	assert_false(glob_match("bin/*", "bin/a/b"));
	assert_true(glob_match("**/*.o", "a/b/c.o"));
	assert_true(glob_match("*.o", "a/b/c.o"));
	assert_false(glob_match("a/?", "a//"));
}

static void suggestions(void **state UNUSED)
{
	static const char *const known[] = {"memory", "machine", "mounts"};
	assert_string_equal(suggest_nearest("memroy", known, 3), "memory");
	assert_string_equal(suggest_nearest("mount", known, 3), "mounts");
	assert_null(suggest_nearest("zebra", known, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_names), cmocka_unit_test(test_last_lines),
		cmocka_unit_test(errors_chain),   cmocka_unit_test(errors_are_escaped),
		cmocka_unit_test(exit_codes),     cmocka_unit_test(escaping),
		cmocka_unit_test(maps),           cmocka_unit_test(sizes),
		cmocka_unit_test(paths),          cmocka_unit_test(globs),
		cmocka_unit_test(suggestions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
