/* What a child may not do: namespaces, Landlock, seccomp and limits. */
#include "sys/box.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/os.h"
#include "sys/os_linux.h"
#include "sys/os_linux_calls.h"
#include "sys/os_linux_ids.h"
#include "sys/os_linux_landlock.h"
#include "sys/os_linux_root.h"
#include "sys/signals.h"

enum { PROCESSES_MAX = 4096, FILES_MAX = 65536, OWN_ID = 1000 };
#define FILE_MAX_BYTES (INT64_C(64) << 30)

/* What dpkg and its like do; over what belongs to the box alone. */
#define TREE_POWERS                                                                                                    \
	(POWER(CAP_CHOWN) | POWER(CAP_DAC_OVERRIDE) | POWER(CAP_FOWNER) | POWER(CAP_FSETID) | POWER(CAP_KILL) |         \
	 POWER(CAP_SETGID) | POWER(CAP_SETUID) | POWER(CAP_SETFCAP) | POWER(CAP_SYS_CHROOT) | POWER(CAP_SYS_ADMIN))

struct box_plan {
	enum box_kind kind;
	enum box_level level;
	bool root;       /* namespaces by right of root; the user's own only then */
	int pid_limit;   /* 0 = the kernel has no limit for one namespace */
	int64_t memory;  /* most of a process's own */
	int64_t file_bytes;
	int ruleset;     /* Landlock's, -1 = none */
	char uid_map[40], gid_map[40];
	struct id_plan ids; /* of a tree */
	struct mount_list mounts;
	size_t call_count;
	struct sock_filter calls[CALLS_MAX];
};

/* --- the plan --- */

/* Counted for each process namespace from Linux 6.14 on; before, the number is the whole system's. */
static int pid_limit(void)
{
	struct utsname name;
	int major = 0, minor = 0;
	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return 0;
	return major > 6 || (major == 6 && minor >= 14) ? PROCESSES_MAX : 0;
}

/* A mount is what no rule of Landlock's allows: a tree has its view, its ids and fewer calls. */
static struct err *plan_tree(struct box_plan *p, const struct box *box)
{
	TRY(id_plan_make(p->root, &p->ids));
	TRY(mount_list_make(box, p->root, &p->mounts));
	p->call_count = calls_program(CALLS_TREE, p->calls);
	return NULL;
}

static struct err *plan_build(struct box_plan *p, const struct box *box)
{
	TRY(landlock_plan(box, /* view= */ p->level == BOX_VIEW, &p->ruleset));
	if (p->level == BOX_VIEW)
		TRY(mount_list_make(box, p->root, &p->mounts));
	p->call_count = calls_program(p->level == BOX_VIEW ? CALLS_VIEW : CALLS_BOX, p->calls);
	return NULL;
}

static struct err *plan_at(enum box_level level, bool root, const struct box *box, struct box_plan **ret_plan)
{
	struct box_plan *p = mem_alloc(sizeof(*p));
	p->kind = box->kind;
	p->level = level;
	p->root = root;
	p->ruleset = -1;
	p->pid_limit = pid_limit();
	p->memory = os_memory_bytes();
	p->file_bytes = box->file_bytes > FILE_MAX_BYTES ? box->file_bytes : FILE_MAX_BYTES;
	snprintf(p->uid_map, sizeof(p->uid_map), "%d %u 1", OWN_ID, (unsigned)geteuid());
	snprintf(p->gid_map, sizeof(p->gid_map), "%d %u 1", OWN_ID, (unsigned)getegid());
	struct err *e = NULL;
	if (level != BOX_NOTHING)
		e = p->kind == BOX_TREE ? plan_tree(p, box) : plan_build(p, box);
	if (!e) {
		*ret_plan = p;
		return NULL;
	}
	os_box_free(p);
	return e;
}

void os_box_free(struct box_plan *plan)
{
	if (!plan)
		return;
	if (plan->ruleset >= 0)
		close(plan->ruleset);
	mount_list_done(&plan->mounts);
	id_plan_done(&plan->ids);
	free(plan);
}

/* --- in the child: system calls alone --- */

static int write_text(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int errnum = n < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return errnum;
}

/* One user and one group, ours under another number: who is no root does not try what only root can. */
static int map_ids(const struct box_plan *p, int proc)
{
	int errnum = write_text(proc, "self/setgroups", "deny");
	if (!errnum)
		errnum = write_text(proc, "self/gid_map", p->gid_map);
	return errnum ? errnum : write_text(proc, "self/uid_map", p->uid_map);
}

/* Between the guard and the first process inside: ends as what that has run. */
NO_RETURN static void relay(pid_t first, int said)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int status = 127 << 8, own = 0;
	sigaction(SIGTERM, &ignore, NULL); /* the group gets it: the program decides what it means */
	os_close_inherited(0, &said, 1);
	while (waitpid(first, &own, 0) < 0 && errno == EINTR)
		;
	if (read(said, &status, sizeof(status)) != (ssize_t)sizeof(status))
		status = WIFSIGNALED(own) ? own : 127 << 8;
	signals_end_as(status);
}

