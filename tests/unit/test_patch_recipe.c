/* The list of patches of a recipe, edited as text: what means the same keeps every byte, what is odd is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "build/patch_recipe.h"
#include "harness.h"

#define HEAD "kind: build\nname: p # the name\nsource:\n  - url: u\n    sha256: s\n"
#define TAIL "build: [[\"true\"]]\n"
#define A "  - file: p/a.patch   # first\n    why: a\n"
#define B "  - file: p/b.patch\n    why: |\n      b\n      c\n"
#define NEW(name, why) "  - file: " name "\n    why: " why "\n    upstream: none\n"

enum { ENTRIES_MAX = 8 };

/* Entries are "NAME" (a file), "url:NAME", "series:NAME", "+NAME=WHY" (a new file), '|' between them. */
struct recipe_case {
	const char *name;
	const char *before;
	const char *known, *wanted;
	const char *after; /* NULL = nothing is changed */
	const char *fails;
};

static const struct recipe_case cases[] = {
	{"nothing", HEAD "patches:\n" A B TAIL, "p/a.patch|p/b.patch", "p/a.patch|p/b.patch", NULL, NULL},
	{"a new one at the end", HEAD "patches:\n" A B TAIL, "p/a.patch|p/b.patch",
	 "p/a.patch|p/b.patch|+p/c.patch=c d", HEAD "patches:\n" A B NEW("p/c.patch", "c d") TAIL, NULL},
	{"a new one in the middle", HEAD "patches:\n" A B TAIL, "p/a.patch|p/b.patch",
	 "p/a.patch|+p/c.patch=c|p/b.patch", HEAD "patches:\n" A NEW("p/c.patch", "c") B TAIL, NULL},
	{"a new one first, above comments of the first", HEAD "patches:\n  # of a\n" A TAIL, "p/a.patch",
	 "+p/c.patch=c|p/a.patch", HEAD "patches:\n" NEW("p/c.patch", "c") "  # of a\n" A TAIL, NULL},
	{"a new one after one that another host applies", HEAD "patches:\n" A B TAIL, "p/a.patch",
	 "p/a.patch|+p/c.patch=c", HEAD "patches:\n" A B NEW("p/c.patch", "c") TAIL, NULL},
	{"after a series", HEAD "patches:\n  - series: debian/patches/series\n" A TAIL,
	 "series:debian/patches/series|p/a.patch",
	 "series:debian/patches/series|series:debian/patches/series|+p/c.patch=c|p/a.patch",
	 HEAD "patches:\n  - series: debian/patches/series\n" NEW("p/c.patch", "c") A TAIL, NULL},
	{"after one from a URL", HEAD "patches:\n  - { url: \"https://x/u.patch\", sha256: s }\n" TAIL,
	 "url:https://x/u.patch", "url:https://x/u.patch|+c.patch=c",
	 HEAD "patches:\n  - { url: \"https://x/u.patch\", sha256: s }\n" NEW("c.patch", "c") TAIL, NULL},
	{"among those of a series", HEAD "patches:\n  - series: s\n" TAIL, "series:s", "series:s|+c.patch=c|series:s",
	 NULL, "a commit stands among those of one series"},
	{"one that is gone; its comments stay", HEAD "patches:\n  # of a\n" A "\n  # of b\n" B TAIL,
	 "p/a.patch|p/b.patch", "p/b.patch", HEAD "patches:\n  # of a\n\n  # of b\n" B TAIL, NULL},
	{"the last is gone", HEAD "patches:\n" A B "# below\n" TAIL, "p/a.patch|p/b.patch", "p/a.patch",
	 HEAD "patches:\n" A "# below\n" TAIL, NULL},
	{"all are gone", HEAD "patches: # ours\n" A TAIL, "p/a.patch", "", HEAD "patches: [] # ours\n" TAIL, NULL},
	{"two change places, comments with them", HEAD "patches:\n  # of a\n" A "  # of b\n" B TAIL,
	 "p/a.patch|p/b.patch", "p/b.patch|p/a.patch", HEAD "patches:\n  # of b\n" B "  # of a\n" A TAIL, NULL},
	{"one gone, one new, one moved", HEAD "patches:\n" A B "  - file: d.patch\n" TAIL,
	 "p/a.patch|p/b.patch|d.patch", "d.patch|+c.patch=c|p/b.patch",
	 HEAD "patches:\n  - file: d.patch\n" NEW("c.patch", "c") B TAIL, NULL},
	{"at the end of the file, without a newline", HEAD TAIL "patches:\n  - file: a.patch", "a.patch",
	 "a.patch|+c.patch=c", HEAD TAIL "patches:\n  - file: a.patch\n" NEW("c.patch", "c"), NULL},
	{"not indented", HEAD "patches:\n- file: a.patch\n" TAIL, "a.patch", "a.patch|+c.patch=c",
	 HEAD "patches:\n- file: a.patch\n- file: c.patch\n  why: c\n  upstream: none\n" TAIL, NULL},
	{"a dash on a row of its own", HEAD "patches:\n  -\n    file: a.patch\n" TAIL, "a.patch", "+c.patch=c|a.patch",
	 HEAD "patches:\n" NEW("c.patch", "c") "  -\n    file: a.patch\n" TAIL, NULL},
	{"an empty list", HEAD "patches: []   # none yet\n" TAIL, "", "+c.patch=c",
	 HEAD "patches:   # none yet\n" NEW("c.patch", "c") TAIL, NULL},
	{"no list", HEAD TAIL, "", "+c.patch=c|+d.patch=d",
	 HEAD "patches:\n" NEW("c.patch", "c") NEW("d.patch", "d") TAIL, NULL},
	{"no list, the source last and in brackets", "kind: build\nsource: [{url: u}] # u", "", "+c.patch=c",
	 "kind: build\nsource: [{url: u}] # u\npatches:\n" NEW("c.patch", "c"), NULL},
	{"brackets", HEAD "patches: [ {file: a.patch}, {file: b.patch} ]\n" TAIL, "a.patch|b.patch",
	 "a.patch|+c.patch=c|b.patch",
	 HEAD "patches: [ {file: a.patch}, {file: c.patch, why: c, upstream: none}, {file: b.patch} ]\n" TAIL, NULL},
	{"brackets over rows", HEAD "patches: [\n  {file: a.patch},\n  {file: b.patch},\n]\n" TAIL, "a.patch|b.patch",
	 "a.patch|b.patch|+c.patch=c",
	 HEAD "patches: [\n  {file: a.patch},\n  {file: b.patch}, {file: c.patch, why: c, upstream: none},\n]\n" TAIL,
	 NULL},
	{"brackets, one gone", HEAD "patches: [{file: a.patch}, {file: b.patch}]\n" TAIL, "a.patch|b.patch", "b.patch",
	 HEAD "patches: [{file: b.patch}]\n" TAIL, NULL},
	{"brackets, all gone", HEAD "patches: [{file: a.patch}]\n" TAIL, "a.patch", "", HEAD "patches: []\n" TAIL,
	 NULL},
	{"words that need quotes", HEAD TAIL, "", "+c.patch=tso: don't \"guess\" # x|+d.patch=yes, [no]|+1.5=null",
	 HEAD "patches:\n" NEW("c.patch", "\"tso: don't \\\"guess\\\" # x\"") NEW("d.patch", "\"yes, [no]\"")
		 NEW("\"1.5\"", "\"null\"") TAIL,
	 NULL},
	{"a name with blanks and letters", HEAD TAIL, "", "+p q/\303\244.patch=\303\244",
	 HEAD "patches:\n" NEW("\"p q/\303\244.patch\"", "\"\303\244\"") TAIL, NULL},
	{"words that are not UTF-8", HEAD TAIL, "", "+c.patch=\344",
	 HEAD "patches:\n" NEW("c.patch", "\"\\\\xe4\"") TAIL, NULL},
	{"a name that is not UTF-8", HEAD TAIL, "", "+\344.patch=c", NULL, "not UTF-8"},
	{"no words", HEAD TAIL, "", "+c.patch=", HEAD "patches:\n" NEW("c.patch", "not said") TAIL, NULL},
	{"an anchor that is kept", HEAD "patches:\n  - &a\n    file: a.patch\n" TAIL, "a.patch", "a.patch|+c.patch=c",
	 HEAD "patches:\n  - &a\n    file: a.patch\n" NEW("c.patch", "c") TAIL, NULL},
	{"an alias", HEAD "x: &x {file: a.patch}\npatches:\n  - *x\n" TAIL, "a.patch", "a.patch|+c.patch=c", NULL,
	 "cannot be edited safely"},
	{"an anchor whose alias would be lost", HEAD "patches:\n  - file: a.patch\n    why: &w words\ny: *w\n" TAIL,
	 "a.patch", "", NULL, "cannot be edited safely"},
	{"comments in brackets", HEAD "patches: [{file: a.patch}, # a\n]\n" TAIL, "a.patch", "a.patch|+c.patch=c", NULL,
	 "comments in its list"},
	{"CRLF", "kind: build\r\nsource:\r\n  - url: u\r\n", "", "+c.patch=c", NULL, "end in CR"},
	{"a byte order mark", "\357\273\277" HEAD, "", "+c.patch=c", NULL, "byte order mark"},
	{"twice", HEAD "patches:\n" A A TAIL, "p/a.patch", "p/a.patch|+c.patch=c", NULL,
	 "has an entry twice, or no longer"},
	{"no longer", HEAD "patches:\n" A TAIL, "p/a.patch|p/b.patch", "p/a.patch", NULL,
	 "has an entry twice, or no longer"},
	{"broken", HEAD "patches: [\n", "", "+c.patch=c", NULL, "cannot be read"},
	{"no list", HEAD "patches: words\n", "", "+c.patch=c", NULL, "`patches` is no list"},
	{"in braces", "{kind: build, source: [{url: u}]}\n", "", "+c.patch=c", NULL, "no place for one is found"},
};

