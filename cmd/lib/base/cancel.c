#include "base/cancel.h"

#include <signal.h>

static volatile sig_atomic_t requested;

void cancel_request(int number)
{
	if (!requested)
		requested = number;
}

int cancel_signal(void)
{
	return requested;
}

bool cancel_requested(void)
{
	return requested != 0;
}

struct err *cancel_check(void)
{
	if (!requested)
		return NULL;
	return err_hint(err_new(ERR_CANCELED, "interrupted"),
			"run the same command again: it resumes where it stopped");
}
