/*
 * units.h - numbers, sizes and durations as people write them, parsed strictly
 *
 * Sizes: "512MiB", "2GiB", "20GB", "4096B" (KiB MiB GiB TiB binary, kB MB GB TB decimal; a unit is
 * required). Durations: "500ms", "30s", "5m", "2h". No sign, no space inside, no trailing bytes.
 */
#ifndef COOPER_BASE_UNITS_H
#define COOPER_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/** num_parse() - a decimal integer within [@min, @max] and nothing else; false when @text is not one */
bool num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value);
/** size_parse() - bytes; false on syntax, missing unit or overflow */
bool size_parse(const char *text, int64_t *ret_bytes);
/** duration_parse() - milliseconds; false on syntax, missing unit or overflow */
bool duration_parse(const char *text, int64_t *ret_ms);
/** str_add_size() - "1.5 GiB"; str_add_duration() - "350 ms", "12.3 s", "4 min 10 s" */
void str_add_size(struct str *s, int64_t bytes);
void str_add_duration(struct str *s, int64_t ms);

#endif
