#include "machine/shares.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "sys/beneath.h"
#include "sys/owner.h"

/* How a share meets a folder of the table. */
enum reach {
	SAME,     /* it is that folder */
	INSIDE,   /* or lies in it */
	OVERLAPS, /* or holds it */
};

struct forbidden {
	const char *path; /* absolute, below "~", or "" for COOPER_HOME */
	enum reach reach;
	bool read_only_too; /* refused also where the guest cannot write */
	const char *why;
};

#define WHOLE "it is the whole host, with its keys and its programs"
#define KERNEL "what is there are not files but the kernel and devices of the host"
#define RULES "it decides what the host runs, and as whom"
#define YOURS "your shell, ssh and desktop run what is written there: the guest would be you"
#define KEYS "your keys are there"
#define OURS "cooper's own programs, images and keys are there"

static const struct forbidden forbidden[] = {
	{"/", SAME, true, WHOLE},
	{"/proc", INSIDE, true, KERNEL},
	{"/sys", INSIDE, true, KERNEL},
	{"/dev", INSIDE, true, KERNEL},
	{"/etc", INSIDE, false, RULES},
	{"/private/etc", INSIDE, false, RULES},
	{"/boot", INSIDE, false, RULES},
	{"/usr", SAME, false, RULES},
	{"/bin", INSIDE, false, RULES},
	{"/sbin", INSIDE, false, RULES},
	{"/lib", INSIDE, false, RULES},
	{"/lib64", INSIDE, false, RULES},
	{"/usr/bin", INSIDE, false, RULES},
	{"/usr/sbin", INSIDE, false, RULES},
	{"/usr/lib", INSIDE, false, RULES},
	{"/usr/local", SAME, false, RULES},
	{"/usr/local/bin", INSIDE, false, RULES},
	{"/opt/homebrew", SAME, false, RULES},
	{"/var", SAME, false, RULES},
	{"/private/var", SAME, false, RULES},
	{"/private", SAME, false, RULES},
	{"/run", SAME, false, RULES},
	{"/run/user", INSIDE, false, RULES},
	{"/opt", SAME, false, RULES},
	{"/nix", INSIDE, false, RULES},
	{"/snap", INSIDE, false, RULES},
	{"/var/spool", OVERLAPS, false, RULES},
	{"/var/lib", SAME, false, RULES},
	{"/var/lib/dpkg", INSIDE, false, RULES},
	{"/var/lib/rpm", INSIDE, false, RULES},
	{"/var/lib/systemd", INSIDE, false, RULES},
	{"/var/lib/docker", INSIDE, false, RULES},
	{"/var/lib/containers", INSIDE, false, RULES},
	{"/var/lib/snapd", INSIDE, false, RULES},
	{"/Library", INSIDE, false, RULES},
	{"/System", INSIDE, false, RULES},
	{"/Applications", INSIDE, false, RULES},
	{"~/.ssh", OVERLAPS, true, KEYS},
	{"~/.gnupg", OVERLAPS, true, KEYS},
	{"~/.aws", OVERLAPS, true, KEYS},
	{"~/.azure", OVERLAPS, true, KEYS},
	{"~/.kube", OVERLAPS, true, KEYS},
	{"~/.docker", OVERLAPS, true, KEYS},
	{"~/.config/gcloud", OVERLAPS, true, KEYS},
	{"~/.config/gh", OVERLAPS, true, KEYS},
	{"~/.config/containers", OVERLAPS, true, KEYS},
	{"~/.password-store", OVERLAPS, true, KEYS},
	{"~/.local/share/keyrings", OVERLAPS, true, KEYS},
	{"~/Library/Keychains", OVERLAPS, true, KEYS},
	{"~/.config/op", OVERLAPS, true, KEYS},
	{"~/.config/sops", OVERLAPS, true, KEYS},
	{"~/.oci", OVERLAPS, true, KEYS},
	{"~/.pki", OVERLAPS, true, KEYS},
	{"~/.mozilla", OVERLAPS, true, KEYS},
	{"~/.thunderbird", OVERLAPS, true, KEYS},
	{"~/bin", OVERLAPS, false, YOURS},
	{"~/Applications", OVERLAPS, false, YOURS},
	{"~/go/bin", OVERLAPS, false, YOURS},
	{"~/.cargo/bin", OVERLAPS, false, YOURS},
	{"~/.local/bin", OVERLAPS, false, YOURS},
	{"~/.local/lib", OVERLAPS, false, YOURS},
	{"~/.local/share/applications", OVERLAPS, false, YOURS},
	{"~/.local/share/containers", OVERLAPS, false, YOURS},
	{"~/.local/share/systemd", OVERLAPS, false, YOURS},
	{"~/.config/autostart", OVERLAPS, false, YOURS},
	{"~/.config/environment.d", OVERLAPS, false, YOURS},
	{"~/.config/fish", OVERLAPS, false, YOURS},
	{"~/.config/git", OVERLAPS, false, YOURS},
	{"~/.config/nvim", OVERLAPS, false, YOURS},
	{"~/.config/systemd", OVERLAPS, false, YOURS},
	{"~/.nvm", OVERLAPS, false, YOURS},
	{"~/.oh-my-zsh", OVERLAPS, false, YOURS},
	{"~/.pyenv", OVERLAPS, false, YOURS},
	{"~/.vim", OVERLAPS, false, YOURS},
	{"~/Library/LaunchAgents", OVERLAPS, false, YOURS},
	{"", OVERLAPS, true, OURS},
};

