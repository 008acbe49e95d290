/*
 * accel.h - which accelerator to try, in which order, and what was learned about each
 *
 * Pure: the acting part starts QEMU and watches its serial log. hvf counts only where kern.hv_support is 1; kvm
 * only when a kernel got as far as its "Linux version" line in time (there are hosts where /dev/kvm opens, a
 * vCPU runs, the decompressor even prints, and Linux never boots); tcg always works, slower. A verdict holds for
 * one boot of the host and one QEMU; `doctor` shows it.
 *
 *	TRY(accel_candidates(ACCEL_AUTO, &facts, "aarch64", verdicts, qemu, &list));
 *	for each: start; wait accel_probe_ms() for the kernel's line unless accel_known() says WORKS; on failure:
 *		accel_remember(verdicts, facts.boot_id, qemu, accel, false); next
 */
#ifndef COOPER_MACHINE_ACCEL_H
#define COOPER_MACHINE_ACCEL_H

#include "base/err.h"
#include "fmt/json.h"
#include "machine/spec.h"

enum accel_verdict { VERDICT_NONE, VERDICT_WORKS, VERDICT_BROKEN };

struct accel_list {
	enum accel items[2]; /* in the order to try */
	size_t count;        /* at least 1 */
	char *why;           /* one sentence: why the first is the first; heap */
};

void accel_list_done(struct accel_list *list);

/**
 * accel_candidates() - what to try, best first
 * @wanted:    ACCEL_AUTO, or the one that the stack insists on
 * @verdicts:  from accel_verdicts_read(), or NULL
 * @qemu:      path of the QEMU; another one, by its keg where it lies in a store, is judged anew
 *
 * auto: hardware that this host offers for @guest_arch and that is not known to be broken, then tcg. A named
 * accelerator is the only candidate, verdict or not.
 *
 * Errors:  USAGE (the named one cannot be had on this host or for this guest; the hint says what can)
 */
MUST_CHECK struct err *accel_candidates(enum accel wanted, const struct host_facts *facts, enum arch guest_arch,
					const struct json *verdicts, const char *qemu, struct accel_list *ret_list);

/** accel_known() - what was learned of @accel on this boot of the host with this QEMU */
enum accel_verdict accel_known(const struct json *verdicts, const char *boot_id, const char *qemu, enum accel accel);

/**
 * accel_verdicts_read() - verdicts from their file; a fresh list when @path is NULL, or the file missing or damaged
 *
 * They are a cache: losing them costs one probe.
 */
struct json *accel_verdicts_read(const char *path);

/** accel_remember() - add or replace a verdict; those of other boots of the host are dropped */
void accel_remember(struct json **verdicts, const char *boot_id, const char *qemu, enum accel accel, bool works);

/** accel_verdicts_path() - the file that verdicts are kept in, below COOPER_HOME; heap */
char *accel_verdicts_path(const char *home);

/** accel_scale_ms() - @ms under hardware acceleration, scaled to what the same takes under @accel (tcg: 8 times) */
int64_t accel_scale_ms(enum accel accel, int64_t ms);

/** accel_probe_ms() - from power-on to "Linux version" under working hardware acceleration; after it: broken */
int64_t accel_probe_ms(enum image_boot boot);

#endif
