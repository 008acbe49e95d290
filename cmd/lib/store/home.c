#include "store/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/owner.h"

static struct err *home_root(char **ret_root)
{
	const char *own = getenv("COOPER_HOME");
	const char *data = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");
	if (own && *own)
		*ret_root = mem_strdup(own);
	else if (data && *data == '/')
		*ret_root = path_join(data, "cooper");
	else if (user && *user == '/')
		*ret_root = path_join(user, ".local/share/cooper");
	else
		return err_hint(err_new(ERR_USAGE, "neither COOPER_HOME nor HOME is set"),
				"set COOPER_HOME to the folder where cooper may keep its files");
	return NULL;
}

/* Results and sockets are named by absolute path in many places: a relative COOPER_HOME is fixed once, here. */
static struct err *make_absolute(char **root)
{
	if (**root == '/')
		return NULL;
	char cwd[4096];
	if (!getcwd(cwd, sizeof(cwd)))
		return err_os(errno, "cannot find the current folder");
	AUTO_FREE char *clean = path_clean(*root);
	if (!clean)
		return err_hint(err_new(ERR_USAGE, "COOPER_HOME '%s' leads outside the current folder", *root),
				"give it as an absolute path");
	char *absolute = path_join(cwd, clean);
	free(*root);
	*root = absolute;
	return NULL;
}

void home_at(const char *root, struct home *ret_home)
{
	*ret_home = (struct home){
		.root = mem_strdup(root),
		.cas = path_join(root, "cas"),
		.store = path_join(root, "store"),
		.machines = path_join(root, "machines"),
		.build = path_join(root, "build"),
		.apt = path_join(root, "apt"),
		.log = path_join(root, "log"),
	};
}

/* The first is where it is seen that a folder is a home. */
static const char *const own_names[] = {
	"cas",  "store",      "machines",    "build",      "apt",           "log",        "ccache",  "git",      "disks",
	"keys", "signatures", "cooper.lock", "accel.json", "compiler.json", "trust.json", "up.lock", ".DS_Store"};

/* Write bits of what a name in the home leads to count where others can get there: by a link's target, or through us.
 */
static struct err *forbidden_below(const char *root, const char *path, mode_t *ret_bits)
{
	struct stat st = {.st_mode = 0};
	bool is_there = false;
	TRY(file_lstat(path, &is_there, &st));
	bool is_link = is_there && S_ISLNK(st.st_mode);
	TRY(file_stat(root, &is_there, &st));
	bool is_open = is_there && st.st_mode & (S_IXGRP | S_IXOTH);
	*ret_bits = is_link || is_open ? S_IWGRP | S_IWOTH : 0;
	return NULL;
}

/*
 * What is trusted because it is here must be ours: the folder, the way to it, and what the names in it lead to. Deeper
 * down only we can have put anything, links as well.
 */
static struct err *look_at_owners(const char *root)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_stat(root, &there, &st));
	if (there && !S_ISDIR(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "it is not a folder"),
				"set COOPER_HOME to a folder, which need not be there yet");
	TRY(owner_check(root, OWNER_SELF, S_IWGRP | S_IWOTH));
	TRY(owner_check_way(root));
	for (size_t i = 0; i < ARRAY_LEN(own_names); i++) {
		AUTO_FREE char *path = path_join(root, own_names[i]);
		mode_t forbidden = 0;
		TRY(forbidden_below(root, path, &forbidden));
		TRY(owner_check(path, OWNER_SELF, forbidden));
	}
	return NULL;
}

static struct err *check_owners(const char *root)
{
	struct err *e = look_at_owners(root);
	return e ? err_wrap(e, "cannot use '%s' as cooper's home", root) : NULL;
}

/*
 * Compilers' scripts, make, apt, ssh and QEMU's configure each read some of these as more than a part of a name. A home
 * that was made before goes on: what it holds can be used and removed.
 */
static struct err *check_characters(const char *root)
{
	static const char unfit[] = " \"'`$\\#:;&|<>()*?[]{}!%\x7f";
	for (const char *p = root; *p; p++) {
		if ((unsigned char)*p >= ' ' && !strchr(unfit, *p))
			continue;
		AUTO_FREE char *cas = path_join(root, "cas");
		bool there = false;
		TRY(dir_exists(cas, &there));
		if (there)
			return NULL;
		AUTO_FREE char *shown = mem_strndup(p, 1);
		return err_hint(err_new(ERR_USAGE,
					"COOPER_HOME cannot be '%s': programs that builds run take the '%s' in "
					"it for more than a part of a name",
					root, shown),
				"set COOPER_HOME to a path of letters, digits and . _ - + , @ = ~");
	}
	return NULL;
}

