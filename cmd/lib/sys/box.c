#include "sys/box.h"

#include <stdlib.h>
#include <sys/resource.h>

enum box_level box_level_wanted(void)
{
	const char *wanted = getenv("COOPER_BOX");
	return streq(wanted, "nothing") ? BOX_NOTHING : streq(wanted, "rules") ? BOX_RULES : BOX_VIEW;
}

#define COUNT_WORDS "any number of processes"

void box_missing(const struct box_facts *facts, struct str *s)
{
	static const struct {
		unsigned bit;
		const char *words;
	} rows[] = {
		{BOX_WRITES, "writing elsewhere"},
		{BOX_READS, "reading homes"},
		{BOX_NETWORK, "the network"},
		{BOX_PROCESSES, "signals to other processes"},
		{BOX_CALLS, "setuid files and other privileges"},
		{BOX_MODES, "modes and times of files elsewhere"},
		{BOX_COUNT, COUNT_WORDS},
	};
	const char *between = "";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (facts->keeps & rows[i].bit)
			continue;
		str_addf(s, "%s%s", between, rows[i].words);
		between = ", ";
	}
}

bool box_holds(const char *missing)
{
	return !*missing || streq(missing, COUNT_WORDS);
}

void box_lower(int what, int64_t most)
{
	struct rlimit now, wanted = {(rlim_t)most, (rlim_t)most};
	if (getrlimit(what, &now) == 0) {
		if (now.rlim_max < wanted.rlim_max)
			wanted.rlim_max = wanted.rlim_cur = now.rlim_max;
		if (now.rlim_cur < wanted.rlim_cur)
			wanted.rlim_cur = now.rlim_cur;
	}
	setrlimit(what, &wanted);
}

void box_tell(enum box_kind kind, const char *step, struct sink *sink)
{
	const struct box_facts *facts = os_box_facts(kind);
	AUTO(str) missing = STR_INIT;
	box_missing(facts, &missing);
	if (missing.len)
		event_warn(sink, step, "what this recipe runs is not kept from %s: %s", str_text(&missing), facts->why);
}
