#include "source/source_files.h"

#include <stdlib.h>

void source_files_done(struct source_files *files)
{
	free(files->items);
	strs_done(&files->owned);
	*files = (struct source_files){.items = NULL};
}
