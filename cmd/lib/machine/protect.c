#include "machine/protect.h"

#include "base/path.h"
#include "sys/file.h"

static char *mark_of(const char *machine_dir)
{
	return path_join(machine_dir, "protected");
}

struct err *machine_protect(const char *machine_dir, bool on)
{
	AUTO_FREE char *path = mark_of(machine_dir);
	return on ? file_write(path, "", 0, 0600) : file_revoke(path);
}

/* Whatever has that name: what somebody made a folder by mistake still says so. */
struct err *machine_protected(const char *machine_dir, bool *ret_protected)
{
	AUTO_FREE char *path = mark_of(machine_dir);
	return file_lstat(path, ret_protected, NULL);
}

struct err *machine_check_unprotected(const char *machine_dir)
{
	bool is_protected = false;

	TRY(machine_protected(machine_dir, &is_protected));
	return is_protected ? err_hint(err_new(ERR_USAGE, "the machine '%s' is protected; nothing was removed",
					       path_base(machine_dir)),
				       "`cooper unprotect %s` first", path_base(machine_dir))
			    : NULL;
}
