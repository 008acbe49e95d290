#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "build/developer_tools.h"
#include "build/toolchain.h"
#include "sys/file.h"

static void versions(void **state UNUSED)
{
	static const struct {
		const char *said, *full, *version;
	} cases[] = {
		{"cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022\n", "12.2.0\n", "gcc 12.2.0"},
		{"gcc (GCC) 13.2.1 20231205 (Red Hat 13.2.1-6)\n", "13.2.1\n", "gcc 13.2.1"},
		{"Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\n", "", "clang 14.0.6"},
		{"Apple clang version 15.0.0 (clang-1500.3.9.4)\nTarget: arm64-apple-darwin23.5.0\n", "",
		 "Apple clang 15.0.0"},
		{"tcc version 0.9.27 (x86_64 Linux)\n", "", "tcc version 0.9.27 (x86_64 Linux)"},
		{"", "", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *version = toolchain_version(cases[i].said, cases[i].full);
		assert_string_equal(version, cases[i].version);
	}
}

static char *inputs_of(const char *interpreter)
{
	struct command command = {.script = "x", .interpreter = (char *)interpreter};
	struct recipe r = {.build.install = {&command, 1}};
	const struct host_facts facts = {.compiler = "gcc 12.2.0 m", .shell = "dash", .python = "python3.11"};
	AUTO_JSON *inputs = js_object();
	toolchain_inputs(&r, &facts, inputs);
	return js_line(inputs);
}

/* What no command uses is no input. */
static void interpreters_that_run_scripts(void **state UNUSED)
{
	AUTO_FREE char *sh = inputs_of(NULL);
	AUTO_FREE char *python = inputs_of("python3");
	assert_string_equal(sh, "{\"compiler\":\"gcc 12.2.0 m\",\"sh\":\"dash\"}");
	assert_string_equal(python, "{\"compiler\":\"gcc 12.2.0 m\",\"python3\":\"python3.11\"}");
}

/* Asked once: what is remembered is believed while the file is the one that was asked. */
static void the_compiler_is_asked_once(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *memory = path_join(dir, "compiler.json");
	AUTO_FREE char *text = NULL;
	struct home home;
	struct host_facts facts, again, other;
	assert_ok(os_host_facts(&facts));
	again = other = facts;
	home_at(dir, &home);
	assert_ok(toolchain_measure(&home, &facts));
	if (!*facts.compiler) {
		print_message("SKIP: there is no compiler where builds look for one\n");
		home_done(&home);
		skip();
	}
	assert_ok(file_read(memory, 1 << 16, &text, NULL));
	char *is = strstr(text, "\"is\": \"");
	assert_non_null(is);
	is[strlen("\"is\": \"")] = '?';
	assert_ok(file_write(memory, text, strlen(text), 0600));
	assert_ok(toolchain_measure(&home, &again));
	assert_int_equal(again.compiler[0], '?');
	char *size = strstr(text, "\"size\": ");
	assert_non_null(size);
	size[strlen("\"size\": ")] ^= 1; /* another digit */
	assert_ok(file_write(memory, text, strlen(text), 0600));
	assert_ok(toolchain_measure(&home, &other));
	assert_string_equal(other.compiler, facts.compiler);
	home_done(&home);
}

/* What is remembered of the compiler of @home becomes "xx...x@last". */
static void remember_long(const struct home *home, char last, struct host_facts *facts)
{
	AUTO_FREE char *memory = path_join(home->root, "compiler.json");
	AUTO_JSON *known = NULL;
	char is[1000];
	memset(is, 'x', sizeof(is));
	is[sizeof(is) - 2] = last;
	is[sizeof(is) - 1] = '\0';
	assert_ok(js_read(memory, &known));
	for (struct js_member m = {.of = known}; js_next(&m);) {
		struct json *now = js_object();
		js_set(now, "file", js_copy(js_get(m.value, "file")));
		js_set_text(now, "is", is);
		js_set(known, m.key, now);
	}
	assert_ok(js_write(memory, known, 0600));
	assert_ok(toolchain_measure(home, facts));
}

/* However long it is what compilers say of themselves: two of them never have one key. */
static void nothing_in_a_key_is_cut(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO(home) home = {.root = NULL};
	struct host_facts one, other;
	char text[8];
	assert_ok(os_host_facts(&one));
	other = one;
	home_at(dir, &home);
	assert_ok(toolchain_measure(&home, &one));
	if (!*one.compiler)
		skip();
	remember_long(&home, '1', &one);
	remember_long(&home, '2', &other);
	assert_string_not_equal(one.compiler, other.compiler);
	assert_non_null(strstr(one.compiler, "x... sha256:"));
	assert_int_equal(strlen(one.compiler), 160 + strlen("... sha256:") + 64);

	assert_ok(os_release_value("ID=\"debian\"\nX=1\n", "ID", text, sizeof(text)));
	assert_string_equal(text, "debian");
	assert_ok(os_release_value("IDS=debian\n", "ID", text, sizeof(text)));
	assert_string_equal(text, "");
	assert_fails(os_release_value("ID=debian12\n", "ID", text, sizeof(text)), ERR_CORRUPT, "ID in");

	AUTO_FREE char *sdk = path_join(dir, "SDKs/MacOSX.sdk");
	AUTO_FREE char *settings = path_join(sdk, "SDKSettings.json");
	assert_ok(dir_make(sdk, 0755));
	assert_ok(file_write(settings, "{\"Version\": \"15.2.12345\"}", 25, 0644));
	assert_fails(developer_tools_sdk(dir, text, sizeof(text)), ERR_CORRUPT, settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(interpreters_that_run_scripts),
		cmocka_unit_test(the_compiler_is_asked_once),
		cmocka_unit_test(nothing_in_a_key_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
