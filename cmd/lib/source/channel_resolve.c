#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "net/fetch.h"
#include "net/fetch_url.h"
#include "source/channel.h"
#include "sys/file.h"

enum { DOCUMENT_MAX = 4 << 20 };

/* A document cannot be pinned, so its way here must be safe; the image is protected by its signature. */
static struct err *check_channel(const char *url)
{
	if (fetch_url_is(url, "https") || fetch_url_is_local_http(url))
		return NULL;
	AUTO_FREE char *shown = fetch_url_shown(url);
	return err_hint(err_new(ERR_USAGE, "the channel '%s' is not an https: URL", shown),
			"use the document's URL: https://builds.coreos.fedoraproject.org/streams/stable.json");
}

static struct err *fetch_document(const struct home *home, const char *url, struct sink *sink, struct json **ret)
{
	AUTO_FREE char *target = path_join(home->build, "channel.json");
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	TRY(check_channel(url));
	TRY(dir_make(home->build, 0700));
	TRY(file_remove(target)); /* what an ended run left is not news */
	struct fetch_request r = {.url = url,
				  .size = -1,
				  .max_size = DOCUMENT_MAX,
				  .target = target,
				  .step = "resolve",
				  .allow_local_http = true,
				  .unverified = true};
	TRY(fetch_run(&r, 1, /* deadline_ms= */ 0, sink));
	struct err *e = file_read(target, DOCUMENT_MAX, &text, &size);
	e = err_first(e, file_remove(target));
	return e ? e : js_parse(text, size, "the channel's document", ret);
}

/* The recipe says whether a signature is asked for; a document cannot take that back. */
static struct err *make_entry(const struct recipe *image, enum arch guest_arch, const struct channel_disk *d,
			      struct lock_entry *entry)
{
	if (image->source_count && image->sources[0].signature_url && !d->signature)
		return err_hint(err_new(ERR_CORRUPT, "the channel has no signature, and the recipe requires one"),
				"the lock was not changed; check whether the project still signs its images");
	entry->reference = channel_reference(image, guest_arch);
	entry->version = mem_strdup(d->release);
	entry->files = mem_array(1, sizeof(*entry->files));
	entry->file_count = 1;
	entry->files[0] = (struct lock_file){.name = mem_strdup(path_base(d->location)),
					     .url = mem_strdup(d->location),
					     .sha256 = mem_strdup(d->sha256),
					     .size = -1,
					     .uncompressed_sha256 = mem_strdup(d->uncompressed_sha256),
					     .signature = mem_strdup(d->signature)};
	return NULL;
}

struct err *channel_resolve(const struct home *home, const struct recipe *image, enum arch guest_arch,
			    struct sink *sink, struct lock_entry *ret_entry)
{
	const char *format = image->image.format;
	AUTO_FREE char *shown = fetch_url_shown(image->image.channel);
	AUTO_JSON *document = NULL;
	struct channel_disk d;
	struct err *e = fetch_document(home, image->image.channel, sink, &document);
	if (!e)
		e = channel_find(document, arch_name(guest_arch), channel_artifact(format), format, &d);
	if (!e)
		e = make_entry(image, guest_arch, &d, ret_entry);
	return e ? err_wrap(e, "cannot follow the channel '%s'", shown) : NULL;
}
