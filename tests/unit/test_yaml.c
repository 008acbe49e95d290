#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fmt/yaml.h"

static struct yaml_doc *parse(struct arena *arena, const char *text)
{
	return yaml_parse(arena, "t.yaml", text, strlen(text));
}

static void assert_problem(const char *text, size_t size, int line, int column, const char *part)
{
	AUTO_ARENA *arena = arena_new();
	struct yaml_doc *doc = yaml_parse(arena, "t.yaml", text, size);
	if (doc->problem_count != 1)
		fail_msg("%zu problems instead of one with '%s'", doc->problem_count, part);
	if (!strstr(doc->problems[0].message, part))
		fail_msg("'%s' is not in '%s'", part, doc->problems[0].message);
	assert_int_equal(doc->problems[0].start.line, line);
	assert_int_equal(doc->problems[0].start.column, column);
}

static void test_tree(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	struct yaml_doc *doc = parse(arena, "name: qemu\nlist: [a, \"1\", 'x y']\nmap:\n  text: |\n    one\n    two\n");
	assert_int_equal(doc->problem_count, 0);
	assert_string_equal(yaml_get_text(doc->root, "name"), "qemu");
	const struct yaml_node *list = yaml_get(doc->root, "list");
	assert_int_equal(list->count, 3);
	assert_false(list->block);
	assert_false(list->values[0]->quoted);
	assert_true(list->values[1]->quoted);
	assert_int_equal(list->values[1]->type, YAML_TEXT);
	assert_string_equal(list->values[2]->text, "x y");
	assert_string_equal(yaml_get_text(yaml_get(doc->root, "map"), "text"), "one\ntwo\n");
	assert_int_equal(doc->root->height, 2);
	assert_null(yaml_get(doc->root, "nothing"));
	assert_null(yaml_get(NULL, "name"));
	assert_null(yaml_get_text(doc->root, "list"));
}

static void test_marks_count_bytes(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	struct yaml_doc *doc = parse(arena, "\xef\xbb\xbfgr\xc3\xb6\xc3\x9f"
					    "e: { a: x }\r\nb: \"y\"\r\n");
	assert_int_equal(doc->problem_count, 0);
	const struct yaml_node *map = doc->root->values[0];
	assert_int_equal(map->start.line, 1);
	assert_int_equal(map->start.column, 10);
	assert_int_equal(map->values[0]->start.column, 15);
	assert_int_equal(map->end.column, 18);
	const struct yaml_node *b = yaml_get(doc->root, "b");
	assert_int_equal(b->start.line, 2);
	assert_int_equal(b->start.column, 4);
	assert_int_equal(b->end.column, 7);
	assert_memory_equal(doc->text + b->start.offset, "\"y\"", 3);
}

static void test_scalar_types(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum yaml_type type;
	} cases[] = {
		{"", YAML_NULL},       {"~", YAML_NULL},     {"null", YAML_NULL},  {"true", YAML_BOOL},
		{"FALSE", YAML_BOOL},  {"yes", YAML_TEXT},   {"on", YAML_TEXT},    {"0", YAML_INT},
		{"-12", YAML_INT},     {"0x1F", YAML_INT},   {"0o17", YAML_INT},   {"0x", YAML_TEXT},
		{"1.10", YAML_FLOAT},  {".5", YAML_FLOAT},   {"1e9", YAML_FLOAT},  {"1.2.3", YAML_TEXT},
		{".", YAML_TEXT},      {"-", YAML_TEXT},     {"1e", YAML_TEXT},    {".inf", YAML_FLOAT},
		{"-.inf", YAML_FLOAT}, {".nan", YAML_FLOAT}, {"2GiB", YAML_TEXT},  {"8080:80", YAML_TEXT},
		{"0644", YAML_INT},    {"1_000", YAML_TEXT}, {"nullx", YAML_TEXT},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (yaml_scalar_type(cases[i].text) != cases[i].type)
			fail_msg("'%s' has type %d", cases[i].text, (int)yaml_scalar_type(cases[i].text));
}

