/*
 * image_download.h - a downloaded guest image becomes a result: signed, unpacked, both digests checked
 *
 * Result in the store: disk.qcow2 or disk.raw, by the recipe's format, and nothing else.
 */
#ifndef COOPER_IMAGE_IMAGE_DOWNLOAD_H
#define COOPER_IMAGE_IMAGE_DOWNLOAD_H

#include "base/event.h"
#include "image/image_job.h"

/** image_disk_file() - the disk's name in the result: "disk.raw" or "disk.qcow2" */
const char *image_disk_file(const struct recipe *image);

/**
 * image_download() - unpack the one fetched file of @job and commit it to the store
 *
 * The packed bytes are hashed again while they are read, whatever the object store believes of them; the signature must
 * have been found good, and what comes out must be one disk of the recipe's format that names no other file
 * (disk_header.h). Errors: CORRUPT (a digest, the signature, the packing or the disk does not hold): nothing is
 * committed.
 */
MUST_CHECK struct err *image_download(const struct image_job *job, struct sink *sink);

#endif
