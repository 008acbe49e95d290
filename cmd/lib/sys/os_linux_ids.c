#include "sys/os_linux_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "sys/child.h"
#include "sys/file.h"

/* Debian's own ids end with 65535. NOBODYS is the end of what systemd leaves to containers, far above what useradd
 * hands out as subordinate ids. See: systemd's docs/UIDS-GIDS.md */
enum { IDS = 65536, NOBODYS = 0x6fff0000, TEXT_MAX = 1 << 20, PID_TEXT = 16 };

static const char *const tables[] = {"/etc/subuid", "/etc/subgid"};
static const char *const own_maps[] = {"/proc/self/uid_map", "/proc/self/gid_map"};
static const char *const programs[] = {"newuidmap", "newgidmap"};

/* --- the plan --- */

/*
 * Ids that are nobody's, where all are ours. In a container whose own ids are few the box has just these: its root has
 * no power over the kernel, either. A range may not span two of the namespace above.
 */
static struct err *plan_for_root(struct id_plan *p, int i)
{
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;
	AUTO(str) map = STR_INIT;
	TRY(file_read(own_maps[i], TEXT_MAX, &text, NULL));
	strs_split(&lines, text, "\n");
	for (size_t l = 0; l < lines.count; l++) {
		unsigned inside = 0, outside = 0, count = 0;
		if (sscanf(lines.items[l], "%u %u %u", &inside, &outside, &count) != 3)
			return err_new(ERR_CORRUPT, "'%s' is not an id map", own_maps[i]);
		if (inside == 0 && count >= (unsigned)NOBODYS + IDS)
			p->first = NOBODYS;
		str_addf(&map, "%u %u %u\n", inside, inside, count);
	}
	p->maps[i] = p->first ? mem_printf("0 %u %u\n", p->first, IDS) : str_take(&map);
	return NULL;
}

/* "NAME:FIRST:COUNT", with a name or a number. See: subuid(5) */
static bool find_range(const char *text, const char *user, unsigned uid, int64_t *ret_first, int64_t *ret_count)
{
	AUTO(strs) lines = STRS_INIT;
	AUTO_FREE char *number = mem_printf("%u", uid);
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(strs) fields = STRS_INIT;
		strs_split(&fields, lines.items[i], ":");
		if (fields.count == 3 && (streq(fields.items[0], user) || streq(fields.items[0], number)) &&
		    num_parse(fields.items[1], 1, UINT32_MAX - IDS, ret_first) &&
		    num_parse(fields.items[2], 1, UINT32_MAX, ret_count))
			return true;
	}
	return false;
}

static struct err *plan_mapper(struct id_plan *p, int i, const char *user)
{
	AUTO_FREE char *text = NULL;
	int64_t first = 0, count = 0;
	struct err *e = file_read(tables[i], TEXT_MAX, &text, NULL);
	if (e && !err_is(e, ERR_ABSENT))
		return e;
	err_free(e);
	if (!text || !find_range(text, user, geteuid(), &first, &count))
		return err_new(ERR_ABSENT, "%s has no line for this user", tables[i]);
	p->mappers[i] = child_find(programs[i]);
	if (!p->mappers[i])
		return err_new(ERR_ABSENT, "%s is not installed", programs[i]);
	count = count < IDS ? count : IDS - 1;
	p->maps[i] = mem_printf("0 0 1\n1 1 %u\n", (unsigned)count);
	char **w = p->words[i];
	w[0] = mem_strdup(programs[i]);
	w[1] = mem_alloc(PID_TEXT);
	w[2] = mem_strdup("0");
	w[3] = mem_printf("%u", (unsigned)(i == 0 ? geteuid() : getegid()));
	w[4] = mem_strdup("1");
	w[5] = mem_strdup("1");
	w[6] = mem_printf("%u", (unsigned)first);
	w[7] = mem_printf("%u", (unsigned)count);
	return NULL;
}

