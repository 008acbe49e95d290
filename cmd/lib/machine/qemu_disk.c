#include "machine/qemu_disk.h"

#include <string.h>

#include "base/units.h"
#include "fmt/json.h"
#include "image/disk_header.h"
#include "sys/child.h"
#include "sys/file.h"

enum {
	QEMU_IMG_MS = 120 * 1000,
	MERGE_MS = 3600 * 1000,
	INFO_MAX = 256 * 1024,
	NEW_DISK_MAX = 4 * 64 * 1024,
};

/*
 * An overlay stands on the base that it was made on, and nothing else names a file of the host. An image has all of its
 * data; a base that is named relative to the overlay is another disk of ours, and layers.h looks at each of these.
 */
static struct err *check_overlay(const char *path, const char *base)
{
	enum disk_format format = disk_format_of(base);

	if (*base == '/')
		TRY(disk_header_check(base, &(struct disk_claim){.format = format}));
	return disk_header_check(path,
				 &(struct disk_claim){.format = DISK_QCOW2, .backing = base, .backing_format = format});
}

struct err *qemu_disk_check(const struct machine_spec *spec UNUSED, const char *path, const char *base)
{
	return base ? check_overlay(path, base) : disk_header_check(path, &(struct disk_claim){.format = DISK_QCOW2});
}

static struct err *run_qemu_img(const char *const *argv)
{
	struct child_spec spec = {.argv = argv, .deadline_ms = QEMU_IMG_MS};
	return child_run(&spec);
}

struct err *qemu_disk_create(const struct machine_spec *spec, const char *path, int64_t bytes, const char *base)
{
	AUTO_FREE char *size = mem_printf("%lld", (long long)bytes);

	if (!base)
		return run_qemu_img((const char *[]){spec->qemu_img, "create", "-q", "-f", "qcow2", path, size, NULL});
	enum disk_format format = disk_format_of(base);
	if (*base == '/')
		TRY(disk_header_check(base, &(struct disk_claim){.format = format}));
	TRY(run_qemu_img((const char *[]){spec->qemu_img, "create", "-q", "-f", "qcow2", "-b", base, "-F",
					  disk_format_word(format), path, NULL}));
	return check_overlay(path, base);
}

struct err *qemu_disk_below(const struct machine_spec *spec UNUSED, const char *path, char **ret_base)
{
	return disk_header_backing(path, ret_base);
}

/* The tables of a new one, up to 4 TiB, are in its first clusters; what is written takes at least two more. */
struct err *qemu_disk_is_empty(const char *path, bool *ret_empty)
{
	int64_t bytes = 0;

	TRY(file_size(path, &bytes));
	*ret_empty = bytes > 0 && bytes <= NEW_DISK_MAX;
	return NULL;
}

/* -d: what was written below stays here as well, so that at no time anything is missing. */
struct err *qemu_disk_merge(const struct machine_spec *spec, const char *path)
{
	struct child_spec child = {
		.argv = (const char *[]){spec->qemu_img, "commit", "-q", "-d", "-f", "qcow2", path, NULL},
		.deadline_ms = MERGE_MS,
	};
	return child_run(&child);
}

struct err *qemu_disk_size(const struct machine_spec *spec, const char *path, int64_t *ret_bytes)
{
	AUTO(str) text = STR_INIT;
	AUTO_JSON *info = NULL;
	/* -U: a running QEMU holds the lock */
	const char *argv[] = {spec->qemu_img, "info", "-U", "-f", "qcow2", "--output=json", path, NULL};
	struct child_spec child = {.argv = argv, .deadline_ms = QEMU_IMG_MS};

	TRY(child_output(&child, INFO_MAX, &text));
	TRY(js_parse(str_text(&text), text.len, "qemu-img info", &info));
	*ret_bytes = js_get_int(info, "virtual-size", -1);
	return *ret_bytes >= 0 ? NULL : err_new(ERR_CORRUPT, "qemu-img reports no size for '%s'", path);
}

struct err *qemu_disk_copy(const char *from, const char *to)
{
	return file_copy(from, to, 0600);
}

struct percentages {
	struct sink sink;
	struct sink *out;
};

/* "    (12.34/100%)" */
static void emit_percentage(struct sink *sink, const struct event *e)
{
	const char *p = e->kind == EVENT_OUTPUT ? strchr(e->text, '(') : NULL;
	AUTO_FREE char *whole = p ? mem_strndup(p + 1, strspn(p + 1, "0123456789")) : NULL;
	int64_t done = 0;

	if (p && strstr(p, "/100%)") && num_parse(whole, 0, 100, &done))
		event_progress(((struct percentages *)sink)->out, e->step, done, 100, "percent");
}

struct err *qemu_disk_flatten(const struct machine_spec *spec, const char *from, const char *to, struct sink *sink,
				const char *step)
{
	struct percentages percentages = {.sink = {emit_percentage}, .out = sink};
	struct child_spec child = {
		.argv = (const char *[]){spec->qemu_img, "convert", "-p", "-c", "-f", "qcow2", "-O", "qcow2", from, to,
					 NULL},
		.sink = &percentages.sink,
		.step = step,
		.silence_ms = MERGE_MS,
	};
	return child_run(&child);
}

struct err *qemu_disk_grow(const struct machine_spec *spec, const char *path, int64_t bytes)
{
	AUTO_FREE char *size = mem_printf("%lld", (long long)bytes);

	return run_qemu_img((const char *[]){spec->qemu_img, "resize", "-q", "-f", "qcow2", path, size, NULL});
}
