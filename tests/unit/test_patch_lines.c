/* The lines of a hunk as mailers, editors and other systems leave them: line ends, lost blanks, counts that lie. */
#include "test_patch_tree.h"

#define NAMES "--- a/f\n+++ b/f\n"
#define CR_NAMES "--- a/f\r\n+++ b/f\r\n"
#define CR_LINES " 2\r\n 3\r\n-4\r\n+four\r\n 5\r\n"
#define MIXED "1\n2\r\n3\r\n4\r\n5\r\n6\r\n"
#define NO_NEWLINE "\\ No newline at end of file\n"

static const struct patch_case line_ends[] = {
	{"CR after the function's name alone",
	 {{'f', "f", MIXED}},
	 NAMES "@@ -2,4 +2,4 @@ int main()\r\n" CR_LINES,
	 1,
	 NULL,
	 {{'f', "f", "1\n2\r\n3\r\nfour\r\n5\r\n6\r\n"}}},
	{"CR after the function's name of the first hunk of two",
	 {{'f', "f", "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n"}},
	 NAMES "@@ -1,2 +1,2 @@ int main()\r\n-1\r\n+one\r\n 2\r\n@@ -6,2 +6,2 @@\n 6\r\n-7\r\n+seven\r\n",
	 1,
	 NULL,
	 {{'f', "f", "one\r\n2\r\n3\r\n4\r\n5\r\n6\r\nseven\r\n"}}},
	{"all in CRLF, the file but for its first line",
	 {{'f', "f", MIXED}},
	 CR_NAMES "@@ -2,4 +2,4 @@\r\n" CR_LINES,
	 1,
	 NULL,
	 {{'f', "f", "1\n2\r\n3\r\nfour\r\n5\r\n6\r\n"}}},
	{"all in CRLF, of the file only its first line",
	 {{'f', "f", "1\r\n2\n3\n4\n5\n6\n"}},
	 CR_NAMES "@@ -2,4 +2,4 @@\r\n" CR_LINES,
	 1,
	 NULL,
	 {{'f', "f", "1\r\n2\n3\nfour\n5\n6\n"}}},
	{"lines of their own ends between headers in CRLF",
	 {{'f', "f", "1\r\n2\n3\r\n"}},
	 CR_NAMES "@@ -1,3 +1,3 @@\r\n 1\r\n-2\n+two\n 3\r\n",
	 1,
	 NULL,
	 {{'f', "f", "1\r\ntwo\n3\r\n"}}},
	{"one file in CRLF after one in LF",
	 {{'f', "f", "1\n2\n"}, {'f', "g", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n 1\n-2\n+two\n--- a/g\r\n+++ b/g\r\n@@ -1,2 +1,2 @@\r\n 1\r\n-2\r\n+two\r\n",
	 1,
	 NULL,
	 {{'f', "f", "1\ntwo\n"}, {'f', "g", "1\ntwo\n"}}},
	{"a CR of the file's before a newline that is not there",
	 {{'f', "f", "1\n2\r"}},
	 NAMES "@@ -1,2 +1,2 @@\n 1\n-2\r\n" NO_NEWLINE "+two\r\n" NO_NEWLINE,
	 1,
	 NULL,
	 {{'f', "f", "1\ntwo\r"}}},
	{"both readings fit, one of them exactly",
	 {{'f', "f", "a\r\nb\r\nc\r\na\nb\nc\n"}},
	 CR_NAMES "@@ -4,3 +4,3 @@\r\n a\r\n-b\r\n+B\r\n c\r\n",
	 1,
	 NULL,
	 {{'f', "f", "a\r\nb\r\nc\r\na\nB\nc\n"}}},
	{"both readings fit, neither exactly",
	 {{'f', "f", "a\r\nb\r\nc\r\nx\na\nb\nc\n"}},
	 CR_NAMES "@@ -4,3 +4,3 @@\r\n a\r\n-b\r\n+B\r\n c\r\n",
	 1,
	 "has two places for the patch",
	 {{0}}},
	{"lines in CRLF between headers in LF, a file in LF",
	 {{'f', "f", "1\n2\n3\n4\n5\n"}},
	 NAMES "@@ -2,4 +2,4 @@\n" CR_LINES,
	 1,
	 "does not apply to 'f'",
	 {{0}}},
	{"an empty line in CRLF that lost its blank",
	 {{'f', "f", "1\r\n\r\n3\r\n"}},
	 NAMES "@@ -1,3 +1,3 @@\n 1\r\n\r\n-3\r\n+three\r\n",
	 1,
	 NULL,
	 {{'f', "f", "1\r\n\r\nthree\r\n"}}},
	{"all in CRLF, an empty line that lost its blank",
	 {{'f', "f", "1\n\n3\n"}},
	 CR_NAMES "@@ -1,3 +1,3 @@\r\n 1\r\n\r\n-3\r\n+three\r\n",
	 1,
	 NULL,
	 {{'f', "f", "1\n\nthree\n"}}},
};

static const struct patch_case lost[] = {
	{"a blank before a tab",
	 {{'f', "f", "all:\n\tfirst\n\tsecond\nend:\n"}},
	 NAMES "@@ -1,4 +1,4 @@\n all:\n\tfirst\n-\tsecond\n+\tSECOND\n end:\n",
	 1,
	 NULL,
	 {{'f', "f", "all:\n\tfirst\n\tSECOND\nend:\n"}}},
	{"a blank before a tab, and the file has another line there",
	 {{'f', "f", "all:\nfirst\n\tsecond\nend:\n"}},
	 NAMES "@@ -1,4 +1,4 @@\n all:\n\tfirst\n-\tsecond\n+\tSECOND\n end:\n",
	 1,
	 "does not apply",
	 {{0}}},
	{"a blank before a letter",
	 {{'f', "f", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n1\n-2\n+two\n",
	 1,
	 "line 4: a line of the hunk of line 3 begins with '1' instead of ' ', '-' or '+'",
	 {{0}}},
	{"a blank that became another",
	 {{'f', "f", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n\302\2401\n-2\n+two\n",
	 1,
	 "begins with a no-break space (U+00A0)",
	 {{0}}},
	{"a minus that became a dash",
	 {{'f', "f", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n 1\n\342\200\2232\n+two\n",
	 1,
	 "(U+2013)",
	 {{0}}},
	{"the end",
	 {{'f', "f", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n 1\n",
	 1,
	 "fetch the patch again: its end is",
	 {{0}}},
};

static const struct patch_case counts[] = {
	{"too few lines, then another hunk",
	 {{'f', "f", "1\n2\n3\n4\n"}},
	 NAMES "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n@@ -4 +4 @@\n-4\n+four\n",
	 1,
	 "line 7: the hunk of line 3 has fewer lines than its header says",
	 {{0}}},
	{"too few lines, then another file",
	 {{'f', "f", "1\n2\n3\n"}, {'f', "g", "1\n"}},
	 NAMES "@@ -1,3 +1,3 @@\n 1\n-2\n+two\ndiff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-1\n+one\n",
	 1,
	 "has fewer lines than its header says",
	 {{0}}},
	{"more added lines",
	 {{'f', "f", "1\n2\n"}},
	 NAMES "@@ -1,2 +1,2 @@\n-1\n+one\n+two\n 2\n",
	 1,
	 "more lines than its header says",
	 {{0}}},
	{"a deleted line that begins with '-' left over",
	 {{'f', "f", "1\n-foo\n"}},
	 NAMES "@@ -1,1 +1,1 @@\n-1\n+one\n--foo\n",
	 1,
	 "more lines than its header says",
	 {{0}}},
	{"lines left over after one that lost its blank",
	 {{'f', "f", "1\n\n3\n"}},
	 NAMES "@@ -1,1 +1,1 @@\n-1\n+one\n\n-3\n+three\n",
	 1,
	 "more lines than its header says",
	 {{0}}},
	{"a list in words after the last hunk",
	 {{'f', "f", "1\n"}},
	 NAMES "@@ -1 +1 @@\n-1\n+one\n\n- one\n- two\n\n+ three\n",
	 1,
	 NULL,
	 {{'f', "f", "one\n"}}},
	{"a signature, a boundary, a ruler after the last hunk",
	 {{'f', "f", "1\n"}, {'f', "g", "1\n"}, {'f', "h", "1\n"}},
	 NAMES "@@ -1 +1 @@\n-1\n+one\n-- \n2.39.5\n\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-1\n+one\n\n--0000boundary--\n"
	       "--- a/h\n+++ b/h\n@@ -1 +1 @@\n-1\n+one\n-----8<-----\n",
	 1,
	 NULL,
	 {{'f', "f", "one\n"}, {'f', "g", "one\n"}, {'f', "h", "one\n"}}},
	{"no newline, in another language and without its blank",
	 {{'f', "f", "1"}, {'f', "g", "1"}},
	 NAMES "@@ -1 +1 @@\n-1\n\\ Pas de fin de ligne\n+one\n\\ Kein Zeilenumbruch\n"
	       "--- a/g\n+++ b/g\n@@ -1 +1 @@\n-1\n\\No newline\n+one\n\\No newline\n",
	 1,
	 NULL,
	 {{'f', "f", "one"}, {'f', "g", "one"}}},
};

static void test_line_ends(void **state)
{
	(void)state;
	run_patch_cases(line_ends, ARRAY_LEN(line_ends));
}

static void test_lost(void **state)
{
	(void)state;
	run_patch_cases(lost, ARRAY_LEN(lost));
}

static void test_counts(void **state)
{
	(void)state;
	run_patch_cases(counts, ARRAY_LEN(counts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
