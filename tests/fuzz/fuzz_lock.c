/*
 * Any bytes as a lock: what is taken can be added to, and then holds both what it held and what was added.
 */
#include "fuzz.h"
#include "recipe/lock.h"

static void add(const char *path, struct lock *lock)
{
	struct lock_file file = {.name = (char[]){"a.tar.xz"},
				 .url = (char[]){"https://example.org/a.tar.xz"},
				 .sha256 = (char[]){"0000000000000000000000000000000000000000000000000000000000000000"},
				 .size = 7};
	struct lock_entry entry = {(char[]){"fuzz:added"}, (char[]){"1"}, &file, 1, false};
	struct lock *again = NULL;

	if (!fine(lock_put(lock, &entry)))
		return;
	check(fine(lock_open(path, &again)));
	check(lock_find(again, "fuzz:added") != NULL);
	lock_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *path = fuzz_file("cooper.lock", data, size);
	struct lock *lock = NULL;

	if (fine(lock_open(path, &lock))) {
		add(path, lock);
		lock_free(lock);
	}
	return 0;
}
