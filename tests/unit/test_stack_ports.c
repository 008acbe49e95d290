/* The stack's ports against those of containers, with a monitor that only counts. */
#include "harness.h"

#include <stdlib.h>

#include "machine/stack_ports.h"

enum { PORT = 18080 };

static int is_open; /* how often PORT was opened, less how often it was closed */
static bool is_deaf;

static bool forward(struct vmm_run *run UNUSED, const struct published_port *port, bool on)
{
	if (is_deaf)
		return false;
	if (port->port == PORT)
		is_open += on ? 1 : -1;
	return true;
}

struct fixture {
	struct machine_spec spec;
	struct vmm vmm;
	struct power power;
	struct stack_ports stack_ports;
	struct port_table table;
	char *dir;
};

/* A container's port is open. */
static void set_up(struct fixture *f)
{
	AUTO(published) list = {.count = 0};
	struct published_port port = {.protocol = PROTOCOL_TCP, .address = "127.0.0.1", .port = PORT, .reachable = true};
	static char name[] = "dev";

	*f = (struct fixture){.vmm = {.name = "monitor", .forward = forward}, .dir = test_dir()};
	f->spec = (struct machine_spec){.name = name, .gen_dir = f->dir};
	f->power.vmm = &f->vmm;
	f->power.run = (struct vmm_run){.spec = &f->spec, .control_fd = 0};
	published_add(&list, &port);
	port_table_want(&f->table, &list, &f->spec);
	port_table_set(&f->table.rows[0], PORT_OPEN, 0);
	is_open = 1;
	is_deaf = false;
}

static struct err *take(struct fixture *f)
{
	AUTO_JSON *ports = js_array();
	struct json *port = js_object();

	js_set_text(port, "host_address", "127.0.0.1");
	js_set_int(port, "host_port", PORT);
	js_set_int(port, "guest_port", 80);
	js_add(ports, port);
	return stack_ports_take(&f->stack_ports, &f->spec, &f->power, &f->table, ports);
}

static void tear_down(struct fixture *f)
{
	machine_spec_set_ports(&f->spec, NULL);
	free(f->spec.ports);
	port_table_done(&f->table);
	stack_ports_close(&f->stack_ports);
	free(f->dir);
}

static void a_containers_port_becomes_the_stacks(void **state UNUSED)
{
	struct fixture f;

	set_up(&f);
	assert_ok(take(&f));
	assert_int_equal(is_open, 1);
	assert_int_equal(f.table.rows[0].state, PORT_OF_STACK);
	assert_null(port_table_next(&f.table, 100000));
	tear_down(&f);
}

/* Whose end was seen, and not acted on yet: nobody closes it later, for then it is the stack's. */
static void one_that_goes_is_not_closed_twice(void **state UNUSED)
{
	struct fixture f;
	AUTO(published) none = {.count = 0};

	set_up(&f);
	port_table_want(&f.table, &none, &f.spec);
	assert_int_equal(f.table.count, 1);
	assert_ok(take(&f));
	assert_int_equal(is_open, 1);
	assert_int_equal(f.table.count, 0);
	tear_down(&f);
}

/* What it did not close stays as it was, and can be asked for again. */
static void a_deaf_monitor(void **state UNUSED)
{
	struct fixture f;

	set_up(&f);
	is_deaf = true;
	assert_fails(take(&f), ERR_GUEST, "did not close");
	assert_int_equal(f.spec.port_count, 0);
	assert_int_equal(f.table.rows[0].state, PORT_OPEN);
	is_deaf = false;
	assert_ok(take(&f));
	assert_int_equal(is_open, 1);
	assert_int_equal(f.spec.port_count, 1);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_containers_port_becomes_the_stacks),
		cmocka_unit_test(one_that_goes_is_not_closed_twice),
		cmocka_unit_test(a_deaf_monitor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
