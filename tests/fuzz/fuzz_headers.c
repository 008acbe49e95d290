/*
 * Any bytes as the header lines of an answer: the facts that come out keep their promises, the validator can go into
 * a header line of ours, and what fetch_parse_range() takes means the same when it is written out again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/fetch.h"
#include "net/fetch_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_facts(const struct fetch_head *h)
{
	const char *validator = fetch_head_validator(h);

	check(h->length >= -1 && h->range_from >= -1 && h->range_total >= -1);
	check(h->range_from < 0 || h->range_to >= h->range_from);
	check(h->range_from < 0 || h->range_total < 0 || h->range_to < h->range_total);
	check(h->bytes <= FETCH_HEAD_MAX);
	check(h->date >= -1);
	if (!validator)
		return;
	check(fetch_validator_ok(validator) && strlen(validator) <= FETCH_VALIDATOR_MAX);
	for (const char *p = validator; *p; p++)
		check((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void check_range(const char *text)
{
	int64_t from, to, total, again[3];
	char whole[96];

	if (!fetch_parse_range(text, &from, &to, &total) || from < 0 || total < 0)
		return;
	snprintf(whole, sizeof(whole), "bytes %lld-%lld/%lld", (long long)from, (long long)to, (long long)total);
	check(fetch_parse_range(whole, &again[0], &again[1], &again[2]));
	check(again[0] == from && again[1] == to && again[2] == total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fetch_head head;
	const char *p = (const char *)data, *end = p + size;
	AUTO_FREE char *text = mem_strndup(p, strnlen(p, size));

	check_range(text);
	check(fetch_date(text) >= -1);
	fetch_head_init(&head);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline + 1 - p) : (size_t)(end - p);
		struct err *e = fetch_head_line(&head, p, n);
		err_free(e);
		if (e)
			break;
		check_facts(&head);
		p += n;
	}
	fetch_head_done(&head);
	return 0;
}