struct err *home_open(struct home *ret_home)
{
	AUTO_FREE char *root = NULL;
	TRY(home_root(&root));
	TRY(make_absolute(&root));
	TRY(check_owners(root));
	TRY(check_characters(root));
	home_at(root, ret_home);
	return NULL;
}

/* What cooper puts there, or half of it after a kill in the middle of writing ("NAME.tmp-...") or removing. */
static bool is_ours(const char *name)
{
	name += str_starts(name, TREE_GONE) ? strlen(TREE_GONE) : 0;
	const char *temp = strstr(name, ".tmp-");
	AUTO_FREE char *whole = mem_strndup(name, temp ? (size_t)(temp - name) : strlen(name));
	for (size_t i = 0; i < ARRAY_LEN(own_names); i++)
		if (streq(whole, own_names[i]))
			return true;
	return str_ends(whole, ".record");
}

/* Somebody's folder with `build` or `git` in it must never be taken for a home: `destroy --all` would empty it. */
struct err *home_check(const struct home *home)
{
	AUTO(strs) names = STRS_INIT;
	bool there = false;
	TRY(dir_exists(home->cas, &there));
	if (there)
		return NULL;
	TRY(dir_list(home->root, &names));
	for (size_t i = 0; i < names.count; i++)
		/* a file system of its own is a good place */
		if (!is_ours(names.items[i]) && !streq(names.items[i], "lost+found"))
			return err_hint(err_new(ERR_USAGE, "'%s' is not cooper's folder: it contains '%s'", home->root,
						names.items[i]),
					"set COOPER_HOME to a folder that only cooper uses");
	return NULL;
}

/* A link is removed, and never what it leads to: that is told. */
static struct err *note_link(const char *path, struct strs *links)
{
	AUTO_FREE char *target = NULL;
	TRY(file_link_target(path, &target));
	if (target) {
		strs_add(links, path);
		strs_take(links, TAKE(target));
	}
	return NULL;
}

struct err *home_remove(const struct home *home, char **ret_left, struct strs *links)
{
	AUTO(strs) names = STRS_INIT;
	*ret_left = NULL;
	TRY(home_check(home));
	TRY(dir_list(home->root, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->root, names.items[i]);
		bool ours = is_ours(names.items[i]);
		if (!ours && !*ret_left)
			*ret_left = mem_strdup(names.items[i]);
		if (ours)
			TRY(note_link(path, links));
		/* last: as long as it is there, this is a home, and the same command goes on after a kill */
		if (ours && !streq(names.items[i], "cas"))
			TRY(tree_retract(path));
	}
	TRY(tree_remove(home->cas));
	return *ret_left ? NULL : tree_remove(home->root);
}

/* Whoever makes backups of this folder need not have what can be made again. What cannot be said to them is no error. */
static void tell_backups(const struct home *home)
{
	static const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
				   "# cooper can make this folder again. See https://bford.info/cachedir/\n";
	const char *const caches[] = {home->cas, home->store, home->build, home->apt};
	for (size_t i = 0; i < ARRAY_LEN(caches); i++) {
		AUTO_FREE char *tag = path_join(caches[i], HOME_CACHE_TAG);
		bool there = true;
		err_free(file_exists(tag, &there));
		if (!there)
			err_free(file_write(tag, text, strlen(text), 0600));
		os_exclude_from_backup(caches[i]);
	}
	/* large, and in use while they are copied */
	AUTO_FREE char *disks = path_join(home->root, "disks");
	os_exclude_from_backup(home->machines);
	os_exclude_from_backup(disks);
}

struct err *home_make(const struct home *home)
{
	const char *const dirs[] = {home->root,  home->cas, home->store, home->machines,
				    home->build, home->apt, home->log};
	TRY(home_check(home));
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		TRY(dir_make(dirs[i], 0700));
	tell_backups(home);
	return check_owners(home->root); /* somebody may have been there before us */
}

void home_done(struct home *home)
{
	free(home->root);
	free(home->cas);
	free(home->store);
	free(home->machines);
	free(home->build);
	free(home->apt);
	free(home->log);
	*home = (struct home){.root = NULL};
}
