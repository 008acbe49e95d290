#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/autostart.h"
#include "sys/file.h"

static void text_has(const struct autostart *a, const char *part)
{
	AUTO(str) text = STR_INIT;
	autostart_text(a, &text);
	if (!strstr(str_text(&text), part))
		fail_msg("'%s' is not in:\n%s", part, str_text(&text));
}

/* systemd.service(5), "Command lines": what it would expand or take apart */
static void unit_words(void **state UNUSED)
{
	const struct autostart a = {
		.os = OS_LINUX, .dir = "/h/machines/dev", .home = "/h/50% $x", .program = "/opt/a \"b\" $c %d\\e\n/cooper"};

	text_has(&a, "\nExecStart=\"/opt/a \\\"b\\\" $$c %%d\\\\e\\x0a/cooper\" machine run dev\n");
	text_has(&a, "\nEnvironment=\"COOPER_HOME=/h/50%% $x\"\n");
	text_has(&a, "# Written by `cooper autostart on` for /h/machines/dev\n");
}

static void agent_text(void **state UNUSED)
{
	const struct autostart a = {
		.os = OS_MACOS, .dir = "/h/machines/dev", .home = "/h/<&>", .program = "/opt/a & b/cooper"};

	text_has(&a, "<string>/opt/a &#38; b/cooper</string>\n\t\t<string>machine</string>\n\t\t<string>run</string>\n"
		     "\t\t<string>dev</string>");
	text_has(&a, "<key>COOPER_HOME</key>\n\t\t<string>/h/&#60;&#38;></string>");
	text_has(&a, "<key>Label</key>\n\t<string>cooper.dev</string>");
}

static bool is_on(const struct autostart *a)
{
	bool on = false;
	assert_ok(autostart_state(a, &on));
	return on;
}

/* On twice, off twice, and nothing of it is left; under both systems. */
static void on_and_off(void **state UNUSED)
{
	static const enum os systems[] = {OS_LINUX, OS_MACOS};

	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		AUTO_FREE char *home = test_dir();
		const struct autostart a = {
			.os = systems[i], .dir = "/h & i/machines/dev", .home = "/h & i", .program = "/bin/cooper"};
		bool was_on = false;

		assert_int_equal(setenv("HOME", home, 1) | unsetenv("XDG_CONFIG_HOME"), 0);
		assert_false(is_on(&a));
		for (int n = 0; n < 2; n++) {
			AUTO_FREE char *path = NULL;
			assert_ok(autostart_on(&a, &path));
			assert_true(is_file(path));
			assert_true(is_on(&a));
		}
		for (int n = 0; n < 2; n++) {
			assert_ok(autostart_off(&a, &was_on));
			assert_int_equal(was_on, n == 0);
			assert_false(is_on(&a));
		}
	}
}

/* What enables it leads to it. See: systemd.unit(5), "UNIT FILE LOAD PATH" */
static void enabled(void **state UNUSED)
{
	AUTO_FREE char *config = test_dir();
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *link = path_join(config, "systemd/user/default.target.wants/cooper-dev.service");
	const struct autostart a = {.os = OS_LINUX, .dir = "/h/machines/dev", .home = "/h", .program = "/bin/cooper"};
	char target[512] = "";

	assert_int_equal(setenv("XDG_CONFIG_HOME", config, 1), 0);
	assert_ok(autostart_on(&a, &path));
	assert_true(readlink(link, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, path);
	/* as by `systemctl --user disable` */
	assert_int_equal(unlink(link), 0);
	assert_false(is_on(&a));
	assert_int_equal(symlink("/elsewhere", link), 0);
	free(path);
	assert_ok(autostart_on(&a, &path));
	assert_true(readlink(link, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, path);
	assert_ok(autostart_off(&a, NULL));
	assert_int_not_equal(access(link, F_OK), 0);
}

/* Another's file stays: the user's own, and that of a machine of the same name in another home. */
static void foreign(void **state UNUSED)
{
	static const enum os systems[] = {OS_LINUX, OS_MACOS};

	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		AUTO_FREE char *home = test_dir();
		AUTO_FREE char *path = NULL;
		AUTO_FREE char *none = NULL;
		struct autostart a = {.os = systems[i], .dir = "/h/machines/dev", .home = "/h", .program = "/bin/cooper"};
		struct autostart other = a;
		bool was_on = true;

		other.dir = "/i/machines/dev";
		assert_int_equal(setenv("HOME", home, 1) | unsetenv("XDG_CONFIG_HOME"), 0);
		assert_ok(autostart_on(&a, &path));
		assert_fails(autostart_on(&other, &none), ERR_BUSY, "was not written for this machine");
		assert_ok(autostart_off(&other, &was_on));
		assert_false(was_on);
		assert_true(is_on(&a));
		assert_ok(file_write(path, "[Unit]\n", 7, 0644));
		assert_false(is_on(&a));
		assert_fails(autostart_on(&a, &none), ERR_BUSY, "remove it");
		assert_ok(autostart_off(&a, NULL));
		assert_true(is_file(path));
	}
}

static void no_home(void **state UNUSED)
{
	const struct autostart a = {.os = OS_LINUX, .dir = "/h/machines/dev", .home = "/h", .program = "/bin/cooper"};
	AUTO_FREE char *path = NULL;

	assert_int_equal(unsetenv("HOME") | unsetenv("XDG_CONFIG_HOME"), 0);
	assert_fails(autostart_on(&a, &path), ERR_USAGE, "HOME is not set");
	assert_false(is_on(&a));
	assert_ok(autostart_off(&a, NULL));
	/* where somebody wants no settings */
	assert_int_equal(setenv("XDG_CONFIG_HOME", "/dev/null", 1), 0);
	assert_false(is_on(&a));
	assert_ok(autostart_off(&a, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_words), cmocka_unit_test(agent_text), cmocka_unit_test(on_and_off),
		cmocka_unit_test(enabled),    cmocka_unit_test(foreign),    cmocka_unit_test(no_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
