#include "base/quote.h"
#include "harness.h"

#include <string.h>
#include <sys/stat.h>

#include "net/ssh.h"
#include "sys/child.h"
#include "sys/file.h"

/* A shell must give back each word as it was: that is what the quoting is for. */
static void quoting_survives_a_shell(void **state)
{
	(void)state;
	static const char *const words[] = {
		"plain", "",  "two words", "it's", "$HOME", "`id`", "a\nb", "\\", "\"", "~",
		"A=b",   "*", "-n",        "'",    "a;b",   "é",    "!x",   "#",  NULL,
	};
	AUTO(strs) argv = STRS_INIT;
	AUTO(str) expected = STR_INIT, out = STR_INIT;

	strs_add(&argv, "printf");
	strs_add(&argv, "[%s]");
	strs_add_all(&argv, words);
	AUTO_FREE char *text = quote_argv((const char *const *)argv.items);
	struct child_spec spec = {.argv = (const char *[]){"/bin/sh", "-c", text, NULL}, .deadline_ms = 2000};
	assert_ok(child_output(&spec, 4096, &out));
	for (size_t i = 0; words[i]; i++)
		str_addf(&expected, "[%s]", words[i]);
	assert_string_equal(str_text(&out), str_text(&expected));
}

static void config(void **state)
{
	(void)state;
	AUTO_FREE char *text = NULL;
	struct ssh_settings s = {.host = "cooper-dev",
				 .user = "core",
				 .port = 2222,
				 .identity = "/a b/id%1",
				 .known_hosts = "/a b/known_hosts",
				 .control_path = "/a b/mux"};

	assert_ok(ssh_config_text(&s, &text));
	assert_non_null(strstr(text, "Host cooper-dev\n"));
	assert_non_null(strstr(text, "\tIdentityFile \"/a b/id%%1\"\n"));
	assert_non_null(strstr(text, "\tStrictHostKeyChecking yes\n"));
	assert_non_null(strstr(text, "\tIdentityAgent none\n"));
	assert_non_null(strstr(text, "\tControlPath \"/a b/mux-%r\"\n"));
	s.control_path = NULL;
	AUTO_FREE char *plain = NULL;
	assert_ok(ssh_config_text(&s, &plain));
	assert_null(strstr(plain, "Control"));
	s.identity = "/a\"b";
	AUTO_FREE char *none = NULL;
	assert_fails(ssh_config_text(&s, &none), ERR_USAGE, "COOPER_HOME");
}

/* The real ssh reads the file the way it was meant. */
static void config_as_ssh_reads_it(void **state)
{
	(void)state;
	need_program("ssh");
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = mem_printf("%s/con fig", dir);
	AUTO_FREE char *text = NULL;
	AUTO(str) out = STR_INIT;
	struct ssh_settings s = {
		.host = "cooper-dev", .user = "core", .port = 2222, .identity = "/a b/id", .known_hosts = "/a b/kh"};

	s.control_path = "/a b/mux";
	assert_ok(ssh_config_text(&s, &text));
	assert_ok(file_write(path, text, strlen(text), 0600));
	struct child_spec spec = {.argv = (const char *[]){"ssh", "-F", path, "-G", "cooper-dev", NULL},
				  .deadline_ms = 5000};
	assert_ok(child_output(&spec, 65536, &out));
	static const char *const lines[] = {"hostname 127.0.0.1\n",
					    "port 2222\n",
					    "user core\n",
					    "identityfile /a b/id\n",
					    "batchmode yes\n",
					    "stricthostkeychecking true\n",
					    "identitiesonly yes\n",
					    "userknownhostsfile \"/a b/kh\"\n",
					    "hostkeyalias cooper-dev\n"};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(str_text(&out), lines[i]) && !strstr(lines[i], "userknownhostsfile"))
			fail_msg("'%s' is not in: %s", lines[i], str_text(&out));
	assert_non_null(strstr(str_text(&out), "/a b/kh"));
	assert_non_null(strstr(str_text(&out), "controlpath /a b/mux-core\n"));
	/* another user never rides that connection */
	spec.argv = (const char *[]){"ssh", "-F", path, "-G", "-l", "root", "cooper-dev", NULL};
	str_clear(&out);
	assert_ok(child_output(&spec, 65536, &out));
	assert_non_null(strstr(str_text(&out), "controlpath /a b/mux-root\n"));
}

/* ... and takes a forward's paths apart at the right colon. */
static void forward_as_ssh_reads_it(void **state)
{
	(void)state;
	need_program("ssh");
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = mem_printf("%s/config", dir);
	AUTO(str) out = STR_INIT;
	AUTO(strs) argv = STRS_INIT;
	struct ssh ssh = {.config_path = path, .host = "cooper-dev"};

	assert_ok(file_write(path, "", 0, 0600));
	ssh_forward_argv(&ssh, NULL, "/a b/c:d%h/api.sock", "/run/podman.sock", &argv);
	AUTO_FREE char *verb = argv.items[0];
	argv.items[0] = mem_strdup("-G");
	AUTO(strs) all = STRS_INIT;
	strs_add(&all, verb);
	strs_add_all(&all, (const char *const *)argv.items);
	struct child_spec spec = {.argv = (const char *const *)all.items, .deadline_ms = 5000};
	assert_ok(child_output(&spec, 65536, &out));
	if (!strstr(str_text(&out), "localforward /a b/c:d%h/api.sock /run/podman.sock\n") &&
	    !strstr(str_text(&out), "localforward [/a b/c:d%h/api.sock]:0 [/run/podman.sock]:0\n"))
		fail_msg("%s", str_text(&out));
	assert_non_null(strstr(str_text(&out), "exitonforwardfailure yes\n"));
	assert_non_null(strstr(str_text(&out), "streamlocalbindunlink yes\n"));
	assert_non_null(strstr(str_text(&out), "controlmaster false\n"));
}

