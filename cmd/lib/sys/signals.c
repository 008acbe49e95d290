#include "sys/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"

static void on_signal(int number)
{
	/* The second one means it: everything of ours survives being killed. */
	if (cancel_requested() && number == SIGINT)
		_exit(130);
	cancel_request(number);
}

/* What the caller has us ignore (nohup, `cooper up &` in a script) stays ignored. */
static void handle_unless_ignored(int number)
{
	struct sigaction act = {.sa_handler = on_signal}, was;
	sigemptyset(&act.sa_mask);
	if (sigaction(number, NULL, &was) != 0 || was.sa_handler != SIG_IGN)
		sigaction(number, &act, NULL);
}

static void fill_standard_descriptors(void)
{
	int fd;
	do {
		fd = open("/dev/null", O_RDONLY); /* the lowest number that is free; for children, too: no O_CLOEXEC */
		if (fd < 0)
			fd = open("/", O_RDONLY); /* a chroot without devices: no file of ours may get the number */
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

void signals_install(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};
	sigset_t none;
	fill_standard_descriptors();
	handle_unless_ignored(SIGINT);
	handle_unless_ignored(SIGHUP);
	handle_unless_ignored(SIGTERM);
	sigaction(SIGPIPE, &ignore, NULL); /* both are errors of the call that wrote */
	sigaction(SIGXFSZ, &ignore, NULL);
	sigaction(SIGCHLD, &plain, NULL); /* ignored, the kernel throws the status of every child away */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * The starter's terminal must not end us when it closes. child_start() made us leader of a process group, and such a
 * leader cannot make a session: setsid(2). Joining the starter's group for a moment ends the leadership.
 */
void signals_leave_session(void)
{
	if (getpgrp() == getpid() && setpgid(0, getpgid(getppid())) != 0)
		return;
	if (setsid() < 0)
		(void)setpgid(0, 0);
}

void signals_end_as(int status)
{
	const struct rlimit none = {0, 0};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &none); /* the child has dumped its own */
		sigaction(WTERMSIG(status), &plain, NULL);
		kill(getpid(), WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}
