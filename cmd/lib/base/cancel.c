#include "base/cancel.h"

#include <stdatomic.h>

/* Set by a signal's handler and by threads, asked by all: without locks, as a handler has to be. */
static atomic_int requested;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a handler may not wait for a lock");

void cancel_request(int number)
{
	int none = 0;
	atomic_compare_exchange_strong(&requested, &none, number);
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
