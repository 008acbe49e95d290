/* What the kernel may do between two calls, or say to one: what a test can see only by standing in between. */
#include "harness.h"

#ifdef __linux__
#include "calls.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/units.h"
#include "build/sign.h"
#include "build/toolchain.h"
#include "machine/call.h"
#include "host/survey.h"
#include "machine/data_disk.h"
#include "machine/disk.h"
#include "machine/keys.h"
#include "machine/snapshot.h"
#include "machine/vmm_qemu.h"
#include "net/fetch.h"
#include "net/fetch_part.h"
#include "net/gitrepo.h"
#include "patch/patch.h"
#include "source/debian.h"
#include "store/audit.h"
#include "store/cas.h"
#include "store/gc.h"
#include "store/store.h"
#include "sys/beneath.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"
#include "tree/inflate.h"
#include "tree/tree_digest.h"
#include "tree/tree_writer.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *top; /* of each test */

static int begin(void **state UNUSED)
{
	top = test_dir();
	return 0;
}

static int finish(void **state UNUSED)
{
	strs_done(&calls.done);
	calls.top = calls.look_at = calls.replaced = NULL;
	calls.fail_fsync = calls.fail_readdir = calls.fail_removal = NEVER;
	calls.fail_realpath = calls.fail_fork = calls.fail_pread = calls.killed = NEVER;
	calls.fail_open = NULL;
	calls.fail_write = calls.fail_read = 0;
	calls.interrupted = 0;
	calls.of_size = 0;
	calls.short_writes = false;
	calls.random = 0;
	free(top);
	return 0;
}

static char *below(const char *name)
{
	return path_join(top, name);
}

/* Without the library, so that nothing of it is written down. */
static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = below(name);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_text(const char *name, const char *text)
{
	AUTO_FREE char *path = below(name);
	AUTO_FREE char *found = NULL;
	assert_ok(file_read(path, 1000, &found, NULL));
	assert_string_equal(found, text);
}

/* Of what was done. */
static void assert_before(const char *first, const char *second)
{
	bool seen = false;
	for (size_t i = 0; i < calls.done.count; i++) {
		if (seen && streq(calls.done.items[i], second))
			return;
		seen = seen || streq(calls.done.items[i], first);
	}
	AUTO_FREE char *all = strs_join(&calls.done, "\n");
	fail_msg("'%s' is not before '%s' in:\n%s", first, second, all);
}

/* --- the power may fail: bytes before their name, and the name before it is said --- */

static void files_last(void **state UNUSED)
{
	AUTO_FREE char *path = below("f");
	calls.top = top;
	assert_ok(file_write(path, "x", 1, 0600));
	AUTO_FREE char *done = strs_join(&calls.done, ", ");
	assert_string_equal(done, "mode f.tmp, flush f.tmp, name f, flush .");
}

static void renames_last(void **state UNUSED)
{
	put("a/f", "x");
	put("b/g", "x");
	AUTO_FREE char *from = below("a/f");
	AUTO_FREE char *to = below("b/f");
	calls.top = top;
	assert_ok(file_rename(from, to));
	AUTO_FREE char *done = strs_join(&calls.done, ", ");
	assert_string_equal(done, "name b/f, flush b, flush a");
}

static void results_last(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	AUTO_FREE char *stage = NULL;
	AUTO_JSON *receipt = js_object();
	home_at(top, &home);
	assert_ok(home_make(&home));
	assert_ok(store_begin(&home, KEY, "r", &stage));
	put("store/.stage-r/bin/tool", "x");
	AUTO_FREE char *result = store_path(&home, KEY, "r");
	AUTO_FREE char *name = mem_printf("name %s", result + strlen(top) + 1);
	calls.top = top;
	assert_ok(store_commit(&home, KEY, "r", stage, receipt));
	assert_before("mode store/.stage-r/bin/tool", "flush store/.stage-r/bin/tool");
	assert_before("mode store/.stage-r", "flush store/.stage-r/bin/tool");
	assert_before("flush store/.stage-r/bin/tool", "flush store/.stage-r/bin");
	assert_before("flush store/.stage-r/bin", name);
	assert_before("flush store/.stage-r", name);
	assert_before(name, "flush store");
}

static void downloads_last(void **state UNUSED)
{
	put("source", "hello");
	AUTO_FREE char *url = mem_printf("file://%s/source", top);
	AUTO_FREE char *target = below("got");
	struct fetch_request r = {.url = url, .sha256 = HELLO, .size = 5, .target = target};
	calls.top = top;
	assert_ok(fetch_run(&r, 1, /* deadline_ms= */ 0, NULL));
	assert_before("flush got.part", "name got");
}

