/* Which of the wanted ports are to be opened and closed, in which order, and what is said of the others. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "machine/port_table.h"

static struct published_port tcp(const char *address, const char *inside, int port, const char *container)
{
	struct published_port p = {.protocol = PROTOCOL_TCP, .port = port, .reachable = true};

	snprintf(p.address, sizeof(p.address), "%s", address);
	snprintf(p.inside, sizeof(p.inside), "%s", inside);
	snprintf(p.container, sizeof(p.container), "%s", container);
	return p;
}

static void want(struct port_table *t, const struct machine_spec *spec, size_t count,
		 const struct published_port *ports)
{
	AUTO(published) list = {.count = 0};
	static const struct machine_spec none = {.name = NULL};

	for (size_t i = 0; i < count; i++)
		published_add(&list, &ports[i]);
	port_table_want(t, &list, spec ? spec : &none);
}

static void opened_and_closed(void **state UNUSED)
{
	AUTO(port_table) t = {.count = 0};
	struct published_port ports[] = {tcp("127.0.0.1", "", 80, "a"), tcp("127.0.0.1", "", 81, "b")};

	want(&t, NULL, 2, ports);
	for (int i = 0; i < 2; i++) {
		struct port_row *row = port_table_next(&t, 0);
		assert_non_null(row);
		assert_int_equal(row->port.port, 80 + i);
		assert_true(row->wanted);
		port_table_set(row, PORT_OPEN, 0);
	}
	assert_null(port_table_next(&t, 0));
	want(&t, NULL, 2, ports); /* said again: nothing to do */
	assert_null(port_table_next(&t, 0));
	want(&t, NULL, 1, &ports[1]);
	struct port_row *row = port_table_next(&t, 0);
	assert_int_equal(row->port.port, 80);
	assert_false(row->wanted);
	port_table_closed(&t, row);
	assert_null(port_table_next(&t, 0));
	assert_int_equal(t.count, 1);
}

/* One that never was on the host is gone at once. */
static void never_opened(void **state UNUSED)
{
	AUTO(port_table) t = {.count = 0};
	struct published_port port = tcp("127.0.0.1", "", 80, "a");

	want(&t, NULL, 1, &port);
	port_table_set(port_table_next(&t, 0), PORT_TAKEN, 0);
	want(&t, NULL, 0, NULL);
	assert_int_equal(t.count, 0);
	/* but where the monitor may have opened it */
	want(&t, NULL, 1, &port);
	port_table_set(port_table_next(&t, 0), PORT_FAILED, 0);
	want(&t, NULL, 0, NULL);
	assert_int_equal(t.count, 1);
	assert_false(port_table_next(&t, 5000)->wanted);
}

/* The same port of the host by another way: first closed, then opened. */
static void changes_hands(void **state UNUSED)
{
	AUTO(port_table) t = {.count = 0};
	struct published_port outside = tcp("127.0.0.1", "", 80, "a"), inside = tcp("127.0.0.1", "127.0.0.1", 80, "b");

	want(&t, NULL, 1, &outside);
	port_table_set(port_table_next(&t, 0), PORT_OPEN, 0);
	want(&t, NULL, 1, &inside);
	struct port_row *row = port_table_next(&t, 5000);
	assert_false(row->wanted);
	port_table_closed(&t, row);
	row = port_table_next(&t, 5000);
	assert_true(row->wanted);
	assert_string_equal(row->port.inside, "127.0.0.1");
	/* of another container, otherwise the same: nothing to do */
	port_table_set(row, PORT_OPEN, 0);
	snprintf(inside.container, sizeof(inside.container), "c");
	want(&t, NULL, 1, &inside);
	assert_null(port_table_next(&t, 5000));
	assert_string_equal(t.rows[0].port.container, "c");
}

static void tried_again(void **state UNUSED)
{
	AUTO(port_table) t = {.count = 0};
	struct published_port port = tcp("127.0.0.1", "", 80, "web");

	want(&t, NULL, 1, &port);
	struct port_row *row = port_table_next(&t, 100);
	port_table_set(row, PORT_TAKEN, 100);
	row->told = true;
	assert_null(port_table_next(&t, 1000));
	row = port_table_next(&t, 1100);
	port_table_set(row, PORT_TAKEN, 1100);
	assert_true(row->told);
	port_table_set(row, PORT_OPEN, 2100);
	assert_false(row->told); /* the next time it is news again */
	assert_null(port_table_next(&t, 9000));
}

