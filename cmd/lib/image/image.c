#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "image/binfmt_host.h"
#include "image/debstrap.h"
#include "image/image_download.h"
#include "image/image_files.h"
#include "image/image_place.h"
#include "recipe/vars.h"
#include "source/debian.h"
#include "source/source.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "sys/tick.h"
#include "tree/tree_digest.h"

/* Any fixed value serves: the file system never leaves its machine. */
#define IMAGE_UUID "6e2b6d5c-0000-4000-8000-636f6f706572"

/* Counted up whenever the same packages and files give other bytes because of a change here. */
enum { IMAGE_METHOD = 2 };

/* The kernel's package differs by architecture; everything else has one name everywhere. */
static struct err *package_names(const struct recipe *recipe, enum arch guest_arch, struct strs *names)
{
	struct vars vars = {.name = recipe->name,
			    .version = recipe->version,
			    .guest_arch = arch_name(guest_arch),
			    .debian_arch = arch_row(guest_arch)->debian};
	TRY(vars_expand_all(&vars, &recipe->image.packages, names));
	strs_sort(names);
	return NULL;
}

char *image_set_reference(const struct recipe *recipe, enum arch guest_arch)
{
	AUTO_FREE char *text = strs_join(&recipe->image.packages, "\n");
	char digest[SHA256_HEX];
	digest_bytes(text, strlen(text), digest);
	return mem_printf("debian-set:%s:%s:%.12s", recipe->image.debian_suite, arch_row(guest_arch)->debian, digest);
}

struct err *image_list(const struct recipe *recipe, enum arch guest_arch, const struct lock *lock,
		       struct source_files *files)
{
	AUTO_FREE char *reference = image_set_reference(recipe, guest_arch);
	const struct lock_entry *entry = lock_find(lock, reference);
	if (!entry)
		return err_new(ERR_ABSENT, "the lock has no entry for '%s'", reference);
	files->items = mem_grow(files->items, &files->cap, files->count + entry->file_count, sizeof(*files->items));
	for (size_t i = 0; i < entry->file_count; i++) {
		const struct lock_file *f = &entry->files[i];
		AUTO_FREE char *package = mem_strndup(f->name, strcspn(f->name, "_"));
		if (!debian_name_valid(package))
			return err_hint(err_new(ERR_USAGE, "'%s' in the lock is no file of a Debian package", f->name),
					"`cooper update` writes the entry anew");
		if (!debian_is_url(f->url))
			return source_elsewhere(reference, f->url);
		files->items[files->count++] =
			(struct source_file){.name = f->name, .url = f->url, .digest = f->sha256, .size = f->size};
	}
	return NULL;
}

struct err *image_ask(const struct home *home, const struct recipe *recipe, enum arch guest_arch, struct sink *sink,
		      struct lock_entry *ret_entry)
{
	AUTO(strs) names = STRS_INIT;
	TRY(package_names(recipe, guest_arch, &names));
	struct err *e = debian_resolve_set(recipe->image.debian_suite, arch_row(guest_arch)->debian, &names, home->apt,
					   sink, ret_entry);
	if (e)
		return err_wrap(e, "cannot resolve the packages of image '%s'", recipe->name);
	free(ret_entry->reference);
	ret_entry->reference = image_set_reference(recipe, guest_arch);
	return NULL;
}

struct err *image_resolve(const struct home *home, const struct recipe *recipe, enum arch guest_arch, struct lock *lock,
			  struct sink *sink)
{
	AUTO_FREE char *reference = image_set_reference(recipe, guest_arch);
	if (lock_find(lock, reference))
		return NULL;
	AUTO(lock_entry) entry = {.reference = NULL};
	TRY(image_ask(home, recipe, guest_arch, sink, &entry));
	return lock_put(lock, &entry);
}

struct err *image_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs)
{
	if (!recipe->image.debian_suite)
		return NULL;
	js_set_int(inputs, "method", IMAGE_METHOD);
	if (*facts->distro) {
		AUTO_FREE char *release = mem_printf("%s %s", facts->distro, facts->codename);
		js_set_text(inputs, "host", release);
	}
	return image_files_input(recipe, inputs);
}