struct err *id_plan_make(bool root, struct id_plan *ret_plan)
{
	struct id_plan p = {.root = root};
	const struct passwd *self = root ? NULL : getpwuid(geteuid());
	struct err *e = NULL;
	for (int i = 0; !e && i < 2; i++)
		e = root ? plan_for_root(&p, i) : plan_mapper(&p, i, self ? self->pw_name : "");
	if (e)
		id_plan_done(&p);
	else
		*ret_plan = p;
	return e;
}

void id_plan_done(struct id_plan *plan)
{
	for (int i = 0; i < 2; i++) {
		free(plan->maps[i]);
		free(plan->mappers[i]);
		for (int w = 0; w < MAPPER_WORDS; w++)
			free(plan->words[i][w]);
	}
	*plan = (struct id_plan){.root = false};
}

/* --- in children: system calls alone --- */

static void write_pid(char text[PID_TEXT], pid_t pid)
{
	size_t n = 0;
	for (pid_t rest = pid; rest > 0; rest /= 10)
		n++;
	text[n] = '\0';
	for (; n > 0; pid /= 10)
		text[--n] = (char)('0' + pid % 10);
}

NO_RETURN static void become_mapper(const struct id_plan *p, int i)
{
	static char *const no_environment[] = {NULL};
	execve(p->mappers[i], p->words[i], no_environment);
	_exit(127);
}

/* Both programs, one after the other, once @go ends: from outside the namespace, as those that they are for. */
NO_RETURN static void map_from_outside(const struct id_plan *p, pid_t pid, int go)
{
	char byte = 0;
	int status = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	if (read(go, &byte, 1) != 1)
		_exit(127);
	write_pid(p->words[0][1], pid);
	write_pid(p->words[1][1], pid);
	pid_t users = fork();
	if (users == 0)
		become_mapper(p, 0);
	while (users > 0 && waitpid(users, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		_exit(127);
	become_mapper(p, 1);
}

int ids_unshare(const struct id_plan *plan, int flags)
{
	int go[2], status = -1;
	if (plan->root)
		return setgroups(0, NULL) == 0 && unshare(flags) == 0 ? 0 : errno;
	if (pipe2(go, O_CLOEXEC) != 0)
		return errno;
	pid_t self = getpid(), mapper = fork();
	if (mapper == 0) {
		close(go[1]);
		map_from_outside(plan, self, go[0]);
	}
	int errnum = mapper < 0 || unshare(flags | CLONE_NEWUSER) != 0 ? errno : 0;
	if (!errnum && write(go[1], "", 1) != 1)
		errnum = errno;
	close(go[0]);
	close(go[1]);
	while (mapper > 0 && waitpid(mapper, &status, 0) < 0 && errno == EINTR)
		;
	if (errnum)
		return errnum;
	return status == 0 && setgroups(0, NULL) == 0 ? 0 : EPERM;
}

int ids_enter(int proc, int line)
{
	char text[PID_TEXT] = "";
	int errnum = 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || readlinkat(proc, "self", text, sizeof(text) - 1) < 0 ||
	    write(line, text, sizeof(text)) != (ssize_t)sizeof(text))
		return errno;
	if (read(line, &errnum, sizeof(errnum)) != (ssize_t)sizeof(errnum))
		return EIO;
	if (errnum)
		return errnum;
	return setresgid(0, 0, 0) == 0 && setgroups(0, NULL) == 0 && setresuid(0, 0, 0) == 0 ? 0 : errno;
}

static int write_map(int proc, const char *pid, const char *name, const char *line)
{
	char path[PID_TEXT + 16];
	size_t n = strlen(pid);
	memcpy(path, pid, n);
	memcpy(path + n, name, strlen(name) + 1);
	int fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	int errnum = fd < 0 || write(fd, line, strlen(line)) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return errnum;
}

int ids_give(const struct id_plan *plan, int proc, int line)
{
	char pid[PID_TEXT];
	if (read(line, pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		return EIO; /* it has told why */
	pid[sizeof(pid) - 1] = '\0';
	int errnum = write_map(proc, pid, "/uid_map", plan->maps[0]);
	if (!errnum)
		errnum = write_map(proc, pid, "/gid_map", plan->maps[1]);
	return write(line, &errnum, sizeof(errnum)) == (ssize_t)sizeof(errnum) ? errnum : EIO;
}
