#include "machine/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "machine/call.h"
#include "machine/keys.h"
#include "machine/paths.h"
#include "sys/file.h"
#include "sys/tick.h"

#define GENERATION_PREFIX "gen-"
#define BOOTED_FILE "booted"
#define CURRENT_FILE "current"
#define RECEIPT_FILE "generation.json"

enum { NUMBER_MAX = 1000000 };

void generation_done(struct generation *g)
{
	free(g->dir);
	free(g->key);
	free(g->base_disk);
	free(g->ssh_keys);
	*g = (struct generation){.number = 0};
}

static char *generation_dir(const char *machine_dir, int number)
{
	return mem_printf("%s/" GENERATION_PREFIX "%d", machine_dir, number);
}

int generation_number(const char *name)
{
	int64_t number;

	if (!str_starts(name, GENERATION_PREFIX) ||
	    !num_parse(name + strlen(GENERATION_PREFIX), 1, NUMBER_MAX, &number))
		return 0;
	return (int)number;
}

struct err *generation_booted(const char *gen_dir, bool *ret_booted)
{
	AUTO_FREE char *path = path_join(gen_dir, BOOTED_FILE);
	return file_exists(path, ret_booted);
}

struct err *generation_set_booted(const char *gen_dir)
{
	AUTO_FREE char *path = path_join(gen_dir, BOOTED_FILE);
	AUTO(str) text = STR_INIT;
	bool there = false;

	TRY(file_exists(path, &there));
	if (there)
		return NULL;
	str_add_utc(&text, tick_wall_ms());
	str_add_char(&text, '\n');
	return file_write(path, str_text(&text), text.len, 0600);
}

/* A `current` that says nothing is as good as none: the disks are there, and `up` decides anew. */
static struct err *current_number(const char *machine_dir, int *ret_number)
{
	AUTO_FREE char *path = path_join(machine_dir, CURRENT_FILE);
	AUTO_FREE char *text = NULL;
	int64_t number = 0;

	struct err *e = file_read(path, 64, &text, NULL);
	if (!e) {
		text[strcspn(text, "\n")] = '\0';
		if (!num_parse(text, 1, NUMBER_MAX, &number))
			number = 0;
	}
	*ret_number = (int)number;
	return err_is(e, ERR_OS) ? e : err_free(e);
}

struct err *generation_load(const char *machine_dir, int number, struct generation *ret_generation)
{
	AUTO(generation) g = {.number = number, .dir = generation_dir(machine_dir, number)};
	AUTO_FREE char *receipt_path = path_join(g.dir, RECEIPT_FILE);
	AUTO_JSON *receipt = NULL;

	bool there = false;

	TRY(dir_exists(g.dir, &there));
	if (!there)
		return err_new(ERR_ABSENT, "the machine '%s' has no generation %d", path_base(machine_dir), number);
	TRY(js_read(receipt_path, &receipt));
	g.key = mem_strdup(js_get_text(receipt, "key"));
	if (!g.key)
		return err_new(ERR_CORRUPT, "'%s' names no key", receipt_path);
	g.base_disk = mem_strdup(js_get_text(receipt, "base_disk"));
	g.ssh_keys = mem_strdup(js_get_text(receipt, "ssh_keys"));
	TRY(generation_booted(g.dir, &g.booted));
	int current = 0;
	TRY(current_number(machine_dir, &current));
	g.current = current == number;
	*ret_generation = g;
	g = (struct generation){.number = 0};
	return NULL;
}

/* A damaged generation counts as absent: it is replaced. One that could not be read is not damaged. */
static struct err *try_load(const char *machine_dir, int number, struct generation *ret_generation)
{
	struct err *e = generation_load(machine_dir, number, ret_generation);

	return err_is(e, ERR_OS) ? e : err_free(e);
}

struct err *generation_current(const char *machine_dir, struct generation *ret_generation)
{
	int number = 0;

	*ret_generation = (struct generation){.number = 0};
	TRY(current_number(machine_dir, &number));
	return number ? try_load(machine_dir, number, ret_generation) : NULL;
}

/* The newest generation below @below that @key (NULL = any) made, and that came up unless any may be it. */
static struct err *newest_below(const char *machine_dir, int below, const char *key, bool any,
				struct generation *ret_generation)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(generation) best = {.number = 0};

	TRY(dir_list(machine_dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO(generation) g = {.number = 0};
		int number = generation_number(names.items[i]);
		if (number <= best.number || number >= below)
			continue;
		TRY(try_load(machine_dir, number, &g));
		if (!g.number || (!g.booted && !any) || (key && !streq(g.key, key)))
			continue;
		generation_done(&best);
		best = g;
		g = (struct generation){.number = 0};
	}
	*ret_generation = best;
	best = (struct generation){.number = 0};
	return NULL;
}

struct err *generation_find(const char *machine_dir, const char *key, struct generation *ret_generation)
{
	AUTO(generation) current = {.number = 0};

	TRY(generation_current(machine_dir, &current));
	if (!current.number || !current.booted || !streq(current.key, key))
		return newest_below(machine_dir, NUMBER_MAX, key, /* any= */ false, ret_generation);
	*ret_generation = current;
	current = (struct generation){.number = 0};
	return NULL;
}

struct err *generation_made(const char *machine_dir, const char *key, struct generation *ret_generation)
{
	TRY(generation_find(machine_dir, key, ret_generation));
	return ret_generation->number ? NULL
				      : newest_below(machine_dir, NUMBER_MAX, key, /* any= */ true, ret_generation);
}

struct err *generation_newest(const char *machine_dir, struct generation *ret_generation)
{
	return newest_below(machine_dir, NUMBER_MAX, NULL, /* any= */ false, ret_generation);
}