static void objects_last(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	home_at(top, &home);
	assert_ok(home_make(&home));
	put("source", "hello");
	assert_ok(cas_make_room(&home, HELLO));
	AUTO_FREE char *url = mem_printf("file://%s/source", top);
	AUTO_FREE char *target = cas_path(&home, HELLO);
	AUTO_FREE char *note = cas_note_path(&home, HELLO);
	AUTO_FREE char *part_mode = mem_printf("mode %s.part", target + strlen(top) + 1);
	AUTO_FREE char *part_flush = mem_printf("flush %s.part", target + strlen(top) + 1);
	AUTO_FREE char *name = mem_printf("name %s", target + strlen(top) + 1);
	AUTO_FREE char *mode = mem_printf("mode %s", target + strlen(top) + 1);
	AUTO_FREE char *flush = mem_printf("flush %s", target + strlen(top) + 1);
	AUTO_FREE char *noted = mem_printf("name %s", note + strlen(top) + 1);
	struct fetch_request r = {.url = url, .sha256 = HELLO, .size = 5, .target = target, .read_only = true};
	calls.top = top;
	assert_ok(fetch_run(&r, 1, /* deadline_ms= */ 0, NULL));
	assert_ok(cas_seal(&home, HELLO, /* sha512= */ NULL));
	assert_before(part_mode, part_flush);
	assert_before(part_flush, name);
	assert_false(strs_has(&calls.done, mode));
	/* one that came here in another way */
	assert_int_equal(chmod(target, 0644), 0);
	strs_done(&calls.done);
	assert_ok(cas_seal(&home, HELLO, /* sha512= */ NULL));
	assert_before(mode, flush);
	assert_before(flush, noted);
}

static void run_script(const char *script)
{
	struct child_spec spec = {.argv = ARGV("sh", "-c", script), .cwd = top, .deadline_ms = 60000};
	assert_ok(child_run(&spec));
}

static void repositories_last(void **state UNUSED)
{
	need_program("git");
	run_script("export GIT_CONFIG_NOSYSTEM=1 HOME=\"$PWD\" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a "
		   "GIT_COMMITTER_EMAIL=a@x; git init -q r && cd r && echo one >a && git add a && git commit -qm 1 && "
		   "git rev-parse HEAD | tr -d '\\n' >../commit");
	AUTO_FREE char *commit_path = below("commit");
	AUTO_FREE char *commit = NULL;
	assert_ok(file_read(commit_path, 100, &commit, NULL));
	AUTO_FREE char *url = mem_printf("file://%s/r", top);
	AUTO_FREE char *copy = below("copy.git");
	AUTO_FREE char *objects = path_join(copy, "objects");
	AUTO_FREE char *stamp = mem_printf("name copy.git/cooper/%s", commit);
	struct gitrepo_pin pin = {.url = url, .commit = commit, .dir = copy};
	calls.top = top;
	assert_ok(gitrepo_fetch(&pin, NULL, NULL));
	calls.top = NULL;
	AUTO(strs) folders = STRS_INIT;
	AUTO(strs) files = STRS_INIT;
	assert_ok(dir_list(objects, &folders));
	for (size_t i = 0; i < folders.count; i++) {
		AUTO_FREE char *folder = path_join(objects, folders.items[i]);
		AUTO(strs) names = STRS_INIT;
		assert_ok(dir_list(folder, &names));
		for (size_t j = 0; j < names.count; j++)
			strs_addf(&files, "flush copy.git/objects/%s/%s", folders.items[i], names.items[j]);
	}
	assert_true(files.count > 0);
	for (size_t i = 0; i < files.count; i++)
		assert_before(files.items[i], stamp);
}

