#include "harness.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/shares.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"

#define HOME "/home/ann"
#define OURS "/home/ann/.local/share/cooper"

static void judged(void **state)
{
	static const struct {
		const char *path;
		const char *writable, *read_only; /* part of the refusal; NULL = taken */
	} cases[] = {
		{"/", "whole host", "whole host"},
		{"/etc", "decides what the host runs", NULL},
		{"/etc/cron.d", "decides what the host runs", NULL},
		{"/proc", "devices", "devices"},
		{"/sys/kernel", "devices", "devices"},
		{"/dev", "devices", "devices"},
		{"/dev/shm", "devices", "devices"},
		{"/dev/shm/project", NULL, NULL},
		{"/usr", "decides", NULL},
		{"/usr/lib/systemd", "decides", NULL},
		{"/usr/src/linux", NULL, NULL},
		{"/var", "decides", NULL},
		{"/var/lib/data", NULL, NULL},
		{"/srv", NULL, NULL},
		{"/home", "would be you", "holds '/home/ann/.ssh'"},
		{HOME, "would be you", NULL},
		{HOME "/src", NULL, NULL},
		{HOME "/.sshd", NULL, NULL},
		{HOME "/.ssh", "your keys", "your keys"},
		{HOME "/.SSH", "your keys", "your keys"},
		{HOME "/.ssh/keys", "your keys", "your keys"},
		{HOME "/.gnupg", "your keys", "your keys"},
		{HOME "/.aws", "your keys", "your keys"},
		{HOME "/.config", "your keys", "your keys"},
		{HOME "/.config/nvim", "would be you", NULL},
		{HOME "/.config/other", NULL, NULL},
		{HOME "/.config/op", "your keys", "your keys"},
		{HOME "/bin", "would be you", NULL},
		{HOME "/.local/bin/tools", "would be you", NULL},
		{HOME "/go", "would be you", NULL},
		{HOME "/go/src", NULL, NULL},
		{HOME "/.cargo/registry", NULL, NULL},
		{HOME "/.cache", NULL, NULL},
		{"/run/user/1000", "decides", NULL},
		{"/run/media/ann/disk", NULL, NULL},
		{"/var/spool/cron", "decides", NULL},
		{"/var/lib", "decides", NULL},
		{"/var/lib/dpkg/info", "decides", NULL},
		{"/opt", "decides", NULL},
		{"/opt/project", NULL, NULL},
		{HOME "/.config/autostart", "would be you", NULL},
		{HOME "/.local", "your keys", "your keys"},
		{OURS, "cooper's own", "cooper's own"},
		{OURS "/machines/dev", "cooper's own", "cooper's own"},
		{"/home/bob", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int writable = 0; writable < 2; writable++) {
			const char *says = writable ? cases[i].writable : cases[i].read_only;
			const struct mount m = {.host = (char *)cases[i].path, .writable = writable};
			struct err *e = share_judge(&m, HOME, OURS);
			print_message("%s %d\n", cases[i].path, writable);
			if (says)
				assert_fails(e, ERR_USAGE, says);
			else
				assert_ok(e);
		}
	}
	/* a home that is elsewhere, and none at all */
	assert_fails(share_judge(&(struct mount){.host = (char *)"/data", .writable = false}, HOME, "/data/cooper"),
		     ERR_USAGE, "cooper's own");
	assert_ok(share_judge(&(struct mount){.host = (char *)"/data/src", .writable = true}, HOME, "/data/cooper"));
	assert_fails(share_judge(&(struct mount){.host = (char *)"/etc", .writable = true}, NULL, OURS), ERR_USAGE,
		     "decides");
	assert_ok(share_judge(&(struct mount){.host = (char *)"/data", .writable = true}, NULL, OURS));
}

