/* What stands around the diffs of a patch: words are passed over, a change that cannot be read is refused by name. */
#include "test_patch_tree.h"

#define BODY "1\n2\n3\n"
#define DONE "1\ntwo\n3\n"
#define HUNK "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"
#define EDIT "--- a/f\n+++ b/f\n" HUNK
#define GIT(old, new) "diff --git a/" old " b/" new "\n"
#define ID "0123456789012345678901234567890123456789"
#define MAIL "From " ID " Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH] x\n\n"
#define BOM "\357\273\277"
#define NBSP "\302\240"
#define IN_F                                                                                                           \
	{                                                                                                              \
		{                                                                                                      \
			'f', "f", BODY                                                                                 \
		}                                                                                                      \
	}
#define F_DONE                                                                                                         \
	{                                                                                                              \
		{                                                                                                      \
			'f', "f", DONE                                                                                 \
		}                                                                                                      \
	}
#define RULER "===================================================================\n"

static const struct patch_case words[] = {
	{"a byte order mark before a diff", IN_F, BOM EDIT, 1, NULL, F_DONE},
	{"a byte order mark before a rename",
	 IN_F,
	 BOM GIT("f", "g") "similarity index 100%\nrename from f\nrename to g\n",
	 1,
	 NULL,
	 {{'f', "g", BODY}}},
	{"a byte order mark before a mode",
	 IN_F,
	 BOM GIT("f", "f") "old mode 100644\nnew mode 100755\n",
	 1,
	 NULL,
	 {{'x', "f", BODY}}},
	{"a byte order mark before the second of two patches",
	 {{'f', "f", BODY}, {'f', "g", BODY}},
	 EDIT BOM GIT("g", "h") "similarity index 100%\nrename from g\nrename to h\n",
	 1,
	 NULL,
	 {{'f', "f", DONE}, {'f', "h", BODY}}},
	{"a mail's text speaks of encodings", IN_F,
	 MAIL "It said\nContent-Transfer-Encoding: base64\nthere.\n---\n f | 2 +-\n\n" EDIT, 1, NULL, F_DONE},
	{"words above speak of encodings", IN_F,
	 "Subject: decode\n\nContent-Transfer-Encoding: quoted-printable was not known.\n\n" EDIT, 1, NULL, F_DONE},
	{"words below speak of encodings", IN_F, EDIT "\nContent-Transfer-Encoding: base64\n", 1, NULL, F_DONE},
	{"a head that speaks of encodings", IN_F, "Subject: x\nX-Content-Transfer-Encoding: base64\n\n" EDIT, 1, NULL,
	 F_DONE},
	{"a head in 7bit, folded", IN_F, "From: A\nContent-Transfer-Encoding:\n 7bit\n\n" EDIT, 1, NULL, F_DONE},
	{"a mail's text speaks of binary patches", IN_F, MAIL "GIT binary patches can be read.\n---\n\n" EDIT, 1, NULL,
	 F_DONE},
	{"a mail's text shows a hunk", IN_F,
	 MAIL "Like this:\n@@ -1,2 +1,2 @@\n-a\n+b\n\nSigned-off-by: A\n---\n f | 2 +-\n\n" GIT("f", "f") EDIT
	 "-- \n2.3\n",
	 1, NULL, F_DONE},
	{"the second mail's text shows a hunk",
	 IN_F,
	 MAIL "x\n---\n" GIT("f", "f") EDIT "-- \n2.3\n\n" MAIL "@@ -1 +1 @@\n-a\n+b\n---\n" GIT(
		 "f", "g") "similarity index 100%\nrename from f\nrename to g\n",
	 1,
	 NULL,
	 {{'f', "g", DONE}}},
	{"a mail of a mailbox shows a mode", IN_F,
	 "From a@b Thu Jan  1 00:00:00 1970\nFrom: A\nSubject: x\n\nold mode 100644\nnew mode 100755\n---\n" EDIT, 1,
	 NULL, F_DONE},
	{"words above show a diff, indented", IN_F, "Description: x\n  --- a/f\n  +++ b/f\n  @@ -1 +1 @@\n\n" EDIT, 1,
	 NULL, F_DONE},
	{"a log whose second message shows a diff, indented",
	 {{'f', "f", BODY}, {'f', "g", BODY}},
	 "commit " ID "\nAuthor: A\n\n    x\n\n" GIT("f", "f") EDIT
	 "\ncommit " ID
	 "\nAuthor: A\n\n    --- a/f\n    +++ b/f\n    @@ -1 +1 @@\n\n" GIT("g", "h") "similarity index 100%\nrename "
										      "from g\nrename to h\n",
	 1,
	 NULL,
	 {{'f', "f", DONE}, {'f', "h", BODY}}},
	{"CVS", IN_F, "Index: f\n" RULER "RCS file: /cvs/f,v\nretrieving revision 1.1\ndiff -u -r1.1 -r1.2\n" EDIT, 1,
	 NULL, F_DONE},
	{"svn, a property that is no mode", IN_F,
	 "Index: f\n" RULER EDIT "\nProperty changes on: f\n____\nAdded: svn:eol-style\n## -0,0 +1 ##\n+native\n\\ No "
	 "newline at end of property\n",
	 1, NULL, F_DONE},
	{"hg", IN_F, "# HG changeset patch\n# User A\n# Node ID " ID "\nx\n\ndiff -r 000000000000 f\n" EDIT, 1, NULL,
	 F_DONE},
	{"diff -r with one that has no other", IN_F, "Only in b: x\ndiff -ruN a/f b/f\n" EDIT "Only in a: y\n", 1, NULL,
	 F_DONE},
	{"words that end where a command would go on", IN_F, EDIT "diff -", 1, NULL, F_DONE},
	{"a patch that adds a patch",
	 {{'f', "f", BODY}},
	 "--- /dev/null\n+++ b/p\n@@ -0,0 +1,5 @@\n+--- a/f\n++++ b/f\n+@@ -1 +1 @@\n+-1\n++one\n" EDIT,
	 1,
	 NULL,
	 {{'f', "f", DONE}, {'f', "p", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+one\n"}}},
	{"a submodule whose diff follows",
	 {{'f', "d/f", BODY}},
	 "Submodule d 1234567..89abcde:\ndiff --git a/d/f b/d/f\n--- a/d/f\n+++ b/d/f\n" HUNK,
	 1,
	 NULL,
	 {{'f', "d/f", DONE}}},
};

static const struct patch_case refused[] = {
	{"packed by gzip", IN_F, "\037\213\10\1", 1, "is packed (gzip), not plain text", {{0}}},
	{"packed by bzip2", IN_F, "BZh91AY&SY", 1, "bzip2 -dc", {{0}}},
	{"zip", IN_F, "PK\3\4", 1, "packed (zip)", {{0}}},
	{"lines that end in CR alone", IN_F, "--- a/f\r+++ b/f\r@@ -1 +1 @@\r-1\r+2\r", 1, "end in CR alone", {{0}}},
	{"a web page", IN_F, "\n<!DOCTYPE html>\n<pre>--- a/f\n</pre>\n", 1, "it is a web page", {{0}}},
	{"an indented diff alone", IN_F, "    --- a/f\n    +++ b/f\n    @@ -1 +1 @@\n", 1, "line 1 is indented", {{0}}},
	{"a quoted diff after another",
	 IN_F,
	 EDIT "\n> --- a/g\n> +++ b/g\n> @@ -1 +1 @@\n",
	 1,
	 "a diff is indented",
	 {{0}}},
	{"colours",
	 IN_F,
	 "\033[1mdiff --git a/f b/f\033[m\n\033[1mold mode 100644\033[m\n" EDIT,
	 1,
	 "a terminal's colour code at column 1",
	 {{0}}},
	{"a no-break space in 'diff --git'",
	 IN_F,
	 "diff" NBSP "--git a/f b/f\nold mode 100644\n" EDIT,
	 1,
	 "line 1: this would begin with 'diff --git ', but for a no-break space (U+00A0) at column 5",
	 {{0}}},
	{"a dash in 'diff --git'", IN_F, "diff \342\200\224git a/f b/f\n" EDIT, 1, "(U+2014) at column 6", {{0}}},
	{"a zero-width space before '---'",
	 IN_F,
	 "\342\200\213--- a/f\n+++ b/f\n" HUNK,
	 1,
	 "a zero-width space",
	 {{0}}},
	{"a no-break space in '+++'",
	 IN_F,
	 "--- a/f\n+++" NBSP "b/f\n" HUNK,
	 1,
	 "line 2: this would begin with '+++ '",
	 {{0}}},
	{"a no-break space in git's header",
	 IN_F,
	 EDIT GIT("f", "g") "similarity index 100%\nrename" NBSP "from f\nrename to g\n",
	 1,
	 "this would begin with 'rename from '",
	 {{0}}},
	{"a tab in a mode",
	 IN_F,
	 GIT("f", "f") "old mode 100644\nnew\tmode 100755\n" EDIT,
	 1,
	 "a tab at column 4",
	 {{0}}},
	{"a mode without its file", IN_F, EDIT "\nold mode 100644\nnew mode 100755\n", 1, "belongs to no file", {{0}}},
	{"a similarity without its file", IN_F, "similarity index 100%\n" EDIT, 1, "belongs to no file", {{0}}},
	{"a hunk below DEP-3's words",
	 IN_F,
	 "Description: x\n\n@@ -1 +1 @@\n-1\n+2\n" EDIT,
	 1,
	 "belongs to no file",
	 {{0}}},
	{"a hunk below a mail's '---'", IN_F, MAIL "x\n---\n" HUNK EDIT, 1, "belongs to no file", {{0}}},
	{"two names without a hunk",
	 {{'f', "f", BODY}},
	 "--- a/f\n+++ b/f\n" GIT("f", "f") EDIT,
	 1,
	 "no hunk follows",
	 {{0}}},
	{"an empty file of diff -N",
	 IN_F,
	 "diff -ruN a/e b/e\ndiff -ruN a/f b/f\n" EDIT,
	 1,
	 "does not say in what: 'diff -ruN a/e b/e'",
	 {{0}}},
	{"an empty file of diff -N, at the end", IN_F, EDIT "diff -Nur a/z b/z\n", 1, "does not say in what", {{0}}},
	{"an empty file of svn", IN_F, "Index: e\n" RULER "Index: f\n" RULER EDIT, 1, "does not say in what", {{0}}},
	{"a mode of svn",
	 IN_F,
	 EDIT "\nProperty changes on: f\n____\nAdded: svn:executable\n## -0,0 +1 ##\n+*\n",
	 1,
	 "a file's mode changes by a property of svn",
	 {{0}}},
	{"a binary file of hg",
	 IN_F,
	 EDIT "diff -r 000000000000 b\nBinary file b has changed\n",
	 1,
	 "'b' is binary, and the patch does not hold",
	 {{0}}},
	{"a submodule's log",
	 IN_F,
	 EDIT "Submodule deps/lib 1234567..89abcde:\n  > x\n",
	 1,
	 "'deps/lib' is a submodule",
	 {{0}}},
	{"a new submodule's log",
	 IN_F,
	 EDIT "Submodule l 0000000...89abcde (new submodule)\n",
	 1,
	 "'l' is a submodule",
	 {{0}}},
};

static const struct patch_case formats[] = {
	{"a combined diff without its header",
	 IN_F,
	 "--- a/f\n+++ b/f\n@@@ -1 -1 +1 @@@\n--1\n++2\n",
	 1,
	 "a merge's combined diff",
	 {{0}}},
	{"a combined hunk alone", IN_F, EDIT "@@@ -1 -1 +1 @@@\n--1\n++2\n", 1, "a merge's combined diff", {{0}}},
	{"a normal diff after another",
	 IN_F,
	 EDIT "diff a/g b/g\n2c2\n< 2\n---\n> two\n",
	 1,
	 "is a normal diff",
	 {{0}}},
	{"a normal diff alone", IN_F, "1,2d0\n< 1\n< 2\n", 1, "is a normal diff", {{0}}},
	{"a diff of ed's alone", IN_F, "2c\ntwo\n.\n", 1, "ed's commands", {{0}}},
	{"a diff of ed's after another", IN_F, EDIT "diff -e a/g b/g\n2d\n", 1, "ed's commands", {{0}}},
	{"a signed mail",
	 IN_F,
	 "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- --- a/f\n+++ b/f\n" HUNK,
	 1,
	 "a signed message",
	 {{0}}},
	{"an encoded mail, folded and in other case",
	 IN_F,
	 "From: A\ncontent-transfer-encoding:\n BASE64 \n\nLS0t\n",
	 1,
	 "text is encoded",
	 {{0}}},
	{"an encoded part",
	 IN_F,
	 MAIL "x\n\n--b1\nContent-Type: text/x-patch\nContent-Transfer-Encoding: \"base64\"\n\nLS0t\n--b1--\n" EDIT,
	 1,
	 "text is encoded",
	 {{0}}},
	{"the second mail is encoded",
	 IN_F,
	 MAIL "---\n" EDIT "\n"
	      "From a@b Thu Jan  1 00:00:00 1970\n"
	      "Content-Transfer-Encoding: quoted-printable\n\nx\n",
	 1,
	 "text is encoded",
	 {{0}}},
	{"a flowed mail",
	 IN_F,
	 "From: A\nContent-Type: text/plain; charset=UTF-8;\n format=flowed\n\n" EDIT,
	 1,
	 "lines are flowed",
	 {{0}}},
};

static void test_words(void **state)
{
	(void)state;
	run_patch_cases(words, ARRAY_LEN(words));
}

static void test_refused(void **state)
{
	(void)state;
	run_patch_cases(refused, ARRAY_LEN(refused));
}

static void test_formats(void **state)
{
	(void)state;
	run_patch_cases(formats, ARRAY_LEN(formats));
}

static void assert_refused(const char *bytes, size_t size, const char *part)
{
	AUTO_FREE char *tree = test_dir();
	struct patch_input input = {.name = "p", .text = bytes, .size = size, .strip = 1};
	struct patch_report r = PATCH_REPORT_INIT;
	tree_put(tree, 'f', "f", BODY, strlen(BODY));
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &r), ERR_CORRUPT, part);
	patch_report_done(&r);
}

/* Each letter of an ASCII text becomes @width bytes. */
static void widen(struct str *out, const char *text, size_t width, bool big)
{
	for (; *text; text++)
		for (size_t i = 0; i < width; i++)
			str_add_char(out, i == (big ? width - 1 : 0) ? *text : '\0');
}

/* What an editor or a shell on Windows writes: refused as what it is. */
static void test_wide(void **state)
{
	(void)state;
	static const struct {
		const char *mark;
		size_t mark_size, width;
		bool big;
		const char *part;
	} kinds[] = {
		{"\377\376", 2, 2, false, "is UTF-16, not plain text"},
		{"\376\377", 2, 2, true, "is UTF-16"},
		{"", 0, 2, false, "iconv -t UTF-8 -f UTF-16LE p"},
		{"", 0, 2, true, "UTF-16BE"},
		{"\377\376\0\0", 4, 4, false, "is UTF-32"},
		{"\0\0\376\377", 4, 4, true, "is UTF-32"},
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO(str) text = STR_INIT;
		str_add_mem(&text, kinds[i].mark, kinds[i].mark_size);
		widen(&text, EDIT, kinds[i].width, kinds[i].big);
		assert_refused(text.data, text.len, kinds[i].part);
	}
	/* Appended to a patch in UTF-8, as >> does. */
	AUTO(str) text = STR_INIT;
	str_add(&text, EDIT);
	widen(&text, GIT("f", "f") EDIT, 2, /* big= */ false);
	assert_refused(text.data, text.len, "a NUL byte between diffs");
}

static void test_packed(void **state)
{
	(void)state;
	assert_refused("\3757zXZ\0\0\4", 8, "xz -dc p > FILE");
	assert_refused("\50\265\57\375\4\130\0\0", 8, "is packed (zstd)");
}

/* Notepad saves a series file with a byte order mark. */
static void test_series_mark(void **state)
{
	(void)state;
	static const char text[] = BOM "a.patch -p0\r\n# b.patch\r\n c.patch -R # words\r\n";
	struct patch_series s = PATCH_SERIES_INIT;
	assert_ok(patch_series_parse("series", text, strlen(text), &s));
	assert_int_equal(s.count, 2);
	assert_string_equal(s.items[0].name, "a.patch");
	assert_int_equal(s.items[0].strip, 0);
	assert_true(s.items[1].reverse);
	patch_series_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_refused), cmocka_unit_test(test_formats),
		cmocka_unit_test(test_wide),  cmocka_unit_test(test_packed),  cmocka_unit_test(test_series_mark),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
