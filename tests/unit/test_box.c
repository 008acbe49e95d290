#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "harness.h"
#include "sys/box.h"
#include "sys/child.h"
#include "sys/file.h"

static char *dir, *mine, *given, *read_only, *temp;

/* What @script prints, run by a shell in a tree's box; each line that it prints after "BAD" got through. */
static void in_box(const char *script, const char *expected)
{
	const char *const write[] = {given, temp, NULL}, *const read[] = {read_only, NULL};
	const struct box box = {.kind = BOX_TREE, .write = write, .read = read, .temp = temp};
	AUTO_FREE char *where = mem_printf("D=%s", dir);
	struct child_spec spec = {.argv = (const char *const[]){"sh", "-c", script, NULL},
				  .env = (const char *const[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin", where, NULL},
				  .deadline_ms = 60000,
				  .box = &box};
	AUTO(str) out = STR_INIT;

	assert_ok(child_output(&spec, 65536, &out));
	assert_string_equal(str_text(&out), expected);
}

static int forget(void **state UNUSED)
{
	char **const paths[] = {&dir, &mine, &given, &read_only, &temp};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		free(*paths[i]);
		*paths[i] = NULL;
	}
	return 0;
}

static void start(void)
{
	const char *const names[] = {"given", "read", "mine", "temp"};
	char **const paths[] = {&given, &read_only, &mine, &temp};

	if (os_box_facts(BOX_TREE)->level != BOX_VIEW)
		print_message("no box for trees here: %s\n", os_box_facts(BOX_TREE)->why);
	if (os_box_facts(BOX_TREE)->level != BOX_VIEW)
		skip();
	dir = test_dir();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		*paths[i] = path_join(dir, names[i]);
		assert_ok(dir_make(*paths[i], 0755));
	}
	assert_ok(os_box_give(given));
	assert_ok(os_box_give(temp));
	AUTO_FREE char *secret = path_join(mine, "secret");
	assert_ok(file_write(secret, "secret", 6, 0644));
}

/* It makes a system's tree: root, that gives files away, sets bits and mounts. */
static void a_tree_is_made(void **state)
{
	(void)state;
	start();
	in_box("id -u; cd $D/given && echo x >f && chown 7:9 f && chmod 4755 f && stat -c '%u %g %a' f; mkdir m && "
	       "mount -t tmpfs none m && echo y >m/y && cat m/y && umount m; mkdir usr && mount --rbind /usr usr && "
	       "ln -s usr/lib usr/lib64 . && chroot . /usr/bin/id -u; umount -l usr",
	       "0\n7 9 4755\ny\n0\n");
	AUTO_FREE char *path = path_join(given, "f");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_not_equal(st.st_uid, 7); /* not this host's */
	assert_true(geteuid() != 0 || st.st_uid >= 65536);
	assert_ok(os_box_take(path));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid == geteuid() || geteuid() != 0);
	assert_ok(tree_remove(given)); /* its files are of other users, where we are none */
}

/* And touches nothing else, root or not. */
static void a_tree_is_all(void **state)
{
	(void)state;
	start();
	in_box("bad() { echo \"BAD $*\"; }\n"
	       "exec 2>/dev/null\n"
	       "(cat $D/mine/secret) && bad reads\n"
	       "(echo x >$D/read/x) && bad writes\n"
	       "mount -o remount,rw,bind $D/read && bad remounts\n"
	       "mount -o remount,rw,bind /usr && bad remounts /usr\n"
	       "mount -o remount,rw,bind /proc && bad remounts /proc\n"
	       "mkdir /tmp/p; mount -t proc proc /tmp/p && bad mounts proc\n"
	       "mount -t sysfs sys /tmp/p && bad mounts sysfs\n"
	       "for f in $(sed -n 's/^[^ ]* \\(\\/etc\\/[^ ]*\\) .*/\\1/p' /proc/self/mounts); do umount $f && bad uncovers $f; done\n"
	       "mknod /tmp/null c 1 3 && bad makes a device\n"
	       "(echo >/proc/sys/kernel/core_pattern) && bad writes core_pattern\n"
	       "(: >/proc/sysrq-trigger) && bad opens sysrq\n"
	       "unshare --user true && bad makes a user namespace\n"
	       "(readlink /proc/1/root) && bad looks at the first\n"
	       "ip link add x type dummy && bad makes an interface\n"
	       "[ $(grep -c : /proc/net/dev) = 1 ] || bad has a network\n"
	       "echo done",
	       "done\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_tree_is_made, forget),
		cmocka_unit_test_teardown(a_tree_is_all, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
