/*
 * The table of cases that tell patch tools apart, one entry per row and of its name: what fits is applied, what does
 * not leaves the tree untouched and nothing beside it. Rows with a test of their own: offset (test_offsets), binary
 * literal/delta (test_binary), 800 files / 2400 hunks (test_many); "side effects" is asserted in every one.
 */
#include "test_patch_tree.h"

#define BODY "1\n2\n3\n4\n5\n6\n7\n8\n"
#define HUNK "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
#define EDIT(old, new) "--- " old "\n+++ " new "\n" HUNK
#define GIT(name) "diff --git a/" name " b/" name "\n"
#define DONE "1\n2\n3\n4\nfive\n6\n7\n8\n"
#define ID "0123456789012345678901234567890123456789"

static const struct patch_case cases[] = {
	{"exact", {{'f', "f", BODY}}, EDIT("a/f", "b/f"), 1, NULL, {{'f', "f", DONE}}},
	{"delete",
	 {{'f', "d/f", "1\n2\n"}, {'f', "g", ""}},
	 GIT("d/f") "deleted file mode 100644\nindex " ID ".." ID
		    "\n--- a/d/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n",
	 1,
	 NULL,
	 {{'f', "g", ""}}},
	{"mode +x", {{'f', "f", BODY}}, GIT("f") "old mode 100644\nnew mode 100755\n", 1, NULL, {{'x', "f", BODY}}},
	{"symlink",
	 {{'f', "d/f", ""}},
	 GIT("d/l") "new file mode 120000\nindex 0000000..1de5659\n--- /dev/null\n+++ b/d/l\n@@ -0,0 +1 @@\n+../d/f\n"
		    "\\ No newline at end of file\n",
	 1,
	 NULL,
	 {{'f', "d/f", ""}, {'l', "d/l", "../d/f"}}},
	{"no-EOL",
	 {{'f', "f", "1\n2"}, {'f', "g", "1\n2"}, {'f', "h", "1\n2\n"}},
	 "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n"
	 "--- a/g\n+++ b/g\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+2\n"
	 "--- a/h\n+++ b/h\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n",
	 1,
	 NULL,
	 {{'f', "f", "1\n3"}, {'f', "g", "1\n2\n"}, {'f', "h", "one\n2\n"}}},
	{"quoted names",
	 {{'f', "t\tb\"\303\244", BODY}},
	 "diff --git \"a/t\\tb\\\"\\303\\244\" \"b/t\\tb\\\"\\303\\244\"\n" EDIT("\"a/t\\tb\\\"\\303\\244\"",
										 "\"b/t\\tb\\\"\\303\\244\""),
	 1,
	 NULL,
	 {{'f', "t\tb\"\303\244", DONE}}},
	{"space names",
	 {{'f', "a b c", BODY}},
	 GIT("a b c") EDIT("a/a b c\t", "b/a b c\t"),
	 1,
	 NULL,
	 {{'f', "a b c", DONE}}},
	{"copy+edit",
	 {{'f', "f", BODY}},
	 "diff --git a/f b/g\nsimilarity index 80%\ncopy from f\ncopy to g\nindex " ID ".." ID
	 " 100644\n" EDIT("a/f", "b/g"),
	 1,
	 NULL,
	 {{'f', "f", BODY}, {'f', "g", DONE}}},
	{"rename",
	 {{'x', "a b/f", BODY}},
	 "diff --git a/a b/f b/c/g\nsimilarity index 100%\nrename from a b/f\nrename to c/g\n",
	 1,
	 NULL,
	 {{'x', "c/g", BODY}}},
	{"rename+edit",
	 {{'f', "f", BODY}},
	 "diff --git a/f b/g\nsimilarity index 80%\nrename from f\nrename to g\n" EDIT("a/f", "b/g"),
	 1,
	 NULL,
	 {{'f', "g", DONE}}},
	{"create (non-empty)",
	 {{'d', "e", NULL}},
	 GIT("n/f") "new file mode 100755\nindex 0000000.." ID "\n--- /dev/null\n+++ b/n/f\n@@ -0,0 +1,2 @@\n+1\n+2\n",
	 1,
	 NULL,
	 {{'d', "e", NULL}, {'x', "n/f", "1\n2\n"}}},
	{"create empty file",
	 {{'f', "f", ""}},
	 GIT("n") "new file mode 100644\nindex 0000000..e69de29\n",
	 1,
	 NULL,
	 {{'f', "f", ""}, {'f', "n", ""}}},
	{"delete empty file",
	 {{'f', "f", ""}, {'f', "n", ""}},
	 GIT("n") "deleted file mode 100644\nindex e69de29..0000000\n",
	 1,
	 NULL,
	 {{'f', "f", ""}}},
	{"1 context line differs (fuzz 1)",
	 {{'f', "f", "1\nTWO\n3\n4\n5\n6\n7\n8\n"}},
	 EDIT("a/f", "b/f"),
	 1,
	 "hunk 1 does not apply to 'f' (expected at line 2)",
	 {{0}}},
	{"1 context line differs (fuzz 2)",
	 {{'f', "f", "1\n2\nTHREE\n4\n5\n6\n7\n8\n"}},
	 EDIT("a/f", "b/f"),
	 1,
	 "      3 > THREE",
	 {{0}}},
	{"mbox (format-patch)",
	 {{'f', "f", BODY}},
	 "From " ID " Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH] x\n\nText.\n---\n f | 2 +-\n"
	 " 1 file changed\n\n" GIT("f") "index 1234567..89abcde 100644\n" EDIT("a/f", "b/f") "-- \n2.39.2\n\n",
	 1,
	 NULL,
	 {{'f', "f", DONE}}},
	{"2 patches to the same file in one mbox",
	 {{'f', "f", BODY}},
	 "From " ID " Mon Sep 17 00:00:00 2001\n\n" GIT("f")
		 EDIT("a/f", "b/f") "-- \n2.39.2\n\n"
				    "From " ID " Mon Sep 17 00:00:00 2001\n\n" GIT(
					    "f") "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-five\n+FIVE\n 6\n "
						 "7\n 8\n-- \n2.39.2\n",
	 1,
	 NULL,
	 {{'f', "f", "1\n2\n3\n4\nFIVE\n6\n7\n8\n"}}},
	{"leading prose",
	 {{'f', "f", BODY}},
	 "Description: fix\n--- not a name\nsome words\n" EDIT("a/f", "b/f"),
	 1,
	 NULL,
	 {{'f', "f", DONE}}},
	{"plain diff -u with timestamps",
	 {{'f', "f", BODY}},
	 EDIT("x.orig/f\t2022-12-14 10:00:00.000000000 +0000", "x/f\t2023-01-01 10:00:00.123456789 +0100"),
	 1,
	 NULL,
	 {{'f', "f", DONE}}},
	{"plain diff -u without timestamps", {{'f', "f", BODY}}, EDIT("f.orig", "f"), 0, NULL, {{'f', "f", DONE}}},
	{"/dev/null create",
	 {{'f', "f", BODY}, {'f', "o", "x\n"}, {'f', "p", "x\n"}},
	 "--- /dev/null\t2022-12-14 10:00:00\n+++ b/n\t2022-12-14 10:00:00\n@@ -0,0 +1 @@\n+1\n"
	 "--- a/o\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
	 "--- a/p\t2022-12-14 10:00:00\n+++ b/p\t1970-01-01 01:00:00.000000000 +0100\n@@ -1 +0,0 @@\n-x\n",
	 1,
	 NULL,
	 {{'f', "f", BODY}, {'f', "n", "1\n"}}},
	{"svn Index: without prefix at -p1",
	 {{'f', "f", BODY}},
	 "Index: f\n===================================================================\n" EDIT("f\t(revision 1)",
												"f\t(working copy)"),
	 1,
	 "with strip 0 instead of 1, 1 of 1 files exist",
	 {{0}}},
	{"svn Index: without prefix at -p0",
	 {{'f', "f", BODY}},
	 "Index: f\n===================================================================\n" EDIT("f\t(revision 1)",
												"f\t(working copy)"),
	 0,
	 NULL,
	 {{'f', "f", DONE}}},
	{"context diff (-c)",
	 {{'f', "f", BODY}},
	 "*** a/f\n--- b/f\n***************\n*** 4,6 ****\n  4\n! 5\n  6\n--- 4,6 ----\n  4\n! five\n  6\n",
	 1,
	 "this is a context diff",
	 {{0}}},
	{"combined diff (of a merge) before a good one",
	 {{'f', "f", BODY}},
	 "diff --cc f\nindex 1234567,1234568..89abcde\n--- a/f\n+++ b/f\n@@@ -4,1 -4,1 +4,1 @@@\n--4\n++four\n" EDIT(
		 "a/f", "b/f"),
	 1,
	 "a merge's combined diff",
	 {{0}}},
	{"mail in quoted-printable (not its own bytes)",
	 {{'f', "f", BODY}},
	 "From: A <a@b>\nContent-transfer-encoding: quoted-printable\n\n---\n"
	 "--- a/f\n+++ b/f\n@@ -4,2 +4,3 @@\n 4\n+x =3D 1\n 5\n",
	 1,
	 "this mail's text is encoded",
	 {{0}}},
	{"mail in base64 (not its own bytes)",
	 {{'f', "f", BODY}},
	 "From " ID " Mon Sep 17 00:00:00 2001\nContent-Transfer-Encoding: base64\n\nLS0tIGEvZg==\n",
	 1,
	 "this mail's text is encoded",
	 {{0}}},
	{"mail in 8bit",
	 {{'f', "f", BODY}},
	 "From " ID " Mon Sep 17 00:00:00 2001\nContent-Transfer-Encoding: 8bit\n\n" EDIT("a/f", "b/f"),
	 1,
	 NULL,
	 {{'f', "f", DONE}}},
	{"LF patch on CRLF file",
	 {{'f', "f", "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n"}},
	 EDIT("a/f", "b/f"),
	 1,
	 "the file's lines end in CRLF",
	 {{0}}},
	{"CRLF patch on LF file",
	 {{'f', "f", BODY}},
	 "--- a/f\r\n+++ b/f\r\n@@ -2,7 +2,7 @@\r\n 2\r\n 3\r\n 4\r\n-5\r\n+five\r\n 6\r\n 7\r\n 8\r\n",
	 1,
	 NULL,
	 {{'f', "f", DONE}}},
	{"CRLF patch on CRLF file",
	 {{'f', "f", "1\r\n2\r\n3\r\n"}},
	 "--- a/f\r\n+++ b/f\r\n@@ -1,3 +1,3 @@\r\n 1\r\n-2\r\n+two\r\n 3\r\n",
	 1,
	 NULL,
	 {{'f', "f", "1\r\ntwo\r\n3\r\n"}}},
	{"already applied",
	 {{'f', "f", DONE}},
	 EDIT("a/f", "b/f"),
	 1,
	 "patch 't.patch' is upstream now: drop it",
	 {{0}}},
	{"second file fails: the first is untouched",
	 {{'f', "f", BODY}, {'f', "g", "other\n"}},
	 EDIT("a/f", "b/f") EDIT("a/g", "b/g"),
	 1,
	 "does not apply to 'g'",
	 {{0}}},
	{"../f", {{'f', "f", BODY}}, EDIT("a/../f", "b/../f"), 1, "leads outside the tree", {{0}}},
	{"../evil",
	 {{'f', "f", BODY}},
	 "--- /dev/null\n+++ b/../evil\n@@ -0,0 +1 @@\n+x\n",
	 1,
	 "leads outside the tree",
	 {{0}}},
	{"absolute path",
	 {{'f', "f", BODY}},
	 "--- /dev/null\n+++ /tmp/evil\n@@ -0,0 +1 @@\n+x\n",
	 0,
	 "absolute path",
	 {{0}}},
	{"new file .git/hooks/...",
	 {{'f', "f", BODY}},
	 GIT(".git/hooks/pre-commit") "new file mode 100755\n--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 "
				      "@@\n+x\n",
	 1,
	 "inside a .git folder",
	 {{0}}},
	{"new file .git/hooks/..., in disguise",
	 {{'f', "f", BODY}},
	 "--- /dev/null\n+++ b/sub/.g\342\200\214iT/config\n@@ -0,0 +1 @@\n+x\n",
	 1,
	 "inside a .git folder",
	 {{0}}},
	{"write through existing symlinked dir",
	 {{'d', "real", NULL}, {'l', "link", "real"}},
	 "--- /dev/null\n+++ b/link/evil\n@@ -0,0 +1 @@\n+x\n",
	 1,
	 "'link' is a symbolic link, not a folder",
	 {{0}}},
	{"patch creates symlink then writes through it",
	 {{'d', "real", NULL}},
	 GIT("link") "new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+real\n\\ No newline at end of "
		     "file\n" GIT(
			     "link/evil") "new file mode 100644\n--- /dev/null\n+++ b/link/evil\n@@ -0,0 +1 @@\n+x\n",
	 1,
	 "'link' is a symbolic link, not a folder",
	 {{0}}},
	{"patch creates symlink that leads outside",
	 {{'f', "d/f", ""}},
	 GIT("d/l") "new file mode 120000\n--- /dev/null\n+++ b/d/l\n@@ -0,0 +1 @@\n+../../x\n\\ No newline at end of "
		    "file\n",
	 1,
	 "leads outside the tree: '../../x'",
	 {{0}}},
	{"create over an existing file",
	 {{'f', "f", "mine\n"}},
	 "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\n",
	 1,
	 "'f' would be created and exists already",
	 {{0}}},
	{"patch file truncated by 10 bytes",
	 {{'f', "f", BODY}},
	 "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+fi",
	 1,
	 "is cut short",
	 {{0}}},
	{"patch file truncated inside its last line",
	 {{'f', "f", BODY}},
	 "--- a/f\n+++ b/f\n@@ -8 +8 @@\n-8\n+eigh",
	 1,
	 "is cut short",
	 {{0}}},
	{"patch file truncated inside \"\\ No newline\"",
	 {{'f', "f", BODY}},
	 "--- a/f\n+++ b/f\n@@ -8 +8 @@\n-8\n+eight\n\\ No ne",
	 1,
	 "is cut short",
	 {{0}}},
	{"empty patch file", {{'f', "f", BODY}}, "", 1, NULL, {{'f', "f", BODY}}},
	{"patch file of prose alone", {{'f', "f", BODY}}, "<html>404 Not Found</html>\n", 1, "contains no diff", {{0}}},
};