/* The packages under their own names in one folder, with an index: a repository that needs no network. */
static struct err *lay_out_packages(const struct image_job *job, const struct image_place *w, struct sink *sink)
{
	TRY(source_prove(job->home, job->files));
	for (size_t i = 0; i < job->files->count; i++) {
		const struct source_file *f = &job->files->items[i];
		AUTO_FREE char *object = cas_path(job->home, f->digest);
		AUTO_FREE char *name = path_join(w->packages, f->name);
		if (link(object, name) != 0)
			TRY(file_copy(object, name, 0644));
	}
	AUTO(str) index = STR_INIT;
	const char *const argv[] = {"apt-ftparchive", "packages", ".", NULL};
	TRY(image_place_run(w,
			    &(struct image_command){.argv = argv, .cwd = w->packages, .out = &index, .out_max = 64 << 20},
			    sink));
	AUTO_FREE char *path = path_join(w->packages, "Packages");
	return file_write(path, str_text(&index), index.len, 0644);
}

static struct err *install_root(const struct image_job *job, const struct image_place *w, struct sink *sink)
{
	AUTO(strs) argv = STRS_INIT;
	TRY(image_files_copy(job->recipe, job->files_digest, w->files));
	debstrap_argv(job, w->files, w->packages, w->root, &argv);
	const struct image_command c = {.argv = (const char *const *)argv.items, .cwd = w->top};
	return image_place_run(w, &c, sink);
}

/* The one file in boot/ whose name starts with @prefix goes to @to; it is booted from there, not from the disk. A link
 * that a script left there does not lead to a file of this host. */
static struct err *take_boot_file(const struct image_place *w, const char *prefix, const char *to)
{
	AUTO_FREE char *boot = NULL;
	AUTO(strs) names = STRS_INIT;
	TRY(beneath_path(w->root, "boot", &boot));
	TRY(dir_list(boot, &names));
	for (size_t i = 0; i < names.count; i++) {
		if (!str_starts(names.items[i], prefix))
			continue;
		AUTO_FREE char *name = path_join("boot", names.items[i]);
		AUTO_FREE char *from = NULL;
		TRY(beneath_path(w->root, name, &from));
		TRY(file_copy(from, to, 0644));
		return file_remove(from);
	}
	return err_new(ERR_CHILD, "the image has no '%s*' in /boot", prefix);
}

static struct err *write_package_list(const struct image_place *w, const char *stage, struct sink *sink)
{
	AUTO_FREE char *admin = mem_printf("--admindir=%s/var/lib/dpkg", w->root);
	AUTO_FREE char *path = path_join(stage, "packages.tsv");
	const char *const argv[] = {"dpkg-query", admin, "-W", "-f", "${Package}\t${Version}\t${Architecture}\n", NULL};
	AUTO(str) list = STR_INIT;
	TRY(image_place_run(w, &(struct image_command){.argv = argv, .out = &list, .out_max = 4 << 20}, sink));
	return file_write(path, str_text(&list), list.len, 0644);
}

/* mke2fs copies access and change times from the tree; the same packages must give the same bytes. */
static struct err *fix_times(const struct image_place *w, const char *disk, struct sink *sink)
{
	static const char commands[] = "sif \"/%P\" atime @" IMAGE_EPOCH "\nsif \"/%P\" atime_extra 0\n"
				       "sif \"/%P\" ctime @" IMAGE_EPOCH "\nsif \"/%P\" ctime_extra 0\n";
	AUTO_FREE char *path = path_join(w->temp, "times");
	const char *const list[] = {"find", w->root, "-fprintf", path, commands, NULL};
	const char *const set[] = {"debugfs", "-w", "-f", path, disk, NULL};
	TRY(image_place_run(w, &(struct image_command){.argv = list}, sink));
	/* In its box a name is no harm: it can be a line of debugfs's, which reads and writes files and runs programs.
	 * 60,000 lines of echo are for nobody. */
	return image_place_run(w, &(struct image_command){.argv = set, .quiet = true}, sink);
}