/* Entries of @words, which is cut into them. */
static size_t read_entries(char *words, struct patch_entry *ret)
{
	size_t count = 0;
	for (char *save = NULL, *p = strtok_r(words, "|", &save); p; p = strtok_r(NULL, "|", &save)) {
		struct patch_entry *e = &ret[count++];
		*e = (struct patch_entry){.key = "file", .value = p};
		if (*p == '+') {
			char *why = strchr(p, '=');
			*why = '\0';
			e->value = p + 1;
			e->why = why + 1;
			e->is_new = true;
		} else if (strncmp(p, "url:", 4) == 0 || strncmp(p, "series:", 7) == 0) {
			e->key = *p == 'u' ? "url" : "series";
			e->value = strchr(p, ':') + 1;
		}
	}
	return count;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct recipe_case *c = &cases[i];
		AUTO_FREE char *known_words = mem_strdup(c->known);
		AUTO_FREE char *wanted_words = mem_strdup(c->wanted);
		struct patch_entry known[ENTRIES_MAX], wanted[ENTRIES_MAX];
		size_t known_count = read_entries(known_words, known),
		       wanted_count = read_entries(wanted_words, wanted);
		AUTO(str) out = STR_INIT;
		struct err *e = patch_recipe_edit("r.yaml", c->before, strlen(c->before), known, known_count, wanted,
						  wanted_count, &out);
		if (!e == !!c->fails)
			print_error("case '%s'\n", c->name);
		if (c->fails) {
			assert_fails(e, ERR_USAGE, c->fails);
			continue;
		}
		assert_ok(e);
		const char *after = c->after ? c->after : c->before;
		if (strcmp(str_text(&out), after) != 0)
			fail_msg("case '%s':\n%s\ninstead of\n%s", c->name, str_text(&out), after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
