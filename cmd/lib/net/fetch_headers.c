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
	*h = (struct fetch_head){.length = -1,
				 .range_from = -1,
				 .range_to = -1,
				 .range_total = -1,
				 .wait_s = -1,
				 .wait_until = -1,
				 .date = -1,
				 .bytes = h->bytes};
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

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strlen(name) == 3 ? strstr(months, name) : NULL;
	return at && (at - months) % 3 == 0 ? (int)((at - months) / 3) + 1 : 0;
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; years begin in March here. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = year / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t fetch_parse_date(const char *text)
{
	AUTO(strs) words = STRS_INIT;
	AUTO(strs) clock = STRS_INIT;
	int64_t day = 0, year = 0, hour = 0, minute = 0, second = 0;
	strs_split(&words, text, " ");
	if (words.count != 6 || !streq(words.items[5], "GMT"))
		return -1;
	strs_split(&clock, words.items[4], ":");
	int month = month_of(words.items[2]);
	if (clock.count != 3 || !month || !num_parse(words.items[1], 1, 31, &day) ||
	    !num_parse(words.items[3], 1970, 9999, &year) || !num_parse(clock.items[0], 0, 23, &hour) ||
	    !num_parse(clock.items[1], 0, 59, &minute) || !num_parse(clock.items[2], 0, 60, &second))
		return -1;
	return days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
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
	if (strcasecmp(name, "content-length") == 0) {
		if (!num_parse(value, 0, INT64_MAX, &h->length))
			h->length = -1;
	} else if (strcasecmp(name, "content-range") == 0) {
		(void)fetch_parse_range(value, &h->range_from, &h->range_to, &h->range_total);
	} else if (strcasecmp(name, "retry-after") == 0) {
		if (!num_parse(value, 0, INT32_MAX, &h->wait_s))
			h->wait_until = fetch_parse_date(value);
	} else if (strcasecmp(name, "date") == 0) {
		h->date = fetch_parse_date(value);
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
	int64_t modified = fetch_parse_date(h->last_modified);
	return modified >= 0 && h->date - modified >= 1 ? h->last_modified : NULL;
}

int64_t fetch_head_wait(const struct fetch_head *h)
{
	if (h->wait_s >= 0)
		return h->wait_s;
	return h->wait_until >= 0 && h->date >= 0 && h->wait_until > h->date ? h->wait_until - h->date : 0;
}
