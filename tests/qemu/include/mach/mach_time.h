/*
 * The part of <mach/mach_time.h> that QEMU's HVF code uses, for compiling it where there is no macOS SDK.
 */
#ifndef FAKE_MACH_TIME_H
#define FAKE_MACH_TIME_H

#include <stdint.h>

typedef struct {
	uint32_t numer, denom;
} mach_timebase_info_data_t;

int mach_timebase_info(mach_timebase_info_data_t *info);
uint64_t mach_absolute_time(void);
uint64_t mach_continuous_time(void);

#endif
