#include "sys/owner.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/units.h"

enum { LINKS_MAX = 40, ACCOUNT_MAX = 16384 };

/* Who called sudo to become root; ourselves where nobody did. */
static uid_t caller_of(void)
{
	const char *text = getenv("SUDO_UID");
	int64_t uid = 0;
	uid_t self = geteuid();
	return self == 0 && text && num_parse(text, 0, UINT32_MAX - 1, &uid) ? (uid_t)uid : self;
}

bool owner_is_trusted(uid_t owner, uid_t self, uid_t caller)
{
	return owner == self || owner == 0 || owner == caller;
}

/* "'alice'", or "user 1001" where the system has no name for it; heap. */
static char *user_name(uid_t uid)
{
	char buffer[ACCOUNT_MAX];
	struct passwd entry;
	struct passwd *found = NULL;
	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return mem_printf("'%s'", entry.pw_name);
	return mem_printf("user %ld", (long)uid);
}

static void add_home(struct strs *homes, const char *home)
{
	if (home && home[0] == '/' && !strs_has(homes, home))
		strs_add(homes, home);
}

/* That there is no such account is said in several ways. See: getpwuid_r(3) */
static bool has_no_account(int errnum)
{
	return errnum == ENOENT || errnum == ESRCH || errnum == EBADF || errnum == EPERM;
}

struct err *owner_homes(struct strs *homes)
{
	const uid_t users[] = {geteuid(), caller_of()};
	add_home(homes, getenv("HOME"));
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		char buffer[ACCOUNT_MAX];
		struct passwd entry;
		struct passwd *found = NULL;
		int errnum = getpwuid_r(users[i], &entry, buffer, sizeof(buffer), &found);
		if (errnum && !has_no_account(errnum))
			return err_os(errnum, "cannot find the home folder of user %ld", (long)users[i]);
		add_home(homes, found ? entry.pw_dir : NULL);
	}
	return NULL;
}

static struct err *of_another(const char *path, uid_t uid, uid_t self)
{
	AUTO_FREE char *owner = user_name(uid);
	AUTO_FREE char *we = user_name(self);
	struct err *e = err_new(ERR_USAGE, "'%s' belongs to %s, and this is %s", path, owner, we);
	if (self == 0 && caller_of() == uid)
		return err_hint(e, "run it without sudo, or with `sudo -H`, which gives root a home of its own");
	if (self == 0)
		return err_hint(e, "run it as %s, or, to make it root's: chown -R root '%s'", owner, path);
	return err_hint(e, "use a folder of your own, or have it made yours: sudo chown -R \"$USER\" '%s'", path);
}

static struct err *writable(const char *path, mode_t mode)
{
	return err_hint(err_new(ERR_USAGE, "others can write to '%s' (mode %04o)", path, (unsigned)mode & 07777),
			"chmod go-w '%s'", path);
}

static struct err *unknown(int errnum, const char *path)
{
	return err_os(errnum, "cannot tell whose '%s' is", path);
}

struct err *owner_check(const char *path, enum owner_rule rule, mode_t forbidden)
{
	struct stat link, st;
	uid_t self = geteuid();
	uid_t caller = rule == OWNER_CALLER ? caller_of() : self;
	if (lstat(path, &link) != 0)
		return errno == ENOENT && rule == OWNER_SELF ? NULL : unknown(errno, path);
	if (!owner_is_trusted(link.st_uid, self, caller))
		return of_another(path, link.st_uid, self);
	if (stat(path, &st) != 0)
		return errno == ENOENT && rule == OWNER_SELF ? NULL : unknown(errno, path);
	if (!owner_is_trusted(st.st_uid, self, caller))
		return of_another(path, st.st_uid, self);
	/* in a sticky folder nobody can replace what is there */
	if (rule == OWNER_CALLER && S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX))
		return NULL;
	return st.st_mode & forbidden ? writable(path, st.st_mode) : NULL;
}

/* --- a way: from the root of the file system down, by every link --- */

static bool owns(const char *path, uid_t uid)
{
	struct stat st;
	return path && *path == '/' && stat(path, &st) == 0 && st.st_uid == uid;
}