/* An archive of one package, as a program of its name plays it. */
static void lists_last(void **state UNUSED)
{
	struct host_facts facts;
	assert_ok(os_host_facts(&facts));
	if (!*facts.codename)
		skip(); /* no Debian */
	AUTO_FREE char *apt = below("bin/apt-get");
	AUTO_FREE char *apt_state = below("apt");
	AUTO_FREE char *old_path = mem_strdup(getenv("PATH"));
	AUTO_FREE char *path = mem_printf("PATH=%s/bin:%s", top, old_path);
	AUTO_FREE char *script =
		mem_printf("#!/bin/sh\ncase \"$*\" in\n*indextargets*) echo 'http://m.test/debian/|%s|%s|Debian|main' ;;\n"
			   "*update*) echo x >%s/apt/deb-%s-amd64/lists/index ;;\n"
			   "*) echo \"'http://m.test/debian/pool/pp_1_amd64.deb' pp_1_amd64.deb 5 SHA256:%s\" ;;\nesac\n",
			   facts.codename, facts.codename, top, facts.codename, HELLO);
	AUTO_FREE char *list = mem_printf("flush apt/deb-%s-amd64/lists/index", facts.codename);
	AUTO_FREE char *stamp = mem_printf("name apt/deb-%s-amd64/stamp", facts.codename);
	AUTO(lock_entry) entry = {.reference = NULL};
	put("bin/apt-get", script);
	assert_int_equal(chmod(apt, 0755), 0);
	putenv(path);
	calls.top = top;
	struct err *e = debian_resolve_package("pp", facts.codename, "amd64", apt_state, NULL, &entry);
	calls.top = NULL;
	setenv("PATH", old_path, 1);
	assert_ok(e);
	assert_int_equal(entry.file_count, 1);
	assert_before(list, stamp);
}

static struct err *create(const struct machine_spec *spec UNUSED, const char *path, int64_t bytes UNUSED,
			  const char *base UNUSED)
{
	put(path + strlen(top) + 1, "disk");
	return NULL;
}

static void disks_last(void **state UNUSED)
{
	const struct vmm vmm = {.name = "none", .disk_create = create};
	AUTO_FREE char *dir = below("m");
	AUTO_FREE char *base = below("base");
	put("base", "x");
	struct machine_spec spec = {.dir = dir, .base_disk = base, .boot = BOOT_KERNEL, .data_bytes = 1};
	struct generation_input input = {.spec = &spec, .vmm = &vmm, .key = KEY, .ignition = "{}"};
	AUTO(generation) g = {.number = 0};
	calls.top = top;
	assert_ok(data_disk_prepare(&spec, &vmm));
	assert_before("flush m/data.qcow2.new", "name m/data.qcow2");
	assert_ok(generation_make(&input, &g));
	assert_before("flush m/.gen-1/os.qcow2", "name m/gen-1");
	assert_before("flush m/.gen-1", "name m/gen-1");
	assert_before("name m/gen-1", "flush m");
}

static void keys_last(void **state UNUSED)
{
	need_program("ssh-keygen");
	calls.top = top;
	assert_ok(keys_make(top, "m"));
	assert_before("flush ssh/id_ed25519.new", "name ssh/id_ed25519");
	assert_before("flush ssh/id_ed25519.new.pub", "name ssh/id_ed25519.pub");
	assert_before("flush ssh/ssh_host_ed25519_key.new", "name ssh/ssh_host_ed25519_key");
}

/* A key that nobody could ask about is still the one that guests know. */
static void a_key_that_cannot_be_asked(void **state UNUSED)
{
	need_program("ssh-keygen");
	AUTO_FREE char *before = NULL;
	assert_ok(keys_make(top, "m"));
	assert_ok(keys_read(top, KEY_CLIENT, /* public_half= */ false, &before));
	for (int n = 0; n < 2; n++) {
		AUTO_FREE char *after = NULL;
		calls.killed = n;
		assert_fails(keys_make(top, "m"), ERR_CHILD, "signal 9");
		assert_ok(keys_read(top, KEY_CLIENT, /* public_half= */ false, &after));
		assert_string_equal(after, before);
	}
}

/* Whichever flush fails, the data disk stays one. */
static void a_snapshot_whose_flush_fails(void **state UNUSED)
{
	need_program("qemu-img");
	AUTO_FREE char *dir = below("machines/m");
	struct machine_spec spec = {
		.name = (char *)"m", .dir = dir, .qemu_img = (char *)"qemu-img", .data_bytes = 1 << 20};
	assert_ok(data_disk_prepare(&spec, &vmm_qemu));
	for (int n = 0; n < 50; n++) {
		calls.fail_fsync = n;
		struct err *e = snapshot_create(&spec, &vmm_qemu, "s");
		calls.fail_fsync = NEVER;
		assert_ok(data_disk_check(&spec, &vmm_qemu));
		if (!e) {
			assert_true(n > 2);
			return;
		}
		assert_true(err_is(e, ERR_OS));
		err_free(e);
		err_free(snapshot_delete(&spec, "s")); /* where the name was there already */
		assert_ok(data_disk_check(&spec, &vmm_qemu));
	}
	fail();
}

