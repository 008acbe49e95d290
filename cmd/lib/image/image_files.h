/*
 * image_files.h - the folder beside an image recipe, whose scripts make the guest's tree what it is
 *
 * Scripts may copy from it with modes and times. Those depend on whoever checked it out, so that it is used from a copy:
 * folders and programs are 0755, other files 0644, and its bytes are those that the image's key was made of.
 */
#ifndef COOPER_IMAGE_IMAGE_FILES_H
#define COOPER_IMAGE_IMAGE_FILES_H

#include "fmt/json.h"
#include "recipe/recipe.h"

/** image_files_input() - name and digest of the folder, as "files" in a key; nothing where there is none */
MUST_CHECK struct err *image_files_input(const struct recipe *recipe, struct json *inputs);
/**
 * image_files_copy() - copy the folder to @to, which does not exist
 * @digest:  its digest in the key
 *
 * Errors:  BUSY (it has changed since the key was made), and those of reading it
 */
MUST_CHECK struct err *image_files_copy(const struct recipe *recipe, const char *digest, const char *to);

#endif
