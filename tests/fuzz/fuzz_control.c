/*
 * Any bytes from what should be a machine's supervisor: an answer is an object, all else an error, at once.
 */
#include "fuzz_server.h"
#include "machine/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_server server;
	AUTO_JSON *answer = NULL;

	fuzz_server_start(&server, "ctl.sock", data, size);
	if (fine(call_ask(fuzz_dir(), "status", &answer)))
		check(js_is_object(answer));
	fuzz_server_stop(&server);
	return 0;
}
