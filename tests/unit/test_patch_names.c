/* The two names of a section: which one counts, what becomes of one that is of no use, and what is no file at all. */
#include "test_patch_tree.h"

#define BODY "1\n2\n3\n"
#define DONE "1\ntwo\n3\n"
#define HUNK "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"
#define EDIT(old, new) "--- " old "\n+++ " new "\n" HUNK
#define STAMP "\t2020-01-01 00:00:00.000000000 +0000"
#define EPOCH "\t1970-01-01 00:00:00.000000000 +0000"
#define GIT(name) "diff --git a/" name " b/" name "\n"
#define SUBJECT "Subproject commit "
#define ID1 "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"
#define IN_F                                                                                                           \
	{                                                                                                              \
		{                                                                                                      \
			'f', "f", BODY                                                                                 \
		}                                                                                                      \
	}
#define IN_D                                                                                                           \
	{                                                                                                              \
		{                                                                                                      \
			'f', "d/f", BODY                                                                               \
		}                                                                                                      \
	}
#define F_DONE                                                                                                         \
	{                                                                                                              \
		{                                                                                                      \
			'f', "f", DONE                                                                                 \
		}                                                                                                      \
	}
#define D_DONE                                                                                                         \
	{                                                                                                              \
		{                                                                                                      \
			'f', "d/f", DONE                                                                               \
		}                                                                                                      \
	}

static const struct patch_case names[] = {
	{"old one outside", IN_D, EDIT("../x.orig/d/f" STAMP, "d/f" STAMP), 0, NULL, D_DONE},
	{"old one outside, at strip 1", IN_D, EDIT("../../b/x/d/f" STAMP, "./d/f" STAMP), 1, NULL, D_DONE},
	{"new one outside", IN_D, EDIT("d/f" STAMP, "../x/d/f" STAMP), 0, NULL, D_DONE},
	{"old one absolute", IN_D, EDIT("/tmp/x.orig/d/f" STAMP, "d/f" STAMP), 0, NULL, D_DONE},
	{"old one absolute, at strip 1", IN_D, EDIT("/home/b/x/d/f" STAMP, "./d/f" STAMP), 1, NULL, D_DONE},
	{"both absolute, at strip 1", IN_F, EDIT("/f.orig" STAMP, "/f" STAMP), 1, NULL, F_DONE},
	{"old one too short", IN_F, EDIT("f.orig" STAMP, "x-1.0/f" STAMP), 1, NULL, F_DONE},
	{"new one too short", IN_F, EDIT("x-1.0.orig/f" STAMP, "f" STAMP), 1, NULL, F_DONE},
	{"both outside", IN_F, EDIT("../f", "../f"), 0, "with strip 1 instead of 0, 1 of 1 files exist", {{0}}},
	{"both absolute", IN_F, EDIT("/f", "/f"), 0, "with strip 1 instead of 0, 1 of 1 files exist", {{0}}},
	{"both too short", IN_F, EDIT("f", "f"), 1, "with strip 0 instead of 1, 1 of 1 files exist", {{0}}},
	{"one outside, one too short", IN_F, EDIT("../../f", "f"), 1, "with strip 2 instead of 1", {{0}}},
	{"outside by a part in the middle", IN_F, EDIT("a/d/../../f", "a/d/../../f"), 1, "leads outside", {{0}}},
	{"old one outside, the new one does not exist", IN_F, EDIT("../f", "d/f"), 0, "'d/f' does not exist", {{0}}},
	{"a new file, the name of what is not there outside",
	 {{'f', "f", BODY}},
	 "--- ../x.orig/n" EPOCH "\n+++ n" STAMP "\n@@ -0,0 +1 @@\n+n\n",
	 0,
	 NULL,
	 {{'f', "f", BODY}, {'f', "n", "n\n"}}},
	{"a new file, its name outside, what is not there named inside",
	 {{'f', "f", BODY}},
	 "--- x.orig/n" EPOCH "\n+++ ../x/../n" STAMP "\n@@ -0,0 +1 @@\n+n\n",
	 1,
	 NULL,
	 {{'f', "f", BODY}, {'f', "n", "n\n"}}},
	{"a deleted file, the name of what is not there absolute",
	 {{'f', "f", BODY}, {'f', "n", "n\n"}},
	 "--- n" STAMP "\n+++ /tmp/n" EPOCH "\n@@ -1 +0,0 @@\n-n\n",
	 0,
	 NULL,
	 {{'f', "f", BODY}}},
	{"a new file outside", IN_F, "--- /dev/null\n+++ ../n\n@@ -0,0 +1 @@\n+n\n", 0, "leads outside", {{0}}},
	{"git, one outside", IN_F, "diff --git ../f f\n" EDIT("../f", "f"), 0, "leads outside the tree", {{0}}},
	{"in .git, the other one fine", IN_F, EDIT("f", ".git/f"), 0, "inside a .git folder", {{0}}},
	{"Latin-1", {{'f', "\344", BODY}}, EDIT("a/\344", "b/\344"), 1, NULL, {{'f', "\344", DONE}}},
};