static void of_the_stack(void **state UNUSED)
{
	struct port of_stack[] = {
		{.host_port = 80, .guest_port = 80},
		{.host_address = (char *)(uintptr_t) "0.0.0.0", .host_port = 81, .guest_port = 8081},
		{.host_address = (char *)(uintptr_t) "192.168.1.1", .host_port = 82, .guest_port = 82}};
	struct machine_spec spec = {.ports = of_stack, .port_count = ARRAY_LEN(of_stack)};
	struct published_port ports[] = {tcp("127.0.0.1", "", 80, "a"), tcp("127.0.0.1", "", 81, "a"),
					 tcp("127.0.0.1", "", 82, "a"), tcp("127.0.0.2", "127.0.0.2", 80, "a"),
					 tcp("127.0.0.1", "", 80, "a")};
	static const enum port_state expected[] = {PORT_OF_STACK, PORT_OF_STACK, PORT_WAITING, PORT_WAITING,
						   PORT_WAITING};
	AUTO(port_table) t = {.count = 0};

	ports[4].protocol = PROTOCOL_UDP; /* the stack's are TCP */
	want(&t, &spec, ARRAY_LEN(ports), ports);
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		assert_int_equal(t.rows[i].state, expected[i]);
	assert_int_equal(port_table_next(&t, 0)->port.port, 82);
}

static void said(void **state UNUSED)
{
	static const struct {
		enum port_state state;
		const char *holder, *text;
	} cases[] = {
		{PORT_WAITING, "", NULL},
		{PORT_OPEN, "", NULL},
		{PORT_OF_STACK, "", NULL},
		{PORT_TAKEN, "", "tcp port 80 of container 'web' is not on 127.0.0.1: another program listens there"},
		{PORT_TAKEN, "python3 (process 7)",
		 "tcp port 80 of container 'web' is not on 127.0.0.1: python3 (process 7) listens there"},
		{PORT_DENIED, "", "may not listen"},
		{PORT_ABSENT, "", "no such address"},
		{PORT_FAILED, "", "monitor"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct port_row row = {.port = tcp("127.0.0.1", "", 80, "web"), .state = cases[i].state};
		snprintf(row.holder, sizeof(row.holder), "%s", cases[i].holder);
		AUTO_FREE char *text = port_row_text(&row);
		if (cases[i].text)
			assert_non_null(strstr(text, cases[i].text));
		else
			assert_null(text);
	}
	struct port_row far = {.port = tcp("::1", "", 80, "web"), .state = PORT_UNREACHABLE};
	far.port.reachable = false;
	AUTO_FREE char *text = port_row_text(&far);
	assert_string_equal(text, "tcp port 80 of container 'web' is not on this host: the guest's address "
				  "'::1' cannot be forwarded to");
}

static void shown(void **state UNUSED)
{
	AUTO(port_table) t = {.count = 0};
	struct published_port ports[] = {tcp("127.0.0.1", "", 80, "a"), tcp("127.0.0.1", "", 81, "b")};

	want(&t, NULL, 2, ports);
	port_table_set(port_table_next(&t, 0), PORT_OPEN, 0);
	t.beyond = 2;
	AUTO_JSON *json = port_table_json(&t);
	AUTO_FREE char *text = js_canonical(json);
	assert_string_equal(
		text,
		"{\"beyond\":2,\"ports\":[{\"address\":\"127.0.0.1\",\"container\":\"a\",\"port\":80,\"protocol\":"
		"\"tcp\",\"state\":\"open\"},{\"address\":\"127.0.0.1\",\"container\":\"b\",\"port\":81,"
		"\"protocol\":\"tcp\",\"state\":\"waiting\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opened_and_closed),
		cmocka_unit_test(never_opened),
		cmocka_unit_test(changes_hands),
		cmocka_unit_test(tried_again),
		cmocka_unit_test(of_the_stack),
		cmocka_unit_test(said),
		cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
