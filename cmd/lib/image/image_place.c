#include "image/image_place.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"

enum { COMMAND_DEADLINE_MS = 60 * 60 * 1000 };

static const char *const clean_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/nonexistent",
	"LC_ALL=C.UTF-8",
	"TZ=UTC",
	"DEBIAN_FRONTEND=noninteractive",
	"SOURCE_DATE_EPOCH=" IMAGE_EPOCH,
	"E2FSPROGS_FAKE_TIME=" IMAGE_EPOCH,
	"MKE2FS_CONFIG=/nonexistent", /* the host's own would be an input: mke2fs has the usual one built in */
	"INITRD=No", /* kernel packages must not run dracut: customize does, once */
	NULL,
};

static char *below(const struct image_place *p, const char *name)
{
	return path_join(p->top, name);
}

void image_place_init(struct image_place *p, const char *top, const char *log, const char *step)
{
	*p = (struct image_place){.top = mem_strdup(top), .log = mem_strdup(log), .step = step};
	p->packages = below(p, "packages");
	p->files = below(p, "files");
	p->root = below(p, "root");
	p->temp = below(p, "temp");
	p->read[0] = p->packages;
	p->read[1] = p->files;
	p->write[0] = p->root;
	p->write[1] = p->temp;
	p->box = (struct box){.kind = BOX_TREE, .read = p->read, .write = p->write, .temp = p->temp};
}

void image_place_done(struct image_place *p)
{
	free(p->top);
	free(p->packages);
	free(p->files);
	free(p->root);
	free(p->temp);
	free(p->log);
	strs_done(&p->inside);
}

struct err *image_place_run(const struct image_place *p, const struct image_command *c, struct sink *sink)
{
	AUTO(strs) words = STRS_INIT;
	strs_add_all(&words, (const char *const *)p->inside.items);
	strs_add_all(&words, c->argv);
	struct child_spec spec = {.argv = (const char *const *)words.items,
				  .env = clean_env,
				  .cwd = c->cwd,
				  .log_path = c->quiet ? NULL : p->log,
				  .deadline_ms = COMMAND_DEADLINE_MS,
				  .step = p->step,
				  .sink = c->quiet ? NULL : sink,
				  .box = &p->box};
	return c->out ? child_output(&spec, c->out_max, c->out) : child_run(&spec);
}

static bool can_run(const char *const *words)
{
	AUTO(strs) argv = STRS_INIT;
	strs_add_all(&argv, words);
	strs_add(&argv, "true");
	struct child_spec spec = {.argv = (const char *const *)argv.items, .env = clean_env, .deadline_ms = 10000};
	struct err *e = child_run(&spec);
	err_free(e);
	return !e;
}

/*
 * Where the tree is made, when this host allows no box. Root: with mounts of its own, which go when its processes go,
 * however those end; where '/' is no mount point (in a chroot) its propagation cannot be changed, and only an orderly end
 * takes the mounts away. Anybody else: as root of a user namespace whose other ids are the user's subordinate ones.
 * See: user_namespaces(7)
 */
static struct err *go_inside(struct image_place *p)
{
	if (os_box_facts(BOX_TREE)->level == BOX_VIEW)
		return NULL;
	static const char *const own_mounts[] = {"unshare", "--mount", "--propagation", "private", NULL};
	static const char *const own_users[] = {"unshare", "--user", "--map-root-user", "--map-auto",   "--mount",
						"--net",   "--pid",  "--fork",          "--kill-child", NULL};
	bool root = geteuid() == 0;
	const char *const *words = root ? own_mounts : own_users;
	if (can_run(words))
		strs_add_all(&p->inside, words);
	else if (!root)
		return err_hint(
			err_new(ERR_USAGE,
				"building a Debian image as a user needs a user namespace with subordinate ids, "
				"and none can be had here"),
			"install uidmap and make sure that /etc/subuid and /etc/subgid have a line for you (`sudo usermod "
			"--add-subuids 100000-165535 --add-subgids 100000-165535 $USER`), or run cooper as root");
	return NULL;
}

struct err *image_place_clear(const struct image_place *p, struct sink *sink)
{
	bool there = false;
	const char *const write[] = {p->top, NULL};
	const char *const argv[] = {"rm", "-rf", "--one-file-system", p->root, p->temp, NULL};
	struct image_place all = *p; /* borrowed, with another box */
	all.box.write = write;
	all.box.read = NULL;
	all.box.temp = p->top;
	TRY(dir_exists(p->root, &there));
	if (geteuid() != 0 && there)
		TRY(image_place_run(&all, &(struct image_command){.argv = argv}, sink));
	return tree_remove(p->top);
}

struct err *image_place_open(struct image_place *p, struct sink *sink)
{
	const char *const fresh[] = {p->packages, p->files, p->root, p->temp};
	TRY(go_inside(p));
	TRY(image_place_clear(p, sink));
	for (size_t i = 0; i < ARRAY_LEN(fresh); i++) {
		TRY(dir_make(fresh[i], i < 3 ? 0755 : 0700));
		TRY(os_box_give(fresh[i]));
	}
	box_tell(BOX_TREE, p->step, sink);
	return NULL;
}

struct err *image_place_lend(struct image_place *p, const char *disk, int64_t bytes)
{
	p->write[2] = disk;
	p->box.file_bytes = bytes;
	return os_box_give(disk);
}

struct err *image_place_return(struct image_place *p)
{
	const char *disk = p->write[2];
	p->write[2] = NULL;
	return os_box_take(disk);
}
