#include "image/image_download.h"

#include "base/path.h"
#include "image/disk_header.h"
#include "source/signature.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/tick.h"
#include "tree/inflate.h"

const char *image_disk_file(const struct recipe *image)
{
	bool raw = image->image.debian_suite || (image->image.format && str_starts(image->image.format, "raw"));
	return raw ? "disk.raw" : "disk.qcow2";
}

static struct err *make_receipt(const struct image_job *job, const char *inner, int64_t started_ms,
				struct json **ret_receipt)
{
	struct json *signatures = NULL;
	TRY(signature_receipts(job->home, job->files, &signatures));
	const struct source_file *f = &job->files->items[0];
	struct json *receipt = store_receipt_new(job->key, job->recipe, job->guest_arch, started_ms);
	js_set_text(receipt, "file", f->name);
	js_set_text(receipt, "url", f->url);
	js_set_text(receipt, digest_kind_name(digest_kind_of(f->digest)), f->digest);
	js_set_text(receipt, "uncompressed_sha256", inner);
	js_set(receipt, "signatures", signatures);
	*ret_receipt = receipt;
	return NULL;
}

static struct err *unpack(const struct image_job *job, const char *stage, const char *name, struct sink *sink)
{
	const struct source_file *f = &job->files->items[0];
	int64_t started = tick_ms();
	AUTO_FREE char *object = cas_path(job->home, f->digest);
	AUTO_FREE char *disk = path_join(stage, image_disk_file(job->recipe));
	char inner[SHA256_HEX];
	struct inflate_options o = {.format = job->recipe->image.format,
				    .packed_digest = f->digest,
				    .sha256 = job->recipe->sources[0].uncompressed_sha256};
	struct err *e = inflate_image(object, disk, &o, job->step, sink, inner);
	if (err_is(e, ERR_CORRUPT))
		return err_hint(e, "nothing was installed; `cooper update` reads the channel again; a download that "
				   "differs from its digest is not used");
	TRY(e);
	TRY(disk_header_check(disk, &(struct disk_claim){.format = disk_format_of(disk)}));
	AUTO_JSON *receipt = NULL;
	TRY(make_receipt(job, inner, started, &receipt));
	return store_commit(job->home, job->key, name, stage, receipt);
}

struct err *image_download(const struct image_job *job, struct sink *sink)
{
	AUTO_FREE char *name = image_name(job->recipe, job->guest_arch);
	AUTO_FREE char *stage = NULL;
	if (job->files->count != 1)
		return err_new(ERR_USAGE, "the image '%s' has %zu files, and one is the disk", job->recipe->name,
			       job->files->count);
	TRY(signature_check(job->home, &job->files->items[0], job->step, sink));
	TRY(store_begin(job->home, job->key, name, &stage));
	struct err *e = unpack(job, stage, name, sink);
	if (!e)
		return NULL;
	e = err_first(e, tree_remove(stage));
	return err_wrap(e, "cannot install '%s'", job->files->items[0].name);
}
