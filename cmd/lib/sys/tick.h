/*
 * tick.h - time: a monotonic clock for deadlines, the wall clock for receipts
 */
#ifndef COOPER_SYS_TICK_H
#define COOPER_SYS_TICK_H

#include <stdint.h>

#include "base/str.h"

/** tick_ms() - monotonic milliseconds; stands still while the host sleeps (os_*.c) */
int64_t tick_ms(void);
/** tick_wall_ms() - milliseconds since 1970 */
int64_t tick_wall_ms(void);
/** tick_sleep_ms() - sleep; returns early when a signal arrives */
void tick_sleep_ms(int64_t ms);
/** str_add_utc() - RFC 3339 UTC, seconds: 2026-11-23T10:20:30Z */
void str_add_utc(struct str *s, int64_t wall_ms);

#endif
