#include "guest/emulators.h"

#include <stdlib.h>

#include "base/path.h"
#include "fmt/archive_write.h"
#include "fmt/binfmt.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/tick.h"
#include "tree/unpack.h"

char *emulators_name(enum arch guest_arch)
{
	return mem_printf("emulators-%s", arch_name(guest_arch));
}

/* The package's static program for @arch: Debian 12 calls it qemu-<arch>-static, Debian 13 qemu-<arch>. */
static struct err *find_program(const char *tree, enum arch arch, char **ret_path)
{
	AUTO_FREE char *emulator = binfmt_emulator(arch);
	AUTO_FREE char *with_suffix = mem_printf("%s/usr/bin/%s-static", tree, emulator);
	AUTO_FREE char *plain = mem_printf("%s/usr/bin/%s", tree, emulator);
	bool suffixed = false, there = false;
	TRY(file_exists(with_suffix, &suffixed));
	TRY(file_exists(plain, &there));
	if (suffixed)
		*ret_path = TAKE(with_suffix);
	else if (there)
		*ret_path = TAKE(plain);
	else
		return err_new(ERR_ABSENT, "the emulator package has no program for '%s'", arch_name(arch));
	return NULL;
}

static struct err *unpack_packages(const struct emulators_job *job, const char *tree, struct sink *sink)
{
	struct unpack_options options = {.absolute_links = ABSOLUTE_SKIP, .allow_collisions = true};
	struct unpack_report report;
	TRY(source_prove(job->home, job->files));
	for (size_t i = 0; i < job->files->count; i++) {
		AUTO_FREE char *deb = cas_path(job->home, job->files->items[i].digest);
		struct err *e = unpack_deb(deb, tree, &options, job->step, sink, &report);
		if (e)
			return err_wrap(e, "cannot unpack '%s'", job->files->items[i].name);
	}
	return NULL;
}

static struct err *write_iso(const struct emulators_job *job, const char *tree, const char *iso)
{
	size_t n = job->archs->count;
	struct archive_entry_spec *entries = mem_array(n, sizeof(*entries));
	struct strs owned = STRS_INIT;
	struct err *e = NULL;
	for (size_t i = 0; i < n && !e; i++) {
		enum arch arch = arch_of(job->archs->items[i]);
		char *path = NULL;
		e = find_program(tree, arch, &path);
		if (e)
			break;
		strs_take(&owned, path);
		strs_take(&owned, binfmt_emulator(arch));
		entries[i] = (struct archive_entry_spec){
			.name = owned.items[owned.count - 1], .file = path, .executable = true};
	}
	if (!e)
		e = iso_write(iso, entries, n, "EMULATORS");
	strs_done(&owned);
	free(entries);
	return e;
}

struct err *emulators_make(const struct emulators_job *job, struct sink *sink)
{
	int64_t started = tick_ms();
	AUTO_FREE char *name = emulators_name(job->guest_arch);
	AUTO_FREE char *tree = path_join(job->home->build, name);
	AUTO_FREE char *stage = NULL;
	TRY(tree_remove(tree));
	TRY(dir_make(tree, 0755));
	TRY(unpack_packages(job, tree, sink));
	TRY(store_begin(job->home, job->key, name, &stage));
	AUTO_FREE char *iso = path_join(stage, "emulators.iso");
	TRY(write_iso(job, tree, iso));
	AUTO_JSON *receipt = store_receipt_new(job->key, /* recipe= */ NULL, job->guest_arch, started);
	struct json *inputs = js_object();
	source_inputs(job->files, inputs);
	js_set(receipt, "inputs", inputs);
	TRY(store_commit(job->home, job->key, name, stage, receipt));
	return tree_remove(tree);
}
