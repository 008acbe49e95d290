#include "machine/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/json.h"
#include "sys/file.h"

#define RECORD_FILE "machine.json"

/* The members that are plain text. */
static const struct {
	const char *name;
	size_t offset;
	bool required;
} texts[] = {
	{"name", offsetof(struct machine_spec, name), true},
	{"guest_arch", offsetof(struct machine_spec, guest_arch), true},
	{"qemu", offsetof(struct machine_spec, qemu), true},
	{"qemu_img", offsetof(struct machine_spec, qemu_img), false},
	{"qemu_share", offsetof(struct machine_spec, qemu_share), false},
	{"qemu_version", offsetof(struct machine_spec, qemu_version), true},
	{"qemu_patches", offsetof(struct machine_spec, qemu_patches), false},
	{"image", offsetof(struct machine_spec, image), false},
	{"base_disk", offsetof(struct machine_spec, base_disk), false},
	{"kernel", offsetof(struct machine_spec, kernel), false},
	{"initrd", offsetof(struct machine_spec, initrd), false},
	{"cmdline", offsetof(struct machine_spec, cmdline), false},
	{"first_boot_cmdline", offsetof(struct machine_spec, first_boot_cmdline), false},
	{"firmware_code", offsetof(struct machine_spec, firmware_code), false},
	{"provider", offsetof(struct machine_spec, provider), false},
	{"emulator_iso", offsetof(struct machine_spec, emulator_iso), false},
	{"user", offsetof(struct machine_spec, user), true},
	{"accel", offsetof(struct machine_spec, accel), false},
};

static char **text_at(struct machine_spec *spec, size_t index)
{
	return (char **)(void *)((char *)spec + texts[index].offset);
}

void machine_spec_done(struct machine_spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*text_at(spec, i));
	for (size_t i = 0; i < spec->mount_count; i++) {
		free(spec->mounts[i].host);
		free(spec->mounts[i].guest);
	}
	for (size_t i = 0; i < spec->port_count; i++)
		free(spec->ports[i].host_address);
	free(spec->mounts);
	free(spec->ports);
	free(spec->dir);
	free(spec->gen_dir);
	free(spec->ignition);
	strs_done(&spec->run);
	*spec = (struct machine_spec){.name = NULL};
}

static struct json *lists_to_json(const struct machine_spec *spec, struct json *record)
{
	struct json *run = js_array();
	struct json *mounts = js_array();
	struct json *ports = js_array();

	for (size_t i = 0; i < spec->run.count; i++)
		js_add_text(run, spec->run.items[i]);
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct json *m = js_object();
		js_set_text(m, "host", spec->mounts[i].host);
		js_set_text(m, "guest", spec->mounts[i].guest);
		js_set_bool(m, "writable", spec->mounts[i].writable);
		js_add(mounts, m);
	}
	for (size_t i = 0; i < spec->port_count; i++) {
		struct json *p = js_object();
		js_set_text(p, "host_address", spec->ports[i].host_address);
		js_set_int(p, "host_port", spec->ports[i].host_port);
		js_set_int(p, "guest_port", spec->ports[i].guest_port);
		js_add(ports, p);
	}
	js_set(record, "run", run);
	js_set(record, "mounts", mounts);
	js_set(record, "ports", ports);
	return record;
}

struct err *machine_record_write(const struct machine_spec *spec)
{
	AUTO_FREE char *path = path_join(spec->gen_dir, RECORD_FILE);
	AUTO_JSON *record = js_object();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *const *text = (const char *const *)(const void *)((const char *)spec + texts[i].offset);
		if (*text)
			js_set_text(record, texts[i].name, *text);
	}
	js_set_text(record, "boot", spec->boot == BOOT_UEFI ? "uefi" : "kernel");
	js_set_int(record, "cpus", spec->cpus);
	js_set_int(record, "memory_bytes", spec->memory_bytes);
	js_set_int(record, "data_bytes", spec->data_bytes);
	js_set_int(record, "boot_timeout_ms", spec->boot_timeout_ms);
	lists_to_json(spec, record);
	AUTO_FREE char *text = js_pretty(record);
	return file_write(path, text, strlen(text), 0600);
}

static void read_lists(const struct json *record, struct machine_spec *spec)
{
	const struct json *run = js_get(record, "run");
	const struct json *mounts = js_get(record, "mounts");
	const struct json *ports = js_get(record, "ports");

	for (size_t i = 0; i < js_count(run); i++)
		if (js_as_text(js_at(run, i)))
			strs_add(&spec->run, js_as_text(js_at(run, i)));
	spec->mount_count = js_count(mounts);
	spec->mounts = mem_array(spec->mount_count, sizeof(*spec->mounts));
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct json *m = js_at(mounts, i);
		spec->mounts[i].host = mem_strdup(js_get_text(m, "host"));
		spec->mounts[i].guest = mem_strdup(js_get_text(m, "guest"));
		spec->mounts[i].writable = js_get_bool(m, "writable", false);
	}
	spec->port_count = js_count(ports);
	spec->ports = mem_array(spec->port_count, sizeof(*spec->ports));
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct json *p = js_at(ports, i);
		spec->ports[i].host_address = mem_strdup(js_get_text(p, "host_address"));
		spec->ports[i].host_port = (int)js_get_int(p, "host_port", 0);
		spec->ports[i].guest_port = (int)js_get_int(p, "guest_port", 0);
	}
}

static struct err *check(struct machine_spec *spec, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].required && !*text_at(spec, i))
			return err_new(ERR_CORRUPT, "'%s' names no %s", path, texts[i].name);
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!spec->mounts[i].host || !spec->mounts[i].guest)
			return err_new(ERR_CORRUPT, "'%s' has a mount without its folders", path);
	if ((spec->boot == BOOT_UEFI && !spec->firmware_code) || (spec->boot == BOOT_KERNEL && !spec->kernel) ||
	    (spec->kernel && !spec->initrd))
		return err_new(ERR_CORRUPT, "'%s' does not say what to boot", path);
	if (spec->cpus < 1 || spec->memory_bytes < 1)
		return err_new(ERR_CORRUPT, "'%s' has no processors or no memory", path);
	return NULL;
}

struct err *machine_record_read(const char *gen_dir, struct machine_spec *ret_spec)
{
	AUTO_FREE char *path = path_join(gen_dir, RECORD_FILE);
	AUTO_JSON *record = NULL;
	AUTO(machine_spec) spec = {.run = STRS_INIT};

	TRY(js_read(path, &record));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*text_at(&spec, i) = mem_strdup(js_get_text(record, texts[i].name));
	spec.boot = streq(js_get_text(record, "boot"), "uefi") ? BOOT_UEFI : BOOT_KERNEL;
	spec.cpus = (int)js_get_int(record, "cpus", 0);
	spec.memory_bytes = js_get_int(record, "memory_bytes", 0);
	spec.data_bytes = js_get_int(record, "data_bytes", 0);
	spec.boot_timeout_ms = js_get_int(record, "boot_timeout_ms", 0);
	spec.gen_dir = mem_strdup(gen_dir);
	spec.dir = path_dir(gen_dir);
	read_lists(record, &spec);
	TRY(check(&spec, path));
	*ret_spec = spec;
	spec = (struct machine_spec){.run = STRS_INIT};
	return NULL;
}