static void known_hosts(void **state)
{
	(void)state;
	AUTO_FREE char *line = ssh_known_hosts_line("cooper-dev", "ssh-ed25519 AAAAC3 cooper machine dev\n");
	AUTO_FREE char *empty = ssh_known_hosts_line("cooper-dev", "nothing");

	assert_string_equal(line, "cooper-dev ssh-ed25519 AAAAC3\n");
	assert_string_equal(empty, "");
}

/* Stands in for ssh: runs the remote words with a shell, as sshd does. */
static char *fake_ssh(const char *dir)
{
	static const char text[] = "#!/bin/sh\nfor a; do last=$a; done\nexec /bin/sh -c \"$last\"\n";
	char *path = mem_printf("%s/ssh", dir);

	assert_ok(file_write(path, text, strlen(text), 0755));
	return path;
}

static void running(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = fake_ssh(dir);
	struct ssh ssh = {.program = program, .config_path = "/cfg", .host = "cooper-dev"};
	AUTO(str) out = STR_INIT;
	int status = -1;

	struct ssh_command c = {.argv = (const char *[]){"sh", "-c", "cat; echo \"it's $1\"", "x", "a b", NULL},
				.input = "in ",
				.deadline_ms = 5000};
	assert_ok(ssh_run(&ssh, &c, &out, &status));
	assert_int_equal(status, 0);
	assert_string_equal(str_text(&out), "in it's a b\n");
	c = (struct ssh_command){.argv = (const char *[]){"sh", "-c", "echo why >&2; exit 7", NULL},
				 .name = "thing",
				 .deadline_ms = 5000};
	assert_ok(ssh_run(&ssh, &c, NULL, &status));
	assert_int_equal(status, 7);
	assert_fails(ssh_run(&ssh, &c, NULL, NULL), ERR_CHILD, "'thing' failed in the guest with exit status 7");
	assert_fails(ssh_run(&ssh, &c, NULL, NULL), ERR_CHILD, "\nwhy");
	c.argv = (const char *[]){"sh", "-c", "echo 'Connection refused' >&2; exit 255", NULL};
	assert_fails(ssh_run(&ssh, &c, NULL, &status), ERR_GUEST, "Connection refused");
	c.argv = (const char *[]){"sh", "-c",
				  "echo '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @' >&2; exit 255", NULL};
	assert_fails(ssh_run(&ssh, &c, NULL, &status), ERR_GUEST, "another host key");
	struct ssh_command endless = {.argv = (const char *[]){"yes", NULL}, .name = "thing", .deadline_ms = 60000};
	AUTO(str) much = STR_INIT;
	assert_fails(ssh_run(&ssh, &endless, &much, &status), ERR_GUEST, "'thing' in the guest");
	c.argv = (const char *[]){"sh", "-c", "exit 124", NULL};
	c.timeout_status = 124;
	assert_fails(ssh_run(&ssh, &c, NULL, &status), ERR_TIMEOUT, "in time in the guest");
	c.argv = (const char *[]){"sleep", "5", NULL};
	c.deadline_ms = 100;
	assert_fails(ssh_run(&ssh, &c, NULL, &status), ERR_TIMEOUT, "did not end");
}

static void command_line(void **state)
{
	(void)state;
	struct ssh ssh = {.config_path = "/cfg", .host = "cooper-dev"};
	AUTO(strs) remote = STRS_INIT, login = STRS_INIT, screen = STRS_INIT;

	ssh_argv(&ssh, (const char *[]){"echo", "a b", NULL}, /* terminal= */ false, &remote);
	ssh_argv(&ssh, (const char *[]){"htop", NULL}, /* terminal= */ true, &screen);
	ssh_argv(&ssh, NULL, /* terminal= */ false, &login);
	AUTO_FREE char *a = strs_join(&remote, "|");
	AUTO_FREE char *b = strs_join(&login, "|");
	AUTO_FREE char *c = strs_join(&screen, "|");
	assert_string_equal(a, "ssh|-F|/cfg|-T|--|cooper-dev|echo 'a b'");
	assert_string_equal(b, "ssh|-F|/cfg|--|cooper-dev");
	assert_string_equal(c, "ssh|-F|/cfg|-t|--|cooper-dev|htop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoting_survives_a_shell),
		cmocka_unit_test(config),
		cmocka_unit_test(config_as_ssh_reads_it),
		cmocka_unit_test(forward_as_ssh_reads_it),
		cmocka_unit_test(known_hosts),
		cmocka_unit_test(running),
		cmocka_unit_test(command_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
