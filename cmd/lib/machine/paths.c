#include "machine/paths.h"

#include "base/path.h"
#include "recipe/texts.h"
#include "sys/file.h"
#include "sys/sock.h"

static const struct {
	const char *name;
	bool of_generation;
} files[] = {
	[MACHINE_MONITOR_SOCKET] = {"qmp.sock", false},   [MACHINE_READY_SOCKET] = {"ready.sock", false},
	[MACHINE_API_SOCKET] = {"api.sock", false},       [MACHINE_ROOT_SOCKET] = {"root.sock", false},
	[MACHINE_API_LOG] = {"log/api.log", false},       [MACHINE_DATA_DISK] = {"data.qcow2", false},
	[MACHINE_SERIAL_LOG] = {"log/serial.log", false}, [MACHINE_MONITOR_LOG] = {"log/qemu.log", false},
	[MACHINE_OS_DISK] = {"os.qcow2", true},           [MACHINE_FLASH_VARS] = {"flash-vars.fd", true},
	[MACHINE_IGNITION] = {"config.ign", true},
};

char *machine_path(const struct machine_spec *spec, enum machine_file file)
{
	return path_join(files[file].of_generation ? spec->gen_dir : spec->dir, files[file].name);
}

struct err *machine_paths_check(const struct machine_spec *spec)
{
	static const enum machine_file sockets[] = {MACHINE_MONITOR_SOCKET, MACHINE_READY_SOCKET, MACHINE_API_SOCKET,
						    MACHINE_ROOT_SOCKET};

	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		AUTO_FREE char *path = machine_path(spec, sockets[i]);
		TRY(sock_check_path(path));
	}
	return NULL;
}

struct err *machine_check_new(const char *machines, const char *name)
{
	AUTO(str) why = STR_INIT;
	bool there = false;

	if (!text_check(TEXT_MACHINE, name, &why))
		return err_new(ERR_USAGE, "'%s' cannot be the name of a machine: it %s", name, str_text(&why));
	AUTO_FREE char *dir = path_join(machines, name);
	TRY(file_lstat(dir, &there, NULL));
	if (there)
		return err_hint(err_new(ERR_USAGE, "there is a machine '%s' already", name),
				"choose another name, or remove it: `cooper destroy %s`", name);
	return machine_paths_check(&(struct machine_spec){.dir = dir});
}
