#include "machine/record.h"

#include "base/path.h"
#include "fmt/json.h"

#define RECORD_FILE "machine.json"

struct err *machine_record_write(const struct machine_spec *spec)
{
	AUTO_FREE char *path = path_join(spec->gen_dir, RECORD_FILE);
	AUTO_JSON *record = machine_spec_to_json(spec);
	return js_write(path, record, 0600);
}

static struct err *check(const struct machine_spec *spec, const char *path)
{
	size_t count;
	const struct spec_field *fields = machine_spec_fields(&count);

	for (size_t i = 0; i < count; i++)
		if (fields[i].type == SPEC_NEEDED &&
		    !*(char *const *)(const void *)((const char *)spec + fields[i].offset))
			return err_new(ERR_CORRUPT, "'%s' names no %s", path, fields[i].name);
	if (!spec->guest_arch)
		return err_new(ERR_CORRUPT, "'%s' names no guest_arch", path);
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!spec->mounts[i].host || !spec->mounts[i].guest)
			return err_new(ERR_CORRUPT, "'%s' has a mount without its folders", path);
	if ((spec->boot == BOOT_UEFI && !spec->firmware_code) || (spec->boot == BOOT_KERNEL && !spec->kernel) ||
	    (spec->kernel && !spec->initrd))
		return err_new(ERR_CORRUPT, "'%s' has nothing to boot", path);
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
	machine_spec_from_json(record, &spec);
	spec.gen_dir = mem_strdup(gen_dir);
	spec.dir = path_dir(gen_dir);
	TRY(check(&spec, path));
	*ret_spec = spec;
	spec = (struct machine_spec){.run = STRS_INIT};
	return NULL;
}