/* The first process of its namespace: when it ends, the kernel ends all others there. */
NO_RETURN static void be_first(pid_t program, int say)
{
	int status = 127 << 8;
	pid_t got = 0;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	os_close_inherited(0, &say, 1);
	do
		got = waitpid(-1, &status, 0);
	while (got != program && (got >= 0 || errno == EINTR));
	if (got == program) {
		ssize_t ignored = write(say, &status, sizeof(status));
		(void)ignored; /* nobody there: nobody asks */
	}
	_exit(0);
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(request.ifr_name, "lo", sizeof("lo"));
	if (fd >= 0)
		(void)ioctl(fd, SIOCSIFFLAGS, &request); /* without it there is no network at all */
	if (fd >= 0)
		close(fd);
}

static void limit(const struct box_plan *p)
{
	box_lower(RLIMIT_CORE, 0);
	box_lower(RLIMIT_NPROC, PROCESSES_MAX);
	box_lower(RLIMIT_NOFILE, FILES_MAX);
	box_lower(RLIMIT_FSIZE, p->file_bytes);
	box_lower(RLIMIT_MEMLOCK, 64 << 20);
	box_lower(RLIMIT_DATA, p->memory);
}

static int own_ids(const struct box_plan *p, int proc, const char **ret_step)
{
	*ret_step = "a user namespace";
	if (unshare(CLONE_NEWUSER) == 0)
		return map_ids(p, proc);
	return errno == ENOSPC || errno == EPERM || errno == EINVAL ? 0 : errno; /* none is given: no privileges, either */
}

/* Below the first process, which is at the other end of @line. */
static int enter_ids(const struct box_plan *p, int proc, int line, const char **ret_step)
{
	limit(p); /* before there is a user namespace: what is counted there is limited by it */
	*ret_step = "ids of its own";
	if (p->kind == BOX_TREE)
		return ids_enter(proc, line);
	return p->root ? own_ids(p, proc, ret_step) : 0;
}

/* In the first process: the view, then the program below it. */
static int enter_view(const struct box_plan *p, int say, const char **ret_step)
{
	int proc = -1, line[2];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	raise_loopback();
	(void)sethostname("cooper", sizeof("cooper") - 1);
	int errnum = root_build(&p->mounts, p->pid_limit, &proc, ret_step);
	if (errnum)
		return errnum;
	*ret_step = "a process";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0)
		return errno;
	pid_t program = fork();
	if (program < 0)
		return errno;
	close(line[program > 0]);
	if (program > 0) {
		if (p->kind == BOX_TREE)
			(void)ids_give(&p->ids, proc, line[0]); /* the program says what went wrong */
		be_first(program, say);
	}
	errnum = enter_ids(p, proc, line[1], ret_step);
	close(line[1]);
	close(proc);
	return errnum;
}

