/*
 * spec.h - everything that decides a machine's command line and first boot, as plain values, and as one table
 *
 * argv.h and ignition.h are pure functions of this; run.h acts on it. All paths are absolute.
 *
 * A field is one row of MACHINE_SPEC. From it follow the struct's member, machine.json (record.h), the copy from the
 * recipes, and what `up` does when the value is another one: the row's scope says which step has it among its inputs.
 * There is no other way to add a member, so that none can be forgotten in a key. What only one step knows (the host
 * user's id, the SSH keys) is no field.
 *
 *	machine_spec_copy(&spec, stack, image);
 *	machine_spec_inputs(&spec, SPEC_BOOT, step->inputs);
 */
#ifndef COOPER_MACHINE_SPEC_H
#define COOPER_MACHINE_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "fmt/json.h"
#include "recipe/recipe.h"
#include "sys/os.h"

enum spec_scope {
	SPEC_GENERATION, /* another value needs another OS disk */
	SPEC_BOOT,       /* another value needs a restart */
	SPEC_LIVE,       /* another value is told to the machine while it runs */
	SPEC_NEITHER,    /* another value needs nothing by itself: the row says why */
};

enum spec_type {
	SPEC_TEXT,     /* char *, or NULL */
	SPEC_NEEDED,   /* char *; a record without it is damaged */
	SPEC_PLACE,    /* char *; not recorded, as it is where the record lies */
	SPEC_DOCUMENT, /* char *, or NULL; not recorded, and its digest stands in keys */
	SPEC_NUMBER,   /* int */
	SPEC_YES_NO,   /* bool; a "no" stands in no key, so that a row can be added */
	SPEC_BYTES,    /* int64_t */
	SPEC_MS,       /* int64_t */
	SPEC_BOOTS,    /* enum image_boot */
	SPEC_ACCEL,    /* enum accel */
	SPEC_PROVIDER, /* enum provider */
	SPEC_ARCH,     /* enum arch; a record without it is damaged */
	SPEC_TEXTS,    /* struct strs */
	SPEC_MOUNTS,   /* mounts and mount_count */
	SPEC_PORTS,    /* ports and port_count */
};

/*
 * The rows: type, member, scope, and its name in `cooper plan`, or, of NEITHER, why it is in no key of the machine's
 * steps. COPIED names the recipe's member besides. "Key of the keg": the result's key is among the generation's inputs.
 */
/* clang-format off */
#define MACHINE_SPEC(MADE, COPIED) \
	COPIED(NEEDED, name, GENERATION, "machine", stack.machine_name) \
	MADE(ARCH, guest_arch, NEITHER, "in the keys of keg and image") \
	COPIED(NUMBER, cpus, BOOT, "cpus", stack.cpus) \
	COPIED(BYTES, memory_bytes, BOOT, "memory", stack.memory_bytes) \
	COPIED(BYTES, data_bytes, BOOT, "data disk", stack.disk_bytes) \
	COPIED(ACCEL, accel, BOOT, "accel", stack.accel) \
	COPIED(MS, boot_timeout_ms, NEITHER, "how long a start may take changes no machine", stack.boot_timeout_ms) \
	\
	MADE(NEEDED, qemu, NEITHER, "key of the keg") /* qemu-system-<arch> */ \
	MADE(TEXT, qemu_img, NEITHER, "key of the keg") \
	MADE(TEXT, qemu_share, NEITHER, "key of the keg") /* its -L folder; NULL = QEMU's own */ \
	MADE(NEEDED, qemu_version, NEITHER, "key of the keg") /* "7.2.22" */ \
	MADE(TEXTS, qemu_provides, BOOT, "provides") /* rules ask for these words */ \
	MADE(TEXT, firmware_code, NEITHER, "key of the keg") /* of BOOT_UEFI */ \
	\
	COPIED(TEXT, image_version, NEITHER, "key of the image", version) /* "44.20260707.3.1"; NULL = unknown */ \
	COPIED(BOOTS, boot, NEITHER, "key of the image", image.boot) \
	COPIED(TEXT, os, GENERATION, "os", image.os) /* guest/os.h; NULL in records from before it was one */ \
	COPIED(NEEDED, user, GENERATION, "user", image.user) /* login user */ \
	MADE(TEXT, base_disk, NEITHER, "key of the image") /* read-only */ \
	MADE(TEXT, kernel, NEITHER, "key of the image") /* beside the disk; NULL = BOOT_UEFI from the disk */ \
	MADE(TEXT, initrd, NEITHER, "key of the image") \
	COPIED(TEXT, cmdline, BOOT, "cmdline", image.cmdline) \
	COPIED(TEXT, first_boot_cmdline, GENERATION, "first_boot_cmdline", image.first_boot_cmdline) \
	MADE(DOCUMENT, ignition, GENERATION, "ignition") /* the user's own, as ignition_read() gives it, or NULL */ \
	\
	COPIED(TEXTS, run, GENERATION, "run", stack.run) /* architectures containers must run */ \
	COPIED(PROVIDER, provider, NEITHER, "an input of the handlers' step", stack.provider) \
	MADE(TEXT, emulator_iso, NEITHER, "key of the device") /* with user-mode emulators, read-only; or NULL */ \
	COPIED(MOUNTS, mounts, BOOT, "mount", stack.mounts) \
	COPIED(PORTS, ports, LIVE, "ports", stack.ports) \
	COPIED(YES_NO, host_loopback, BOOT, "loopback of the host", stack.host_loopback) \
	\
	MADE(TEXT, boot_key, NEITHER, "it is the key of the boot") /* whose settings these are */ \
	\
	MADE(PLACE, dir, NEITHER, "where the machine lies: machines/<name>") \
	MADE(PLACE, gen_dir, NEITHER, "which generation was made: machines/<name>/gen-<n>")
