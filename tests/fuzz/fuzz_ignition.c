/*
 * Any bytes as the user's own configuration beside a machine's: what is taken is an object, written canonically.
 */
#include "fmt/json.h"
#include "fuzz.h"
#include "guest/os.h"
#include "machine/ignition_merge.h"

static const char ours[] =
	"{\"ignition\":{\"version\":\"3.3.0\"},\"passwd\":{\"users\":[{\"name\":\"core\",\"sshAuthorizedKeys\":[\"k\"]}]},"
	"\"storage\":{\"files\":[{\"path\":\"/etc/subuid\",\"mode\":420}],\"links\":[{\"path\":\"/etc/l\",\"target\":\"/x\"}]},"
	"\"systemd\":{\"units\":[{\"name\":\"podman.socket\",\"enabled\":true}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ignition_limits limits = {.minor = 3, .network = true};
	AUTO_FREE char *text = NULL;
	AUTO_JSON *root = NULL;

	free(fuzz_file("mine.ign", data, size));
	if (!fine(ignition_read(fuzz_dir(), "mine.ign", &limits, ours, &text)))
		return 0;
	check(fine(js_parse(text, strlen(text), "taken", &root)) && js_is_object(root));
	AUTO_FREE char *again = js_canonical(root);
	check(strcmp(again, text) == 0);
	return 0;
}
