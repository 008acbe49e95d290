#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "machine/mounts.h"
#include "sys/child.h"
#include "sys/file.h"

/* What there is, as its system has it. */
static struct machine_spec spec_of(const char *os, struct mount *mounts, size_t count)
{
	return (struct machine_spec){.os = (char *)os, .user = "core", .mounts = mounts, .mount_count = count};
}

static void checked(void **state)
{
	static const struct {
		const char *os, *guest;
		const char *why; /* part of the refusal; NULL = taken */
	} cases[] = {
		{"fedora-coreos", "/Users/ann", "below /home/core"},
		{"fedora-coreos", "/home/core/src", NULL},
		{"fedora-coreos", "/var/data", NULL},
		{"fedora-coreos", "/home/core", "login user's home"},
		{"fedora-coreos", "/var/home/core", "login user's home"},
		{"debian", "/Users/ann", NULL},
		{"debian", "/home/core/src", NULL},
		{"debian", "/home/core", "login user's home"},
		{"debian", "/usr", "guest's own"},
		{"debian", "relative", "absolute path"},
		{"debian", "/a/../b", "absolute path"},
		{"debian", "/", "absolute path"},
		{NULL, "/Users/ann", NULL}, /* of an image that does not say what it is */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mount mount = {.host = "/h", .guest = (char *)cases[i].guest};
		struct machine_spec spec = spec_of(cases[i].os, &mount, 1);
		print_message("%s %s\n", cases[i].os, cases[i].guest);
		if (cases[i].why)
			assert_fails(mounts_check(&spec), ERR_USAGE, cases[i].why);
		else
			assert_ok(mounts_check(&spec));
	}
}

/* The tags are those of the devices; what lies in another comes after it. */
static void listed(void **state)
{
	struct mount mounts[] = {{.host = "/h/b", .guest = "/data/in it"},
				 {.host = "/h/a", .guest = "/data", .writable = true}};
	struct machine_spec spec = spec_of("debian", mounts, ARRAY_LEN(mounts));
	AUTO_FREE char *list = mounts_list(&spec);

	(void)state;
	assert_string_equal(list, "cooper1 trans=virtio,version=9p2000.L,msize=512000,cache=mmap,nosuid,nodev /data\n"
				  "cooper0 trans=virtio,version=9p2000.L,msize=512000,cache=mmap,ro,nosuid,nodev "
				  "/data/in it");
	spec.mount_count = 0;
	assert_null(mounts_list(&spec));
}

static const char item[] = "/sys/firmware/qemu_fw_cfg/by_name/" MOUNTS_ITEM "/raw";

static void put_program(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = mem_printf("%s/bin/%s", dir, name);

	assert_ok(file_write(path, text, strlen(text), 0755));
}

/* The guest's program reads @list (NULL = there is none) in the place of the item; what it says, and its exit status.
 */
static void run_program(const char *dir, const char *list, struct str *said, int *ret_status)
{
	AUTO_FREE char *raw = path_join(dir, "raw");
	AUTO_FREE char *path = mem_printf("PATH=%s/bin:/usr/bin:/bin", dir);
	const char *at = strstr(mounts_program_text, item);
	assert_non_null(at);
	AUTO_FREE char *program =
		mem_printf("%.*s%s%s", (int)(at - mounts_program_text), mounts_program_text, raw, at + strlen(item));
	const char *argv[] = {"sh", "-c", program, NULL}, *env[] = {path, NULL};
	struct child_spec child = {.argv = argv, .env = env, .cwd = dir, .deadline_ms = 10000};

	if (list)
		assert_ok(file_write(raw, list, strlen(list), 0600));
	assert_ok(child_status(&child, 65536, said, ret_status));
}

/* What is mounted, in which order, on folders made for it; one that cannot be is told with mount's own words. */
static void mounted(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *bin = path_join(dir, "bin");
	AUTO_FREE char *log = path_join(dir, "log");
	AUTO_FREE char *inner = path_join(dir, "data/with a space/in it");
	AUTO_FREE char *list = mem_printf("cooper1 o1 %s/data\ncooper0 o0,ro %s", dir, inner);
	AUTO_FREE char *bad = mem_printf("cooper9 o %s/a\ncooper0 o %s/b", dir, dir);
	AUTO_FREE char *expected = mem_printf("modprobe -qa qemu_fw_cfg 9pnet_virtio\n"
					      "mount -t 9p -o o1 cooper1 %s/data\n"
					      "mount -t 9p -o o0,ro cooper0 %s\n",
					      dir, inner);
	AUTO(str) said = STR_INIT;
	AUTO_FREE char *done = NULL;
	int status = 0;

	(void)state;
	assert_ok(dir_make(bin, 0755));
	put_program(dir, "modprobe", "#!/bin/sh\necho \"modprobe $*\" >>log\nexit 1\n");
	put_program(dir, "mount",
		    "#!/bin/sh\ncase $5 in cooper9) echo 'mount: no  such tag' >&2; exit 32 ;; esac\n"
		    "[ -d \"$6\" ] && echo \"mount $*\" >>log\n");
	run_program(dir, NULL, &said, &status);
	assert_int_equal(status, 0);
	assert_ok(file_remove(log));
	run_program(dir, list, &said, &status);
	assert_string_equal(str_text(&said), "");
	assert_int_equal(status, 0);
	assert_ok(file_read(log, 65536, &done, NULL));
	assert_string_equal(done, expected);
	assert_true(is_dir(inner));
	/* the others are mounted all the same: who logs in to look finds them */
	run_program(dir, bad, &said, &status);
	AUTO_FREE char *told = mem_printf("cooper: cannot mount '%s/a': mount: no such tag\n", dir);
	AUTO_FREE char *other = path_join(dir, "b");
	assert_string_equal(str_text(&said), told);
	assert_int_equal(status, 1);
	assert_true(is_dir(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(checked), cmocka_unit_test(listed),
					   cmocka_unit_test(mounted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
