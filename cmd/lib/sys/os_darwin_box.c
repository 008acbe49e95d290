/* What a child may not do: a profile of the sandbox, and limits. */
#include "sys/box.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/os.h"

enum { PROCESSES_MAX = 2048, FILES_MAX = 10240, TRIAL_MS = 5000 };
#define FILE_MAX_BYTES (INT64_C(64) << 30)

/* sandbox.h calls it deprecated and offers nothing in its place. See: sandbox_init(3) */
int sandbox_init(const char *profile, uint64_t flags, char **errorbuf);

struct box_plan {
	enum box_level level;
	char *profile;
};

/* ` (subpath "PATH")`; rules name paths without links: /private/tmp, not /tmp. */
static bool add_path(struct str *profile, const char *path)
{
	char real[PATH_MAX];
	if (!realpath(path, real))
		return false;
	str_add(profile, " (subpath \"");
	for (const char *p = real; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_add_char(profile, '\\');
		str_add_char(profile, *p);
	}
	str_add(profile, "\")");
	return true;
}

bool os_confine_writes(const char *dir)
{
	AUTO(str) profile = STR_INIT;
	str_add(&profile,
		"(version 1)(allow default)(deny network*)(deny process-exec*)(deny process-fork)(deny signal)"
		"(allow signal (target self))(deny file-write*)(allow file-write*");
	if (!add_path(&profile, dir))
		return false;
	str_add(&profile, ")");
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

/* --- the plan --- */

static struct err *add_all(struct str *profile, const char *const *paths)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (!add_path(profile, paths[i]))
			return err_os(errno, "cannot open '%s'", paths[i]);
	return NULL;
}

/*
 * The last rule that matches counts. Names and sizes of everything can be seen, as they must be to resolve a path; what
 * homes and temporary folders contain cannot be read. What xcrun and clang remember between runs is theirs.
 */
static struct err *make_profile(const struct box *box, struct str *s)
{
	static const char xcode[] = " (regex #\"^/private/var/folders/[^/]+/[^/]+/[CT]/(xcrun_db|clang)\")";
	const char *home = getenv("HOME");
	str_add(s,
		"(version 1)(allow default)(deny network*)(deny signal)(allow signal (target same-sandbox))"
		"(deny appleevent-send)(deny lsopen)"
		"(deny mach-lookup (global-name \"com.apple.SecurityServer\") (global-name \"com.apple.securityd.xpc\")"
		" (global-name \"com.apple.pasteboard.1\"))"
		"(deny file-read-data (subpath \"/Users\") (subpath \"/private/tmp\") (subpath \"/private/var/tmp\")"
		" (subpath \"/private/var/folders\") (subpath \"/private/var/root\") (subpath \"/Volumes\")");
	if (home && *home == '/')
		(void)add_path(s, home);
	str_add(s, ")(allow file-read-data");
	str_add(s, xcode);
	TRY(add_all(s, box->read));
	TRY(add_all(s, box->write));
	str_add(s, ")(deny file-write*)(allow file-write* (literal \"/dev/null\") (literal \"/dev/zero\")"
		   " (literal \"/dev/dtracehelper\") (literal \"/dev/tty\")");
	str_add(s, xcode);
	TRY(add_all(s, box->write));
	str_add(s, ")(deny file-write-setugid)");
	return NULL;
}

static struct err *plan_at(enum box_level level, const struct box *box, struct box_plan **ret_plan)
{
	AUTO(str) profile = STR_INIT;
	TRY(make_profile(box, &profile));
	struct box_plan *p = mem_alloc(sizeof(*p));
	p->level = level;
	p->profile = mem_strdup(str_text(&profile));
	*ret_plan = p;
	return NULL;
}

void os_box_free(struct box_plan *plan)
{
	if (plan)
		free(plan->profile);
	free(plan);
}

/* --- in the child --- */

int os_box_enter(const struct box_plan *plan, const char **ret_step)
{
	char *why = NULL; /* kept: exec follows */
	box_lower(RLIMIT_CORE, 0);
	box_lower(RLIMIT_NPROC, PROCESSES_MAX);
	box_lower(RLIMIT_NOFILE, FILES_MAX);
	box_lower(RLIMIT_FSIZE, FILE_MAX_BYTES);
	*ret_step = "the sandbox's profile";
	if (plan->level == BOX_NOTHING || sandbox_init(plan->profile, 0, &why) == 0)
		return 0;
	return errno ? errno : EPERM;
}

/* --- what this host allows --- */

/* In a child that then ends, and is given up when it does not. */
static bool try_out(void)
{
	const char *const folders[] = {"/private/tmp", NULL};
	struct box box = {.write = folders, .temp = folders[0]};
	struct box_plan *plan = NULL;
	int fds[2], errnum = EIO, status = 0;
	struct err *e = plan_at(BOX_RULES, &box, &plan);
	if (!e)
		e = os_pipe(fds);
	if (e) {
		err_free(e);
		os_box_free(plan);
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		const char *step = "";
		errnum = os_box_enter(plan, &step);
		ssize_t ignored = write(fds[1], &errnum, sizeof(errnum));
		(void)ignored;
		_exit(errnum != 0);
	}
	close(fds[1]);
	struct pollfd said = {.fd = fds[0], .events = POLLIN};
	bool answered = pid > 0 && poll(&said, 1, TRIAL_MS) == 1 &&
			read(fds[0], &errnum, sizeof(errnum)) == (ssize_t)sizeof(errnum);
	close(fds[0]);
	if (pid > 0 && !answered)
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	os_box_free(plan);
	return answered && errnum == 0;
}

static struct box_facts known[BOX_KINDS];

static void measure(void)
{
	struct box_facts *build = &known[BOX_BUILD], *tree = &known[BOX_TREE];
	if (box_level_wanted() == BOX_NOTHING)
		snprintf(build->why, sizeof(build->why), "COOPER_BOX asks for nothing");
	else if (try_out())
		*build = (struct box_facts){.level = BOX_RULES, .keeps = BOX_ALL};
	else
		snprintf(build->why, sizeof(build->why), "the sandbox does not take its profile");
	snprintf(tree->why, sizeof(tree->why), "system images are not built on macOS");
}

const struct box_facts *os_box_facts(enum box_kind kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, measure);
	return &known[kind];
}

struct err *os_box_prepare(const struct box *box, struct box_plan **ret_plan)
{
	return plan_at(os_box_facts(box->kind)->level, box, ret_plan);
}

struct err *os_box_give(const char *path)
{
	(void)path;
	return NULL;
}

struct err *os_box_take(const char *path)
{
	(void)path;
	return NULL;
}
