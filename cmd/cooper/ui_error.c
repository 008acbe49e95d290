#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ui.h"

void ui_add_indented(struct str *s, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		str_add(s, "  ");
		for (size_t from = 0; from < n;) {
			size_t tab = from;
			while (tab < n && text[tab] != '\t')
				tab++;
			str_add_escaped(s, text + from, tab - from);
			if (tab < n)
				str_add_char(s, '\t');
			from = tab + 1;
		}
		str_add_char(s, '\n');
		text += n + (text[n] == '\n');
	}
}

void ui_error(const struct err *e, bool color)
{
	AUTO(str) s = STR_INIT;
	str_addf(&s, "%scooper: %s%s\n", color ? "\033[31m" : "", e->message, color ? "\033[0m" : "");
	if (e->detail)
		ui_add_indented(&s, e->detail);
	if (e->log_path)
		str_addf(&s, "  log: %s\n", e->log_path);
	if (e->hint)
		str_addf(&s, "%shint: %s%s\n", color ? "\033[36m" : "", e->hint, color ? "\033[0m" : "");
	fputs(str_text(&s), stderr);
}
