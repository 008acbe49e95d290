#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "guest/connect.h"
#include "sys/child.h"
#include "sys/file.h"

#define DIR "/home/ann/m/dev"
#define SOCKET "unix://" DIR "/api.sock"

static const struct connection wanted = {.program = "podman", .name = "dev", .uri = SOCKET, .dir = DIR};

static void uris(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{"/home/ann/api.sock", "unix:///home/ann/api.sock"},
		{"/a-b_c.d~e+f,g=h@i", "unix:///a-b_c.d~e+f,g=h@i"},
		{"/a b%20c#d?e", "unix:///a%20b%2520c%23d%3Fe"},
		{"/\xc3\xbc", "unix:///%C3%BC"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *uri = connect_uri(cases[i][0]);
		assert_string_equal(uri, cases[i][1]);
	}
}

static struct json *parsed(const char *text)
{
	struct json *list = NULL;
	assert_ok(js_parse(text, strlen(text), "a list", &list));
	return list;
}

static void lists(void **state UNUSED)
{
	static const struct {
		const char *list;
		enum connect_state wanted;
	} cases[] = {
		{"[]", CONNECT_ABSENT},
		{"[{\"Name\":\"devel\",\"URI\":\"x\"}]", CONNECT_ABSENT},
		{"[{\"Name\":\"other\"},{\"Name\":\"dev\",\"URI\":\"" SOCKET "\"}]", CONNECT_SAME},
		{"[{\"Name\":\"dev*\",\"URI\":\"" SOCKET "\"}]", CONNECT_SAME},
		{"[{\"Name\":\"dev\",\"URI\":\"unix://" DIR "/root.sock\"}]", CONNECT_CHANGED},
		{"[{\"Name\":\"dev\",\"URI\":\"ssh://core@127.0.0.1:9/x\",\"Identity\":\"" DIR "/ssh/key\"}]",
		 CONNECT_CHANGED},
		{"[{\"Name\":\"dev\",\"URI\":\"unix://" DIR "2/api.sock\"}]", CONNECT_FOREIGN},
		{"[{\"Name\":\"dev\",\"URI\":\"unix://" DIR "\"}]", CONNECT_FOREIGN},
		{"[{\"Name\":\"dev\",\"URI\":\"ssh://me@x/y\",\"Identity\":\"/home/ann/.ssh/key\"}]", CONNECT_FOREIGN},
		{"[{\"Name\":\"dev\",\"URI\":\"ssh://me@x/y\"}]", CONNECT_FOREIGN},
		{"[{\"Name\":\"dev\"}]", CONNECT_FOREIGN},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_JSON *list = parsed(cases[i].list);
		assert_int_equal(connect_state(&wanted, list), cases[i].wanted);
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

/* What podman was asked to do since the last time, but for lists. */
static char *asked(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "log");
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;
	AUTO(strs) acts = STRS_INIT;

	assert_ok(file_read(path, 65536, &text, NULL));
	assert_ok(file_remove(path));
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (!streq(lines.items[i], "system connection list --format json"))
			strs_add(&acts, lines.items[i]);
	return strs_join(&acts, "\n");
}

static char *put(const struct connection *c)
{
	AUTO_JSON *list = NULL;
	char *name = NULL;

	assert_ok(connect_list(c->program, c->env, &list));
	assert_ok(connect_put(c, list, NULL, &name));
	return name;
}

#define OURS(name) "{\"Name\":\"" name "\",\"URI\":\"" SOCKET "\"}"
#define THEIRS(name) "{\"Name\":\"" name "\",\"URI\":\"ssh://me@elsewhere/x\",\"Identity\":\"/home/me/key\"}"

static void putting(void **state UNUSED)
{
	static const struct {
		const char *list, *asked, *name;
	} cases[] = {
		{"", "system connection add dev " SOCKET, "dev"},
		{"null\n", "system connection add dev " SOCKET, "dev"},
		{"[" OURS("dev") "]", "", "dev"},
		{"[{\"Name\":\"dev\",\"URI\":\"ssh://core@127.0.0.1:9/x\",\"Identity\":\"" DIR "/ssh/key\"}]",
		 "system connection add dev " SOCKET, "dev"},
		{"[" THEIRS("dev") "]", "system connection add cooper-dev " SOCKET, "cooper-dev"},
		{"[" THEIRS("dev") "," OURS("cooper-dev") "]", "", "cooper-dev"},
		{"[" THEIRS("dev") "," THEIRS("cooper-dev") "]", "", NULL},
	};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = fake_podman(dir);
	struct connection c = wanted;

	c.program = program;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		set_list(dir, cases[i].list);
		AUTO_FREE char *name = put(&c);
		AUTO_FREE char *acts = asked(dir);
		assert_string_equal(acts, cases[i].asked);
		assert_true(streq(name, cases[i].name));
	}
	AUTO_JSON *list = NULL;
	set_list(dir, "connections: none\n");
	assert_fails(connect_list(program, NULL, &list), ERR_CORRUPT, "podman's list");
}

