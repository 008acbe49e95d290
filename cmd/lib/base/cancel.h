/*
 * cancel.h - the one global: the user wants to stop
 *
 * Set by the signal handler (sys/signals.h), read by every loop that can last.
 */
#ifndef COOPER_BASE_CANCEL_H
#define COOPER_BASE_CANCEL_H

#include <stdbool.h>

#include "base/err.h"

/** cancel_request() - ask everything to stop, because of the signal @number; the first one counts; async-signal-safe */
void cancel_request(int number);
/** cancel_requested() - whether somebody asked */
bool cancel_requested(void);
/** cancel_signal() - the signal that asked, 0 while none has */
int cancel_signal(void);
/** cancel_check() - ERR_CANCELED when asked, else NULL */
MUST_CHECK struct err *cancel_check(void);

#endif