static void test_cases(void **state)
{
	(void)state;
	run_patch_cases(cases, ARRAY_LEN(cases));
}

static void test_offsets(void **state)
{
	(void)state;
	static const int offsets[] = {5, 2000, -3};
	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		AUTO_FREE char *tree = test_dir();
		AUTO_FREE char *before = numbered(1, offsets[i] < 0 ? 97 : 100 + offsets[i]);
		AUTO_FREE char *after = NULL;
		struct patch_report r = PATCH_REPORT_INIT;
		int at = 50 + offsets[i];
		AUTO_FREE char *patch =
			mem_printf("--- a/f\n+++ b/f\n@@ -%d,3 +%d,4 @@\n line %d\n line %d\n+new\n line %d\n", 50, 50,
				   at, at + 1, at + 2);
		tree_put(tree, 'f', "f", before, strlen(before));
		assert_ok(apply_text(tree, patch, 1, &r));
		assert_int_equal(r.hunks, 1);
		assert_int_equal(r.offset_count, 1);
		assert_int_equal(r.offsets[0].offset, offsets[i]);
		assert_int_equal(r.offsets[0].line, at);
		AUTO_FREE char *path = path_join(tree, "f");
		AUTO_FREE char *head = numbered(1, at + 1);
		AUTO_FREE char *tail = numbered(at + 2, offsets[i] < 0 ? 97 : 100 + offsets[i]);
		AUTO_FREE char *wanted = mem_printf("%snew\n%s", head, tail);
		assert_ok(file_read(path, 1 << 20, &after, NULL));
		assert_string_equal(after, wanted);
		patch_report_done(&r);
	}
}

