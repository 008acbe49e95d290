#include "harness.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/same_folder.h"
#include "sys/file.h"

static void found(void **state)
{
	(void)state;
	struct mount mounts[] = {{.host = (char *)"/nowhere/src", .guest = (char *)"/home/core/src"},
				 {.host = (char *)"/nowhere/src/in/", .guest = (char *)"/mnt/in/"},
				 {.host = (char *)"/nowhere/other", .guest = (char *)"/"}};
	const struct machine_spec spec = {.mounts = mounts, .mount_count = 3};
	static const struct {
		const char *here, *there;
	} cases[] = {
		{"/nowhere/src", "/home/core/src"},
		{"/nowhere/src/a b/c", "/home/core/src/a b/c"},
		{"/nowhere/srcs", NULL},
		{"/nowhere", NULL},
		{"/", NULL},
		{"/nowhere/src/in", "/mnt/in"},
		{"/nowhere/src/in/x", "/mnt/in/x"},
		{"/nowhere/src/inner", "/home/core/src/inner"},
		{"/nowhere/other/x", "/x"},
		{"/nowhere/other", "/"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *there = same_folder(&spec, cases[i].here);
		if (!streq(there, cases[i].there))
			fail_msg("%s is %s", cases[i].here, there ? there : "nowhere");
	}
}

static void through_a_link(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *real = realpath(dir, NULL);
	AUTO_FREE char *folder = path_join(real, "a/b");
	AUTO_FREE char *link = path_join(dir, "link");
	AUTO_FREE char *target = path_join(dir, "a");

	assert_ok(dir_make(folder, 0700));
	assert_int_equal(symlink(target, link), 0);
	struct mount mount = {.host = link, .guest = (char *)"/src"};
	const struct machine_spec spec = {.mounts = &mount, .mount_count = 1};
	AUTO_FREE char *there = same_folder(&spec, folder);
	assert_string_equal(there, "/src/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(found), cmocka_unit_test(through_a_link)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
