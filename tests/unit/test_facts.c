#include "golden.h"

#include <stdio.h>
#include <unistd.h>

#include "build/developer_tools.h"
#include "host/survey.h"
#include "machine/facts.h"

static const char *const hosts[] = {"m1-macos-12.3", "m1-macos-14", "m4-macos-26", "github-macos-14",
				    "linux-lying-kvm"};

/* What is read is what is written: no field is lost on the way. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		AUTO(host_survey) survey = {.home = NULL};
		AUTO_FREE char *path = mem_printf("tests/golden/hosts/%s.json", hosts[i]);
		AUTO_JSON *file = NULL;
		assert_ok(js_read(path, &file));
		assert_ok(survey_of_host(path, &survey));
		AUTO_JSON *again = survey_to_json(&survey);
		if (!js_get(file, "hv_support"))
			js_set_bool(file, "hv_support", false);
		if (!js_get(file, "kvm_present"))
			js_set_bool(file, "kvm_present", false);
		AUTO_FREE char *before = js_canonical(file);
		AUTO_FREE char *after = js_canonical(again);
		assert_string_equal(before, after);
	}
}

static void refused(const char *text, const char *why)
{
	AUTO_JSON *root = NULL;
	AUTO(host_survey) survey = {.home = NULL};
	AUTO_FREE char *whole =
		mem_printf("{\"os\": \"linux\", \"arch\": \"x86_64\", \"cpus\": 1, \"memory_bytes\": 1, %s}", text);

	assert_ok(js_parse(whole, strlen(whole), "x", &root));
	assert_fails(survey_from_json(root, "x", &survey), ERR_USAGE, why);
}

static void test_strict(void **state)
{
	AUTO(host_survey) survey = {.home = NULL};

	(void)state;
	refused("\"binfmt_misc\": true", "\"yes\" or \"no\"");
	refused("\"packages\": \"gcc\"", "a list of texts");
	refused("\"packages\": [\"gcc\", 1]", "a list of texts");
	refused("\"disk_free_bytes\": -4", "a number above 0");
	refused("\"home\": 1", "a text");
	refused("\"disk_free_byte\": 1", "did you mean 'disk_free_bytes'");
	assert_fails(survey_of_host("plan9/mips", &survey), ERR_USAGE, "macos/arm64");
	assert_ok(survey_of_host("macos/arm64", &survey));
	assert_int_equal(survey.host.os, OS_MACOS);
	assert_true(survey.host.hv_support);
	assert_ok(survey_of_host("macos/aarch64", &survey));
	assert_int_equal(survey.host.os, OS_MACOS);
	assert_ok(survey_of_host("linux/x86_64", &survey));
	assert_int_equal(survey.host.arch, ARCH_X86_64);
	assert_fails(survey_of_host("linux/riscv64", &survey), ERR_USAGE, "linux/arm64");
	assert_fails(survey_of_host("linux", &survey), ERR_USAGE, "linux/arm64");
}

static void touch(const char *root, const char *name, const char *text)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);
	AUTO_FREE char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));

	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0644));
}

static void test_developer_tools(void **state)
{
	AUTO_FREE char *root = test_dir();
	AUTO_FREE char *none = NULL;
	AUTO_FREE char *tools = NULL;
	AUTO_FREE char *chosen = NULL;
	char sdk[16];

	(void)state;
	assert_ok(developer_tools_find(root, &none));
	assert_null(none);
	/* an update of macOS may leave the folder behind without its programs */
	touch(root, "Library/Developer/CommandLineTools/SDKs/MacOSX.sdk/SDKSettings.json", "{\"Version\": \"15.2\"}");
	assert_ok(developer_tools_find(root, &none));
	assert_null(none);
	touch(root, "Library/Developer/CommandLineTools/usr/bin/git", "");
	assert_ok(developer_tools_find(root, &tools));
	assert_non_null(strstr(tools, "/Library/Developer/CommandLineTools"));
	assert_ok(developer_tools_sdk(tools, sdk, sizeof(sdk)));
	assert_string_equal(sdk, "15.2");

	/* what xcode-select chose counts first */
	touch(root, "Applications/Xcode.app/Contents/Developer/usr/bin/git", "");
	touch(root,
	      "Applications/Xcode.app/Contents/Developer/Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk/"
	      "SDKSettings.json",
	      "{\"Version\": \"26.1\"}");
	touch(root, "var/db/x", "");
	AUTO_FREE char *link = mem_printf("%s/var/db/xcode_select_link", root);
	assert_int_equal(symlink("../../Applications/Xcode.app/Contents/Developer", link), 0);
	assert_ok(developer_tools_find(root, &chosen));
	assert_non_null(strstr(chosen, "/Xcode.app/Contents/Developer"));
	assert_ok(developer_tools_sdk(chosen, sdk, sizeof(sdk)));
	assert_string_equal(sdk, "26.1");
	assert_ok(developer_tools_sdk(root, sdk, sizeof(sdk)));
	assert_string_equal(sdk, "");
}

