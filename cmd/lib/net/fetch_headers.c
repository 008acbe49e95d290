#include "net/fetch_headers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"

static void forget(struct fetch_head *h)
{
	free(h->etag);
	free(h->last_modified);
	free(h->encoding);
	*h = (struct fetch_head){
		.length = -1, .range_from = -1, .range_to = -1, .range_total = -1, .date = -1, .bytes = h->bytes};
}

void fetch_head_init(struct fetch_head *h)
{
	*h = (struct fetch_head){.status = 0};
	forget(h);
}

void fetch_head_done(struct fetch_head *h)
{
	h->bytes = 0;
	forget(h);
}

bool fetch_validator_ok(const char *text)
{
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] == 0x7f)
			return false;
	return n > 0 && n <= FETCH_VALIDATOR_MAX;
}

bool fetch_parse_range(const char *text, int64_t *ret_from, int64_t *ret_to, int64_t *ret_total)
{
	if (strncasecmp(text, "bytes ", 6) != 0)
		return false;
	AUTO(strs) sides = STRS_INIT;
	AUTO(strs) ends = STRS_INIT;
	int64_t from = -1, to = -1, total = -1;
	strs_split(&sides, text + 6, "/");
	if (sides.count != 2)
		return false;
	if (!streq(sides.items[1], "*") && !num_parse(sides.items[1], 0, INT64_MAX, &total))
		return false;
	if (!streq(sides.items[0], "*")) {
		strs_split(&ends, sides.items[0], "-");
		if (ends.count != 2 || !num_parse(ends.items[0], 0, INT64_MAX - 1, &from) ||
		    !num_parse(ends.items[1], from, INT64_MAX - 1, &to) || (total >= 0 && to >= total))
			return false;
	}
	*ret_from = from;
	*ret_to = to;
	*ret_total = total;
	return true;
}

static void take_status(struct fetch_head *h, const char *line)
{
	int64_t status = 0;
	AUTO(strs) words = STRS_INIT;
	strs_split(&words, line, " ");
	forget(h);
	if (words.count >= 2 && num_parse(words.items[1], 100, 999, &status))
		h->status = (int)status;
}

static void set_text(char **field, const char *value)
{
	free(*field);
	*field = mem_strdup(value);
}

static void take_field(struct fetch_head *h, const char *name, const char *value)
{
	if (strcasecmp(name, "transfer-encoding") == 0) {
		h->chunked = true;
		h->length = -1; /* whatever else is said of it: RFC 9112 section 6.3 */
	} else if (strcasecmp(name, "content-length") == 0) {
		if (h->chunked || !num_parse(value, 0, INT64_MAX, &h->length))
			h->length = -1;
	} else if (strcasecmp(name, "content-range") == 0) {
		(void)fetch_parse_range(value, &h->range_from, &h->range_to, &h->range_total);
	} else if (strcasecmp(name, "date") == 0) {
		h->date = fetch_date(value);
	} else if (strcasecmp(name, "etag") == 0) {
		set_text(&h->etag, value);
	} else if (strcasecmp(name, "last-modified") == 0) {
		set_text(&h->last_modified, value);
	} else if (strcasecmp(name, "content-encoding") == 0) {
		set_text(&h->encoding, value);
	}
}

struct err *fetch_head_line(struct fetch_head *h, const char *line, size_t size)
{
	h->bytes += size;
	if (h->bytes > FETCH_HEAD_MAX)
		return err_new(ERR_CORRUPT, "the server's header is longer than %d bytes", FETCH_HEAD_MAX);
	while (size > 0 && strchr("\r\n \t", line[size - 1]) && line[size - 1])
		size--;
	AUTO_FREE char *text = mem_strndup(line, size);
	if (str_starts(text, "HTTP/")) {
		take_status(h, text);
		return NULL;
	}
	if (h->ended)
		return NULL; /* a trailer: counted, not believed */
	if (!*text) {
		h->ended = true;
		return NULL;
	}
	char *colon = strchr(text, ':');
	if (!colon)
		return NULL;
	*colon = '\0';
	take_field(h, text, colon + 1 + strspn(colon + 1, " \t"));
	return NULL;
}

const char *fetch_head_validator(const struct fetch_head *h)
{
	if (h->etag && h->etag[0] == '"' && fetch_validator_ok(h->etag))
		return h->etag;
	if (!h->last_modified || h->date < 0 || !fetch_validator_ok(h->last_modified))
		return NULL;
	int64_t modified = fetch_date(h->last_modified);
	return modified >= 0 && h->date - modified >= 1 ? h->last_modified : NULL;
}
