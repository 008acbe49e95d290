#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/clients.h"
#include "sys/file.h"

/* Plays podman: its connections are lines in $HOME/.config/containers/podman-connections.json. */
static const char fake[] =
	"#!/bin/sh\n"
	"l=$HOME/.config/containers/podman-connections.json; [ ! -e \"$HOME/broken\" ] || exit 125\n"
	"mkdir -p \"${l%/*}\"; touch \"$l\"\n"
	"case $3 in\n"
	"list) echo \"[$(sed 's/\\([^ ]*\\) \\(.*\\)/{\"Name\":\"\\1\",\"URI\":\"\\2\"}/' \"$l\" | paste -sd, -)]\" ;;\n"
	"add) grep -v \"^$4 \" \"$l\" >\"$l.new\"; echo \"$4 $5\" >>\"$l.new\"; mv \"$l.new\" \"$l\" ;;\n"
	"remove) grep -v \"^$4 \" \"$l\" >\"$l.new\"; mv \"$l.new\" \"$l\" ;;\n"
	"esac\n";

static const struct clients podman = {.podman = true}, docker = {.docker = true};

struct place {
	char *dir;     /* of all */
	char *machine; /* its folder */
	struct machine_spec spec;
};

static void set(const char *name, const char *value)
{
	assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static struct place begin(void)
{
	struct place p = {.dir = test_dir()};
	AUTO_FREE char *bin = path_join(p.dir, "bin");
	AUTO_FREE char *program = path_join(bin, "podman");
	AUTO_FREE char *path = mem_printf("%s:/usr/bin:/bin", bin);

	p.machine = path_join(p.dir, "h/m/dev");
	p.spec = (struct machine_spec){.name = "dev", .dir = p.machine};
	assert_ok(dir_make(bin, 0755));
	assert_ok(dir_make(p.machine, 0700));
	assert_ok(file_write(program, fake, strlen(fake), 0755));
	set("PATH", path);
	for (const char *const *name =
		     (const char *const[]){"XDG_CONFIG_HOME", "CONTAINERS_CONF", "PODMAN_CONNECTIONS_CONF",
					   "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", NULL};
	     *name; name++)
		set(*name, NULL);
	return p;
}

static void end(struct place *p)
{
	free(p->dir);
	free(p->machine);
}

/* podman's files as they are below the home @name, which becomes ours. */
static char *home(const struct place *p, const char *name)
{
	AUTO_FREE char *path = path_join(p->dir, name);
	assert_ok(dir_make(path, 0755));
	set("HOME", path);
	return path_join(path, ".config/containers/podman-connections.json");
}

static bool told(const struct place *p)
{
	bool is_told = false;
	assert_ok(clients_told(&p->spec, podman, &is_told));
	return is_told;
}

static void tell(const struct place *p, const char *words)
{
	AUTO(str) outcome = STR_INIT;
	assert_ok(clients_tell(&p->spec, podman, NULL, &outcome));
	assert_string_equal(str_text(&outcome), words);
}

static void assert_file(const char *path, const char *wanted)
{
	AUTO_FREE char *text = NULL;
	assert_ok(file_read(path, 65536, &text, NULL));
	assert_string_equal(text, wanted);
}

/* Folders of configuration that are none, as who wants none says: nothing is told of there, and nothing is an error. */
static void no_configuration(void **state UNUSED)
{
	static const char *const nowhere[] = {"/dev/null", "/dev/null/below"};
	struct place p = begin();
	AUTO_FREE char *list = home(&p, "nobody");
	AUTO_FREE char *program = path_join(p.dir, "bin/docker");
	bool is_told = false;

	assert_ok(file_write(program, "#!/bin/sh\n", 10, 0755));
	for (size_t i = 0; i < ARRAY_LEN(nowhere); i++) {
		AUTO(str) outcome = STR_INIT;
		set("XDG_CONFIG_HOME", nowhere[i]);
		set("DOCKER_CONFIG", nowhere[i]);
		assert_false(told(&p));
		assert_ok(clients_told(&p.spec, docker, &is_told));
		assert_true(is_told);
		assert_ok(clients_tell(&p.spec, docker, NULL, &outcome));
		assert_ok(clients_forget(p.machine, "dev", NULL));
	}
	set("XDG_CONFIG_HOME", NULL);
	set("DOCKER_CONFIG", NULL);
	end(&p);
}

static void looks(void **state UNUSED)
{
	struct place p = begin();
	AUTO_FREE char *list = home(&p, "ann");

	assert_false(told(&p));
	tell(&p, "podman --connection dev");
	assert_true(told(&p));
	/* each thing that another podman would be, or would have done */
	assert_ok(file_write(list, "", 0, 0600));
	assert_false(told(&p));
	tell(&p, "podman --connection dev");
	set("CONTAINERS_CONF", "/elsewhere");
	assert_false(told(&p));
	set("CONTAINERS_CONF", NULL);
	assert_true(told(&p));
	AUTO_FREE char *bin = path_join(p.dir, "bin/podman");
	AUTO_FREE char *moved = path_join(p.dir, "bin/podman-remote");
	assert_ok(file_rename(bin, moved));
	set("PATH", "/nowhere");
	assert_true(told(&p)); /* there is nobody to tell */
	tell(&p, "podman is not installed on this host");
	AUTO_FREE char *path = mem_printf("%s/bin:/usr/bin:/bin", p.dir);
	set("PATH", path);
	if (!is_file("/usr/bin/podman"))
		assert_false(told(&p)); /* another one has come */
	AUTO_FREE char *note = path_join(p.machine, "connection.json");
	assert_ok(file_rename(moved, bin));
	assert_true(told(&p));
	assert_ok(file_write(note, "{\"ssh_port\":\"22\",\"name\":\"dev\"}", 31, 0600));
	assert_false(told(&p));
	end(&p);
}

static void each_home(void **state UNUSED)
{
	struct place p = begin();
	AUTO_FREE char *ann = home(&p, "ann");
	AUTO_FREE char *lines =
		mem_printf("dev unix://%s/api.sock\ndev-root unix://%s/root.sock\n", p.machine, p.machine);
	AUTO_FREE char *kept = NULL;

	tell(&p, "podman --connection dev");
	assert_file(ann, lines);
	AUTO_FREE char *bob = home(&p, "bob");
	assert_false(told(&p));
	AUTO_FREE char *config = mem_printf("%s/bob/.config/containers", p.dir);
	assert_ok(dir_make(config, 0755));
	assert_ok(file_write(bob, "dev ssh://me@elsewhere/x\n", 25, 0600));
	tell(&p, "podman --connection cooper-dev");
	kept = mem_printf("dev ssh://me@elsewhere/x\ncooper-dev unix://%s/api.sock\ndev-root unix://%s/root.sock\n",
			  p.machine, p.machine);
	assert_file(bob, kept);
	assert_true(told(&p));
	AUTO_FREE char *eve = home(&p, "eve");
	AUTO_FREE char *broken = mem_printf("%s/eve/broken", p.dir);
	assert_ok(file_write(broken, "", 0, 0600));
	assert_ok(clients_forget(p.machine, "dev", NULL)); /* whatever podman says of the third */
	assert_file(ann, "");
	assert_file(bob, "dev ssh://me@elsewhere/x\n");
	assert_false(is_file(eve));
	end(&p);
}

static bool docker_told(const struct place *p)
{
	bool is_told = false;
	assert_ok(clients_told(&p->spec, docker, &is_told));
	return is_told;
}

/* In the folder of docker's that was in use each time; from all of them it is taken back. */
static void docker_folders(void **state UNUSED)
{
	struct place p = begin();
	AUTO_FREE char *unused = home(&p, "ann");
	AUTO_FREE char *ann = mem_printf("%s/ann/.docker", p.dir);
	AUTO_FREE char *bob = mem_printf("%s/bob/settings", p.dir);
	AUTO(str) outcome = STR_INIT;

	set("PATH", "/nowhere");
	assert_true(docker_told(&p)); /* nobody is there */
	assert_ok(clients_tell(&p.spec, docker, NULL, &outcome));
	assert_string_equal(str_text(&outcome), "");
	assert_false(is_dir(ann));
	assert_ok(dir_make(ann, 0755));
	assert_false(docker_told(&p));
	assert_ok(clients_tell(&p.spec, docker, NULL, &outcome));
	assert_true(str_starts(str_text(&outcome), "docker"));
	assert_true(docker_told(&p));
	assert_ok(dir_make(bob, 0755));
	set("DOCKER_CONFIG", bob);
	assert_false(docker_told(&p));
	assert_ok(clients_tell(&p.spec, docker, NULL, &outcome));
	assert_true(docker_told(&p));
	set("DOCKER_CONFIG", NULL);
	set("HOME", "/nowhere");
	assert_ok(clients_forget(p.machine, "dev", NULL));
	AUTO_FREE char *of_ann = path_join(ann, "contexts");
	AUTO_FREE char *of_bob = path_join(bob, "contexts");
	assert_false(is_dir(of_ann) || is_dir(of_bob));
	assert_true(is_dir(ann) && is_dir(bob)); /* which were there before */
	end(&p);
}

static bool link_told(const struct place *p, struct clients wanted)
{
	bool is_told = false;
	assert_ok(clients_told(&p->spec, wanted, &is_told));
	return is_told;
}

/* In its place with the folders around it, moved with the stack's word, and gone with the machine. */
static void socket_link(void **state UNUSED)
{
	struct place p = begin();
	AUTO_FREE char *unused = home(&p, "ann");
	AUTO_FREE char *ann = mem_printf("%s/ann/.docker", p.dir);
	AUTO_FREE char *first = path_join(ann, "run/docker.sock");
	AUTO_FREE char *second = path_join(p.dir, "d.sock");
	AUTO_FREE char *socket = path_join(p.machine, "api.sock");
	AUTO_FREE char *leads = NULL, *moved = NULL;
	AUTO(str) outcome = STR_INIT;
	const struct clients none = {.podman = false}, below = {.socket = "~/.docker/run/docker.sock"},
			     elsewhere = {.socket = second}, noted = {.as_noted = true};
	bool any = true;

	set("PATH", "/nowhere");
	assert_true(link_told(&p, none));
	assert_ok(clients_any(p.machine, &none, &any));
	assert_false(any);
	assert_false(link_told(&p, below));
	assert_ok(clients_tell(&p.spec, below, NULL, &outcome));
	assert_string_equal(str_text(&outcome), first);
	assert_ok(file_link_text(first, &leads));
	assert_string_equal(leads, socket);
	assert_true(link_told(&p, below) && link_told(&p, noted));

	/* lost: made again, also where no stack is at hand */
	assert_int_equal(unlink(first), 0);
	assert_false(link_told(&p, below) || link_told(&p, noted));
	assert_ok(clients_tell(&p.spec, noted, NULL, &outcome));
	assert_true(link_told(&p, below));

	assert_false(link_told(&p, elsewhere));
	assert_ok(clients_tell(&p.spec, elsewhere, NULL, &outcome));
	assert_false(is_dir(ann));
	assert_true(link_told(&p, elsewhere));
	assert_ok(file_link_text(second, &moved));
	assert_string_equal(moved, socket);

	/* the home has another name: the link is ours all the same, and follows */
	AUTO_FREE char *moved_to = path_join(p.dir, "h2/m/dev");
	AUTO_FREE char *old_home = path_join(p.dir, "h");
	AUTO_FREE char *new_home = path_join(p.dir, "h2");
	AUTO_FREE char *followed = NULL;
	assert_int_equal(rename(old_home, new_home), 0);
	p.spec.dir = moved_to;
	assert_false(link_told(&p, elsewhere));
	assert_ok(clients_tell(&p.spec, elsewhere, NULL, &outcome));
	assert_ok(file_link_text(second, &followed));
	assert_true(str_starts(followed, moved_to));
	assert_true(link_told(&p, elsewhere));
	assert_int_equal(rename(new_home, old_home), 0);
	p.spec.dir = p.machine;
	assert_ok(clients_tell(&p.spec, elsewhere, NULL, &outcome));

	/* HOME is not known: what is there stays */
	set("HOME", NULL);
	assert_ok(clients_tell(&p.spec, below, NULL, &outcome));
	assert_int_equal(access(second, F_OK), -1); /* it leads to no socket, and is there */
	AUTO_FREE char *kept = NULL;
	assert_ok(file_link_text(second, &kept));
	assert_string_equal(kept, socket);

	/* nothing is put among our own files */
	AUTO_FREE char *own = path_join(p.dir, "h/other.sock");
	const struct clients inside = {.socket = own};
	assert_ok(clients_tell(&p.spec, inside, NULL, &outcome));
	assert_int_equal(access(own, F_OK), -1);
	assert_false(link_told(&p, inside));

	/* asked for no more */
	assert_false(link_told(&p, none));
	assert_ok(clients_any(p.machine, &none, &any));
	assert_true(any);
	assert_ok(clients_tell(&p.spec, none, NULL, &outcome));
	AUTO_FREE char *gone = NULL;
	assert_ok(file_link_text(second, &gone));
	assert_null(gone);
	assert_true(link_told(&p, none));
	end(&p);
}

/* Neither a file nor a link of the user's is replaced or removed; what cannot be made stops nothing. */
static void socket_of_others(void **state UNUSED)
{
	struct place p = begin();
	AUTO_FREE char *list = home(&p, "ann");
	AUTO_FREE char *path = path_join(p.dir, "d.sock");
	AUTO_FREE char *below = path_join(path, "x.sock");
	const struct clients wanted = {.socket = path}, impossible = {.socket = below}, none = {.podman = false};
	AUTO(str) outcome = STR_INIT;

	set("PATH", "/nowhere");
	assert_int_equal(symlink("/run/other.sock", path), 0);
	assert_ok(clients_tell(&p.spec, wanted, NULL, &outcome));
	assert_string_equal(str_text(&outcome), "");
	assert_true(link_told(&p, wanted)); /* it was said once */
	assert_ok(clients_forget(p.machine, "dev", NULL));
	assert_ok(clients_tell(&p.spec, none, NULL, &outcome));
	AUTO_FREE char *leads = NULL;
	assert_ok(file_link_text(path, &leads));
	assert_string_equal(leads, "/run/other.sock");

	assert_int_equal(unlink(path), 0);
	assert_ok(file_write(path, "mine", 4, 0600));
	assert_ok(clients_tell(&p.spec, wanted, NULL, &outcome));
	assert_ok(clients_tell(&p.spec, impossible, NULL, &outcome));
	assert_string_equal(str_text(&outcome), "");
	assert_false(link_told(&p, impossible));
	assert_ok(clients_forget(p.machine, "dev", NULL));
	assert_file(path, "mine");

	/* one that led elsewhere into the machine's folder is ours, and leads to the socket again */
	AUTO_FREE char *old = path_join(p.machine, "old.sock");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(old, path), 0);
	assert_ok(clients_tell(&p.spec, wanted, NULL, &outcome));
	assert_string_equal(str_text(&outcome), path);
	assert_ok(clients_forget(p.machine, "dev", NULL));
	assert_int_equal(access(path, F_OK), -1);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks),
		cmocka_unit_test(no_configuration),
		cmocka_unit_test(each_home),
		cmocka_unit_test(docker_folders),
		cmocka_unit_test(socket_link),
		cmocka_unit_test(socket_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
