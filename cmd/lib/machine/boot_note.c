#include "machine/boot_note.h"

#include "base/path.h"
#include "machine/disk.h"
#include "sys/os.h"

#define NOTE_FILE "boot.json"

static struct err *write_note(const struct machine_spec *spec, const struct json *note)
{
	AUTO_FREE char *path = path_join(spec->dir, NOTE_FILE);
	return js_write(path, note, 0600);
}

struct err *boot_note_begin(const struct machine_spec *spec)
{
	AUTO_JSON *note = js_object();

	if (spec->boot_key)
		js_set_text(note, "key", spec->boot_key);
	return write_note(spec, note);
}

struct err *boot_note_ready(const struct machine_spec *spec, const struct machine_start *start)
{
	AUTO_JSON *note = js_object();
	uint64_t random = 0;

	os_random(&random, sizeof(random));
	AUTO_FREE char *instance = mem_printf("%016llx", (unsigned long long)random);
	AUTO_FREE char *port = mem_printf("%d", start->ssh_port);
	if (spec->boot_key)
		js_set_text(note, "key", spec->boot_key);
	js_set_text(note, "instance", instance);
	js_set_text(note, "ssh_port", port);
	js_set_text(note, "accel", accel_words[start->accel]);
	js_set_int(note, "generation", generation_number(path_base(spec->gen_dir)));
	return write_note(spec, note);
}

struct err *machine_boot_read(const char *machine_dir, struct json **ret_note)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	struct json *note = NULL;
	struct err *e = js_read(path, &note);

	if (err_is(e, ERR_OS))
		return e;
	err_free(e); /* gone or damaged: the machine is booted anew */
	bool is_note = js_is_object(note);
	*ret_note = is_note ? note : js_object();
	if (!is_note)
		js_free(note);
	return NULL;
}
