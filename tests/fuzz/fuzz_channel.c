/*
 * Any JSON as the document of a channel: a disk that is found has a digest and a name that stays in its folder.
 */
#include "fmt/json.h"
#include "fuzz.h"
#include "source/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON *document = NULL;
	struct channel_disk disk = {0};

	if (!fine(js_parse((const char *)data, size, "stream", &document)))
		return 0;
	if (fine(channel_find(document, "x86_64", "qemu", "qcow2.xz", &disk)))
		check(disk.sha256 && strlen(disk.sha256) == 64);
	return 0;
}