static void a_failed_flush_names_nothing(void **state UNUSED)
{
	AUTO_FREE char *path = below("f");
	AUTO(strs) names = STRS_INIT;
	put("f", "before");
	calls.fail_fsync = 0;
	assert_fails(file_write(path, "after", 5, 0600), ERR_OS, "cannot flush");
	assert_text("f", "before");
	assert_ok(dir_list(top, &names));
	assert_int_equal(names.count, 1);
}

/* --- what was cut short while it removed: nothing is half there, and nothing that was known is lost --- */

/* A home with the object "hello", and a result that was made of it; its receipt is not the first of its files. */
static void fill_home(struct home *home)
{
	AUTO_FREE char *stage = NULL;
	AUTO_JSON *receipt = js_object();
	assert_ok(tree_remove(top));
	assert_ok(dir_make(top, 0755));
	assert_ok(home_make(home));
	AUTO_FREE char *object = cas_path(home, HELLO);
	put(object + strlen(top) + 1, "hello");
	assert_ok(cas_seal(home, HELLO, /* sha512= */ NULL));
	assert_ok(store_begin(home, KEY, "r", &stage));
	put("store/.stage-r/bin/tool", "x");
	js_set_text(receipt, "input", HELLO);
	assert_ok(store_commit(home, KEY, "r", stage, receipt));
}

static bool result_is_there(const struct home *home)
{
	bool there = false;
	assert_ok(store_has(home, KEY, "r", &there));
	return there;
}

static void removed_in_part(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	AUTO(strs) locks = STRS_INIT;
	bool failed = true;
	home_at(top, &home);
	for (int n = 0; failed; n++) {
		AUTO(gc) gc = {.items = NULL};
		AUTO(gc) again = {.items = NULL};
		AUTO(strs) left = STRS_INIT;
		fill_home(&home);
		AUTO_FREE char *tool = store_path(&home, KEY, "r/bin/tool");
		assert_ok(gc_find(&home, &locks, &gc));
		calls.fail_removal = n;
		struct err *e = gc_remove(&gc, NULL);
		failed = e;
		err_free(e);
		calls.fail_removal = NEVER;
		assert_true(result_is_there(&home) == is_file(tool));
		assert_ok(gc_find(&home, &locks, &again));
		assert_ok(gc_remove(&again, NULL));
		assert_ok(dir_list(home.store, &left));
		assert_int_equal(left.count, 1); /* CACHEDIR.TAG */
	}
}

/* A home of which all is removed, and then is not: what is left in it is whole. */
static void a_home_removed_in_part(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	bool failed = true;
	home_at(top, &home);
	for (int n = 0; failed; n++) {
		AUTO(gc) gc = {.items = NULL};
		AUTO(strs) locks = STRS_INIT;
		AUTO(strs) links = STRS_INIT;
		AUTO_FREE char *left = NULL;
		fill_home(&home);
		AUTO_FREE char *tool = store_path(&home, KEY, "r/bin/tool");
		AUTO_FREE char *gone = below(TREE_GONE "store");
		calls.fail_removal = n;
		struct err *e = home_remove(&home, &left, &links);
		failed = e;
		err_free(e);
		calls.fail_removal = NEVER;
		assert_true(result_is_there(&home) == is_file(tool));
		if (is_dir(gone)) {
			assert_ok(home_make(&home));
			assert_ok(gc_find(&home, &locks, &gc));
			assert_ok(gc_remove(&gc, NULL));
			assert_false(is_dir(gone));
		}
		assert_ok(home_remove(&home, &left, &links));
		assert_false(is_dir(top));
	}
}

static void damage_is_known_to_the_end(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	bool failed = true;
	home_at(top, &home);
	AUTO_FREE char *object = cas_path(&home, HELLO);
	for (int n = 0; failed; n++) {
		AUTO(audit) first = {.objects = 0};
		AUTO(audit) second = {.objects = 0};
		fill_home(&home);
		assert_ok(file_remove(object));
		put(object + strlen(top) + 1, "jello");
		calls.fail_removal = n;
		struct err *e = audit_run(&home, NULL, &first);
		failed = e;
		err_free(e);
		calls.fail_removal = NEVER;
		assert_ok(audit_run(&home, NULL, &second));
		assert_false(is_file(object));
		assert_false(result_is_there(&home));
	}
}

/* --- what stands in keys: one that could not be asked is an error, and never another answer --- */

static struct err *measure(const struct home *home, struct host_facts *facts)
{
	AUTO_FREE char *memory = path_join(home->root, "compiler.json");
	assert_ok(file_remove(memory));
	*facts = (struct host_facts){.os = OS_LINUX};
	return toolchain_measure(home, facts);
}

