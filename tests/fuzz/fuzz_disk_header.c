/*
 * Any bytes as the start of a disk: nothing is read outside of them, and what is taken names no other file, whoever
 * reads the header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/disk_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool taken(const uint8_t *data, size_t size, const struct disk_claim *claim)
{
	struct err *e = disk_header_judge(data, size, (int64_t)size, claim);

	check(!e || (err_is(e, ERR_CORRUPT) && e->message[0]));
	bool good = !e;
	err_free(e);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[8];
	const struct disk_claim raw = {.format = DISK_RAW}, qcow2 = {.format = DISK_QCOW2};
	const struct disk_claim over = {.format = DISK_QCOW2, .backing = "/b", .backing_format = DISK_RAW};

	if (size > DISK_HEADER_MAX)
		return 0;
	bool is_raw = taken(data, size, &raw), is_qcow2 = taken(data, size, &qcow2);
	check(!(is_raw && is_qcow2));
	if (is_qcow2) {
		check(size >= 72 && memcmp(data + 8, none, sizeof(none)) == 0);
		check(data[7] == 2 || (data[7] == 3 && (data[79] & 4) == 0));
	}
	if (taken(data, size, &over))
		check(!is_qcow2 && memcmp(data + 8, none, sizeof(none)) != 0);
	return 0;
}
