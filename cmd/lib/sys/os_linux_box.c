/* What a child may not do: namespaces, Landlock, seccomp and limits. */
#include "sys/box.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
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
#include "sys/os_linux_calls.h"
#include "sys/os_linux_root.h"
#include "sys/signals.h"

enum { PROCESSES_MAX = 4096, FILES_MAX = 65536, OWN_ID = 1000 };
#define FILE_MAX_BYTES (INT64_C(64) << 30)

struct box_plan {
	enum box_level level;
	bool root;       /* namespaces by right of root; the user's own only then */
	int pid_limit;   /* 0 = the kernel has no limit for one namespace */
	int64_t memory;  /* most of a process's own */
	int ruleset;     /* Landlock's, -1 = none */
	char uid_map[40], gid_map[40];
	struct mount_list mounts;
	size_t call_count;
	struct sock_filter calls[CALLS_MAX];
};

/* --- Landlock. See: Linux Documentation/userspace-api/landlock.rst --- */

#define WRITES                                                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |              \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                    \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                 \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define READS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Newer than Debian 12's header. Hard links across folders are denied unless asked for. */
#define REFER         (UINT64_C(1) << 13) /* from ABI 2 on */
#define TRUNCATE      (UINT64_C(1) << 14) /* 3 */
#define DEVICE_IOCTL  (UINT64_C(1) << 15) /* 5 */
#define TCP           UINT64_C(3)         /* 4: bind and connect */
#define SCOPES        UINT64_C(3)         /* 6: abstract sockets and signals of others */
#define OF_FILES      (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE | DEVICE_IOCTL)

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* @fs: READS too, or not; -1 where the kernel has no Landlock. */
static int ruleset_new(uint64_t fs, bool net, struct ruleset_attr *ret_attr)
{
	int abi = landlock_abi();
	struct ruleset_attr a = {.fs = fs, .net = net && abi >= 4 ? TCP : 0, .scoped = abi >= 6 ? SCOPES : 0};
	a.fs |= (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? DEVICE_IOCTL : 0);
	*ret_attr = a;
	if (abi < 1)
		return -1;
	size_t size = abi >= 6 ? sizeof(a) : abi >= 4 ? 2 * sizeof(a.fs) : sizeof(a.fs);
	return (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
}

/* What the ruleset does not handle is not asked for. */
static int ruleset_allow(int ruleset, const struct ruleset_attr *a, const char *path, uint64_t access)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr below = {.allowed_access = access & a->fs, .parent_fd = fd};
	if (fd < 0)
		return errno;
	return !below.allowed_access || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0
		       ? 0
		       : errno;
}

static int ruleset_enter(int ruleset)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0
														     : errno;
}

bool os_confine_writes(const char *dir)
{
	struct ruleset_attr a;
	struct sock_filter code[CALLS_MAX];
	AUTO_CLOSE int ruleset = ruleset_new(WRITES, /* net= */ true, &a);
	bool landlock =
		ruleset >= 0 && ruleset_allow(ruleset, &a, dir, a.fs) == 0 && ruleset_enter(ruleset) == 0;
	return calls_confine(code, calls_program(CALLS_READER, code)) == 0 && landlock;
}

/* --- the plan --- */

/* A view shows only what may be read; without one the rules have to say it. */
static struct err *plan_rules(struct box_plan *p, const struct box *box)
{
	struct ruleset_attr a;
	bool view = p->level == BOX_VIEW;
	p->ruleset = ruleset_new(WRITES | (view ? 0 : READS), !view, &a);
	if (p->ruleset < 0)
		return NULL;
	for (size_t i = 0; system_folders[i]; i++)
		(void)ruleset_allow(p->ruleset, &a, system_folders[i], READS); /* most hosts lack some */
	for (size_t i = 0; system_devices[i]; i++)
		(void)ruleset_allow(p->ruleset, &a, system_devices[i], OF_FILES & ~LANDLOCK_ACCESS_FS_EXECUTE);
	(void)ruleset_allow(p->ruleset, &a, "/proc", READS);
	const char *path = NULL;
	int errnum = 0;
	for (size_t i = 0; !errnum && box->read && box->read[i]; i++)
		errnum = ruleset_allow(p->ruleset, &a, path = box->read[i], READS);
	for (size_t i = 0; !errnum && box->write[i]; i++)
		errnum = ruleset_allow(p->ruleset, &a, path = box->write[i], a.fs);
	return errnum ? err_os(errnum, "cannot open '%s'", path) : NULL;
}

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