/* Whether @path is @folder or below it. Letter case does not count: to some file systems of macOS it does not either.
 */
static bool is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (streq(folder, "/"))
		return true;
	return strncasecmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool meets(const char *path, const char *folder, enum reach reach)
{
	bool inside = is_in(path, folder), holds = is_in(folder, path);

	if (reach == SAME)
		return inside && holds;
	return inside || (reach == OVERLAPS && holds);
}

static char *folder_of(const struct forbidden *f, const char *user_home, const char *cooper_home)
{
	if (!f->path[0])
		return mem_strdup(cooper_home);
	if (f->path[0] == '~')
		return user_home ? path_join(user_home, f->path + 2) : NULL;
	return mem_strdup(f->path);
}

static struct err *refuse(const char *path, bool writable, const char *folder, const char *why)
{
	const char *how = writable ? "share, writable, " : "share ";

	if (is_in(path, folder))
		return err_hint(err_new(ERR_USAGE, "cooper does not %s'%s': %s", how, path, why),
				"put what the guest needs into a folder of its own, and share that");
	return err_hint(err_new(ERR_USAGE, "cooper does not %s'%s', which holds '%s': %s", how, path, folder, why),
			"share the folders below that the guest needs");
}

/* Folders in memory lie among the devices, and are folders like others. */
static bool in_memory(const char *path)
{
	return is_in(path, "/dev/shm") && !is_in("/dev/shm", path);
}

/* Folders of a home whose programs run by themselves, or by a name alone; '.*' are its settings and keys. */
#define HIDDEN ".*:Applications:bin:Library"

/* The name in @home that leads to @path; heap, "" when it is covered, NULL when it cannot be hidden. */
static char *name_towards(const char *path, const char *home)
{
	if (!is_in(path, home) || is_in(home, path))
		return mem_strdup("");
	const char *below = path + strlen(home) + 1;
	AUTO_FREE char *name = mem_strndup(below, strcspn(below, "/"));
	if (name[0] == '.')
		return mem_strdup("");
	for (const char *c = name; *c; c++)
		if (*c == ':' || *c == '*' || *c & 0x80)
			return NULL;
	return TAKE(name);
}

char *share_hidden(const char *path, const char *user_home, const char *cooper_home)
{
	if (!user_home || !meets(path, user_home, SAME) || meets(cooper_home, user_home, SAME))
		return NULL;
	AUTO_FREE char *ours = name_towards(cooper_home, user_home);
	return ours ? mem_printf(HIDDEN "%s%s", *ours ? ":" : "", ours) : NULL;
}

/* Where the links of @path lead, also of one that does not exist; heap. */
static char *real_of(const char *path)
{
	char *real = realpath(path, NULL);

	if (real || streq(path, "/") || !strchr(path, '/'))
		return real ? real : mem_strdup(path);
	AUTO_FREE char *dir = path_dir(path);
	AUTO_FREE char *above = real_of(*dir ? dir : "/");
	return path_join(above, path_base(path));
}

/* @follow: the folders of the table are meant, too, where links of theirs lead. */
static struct err *judge(const struct mount *m, const char *user_home, const char *cooper_home, bool follow)
{
	const char *path = m->host;
	bool writable = m->writable;
	/* the whole home, to be read: what people expect of such a machine, and say on purpose */
	bool home = user_home && meets(path, user_home, SAME) && !writable;

