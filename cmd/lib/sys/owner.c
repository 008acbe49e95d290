#include "sys/owner.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"

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
	char buffer[4096];
	struct passwd entry;
	struct passwd *found = NULL;
	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return mem_printf("'%s'", entry.pw_name);
	return mem_printf("user %ld", (long)uid);
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

struct err *owner_check(const char *path, enum owner_rule rule, mode_t forbidden)
{
	struct stat st;
	uid_t self = geteuid();
	if (stat(path, &st) != 0)
		return errno == ENOENT ? NULL : err_os(errno, "cannot tell whose '%s' is", path);
	if (!owner_is_trusted(st.st_uid, self, rule == OWNER_CALLER ? caller_of() : self))
		return of_another(path, st.st_uid, self);
	/* in a sticky folder nobody can replace what is there */
	if (rule == OWNER_CALLER && S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX))
		return NULL;
	if (!(st.st_mode & forbidden))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "others may write '%s' (mode %04o)", path, (unsigned)st.st_mode & 07777),
			"chmod go-w '%s'", path);
}