static struct err *plan_at(enum box_level level, bool root, const struct box *box, struct box_plan **ret_plan)
{
	struct box_plan *p = mem_alloc(sizeof(*p));
	p->level = level;
	p->root = root;
	p->ruleset = -1;
	p->pid_limit = pid_limit();
	p->memory = os_memory_bytes();
	snprintf(p->uid_map, sizeof(p->uid_map), "%d %u 1", OWN_ID, (unsigned)geteuid());
	snprintf(p->gid_map, sizeof(p->gid_map), "%d %u 1", OWN_ID, (unsigned)getegid());
	struct err *e = level == BOX_NOTHING ? NULL : plan_rules(p, box);
	if (!e && level == BOX_VIEW)
		e = mount_list_make(box, root, &p->mounts);
	if (level != BOX_NOTHING)
		p->call_count = calls_program(level == BOX_VIEW ? CALLS_VIEW : CALLS_BOX, p->calls);
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

static int own_ids(const struct box_plan *p, int proc, const char **ret_step)
{
	*ret_step = "a user namespace";
	if (unshare(CLONE_NEWUSER) == 0)
		return map_ids(p, proc);
	return errno == ENOSPC || errno == EPERM || errno == EINVAL ? 0 : errno; /* none is given: no privileges, either */
}

/* In the first process: the view, then the program below it. */
static int enter_view(const struct box_plan *p, int say, const char **ret_step)
{
	int proc = -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	raise_loopback();
	(void)sethostname("cooper", sizeof("cooper") - 1);
	int errnum = root_build(&p->mounts, p->pid_limit, &proc, ret_step);
	if (errnum)
		return errnum;
	*ret_step = "a process";
	pid_t program = fork();
	if (program < 0)
		return errno;
	if (program > 0)
		be_first(program, say);
	errnum = p->root ? own_ids(p, proc, ret_step) : 0;
	close(proc);
	return errnum;
}

static int enter_namespaces(const struct box_plan *p, const char **ret_step)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	int pipes[2];
	*ret_step = "namespaces";
	if (p->root && setgroups(0, NULL) != 0)
		return errno;
	if (unshare(flags | (p->root ? 0 : CLONE_NEWUSER)) != 0)
		return errno;
	*ret_step = "a user namespace";
	int errnum = p->root ? 0 : map_ids(p, open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
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

static void limit(const struct box_plan *p)
{
	box_lower(RLIMIT_CORE, 0);
	box_lower(RLIMIT_NPROC, PROCESSES_MAX);
	box_lower(RLIMIT_NOFILE, FILES_MAX);
	box_lower(RLIMIT_FSIZE, FILE_MAX_BYTES);
	box_lower(RLIMIT_MEMLOCK, 64 << 20);
	box_lower(RLIMIT_DATA, p->memory);
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	syscall(SYS_capset, &head, none);
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
	drop_privileges();
	*ret_step = "Landlock's rules";
	errnum = plan->ruleset >= 0 ? ruleset_enter(plan->ruleset) : 0;
	*ret_step = "a filter of system calls";
	if (!errnum && plan->call_count > 0)
		errnum = calls_confine(plan->calls, plan->call_count);
	return errnum;
}

/* --- what this host allows --- */

struct trial {
	int errnum;
	char step[64];
};

/* Enter one, in a child that then ends; true when that went well. */
static bool try_out(enum box_level level, bool root, struct trial *ret_trial)
{
	const char *const folders[] = {"/tmp", NULL};
	struct box box = {.write = folders, .temp = folders[0]};
	struct box_plan *plan = NULL;
	int fds[2];
	*ret_trial = (struct trial){.errnum = EIO, .step = "the trial"};
	struct err *e = plan_at(level, root, &box, &plan);
	if (e || pipe2(fds, O_CLOEXEC) != 0) {
		err_free(e);
		os_box_free(plan);
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct trial t = {.errnum = 0};
		const char *step = "";
		t.errnum = os_box_enter(plan, &step);
		for (size_t i = 0; step[i] && i + 1 < sizeof(t.step); i++)
			t.step[i] = step[i];
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

static struct box_facts facts;
static bool facts_root;

static void measure(void)
{
	enum box_level wanted = box_level_wanted();
	struct trial trial = {.errnum = 0};
	bool is_root = geteuid() == 0, counts = !is_root;
	int abi = landlock_abi();
	if (wanted == BOX_NOTHING) {
		snprintf(facts.why, sizeof(facts.why), "COOPER_BOX asks for nothing");
		return;
	}
	facts_root = is_root && wanted == BOX_VIEW && try_out(BOX_VIEW, /* root= */ true, &trial);
	if (facts_root || (wanted == BOX_VIEW && try_out(BOX_VIEW, /* root= */ false, &trial))) {
		facts.level = BOX_VIEW;
		facts.keeps = BOX_WRITES | BOX_READS | BOX_NETWORK | BOX_PROCESSES | BOX_CALLS | BOX_MODES;
		facts.keeps |= counts || pid_limit() ? BOX_COUNT : 0;
		if (!(facts.keeps & BOX_COUNT))
			snprintf(facts.why, sizeof(facts.why), "this kernel has no limit for root's processes");
		return;
	}
	facts.level = BOX_RULES;
	facts.keeps = BOX_NETWORK | BOX_CALLS | (counts ? BOX_COUNT : 0);
	facts.keeps |= abi >= 1 ? BOX_WRITES | BOX_READS : 0;
	facts.keeps |= abi >= 6 ? BOX_PROCESSES : 0;
	if (wanted != BOX_VIEW)
		snprintf(facts.why, sizeof(facts.why), "COOPER_BOX asks for rules alone");
	else
		snprintf(facts.why, sizeof(facts.why), "namespaces are denied: %s: %s", trial.step,
			 strerrorname_np(trial.errnum) ? strerrorname_np(trial.errnum) : "?");
}

const struct box_facts *os_box_facts(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, measure);
	return &facts;
}

struct err *os_box_prepare(const struct box *box, struct box_plan **ret_plan)
{
	enum box_level level = os_box_facts()->level;
	return plan_at(level, facts_root, box, ret_plan);
}
