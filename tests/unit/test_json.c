#include "harness.h"

#include <string.h>

#include "base/path.h"
#include "fmt/json.h"
#include "sys/file.h"

static void refused(const char *text, const char *why)
{
	struct json *root = NULL;

	assert_fails(js_parse(text, strlen(text), "x.json", &root), ERR_CORRUPT, why);
	assert_null(root);
}

static void test_refuses(void **state)
{
	(void)state;
	refused("", "line 1");
	refused("{\"a\": 1, \"a\": 2}", "duplicate");
	refused("{\"a\": 1} x", "'x.json' is not valid JSON: line 1, column");
	refused("{\"a\": 1,}", "column");
	refused("[1, 2", "']' expected");
	refused("{'a': 1}", "line 1");
	refused("[\"\xff\"]", "decode");
	refused("[\"\\u0000\"]", "NUL");
	refused("[99999999999999999999]", "integer");
	refused("[NaN]", "line 1");
}

static void assert_members(const struct json *object, const char *expected)
{
	AUTO(str) keys = STR_INIT;

	for (struct js_member m = {.of = object}; js_next(&m);) {
		assert_ptr_equal(m.value, js_get(object, m.key));
		str_addf(&keys, "%s ", m.key);
	}
	assert_string_equal(str_text(&keys), expected);
}

static void test_forgiving_reads(void **state)
{
	static const char text[] = "{\"z\": {\"n\": 5, \"on\": true}, \"list\": [\"x\", 2], \"none\": null}";
	AUTO_JSON *root = NULL;

	(void)state;
	assert_ok(js_parse(text, strlen(text), "x", &root));
	assert_int_equal(js_get_int(js_get(root, "z"), "n", -1), 5);
	assert_int_equal(js_get_int(js_get(root, "no"), "n", -1), -1);
	assert_int_equal(js_get_int(root, "z", -1), -1);
	assert_true(js_get_bool(js_get(root, "z"), "on", false));
	assert_true(js_get_bool(js_get(root, "z"), "n", true));
	assert_null(js_get_text(root, "z"));
	assert_null(js_get_text(NULL, "z"));
	assert_int_equal(js_count(root), 3);
	assert_int_equal(js_count(js_get(root, "list")), 2);
	assert_int_equal(js_count(NULL), 0);
	assert_int_equal(js_count(js_get(root, "none")), 0);
	assert_string_equal(js_as_text(js_at(js_get(root, "list"), 0)), "x");
	assert_int_equal(js_as_int(js_at(js_get(root, "list"), 1), 0), 2);
	assert_null(js_at(js_get(root, "list"), 2));
	assert_null(js_at(root, 0));
	assert_members(root, "z list none ");
	assert_members(js_get(root, "list"), "");
	assert_members(NULL, "");
	assert_false(js_is_object(NULL));
}

static void test_texts(void **state)
{
	AUTO(strs) texts = STRS_INIT;
	AUTO_JSON *mixed = js_array();
	AUTO_JSON *none = js_texts(NULL);

	(void)state;
	js_add_text(mixed, "a");
	js_add(mixed, NULL);
	js_add_text(mixed, "b");
	js_copy_texts(mixed, &texts);
	js_copy_texts(NULL, &texts);
	AUTO_JSON *back = js_texts(&texts);
	AUTO_FREE char *line = js_line(back);
	assert_string_equal(line, "[\"a\",\"b\"]");
	assert_true(js_is_array(none) && js_count(none) == 0);
}

static void test_build_and_write(void **state)
{
	AUTO_JSON *root = js_object();
	AUTO_JSON *copy = NULL;
	struct json *list = js_array();
	AUTO_FREE char *canonical = NULL;
	AUTO_FREE char *line = NULL;
	AUTO_FREE char *pretty = NULL;
	AUTO_FREE char *copied = NULL;

	(void)state;
	js_set_text(root, "b", "one");
	js_set_int(root, "a", INT64_MIN);
	js_set_bool(root, "c", true);
	js_set_text(root, "none", NULL);
	js_add_text(list, "\xff\n");
	js_add(list, js_object());
	js_set(root, "list", list);
	copy = js_copy(root);
	js_set_text(root, "b", "two");
	canonical = js_canonical(root);
	assert_string_equal(
		canonical,
		"{\"a\":-9223372036854775808,\"b\":\"two\",\"c\":true,\"list\":[\"\\\\xff\\\\x0a\",{}],\"none\":null}");
	line = js_line(copy);
	assert_string_equal(
		line,
		"{\"b\":\"one\",\"a\":-9223372036854775808,\"c\":true,\"none\":null,\"list\":[\"\\\\xff\\\\x0a\",{}]}");
	js_set(copy, "list", NULL);
	pretty = js_pretty(copy);
	assert_string_equal(pretty, "{\n  \"b\": \"one\",\n  \"a\": -9223372036854775808,\n  \"c\": true,\n"
				    "  \"none\": null,\n  \"list\": null\n}\n");
	copied = js_line(NULL);
	assert_string_equal(copied, "null");
}

static void test_file(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "a.json");
	AUTO_JSON *root = NULL;

	(void)state;
	assert_fails(js_read(path, &root), ERR_ABSENT, "a.json");
	assert_ok(file_write(path, "{\"a\": [1]}\n", 11, 0644));
	assert_ok(js_read(path, &root));
	assert_int_equal(js_count(js_get(root, "a")), 1);
}

/* a document nested too deep is refused, not a stack overflow */
static void test_depth(void **state)
{
	enum { DEEP = 100000 };
	AUTO_FREE char *text = mem_alloc(DEEP + 1);
	struct json *root = NULL;

	(void)state;
	memset(text, '[', DEEP);
	assert_fails(js_parse(text, DEEP, "deep", &root), ERR_CORRUPT, "depth");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses),         cmocka_unit_test(test_forgiving_reads),
		cmocka_unit_test(test_build_and_write), cmocka_unit_test(test_file),
		cmocka_unit_test(test_depth),           cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
