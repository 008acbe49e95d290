#include "harness.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "machine/data_disk.h"
#include "machine/layer_users.h"
#include "machine/layers.h"
#include "machine/snapshot.h"
#include "machine/vmm_qemu.h"
#include "sys/child.h"
#include "sys/file.h"

enum { PIECE = 64 * 1024 };

struct fixture {
	char *top, *machines, *dir, *disk, *disks;
	struct machine_spec spec;
};

static void set_up(struct fixture *f)
{
	need_program("qemu-img");
	need_program("qemu-io");
	*f = (struct fixture){.top = test_dir()};
	f->machines = path_join(f->top, "machines");
	f->dir = path_join(f->machines, "dev");
	f->disk = path_join(f->dir, "data.qcow2");
	f->disks = path_join(f->top, "disks/all");
	f->spec = (struct machine_spec){
		.name = (char *)"dev", .dir = f->dir, .qemu_img = (char *)"qemu-img", .data_bytes = 8 << 20};
	assert_ok(data_disk_prepare(&f->spec, &vmm_qemu));
}

static void tear_down(struct fixture *f)
{
	mem_free_at(&f->top);
	mem_free_at(&f->machines);
	mem_free_at(&f->dir);
	mem_free_at(&f->disk);
	mem_free_at(&f->disks);
}

static bool io(const char *path, const char *what)
{
	const char *const argv[] = {"qemu-io", "-f", "qcow2", "-c", what, path, NULL};
	AUTO(str) said = STR_INIT;
	struct child_spec child = {.argv = argv, .deadline_ms = 60 * 1000};
	struct err *e = child_output(&child, 65536, &said);
	bool done = !e && !strstr(str_text(&said), "failed");
	err_free(e);
	return done;
}

/* Piece @at of the disk is full of @letter. */
static void put(const struct fixture *f, int at, char letter)
{
	AUTO_FREE char *what = mem_printf("write -P %d %d %d", letter, at * PIECE, PIECE);
	assert_true(io(f->disk, what));
}

static bool holds(const char *path, int at, char letter)
{
	AUTO_FREE char *what = mem_printf("read -P %d %d %d", letter, at * PIECE, PIECE);
	return io(path, what);
}

static size_t layers(const struct fixture *f)
{
	AUTO(strs) names = STRS_INIT;
	assert_ok(dir_list(f->disks, &names));
	return names.count;
}

static struct err *delete(const struct fixture *f, const char *name)
{
	struct err *e = snapshot_delete(&f->spec, name);
	return e ? e : layers_settle(&f->spec, &vmm_qemu);
}

/* Written, kept, written on, gone back to, and merged again: with QEMU's own tools. */
static void there_and_back(void **state)
{
	(void)state;
	struct fixture f;
	int64_t bytes = 0;

	set_up(&f);
	put(&f, 1, 'a');
	assert_ok(snapshot_create(&f.spec, &vmm_qemu, "one"));
	assert_true(holds(f.disk, 1, 'a'));
	put(&f, 1, 'b');
	put(&f, 2, 'b');
	f.spec.data_bytes = 16 << 20; /* it grows in between */
	assert_ok(data_disk_prepare(&f.spec, &vmm_qemu));
	assert_ok(snapshot_create(&f.spec, &vmm_qemu, "two"));
	put(&f, 200, 'c');
	assert_int_equal(layers(&f), 2);
	assert_ok(data_disk_check(&f.spec, &vmm_qemu));

	assert_ok(delete(&f, "one"));
	assert_int_equal(layers(&f), 1);
	assert_true(holds(f.disk, 1, 'b'));
	assert_true(holds(f.disk, 2, 'b'));
	assert_true(holds(f.disk, 200, 'c'));

	assert_ok(snapshot_restore(&f.spec, &vmm_qemu, "two"));
	assert_true(holds(f.disk, 1, 'b'));
	assert_true(holds(f.disk, 200, 0));
	put(&f, 3, 'd');

	assert_ok(delete(&f, "two"));
	assert_int_equal(layers(&f), 0);
	assert_true(holds(f.disk, 1, 'b'));
	assert_true(holds(f.disk, 2, 'b'));
	assert_true(holds(f.disk, 3, 'd'));
	assert_ok(vmm_qemu.disk_size(&f.spec, f.disk, &bytes));
	assert_int_equal(bytes, 16 << 20);
	assert_ok(vmm_qemu.disk_check(&f.spec, f.disk, NULL));
	tear_down(&f);
}

/* What a snapshot took is no more than what had changed. */
static void sizes(void **state)
{
	(void)state;
	struct fixture f;
	AUTO(snapshots) list = {.items = NULL};

	set_up(&f);
	for (int i = 0; i < 64; i++)
		put(&f, i, 'a');
	assert_ok(snapshot_create(&f.spec, &vmm_qemu, "one"));
	put(&f, 0, 'b');
	assert_ok(snapshot_create(&f.spec, &vmm_qemu, "two"));
	assert_ok(snapshots_list(&f.spec, &list));
	assert_int_equal(list.count, 2);
	for (size_t i = 0; i < list.count; i++) {
		bool first = streq(list.items[i].name, "one");
		assert_true(first ? list.items[i].bytes >= 64 * PIECE : list.items[i].bytes < 16 * PIECE);
	}
	tear_down(&f);
}