	if (writable && user_home && is_in(user_home, path) && !streq(path, "/"))
		return refuse(path, writable, user_home, YOURS);
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		const struct forbidden *f = &forbidden[i];
		AUTO_FREE char *named = folder_of(f, user_home, cooper_home);
		AUTO_FREE char *folder = named && follow ? real_of(named) : TAKE(named);
		if (!folder || !meets(path, folder, f->reach) || (!writable && !f->read_only_too))
			continue;
		bool seen = !home && !(m->hidden && !f->path[0]); /* of another home of ours its keys are */
		if ((!seen && !is_in(path, folder)) || (streq(f->path, "/dev") && in_memory(path)))
			continue;
		return refuse(path, writable, folder, f->why);
	}
	return NULL;
}

struct err *share_judge(const struct mount *m, const char *user_home, const char *cooper_home)
{
	return judge(m, user_home, cooper_home, /* follow= */ false);
}

/* With a home or without one. */
static struct err *check_with(const struct mount *m, const char *home, const char *cooper_home)
{
	AUTO_FREE char *real = real_of(m->host);
	AUTO_FREE char *real_home = home ? real_of(home) : NULL;
	AUTO_FREE char *real_cooper = real_of(cooper_home);

	const struct mount behind = {.host = real, .writable = m->writable, .hidden = m->hidden};
	bool is_home = home && streq(real, real_home); /* by whatever name */
	TRY(share_judge(m, is_home ? m->host : home, cooper_home));
	return judge(&behind, real_home, real_cooper, /* follow= */ true);
}

/* By the name that is given, and by that behind its links. */
static void hide_in(struct mount *m, const char *home, const char *cooper_home)
{
	AUTO_FREE char *real = real_of(m->host);
	AUTO_FREE char *real_home = real_of(home);
	AUTO_FREE char *real_cooper = real_of(cooper_home);
	AUTO_FREE char *given = share_hidden(home, home, cooper_home);
	AUTO_FREE char *behind = share_hidden(real, real_home, real_cooper);

	if (given && behind)
		m->hidden = streq(given, behind) ? TAKE(behind) : mem_printf("%s%s", given, behind + strlen(HIDDEN));
}

struct err *share_hide(struct mount *m, const char *cooper_home)
{
	AUTO(strs) homes = STRS_INIT;

	TRY(owner_homes(&homes));
	for (size_t i = 0; i < homes.count && !m->hidden; i++)
		hide_in(m, homes.items[i], cooper_home);
	return NULL;
}

struct err *share_check(const struct mount *m, const char *cooper_home)
{
	AUTO(strs) homes = STRS_INIT;

	TRY(owner_homes(&homes));
	for (size_t i = 0; i < homes.count; i++)
		TRY(check_with(m, homes.items[i], cooper_home));
	return homes.count ? NULL : check_with(m, NULL, cooper_home);
}

bool shares_writable(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (spec->mounts[i].writable)
			return true;
	return false;
}

static struct err *check_below(const char *outer, const char *below, const char *inner)
{
	AUTO_FREE char *found = NULL;
	AUTO_FREE char *expected = path_join(outer, below);
	struct err *e = beneath_path(outer, below, &found);

	if (err_is(e, ERR_ABSENT))
		return err_free(e);
	if (!e && !streq(found, expected))
		e = err_new(ERR_USAGE, "'%s' became a link to '%s'", inner, found);
	return e ? err_hint(err_wrap(e, "the share '%s' is inside of another that the guest can write to", inner),
			    "find out who made the link, then run `cooper up`")
		 : NULL;
}

/* Whether any folder above @inner is @outer, under whatever name: what is below it could be links of the guest. */
static struct err *check_inside(const char *inner, const char *outer)
{
	AUTO_FREE char *real = real_of(outer);

	for (const char *slash = strchr(inner + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *above = mem_strndup(inner, (size_t)(slash - inner));
		AUTO_FREE char *where = real_of(above);
		AUTO_FREE char *below = path_clean(slash + 1);
		if (below && streq(where, real))
			TRY(check_below(above, below, inner));
	}
	return NULL;
}

struct err *shares_check_nested(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		for (size_t j = 0; j < spec->mount_count; j++)
			if (i != j && spec->mounts[j].writable)
				TRY(check_inside(spec->mounts[i].host, spec->mounts[j].host));
	return NULL;
}
