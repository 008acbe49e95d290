/*
 * Any JSON as a machine's record: what is read from it is written, and read again, as the same.
 */
#include "fmt/json.h"
#include "fuzz.h"
#include "machine/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON *record = NULL;
	struct machine_spec first = {0}, second = {0};

	if (!fine(js_parse((const char *)data, size, "record", &record)))
		return 0;
	machine_spec_from_json(record, &first);
	AUTO_JSON *written = machine_spec_to_json(&first);
	machine_spec_from_json(written, &second);
	AUTO_JSON *again = machine_spec_to_json(&second);
	AUTO_FREE char *one = js_canonical(written);
	AUTO_FREE char *two = js_canonical(again);
	check(strcmp(one, two) == 0);
	machine_spec_done(&first);
	machine_spec_done(&second);
	return 0;
}
