#include "harness.h"

#include <string.h>

#include "base/str.h"
#include "tree/archive_policy.h"

static const struct archive_limits limits = ARCHIVE_LIMITS_DEFAULT;

static void test_path(void **state)
{
	static const struct {
		const char *name;
		int strip;
		const char *path; /* NULL = nothing left */
	} good[] = {
		{"a/b", 0, "a/b"},   {"./a//b/", 0, "a/b"}, {"a/./b", 1, "b"},
		{"./top/a", 1, "a"}, {"top/", 1, NULL},     {".", 0, NULL},
		{"a/b/c", 2, "c"},   {"a", 3, NULL},        {"..a/b..", 0, "..a/b.."},
	};
	static const char *const bad[] = {"../x", "a/../x", "a/..", "..", "/x", "", "./../x", "top/../../x"};
	char *path = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_ok(archive_policy_path(good[i].name, good[i].strip, &path));
		assert_true(streq(path, good[i].path));
		mem_free_at(&path);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_fails(archive_policy_path(bad[i], 1, &path), ERR_CORRUPT, "");
}

static void refuse_name(const char *path, const char *why)
{
	assert_fails(archive_policy_name(path, &limits), ERR_CORRUPT, why);
}

static void test_name(void **state)
{
	AUTO(str) s = STR_INIT;

	(void)state;
	assert_ok(archive_policy_name("d/é.service\\x2d", &limits));
	refuse_name("a\nb", "a\\x0ab");
	refuse_name("a\x1b[2J", "control");
	refuse_name("a\x7f", "control");
	refuse_name("a\xc2\x9b", "control"); /* CSI as one C1 character */
	refuse_name("a\xe2\x80\xae"
		    "cod.exe",
		    "control"); /* right-to-left override */
	refuse_name("a\xe2\x81\xa6", "control");
	refuse_name("a\xff", "UTF-8");
	refuse_name("a\xc0\xaf", "UTF-8");     /* overlong slash */
	refuse_name("a\xed\xa0\x80", "UTF-8"); /* surrogate */
	refuse_name("a\xf4\x90\x80\x80", "UTF-8");
	refuse_name("a\xe2\x82", "UTF-8");
	for (int i = 0; i < 255; i++)
		str_add_char(&s, 'x');
	assert_ok(archive_policy_name(str_text(&s), &limits));
	str_add_char(&s, 'x');
	refuse_name(str_text(&s), "component");
	str_clear(&s);
	for (int i = 0; i < 64; i++)
		str_add(&s, i ? "/d" : "d");
	assert_ok(archive_policy_name(str_text(&s), &limits));
	str_add(&s, "/d");
	refuse_name(str_text(&s), "deep");
	for (int i = 0; i < 2050; i++)
		str_add(&s, "/d");
	refuse_name(str_text(&s), "too long");
}

static void test_symlink(void **state)
{
	static const struct {
		const char *path;
		const char *target;
		bool good;
	} cases[] = {
		{"l", "f", true},          {"a/l", "../f", true},       {"a/b/l", "../../x/y", true},
		{"l", ".", true},          {"a/l", "..", true},         {"l", "./a//b", true},
		{"a/l", ".././b", true},   {"l", "..", false},          {"l", "../x", false},
		{"a/l", "../../x", false}, {"l", "a/../b", false},      {"l", "", false},
		{"a/l", "x/../..", false}, {"l", "/etc/passwd", false}, {"l", "a\nb", false},
		{"a/l", "x/../b", false},
	};
	bool wanted = false;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err *e =
			archive_policy_symlink(cases[i].path, cases[i].target, ABSOLUTE_REFUSE, &limits, &wanted);

		assert_true(wanted);
		if (cases[i].good)
			assert_ok(e);
		else
			assert_fails(e, ERR_CORRUPT, "link '");
	}
	assert_ok(archive_policy_symlink("l", "/etc/x", ABSOLUTE_KEEP, &limits, &wanted));
	assert_true(wanted);
	assert_ok(archive_policy_symlink("l", "/etc/x", ABSOLUTE_SKIP, &limits, &wanted));
	assert_false(wanted);
	assert_fails(archive_policy_symlink("l", "../x", ABSOLUTE_KEEP, &limits, &wanted), ERR_CORRUPT, "outside");
}

