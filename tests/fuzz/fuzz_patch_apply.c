/*
 * The patch engine on a real small tree. An input is the content of the file "f", a NUL byte, and a patch. What is
 * refused leaves every file as it was, outside the tree nothing changes, and what went in without moving comes out
 * again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "patch/patch.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static char top[64];

static void must(struct err *take_e, const char *what)
{
	if (!take_e)
		return;
	AUTO_FREE char *text = mem_strdup(take_e->message);
	fprintf(stderr, "%s: %s\n", what, text);
	abort();
}

static void put(const char *name, const void *data, size_t size)
{
	AUTO_FREE char *path = mem_printf("%s/tree/%s", top, name);
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0)
		abort();
}

static void drop(void)
{
	must(tree_remove(top), "cannot remove");
}

/* Made anew only when an input changed it. */
static void make_tree(void)
{
	AUTO_FREE char *tree = path_join(top, "tree");
	AUTO_FREE char *dir = path_join(tree, "d");
	AUTO_FREE char *link = path_join(tree, "link");
	must(tree_remove(tree), "cannot remove");
	must(dir_make(dir, 0755), "cannot make");
	put("g", "1\n2\n3\n4\n5\n6\n7\n8\n", 16);
	put("d/h", "", 0);
	if (symlink("d", link) != 0)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	snprintf(top, sizeof(top), "%s/cooper-fuzz-%d", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
		 (int)getpid());
	atexit(drop);
	return 0;
}

static void digest(char ret[SHA256_HEX])
{
	must(tree_digest_path(top, ret), "cannot read the tree");
}

/*
 * What need not come back as it was: a file that goes with another mode than it had comes back with that one, and a
 * plain diff whose old side is empty does not say whether there was a file.
 */
static bool says_too_little(const struct patch_input *input)
{
	static const char word[] = " mode 1";
	const char *end = input->text + input->size;
	for (const char *p = input->text; (size_t)(end - p) >= sizeof(word) + 5; p++)
		if (memcmp(p, word, sizeof(word) - 1) == 0 && memcmp(p + sizeof(word) - 1, "00644", 5) != 0 &&
		    memcmp(p + sizeof(word) - 1, "20000", 5) != 0)
			return true;
	return memmem(input->text, input->size, "@@ -0,0", 7);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const unsigned char *nul = memchr(data, '\0', size);
	if (!nul || size > 1 << 16)
		return 0;
	AUTO_FREE char *tree = path_join(top, "tree");
	char before[SHA256_HEX], after[SHA256_HEX];
	struct patch_input input = {
		.name = "fuzz", .text = (const char *)nul + 1, .size = size - (size_t)(nul - data) - 1, .strip = 1};
	struct patch_options back = {.reverse = true};
	make_tree();
	put("f", data, (size_t)(nul - data));
	digest(before);
	AUTO(patch_report) forth = PATCH_REPORT_INIT;
	struct err *e = patch_series_apply(tree, &input, 1, NULL, &forth);
	digest(after);
	if (e && strcmp(before, after) != 0)
		abort();
	if (!e && !forth.offset_count && !says_too_little(&input)) {
		AUTO(patch_report) r = PATCH_REPORT_INIT;
		e = patch_series_apply(tree, &input, 1, &back, &r);
		digest(after);
		if (!e && !r.offset_count && strcmp(before, after) != 0)
			abort();
	}
	err_free(e);
	return 0;
}