/* Call @n of the kind that @fails counts fails, for each n there is. */
static void each_failure_is_an_error(int *fails)
{
	AUTO(home) home = {.root = NULL};
	struct host_facts right, facts;
	home_at(top, &home);
	assert_ok(measure(&home, &right));
	for (int n = 0; *fails == NEVER; n++) {
		*fails = n;
		struct err *e = measure(&home, &facts);
		if (!e && *fails != NEVER)
			break; /* so many calls there are not */
		assert_fails(e, ERR_OS, "");
	}
	*fails = NEVER;
	assert_ok(measure(&home, &facts));
	assert_string_equal(facts.compiler, right.compiler);
	assert_string_equal(facts.shell, right.shell);
	assert_string_equal(facts.python, right.python);
}

static void the_toolchain_cannot_be_seen(void **state UNUSED)
{
	each_failure_is_an_error(&calls.fail_realpath);
}

static void the_compiler_cannot_be_asked(void **state UNUSED)
{
	AUTO(home) home = {.root = NULL};
	struct host_facts facts;
	home_at(top, &home);
	assert_ok(measure(&home, &facts));
	if (!*facts.compiler)
		skip(); /* there is none */
	AUTO_FREE char *memory = below("compiler.json");
	calls.fail_fork = 0;
	assert_fails(measure(&home, &facts), ERR_OS, "");
	assert_false(is_file(memory));
	for (int n = 0; n < 3; n++) {
		calls.killed = n;
		assert_fails(measure(&home, &facts), ERR_CHILD, "signal 9");
		assert_false(is_file(memory));
	}
}

static void the_release_cannot_be_read(void **state UNUSED)
{
	struct host_facts facts;
	if (!is_file("/etc/os-release"))
		skip();
	calls.fail_open = "/etc/os-release";
	assert_fails(os_host_facts(&facts), ERR_OS, "/etc/os-release");
}

/* --- errors of the host are not the guest's, nor those of somebody who ended --- */

static void a_supervisor_that_hangs_up(void **state UNUSED)
{
	static const int numbers[] = {EPIPE, ECONNRESET, EIO};
	AUTO_FREE char *path = below("ctl.sock");
	AUTO_CLOSE int server = -1;
	assert_ok(sock_listen(path, &server));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int fd = -1;
		calls.fail_write = numbers[i];
		struct err *e = call_open(top, "status", /* timeout_ms= */ 1000, &fd);
		calls.fail_write = 0;
		if (numbers[i] == EIO)
			assert_fails(e, ERR_OS, "ctl.sock");
		else
			assert_fails(e, ERR_ABSENT, "hung up");
	}
}

/* --- others on the same machine --- */

static void locks_are_of_the_file_that_is_there(void **state UNUSED)
{
	AUTO_FREE char *path = below("lock");
	AUTO_FREE char *target = below("target");
	AUTO_CLOSE int fd = -1;
	struct fetch_part part;
	enum part_state part_state;
	put("lock", "");
	calls.replaced = path;
	assert_ok(lock_try(path, "cooper up", &fd));
	assert_null(calls.replaced);
	assert_true(is_locked(path, NULL));
	part_init(&part, target, HELLO, NULL, /* flushed= */ false);
	put("target.part", "");
	calls.replaced = part.path;
	assert_ok(part_open(&part, &part_state));
	assert_true(is_locked(part.path, NULL));
	part_done(&part);
}

static void temporary_files_are_nobodys(void **state UNUSED)
{
	AUTO_FREE char *path = below("f");
	AUTO_FREE char *link = below("f.tmp-0000000000000022");
	AUTO_FREE char *victim = below("victim");
	put("f.tmp-0000000000000011", "another's");
	put("victim", "another's");
	assert_int_equal(symlink(victim, link), 0);
	calls.random = 0x11;
	assert_ok(file_write(path, "ours", 4, 0600));
	assert_int_equal(calls.random, 0);
	assert_text("f", "ours");
	assert_text("f.tmp-0000000000000011", "another's");
	calls.random = 0x22;
	assert_ok(file_write(path, "ours, too", 9, 0600));
	assert_text("f", "ours, too");
	assert_text("victim", "another's");
}

static void a_part_is_no_link(void **state UNUSED)
{
	AUTO_FREE char *target = below("target");
	AUTO_FREE char *link = below("target.part");
	struct fetch_part part;
	enum part_state part_state;
	put("victim", "another's");
	assert_int_equal(symlink("victim", link), 0);
	part_init(&part, target, HELLO, NULL, /* flushed= */ false);
	assert_fails(part_open(&part, &part_state), ERR_OS, "cannot create");
	part_done(&part);
	assert_text("victim", "another's");
}

