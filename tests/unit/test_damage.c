/* What may lie in a machine's folder instead of what belongs there, what is done about it, and what is never done. */
#include "harness.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/damage.h"
#include "machine/data_disk.h"
#include "machine/ending.h"
#include "machine/keys.h"
#include "sys/file.h"

enum { US = 1000, OTHER = 1001 };

static bool is_folder(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int64_t bytes_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static const struct stat *of(mode_t mode, uid_t owner)
{
	static struct stat st[2];
	static int at;
	struct stat *s = &st[at++ % 2];

	*s = (struct stat){.st_mode = mode, .st_uid = owner};
	return s;
}

static void judged(void **state UNUSED)
{
	static const struct {
		enum damage_want want;
		mode_t mode, target; /* 0 = nothing */
		uid_t owner;
		enum damage_verdict verdict;
	} cases[] = {
		{WANT_FILE, 0, 0, US, DAMAGE_NONE},
		{WANT_FILE, S_IFREG | 0600, 0, US, DAMAGE_NONE},
		{WANT_FILE, S_IFREG | 0644, 0, US, DAMAGE_NONE},
		{WANT_FILE, S_IFREG, 0, US, DAMAGE_MODE},
		{WANT_FILE, S_IFREG | 0200, 0, US, DAMAGE_MODE},
		{WANT_FILE, S_IFREG | 0400, 0, US, DAMAGE_MODE},
		{WANT_FILE, S_IFREG, 0, OTHER, DAMAGE_NONE}, /* not ours to change: who opens it says so */
		{WANT_FILE, S_IFDIR | 0700, 0, US, DAMAGE_KIND},
		{WANT_FILE, S_IFIFO | 0600, 0, US, DAMAGE_KIND},
		{WANT_FILE, S_IFSOCK | 0600, 0, US, DAMAGE_KIND},
		{WANT_FILE, S_IFCHR | 0600, 0, US, DAMAGE_KIND},
		{WANT_FILE, S_IFLNK | 0777, 0, US, DAMAGE_KIND},
		{WANT_FILE, S_IFLNK | 0777, S_IFREG | 0600, US, DAMAGE_NONE},
		{WANT_FILE, S_IFLNK | 0777, S_IFDIR | 0700, US, DAMAGE_KIND},
		{WANT_FOLDER, 0, 0, US, DAMAGE_NONE},
		{WANT_FOLDER, S_IFDIR | 0700, 0, US, DAMAGE_NONE},
		{WANT_FOLDER, S_IFDIR | 0500, 0, US, DAMAGE_MODE},
		{WANT_FOLDER, S_IFDIR, 0, OTHER, DAMAGE_NONE},
		{WANT_FOLDER, S_IFREG | 0600, 0, US, DAMAGE_KIND},
		{WANT_FOLDER, S_IFLNK | 0777, S_IFDIR | 0700, US, DAMAGE_NONE},
		{WANT_FOLDER, S_IFLNK | 0777, 0, US, DAMAGE_KIND},
		{WANT_SOCKET, S_IFSOCK, 0, US, DAMAGE_NONE},
		{WANT_SOCKET, S_IFREG | 0600, 0, US, DAMAGE_KIND},
		{WANT_SOCKET, S_IFDIR | 0700, 0, US, DAMAGE_KIND},
		{WANT_SOCKET, S_IFLNK | 0777, S_IFSOCK, US, DAMAGE_KIND},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct stat *found = cases[i].mode ? of(cases[i].mode, cases[i].owner) : NULL;
		const struct stat *target = cases[i].target ? of(cases[i].target, US) : NULL;
		assert_int_equal(damage_judge(cases[i].want, found, target, US), cases[i].verdict);
	}
}

static void mended(void **state UNUSED)
{
	AUTO_FREE char *top = test_dir();
	AUTO_FREE char *dir = path_join(top, "dev");
	AUTO_FREE char *inside = path_join(dir, "boot.json/inside");
	AUTO_FREE char *note = path_join(dir, "boot.json");
	AUTO_FREE char *gen = path_join(dir, "gen-7");
	AUTO_FREE char *mark = path_join(gen, "step-a.done");
	AUTO_FREE char *disk = path_join(dir, "data.qcow2");
	AUTO_FREE char *other = path_join(dir, "mine");
	struct stat st;

	assert_ok(damage_mend(dir, NULL)); /* there is no machine */
	assert_ok(dir_make(inside, 0700));
	assert_ok(dir_make(mark, 0700));
	assert_ok(dir_make(disk, 0700));
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(chmod(dir, 0500), 0);
	assert_ok(damage_mend(dir, NULL));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_not_equal(lstat(note, &st), 0);
	assert_int_not_equal(lstat(mark, &st), 0);
	assert_true(is_folder(gen));
	assert_true(is_folder(disk)); /* the user's, and what is not ours, stay as they are */
	assert_int_equal(lstat(other, &st), 0);
	assert_ok(tree_remove(dir));
	assert_ok(file_write(dir, "x", 1, 0600));
	struct err *e = damage_mend(dir, NULL);
	assert_non_null(e->hint);
	assert_fails(e, ERR_USAGE, "is not a folder");
	assert_int_equal(bytes_of(dir), 1);
}

static int created;

static struct err *disk_below(const struct machine_spec *spec UNUSED, const char *path UNUSED, char **ret_base)
{
	*ret_base = NULL;
	return NULL;
}

static struct err *disk_check(const struct machine_spec *spec UNUSED, const char *path, const char *base UNUSED)
{
	return bytes_of(path) == 4 ? NULL : err_new(ERR_CORRUPT, "it is none");
}

static struct err *disk_create(const struct machine_spec *spec UNUSED, const char *path, int64_t bytes UNUSED,
			       const char *base UNUSED)
{
	created++;
	return file_write(path, "disk", 4, 0600);
}

static struct err *disk_size(const struct machine_spec *spec, const char *path UNUSED, int64_t *ret_bytes)
{
	*ret_bytes = spec->data_bytes;
	return NULL;
}

static void data_disk(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "data.qcow2");
	AUTO_FREE char *note = path_join(dir, "data.json");
	AUTO_FREE char *gen = path_join(dir, "gen-3");
	AUTO_FREE char *booted = path_join(gen, "booted");
	AUTO_FREE char *away = path_join(dir, "away");
	struct machine_spec spec = {.name = (char[]){"dev"}, .dir = dir, .data_bytes = 1 << 20};
	const struct vmm vmm = {.disk_below = disk_below, .disk_check = disk_check, .disk_create = disk_create, .disk_size = disk_size};

	created = 0;
	assert_ok(data_disk_check(&spec, &vmm));
	assert_ok(data_disk_prepare(&spec, &vmm));
	assert_ok(data_disk_prepare(&spec, &vmm));
	assert_int_equal(created, 1);
	/* gone: by its note, and by a generation that came up, it is known that there was one */
	assert_ok(file_rename(path, away));
	assert_fails(data_disk_prepare(&spec, &vmm), ERR_ABSENT, "is missing");
	assert_ok(file_remove(note));
	assert_ok(dir_make(gen, 0700));
	assert_ok(data_disk_check(&spec, &vmm));
	assert_ok(file_write(booted, "", 0, 0600));
	struct err *e = data_disk_prepare(&spec, &vmm);
	assert_non_null(strstr(e->hint, "cooper destroy"));
	assert_fails(e, ERR_ABSENT, "is missing");
	assert_int_equal(symlink(away, path), 0);
	assert_ok(data_disk_prepare(&spec, &vmm)); /* one that lies elsewhere */
	assert_ok(file_remove(away));
	assert_fails(data_disk_prepare(&spec, &vmm), ERR_ABSENT, "leads to nothing");
	assert_ok(file_write(path, "", 0, 0600));
	assert_fails(data_disk_prepare(&spec, &vmm), ERR_CORRUPT, "is empty");
	assert_ok(file_write(path, "half", 3, 0600));
	assert_fails(data_disk_prepare(&spec, &vmm), ERR_CORRUPT, "it is none");
	assert_int_equal(bytes_of(path), 3);
	assert_ok(file_remove(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_fails(data_disk_prepare(&spec, &vmm), ERR_CORRUPT, "no file");
	assert_int_equal(created, 1);
}

/* It may well be there, and whole: nobody is told to do without it. */
static void data_disk_that_cannot_be_seen(void **state UNUSED)
{
	AUTO_FREE char *top = test_dir();
	AUTO_FREE char *dir = path_join(top, "file");
	struct machine_spec spec = {.name = (char[]){"dev"}, .dir = dir, .data_bytes = 1 << 20};
	const struct vmm vmm = {.disk_below = disk_below, .disk_check = disk_check};

	assert_ok(file_write(dir, "", 0, 0600));
	struct err *e = data_disk_check(&spec, &vmm);
	assert_non_null(e);
	assert_int_equal(err_exit_code(e), EXIT_FAILED);
	assert_true(!e->hint || !strstr(e->hint, "destroy"));
	assert_fails(e, ERR_OS, "the data disk of machine 'file'");
}

/* As a user whom the modes of files concern. */
static void unreadable_data_disk(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "data.qcow2");
	struct machine_spec spec = {.name = (char[]){"dev"}, .dir = dir, .data_bytes = 1 << 20};
	const struct vmm vmm = {.disk_below = disk_below, .disk_check = disk_check};
	int status = 0;

	assert_ok(file_write(path, "disk", 4, 0400));
	assert_int_equal(chmod(dir, 0755), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(0);
		if (access(dir, X_OK) != 0)
			_exit(0); /* the folders above are closed to us */
		struct err *e = data_disk_check(&spec, &vmm);
		_exit(err_is(e, ERR_OS) && e->errnum == EACCES && strstr(e->hint, "chmod u+rw") ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void keys(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *client = keys_path(dir, KEY_CLIENT, /* public_half= */ false);
	AUTO_FREE char *public_half = keys_path(dir, KEY_CLIENT, /* public_half= */ true);
	AUTO_FREE char *before = NULL, *after = NULL;
	char first[SHA256_HEX], second[SHA256_HEX];

	assert_ok(keys_digest(dir, first));
	assert_string_equal(first, "");
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_digest(dir, first));
	assert_ok(keys_read(dir, KEY_CLIENT, /* public_half= */ true, &before));
	/* a public half is derived from the private one: missing, empty, of another key */
	static const char *const texts[] = {NULL, "", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== x\n"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_ok(file_remove(public_half));
		if (texts[i])
			assert_ok(file_write(public_half, texts[i], strlen(texts[i]), 0644));
		assert_ok(keys_mend(dir));
		mem_free_at(&after);
		assert_ok(keys_read(dir, KEY_CLIENT, /* public_half= */ true, &after));
		assert_string_equal(before, after);
	}
	assert_ok(keys_make(dir, "dev"));
	assert_ok(keys_digest(dir, second));
	assert_string_equal(first, second);
	/* a private half that is none is made anew, and its digest says so */
	static const char *const lost[] = {NULL, "", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"};
	for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
		assert_ok(file_remove(client));
		if (lost[i])
			assert_ok(file_write(client, lost[i], strlen(lost[i]), 0600));
		assert_ok(keys_digest(dir, second));
		assert_string_not_equal(first, second);
		assert_ok(keys_make(dir, "dev"));
		assert_ok(keys_mend(dir));
		assert_ok(keys_digest(dir, second));
		assert_int_equal(strlen(second), SHA256_HEX - 1);
		assert_string_not_equal(first, second);
	}
}

static void endings(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *note = path_join(dir, "end.json");
	static const struct {
		const char *text; /* of the note; NULL = what is there */
		const char *boot_id;
		bool crashed;
		const char *words;
		bool unreadable;
	} cases[] = {
		{NULL, "b1", false, "", false},
		{"{\"state\":\"running\",\"boot_id\":\"b1\"}", "b1", true, "its supervisor is gone without a word: "
		 "it was killed, or the machine's folder was moved or removed while it ran", false},
		{"{\"state\":\"running\",\"boot_id\":\"b1\"}", "b2", true, "the host was restarted", false},
		{"{\"state\":\"stopped\"}", "b1", false, "", false},
		{"{\"state\":\"failed\",\"message\":\"QEMU \\u001b[2J\"}", "b1", true, "QEMU \\x1b[2J", false},
		{"{\"state\":\"failed\"}", "b1", true, "", false},
		{"[7]", "b1", false, "", true},
		{"half {", "b1", false, "", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ending e = {.crashed = true};
		if (cases[i].text)
			assert_ok(file_write(note, cases[i].text, strlen(cases[i].text), 0600));
		struct err *problem = ending_read(dir, cases[i].boot_id, &e);
		assert_int_equal(problem != NULL, cases[i].unreadable);
		err_free(problem);
		assert_int_equal(e.crashed, cases[i].crashed);
		assert_true(str_starts(e.words, cases[i].words));
		ending_done(&e);
	}
	struct ending e = {.crashed = false};
	struct err *failure = err_new(ERR_CHILD, "QEMU was ended by signal 9");
	assert_ok(ending_begin(dir, "b1"));
	ending_note(dir, failure);
	err_free(failure);
	assert_ok(ending_read(dir, "b1", &e));
	assert_true(e.crashed && *e.at);
	assert_string_equal(e.words, "QEMU was ended by signal 9");
	ending_done(&e);
	ending_note(dir, NULL);
	assert_ok(ending_read(dir, "b1", &e));
	assert_false(e.crashed);
	ending_done(&e);

	/* what cannot be read is not "stopped" */
	assert_int_equal(unlink(note), 0);
	assert_int_equal(symlink("end.json", note), 0);
	assert_fails(ending_read(dir, "b1", &e), ERR_OS, "end.json");
	ending_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),    cmocka_unit_test(mended),
		cmocka_unit_test(data_disk), cmocka_unit_test(unreadable_data_disk),
		cmocka_unit_test(data_disk_that_cannot_be_seen),
		cmocka_unit_test(keys),      cmocka_unit_test(endings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
