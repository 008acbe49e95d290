#include "harness.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/data_disk.h"
#include "machine/disk.h"
#include "machine/keys.h"
#include "machine/vmm_qemu.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"

struct fixture {
	char *top, *dir, *base, *qemu_img;
};

static void set_up(struct fixture *f)
{
	need_program("qemu-img");
	*f = (struct fixture){.top = test_dir()};
	f->dir = mem_printf("%s/dev", f->top);
	f->base = mem_printf("%s/base.qcow2", f->top);
	f->qemu_img = mem_strdup("qemu-img");
	make_qcow2(f->base, NULL, NULL);
}

static void tear_down(struct fixture *f)
{
	mem_free_at(&f->top);
	mem_free_at(&f->dir);
	mem_free_at(&f->base);
	mem_free_at(&f->qemu_img);
}

static struct machine_spec machine(const struct fixture *f, enum arch arch)
{
	return (struct machine_spec){.dir = f->dir,
				     .guest_arch = arch,
				     .qemu_img = f->qemu_img,
				     .qemu_share = f->top,
				     .base_disk = f->base,
				     .boot = BOOT_UEFI};
}

static struct err *make_for(const struct fixture *f, enum arch arch, const char *key, struct generation *g)
{
	struct machine_spec spec = machine(f, arch);
	struct generation_input input = {.spec = &spec, .vmm = &vmm_qemu, .key = key, .ignition = "{}"};
	return generation_make(&input, g);
}

static struct err *make(const struct fixture *f, const char *key, struct generation *g)
{
	return make_for(f, ARCH_AARCH64, key, g);
}

static struct err *data(const struct fixture *f, int64_t bytes)
{
	struct machine_spec spec = machine(f, ARCH_AARCH64);
	spec.data_bytes = bytes;
	return data_disk_prepare(&spec, &vmm_qemu);
}

