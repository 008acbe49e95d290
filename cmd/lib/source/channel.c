#include "source/channel.h"

#include <string.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/suggest.h"
#include "fmt/digest.h"
#include "net/fetch_url.h"

enum { NAMES_MAX = 64, VALUE_MAX = 1024 };

const char *channel_artifact(const char *format)
{
	return str_starts(format, "raw") ? "applehv" : "qemu";
}

/* @object has no member @name: say which it has, and which may have been meant. */
static struct err *not_there(const struct json *object, const char *what, const char *name)
{
	const char *names[NAMES_MAX];
	AUTO(str) list = STR_INIT;
	size_t n = 0;
	for (struct js_member m = {.of = object}; n < NAMES_MAX && js_next(&m);) {
		names[n++] = m.key;
		str_addf(&list, "%s%s", n > 1 ? ", " : "", names[n - 1]);
	}
	struct err *e = err_new(ERR_ABSENT, "the channel has no %s '%s'", what, name);
	if (n == 0)
		return err_hint(e, "it has none: check that the channel's URL is a stream document");
	const char *near = suggest_nearest(name, names, n);
	if (near)
		return err_hint(e, "did you mean '%s'? it has %s", near, str_text(&list));
	return err_hint(e, "it has %s", str_text(&list));
}

static struct err *step_into(const struct json **at, const char *inner, const char *what, const char *name)
{
	const struct json *all = js_get(*at, inner);
	const struct json *one = js_get(all, name);
	if (!js_is_object(one))
		return not_there(all, what, name);
	*at = one;
	return NULL;
}

static struct err *bad(const char *what, const char *value)
{
	AUTO_FREE char *shown = str_escape(value ? value : "nothing");
	return err_hint(err_new(ERR_CORRUPT, "the channel's %s is not one: %.80s", what, shown),
			"the lock was not changed; the document is damaged, or not a stream document");
}

static struct err *check_url(const char *what, const char *url)
{
	if (!url || strlen(url) > VALUE_MAX || strpbrk(url, " \t\r\n\"'\\"))
		return bad(what, url);
	if (!str_starts(url, "https://") && !fetch_url_is_local_http(url))
		return bad(what, url);
	const char *name = path_base(url);
	return strpbrk(url, "?#") || !path_is_plain(name) ? bad(what, url) : NULL;
}

static struct err *check_digest(const char *what, const char *hex)
{
	return hex && digest_valid(DIGEST_SHA256, hex) ? NULL : bad(what, hex);
}

static struct err *check_disk(const char *format, const struct channel_disk *d)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+~-_";
	if (!d->release || !*d->release || strlen(d->release) > 64 || d->release[strspn(d->release, allowed)])
		return bad("release", d->release);
	TRY(check_url("location", d->location));
	TRY(check_digest("sha256", d->sha256));
	if (strchr(format, '.') || d->uncompressed_sha256)
		TRY(check_digest("uncompressed-sha256", d->uncompressed_sha256));
	return d->signature ? check_url("signature", d->signature) : NULL;
}

struct err *channel_find(const struct json *document, const char *arch, const char *artifact, const char *format,
			 struct channel_disk *ret)
{
	const struct json *at = document;
	TRY(step_into(&at, "architectures", "architecture", arch));
	TRY(step_into(&at, "artifacts", "artifact", artifact));
	const char *release = js_get_text(at, "release");
	TRY(step_into(&at, "formats", "format", format));
	const struct json *disk = js_get(at, "disk");
	if (!js_is_object(disk))
		return not_there(at, "file", "disk");
	*ret = (struct channel_disk){.release = release,
				     .location = js_get_text(disk, "location"),
				     .sha256 = js_get_text(disk, "sha256"),
				     .uncompressed_sha256 = js_get_text(disk, "uncompressed-sha256"),
				     .signature = js_get_text(disk, "signature")};
	return check_disk(format, ret);
}

char *channel_reference(const struct recipe *image, enum arch guest_arch)
{
	if (!image->image.channel || image->source_count != 1)
		return NULL;
	const char *name = path_base(image->image.channel);
	int size = (int)(str_ends(name, ".json") ? strlen(name) - strlen(".json") : strlen(name));
	return mem_printf("channel:%s:%.*s:%s:%s", image->name, size, name, arch_name(guest_arch), image->image.format);
}

static struct err *lacks(const char *reference, const char *what)
{
	return err_hint(err_new(ERR_CORRUPT, "the lock's entry '%s' has no %s", reference, what),
			"`cooper update` resolves it again");
}

struct err *channel_apply(struct recipe *image, enum arch guest_arch, const struct lock *lock)
{
	AUTO_FREE char *reference = channel_reference(image, guest_arch);
	const struct lock_entry *entry = reference ? lock_find(lock, reference) : NULL;
	if (!entry)
		return NULL;
	const struct lock_file *f = &entry->files[0];
	struct source *s = &image->sources[0];
	if (!f->sha256)
		return lacks(reference, "SHA-256");
	if (s->signature_url && !f->signature)
		return lacks(reference, "signature");
	if (s->uncompressed_sha256 && !f->uncompressed_sha256)
		return lacks(reference, "digest of what is inside");
	s->url = arena_strdup(image->arena, f->url);
	s->mirrors = STRS_INIT; /* of the recipe's own pin */
	s->sha256 = arena_strdup(image->arena, f->sha256);
	s->sha512 = NULL;
	s->uncompressed_sha256 = arena_strdup(image->arena, f->uncompressed_sha256);
	s->size = f->size;
	if (s->signature_url)
		s->signature_url = arena_strdup(image->arena, f->signature);
	image->version = arena_strdup(image->arena, entry->version);
	return NULL;
}
