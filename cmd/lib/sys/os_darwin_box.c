/* What a child may not do: a profile of the sandbox. */
#include <limits.h>
#include <stdlib.h>

#include "base/str.h"
#include "sys/os.h"

/* sandbox.h calls it deprecated and offers nothing in its place. See: sandbox_init(3) */
int sandbox_init(const char *profile, uint64_t flags, char **errorbuf);

bool os_confine_writes(const char *dir)
{
	char real[PATH_MAX]; /* rules name paths without links: /private/tmp, not /tmp */
	if (!realpath(dir, real))
		return false;
	AUTO(str) profile = STR_INIT;
	str_add(&profile,
		"(version 1)(allow default)(deny network*)(deny process-exec*)(deny process-fork)(deny signal)"
		"(allow signal (target self))(deny file-write*)(allow file-write* (subpath \"");
	for (const char *p = real; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_add_char(&profile, '\\');
		str_add_char(&profile, *p);
	}
	str_add(&profile, "\"))");
	char *why = NULL; /* kept: the process ends soon */
	return sandbox_init(str_text(&profile), 0, &why) == 0;
}

const char *os_monitor_gap(void)
{
	return NULL; /* as on every Mac: docs/security.md says so */
}

/* There is no root to give up, and no filter of modes: a setuid program in a share would be the user's own. */
bool os_confine_monitor(const struct monitor_powers *keep)
{
	(void)keep;
	return false;
}