static mode_t mode_of(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void generations(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(generation) one = {.number = 0}, two = {.number = 0}, again = {.number = 0}, none = {.number = 0};

	set_up(&f);
	assert_ok(generation_current(f.dir, &none));
	assert_int_equal(none.number, 0);
	assert_ok(make(&f, "k1", &one));
	assert_int_equal(one.number, 1);
	assert_int_equal(mode_of(one.dir, "config.ign"), 0600);
	assert_int_equal(mode_of(f.dir, "."), 0700);
	AUTO_FREE char *vars = path_join(one.dir, "flash-vars.fd");
	assert_int_equal(size_of(vars), 64 << 20);
	AUTO_FREE char *template = path_join(f.top, "edk2-i386-vars.fd");
	assert_ok(file_write(template, "_FVH", 4, 0400));
	generation_done(&one);
	assert_ok(make_for(&f, ARCH_X86_64, "k1", &one));
	assert_int_equal(size_of(vars), 4);
	assert_int_equal(mode_of(one.dir, "flash-vars.fd"), 0600);
	/* it never came up: it is not found, and the next one takes its place */
	assert_ok(generation_find(f.dir, "k1", &none));
	assert_int_equal(none.number, 0);
	assert_ok(make(&f, "k2", &two));
	assert_int_equal(two.number, 1);
	assert_string_equal(two.key, "k2");
	assert_ok(generation_set_booted(two.dir));
	assert_ok(generation_find(f.dir, "k2", &again));
	assert_int_equal(again.number, 1);
	assert_true(again.booted);
	assert_false(again.current);
	tear_down(&f);
}

static void switching_and_pruning(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(generation) previous = {.number = 0}, current = {.number = 0}, gone = {.number = 0};

	set_up(&f);
	for (int i = 1; i <= 3; i++) {
		AUTO(generation) g = {.number = 0};
		AUTO_FREE char *key = mem_printf("k%d", i);
		assert_ok(make(&f, key, &g));
		assert_int_equal(g.number, i);
		assert_ok(generation_set_booted(g.dir));
		assert_ok(generation_switch(f.dir, i));
	}
	assert_ok(generation_prune(f.dir));
	assert_fails(generation_load(f.dir, 1, &gone), ERR_ABSENT, "no generation 1");
	assert_ok(generation_previous(f.dir, &previous));
	assert_int_equal(previous.number, 2);
	assert_ok(generation_switch(f.dir, previous.number));
	assert_ok(generation_current(f.dir, &current));
	assert_string_equal(current.key, "k2");
	assert_fails(generation_switch(f.dir, 9), ERR_ABSENT, "no generation 9");
	/* a pointer to nothing is as good as none */
	AUTO_FREE char *pointer = path_join(f.dir, "current");
	assert_ok(file_write(pointer, "x\n", 2, 0600));
	generation_done(&current);
	assert_ok(generation_current(f.dir, &current));
	assert_int_equal(current.number, 0);
	tear_down(&f);
}

static void interrupted(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(generation) g = {.number = 0};

	set_up(&f);
	AUTO_FREE char *left = mem_printf("%s/.gen-1", f.dir);
	AUTO_FREE char *file = path_join(left, "os.qcow2");
	assert_ok(dir_make(left, 0700));
	assert_ok(file_write(file, "half", 4, 0600));
	assert_ok(make(&f, "k", &g));
	assert_false(is_dir(left));
	generation_done(&g);
	assert_ok(file_remove(f.base));
	assert_fails(make(&f, "k", &g), ERR_ABSENT, "base.qcow2");
	assert_false(is_dir(left));
	AUTO_FREE char *lock = path_join(f.dir, "lock");
	int fd = -1;
	assert_ok(lock_try(lock, "a test", &fd));
	assert_fails(make(&f, "k", &g), ERR_BUSY, "cooper stop");
	close(fd);
	tear_down(&f);
}

static void data_disk(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(str) info = STR_INIT;

	set_up(&f);
	AUTO_FREE char *path = mem_printf("%s/data.qcow2", f.dir);
	AUTO_FREE char *left = mem_printf("%s.new", path);
	assert_ok(dir_make(f.dir, 0700));
	assert_ok(file_write(left, "half", 4, 0600));
	assert_ok(data(&f, 8 << 20));
	assert_false(is_file(left));
	assert_ok(data(&f, 16 << 20));
	assert_ok(data(&f, 4 << 20));
	struct child_spec spec = {.argv = (const char *[]){"qemu-img", "info", "--output=json", path, NULL}};
	assert_ok(child_output(&spec, 65536, &info));
	assert_non_null(strstr(str_text(&info), "\"virtual-size\": 16777216"));
	tear_down(&f);
}

/* No disk leads to a file that is not ours: not the image, and not what lies in a machine's folder at a start. */
static void disks_that_lead_away(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(generation) g = {.number = 0};

	set_up(&f);
	struct machine_spec spec = machine(&f, ARCH_AARCH64);
	AUTO_FREE char *secret = mem_printf("%s/secret", f.top);
	static char bytes[65536];
	assert_ok(file_write(secret, bytes, sizeof(bytes), 0600));
	assert_ok(make(&f, "k", &g));
	assert_ok(data(&f, 1 << 20));
	assert_ok(generation_set_booted(g.dir));
	spec.gen_dir = g.dir;
	assert_ok(vmm_qemu.prepare(&spec));
	AUTO_FREE char *os = path_join(g.dir, "os.qcow2");
	make_qcow2(os, secret, "raw");
	assert_fails(vmm_qemu.prepare(&spec), ERR_CORRUPT, "os.qcow2");
	make_qcow2(f.base, secret, "raw");
	assert_fails(make(&f, "k2", &g), ERR_CORRUPT, "base.qcow2");
	assert_fails(vmm_qemu.prepare(&spec), ERR_CORRUPT, "base.qcow2");
	make_qcow2(f.base, NULL, NULL);
	make_qcow2(os, f.base, "raw");
	assert_fails(vmm_qemu.prepare(&spec), ERR_CORRUPT, "does not say");
	tear_down(&f);
}

static void keys(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *host = NULL, *again = NULL, *client = NULL, *secret = NULL, *public_again = NULL;
	AUTO_FREE char *ssh = path_join(dir, "ssh");
	AUTO_FREE char *left = path_join(ssh, "id_ed25519.new");
	AUTO_FREE char *client_public = keys_path(dir, KEY_CLIENT, true);

	assert_ok(dir_make(ssh, 0700));
	assert_ok(file_write(left, "half", 4, 0600));
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_read(dir, KEY_HOST, true, &host));
	assert_ok(keys_read(dir, KEY_CLIENT, true, &client));
	assert_ok(keys_read(dir, KEY_CLIENT, false, &secret));
	assert_int_equal(mode_of(ssh, "id_ed25519"), 0600);
	assert_int_equal(mode_of(ssh, "ssh_host_ed25519_key"), 0600);
	assert_string_not_equal(host, client);
	assert_ok(file_remove(client_public));
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_read(dir, KEY_HOST, true, &again));
	assert_string_equal(host, again);
	assert_ok(keys_read(dir, KEY_CLIENT, true, &public_again));
	assert_int_equal(strncmp(client, public_again, 80), 0);
	assert_ok(file_write(client_public, "rubbish", 7, 0600));
	mem_free_at(&again);
	again = NULL;
	assert_fails(keys_read(dir, KEY_CLIENT, true, &again), ERR_CORRUPT, "not an ssh key");
	/* what ssh-keygen takes for none is made anew; a public half follows the private one */
	AUTO_FREE char *path = keys_path(dir, KEY_CLIENT, false);
	AUTO_FREE char *anew = NULL;
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_read(dir, KEY_CLIENT, true, &again));
	assert_int_equal(strncmp(client, again, 80), 0);
	assert_ok(file_write(path, "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", 38, 0600));
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_read(dir, KEY_CLIENT, true, &anew));
	assert_int_not_equal(strncmp(client, anew, 80), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generations), cmocka_unit_test(switching_and_pruning), cmocka_unit_test(interrupted),
		cmocka_unit_test(data_disk),   cmocka_unit_test(disks_that_lead_away),  cmocka_unit_test(keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
