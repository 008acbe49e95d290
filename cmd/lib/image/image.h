/*
 * image.h - a guest image: made here from Debian packages, or downloaded (image_download.h)
 *
 * Result of a made image, in the store: disk.raw (sparse ext4), vmlinuz, initrd.img, packages.tsv (name,
 * version, architecture). The same packages give the same bytes: times, UUIDs and hash seeds are fixed.
 * mmdebstrap installs from a folder of verified packages; nothing is downloaded while it runs.
 */
#ifndef COOPER_IMAGE_IMAGE_H
#define COOPER_IMAGE_IMAGE_H

#include "base/event.h"
#include "image/image_job.h"
#include "recipe/recipe.h"
#include "source/source.h"

/** image_set_reference() - the lock's name of the package set of a made image, heap */
char *image_set_reference(const struct recipe *recipe, enum arch guest_arch);
/** image_list() - append the package files that the lock pins for a made image; ABSENT when it has none */
MUST_CHECK struct err *image_list(const struct recipe *recipe, enum arch guest_arch, const struct lock *lock,
				  struct source_files *files);
/** image_ask() - ask apt for the complete set of packages, whatever the lock has; @ret_entry: for lock_entry_done() */
MUST_CHECK struct err *image_ask(const struct home *home, const struct recipe *recipe, enum arch guest_arch,
				 struct sink *sink, struct lock_entry *ret_entry);
/** image_resolve() - ask apt for the complete set of packages, unless the lock has it, and write the lock */
MUST_CHECK struct err *image_resolve(const struct home *home, const struct recipe *recipe, enum arch guest_arch,
				     struct lock *lock, struct sink *sink);
/**
 * image_inputs() - what decides an image that is made of packages, beside them: its folder of files, the host's release,
 * whose programs make it, and how it is made here
 */
MUST_CHECK struct err *image_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs);
/** image_make() - make or unpack (image_download()) the image and commit it to the store */
MUST_CHECK struct err *image_make(const struct image_job *job, struct sink *sink);

#endif
