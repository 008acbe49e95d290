/*
 * qemu_disk.h - disks as QEMU has them: vmm.h says what each does, and its errors
 */
#ifndef COOPER_MACHINE_QEMU_DISK_H
#define COOPER_MACHINE_QEMU_DISK_H

#include "machine/vmm.h"

MUST_CHECK struct err *qemu_disk_check(const struct machine_spec *spec, const char *path, const char *base);
MUST_CHECK struct err *qemu_disk_create(const struct machine_spec *spec, const char *path, int64_t bytes, const char *base);
MUST_CHECK struct err *qemu_disk_below(const struct machine_spec *spec, const char *path, char **ret_base);
MUST_CHECK struct err *qemu_disk_is_empty(const char *path, bool *ret_empty);
MUST_CHECK struct err *qemu_disk_merge(const struct machine_spec *spec, const char *path);
MUST_CHECK struct err *qemu_disk_size(const struct machine_spec *spec, const char *path, int64_t *ret_bytes);
MUST_CHECK struct err *qemu_disk_copy(const char *from, const char *to);
MUST_CHECK struct err *qemu_disk_flatten(const struct machine_spec *spec, const char *from, const char *to, struct sink *sink,
				const char *step);
MUST_CHECK struct err *qemu_disk_grow(const struct machine_spec *spec, const char *path, int64_t bytes);

#endif
