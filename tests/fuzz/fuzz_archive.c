/*
 * Any bytes, unpacked below a scratch folder under small limits: whatever is left there is files, folders and links
 * that stay inside, with plain modes and amounts within the limits; nothing appears beside it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/archive.h"
#include "sys/file.h"
#include "tree/tree_writer.h"
#include "tree/unpack_entries.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { FILE_MAX = 1 << 20, DEPTH = 8, BLOCK = 512, MODE_ANY = 07777 };

static char *scratch; /* scratch/tree is the target */
static const struct archive_limits limits = {.entries = 64,
					     .bytes = 2 * FILE_MAX,
					     .file_bytes = FILE_MAX,
					     .ratio = 200,
					     .ratio_after = 64 << 10,
					     .depth = DEPTH,
					     .name_bytes = 255,
					     .path_bytes = 1024};

static void check(bool holds, const char *what, const char *name)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", what, name);
	abort();
}

/* Look at everything below @fd and remove it; @depth is how many folders below the target this is. */
static void sweep(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	check(dir && depth <= DEPTH, "too deep", "");
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		struct stat st;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		check(fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0, "stat", name);
		check(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode), "a wrong kind", name);
		check(S_ISLNK(st.st_mode) || (st.st_mode & MODE_ANY) == 0644 || (st.st_mode & MODE_ANY) == 0755,
		      "a wrong mode", name);
		check(!S_ISREG(st.st_mode) || st.st_size <= FILE_MAX, "too large", name);
		if (S_ISLNK(st.st_mode)) {
			char target[2048] = "";
			int up = 0;

			check(readlinkat(dirfd(dir), name, target, sizeof(target) - 1) > 0, "readlink", name);
			check(target[0] != '/', "an absolute link", target);
			for (const char *p = target; strncmp(p, "../", 3) == 0 || strcmp(p, "..") == 0; up++)
				p += p[2] ? 3 : 2;
			check(up <= depth, "a link outside", target);
		}
		if (S_ISDIR(st.st_mode))
			sweep(openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), depth + 1);
		unlinkat(dirfd(dir), name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	closedir(dir);
}

static void remove_scratch(void)
{
	err_free(tree_remove(scratch));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char memory[] = "/dev/shm/fuzz-archive-XXXXXX";
	static char disk[] = "/tmp/fuzz-archive-XXXXXX";

	(void)argc;
	(void)argv;
	scratch = mkdtemp(memory);
	scratch = scratch ? scratch : mkdtemp(disk);
	check(scratch != NULL, "no scratch folder", "");
	atexit(remove_scratch);
	umask(022);
	AUTO_FREE char *tree = path_join(scratch, "tree");
	check(mkdir(tree, 0755) == 0, "mkdir", tree);
	return 0;
}

static void ignore_progress(struct unpack_listener *l, int64_t packed)
{
	(void)l;
	(void)packed;
}

static void ignore_warning(struct unpack_listener *l, const char *text)
{
	(void)l;
	(void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack_listener listener = {ignore_progress, ignore_warning};
	struct unpack_options options = {.limits = &limits, .strip = size > 0 && data[size - 1] == 1};
	struct unpack_report report;
	struct archive_reader *r = NULL;
	AUTO_FREE char *tree = path_join(scratch, "tree");
	int fd = memfd_create("input", MFD_CLOEXEC);
	int dir = open(tree, O_RDONLY | O_DIRECTORY);

	check(fd >= 0 && dir >= 0 && write(fd, data, size) == (ssize_t)size, "no input", strerror(errno));
	struct err *e = archive_open(fd, "input", 64 << 20, &r);
	if (!e) {
		struct tree_writer *w = tree_writer_new(dir, 0);

		e = unpack_entries(r, w, &options, &listener, &report);
		tree_writer_free(w);
		archive_close(r);
	}
	if (!e)
		check(report.entries <= limits.entries && report.bytes <= limits.bytes, "over the limits", "");
	err_free(e);
	struct stat st;
	check(stat(scratch, &st) == 0 && st.st_nlink == 3, "something beside the target", scratch);
	sweep(dir, 0);
	return 0;
}

/* Change something, then make the checksums of tar headers right, or no reader would look further. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	for (size_t at = 0; seed % 8 && at + BLOCK <= size; at += BLOCK) {
		uint8_t *h = data + at;
		unsigned sum = 8 * ' ';
		char digits[16];

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		for (int i = 0; i < BLOCK; i++)
			sum += i < 148 || i >= 156 ? h[i] : 0;
		snprintf(digits, sizeof(digits), "%06o", sum);
		memcpy(h + 148, digits, 6);
		h[154] = '\0';
		h[155] = ' ';
	}
	return size;
}