/* In a user namespace the root of the file system is not root's, and all else is its owner's as well. */
static struct err *check_step(const char *path, const struct stat *st)
{
	uid_t self = geteuid();
	bool trusted = owner_is_trusted(st->st_uid, self, caller_of()) || owns("/", st->st_uid) ||
		       owns(getenv("HOME"), st->st_uid);
	struct err *e = NULL;
	if (!trusted)
		e = of_another(path, st->st_uid, self);
	else if (S_ISDIR(st->st_mode) && (st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
		e = writable(path, st->st_mode);
	return e ? err_hint(e, "they can put something else in the place of what is there: use a folder that only you "
			       "and root can get at, such as one in your home")
		 : NULL;
}

/* What is left of the way from the link @path on, heap; *at is where it begins, now. */
static struct err *follow(const char *path, const char *rest, char **at, char **ret_rest)
{
	char target[PATH_MAX];
	ssize_t size = readlink(path, target, sizeof(target) - 1);
	if (size < 0)
		return unknown(errno, path);
	target[size] = '\0';
	*ret_rest = mem_printf("%s/%s", target, rest);
	if (target[0] == '/')
		mem_free_at(at);
	if (!*at)
		*at = mem_strdup("/");
	return NULL;
}

/* Go to @part of the folder *at; *rest is what follows. */
static struct err *go(char **at, const char *part, char **rest, int *links, bool *ret_there)
{
	struct stat st;
	AUTO_FREE char *path = streq(part, "..") ? path_dir(*at) : path_join(*at, part);
	*ret_there = lstat(path, &st) == 0;
	if (!*ret_there)
		return errno == ENOENT ? NULL : unknown(errno, path);
	TRY(check_step(path, &st));
	if (!S_ISLNK(st.st_mode)) {
		free(*at);
		*at = TAKE(path);
		return NULL;
	}
	if (++*links > LINKS_MAX)
		return unknown(ELOOP, path);
	char *more = NULL;
	TRY(follow(path, *rest, at, &more));
	free(*rest);
	*rest = more;
	return NULL;
}

struct err *owner_check_way(const char *path)
{
	AUTO_FREE char *at = mem_strdup("/");
	AUTO_FREE char *rest = mem_strdup(path);
	bool there = true;
	int links = 0;
	while (there) {
		const char *start = rest + strspn(rest, "/");
		AUTO_FREE char *part = mem_strndup(start, strcspn(start, "/"));
		char *after = mem_strdup(start + strlen(part));
		free(rest);
		rest = after;
		if (!*part)
			return NULL;
		if (!streq(part, "."))
			TRY(go(&at, part, &rest, &links, &there));
	}
	return NULL;
}

/* --- what is below a folder --- */

struct err *owner_check_entry(const char *name, const struct stat *top, const struct stat *parent,
			      const struct stat *entry)
{
	uid_t self = geteuid();
	bool is_sticky = S_ISDIR(entry->st_mode) && (entry->st_mode & S_ISVTX);
	bool is_open = (top->st_mode & S_IWOTH) && !(top->st_mode & S_ISVTX); /* and used all the same: it was named */
	if ((parent->st_mode & S_IWOTH) && entry->st_uid != top->st_uid &&
	    !owner_is_trusted(entry->st_uid, self, caller_of()))
		return err_hint(
			of_another(name, entry->st_uid, self),
			"it was put into a folder that all may write: look at it, then remove it, or copy it to "
			"make it yours");
	if (!(entry->st_mode & S_IWOTH) || S_ISLNK(entry->st_mode) || is_sticky || is_open)
		return NULL;
	return writable(name, entry->st_mode);
}

struct err *owner_check_below(const char *top, const char *path)
{
	AUTO(strs) parts = STRS_INIT;
	AUTO_FREE char *at = mem_strdup(top);
	struct stat first, parent, entry;
	strs_split(&parts, path, "/");
	if (stat(top, &first) != 0)
		return unknown(errno, top);
	parent = first;
	for (size_t i = 0; i < parts.count; i++) {
		char *next = path_join(at, parts.items[i]);
		free(at);
		at = next;
		if (lstat(at, &entry) != 0)
			return unknown(errno, at);
		TRY(owner_check_entry(at, &first, &parent, &entry));
		if (i + 1 < parts.count && stat(at, &parent) != 0)
			return unknown(errno, at);
	}
	return NULL;
}
