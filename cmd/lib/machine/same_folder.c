#include "machine/same_folder.h"

#include <stdlib.h>
#include <string.h>

/* What follows @dir in @path, "" for itself; NULL when it is not below it. */
static const char *below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	while (n > 0 && dir[n - 1] == '/')
		n--;
	if (strncmp(path, dir, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

char *same_folder(const struct machine_spec *spec, const char *path)
{
	const struct mount *best = NULL;
	const char *rest = NULL;

	for (size_t i = 0; i < spec->mount_count; i++) {
		AUTO_FREE char *real = realpath(spec->mounts[i].host, NULL);
		const char *found = below(real ? real : spec->mounts[i].host, path);
		if (!found || (rest && strlen(found) >= strlen(rest)))
			continue;
		best = &spec->mounts[i];
		rest = found;
	}
	if (!best)
		return NULL;
	size_t n = strlen(best->guest);
	while (n > 1 && best->guest[n - 1] == '/')
		n--;
	bool is_root = n == 1 && *rest;
	return mem_printf("%.*s%s", is_root ? 0 : (int)n, best->guest, rest);
}
