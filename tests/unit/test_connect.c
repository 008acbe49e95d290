#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "guest/connect.h"
#include "sys/child.h"
#include "sys/file.h"

static const struct connection wanted = {.name = "dev", .user = "core", .uid = 1000, .port = 2222, .identity = "/k"};

static void uri(void **state)
{
	(void)state;
	struct connection root = wanted;
	AUTO_FREE char *user = connect_uri(&wanted);

	root.uid = 0;
	root.user = "root";
	AUTO_FREE char *system_wide = connect_uri(&root);
	assert_string_equal(user, "ssh://core@127.0.0.1:2222/run/user/1000/podman/podman.sock");
	assert_string_equal(system_wide, "ssh://root@127.0.0.1:2222/run/podman/podman.sock");
}

static void lists(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		enum connect_state wanted;
		bool is_default;
	} cases[] = {
		{"[]", CONNECT_ABSENT, false},
		{"", CONNECT_ABSENT, false},
		{"null", CONNECT_ABSENT, false},
		{"not json", CONNECT_ABSENT, false},
		{"[{\"Name\":\"devel\",\"URI\":\"x\"}]", CONNECT_ABSENT, false},
		{"[{\"Name\":\"other\"},{\"Name\":\"dev\",\"URI\":\"ssh://core@127.0.0.1:2222/run/user/1000/podman/"
		 "podman.sock\","
		 "\"Identity\":\"/k\",\"Default\":true}]",
		 CONNECT_SAME, true},
		{"[{\"Name\":\"dev\",\"URI\":\"ssh://core@127.0.0.1:9/run/user/1000/podman/"
		 "podman.sock\",\"Identity\":\"/k\"}]",
		 CONNECT_CHANGED, false},
		{"[{\"Name\":\"dev*\",\"URI\":\"ssh://core@127.0.0.1:2222/run/user/1000/podman/"
		 "podman.sock\",\"Identity\":\"/j\"}]",
		 CONNECT_FOREIGN, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool is_default = true;
		assert_int_equal(connect_state(&wanted, cases[i].list, &is_default), cases[i].wanted);
		assert_int_equal(is_default, cases[i].is_default);
	}
}

/* Plays podman: logs its arguments, and lists what the file beside it holds. */
static char *fake_podman(const char *dir)
{
	char *path = path_join(dir, "podman");
	AUTO_FREE char *text =
		mem_printf("#!/bin/sh\necho \"$@\" >> '%s/log'\n[ \"$3\" != list ] || cat '%s/list'\n", dir, dir);

	assert_ok(file_write(path, text, strlen(text), 0755));
	return path;
}

static void set_list(const char *dir, const char *text)
{
	AUTO_FREE char *path = path_join(dir, "list");
	assert_ok(file_write(path, text, strlen(text), 0644));
}

static void acting(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = fake_podman(dir);
	AUTO_FREE char *log_path = path_join(dir, "log");
	AUTO_FREE char *log = NULL;
	struct connection c = wanted;
	char *name = NULL;

	c.program = program;
	set_list(dir, "[]");
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "dev");
	mem_free_at(&name);
	set_list(dir, "[{\"Name\":\"dev\",\"URI\":\"ssh://core@127.0.0.1:9/x\",\"Identity\":\"/k\",\"Default\":true}]");
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "dev");
	mem_free_at(&name);
	assert_ok(connect_remove(&c));
	assert_ok(file_read(log_path, 65536, &log, NULL));
	assert_string_equal(
		log,
		"system connection list --format json\n"
		"system connection add --identity /k dev ssh://core@127.0.0.1:2222/run/user/1000/podman/podman.sock\n"
		"system connection list --format json\n"
		"system connection remove dev\n"
		"system connection add --default --identity /k dev "
		"ssh://core@127.0.0.1:2222/run/user/1000/podman/podman.sock\n"
		"system connection list --format json\n"
		"system connection remove dev\n");
	c.program = "podman-that-is-not-there";
	assert_ok(connect_add(&c, NULL, &name));
	assert_null(name);
	assert_ok(connect_remove(&c));
}

/* What has another key was made by somebody else: it is not replaced, and not removed. */
static void of_the_user(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = fake_podman(dir);
	AUTO_FREE char *log_path = path_join(dir, "log");
	AUTO_FREE char *log = NULL;
	AUTO_FREE char *name = NULL;
	struct connection c = wanted;

#define THEIRS "{\"Name\":\"dev\",\"URI\":\"ssh://me@elsewhere/x\",\"Identity\":\"/home/me/key\",\"Default\":true}"
	c.program = program;
	set_list(dir, "[" THEIRS "]");
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "cooper-dev");
	assert_ok(connect_remove(&c));
	set_list(dir, "[" THEIRS ",{\"Name\":\"cooper-dev\",\"URI\":\"ssh://old\",\"Identity\":\"/k\"}]");
	assert_ok(connect_remove(&c));
	assert_ok(file_read(log_path, 65536, &log, NULL));
	assert_string_equal(log, "system connection list --format json\n"
				 "system connection add --identity /k cooper-dev "
				 "ssh://core@127.0.0.1:2222/run/user/1000/podman/podman.sock\n"
				 "system connection list --format json\n"
				 "system connection list --format json\n"
				 "system connection remove cooper-dev\n");
	set_list(dir, "[" THEIRS ",{\"Name\":\"cooper-dev\",\"URI\":\"ssh://x\",\"Identity\":\"\"}]");
	mem_free_at(&name);
	assert_fails(connect_add(&c, NULL, &name), ERR_USAGE, "not cooper's");
}

/* The host's podman, with a home of its own. */
static void real_podman(void **state)
{
	(void)state;
	need_program("podman");
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *home = mem_printf("HOME=%s", dir);
	AUTO_FREE char *config = mem_printf("XDG_CONFIG_HOME=%s/config", dir);
	AUTO_FREE char *conf = mem_printf("CONTAINERS_CONF=%s/containers.conf", dir);
	AUTO_FREE char *conf_file = mem_printf("%s/containers.conf", dir);
	AUTO_FREE char *key = mem_printf("%s/key", dir);
	const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", home, config, conf, NULL};
	struct connection c = wanted;
	char *name = NULL;

	assert_ok(file_write(conf_file, "", 0, 0600));
	assert_ok(file_write(key, "", 0, 0600));
	c.env = env;
	c.identity = key;
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "dev");
	mem_free_at(&name);
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "dev");
	mem_free_at(&name);
	c.port = 2223;
	assert_ok(connect_add(&c, NULL, &name));
	assert_string_equal(name, "dev");
	mem_free_at(&name);
	assert_ok(connect_remove(&c));
	assert_ok(connect_remove(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uri),         cmocka_unit_test(lists),       cmocka_unit_test(acting),
		cmocka_unit_test(of_the_user), cmocka_unit_test(real_podman),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
