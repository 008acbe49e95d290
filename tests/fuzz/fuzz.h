/* What the targets share: a broken promise ends the process; bytes as a file; an error has words that can be shown. */
#ifndef COOPER_TESTS_FUZZ_H
#define COOPER_TESTS_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool holds)
{
	if (!holds)
		abort();
}

/* A folder of this process, removed with all that is in it when it ends. */
static char fuzz_folder[64];

static inline void fuzz_folder_remove(void)
{
	char command[96];
	snprintf(command, sizeof(command), "rm -rf '%s'", fuzz_folder);
	check(system(command) == 0);
}

static inline const char *fuzz_dir(void)
{
	if (!fuzz_folder[0]) {
		snprintf(fuzz_folder, sizeof(fuzz_folder), "%s",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-XXXXXX" : "/tmp/fuzz-XXXXXX");
		check(mkdtemp(fuzz_folder) != NULL);
		atexit(fuzz_folder_remove);
	}
	return fuzz_folder;
}

/* The bytes as the file @name there; heap. */
static inline char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	char *path = mem_printf("%s/%s", fuzz_dir(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
	return path;
}

static inline bool shown_as_is(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' && *text != '\n' && *text != '\t')
			return false;
	return true;
}

/* Whether it went well; an error has words, and none that steer a terminal. */
static inline bool fine(struct err *e)
{
	if (e)
		check(e->message[0] && shown_as_is(e->message));
	bool good = !e;
	err_free(e);
	return good;
}

#endif
