#include "base/units.h"

#include <string.h>

#include "base/auto.h"

/* Digits at @text into @ret_value; returns the first byte after them, NULL on none or overflow. */
static const char *parse_digits(const char *text, int64_t *ret_value)
{
	int64_t value = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (INT64_MAX - (*p - '0')) / 10)
			return NULL;
		value = value * 10 + (*p - '0');
	}
	if (p == text)
		return NULL;
	*ret_value = value;
	return p;
}

bool num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	int64_t value = 0;
	const char *end = parse_digits(text, &value);
	if (!end || *end || value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

struct unit {
	const char *name;
	int64_t factor;
};

static bool parse_with_unit(const char *text, const struct unit *units, size_t n, int64_t *ret_value)
{
	int64_t value = 0;
	const char *unit = parse_digits(text, &value);
	if (!unit)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (streq(unit, units[i].name)) {
			if (value > INT64_MAX / units[i].factor)
				return false;
			*ret_value = value * units[i].factor;
			return true;
		}
	}
	return false;
}

bool size_parse(const char *text, int64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"B", 1},
		{"KiB", INT64_C(1) << 10},
		{"MiB", INT64_C(1) << 20},
		{"GiB", INT64_C(1) << 30},
		{"TiB", INT64_C(1) << 40},
		{"kB", 1000},
		{"MB", 1000000},
		{"GB", 1000000000},
		{"TB", INT64_C(1000000000000)},
	};
	return parse_with_unit(text, units, ARRAY_LEN(units), ret_bytes);
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	return parse_with_unit(text, units, ARRAY_LEN(units), ret_ms);
}

void str_add_size(struct str *s, int64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;
	while (value >= 1024 && i + 1 < ARRAY_LEN(names)) {
		value /= 1024;
		i++;
	}
	if (i == 0)
		str_addf(s, "%lld B", (long long)bytes);
	else
		str_addf(s, value < 10 ? "%.1f %s" : "%.0f %s", value, names[i]);
}

void str_add_duration(struct str *s, int64_t ms)
{
	if (ms < 1000)
		str_addf(s, "%lld ms", (long long)ms);
	else if (ms < 60000)
		str_addf(s, "%.1f s", (double)ms / 1000);
	else
		str_addf(s, "%lld min %lld s", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
}