/* clang-format on */

#define SPEC_MEMBER_TEXT(member) char *member;
#define SPEC_MEMBER_NEEDED(member) char *member;
#define SPEC_MEMBER_PLACE(member) char *member;
#define SPEC_MEMBER_DOCUMENT(member) char *member;
#define SPEC_MEMBER_NUMBER(member) int member;
#define SPEC_MEMBER_YES_NO(member) bool member;
#define SPEC_MEMBER_BYTES(member) int64_t member;
#define SPEC_MEMBER_MS(member) int64_t member;
#define SPEC_MEMBER_BOOTS(member) enum image_boot member;
#define SPEC_MEMBER_ACCEL(member) enum accel member;
#define SPEC_MEMBER_PROVIDER(member) enum provider member;
#define SPEC_MEMBER_ARCH(member) enum arch member;
#define SPEC_MEMBER_TEXTS(member) struct strs member;
#define SPEC_MEMBER_MOUNTS(member)                                                                                     \
	struct mount *member;                                                                                          \
	size_t mount_count;
#define SPEC_MEMBER_PORTS(member)                                                                                      \
	struct port *member;                                                                                           \
	size_t port_count;
#define SPEC_MEMBER(type, member, ...) SPEC_MEMBER_##type(member)

struct machine_spec {
	MACHINE_SPEC(SPEC_MEMBER, SPEC_MEMBER)
};

/* What is chosen anew at each start. */
struct machine_start {
	enum accel accel;
	int ssh_port;    /* on 127.0.0.1 */
	bool first_boot; /* Ignition runs */
};

/* A row of MACHINE_SPEC at run time. */
struct spec_field {
	const char *name;
	enum spec_type type;
	size_t offset;
	size_t size;
	size_t from; /* offset in struct recipe; 0 = not copied */
	enum spec_scope scope;
	const char *words;
};

/** machine_spec_fields() - all rows, in order */
const struct spec_field *machine_spec_fields(size_t *ret_count);

void machine_spec_done(struct machine_spec *spec);
/** mount_done() - of one that is not borrowed from a recipe */
void mount_done(struct mount *m);

/** machine_spec_to_json() - what is recorded; machine_spec_from_json() fills a @spec that is all zero with it */
struct json *machine_spec_to_json(const struct machine_spec *spec);
void machine_spec_from_json(const struct json *record, struct machine_spec *spec);

/** machine_spec_copy() - fill what @stack and the recipe of its @image say; @spec is all zero */
void machine_spec_copy(struct machine_spec *spec, const struct recipe *stack, const struct recipe *image);

/** machine_spec_ports() - its ports as they are recorded, a new root; machine_spec_set_ports() - take such instead */
struct json *machine_spec_ports(const struct machine_spec *spec);
void machine_spec_set_ports(struct machine_spec *spec, const struct json *ports);

/**
 * machine_spec_inputs() - add the fields of @scope to a step's inputs, as `plan` shows them
 *
 * Two machines that differ in a field of @scope get different inputs, and only those.
 */
void machine_spec_inputs(const struct machine_spec *spec, enum spec_scope scope, struct json *inputs);

#endif
