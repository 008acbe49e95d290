/*
 * A guard between us and a child: nothing that the child leaves behind outlives it, or us.
 *
 * There is no subreaper here, so whom a member of the family starts is looked up when the kernel says that it forked:
 * one that daemonizes keeps its place in the list after it has left its parent and its group. One that leaves its group
 * and loses its parent before we have looked escapes.
 */
#include <errno.h>
#include <libproc.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/event.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/os.h"
#include "sys/signals.h"

enum { MEMBERS_MAX = 4096, CHILDREN_MAX = 256, ROUNDS_MAX = 50 };

struct family {
	int queue;
	size_t count;
	struct {
		pid_t pid;
		uint64_t started; /* a number is given again when its process has gone */
	} members[MEMBERS_MAX];
};

/* When @pid started, in microseconds; 0 = there is none, or it is not ours to look at. */
static uint64_t start_of(pid_t pid)
{
	struct proc_bsdinfo info;
	int n = proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, (int)sizeof(info));
	return n == (int)sizeof(info) ? info.pbi_start_tvsec * 1000000 + info.pbi_start_tvusec : 0;
}

static void watch(int queue, pid_t pid, unsigned notes)
{
	struct kevent change;
	EV_SET(&change, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_CLEAR, notes, 0, NULL);
	kevent(queue, &change, 1, NULL, 0, NULL);
}

static bool add(struct family *f, pid_t pid)
{
	uint64_t started = pid > 0 && pid != getpid() ? start_of(pid) : 0;
	for (size_t i = 0; started && i < f->count; i++)
		if (f->members[i].pid == pid && f->members[i].started == started)
			return false;
	if (!started || f->count == MEMBERS_MAX)
		return false;
	f->members[f->count].pid = pid;
	f->members[f->count++].started = started;
	watch(f->queue, pid, NOTE_FORK);
	return true;
}

static bool add_listed(struct family *f, uint32_t kind, pid_t of)
{
	pid_t pids[CHILDREN_MAX];
	bool found = false;
	int bytes = proc_listpids(kind, (uint32_t)of, pids, (int)sizeof(pids));
	for (int i = 0; i < bytes / (int)sizeof(*pids); i++)
		found = add(f, pids[i]) || found;
	return found;
}

/* Our group, and whom those in the list, and those who are found on the way, have started; whether there was anybody new. */
static bool look(struct family *f)
{
	bool found = add_listed(f, PROC_PGRP_ONLY, getpgrp());
	for (size_t i = 0; i < f->count; i++)
		found = add_listed(f, PROC_PPID_ONLY, f->members[i].pid) || found;
	return found;
}

static void signal_all(const struct family *f, int number)
{
	for (size_t i = 0; i < f->count; i++)
		if (start_of(f->members[i].pid) == f->members[i].started)
			kill(f->members[i].pid, number);
}

/* All are stopped first, so that none starts another while we look. */
NO_RETURN static void end(struct family *f, int status)
{
	for (int round = 0; round < ROUNDS_MAX && (look(f) || round == 0); round++)
		signal_all(f, SIGSTOP);
	signal_all(f, SIGKILL);
	signals_end_as(status);
}

/* SIGUSR1 says that there is no more use for the child: child_stop(). */
static volatile sig_atomic_t asked_to_end;

static void on_end(int number)
{
	(void)number;
	asked_to_end = 1;
}

/* Judges by waitpid and getppid, so that an event that never comes costs a second and no more. See: kqueue(2) */
NO_RETURN static void guard(struct family *f, pid_t parent, pid_t child)
{
	const struct timespec second = {.tv_sec = 1};
	struct kevent event;
	watch(f->queue, parent, NOTE_EXIT);
	watch(f->queue, child, NOTE_EXIT | NOTE_FORK);
	for (;;) {
		int status = 0;
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child)
			end(f, status);
		if ((got < 0 && errno != EINTR) || asked_to_end || getppid() != parent)
			end(f, /* status= */ 127 << 8);
		look(f);
		kevent(f->queue, NULL, 0, &event, 1, &second);
	}
}

void os_guard(void)
{
	static struct family family; /* of a fresh child that never returns: there is one */
	pid_t parent = getppid();
	struct sigaction ignore = {.sa_handler = SIG_IGN}, act = {.sa_handler = on_end};
	family.queue = kqueue(); /* a child does not inherit it */
	if (family.queue < 0)
		return;
	sigset_t stops;
	sigemptyset(&stops);
	sigaddset(&stops, SIGTTIN);
	sigaddset(&stops, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stops,
		    NULL); /* a child that asks at the terminal stops us, but not before pipes are closed */
	pid_t child = fork();
	if (child <= 0)
		sigprocmask(SIG_UNBLOCK, &stops, NULL);
	if (child == 0)
		return;
	if (child < 0) {
		close(family.queue);
		return;
	}
	sigaction(SIGTERM, &ignore, NULL); /* the group gets it: the child decides what it means */
	sigaction(SIGUSR1, &act, NULL);
	os_close_inherited(0, &family.queue, 1); /* pipes must end when the child ends */
	sigprocmask(SIG_UNBLOCK, &stops, NULL);
	guard(&family, parent, child);
}
