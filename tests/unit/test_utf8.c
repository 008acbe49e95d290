/* Text beyond its bytes: names that a Mac takes for one, and how wide a terminal shows what. */
#include "base/utf8.h"
#include "harness.h"

static void same(const char *a, const char *b, bool expected)
{
	AUTO_FREE char *fa = utf8_fold(a);
	AUTO_FREE char *fb = utf8_fold(b);

	assert_int_equal(streq(fa, fb), expected);
}

static void test_fold(void **state)
{
	(void)state;
	same("README", "readme", true);
	same("a/B", "A/b", true);
	same("\xc3\xa9", "e\xcc\x81", true);                                /* é composed and decomposed */
	same("\xc3\x89", "e\xcc\x81", true);                                /* É */
	same("\xc3\xa9", "e", false);                                       /* the accent counts */
	same("\xce\xa3", "\xcf\x82", true);                                 /* Σ and final ς */
	same("\xd0\x96", "\xd0\xb6", true);                                 /* Ж ж */
	same("\xe3\x81\x8c", "\xe3\x81\x8b\xe3\x82\x99", true);             /* が */
	same("\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", true); /* 각 */
	same(".g\xe2\x80\x8cit", ".git", true);                             /* zero-width non-joiner */
	same("\xc5\x81", "\xc5\x82", true);                                 /* Ł ł */
	same("a\xff", "a\xfe", false);
	same("stra\xc3\x9f"
	     "e",
	     "STRASSE", true);                                              /* ß */
	same("\xe1\xbb\x87", "\xe1\xba\xb9\xcc\x82", true);                 /* ệ from ẹ */
	same("q\xcc\xa3\xcc\x87", "q\xcc\x87\xcc\xa3", true);               /* marks in either order */
	same("\xf0\x90\x90\x80", "\xf0\x90\x90\xa8", true);                 /* beyond the basic plane */
	same("\xf0\x9e\xa4\x80", "\xf0\x9e\xa4\xa2", true);                 /* U+1E900, U+1E922 */
	same("\xf0\xaf\xa0\x80", "\xe4\xb8\xbd", true);                     /* U+2F800: U+4E3D */
	same("\xf0\xaf\xa8\x9d", "\xf0\xaa\x98\x80", true);                 /* U+2FA1D, the last one: U+2A600 */
	same("\xef\xab\x95", "\xf0\xa5\x89\x89", true);                     /* U+FAD5, of the basic plane: U+25249 */
	same("\xf0\x91\x82\x9a", "\xf0\x91\x82\x99\xf0\x91\x82\xba", true); /* U+1109A: U+11099 U+110BA */
	same("\xf0\x9d\x85\x9e", "\xf0\x9d\x85\x97\xf0\x9d\x85\xa5", true); /* U+1D15E: U+1D157 U+1D165 */
	/* U+1D160: U+1D15F, which is composed itself, U+1D16E */
	same("\xf0\x9d\x85\xa0", "\xf0\x9d\x85\x98\xf0\x9d\x85\xa5\xf0\x9d\x85\xae", true);
	same("\xf0\xaf\xa0\x80", "\xf0\xaf\xa0\x81", false);
	same("\xf0\xaf\xa8\x9e", "\xf0\xaf\xa8\x9f", false); /* beyond the last one */
	same("x", "y", false);
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(utf8_is_valid(""));
	assert_true(utf8_is_valid("a\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x8d\xba"));
	assert_false(utf8_is_valid("a\xff"));
	assert_false(utf8_is_valid("\xc0\xaf"));         /* overlong */
	assert_false(utf8_is_valid("\xed\xa0\x80"));     /* a surrogate */
	assert_false(utf8_is_valid("\xf4\x90\x80\x80")); /* beyond U+10FFFF */
	assert_false(utf8_is_valid("\xe6\xbc"));         /* cut */
	assert_false(utf8_is_valid("\xe6\xbcx"));
}

/* The first @bytes bytes of @text are what fits into @columns. */
static void fits(const char *text, size_t columns, size_t bytes)
{
	assert_int_equal(utf8_fit(text, columns), bytes);
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns(""), 0);
	assert_int_equal(utf8_columns("plain"), 5);
	assert_int_equal(utf8_columns("\xc3\xa9"), 1);         /* é */
	assert_int_equal(utf8_columns("e\xcc\x81"), 1);        /* the same, decomposed */
	assert_int_equal(utf8_columns("\xe6\xbc\xa2"), 2);     /* 漢 */
	assert_int_equal(utf8_columns("\xf0\x9f\x8d\xba"), 2); /* a beer */
	assert_int_equal(utf8_columns("a\xff\xfe"), 3);
	fits("plain", 0, 0);
	fits("plain", 3, 3);
	fits("plain", 80, 5);
	fits("a\xc3\xa9x", 2, 3);
	fits("a\xe6\xbc\xa2x", 2, 1); /* two columns do not fit into one */
	fits("a\xe6\xbc\xa2x", 3, 4);
	fits("ae\xcc\x81x", 2, 4); /* the accent goes with its letter */
	fits("ae\xcc\x81x", 1, 1);
	fits("a\xffx", 2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