/* What a guest does not see of the home. */
static void hidden(void **state UNUSED)
{
	static const struct {
		const char *cooper_home, *names; /* NULL = it cannot be hidden */
	} cases[] = {
		{OURS, ".*:Applications:bin:Library"},
		{"/srv/cooper", ".*:Applications:bin:Library"},
		{"/home/anna/cooper", ".*:Applications:bin:Library"},
		{HOME "/tools/cooper/home", ".*:Applications:bin:Library:tools"},
		{HOME "/cooper", ".*:Applications:bin:Library:cooper"},
		{HOME "/a:b/cooper", NULL},
		{HOME "/a*/cooper", NULL},
		{HOME "/\xc3\xa9/cooper", NULL},
		{HOME, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *names = share_hidden(HOME, HOME, cases[i].cooper_home);
		struct mount m = {.host = (char *)HOME, .hidden = names};
		if (!streq(names, cases[i].names))
			fail_msg("%s: %s", cases[i].cooper_home, names ? names : "none");
		m.writable = true;
		assert_fails(share_judge(&m, HOME, cases[i].cooper_home), ERR_USAGE, "would be you");
	}
	assert_null(share_hidden(HOME "/src", HOME, OURS));
	assert_null(share_hidden("/home", HOME, OURS));
	assert_null(share_hidden("/srv", NULL, OURS));
}

/* As found on this host: links to the home and in it. */
static void hides(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *home = path_join(dir, "home");
	AUTO_FREE char *link = path_join(dir, "link");
	AUTO_FREE char *ours = path_join(home, "kept/cooper");
	AUTO_FREE char *elsewhere = path_join(home, "elsewhere");
	AUTO_FREE char *below = path_join(home, "src");
	AUTO_FREE char *before = mem_strdup(getenv("HOME"));

	assert_ok(dir_make(ours, 0700));
	assert_int_equal(symlink(home, link), 0);
	assert_int_equal(symlink("kept/cooper", elsewhere), 0);
	assert_int_equal(setenv("HOME", link, 1), 0);
	struct mount m = {.host = home};
	assert_ok(share_hide(&m, ours));
	assert_string_equal(m.hidden, ".*:Applications:bin:Library:kept");
	assert_ok(share_check(&m, ours));
	free(m.hidden);
	m = (struct mount){.host = link};
	AUTO_FREE char *through = path_join(link, "elsewhere");
	assert_ok(share_hide(&m, through));
	assert_string_equal(m.hidden, ".*:Applications:bin:Library:elsewhere:kept");
	free(m.hidden);
	m = (struct mount){.host = below, .writable = true};
	assert_ok(share_hide(&m, ours));
	assert_null(m.hidden);
	/* what the keys' folder is a link to */
	AUTO_FREE char *dotfiles = path_join(home, "dotfiles/ssh");
	AUTO_FREE char *keys = path_join(home, ".ssh");
	m = (struct mount){.host = dotfiles};
	assert_ok(dir_make(dotfiles, 0700));
	assert_ok(share_check(&m, ours));
	assert_int_equal(symlink("dotfiles/ssh", keys), 0);
	assert_fails(share_check(&m, ours), ERR_USAGE, "your keys");
	assert_int_equal(setenv("HOME", before, 1), 0);
}

/* By another name: a link to it, and a folder that does not exist yet. */
static void links(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *ours = path_join(dir, "ours");
	AUTO_FREE char *link = path_join(dir, "link");
	AUTO_FREE char *below = path_join(link, "below");
	struct mount m = {.host = link};

	(void)state;
	assert_int_equal(symlink("/etc", link), 0);
	assert_ok(share_check(&m, ours));
	m.writable = true;
	assert_fails(share_check(&m, ours), ERR_USAGE, "decides");
	assert_ok(file_remove(link));
	assert_int_equal(symlink(ours, link), 0);
	assert_ok(dir_make(ours, 0700));
	assert_fails(share_check(&m, ours), ERR_USAGE, "cooper's own");
	m.host = below;
	assert_fails(share_check(&m, ours), ERR_USAGE, "cooper's own");
}

/* What was a folder when the machine was planned is a link of the guest's at the next start. */
static void nested(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *outer = path_join(dir, "outer");
	AUTO_FREE char *inner = path_join(outer, "a/inner");
	AUTO_FREE char *a = path_join(outer, "a");
	AUTO_FREE char *b = path_join(outer, "b");
	struct mount mounts[] = {{.host = outer, .writable = true}, {.host = inner}};
	struct machine_spec spec = {.mounts = mounts, .mount_count = 2};

	(void)state;
	assert_ok(dir_make(inner, 0700));
	assert_ok(shares_check_nested(&spec));
	assert_int_equal(rename(a, b), 0);
	assert_ok(shares_check_nested(&spec));
	assert_int_equal(symlink("b", a), 0);
	assert_fails(shares_check_nested(&spec), ERR_USAGE, "became a link");
	assert_ok(file_remove(a));
	assert_int_equal(symlink("/", a), 0);
	assert_fails(shares_check_nested(&spec), ERR_USAGE, "leads out");
	/* by another name of the outer one: with a part that says nothing, and behind a link of the user's */
	AUTO_FREE char *dots = path_join(dir, "./outer");
	AUTO_FREE char *link = path_join(dir, "link");
	AUTO_FREE char *linked = path_join(link, "a/inner");
	assert_int_equal(symlink("outer", link), 0);
	mounts[0].host = dots;
	assert_fails(shares_check_nested(&spec), ERR_USAGE, "leads out");
	mounts[1].host = linked;
	assert_fails(shares_check_nested(&spec), ERR_USAGE, "leads out");
	mounts[0].writable = false;
	assert_ok(shares_check_nested(&spec));
}

/* What a monitor of ours does to a shared folder, by the calls that QEMU and others use. */
static void no_privileges_through_a_share(void **state)
{
	static const char script[] =
		"import os, stat, sys\n"
		"def mode(name): return oct(os.stat(name).st_mode & 0o7777)[2:]\n"
		"def fails(f, *args):\n"
		"    try: f(*args)\n"
		"    except PermissionError: return\n"
		"    except FileExistsError: return\n"
		"    sys.exit('%s%s was done' % (f.__name__, args))\n"
		"os.umask(0)\n"
		"open('f', 'w').close()\n"
		"os.chmod('f', 0o755); assert mode('f') == '755'\n"
		"fd = os.open('f', os.O_RDWR)\n"
		"for m in 0o4755, 0o6755, 0o4000:\n"
		"    fails(os.chmod, 'f', m); fails(os.fchmod, fd, m)\n"
		"    fails(os.open, 'new%o' % m, os.O_CREAT | os.O_WRONLY, m)\n"
		"    fails(os.mknod, 'node%o' % m, stat.S_IFREG | m)\n"
		"os.chmod('f', 0o2755); os.fchmod(fd, 0o2755); assert mode('f') == '755', mode('f')\n"
		"fails(os.open, 'group', os.O_CREAT | os.O_WRONLY, 0o2755)\n"
		"os.close(os.open('plain', os.O_CREAT | os.O_WRONLY, 0o1640)); assert mode('plain') == '1640'\n"
		"fails(os.open, 'plain', os.O_RDONLY | os.O_TRUNC)\n"
		"os.close(os.open('plain', os.O_RDWR)); os.close(os.open('plain', os.O_WRONLY | os.O_TRUNC))\n"
		"os.mkdir('d', 0o755); os.mkfifo('fifo')\n"
		"os.chmod('d', 0o2755); assert mode('d') == '755'\n"
		"os.mkdir('team/below', 0o755); os.chmod('team/below', 0o2755); assert mode('team/below') == '2755'\n"
		"fails(os.mknod, 'c', stat.S_IFCHR | 0o600, os.makedev(1, 3))\n"
		"fails(os.mknod, 'b', stat.S_IFBLK | 0o600, os.makedev(7, 0))\n"
		"fails(os.chown, 'f', 12345, 12345)\n"
		"s = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
		"assert s['NoNewPrivs'].strip() == '1' and int(s['CapEff'], 16) == 0, s\n";
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *team = NULL;
	struct host_facts facts;

	(void)state;
	need_program("python3");
	assert_ok(os_host_facts(&facts));
	if (facts.os != OS_LINUX)
		skip();
	dir = test_dir();
	team = path_join(dir, "team");
	assert_ok(dir_make(team, 0755));
	assert_int_equal(chmod(team, 02755), 0);
	const struct monitor_powers none = {.owner = 1000};
	struct child_spec spec = {
		.argv = (const char *[]){"python3", "-c", script, NULL}, .cwd = dir, .monitor = &none};
	assert_ok(child_run(&spec));
}

/* Root keeps what the machine needs, and no more: files of others, a low port. */
static void powers(void **state)
{
	static const struct {
		struct monitor_powers keeps;
		const char *bits;
	} cases[] = {{{.owner = 1000}, "0"},
		     {{.files = true}, "a"},
		     {{.files = true, .owner = 1000}, "b"},
		     {{.ports = true}, "400"},
		     {{.files = true, .owner = 1000, .ports = true}, "40b"}};
	struct host_facts facts;

	(void)state;
	assert_ok(os_host_facts(&facts));
	if (facts.os != OS_LINUX || geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(str) out = STR_INIT;
		AUTO_FREE char *script = mem_printf(
			"for s in Eff Prm Bnd; do grep -q \"^Cap$s:.0*%s\\$\" /proc/self/status || echo $s; done",
			cases[i].bits);
		struct child_spec spec = {.argv = (const char *[]){"sh", "-c", script, NULL},
					  .monitor = &cases[i].keeps};
		assert_ok(child_output(&spec, 1000, &out));
		assert_string_equal(str_text(&out), "");
	}
}

/* A file of root's becomes the guest user's, as it is his in the guest, and nobody else's. */
static void owners(void **state)
{
	static const char script[] =
		"touch f && chown 1000:1000 f && chown :0 f && chown 0 f && chown -h 1000 f || exit 1\n"
		"for o in 1 1001 :1001 1000:1001 65534; do chown $o f 2>/dev/null && exit 2; done\n"
		"chmod 600 f && echo ours >>f && setpriv --reuid 1000 true 2>/dev/null && exit 3; exit 0";
	const struct monitor_powers keep = {.files = true, .owner = 1000};
	AUTO_FREE char *dir = NULL;
	struct host_facts facts;

	(void)state;
	assert_ok(os_host_facts(&facts));
	if (facts.os != OS_LINUX || geteuid() != 0)
		skip();
	dir = test_dir();
	struct child_spec spec = {.argv = (const char *[]){"sh", "-c", script, NULL}, .cwd = dir, .monitor = &keep};
	assert_ok(child_run(&spec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged), cmocka_unit_test(hidden), cmocka_unit_test(hides),
		cmocka_unit_test(links),  cmocka_unit_test(nested), cmocka_unit_test(no_privileges_through_a_share),
		cmocka_unit_test(powers), cmocka_unit_test(owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