static void dropping(void **state UNUSED)
{
	static const struct {
		const char *list, *asked;
	} cases[] = {
		{"[]", ""},
		{"[" THEIRS("dev") "]", ""},
		{"[" OURS("dev") "," OURS("mine") "]", "system connection remove dev"},
		{"[" THEIRS("dev") "," OURS("cooper-dev") "]", "system connection remove cooper-dev"},
		{"[" OURS("dev") "," OURS("cooper-dev") "]",
		 "system connection remove dev\nsystem connection remove cooper-dev"},
	};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = fake_podman(dir);
	struct connection c = wanted;

	c.program = program;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		set_list(dir, cases[i].list);
		assert_ok(connect_drop(&c, NULL));
		AUTO_FREE char *acts = asked(dir);
		assert_string_equal(acts, cases[i].asked);
	}
}

static enum connect_state real_state(const struct connection *c)
{
	AUTO_JSON *list = NULL;
	assert_ok(connect_list(c->program, c->env, &list));
	return connect_state(c, list);
}

/* The host's podman, with a home of its own, and a socket's path that is not one as it stands. */
static void real_podman(void **state UNUSED)
{
	need_program("podman");
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = connect_program();
	AUTO_FREE char *conf_file = mem_printf("%s/containers.conf", dir);
	AUTO_FREE char *machine = mem_printf("%s/a b%%20c \xc3\xbc", dir);
	AUTO_FREE char *socket = path_join(machine, "api.sock");
	AUTO_FREE char *other = path_join(machine, "other.sock");
	AUTO_FREE char *uri = connect_uri(socket);
	AUTO_FREE char *other_uri = connect_uri(other);
	AUTO(strs) settings = STRS_INIT;
	AUTO(strs) env = STRS_INIT;

	assert_ok(file_write(conf_file, "", 0, 0600));
	strs_addf(&settings, "HOME=%s", dir);
	strs_addf(&settings, "CONTAINERS_CONF=%s", conf_file);
	strs_addf(&settings, "PODMAN_CONNECTIONS_CONF=%s/connections.json", dir);
	strs_add(&settings, "XDG_CONFIG_HOME");
	child_env(&settings, &env);
	struct connection c = {
		.program = program, .env = (const char *const *)env.items, .name = "dev", .uri = uri, .dir = machine};
	for (int i = 0; i < 2; i++) {
		AUTO_FREE char *name = put(&c);
		assert_string_equal(name, "dev");
		assert_int_equal(real_state(&c), CONNECT_SAME);
	}
	c.uri = other_uri;
	assert_int_equal(real_state(&c), CONNECT_CHANGED);
	AUTO_FREE char *name = put(&c);
	assert_string_equal(name, "dev");
	assert_int_equal(real_state(&c), CONNECT_SAME);
	assert_ok(connect_drop(&c, NULL));
	assert_int_equal(real_state(&c), CONNECT_ABSENT);
	assert_ok(connect_drop(&c, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris),     cmocka_unit_test(lists),       cmocka_unit_test(putting),
		cmocka_unit_test(dropping), cmocka_unit_test(real_podman),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
