/* The line numbers of a patch's hunks, brought up to date; nothing else of it is touched. */
#include <string.h>

#include "patch/patch_scan.h"

/* "@@ -START,COUNT +START,COUNT @@ rest" with other starts; @text begins after "@@ -". */
static void add_header(struct str *out, const struct patch_row *row, const struct patch_place *place)
{
	const char *p = row->text + 4;
	const char *end = row->text + row->len;
	size_t start = 0;
	str_addf(out, "@@ -%zu", place->old_start);
	patch_number(&p, end, &start);
	const char *plus = memchr(p, '+', (size_t)(end - p));
	str_add_mem(out, p, (size_t)(plus - p));
	str_addf(out, "+%zu", place->new_start);
	p = plus + 1;
	patch_number(&p, end, &start);
	str_add_mem(out, p, (size_t)(end - p));
}

void patch_refresh(const struct patch_input *input, size_t index, const struct patch_report *report, struct str *ret)
{
	struct patch_scan s = patch_scan_of(input);
	struct patch_row row;
	size_t next = 0;
	while (next < report->place_count && report->places[next].patch < index)
		next++;
	for (size_t line = s.line; patch_next(&s, &row); line = s.line) {
		bool is_place = next < report->place_count && report->places[next].patch == index &&
				report->places[next].row == line;
		if (is_place)
			add_header(ret, &row, &report->places[next++]);
		else
			str_add_mem(ret, row.text, row.len);
		if (row.eol)
			str_add_char(ret, '\n');
	}
}