/* A hunk that fits three lines up and three lines down fits nowhere. */
static void test_ambiguous(void **state)
{
	(void)state;
	AUTO_FREE char *tree = test_dir();
	struct patch_report r = PATCH_REPORT_INIT;
	static const struct entry even[] = {{'f', "g", "a\nb\nc\nx\nx\nx\na\nb\nc\n"}, {0}};
	tree_make(tree, even);
	assert_fails(apply_text(tree, "--- a/g\n+++ b/g\n@@ -4,3 +4,3 @@\n a\n-b\n+B\n c\n", 1, &r), ERR_CORRUPT,
		     "applies to 'g' at two equally near places: at line 1 and at line 7");
	assert_ok(apply_text(tree, "--- a/g\n+++ b/g\n@@ -5,3 +5,3 @@\n a\n-b\n+B\n c\n", 1, &r));
	assert_int_equal(r.offset_count, 1);
	assert_int_equal(r.offsets[0].offset, 2);
	patch_report_done(&r);
}

static void test_binary(void **state)
{
	(void)state;
	static const char patch[] = GIT(
		"delta.bin") "index 52bcd7432e45b7ef9fa8129f5a5b60876a564801..abc717c5d79bd59cc5daeaa2922199b527916255 "
			     "100644\n"
			     "GIT binary patch\ndelta 20\nbcmcb?a-U^`4kJ5*hpUf|Kf`7nMjb`~K)D4a\n\ndelta "
			     "12\nTcmcc5a)V`q4&!EHMjb`~9-#xV\n\n" GIT(
				     "lit.bin") "index "
						"b66efb8adab7795606f4ebbc70be4c0a1d047a52.."
						"d5e9db9ec5a9e4831864d93ac65f234fecb38a66 100644\n"
						"GIT binary patch\nliteral 20\nLcmZSh&wv2|W3UPL\n\nliteral "
						"16\nXcmZQzWMXDvWn<^y<l^Sx<>Lnc0=NKq\n\n";
	unsigned char old[600], literal[16];
	for (unsigned i = 0; i < 600; i++)
		old[i] = (unsigned char)((i * i * 7 + i / 3) % 251);
	for (unsigned i = 0; i < 16; i++)
		literal[i] = (unsigned char)i;
	AUTO_FREE char *tree = test_dir();
	AUTO_FREE char *wanted_dir = test_dir();
	tree_put(tree, 'f', "delta.bin", old, 600);
	tree_put(tree, 'f', "lit.bin", literal, 16);
	AUTO(str) before = tree_dump(tree);
	AUTO(str) delta = STR_INIT;
	str_add_mem(&delta, old, 300);
	str_add_mem(&delta, "\0HELLO\0", 7);
	str_add_mem(&delta, old + 300, 300);
	tree_put(wanted_dir, 'f', "delta.bin", delta.data, delta.len);
	tree_put(wanted_dir, 'f', "lit.bin", "\0\377\0\377\0\377\0\377\0\377\0\377\0\377\0\377\0\377\0\377", 20);
	AUTO(str) wanted = tree_dump(wanted_dir);
	struct patch_report r = PATCH_REPORT_INIT;
	struct patch_input input = {.name = "bin", .text = patch, .size = sizeof(patch) - 1, .strip = 1};
	assert_ok(patch_series_apply(tree, &input, 1, NULL, &r));
	AUTO(str) found = tree_dump(tree);
	assert_true(tree_same(&found, &wanted));
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &r), ERR_CORRUPT, "'bin' is upstream now: drop it");
	input.reverse = true;
	assert_ok(patch_series_apply(tree, &input, 1, NULL, &r));
	AUTO(str) back = tree_dump(tree);
	assert_true(tree_same(&back, &before));
	tree_put(tree, 'f', "lit.bin", "other", 5);
	input.reverse = false;
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &r), ERR_CORRUPT,
		     "is not the file that the binary hunk was made for");
	patch_report_done(&r);
}

