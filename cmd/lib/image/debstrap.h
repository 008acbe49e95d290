/*
 * debstrap.h - how mmdebstrap is told to make the tree of an image: a pure function of the job and its folders
 *
 * Words of the command line that others read again are written for them: the hooks are text for a shell, the
 * repository is a URI in a line of apt's. Folders may have any name.
 *
 * See: mmdebstrap(1), sources.list(5), RFC 3986 section 2.1
 */
#ifndef COOPER_IMAGE_DEBSTRAP_H
#define COOPER_IMAGE_DEBSTRAP_H

#include "image/image_job.h"

/**
 * debstrap_argv() - append the command line
 * @files:     absolute path of the folder with prepare.sh and customize.sh
 * @packages:  absolute path of the repository: all packages of @job, with their index
 * @root:      where the tree goes
 */
void debstrap_argv(const struct image_job *job, const char *files, const char *packages, const char *root,
		   struct strs *argv);

#endif