static const struct patch_case submodules[] = {
	{"moved",
	 {{'f', "f", BODY}},
	 GIT("deps/lib") "index 1111111..2222222 160000\n--- a/deps/lib\n+++ b/deps/lib\n@@ -1 +1 @@\n-" SUBJECT ID1
			 "\n+" SUBJECT ID2 "\n",
	 1,
	 "'deps/lib' is a submodule, which a patch cannot change",
	 {{0}}},
	{"added",
	 {{'f', "f", BODY}},
	 GIT("deps/lib") "new file mode 160000\nindex 0000000..2222222\n--- /dev/null\n+++ b/deps/lib\n@@ -0,0 +1 @@\n"
			 "+" SUBJECT ID2 "\n",
	 1,
	 "exclude that path",
	 {{0}}},
	{"removed",
	 {{'f', "f", BODY}},
	 GIT("deps/lib") "deleted file mode 160000\nindex 1111111..0000000\n--- a/deps/lib\n+++ /dev/null\n"
			 "@@ -1 +0,0 @@\n-" SUBJECT ID1 "\n",
	 1,
	 "is a submodule",
	 {{0}}},
};

static void test_names(void **state)
{
	(void)state;
	run_patch_cases(names, ARRAY_LEN(names));
}

static void test_submodules(void **state)
{
	(void)state;
	run_patch_cases(submodules, ARRAY_LEN(submodules));
}

/* Excluded, they are passed over, and the rest of the patch is applied. */
static void test_submodules_excluded(void **state)
{
	(void)state;
	AUTO(strs) exclude = STRS_INIT;
	strs_add(&exclude, "deps/lib");
	for (size_t i = 0; i < ARRAY_LEN(submodules); i++) {
		AUTO_FREE char *tree = test_dir();
		AUTO_FREE char *other = test_dir();
		AUTO_FREE char *text = mem_printf("%s%s", EDIT("a/f", "b/f"), submodules[i].patch);
		static const struct entry done[] = {{'f', "f", DONE}, {0}};
		struct patch_report r = PATCH_REPORT_INIT;
		struct patch_input input = {
			.name = "p", .text = text, .size = strlen(text), .strip = 1, .exclude = &exclude};
		tree_make(tree, submodules[i].before);
		tree_make(other, done);
		assert_ok(patch_series_apply(tree, &input, 1, NULL, &r));
		AUTO(str) found = tree_dump(tree);
		AUTO(str) wanted = tree_dump(other);
		assert_true(tree_same(&found, &wanted));
		assert_int_equal(r.skipped.count, 1);
		assert_int_equal(r.hunks_skipped, 1);
		patch_report_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_submodules),
		cmocka_unit_test(test_submodules_excluded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
