#include "guest/os.h"

#include "base/quote.h"
#include "recipe/guest_oses.h"
#include "recipe/problems.h"

#define DECLARED(name, symbol) extern const struct guest_os guest_os_##symbol;
#define LISTED(name, symbol) &guest_os_##symbol,
GUEST_OSES(DECLARED)
static const struct guest_os *const oses[] = {GUEST_OSES(LISTED)};

const struct guest_os *guest_os_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(oses); i++)
		if (streq(oses[i]->name, name))
			return oses[i];
	return NULL;
}

char *guest_packages_quoted(const struct strs *packages)
{
	AUTO(str) s = STR_INIT;

	for (size_t i = 0; i < packages->count; i++) {
		str_add_char(&s, ' ');
		quote_word(&s, packages->items[i]);
	}
	return str_take(&s);
}

/* --- what recipes ask of it --- */

static void check_image(struct problems *problems, const struct guest_os *os, const struct recipe *image)
{
	if (image->image.channel && !os->channel)
		problem_add(problems, yaml_get(image->document, "channel"), "leave it out, or correct 'os'",
			    "what 'channel' leads to is not %s, as 'os' says", os->title);
	/* what else the guest needs may come as a dependency; nothing depends on this */
	if (image->image.debian_suite && !strs_has(&image->image.packages, "ignition"))
		problem_add(problems, yaml_key(yaml_get(image->document, "debian"), "packages"), "add it to the list",
			    "'packages' lacks 'ignition', which the guest needs");
}

/* A downloaded Debian may have it; of packages, each that is python3's or for it brings it. */
static bool may_have_python3(const struct recipe *image, const struct guest_os *os)
{
	bool may = !image->image.debian_suite && !os->immutable;

	for (size_t i = 0; i < image->image.packages.count; i++)
		may = may || str_starts(image->image.packages.items[i], "python3");
	return may;
}

static void check_script(struct problems *problems, const struct recipe *image, bool python3,
			 const struct command *command, const struct yaml_node *map)
{
	if (!python3 && streq(command->interpreter, "python3"))
		problem_add(problems, yaml_get(map, "interpreter"), "add a step before: 'packages: [python3]'",
			    "the image '%s' has no python3", image->name);
}

static void check_write(struct problems *problems, const struct guest_os *os, const struct guest_step *step, bool can)
{
	can = can || !os->immutable || !step->write_path;
	for (const char *const *p = (const char *const[]){"/etc/", "/var/", "/run/", "/tmp/", NULL}; !can && *p; p++)
		can = str_starts(step->write_path, *p);
	for (const struct guest_place *p = os->places; !can && p->from; p++)
		can = str_starts(step->write_path, p->from);
	if (!can)
		problem_add(problems, yaml_get(yaml_get(step->mark.node, "write"), "path"),
			    "write below /etc, /var or /usr/local", "'%s' cannot be written: %s's root is read-only",
			    step->write_path, os->title);
}

struct err *guest_os_check(const struct recipe *stack, const struct recipe *image)
{
	const struct guest_os *os = guest_os_find(image->image.os);
	struct problems problems = {.arena = image->arena};
	bool python3 = may_have_python3(image, os), ran = false;

	check_image(&problems, os, image);
	TRY(problems_error(&problems, image->path));
	for (size_t i = 0; stack && i < stack->stack.step_count; i++) {
		const struct guest_step *step = &stack->stack.steps[i];
		check_write(&problems, os, step, ran);
		check_script(&problems, image, python3 || ran, &step->unless, step->unless.mark.node);
		check_script(&problems, image, python3 || ran, &step->run, step->mark.node);
		/* what a program does is not known: it may install python3, or make the root writable */
		ran = ran || ((step->run.script || step->run.argv.count) && !streq(step->run.interpreter, "python3"));
		python3 = python3 || step->packages.count; /* which may depend on it */
		check_script(&problems, image, python3 || ran, &step->then, step->then.mark.node);
		ran = ran ||
		      ((step->then.script || step->then.argv.count) && !streq(step->then.interpreter, "python3"));
	}
	return stack ? problems_error(&problems, stack->path) : NULL;
}
