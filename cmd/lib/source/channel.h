/*
 * channel.h - the streams of Fedora CoreOS: which image is the newest of a channel, by its published document
 *
 * A channel is the URL of a stream document: architectures.ARCH.artifacts.KIND = {release, formats.FORMAT.disk =
 * {location, sha256, uncompressed-sha256, signature}}. What it says is pinned in the lock under one reference per
 * channel, architecture and format. The key that must have signed is the recipe's and never comes from the document.
 * See: https://github.com/coreos/fedora-coreos-streams
 */
#ifndef COOPER_SOURCE_CHANNEL_H
#define COOPER_SOURCE_CHANNEL_H

#include "base/arch.h"
#include "base/event.h"
#include "fmt/json.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"
#include "store/home.h"

/* One disk of a stream document; everything is borrowed from the document. */
struct channel_disk {
	const char *release;             /* "44.20260707.3.1" */
	const char *location;            /* URL of the packed image */
	const char *sha256;              /* of the packed image */
	const char *uncompressed_sha256; /* NULL = not said, which only an image that is not packed may */
	const char *signature;           /* URL of the detached signature, or NULL */
};

/** channel_artifact() - the kind of image whose disks have @format: "qcow2.xz" -> "qemu", "raw.gz" -> "applehv" */
const char *channel_artifact(const char *format);

/**
 * channel_find() - the disk of @arch and @format in a stream document
 * @arch:     cooper's name, which is the document's, too
 * @artifact: "qemu", "applehv", "metal", ...
 *
 * Errors: ABSENT (not in the document; the hint lists what is), CORRUPT (something that must be there is not, or is not
 * what it must be: digests in hex, URLs https: or on this machine, one file name at the end)
 */
MUST_CHECK struct err *channel_find(const struct json *document, const char *arch, const char *artifact,
				    const char *format, struct channel_disk *ret);

/** channel_reference() - the lock's name of a followed image: "channel:fedora-coreos:stable:aarch64:qcow2.xz"; heap,
 * NULL when the recipe follows none */
char *channel_reference(const struct recipe *image, enum arch guest_arch);

/**
 * channel_apply() - let the lock's entry, where there is one, take the place of what the recipe pins
 *
 * Errors: CORRUPT (the entry lacks what the recipe asks for: a signature, the inner digest)
 */
MUST_CHECK struct err *channel_apply(struct recipe *image, enum arch guest_arch, const struct lock *lock);

/**
 * channel_resolve() - fetch the channel's document and make a lock entry of what it says
 * @ret_entry: for lock_entry_done(), also on error
 *
 * At most 4 MiB, over https:, or http: on this machine. Errors: USAGE (the channel's URL), NET, those of channel_find()
 */
MUST_CHECK struct err *channel_resolve(const struct home *home, const struct recipe *image, enum arch guest_arch,
				       struct sink *sink, struct lock_entry *ret_entry);

#endif