static void test_aliases(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	struct yaml_doc *doc = parse(arena, "a: &x [1, 2]\nb: *x\nc: *x\n");
	assert_int_equal(doc->problem_count, 0);
	assert_ptr_equal(yaml_get(doc->root, "a"), yaml_get(doc->root, "b"));
	assert_int_equal(doc->root->weight, 13);
	assert_string_equal(yaml_get(doc->root, "c")->values[1]->text, "2");
	assert_problem("a: &x [*x]\n", 11, 1, 8, "refers to a value that contains it");
	assert_problem("a: *x\n", 6, 1, 4, "unknown alias");
	assert_problem("a: &x 1\nb: &x 2\n", 16, 2, 4, "defined twice");
}

/* @open @depth times, then as many @close. */
static char *nested(char open, char close, size_t depth)
{
	char *text = mem_alloc(depth * 2 + 2);
	memset(text, open, depth);
	memset(text + depth, close, depth);
	text[depth * 2] = '\n';
	return text;
}

static void test_bounds(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	AUTO_FREE char *fits = nested('[', ']', 32);
	AUTO_FREE char *deep = nested('[', ']', 33);
	assert_int_equal(parse(arena, fits)->problem_count, 0);
	assert_problem(deep, strlen(deep), 1, 33, "deeper than 32");
	AUTO_FREE char *very_deep = nested('{', '}', 30000);
	assert_problem(very_deep, strlen(very_deep), 1, 33, "deeper than 32");
	AUTO(str) many = STR_INIT;
	str_add_char(&many, '[');
	for (int i = 0; i < 9999; i++)
		str_add(&many, "x,");
	str_add_char(&many, ']');
	assert_int_equal(parse(arena, str_text(&many))->problem_count, 0);
	many.len--;
	str_add(&many, "x]");
	assert_problem(str_text(&many), many.len, 1, 20000, "more than 10000 values");
}

static void test_size(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	AUTO_FREE char *text = mem_alloc(YAML_SIZE_MAX + 2);
	memset(text, '#', YAML_SIZE_MAX + 1);
	memcpy(text, "a: b\n", 5);
	assert_int_equal(yaml_parse(arena, "t.yaml", text, YAML_SIZE_MAX)->problem_count, 0);
	assert_problem(text, YAML_SIZE_MAX + 1, 1, 1, "larger than 1 MiB");
}

#define TEXT(text) text, sizeof(text) - 1

