/* A guard between us and a child: nothing that the child leaves behind outlives it, or us. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/os.h"
#include "sys/signals.h"

/* Append the pids of the children of @pid. See: proc(5), /proc/pid/task/tid/children */
static size_t read_children(pid_t pid, pid_t *out, size_t max)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	size_t count = 0;
	long value = 0;
	for (ssize_t i = 0; i < n && count < max; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			value = value * 10 + (text[i] - '0');
		} else if (value) {
			out[count++] = (pid_t)value;
			value = 0;
		}
	}
	return count;
}

/* Being their subreaper, all that is orphaned below us becomes our child: kill until nobody is left. */
static void kill_all_below(void)
{
	pid_t pids[256];
	for (int round = 0; round < 1000; round++) {
		size_t n = read_children(getpid(), pids, sizeof(pids) / sizeof(*pids));
		for (size_t i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			n++;
		if (n == 0)
			return;
		usleep(2000);
	}
}

/* In the end of the one that we guard nothing of it goes on: not what it left in the background, nor its daemons. */
NO_RETURN static void end(int status)
{
	kill_all_below();
	signals_end_as(status);
}

/* SIGUSR1 says that the parent died, or has no more use for the child: child_stop(). */
static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	asked_to_end = asked_to_end || number == SIGUSR1;
}

/* Both signals are blocked but while it waits: none is missed. */
NO_RETURN static void guard(pid_t child, const sigset_t *usual)
{
	for (;;) {
		int status = 0;
		pid_t got = waitpid(-1, &status, WNOHANG);
		if (got == child)
			end(status);
		if (asked_to_end || (got < 0 && errno != EINTR))
			end(/* status= */ 127 << 8);
		if (got == 0)
			sigsuspend(usual);
	}
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction act = {.sa_handler = handler};
	sigemptyset(&act.sa_mask);
	sigaction(number, &act, NULL);
}

void os_guard(void)
{
	pid_t parent = getppid();
	sigset_t held, usual;
	sigemptyset(&held);
	sigaddset(&held, SIGUSR1);
	sigaddset(&held, SIGCHLD);
	sigaddset(&held, SIGTTIN); /* a child that asks at the terminal stops us, but not before pipes are closed */
	sigaddset(&held, SIGTTOU);
	sigprocmask(SIG_BLOCK, &held, &usual);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t child = fork();
	if (child <= 0)
		sigprocmask(SIG_SETMASK, &usual, NULL);
	if (child == 0)
		os_die_with_parent();
	if (child <= 0)
		return; /* the child itself; or no guard can be had */
	handle(SIGUSR1, on_signal);
	handle(SIGCHLD, on_signal);
	handle(SIGTERM, SIG_IGN); /* the group gets it: the child decides what it means */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != parent)
		end(/* status= */ 127 << 8);
	os_close_inherited(0, NULL, 0); /* pipes must end when the child ends */
	guard(child, &usual);
}
