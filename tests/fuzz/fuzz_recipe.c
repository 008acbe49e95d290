/*
 * Any text as a recipe: it is loaded, or refused with words; what is loaded has the same digest when it is loaded
 * again.
 */
#include "fuzz.h"
#include "recipe/load.h"

static bool load(const char *path, struct recipe **ret_recipe)
{
	const struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64};
	return fine(recipe_load(path, &target, NULL, ret_recipe));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *path = fuzz_file("input.yaml", data, size);
	struct recipe *first = NULL, *second = NULL;

	if (load(path, &first)) {
		check(load(path, &second));
		check(strcmp(first->canonical_digest, second->canonical_digest) == 0);
		recipe_free(first);
		recipe_free(second);
	}
	return 0;
}