/* Told where it is, and as what it is, not where the reader stumbles. */
static void test_what_does_not_show(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t size;
		int line, column;
		const char *part;
	} cases[] = {
		{TEXT("a: b\n<<<<<<< HEAD\n"), 2, 1, "'<<<<<<< HEAD'"},
		{TEXT("a: b\r\n=======\r\n"), 2, 1, "'======='"},
		{TEXT(">>>>>>> x"), 1, 1, "'>>>>>>> x'"},
		{TEXT("|||||||"), 1, 1, "'|||||||'"},
		{TEXT("a: b\xc2\xa0"
		      "c\n"),
		 1, 5, "U+00A0"},
		{TEXT("a\xc2\xa0: b\n"), 1, 2, "U+00A0"},
		{TEXT("a: {\xe2\x80\x8b: 1}\n"), 1, 5, "U+200B (zero width space)"},
		{TEXT("a: |\n  \xe2\x80\xae\n"), 2, 3, "U+202E"},
		{TEXT("a: \"\xe2\x81\xa6\"\n"), 1, 5, "U+2066"},
		{TEXT("a: b # \xe2\x80\xa9\n"), 1, 8, "U+2029"},
		{TEXT("a: '\xc2\x85'\n"), 1, 5, "U+0085"},
		{TEXT("a: b\n\xef\xbb\xbf"
		      "c: d\n"),
		 2, 1, "U+FEFF"},
		{TEXT("a: b\xf3\xa0\x81\x81\n"), 1, 5, "U+E0041 (tag)"},
		{TEXT("a: b\rc: d\r"), 1, 5, "carriage return"},
		{TEXT("\xff\xfe"
		      "a\0:\0"),
		 1, 1, "UTF-16"},
		{TEXT("a\0:\0 \0b\0"), 1, 1, "UTF-16"},
		{TEXT("\0\0\xfe\xff\0\0\0"
		      "a"),
		 1, 1, "UTF-32"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_problem(cases[i].text, cases[i].size, cases[i].line, cases[i].column, cases[i].part);
	static const char *const fine[] = {
		"a: \"b\xc2\xa0"
		"c\"\n",
		"a: 'b\xe2\x80\x8d"
		"c'\n",
		"a: |\n  b\xc2\xa0"
		"c\n  <<<<<<< no conflict\n",
		"a: b # \xc2\xa0\n",
		"\xef\xbb\xbf"
		"a: b\r\n",
		"a: <<<<<<<\n# =======\n",
		"a: \"\\u202E\"\n",
		"a: \xe6\xbc\xa2\n",
	};
	AUTO_ARENA *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		if (parse(arena, fine[i])->problem_count)
			fail_msg("case %zu: %s", i, parse(arena, fine[i])->problems[0].message);
}

/* As many of them as a file can hold cost no more than one. */
static void test_many_that_do_not_show(void **state)
{
	(void)state;
	AUTO_ARENA *arena = arena_new();
	AUTO(str) s = STR_INIT;
	for (int i = 0; i < 300000; i++)
		str_add(&s, "\xe2\x80\xae");
	assert_int_equal(parse(arena, str_text(&s))->problem_count, 100);
	str_clear(&s);
	str_add_char(&s, '[');
	for (int i = 0; i < 9000; i++)
		str_add(&s, "a\xc2\xa0"
			    "b,\n");
	str_add_char(&s, ']');
	assert_int_equal(parse(arena, str_text(&s))->problem_count, 9000);
}

static void test_alias_bomb(void **state)
{
	(void)state;
	AUTO(str) s = STR_INIT;
	str_add(&s, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 40; i++) {
		str_addf(&s, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			str_addf(&s, "*a%d, ", i - 1);
		str_add(&s, "]\n");
	}
	assert_problem(str_text(&s), s.len, 4, 45, "aliases expand");
	AUTO(str) deep = STR_INIT;
	str_add(&deep, "a0: &a0 [x]\n");
	for (int i = 1; i < 40; i++)
		str_addf(&deep, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_problem(str_text(&deep), deep.len, 32, 12, "aliases nest");
}

static void test_strict(void **state)
{
	(void)state;
	assert_problem("a: 1\nb: 2\na: 3\n", 15, 3, 1, "duplicate key 'a'");
	assert_problem("a: !!int 1\n", 11, 1, 4, "tags");
	assert_problem("a: !x {}\n", 9, 1, 4, "tags");
	assert_problem("%YAML 1.1\n---\na: b\n", 19, 1, 1, "directives");
	assert_problem("a: b\n---\nc: d\n", 14, 2, 1, "second document");
	assert_problem("<<: {}\n", 7, 1, 1, "merge keys");
	assert_problem("? [a]\n: b\n", 10, 1, 3, "plain word");
	assert_problem("", 0, 1, 1, "empty");
	assert_problem("# nothing\n", 10, 1, 1, "empty");
	assert_problem("a: \"x\\0y\"\n", 10, 1, 4, "NUL");
	assert_problem("a: \xff\n", 5, 1, 4, "UTF-8");
	assert_problem("\xff\xfe"
		       "a\0:\0 \0b\0",
		       10, 1, 1, "UTF-8");
	assert_problem("a: b\0c\n", 7, 1, 5, "control characters");
	assert_problem("a: [b\n", 6, 2, 1, "did not find expected");
}

/* Cut and changed at every byte: no crash, and nothing but problems or a tree. */
static void test_damaged(void **state)
{
	(void)state;
	static const char text[] = "kind: &k stack\nlist: [a, \"b\\n\", *k, {c: d}]\n? e\n: |\n  f\n'g': >-\n  h\n";
	static const char bytes[] = "\t\n:&*?|>'\"%@`{}[],#!-\x80\xc3\xff";
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		AUTO_ARENA *arena = arena_new();
		struct yaml_doc *cut = yaml_parse(arena, "t", text, i);
		assert_true(cut->root || cut->problem_count);
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			AUTO_FREE char *changed = mem_strdup(text);
			changed[i] = bytes[j];
			struct yaml_doc *doc = yaml_parse(arena, "t", changed, sizeof(text) - 1);
			assert_true(doc->root || doc->problem_count);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_marks_count_bytes),
		cmocka_unit_test(test_scalar_types),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_what_does_not_show),
		cmocka_unit_test(test_many_that_do_not_show),
		cmocka_unit_test(test_alias_bomb),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
