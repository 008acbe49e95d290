/* The patched source tree of a build: every source unpacked in its place, then all patches as one series. */
#include "build/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "build/patch_list.h"
#include "source/source_git.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

#define STAMP "src.key"
#define RECEIPT "src.receipt.json"
/* In the receipt: the tree with times and permissions, which make(1) and interpreters go by. */
#define UNTOUCHED "untouched"

enum { STAMP_MAX = 256 };

char *build_place(const struct build_job *job, const char *name)
{
	return mem_printf("%s/%s/%s", job->home->build, job->recipe->name, name);
}

struct err *build_source_present(const struct build_job *job, bool *ret_present)
{
	AUTO_FREE char *path = build_place(job, STAMP);
	AUTO_FREE char *text = NULL;
	struct err *e = file_read(path, STAMP_MAX, &text, NULL);
	*ret_present = !e && streq(text, job->source_key);
	return err_is(e, ERR_ABSENT) || err_is(e, ERR_CORRUPT) ? err_free(e) : e;
}

static void report_offsets(const struct build_job *job, const struct patch_report *r, struct sink *sink)
{
	for (size_t i = 0; i < r->offset_count; i++) {
		AUTO(str) text = STR_INIT;
		str_add_patch_offset(&text, &r->offsets[i]);
		event_emit(sink,
			   &(struct event){.kind = EVENT_OUTPUT, .step = job->source_step, .text = str_text(&text)});
	}
	AUTO(str) text = STR_INIT;
	str_add_patch_report(&text, r);
	event_note(sink, job->source_step, "applied %s", str_text(&text));
}

/* What was applied, patch by patch; the keg's receipt has it as "source". */
static struct err *make_receipt(const struct build_job *job, const struct patch_list *list,
				const struct patch_report *r, struct json *receipt)
{
	struct json *gits = NULL;
	TRY(source_git_receipts(job->home, job->files, &gits));
	struct json *patches = js_array();
	for (size_t i = 0; i < list->count; i++) {
		char hex[SHA256_HEX];
		struct json *patch = js_object();
		digest_bytes(list->inputs[i].text, list->inputs[i].size, hex);
		js_set_text(patch, "name", list->inputs[i].name);
		js_set_text(patch, "sha256", hex);
		js_add(patches, patch);
	}
	struct json *inputs = js_object();
	source_inputs(job->files, inputs);
	js_set_text(receipt, "key", job->source_key);
	js_set(receipt, "inputs", inputs);
	js_set(receipt, "git", gits);
	js_set(receipt, "patches", patches);
	js_set_int(receipt, "files", (int64_t)r->files);
	js_set_int(receipt, "hunks", (int64_t)r->hunks);
	js_set_int(receipt, "moved", (int64_t)r->offset_count);
	js_set_int(receipt, "skipped", (int64_t)r->hunks_skipped);
	return NULL;
}

static struct err *write_receipt(const struct build_job *job, const char *tree, struct json *receipt)
{
	char hex[SHA256_HEX];
	TRY(tree_digest_path(tree, hex));
	js_set_text(receipt, "tree", hex);
	TRY(tree_digest_exact(tree, hex));
	js_set_text(receipt, UNTOUCHED, hex);
	AUTO_FREE char *path = build_place(job, RECEIPT);
	return js_write(path, receipt, 0600);
}

/* Minutes may lie between the key and the patches that are read: they are those of the key, or none is applied. */
static struct err *check_patches(const struct build_job *job, const struct patch_list *list)
{
	const struct json *in_key = js_get(job->source_inputs, "patch");
	for (size_t i = 0; i < list->count; i++) {
		const struct patch_ref *ref = list->refs[i];
		const struct json *item = js_at(in_key, (size_t)(ref - job->recipe->patches));
		char hex[SHA256_HEX];
		digest_bytes(list->inputs[i].text, list->inputs[i].size, hex);
		if (ref->series || streq(hex, js_get_text(item, "digest")))
			continue;
		return err_hint(err_new(ERR_BUSY, "the patch '%s' was changed after it was decided what to do",
					list->inputs[i].name),
				"run the command again: it uses the patch as it is now");
	}
	return NULL;
}

static struct err *patch_tree(const struct build_job *job, const char *tree, struct sink *sink)
{
	AUTO(patch_list) list = {.count = 0};
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	TRY(patch_list_read(job->recipe, job->home, tree, &list));
	TRY(check_patches(job, &list));
	if (list.count) {
		TRY(patch_series_apply(tree, list.inputs, list.count, NULL, &report));
		report_offsets(job, &report, sink);
	}
	AUTO_JSON *receipt = js_object();
	TRY(make_receipt(job, &list, &report, receipt));
	return write_receipt(job, tree, receipt);
}

struct err *build_source_receipt(const struct build_job *job, struct json **ret_receipt)
{
	AUTO_FREE char *path = build_place(job, RECEIPT);
	return js_read(path, ret_receipt);
}

/* Unpacked beside its place and renamed: a tree that is there, with its stamp, is whole. */
struct err *build_source(const struct build_job *job, struct sink *sink)
{
	AUTO_FREE char *tree = build_place(job, "src");
	AUTO_FREE char *stage = mem_printf("%s.new", tree);
	AUTO_FREE char *stamp = build_place(job, STAMP);
	TRY(file_revoke(stamp));
	TRY(tree_remove(stage));
	TRY(tree_remove(tree));
	TRY(dir_make(stage, 0755));
	TRY(build_unpack(job, stage, sink));
	TRY(patch_tree(job, stage, sink));
	TRY(tree_publish(stage, tree));
	return file_write(stamp, job->source_key, strlen(job->source_key), 0600);
}

/* A tree of which something cannot be read counts as touched: it is made anew, and that says what is wrong. */
static struct err *is_untouched(const struct build_job *job, bool *ret_untouched)
{
	AUTO_FREE char *tree = build_place(job, "src");
	AUTO_JSON *receipt = NULL;
	char hex[SHA256_HEX];
	*ret_untouched = false;
	struct err *e = build_source_receipt(job, &receipt);
	if (err_is(e, ERR_OS))
		return e;
	err_free(e); /* gone or damaged: it is written anew with the tree */
	e = tree_digest_exact(tree, hex);
	*ret_untouched = !e && streq(hex, js_get_text(receipt, UNTOUCHED)) &&
			 streq(job->source_key, js_get_text(receipt, "key"));
	err_free(e);
	return NULL;
}

struct err *build_source_ensure(const struct build_job *job, struct sink *sink)
{
	bool untouched = false;
	TRY(is_untouched(job, &untouched));
	if (untouched)
		return NULL;
	TRY(cancel_check());
	event_note(sink, job->step, "the source tree was changed after it was unpacked: unpacking it anew");
	struct err *e = build_source(job, sink);
	return err_is(e, ERR_ABSENT) ? err_hint(e, "the same command again fetches what is missing") : e;
}
