/* The patch reader: any bytes, any strip, turned around too; and quilt's series file. */
#include <stdlib.h>

#include "patch/patch_set.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	if (!size)
		return 0;
	struct patch_input input = {
		.name = "fuzz", .text = (const char *)data + 1, .size = size - 1, .strip = data[0] & 3};
	struct patch_set set = PATCH_SET_INIT;
	struct err *e = patch_parse(&input, &set);
	if (!e) {
		patch_set_reverse(&set);
		for (size_t i = 0; i < set.file_count; i++) {
			char *unpacked = NULL;
			if (set.files[i].forward.kind && set.files[i].forward.size < 1 << 20)
				err_free(patch_binary_unpack(&set.files[i].forward, &unpacked));
			free(unpacked);
		}
		patch_set_done(&set);
	}
	err_free(e);
	struct patch_series series = PATCH_SERIES_INIT;
	e = patch_series_parse("fuzz", input.text, input.size, &series);
	if (!e)
		patch_series_done(&series);
	err_free(e);
	return 0;
}