static struct err *make_disk(const struct image_job *job, struct image_place *w, const char *disk, struct sink *sink)
{
	/* device nodes where mknod(2) works, mount points where it does not; the guest mounts its own there */
	AUTO_FREE char *dev = path_join(w->root, "dev");
	static const char options[] =
		"hash_seed=" IMAGE_UUID ",lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0,nodiscard";
	const char *const empty[] = {"find", dev, "-mindepth", "1", "-delete", NULL};
	const char *const date[] = {"find", w->root, "-newermt", "@" IMAGE_EPOCH, "-exec", "touch", "-h", "-c", "-d",
				    "@" IMAGE_EPOCH, "{}", "+", NULL};
	const char *const fill[] = {
		"mke2fs", "-q",  "-t", "ext4",  "-L", job->recipe->image.root_label, "-U", IMAGE_UUID, "-m", "0",
		"-I",     "256", "-E", options, "-O", "^metadata_csum_seed",         "-d", w->root,    disk, NULL};
	TRY(image_place_run(w, &(struct image_command){.argv = empty}, sink));
	TRY(image_place_run(w, &(struct image_command){.argv = date}, sink));
	AUTO_CLOSE int fd = open(disk, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)job->recipe->image.disk_bytes) != 0)
		return err_os(errno, "cannot create '%s'", disk);
	TRY(image_place_lend(w, disk, job->recipe->image.disk_bytes));
	TRY(image_place_run(w, &(struct image_command){.argv = fill}, sink));
	TRY(fix_times(w, disk, sink));
	return image_place_return(w);
}

static struct err *fill_stage(const struct image_job *job, struct image_place *w, const char *stage, struct sink *sink)
{
	AUTO_FREE char *kernel = path_join(stage, "vmlinuz");
	AUTO_FREE char *initrd = path_join(stage, "initrd.img");
	AUTO_FREE char *disk = path_join(stage, "disk.raw");
	event_note(sink, job->step, "installing %zu packages", job->files->count);
	TRY(lay_out_packages(job, w, sink));
	TRY(install_root(job, w, sink));
	TRY(take_boot_file(w, "vmlinuz-", kernel));
	TRY(take_boot_file(w, "initrd.img-", initrd));
	TRY(write_package_list(w, stage, sink));
	return make_disk(job, w, disk, sink);
}

static struct json *make_receipt(const struct image_job *job, int64_t started_ms)
{
	struct json *receipt = store_receipt_new(job->key, job->recipe, job->guest_arch, started_ms);
	struct json *packages = js_array();
	for (size_t i = 0; i < job->files->count; i++) {
		struct json *p = js_object();
		js_set_text(p, "file", job->files->items[i].name);
		js_set_text(p, "sha256", job->files->items[i].digest);
		js_add(packages, p);
	}
	js_set(receipt, "packages", packages);
	return receipt;
}

static struct err *make(const struct image_job *job, struct image_place *w, const char *name, struct sink *sink)
{
	int64_t started = tick_ms();
	AUTO_FREE char *stage = NULL;
	TRY(image_place_open(w, sink));
	if (job->guest_arch != job->facts->arch)
		TRY(binfmt_host_ensure(job->guest_arch));
	TRY(store_begin(job->home, job->key, name, &stage));
	TRY(fill_stage(job, w, stage, sink));
	AUTO_JSON *receipt = make_receipt(job, started);
	TRY(store_commit(job->home, job->key, name, stage, receipt));
	return image_place_clear(w, sink);
}

struct err *image_make(const struct image_job *job, struct sink *sink)
{
	if (!job->recipe->image.debian_suite)
		return image_download(job, sink);
	AUTO_FREE char *name = image_name(job->recipe, job->guest_arch);
	AUTO_FREE char *top = path_join(job->home->build, name);
	AUTO_FREE char *log = mem_printf("%s/image-%s.log", job->home->log, name);
	struct image_place place;
	image_place_init(&place, top, log, job->step);
	struct err *e = file_remove(log);
	if (!e)
		e = make(job, &place, name, sink);
	if (err_no_space(e))
		e = err_first(e, image_place_clear(&place, sink));
	image_place_done(&place);
	return e;
}