static void test_amount(void **state)
{
	const int64_t mib = 1 << 20;

	(void)state;
	assert_ok(archive_policy_amount(&limits, 1000000, 1000 * mib, 100 * mib));
	assert_fails(archive_policy_amount(&limits, 1000001, 0, 0), ERR_CORRUPT, "entries");
	assert_fails(archive_policy_amount(&limits, 1, (8LL << 30) + 1, 0), ERR_CORRUPT, "too large unpacked");
	assert_fails(archive_policy_amount(&limits, 1, 0, (4LL << 30) + 1), ERR_CORRUPT, "one file");
	assert_ok(archive_policy_ratio(&limits, 64 * mib, 1000));
	assert_fails(archive_policy_ratio(&limits, 65 * mib, 1000), ERR_CORRUPT, "too well");
	assert_ok(archive_policy_ratio(&limits, 199 * mib, mib));
	assert_fails(archive_policy_ratio(&limits, 200 * mib, mib), ERR_CORRUPT, "too well");
	assert_ok(archive_policy_ratio(&limits, 200 * mib, 0)); /* unknown */
}

static void same_limits(const struct archive_limits *set)
{
	struct archive_limits all = archive_limits_of(set);

	assert_int_equal(all.entries, limits.entries);
	assert_int_equal(all.bytes, limits.bytes);
	assert_int_equal(all.file_bytes, limits.file_bytes);
	assert_int_equal(all.ratio, limits.ratio);
	assert_int_equal(all.ratio_after, limits.ratio_after);
	assert_int_equal(all.depth, limits.depth);
	assert_int_equal(all.name_bytes, limits.name_bytes);
	assert_int_equal(all.path_bytes, limits.path_bytes);
}

/* A limit as a command line has it; the hint of what is above one is taken as it stands. */
static void test_limits(void **state)
{
	static const char *const bad[] = {"",
					  "entries",
					  "entries=",
					  "entries=0",
					  "entries=10000001",
					  "bytes=16",
					  "bytes=65TiB",
					  "file=8 GiB",
					  "ratio=1000001",
					  "depth=3",
					  "entries=-1",
					  "bytes=0B",
					  "entries=1=2",
					  "=1"};
	struct archive_limits set = {0};
	struct archive_limits all;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_fails(archive_limits_set(&set, bad[i]), ERR_USAGE, "is not a limit");
	same_limits(NULL);
	same_limits(&set); /* what is no limit sets none */
	assert_ok(archive_limits_set(&set, "entries=2000000"));
	assert_ok(archive_limits_set(&set, "bytes=16GiB"));
	assert_ok(archive_limits_set(&set, "file=1500MiB"));
	assert_ok(archive_limits_set(&set, "ratio=500"));
	all = archive_limits_of(&set);
	assert_int_equal(all.path_bytes, limits.path_bytes);
	assert_fails(archive_policy_amount(&limits, 1000001, 0, 0), ERR_CORRUPT, "--limit entries=2000000");
	assert_ok(archive_policy_amount(&all, 2000000, 0, 0));
	assert_fails(archive_policy_amount(&all, 2000001, 0, 0), ERR_CORRUPT, "'limits: { entries: 4000000 }'");
	assert_fails(archive_policy_amount(&all, 1, (16LL << 30) + 1, 0), ERR_CORRUPT, "'limits: { bytes: 32GiB }'");
	assert_fails(archive_policy_amount(&all, 1, 0, 1501 << 20), ERR_CORRUPT, "'limits: { file: 3000MiB }'");
	assert_fails(archive_policy_ratio(&all, 500LL << 20, 1 << 20), ERR_CORRUPT, "'limits: { ratio: 1000 }'");
	assert_ok(archive_policy_ratio(&all, 499LL << 20, 1 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),   cmocka_unit_test(test_name),   cmocka_unit_test(test_symlink),
		cmocka_unit_test(test_amount), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
