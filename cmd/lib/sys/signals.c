#include "sys/signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"

static void on_signal(int number)
{
	/* The second one means it: everything of ours survives being killed. */
	if (cancel_requested() && number == SIGINT)
		_exit(130);
	cancel_request();
}

void signals_install(void)
{
	struct sigaction act = {.sa_handler = on_signal};
	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}