/* Killed between its mode and its name. */
static void a_part_that_is_read_only(void **state UNUSED)
{
	AUTO_FREE char *target = below("got");
	AUTO_FREE char *part_path = below("got.part");
	AUTO_FREE char *url = mem_printf("file://%s/source", top);
	struct fetch_request r = {.url = url, .sha256 = HELLO, .size = 5, .target = target, .read_only = true};
	int status = 0;
	AUTO_FREE char *home = below("home"); /* of who called us, which we may not enter: it has no logins for us */
	put("source", "hello");
	put("got.part", "hello");
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(chmod(part_path, 0444), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(top, 65534, 65534) | chown(part_path, 65534, 65534), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(77);
		if (access(top, W_OK) != 0)
			_exit(77); /* the folders above are closed to us */
		setenv("HOME", home, 1);
		_exit(fetch_run(&r, 1, /* deadline_ms= */ 0, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_text("got", "hello");
	assert_false(is_file(part_path));
}

/* The next look at @name below the top finds what was there; whoever opens it then finds a link to "kept". */
static void swap(const char *name, const char *to)
{
	calls.look_at = name;
	calls.becomes = to;
}

static void removing_meets_a_link(void **state UNUSED)
{
	AUTO_FREE char *tree = below("tree");
	put("kept/file", "kept");
	put("tree/dir/file", "x");
	swap("dir", "../kept");
	err_free(tree_remove(tree)); /* it may be an error, or be gone */
	assert_null(calls.look_at);
	assert_text("kept/file", "kept");
}

static void locking_meets_a_link(void **state UNUSED)
{
	AUTO_FREE char *tree = below("tree");
	AUTO_FREE char *kept = below("kept/file");
	struct stat st;
	put("kept/file", "kept");
	put("tree/file", "x");
	assert_int_equal(chmod(kept, 0666), 0);
	swap("file", "../kept/file");
	err_free(tree_read_only(tree));
	assert_null(calls.look_at);
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
}

/* An image would be taken as it is, compressed; a program would get no signature. */
static void what_cannot_be_read_is_of_no_kind(void **state UNUSED)
{
	static const char gzip[] = "\x1f\x8b\x08 of an image";
	const struct inflate_options o = {.packed_digest = NULL};
	AUTO_FREE char *packed = below("packed");
	AUTO_FREE char *image = below("image");
	AUTO_FREE char *keg = below("keg");
	AUTO_FREE char *program = below("keg/program");
	AUTO(sign_files) files = {.count = 0};
	put("packed", gzip);
	calls.fail_pread = 0;
	assert_fails(inflate_image(packed, image, &o, NULL, NULL, NULL), ERR_OS, "cannot read it");
	assert_false(is_file(image));
	put("keg/program", "x");
	calls.fail_open = program;
	assert_fails(sign_list(keg, &files), ERR_OS, program);
}

static void walking_beneath_meets_a_link(void **state UNUSED)
{
	static const char *const swapped[][2] = {{"dir", "../secret"}, {"file", "../../secret/file"}};
	AUTO_FREE char *project = below("project");
	put("secret/file", "SECRET");
	for (size_t i = 0; i < ARRAY_LEN(swapped); i++) {
		AUTO_FREE char *text = NULL;
		assert_ok(tree_remove(project));
		put("project/dir/file", "ours");
		swap(swapped[i][0], swapped[i][1]);
		assert_fails(beneath_read(project, "dir/file", 100, &text, NULL), ERR_OS, "cannot open");
	}
}

static void digesting_meets_a_link(void **state UNUSED)
{
	static const char *const swapped[][2] = {{"dir", "../other"}, {"file", "../../other/file"}};
	AUTO_FREE char *tree = below("tree");
	char hex[SHA256_HEX];
	put("other/file", "x");
	for (size_t i = 0; i < ARRAY_LEN(swapped); i++) {
		assert_ok(tree_remove(tree));
		put("tree/dir/file", "x");
		swap(swapped[i][0], swapped[i][1]);
		assert_fails(tree_digest_path(tree, hex), ERR_OS, "cannot open");
	}
}

static void patching_meets_a_link(void **state UNUSED)
{
	static const char text[] = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n";
	const struct patch_input input = {.name = "p", .text = text, .size = sizeof(text) - 1, .strip = 1};
	AUTO_FREE char *tree = below("tree");
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	put("victim", "one\n");
	put("tree/f", "one\n");
	swap("f", "../victim");
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &report), ERR_OS, "cannot open 'f'");
	assert_text("victim", "one\n");
}

static void unpacking_meets_a_link(void **state UNUSED)
{
	AUTO_FREE char *into = below("into");
	AUTO_FREE char *dir = below("into/dir");
	AUTO_FREE char *file = below("into/file");
	AUTO_FREE char *outside = below("outside/new");
	put("into/plain", "x");
	put("outside/victim", "another's");
	assert_int_equal(symlink("../outside", dir), 0);
	assert_int_equal(symlink("../outside/victim", file), 0);
	AUTO_CLOSE int fd = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree_writer *w = tree_writer_new(fd, 0);
	assert_fails(tree_writer_file(w, "dir/new", false), ERR_CORRUPT, "in the place of a folder");
	assert_fails(tree_writer_file(w, "file", false), ERR_USAGE, "another source has a file there");
	assert_fails(tree_writer_file(w, "plain", false), ERR_USAGE, "another source has a file there");
	tree_writer_free(w);
	assert_false(is_file(outside));
	assert_text("outside/victim", "another's");
}

/* --- what is not said plainly --- */

static void a_read_error_is_no_end_of_a_folder(void **state UNUSED)
{
	AUTO_FREE char *keep = below("keep");
	put("keep/one", "x");
	put("keep/two", "x");
	for (int after = 0; after < 4; after++) {
		AUTO(strs) names = STRS_INIT;
		calls.fail_readdir = after;
		assert_fails(dir_list(keep, &names), ERR_OS, "cannot list");
	}
	AUTO(strs) names = STRS_INIT;
	errno = EIO; /* of some call before */
	assert_ok(dir_list(keep, &names));
	assert_int_equal(names.count, 2);
}

static void interrupted_calls_go_on(void **state UNUSED)
{
	AUTO_FREE char *path = below("f");
	AUTO_FREE char *lock = below("lock");
	AUTO_CLOSE int fd = -1;
	int status = 0;
	bool held = false;
	calls.short_writes = true;
	assert_ok(file_write(path, "hello", 5, 0600));
	assert_text("f", "hello");
	calls.short_writes = false;
	AUTO_CLOSE int file = open(path, O_RDWR | O_CLOEXEC);
	calls.interrupted = 2;
	assert_ok(file_write_all(file, "HE", 2, "f"));
	calls.interrupted = 2;
	assert_true(fd_pwrite(file, "LLO", 3, 2));
	calls.interrupted = 2;
	assert_text("f", "HELLO");
	calls.interrupted = 2;
	assert_ok(lock_try(lock, "cooper up", &fd));
	calls.interrupted = 2;
	assert_ok(lock_held(lock, &held, NULL));
	assert_true(held);
	pid_t pid = 0;
	struct child_spec spec = {.argv = ARGV("sh", "-c", "exit 3")};
	assert_ok(child_start(&spec, &pid));
	calls.interrupted = 2;
	while (!child_poll(pid, &status))
		usleep(1000);
	assert_true(status != CHILD_LOST && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_int_equal(calls.interrupted, 0);
}

/* Each reader that is no fd_read(), by how much it asks for. */
static void interrupted_readers_go_on(void **state UNUSED)
{
	AUTO_FREE char *target = below("target");
	AUTO_FREE char *line = NULL;
	AUTO(str) said = STR_INIT;
	struct fetch_part part;
	enum part_state part_state;
	int pair[2];
	struct child_spec spec = {.argv = ARGV("echo", "hi")};
	calls.interrupted = 2, calls.of_size = 16384;
	assert_ok(child_output(&spec, 100, &said));
	assert_string_equal(str_text(&said), "hi\n");
	assert_int_equal(calls.interrupted, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(send(pair[1], "hi\n", 3, 0), 3);
	calls.interrupted = 2, calls.of_size = 1;
	assert_ok(sock_read_line(pair[0], 10, tick_ms() + 5000, &line));
	assert_string_equal(line, "hi");
	assert_int_equal(calls.interrupted, 0);
	close(pair[0]);
	close(pair[1]);
	put("target.part", "hello");
	put("target.part.json", "{\"url\": \"http://x\", \"etag\": \"\\\"one\\\"\", \"total\": 5}");
	part_init(&part, target, HELLO, NULL, /* flushed= */ false);
	calls.interrupted = 2, calls.of_size = 256 * 1024;
	assert_ok(part_open(&part, &part_state));
	assert_int_equal(calls.interrupted, 0);
	assert_int_equal(part.bytes, 5);
	assert_ok(part_check(&part));
	part_done(&part);
}

static void a_read_error_is_no_end_of_output(void **state UNUSED)
{
	AUTO(str) said = STR_INIT;
	struct child_spec collected = {.argv = ARGV("echo", "hi")};
	struct child_spec shown = {.argv = ARGV("sh", "-c", "echo hi; exec sleep 60")};
	calls.fail_read = 16384;
	assert_fails(child_output(&collected, 100, &said), ERR_OS, "cannot read the output of 'echo': Input/output");
	assert_fails(child_run(&shown), ERR_OS, "cannot read the output of 'sh'");
}

static void room_that_is_not_known_is_no_full_disk(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	struct box box = {.write = ARGV(dir), .read = ARGV(dir), .temp = dir};
	struct child_spec spec = {.argv = ARGV("sleep", "0.2"), .box = &box};

	os_box_facts(BOX_BUILD); /* tried in a child of its own */
	calls.room_unknown = true;
	struct err *e = child_run(&spec);
	calls.room_unknown = false;
	assert_ok(e);
}

/* 0 in the survey is "not known". */
static void a_full_disk_is_not_an_unknown_one(void **state UNUSED)
{
	struct host_facts facts;
	AUTO(host_survey) survey = {.home = NULL};
	const struct survey_input input = {.host = &facts, .home = "/"};

	assert_ok(os_host_facts(&facts));
	calls.no_room = true;
	survey_measure(&input, &survey);
	calls.no_room = false;
	assert_int_equal(survey.disk_free_bytes, 1);
}

/* Whether @number is among the signals of @field in the status of @spec's child. */
static bool in_child(struct child_spec spec, const char *field, int number)
{
	AUTO(str) said = STR_INIT;
	spec.argv = ARGV("cat", "/proc/self/status");
	assert_ok(child_output(&spec, 1 << 16, &said));
	const char *at = strstr(str_text(&said), field);
	assert_non_null(at);
	at += strlen(field) + strspn(at + strlen(field), ": \t");
	return strtoull(at, NULL, 16) >> (number - 1) & 1;
}

/* What was ignored before us (nohup, a shell's `&`) stays so and is not looked at. */
static void children_begin_with_usual_signals(void **state UNUSED)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was;
	sigset_t some, usual;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	assert_int_equal(sigaction(SIGPIPE, &ignore, &was), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, &some, &usual), 0);
	for (int guarded = 0; guarded < 2; guarded++) {
		const struct child_spec spec = {.die_with_parent = guarded};
		assert_false(in_child(spec, "SigIgn", SIGPIPE));
		assert_false(in_child(spec, "SigBlk", SIGUSR2));
	}
	sigprocmask(SIG_SETMASK, &usual, NULL);
	sigaction(SIGPIPE, &was, NULL);
}

/* libgit2 1.5 loses what it matches configuration keys with */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_last),
		TEST(renames_last),
		TEST(results_last),
		TEST(downloads_last),
		TEST(objects_last),
		TEST(repositories_last),
		TEST(lists_last),
		TEST(disks_last),
		TEST(keys_last),
		TEST(a_key_that_cannot_be_asked),
		TEST(a_snapshot_whose_flush_fails),
		TEST(a_failed_flush_names_nothing),
		TEST(removed_in_part),
		TEST(a_home_removed_in_part),
		TEST(damage_is_known_to_the_end),
		TEST(the_toolchain_cannot_be_seen),
		TEST(the_compiler_cannot_be_asked),
		TEST(the_release_cannot_be_read),
		TEST(a_supervisor_that_hangs_up),
		TEST(locks_are_of_the_file_that_is_there),
		TEST(temporary_files_are_nobodys),
		TEST(a_part_is_no_link),
		TEST(a_part_that_is_read_only),
		TEST(removing_meets_a_link),
		TEST(locking_meets_a_link),
		TEST(what_cannot_be_read_is_of_no_kind),
		TEST(walking_beneath_meets_a_link),
		TEST(digesting_meets_a_link),
		TEST(patching_meets_a_link),
		TEST(unpacking_meets_a_link),
		TEST(a_read_error_is_no_end_of_a_folder),
		TEST(interrupted_calls_go_on),
		TEST(interrupted_readers_go_on),
		TEST(a_full_disk_is_not_an_unknown_one),
		TEST(a_read_error_is_no_end_of_output),
		TEST(room_that_is_not_known_is_no_full_disk),
		TEST(children_begin_with_usual_signals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	print_message("SKIP: libc's calls can be stood in for on Linux alone\n");
	return 0;
}
#endif