struct err *generation_previous(const char *machine_dir, struct generation *ret_generation)
{
	int current = 0;

	*ret_generation = (struct generation){.number = 0};
	TRY(current_number(machine_dir, &current));
	return current ? newest_below(machine_dir, current, NULL, /* any= */ false, ret_generation) : NULL;
}

/* The temporary name starts with a dot and so is no generation; whatever has it is left over. */
static struct err *remove_unfinished(const char *machine_dir, int *ret_next)
{
	AUTO(strs) names = STRS_INIT;
	int current = 0;

	TRY(current_number(machine_dir, &current));
	int last = current;
	TRY(dir_list(machine_dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(machine_dir, names.items[i]);
		int number = generation_number(names.items[i]);
		bool booted = true;
		if (number && number != current)
			TRY(generation_booted(path, &booted));
		if (str_starts(names.items[i], "." GENERATION_PREFIX) || str_starts(names.items[i], TREE_GONE) ||
		    !booted) {
			TRY(tree_retract(path));
			continue;
		}
		if (number > last)
			last = number;
	}
	*ret_next = last + 1;
	return NULL;
}

static struct err *write_receipt(const struct generation_input *input, const char *dir, int number)
{
	AUTO_FREE char *path = path_join(dir, RECEIPT_FILE);
	AUTO_JSON *receipt = js_object();
	char keys[SHA256_HEX];

	TRY(keys_digest(input->spec->dir, keys));
	js_set_int(receipt, "generation", number);
	js_set_text(receipt, "key", input->key);
	js_set_text(receipt, "base_disk", input->spec->base_disk);
	js_set_text(receipt, "ssh_keys", keys);
	js_set_now(receipt, "made");
	return js_write(path, receipt, 0600);
}

static struct err *fill(const struct generation_input *input, const char *dir, int number)
{
	const struct machine_spec *spec = input->spec;
	AUTO_FREE char *disk = path_join(dir, "os.qcow2");
	AUTO_FREE char *ignition = path_join(dir, "config.ign");
	AUTO_FREE char *firmware = path_join(dir, "flash-vars.fd");

	TRY(dir_make(dir, 0700));
	bool there = false;
	TRY(file_exists(spec->base_disk, &there));
	if (!there)
		return err_new(ERR_ABSENT, "the image's disk '%s' does not exist", spec->base_disk);
	TRY(input->vmm->disk_create(spec, disk, /* bytes= */ 0, spec->base_disk));
	TRY(file_write(ignition, input->ignition, strlen(input->ignition), 0600));
	if (spec->boot == BOOT_UEFI)
		TRY(input->vmm->firmware_create(spec, firmware));
	TRY(write_receipt(input, dir, number));
	return NULL;
}

struct err *generation_make(const struct generation_input *input, struct generation *ret_generation)
{
	const char *machine_dir = input->spec->dir;
	int number = 0;

	TRY(machine_check_stopped(machine_dir));
	TRY(dir_make(machine_dir, 0700));
	TRY(remove_unfinished(machine_dir, &number));
	AUTO_FREE char *temp = mem_printf("%s/." GENERATION_PREFIX "%d", machine_dir, number);
	AUTO_FREE char *dir = generation_dir(machine_dir, number);
	struct err *e = fill(input, temp, number);
	if (!e)
		e = tree_publish(temp, dir);
	if (e) {
		err_free(tree_remove(temp));
		return err_wrap(e, "cannot make the OS disk of machine '%s'", path_base(machine_dir));
	}
	return generation_load(machine_dir, number, ret_generation);
}

struct err *generation_switch(const char *machine_dir, int number)
{
	AUTO(generation) g = {.number = 0};
	AUTO_FREE char *path = path_join(machine_dir, CURRENT_FILE);
	AUTO_FREE char *text = mem_printf("%d\n", number);

	TRY(generation_load(machine_dir, number, &g));
	return g.current ? NULL : file_write(path, text, strlen(text), 0600);
}

struct err *generation_prune(const char *machine_dir)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(generation) previous = {.number = 0};
	int current = 0;

	TRY(current_number(machine_dir, &current));
	if (!current)
		return NULL;
	TRY(generation_previous(machine_dir, &previous));
	TRY(dir_list(machine_dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(machine_dir, names.items[i]);
		int number = generation_number(names.items[i]);
		if (number && number != current && number != previous.number)
			TRY(tree_retract(path));
	}
	return NULL;
}

/* Firmware that lost its variables finds the disk by its usual name: they are made anew. */
struct err *generation_firmware(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_FLASH_VARS);
	AUTO_FREE char *fresh = mem_printf("%s.new", path);

	if (spec->boot != BOOT_UEFI)
		return NULL;
	TRY(file_remove(fresh));
	TRY(vmm->firmware_create(spec, fresh));
	int64_t has = 0, wants = 0;
	TRY(file_size(fresh, &wants));
	TRY(file_size(path, &has));
	return has == wants ? file_remove(fresh) : tree_publish(fresh, path);
}

/* Of a machine from before its receipt named the keys nothing is known. */
struct err *generation_check(const struct generation *g, const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *path = path_join(g->dir, "os.qcow2");
	char keys[SHA256_HEX];

	struct err *e = vmm->disk_check(spec, path, g->base_disk);
	if (!e)
		e = keys_digest(spec->dir, keys);
	if (!e && g->ssh_keys && !streq(g->ssh_keys, keys))
		e = err_new(ERR_CORRUPT, "its ssh keys are lost or were changed");
	if (!e)
		return NULL;
	return err_hint(err_wrap(e, "generation %d of machine '%s' cannot be used", g->number, path_base(spec->dir)),
			"`cooper up` makes a new OS disk; homes and containers stay");
}
