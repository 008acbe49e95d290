/*
 * What js_parse() takes, written out canonically, is taken again and is the same; so is the indented form.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fmt/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const char *text, const char *canonical)
{
	AUTO_JSON *again = NULL;

	if (js_parse(text, strlen(text), "again", &again))
		abort();
	char *second = js_canonical(again);
	if (strcmp(canonical, second) != 0)
		abort();
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON *root = NULL;
	struct err *e = js_parse((const char *)data, size, "input", &root);

	if (e) {
		err_free(e);
		return 0;
	}
	char *canonical = js_canonical(root);
	char *pretty = js_pretty(root);
	char *line = js_line(root);

	same_again(canonical, canonical);
	same_again(pretty, canonical);
	same_again(line, canonical);
	free(canonical);
	free(pretty);
	free(line);
	return 0;
}