/* 800 files, 2400 hunks: nothing is left beside the result. tests/bench/patch.sh says how long it takes. */
static void test_many(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO_FREE char *body = numbered(1, 300);
	AUTO(str) patch = STR_INIT;
	assert_ok(dir_make(tree, 0755));
	for (int i = 0; i < 800; i++) {
		AUTO_FREE char *folder = mem_printf("%s/d%d", tree, i / 50);
		AUTO_FREE char *full = mem_printf("%s/f%d.c", folder, i);
		assert_ok(dir_make(folder, 0755));
		file_put(full, body, strlen(body), 0644);
		str_addf(&patch, "--- a/d%d/f%d.c\n+++ b/d%d/f%d.c\n", i / 50, i, i / 50, i);
		for (int at = 50; at <= 250; at += 100)
			str_addf(&patch, "@@ -%d,3 +%d,3 @@\n line %d\n-line %d\n+changed\n line %d\n", at, at, at,
				 at + 1, at + 2);
	}
	struct patch_report r = PATCH_REPORT_INIT;
	assert_ok(apply_text(tree, str_text(&patch), 1, &r));
	assert_int_equal(r.files, 800);
	assert_int_equal(r.hunks, 2400);
	assert_int_equal(r.offset_count, 0);
	AUTO(strs) beside = STRS_INIT;
	assert_ok(dir_list(dir, &beside));
	assert_int_equal(beside.count, 1);
	AUTO(strs) inside = STRS_INIT;
	assert_ok(dir_list(tree, &inside));
	assert_int_equal(inside.count, 16);
	patch_report_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_offsets), cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_binary), cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
