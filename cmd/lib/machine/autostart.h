/*
 * autostart.h - a machine that starts when its user logs in
 *
 * One file where the system looks for it: a systemd user unit (and the link that enables it) on Linux, a launch agent
 * on macOS. Both run `cooper machine run NAME` in the foreground, and shut the machine down with the session. Nothing
 * is asked of a running service manager: it reads the file at the next login. Its first lines say for which machine it
 * was written; one that somebody else wrote, or another machine of the same name, is neither replaced nor removed.
 *
 *	const struct autostart a = {.os = facts.os, .dir = machine_dir, .home = cooper_home, .program = own_path};
 *	TRY(autostart_on(&a, &path));
 *	TRY(autostart_off(&a, &was_on));
 *
 * See: systemd.unit(5), systemd.service(5), launchd.plist(5)
 */
#ifndef COOPER_MACHINE_AUTOSTART_H
#define COOPER_MACHINE_AUTOSTART_H

#include "base/err.h"
#include "base/os_name.h"
#include "base/str.h"

struct autostart {
	enum os os;
	const char *dir;     /* of the machine; its last part is the machine's name */
	const char *home;    /* COOPER_HOME */
	const char *program; /* cooper; needed by autostart_on() and autostart_text() alone */
};

/** autostart_text() - what is written there; pure */
void autostart_text(const struct autostart *a, struct str *out);

/**
 * autostart_on() - write the file, and enable it
 * @ret_path:  where it is; heap
 *
 * Errors:  BUSY (a file of that name is somebody else's), USAGE (HOME is not set), OS
 */
MUST_CHECK struct err *autostart_on(const struct autostart *a, char **ret_path);

/** autostart_off() - take both away, if they are this machine's; @ret_was_on may be NULL. Errors: OS */
MUST_CHECK struct err *autostart_off(const struct autostart *a, bool *ret_was_on);

/** autostart_state() - whether the file is there, is this machine's, and is enabled (`systemctl --user disable` takes
 * the link away; what `launchctl disable` says is not seen). Errors: OS */
MUST_CHECK struct err *autostart_state(const struct autostart *a, bool *ret_on);

#endif
