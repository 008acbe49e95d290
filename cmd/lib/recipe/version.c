#include "recipe/version.h"

#include <string.h>

#include "base/str.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* '~' sorts before the end, letters before all else: as dpkg has it (deb-version(7)). */
static int rank(char c)
{
	if (c == '~')
		return -1;
	if (is_digit(c) || c == '\0')
		return 0;
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return (unsigned char)c + (letter ? 0 : 256);
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		while ((*a && !is_digit(*a)) || (*b && !is_digit(*b))) {
			int d = rank(*a) - rank(*b);
			if (d)
				return d;
			a++;
			b++;
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
		if (n != m)
			return n < m ? -1 : 1;
		int d = memcmp(a, b, n);
		if (d)
			return d;
		a += n;
		b += n;
	}
	return 0;
}

static bool matches_one(const char *comparison, const char *version)
{
	comparison += strspn(comparison, " ");
	size_t n = strspn(comparison, "<>=");
	const char *text = comparison + n;
	text += strspn(text, " ");
	AUTO_FREE char *wanted = mem_strndup(text, strcspn(text, " "));
	int d = version_compare(version, wanted);
	if (n == 0 || comparison[0] == '=')
		return d == 0;
	bool or_equal = n == 2 && d == 0;
	return or_equal || (comparison[0] == '<' ? d < 0 : d > 0);
}

bool version_matches(const char *constraint, const char *version)
{
	AUTO(strs) parts = STRS_INIT;
	strs_split(&parts, constraint, ",");
	for (size_t i = 0; i < parts.count; i++)
		if (!matches_one(parts.items[i], version))
			return false;
	return true;
}
