#include "base/quote.h"

#include <string.h>

/* Words of these characters mean themselves to every shell. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-";

	/* '=' is not among them: it would make an assignment of the first word */
	return *word && word[strspn(word, plain)] == '\0';
}

void quote_word(struct str *out, const char *word)
{
	if (is_plain(word)) {
		str_add(out, word);
		return;
	}
	str_add_char(out, '\'');
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			str_add(out, "'\\''");
		else
			str_add_char(out, *p);
	}
	str_add_char(out, '\'');
}

char *quote_argv(const char *const *argv)
{
	AUTO(str) s = STR_INIT;

	for (size_t i = 0; argv[i]; i++) {
		if (i > 0)
			str_add_char(&s, ' ');
		quote_word(&s, argv[i]);
	}
	return str_take(&s);
}
