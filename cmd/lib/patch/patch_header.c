#include "patch/patch_header.h"

#include <stdlib.h>
#include <string.h>

#include "patch/patch_scan.h"
#include "patch/patch_set.h"

enum { SUBJECT_MAX = 120 };

void patch_header_done(struct patch_header *h)
{
	free(h->author);
	free(h->subject);
	free(h->body);
	*h = (struct patch_header){.head = 0};
}

/* The start of row @line (from 1). */
static size_t row_offset(const struct patch_input *input, size_t line)
{
	struct patch_scan s = patch_scan_of(input);
	struct patch_row row;
	while (s.line < line && patch_next(&s, &row))
		;
	return (size_t)(s.at - input->text);
}

/* The end of the row that @at is in, and of a "\ No newline" after it. */
static size_t row_end(const struct patch_input *input, size_t at)
{
	struct patch_scan s = patch_scan_of(input);
	struct patch_row row;
	s.at += at;
	patch_next(&s, &row);
	if (patch_peek(&s, &row) && patch_row_starts(&row, "\\ "))
		patch_next(&s, &row);
	return (size_t)(s.at - input->text);
}

/* Where the last section ends: its last hunk, its binary data, or the header lines it consists of. */
static size_t find_tail(const struct patch_input *input, const struct patch_set *set)
{
	const struct patch_file *f = &set->files[set->file_count - 1];
	const struct patch_binary *last = f->backward.kind ? &f->backward : &f->forward;
	if (last->kind)
		return row_end(input, (size_t)(last->text - input->text) + last->text_size);
	if (f->hunk_count) {
		const struct patch_hunk *h = &set->hunks[f->hunk_first + f->hunk_count - 1];
		const struct patch_line *l = &set->lines[h->first + h->count - 1];
		return row_end(input, (size_t)(l->text - input->text) + l->len);
	}
	static const char *const words[] = {"diff --git ",   "index ",         "old mode ",    "new mode ",
					    "deleted file ", "new file ",      "rename ",      "copy ",
					    "similarity ",   "dissimilarity ", "Binary files "};
	struct patch_row row;
	struct patch_scan s = patch_scan_of(input);
	s.at += row_offset(input, f->line);
	patch_skip_mark(&s);
	for (bool known = true; known && patch_peek(&s, &row);) {
		known = false;
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			known |= patch_row_starts(&row, words[i]);
		if (known)
			patch_next(&s, &row);
	}
	return (size_t)(s.at - input->text);
}

/* "[PATCH 1/2] words" without the bracket. */
static char *plain_subject(const char *text)
{
	while (*text == '[' && strchr(text, ']'))
		text = strchr(text, ']') + 1 + strspn(strchr(text, ']') + 1, " ");
	return mem_strndup(text, strlen(text) < SUBJECT_MAX ? strlen(text) : SUBJECT_MAX);
}

static char *field(const char *line, const char *name)
{
	size_t n = strlen(name);
	return strncasecmp(line, name, n) == 0 && line[n] == ':' ? mem_strdup(line + n + 1 + strspn(line + n + 1, " "))
								 : NULL;
}

static void read_word_row(const char *row, struct patch_header *h, struct str *body)
{
	static const char *const titles[] = {"Subject", "Description", "Author", "From"};
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		char **into = i < 2 ? &h->subject : &h->author;
		char *value = *into ? NULL : field(row, titles[i]);
		if (!value)
			continue;
		*into = i < 2 ? plain_subject(value) : mem_strdup(value);
		free(value);
		return;
	}
	str_addf(body, "%s\n", row);
}

/* Mail and DEP-3 headers, or words as they come; a title that is missing is the first row. */
static void read_words(const struct patch_input *words, struct patch_header *h)
{
	AUTO(str) body = STR_INIT;
	struct patch_scan s = patch_scan_of(words);
	patch_skip_mark(&s);
	for (struct patch_row row; patch_next(&s, &row);) {
		patch_row_trim(&row);
		AUTO_FREE char *text = mem_strndup(row.text, row.len);
		read_word_row(text, h, &body);
	}
	while (body.len && body.data[body.len - 1] == '\n')
		body.data[--body.len] = '\0';
	if (body.len)
		str_add_char(&body, '\n');
	h->body = str_take(&body);
	if (h->subject && *h->subject)
		return;
	free(h->subject);
	const char *first = h->body + strspn(h->body, "\n");
	size_t n = strcspn(first, "\n");
	h->subject = n ? mem_strndup(first, n < SUBJECT_MAX ? n : SUBJECT_MAX) : NULL;
}

static void check_author(struct patch_header *h)
{
	const char *open = h->author ? strrchr(h->author, '<') : NULL;
	if (open && open > h->author + 1 && strchr(open, '>') && !strpbrk(h->author, "\r\n"))
		return;
	free(h->author);
	h->author = NULL;
}

struct err *patch_header_read(const struct patch_input *input, struct patch_header *ret)
{
	struct patch_set set = PATCH_SET_INIT;
	TRY(patch_parse(input, &set));
	*ret = (struct patch_header){.head = input->size, .tail = input->size, .git = true};
	if (set.file_count) {
		ret->head = row_offset(input, set.files[0].line);
		ret->tail = find_tail(input, &set);
	}
	for (size_t i = 0; i < set.file_count; i++) {
		ret->git &= set.files[i].git;
		ret->holes |= set.files[i].binary_missing;
	}
	patch_set_done(&set);
	read_words(&(struct patch_input){.text = input->text, .size = ret->head}, ret);
	check_author(ret);
	if (!ret->subject)
		ret->subject = mem_strdup(input->name);
	return NULL;
}
