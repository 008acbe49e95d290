#include "golden.h"

#include <stdio.h>
#include <unistd.h>

#include "build/sign.h"

#define HYPERVISOR "com.apple.security.hypervisor"

static const unsigned char executable[32] = {0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, 0, 0, 0, 0, 2};
static const unsigned char library[32] = {0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, 0, 0, 0, 0, 6};
static const unsigned char object[32] = {0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, 0, 0, 0, 0, 1};
/* two parts, the first at 0x4000 */
static const unsigned char universal[32] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2, 1, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0x40, 0};
static const unsigned char java[32] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52};

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(macho_kind(executable, sizeof(executable)), MACHO_EXECUTABLE);
	assert_int_equal(macho_kind(library, sizeof(library)), MACHO_LIBRARY);
	assert_int_equal(macho_kind(object, sizeof(object)), MACHO_NONE);
	assert_int_equal(macho_kind(universal, sizeof(universal)), MACHO_EXECUTABLE);
	assert_int_equal(macho_kind(java, sizeof(java)), MACHO_NONE);
	assert_int_equal(macho_kind("#!/bin/sh\necho\n", 15), MACHO_NONE);
	assert_int_equal(macho_kind(executable, 8), MACHO_NONE);
	assert_int_equal(macho_kind("", 0), MACHO_NONE);
}

static void put(const char *root, const char *name, const void *data, size_t size, mode_t mode)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);
	AUTO_FREE char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));

	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, data, size, mode));
}

/* a keg as a build leaves it */
static char *make_keg(void)
{
	char *keg = test_dir();

	put(keg, "bin/qemu-system-aarch64", executable, sizeof(executable), 0755);
	put(keg, "bin/qemu-img", executable, sizeof(executable), 0555);
	put(keg, "bin/helper.sh", "#!/bin/sh\n", 10, 0755);
	put(keg, "lib/libslirp.0.dylib", library, sizeof(library), 0644);
	put(keg, "lib/x.o", object, sizeof(object), 0644);
	put(keg, "share/qemu/edk2-aarch64-code.fd", "firmware", 8, 0644);
	AUTO_FREE char *link = mem_printf("%s/lib/libslirp.dylib", keg);
	assert_int_equal(symlink("libslirp.0.dylib", link), 0);
	return keg;
}

struct fixture {
	struct strs globs;
	struct strs entitlements;
	struct sign_input input;
};

static void open_fixture(struct fixture *f, const char *prefix, const char *plist)
{
	*f = (struct fixture){.globs = STRS_INIT};
	strs_add(&f->globs, "bin/qemu-system-*");
	strs_add(&f->entitlements, HYPERVISOR);
	f->input = (struct sign_input){.prefix = prefix,
				       .globs = &f->globs,
				       .entitlements = &f->entitlements,
				       .plist = plist,
				       .recipe = "recipes/qemu.yaml"};
}

static void close_fixture(struct fixture *f)
{
	strs_done(&f->globs);
	strs_done(&f->entitlements);
}

static void test_decision(void **state)
{
	AUTO_FREE char *keg = make_keg();
	AUTO(sign_files) files = {.count = 0};
	AUTO(sign_plan) plan = {.count = 0};
	AUTO(str) shown = STR_INIT;
	struct fixture f;

	(void)state;
	assert_ok(sign_list(keg, &files));
	assert_int_equal(files.count, 3);
	open_fixture(&f, "/store/key-qemu", "/build/entitlements.plist");
	assert_ok(sign_decide(&f.input, &files, &plan));
	sign_show(&plan, &shown);
	assert_golden("tests/golden/sign/qemu.txt", str_text(&shown));
	AUTO_FREE char *plist = sign_entitlements(&f.entitlements);
	assert_golden("tests/golden/sign/entitlements.plist", plist);
	strs_add(&f.globs, "bin/qemu-nbd");
	assert_fails(sign_decide(&f.input, &files, &plan), ERR_USAGE, "bin/qemu-nbd");
	close_fixture(&f);
}

/* codesign and xattr as they behave, as far as it matters here: the signature is a line at the file's end */
static const char codesign[] = "#!/bin/sh\n"
			       "for f; do :; done\n"
			       "echo \"codesign $*\" >>\"$SIGN_LOG\"\n"
			       "case $1 in\n"
			       "--force) echo >>\"$f\"; case \"$*\" in *entitlements*) echo " HYPERVISOR
			       " ;; *) echo signed ;; esac >>\"$f\" ;;\n"
			       "--verify) tail -n 1 \"$f\" | grep -aq 'signed\\|hypervisor' ;;\n"
			       "-d) tail -n 1 \"$f\" | grep -av \"$SIGN_HIDE\" ; true ;;\n"
			       "esac\n";
static const char xattr[] = "#!/bin/sh\necho \"xattr $*\" >>\"$SIGN_LOG\"\n";

static char path_var[4096], log_var[4096];
static char hide_nothing[] = "SIGN_HIDE=nothing-at-all";
static char hide_entitlement[] = "SIGN_HIDE=hypervisor";

static void install_tools(const char *dir)
{
	put(dir, "codesign", codesign, strlen(codesign), 0755);
	put(dir, "xattr", xattr, strlen(xattr), 0755);
	snprintf(path_var, sizeof(path_var), "PATH=%s:/usr/bin:/bin", dir);
	snprintf(log_var, sizeof(log_var), "SIGN_LOG=%s/calls", dir);
	putenv(path_var);
	putenv(log_var);
	putenv(hide_nothing);
}

static void test_performance(void **state)
{
	AUTO_FREE char *keg = make_keg();
	AUTO_FREE char *tools = test_dir();
	AUTO_FREE char *plist = mem_printf("%s/e.plist", tools);
	AUTO_FREE char *qemu = mem_printf("%s/bin/qemu-system-aarch64", keg);
	AUTO_FREE char *img = mem_printf("%s/bin/qemu-img", keg);
	AUTO_FREE char *left = mem_printf("%s/bin/qemu-img.signing", keg);
	AUTO(sign_files) files = {.count = 0};
	AUTO(sign_plan) plan = {.count = 0};
	struct stat before, after;
	struct fixture f;

	(void)state;
	install_tools(tools);
	open_fixture(&f, keg, plist);
	assert_ok(sign_list(keg, &files));
	assert_ok(sign_decide(&f.input, &files, &plan));
	assert_int_equal(stat(qemu, &before), 0);
	assert_ok(sign_perform(&f.input, &plan, NULL, "build", NULL));
	assert_int_equal(stat(qemu, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino); /* another file, not the same one changed */
	assert_int_equal(after.st_mode & 0777, 0755);
	assert_int_equal(stat(img, &after), 0);
	assert_true(after.st_size > (off_t)sizeof(executable));
	assert_false(is_file(left));
	assert_true(is_file(plist));

	/* signed, but what is read back lacks the entitlement: the original stays */
	assert_int_equal(stat(qemu, &before), 0);
	putenv(hide_entitlement);
	assert_fails(sign_perform(&f.input, &plan, NULL, "build", NULL), ERR_CHILD, HYPERVISOR);
	assert_int_equal(stat(qemu, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_performance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