static void rebase(const char *path, const char *base)
{
	const char *const argv[] = {"qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", base, path, NULL};
	assert_int_equal(chmod(path, 0600), 0);
	assert_ok(child_run(&(struct child_spec){.argv = argv, .deadline_ms = 60 * 1000}));
}

/* A disk stands on layers, and on no other file of the host, at whatever depth. */
static void only_layers(void **state)
{
	(void)state;
	struct fixture f;
	AUTO_FREE char *id = NULL;

	set_up(&f);
	assert_ok(layer_freeze(&f.spec, &vmm_qemu, &id));
	AUTO_FREE char *layer = mem_printf("%s/%s.qcow2", f.disks, id);
	AUTO_FREE char *secret = path_join(f.top, "secret.qcow2");
	assert_ok(file_copy(layer, secret, 0600));
	AUTO_FREE char *dots = mem_printf("../../disks/all/../all/%s.qcow2", id);
	AUTO_FREE char *upper = mem_printf("../../disks/all/%.31sA.qcow2", id);
	const char *const others[] = {secret, "../../secret.qcow2", "../../disks/all/../../secret.qcow2", layer, dots, upper,
				      "data.qcow2"};
	AUTO_FREE char *name = mem_printf("../../disks/all/%s.qcow2", id);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		AUTO(strs) unused = STRS_INIT;
		rebase(f.disk, others[i]);
		assert_fails(data_disk_check(&f.spec, &vmm_qemu), ERR_CORRUPT, "another file of this host would be read");
		/* nor is anything said to be unused: it may be this one's, by another name */
		assert_fails(layers_unused(f.machines, &vmm_qemu, &unused), ERR_CORRUPT, "dev");
		assert_fails(layers_settle(&f.spec, &vmm_qemu), ERR_CORRUPT, "dev");
		assert_int_equal(layers(&f), 1);
	}
	rebase(f.disk, name);
	assert_ok(data_disk_check(&f.spec, &vmm_qemu));
	rebase(layer, secret);
	assert_fails(data_disk_check(&f.spec, &vmm_qemu), ERR_CORRUPT, "another file of this host would be read");
	assert_fails(layers_settle(&f.spec, &vmm_qemu), ERR_CORRUPT, "another file");
	rebase(layer, name); /* on itself */
	assert_fails(data_disk_check(&f.spec, &vmm_qemu), ERR_CORRUPT, "more than");
	/* cut, or of zeros: nobody knows what it stands on */
	static char zeros[4096];
	rebase(layer, "");
	assert_ok(data_disk_check(&f.spec, &vmm_qemu));
	AUTO_FREE char *kept = path_join(f.top, "kept");
	assert_ok(file_rename(f.disk, kept));
	for (size_t size = 0; size <= sizeof(zeros); size += 64) {
		assert_ok(file_write(f.disk, zeros, size, 0600));
		assert_fails(layers_settle(&f.spec, &vmm_qemu), ERR_CORRUPT, "dev");
		assert_int_equal(layers(&f), 1);
	}
	assert_ok(file_remove(f.disk));
	assert_fails(layers_settle(&f.spec, &vmm_qemu), ERR_ABSENT, "dev");
	assert_int_equal(symlink(kept, f.disk), 0);
	assert_ok(layers_settle(&f.spec, &vmm_qemu)); /* it lies elsewhere: nothing is merged into the place of the link */
	assert_int_equal(layers(&f), 1);
	assert_ok(file_remove(kept));
	assert_fails(layers_settle(&f.spec, &vmm_qemu), ERR_ABSENT, "dev");
	assert_int_equal(layers(&f), 1);
	tear_down(&f);
}

/* What layers below it hold is in it, and it stands on nothing; the same content gives the same bytes. */
static void flattened(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	AUTO_FREE char *one = path_join(f.top, "one.qcow2");
	AUTO_FREE char *two = path_join(f.top, "two.qcow2");
	AUTO_FREE char *below = NULL;
	char hex[2][SHA256_HEX];

	put(&f, 0, 'a');
	put(&f, 1, 'a');
	assert_ok(snapshot_create(&f.spec, &vmm_qemu, "s"));
	put(&f, 1, 'b');
	assert_ok(vmm_qemu.disk_flatten(&f.spec, f.disk, one, NULL, NULL));
	assert_ok(vmm_qemu.disk_flatten(&f.spec, f.disk, two, NULL, NULL));
	assert_ok(vmm_qemu.disk_below(&f.spec, one, &below));
	assert_null(below);
	assert_ok(vmm_qemu.disk_check(&f.spec, one, NULL));
	assert_true(holds(one, 0, 'a') && holds(one, 1, 'b') && holds(one, 2, 0));
	assert_ok(digest_file(one, hex[0], NULL));
	assert_ok(digest_file(two, hex[1], NULL));
	assert_string_equal(hex[0], hex[1]);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(sizes),
		cmocka_unit_test(only_layers),
		cmocka_unit_test(flattened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
