/*
 * image_place.h - where an image's tree is made, and how programs run there: folders of one run, and its box
 *
 * The scripts of packages and recipe run there, and whatever reads the tree that they leave: all of it in a box of the kind
 * BOX_TREE (sys/box.h), where this host has one. Nothing is downloaded.
 *
 *	image_place_init(&place, folder, log, step);
 *	TRY(image_place_open(&place, sink));
 *	TRY(image_place_run(&place, &(struct image_command){.argv = argv}, sink));
 *	TRY(image_place_clear(&place, sink));
 *	image_place_done(&place);
 */
#ifndef COOPER_IMAGE_IMAGE_PLACE_H
#define COOPER_IMAGE_IMAGE_PLACE_H

#include "base/event.h"
#include "base/str.h"
#include "sys/box.h"

/* Every time in the image; also what dpkg and dracut see as "now". */
#define IMAGE_EPOCH "1760000000"

struct image_place {
	char *top;
	char *packages; /* the offline repository; read-only in the box, as files */
	char *files;    /* the recipe's own, with its scripts */
	char *root;     /* the guest's tree */
	char *temp;
	char *log;
	const char *step;
	struct strs inside;             /* words before every command, where there is no box: they make it root */
	const char *read[3], *write[4]; /* in the box */
	struct box box;
};

struct image_command {
	const char *const *argv;
	const char *cwd; /* NULL = anywhere */
	struct str *out; /* gets what it prints, at most @out_max bytes; NULL = that goes to the log */
	size_t out_max;
	bool quiet; /* neither log nor sink */
};

/** image_place_init() - the names below @top; @step is borrowed. Not to be moved */
void image_place_init(struct image_place *p, const char *top, const char *log, const char *step);
void image_place_done(struct image_place *p);
/**
 * image_place_open() - empty folders, and a box, or else another way to be root of the tree, with a warning
 *
 * Errors: USAGE (a user who can be root of nothing here), those of the folders
 */
MUST_CHECK struct err *image_place_open(struct image_place *p, struct sink *sink);
/** image_place_run() - run @c there; errors of child_run() */
MUST_CHECK struct err *image_place_run(const struct image_place *p, const struct image_command *c, struct sink *sink);
/** image_place_lend() - the file @disk, of @bytes, may be written there, too; image_place_return() - no more */
MUST_CHECK struct err *image_place_lend(struct image_place *p, const char *disk, int64_t bytes);
MUST_CHECK struct err *image_place_return(struct image_place *p);
/** image_place_clear() - remove it all, also of a run that was ended; parts may belong to subordinate ids */
MUST_CHECK struct err *image_place_clear(const struct image_place *p, struct sink *sink);

#endif