/* Namespaces for what is below us; not as root, with ids that are ours here. */
static int leave_namespaces(const struct box_plan *p, const char **ret_step)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	*ret_step = "namespaces";
	if (p->kind == BOX_TREE)
		return ids_unshare(&p->ids, flags);
	if (p->root && setgroups(0, NULL) != 0)
		return errno;
	if (unshare(flags | (p->root ? 0 : CLONE_NEWUSER)) != 0)
		return errno;
	*ret_step = "a user namespace";
	return p->root ? 0 : map_ids(p, open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int enter_namespaces(const struct box_plan *p, const char **ret_step)
{
	int pipes[2];
	int errnum = leave_namespaces(p, ret_step);
	if (errnum)
		return errnum;
	*ret_step = "a process";
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return errno;
	pid_t first = fork();
	if (first < 0)
		return errno;
	if (first > 0)
		relay(first, pipes[0]);
	return enter_view(p, pipes[1], ret_step);
}

static void drop_privileges(const struct box_plan *p)
{
	(void)powers_keep(p->kind == BOX_TREE ? TREE_POWERS : 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int os_box_enter(const struct box_plan *plan, const char **ret_step)
{
	int errnum = plan->level == BOX_VIEW ? enter_namespaces(plan, ret_step) : 0;
	if (errnum)
		return errnum;
	limit(plan);
	if (plan->level == BOX_NOTHING)
		return 0;
	drop_privileges(plan);
	*ret_step = "Landlock's rules";
	errnum = plan->ruleset >= 0 ? landlock_enter(plan->ruleset) : 0;
	*ret_step = "a filter of system calls";
	if (!errnum && plan->call_count > 0)
		errnum = calls_confine(plan->calls, plan->call_count);
	return errnum;
}

/* --- what this host allows --- */

struct trial {
	int errnum;
	char step[160];
};

static void set_step(struct trial *t, int errnum, const char *step)
{
	t->errnum = errnum;
	for (size_t i = 0; step[i] && i + 1 < sizeof(t->step); i++)
		t->step[i] = step[i];
}

/* Enter one, in a child that then ends; true when that went well. */
static bool try_out(enum box_kind kind, enum box_level level, bool root, struct trial *ret_trial)
{
	const char *const folders[] = {"/tmp", NULL};
	struct box box = {.kind = kind, .write = folders, .temp = folders[0]};
	struct box_plan *plan = NULL;
	int fds[2];
	*ret_trial = (struct trial){.errnum = EIO, .step = "the trial"};
	struct err *e = plan_at(level, root, &box, &plan);
	if (e)
		*ret_trial = (struct trial){.errnum = 0};
	if (e)
		set_step(ret_trial, 0, e->message);
	if (e || pipe2(fds, O_CLOEXEC) != 0) {
		err_free(e);
		os_box_free(plan);
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct trial t = {.errnum = 0};
		const char *step = "";
		int errnum = os_box_enter(plan, &step);
		set_step(&t, errnum, step);
		ssize_t ignored = write(fds[1], &t, sizeof(t));
		(void)ignored;
		_exit(t.errnum != 0);
	}
	close(fds[1]);
	if (pid > 0 && read(fds[0], ret_trial, sizeof(*ret_trial)) != (ssize_t)sizeof(*ret_trial))
		*ret_trial = (struct trial){.errnum = EIO, .step = "the trial"};
	close(fds[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	os_box_free(plan);
	return pid > 0 && ret_trial->errnum == 0;
}

static struct known {
	struct box_facts facts;
	bool root; /* by right of root */
} known[BOX_KINDS];

static void deny(struct box_facts *f, const struct trial *t)
{
	const char *name = t->errnum ? strerrorname_np(t->errnum) : NULL;
	snprintf(f->why, sizeof(f->why), t->errnum ? "namespaces are denied: %s: %s" : "%s", t->step, name ? name : "?");
}

/* A view of its own, or false with the reason. */
static bool measure_view(enum box_kind kind, struct known *k, struct trial *trial)
{
	bool is_root = geteuid() == 0;
	k->root = is_root && try_out(kind, BOX_VIEW, /* root= */ true, trial);
	if (!k->root && (is_root && kind == BOX_TREE ? true : !try_out(kind, BOX_VIEW, /* root= */ false, trial)))
		return false;
	k->facts.level = BOX_VIEW;
	k->facts.keeps = BOX_WRITES | BOX_READS | BOX_NETWORK | BOX_PROCESSES | BOX_CALLS | BOX_MODES;
	k->facts.keeps |= !is_root || pid_limit() ? BOX_COUNT : 0;
	if (!(k->facts.keeps & BOX_COUNT))
		snprintf(k->facts.why, sizeof(k->facts.why), "this kernel has no limit for root's processes");
	return true;
}

static void measure_rules(struct box_facts *f)
{
	int abi = landlock_abi();
	f->level = BOX_RULES;
	f->keeps = BOX_NETWORK | BOX_CALLS | (geteuid() != 0 ? BOX_COUNT : 0);
	f->keeps |= abi >= 1 ? BOX_WRITES | BOX_READS : 0;
	f->keeps |= abi >= 6 ? BOX_PROCESSES : 0;
}

static void measure(enum box_kind kind, struct known *k)
{
	enum box_level wanted = box_level_wanted();
	struct trial trial = {.errnum = 0};
	if (wanted == BOX_VIEW && measure_view(kind, k, &trial))
		return;
	if (wanted != BOX_NOTHING && kind == BOX_BUILD)
		measure_rules(&k->facts);
	if (wanted == BOX_VIEW)
		deny(&k->facts, &trial);
	else
		snprintf(k->facts.why, sizeof(k->facts.why), "COOPER_BOX asks for %s",
			 wanted == BOX_RULES ? "rules alone" : "nothing");
}

static void measure_build(void)
{
	measure(BOX_BUILD, &known[BOX_BUILD]);
}

static void measure_tree(void)
{
	measure(BOX_TREE, &known[BOX_TREE]);
}

static const struct known *know(enum box_kind kind)
{
	static pthread_once_t once[BOX_KINDS] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};
	pthread_once(&once[kind], kind == BOX_TREE ? measure_tree : measure_build);
	return &known[kind];
}

const struct box_facts *os_box_facts(enum box_kind kind)
{
	return &know(kind)->facts;
}

struct err *os_box_prepare(const struct box *box, struct box_plan **ret_plan)
{
	const struct known *k = know(box->kind);
	return plan_at(k->facts.level, k->root, box, ret_plan);
}

/* --- what is handed over --- */

static struct err *set_owner(const char *path, unsigned user, unsigned group)
{
	return lchown(path, user, group) == 0 ? NULL : err_os(errno, "cannot change the owner of '%s'", path);
}

struct err *os_box_give(const char *path)
{
	const struct known *k = know(BOX_TREE);
	struct id_plan ids;
	if (!k->root)
		return NULL; /* none, or we are its root */
	TRY(id_plan_make(k->root, &ids));
	struct err *e = set_owner(path, ids.first, ids.first);
	id_plan_done(&ids);
	return e;
}

struct err *os_box_take(const char *path)
{
	return know(BOX_TREE)->root ? set_owner(path, geteuid(), getegid()) : NULL;
}
