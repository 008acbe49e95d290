#include "recipe/lock.h"

#include <stdlib.h>

void lock_entry_done(struct lock_entry *entry)
{
	for (size_t i = 0; i < entry->file_count; i++) {
		free(entry->files[i].name);
		free(entry->files[i].url);
		free(entry->files[i].sha256);
		free(entry->files[i].uncompressed_sha256);
		free(entry->files[i].signature);
	}
	free(entry->files);
	free(entry->reference);
	free(entry->version);
	*entry = (struct lock_entry){.reference = NULL};
}
