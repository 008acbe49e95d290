/*
 * image_job.h - one image to be made or fetched
 */
#ifndef COOPER_IMAGE_IMAGE_JOB_H
#define COOPER_IMAGE_IMAGE_JOB_H

#include "recipe/recipe.h"
#include "source/source_files.h"
#include "store/home.h"
#include "sys/os.h"

/* One image for one guest architecture. All borrowed. */
struct image_job {
	const struct home *home;
	const struct recipe *recipe;
	enum arch guest_arch;
	const struct host_facts *facts;
	const struct source_files *files; /* packages, or the downloaded image */
	const char *files_digest;         /* of the recipe's folder of files, as in the key; NULL = none */
	const char *key;                  /* of the result */
	const char *step;
};

/** image_name() - name of the result in the store: "debian-aarch64"; heap */
char *image_name(const struct recipe *recipe, enum arch guest_arch);

#endif
