#include "machine/links.h"

static const char *const keys[FORWARDS] = {[FORWARD_USER] = "api", [FORWARD_ROOT] = "root_api"};

void links_init(struct links *l, const struct machine_spec *spec, const char *program)
{
	for (int i = 0; i < FORWARDS; i++)
		forward_init(&l->forwards[i], spec, (enum forward_to)i);
	ports_init(&l->ports, program, spec);
	guest_clock_init(&l->clock, spec);
}

bool links_look(struct links *l, struct power *power, struct strs *warnings)
{
	for (int i = 0; i < FORWARDS; i++)
		forward_look(&l->forwards[i]);
	guest_clock_look(&l->clock, power->run.pause == VMM_GOES_ON);
	stack_ports_look(&l->stack_ports, power->run.spec, power);
	return ports_look(&l->ports, power, warnings);
}

void links_add(const struct links *l, struct json *line)
{
	for (int i = 0; i < FORWARDS; i++)
		if (forward_socket(&l->forwards[i]))
			js_set_text(line, keys[i], l->forwards[i].path);
}

void links_close(struct links *l)
{
	ports_close(&l->ports);
	stack_ports_close(&l->stack_ports);
	guest_clock_close(&l->clock);
	for (int i = 0; i < FORWARDS; i++)
		forward_close(&l->forwards[i]);
}

void links_done(struct links *l)
{
	ports_done(&l->ports);
	guest_clock_done(&l->clock);
	for (int i = 0; i < FORWARDS; i++)
		forward_done(&l->forwards[i]);
}