/* They stand in keys: what cannot be read is no other SDK, and no other tools. */
static void test_developer_tools_unread(void **state)
{
	AUTO_FREE char *root = test_dir();
	AUTO_FREE char *tools = NULL;
	AUTO_FREE char *link = mem_printf("%s/var/db/xcode_select_link", root);
	char sdk[16];

	(void)state;
	touch(root, "Library/Developer/CommandLineTools/usr/bin/git", "");
	touch(root, "Library/Developer/CommandLineTools/SDKs/MacOSX.sdk/SDKSettings.json", "{\"Version\": ");
	assert_ok(developer_tools_find(root, &tools));
	assert_fails(developer_tools_sdk(tools, sdk, sizeof(sdk)), ERR_CORRUPT, "SDKSettings.json");
	touch(root, "var/db/x", "");
	assert_int_equal(symlink("xcode_select_link", link), 0); /* in a circle */
	assert_fails(developer_tools_find(root, &tools), ERR_OS, "xcode_select_link");
}

static void expect_proxy(const char *value, const char *shown)
{
	AUTO_FREE char *text = survey_proxy("https_proxy", value);
	assert_string_equal(text, shown);
}

static void test_words(void **state)
{
	(void)state;
	expect_proxy("http://proxy:3128", "https_proxy=http://proxy:3128");
	expect_proxy("http://ann:p@ss@proxy:3128/", "https_proxy=http://proxy:3128/");
	expect_proxy("ann:pw@proxy", "https_proxy=proxy");
	assert_true(survey_has_subordinates("root:1:2\nann:100000:65536\n", "ann", 1000));
	assert_true(survey_has_subordinates("1000:100000:65536\n", "ann", 1000));
	assert_false(survey_has_subordinates("anna:100000:65536\n", "ann", 1000));
	assert_string_equal(survey_signature(1, 1, ""), "unsigned");
	assert_string_equal(survey_signature(1, 0, "com.apple.security.hypervisor"), "broken");
	assert_string_equal(survey_signature(0, 0, "<dict/>"), "no-entitlement");
	assert_string_equal(survey_signature(0, 0, "<key>com.apple.security.hypervisor</key>"), "valid");
}

static void test_this_host(void **state)
{
	struct host_facts facts;
	AUTO(host_survey) survey = {.home = NULL};
	AUTO(strs) packages = STRS_INIT;

	(void)state;
	assert_ok(os_host_facts(&facts));
	strs_add(&packages, "no-package-has-such-a-name");
	struct survey_input input = {.host = &facts, .home = "/tmp/not/there", .packages = &packages};
	survey_measure(&input, &survey);
	assert_string_equal(survey.home, "/tmp/not/there");
	assert_true(survey.disk_free_bytes > 0);
	assert_true(survey.clock_s > 1700000000);
	assert_int_equal(survey.packages.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_strict),
		cmocka_unit_test(test_developer_tools),
		cmocka_unit_test(test_developer_tools_unread), cmocka_unit_test(test_words),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
