/* What a guest says of its containers' ports: taken where it makes sense, bounded, escaped. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/published.h"

static struct published read_list(const char *text)
{
	struct published list = {.count = 0};

	assert_ok(published_read(text, strlen(text), &list));
	return list;
}

/* As podman 5 has it. */
static void usual(void **state UNUSED)
{
	AUTO(published)
	list = read_list(
		"[{\"Id\":\"0123456789abcdef\",\"Names\":[\"web\"],\"State\":\"running\",\"Ports\":["
		"{\"host_ip\":\"\",\"container_port\":80,\"host_port\":8080,\"range\":1,\"protocol\":\"tcp\"},"
		"{\"host_ip\":\"127.0.0.1\",\"container_port\":53,\"host_port\":5353,\"range\":1,\"protocol\":\"udp\"},"
		"{\"host_ip\":\"0.0.0.0\",\"container_port\":90,\"host_port\":9000,\"range\":3,\"protocol\":\"tcp\"}]},"
		"{\"Id\":\"fedcba9876543210\",\"Names\":[],\"Ports\":["
		"{\"host_ip\":\"127.0.0.2\",\"host_port\":8080,\"range\":1,\"protocol\":\"tcp\"}]},"
		"{\"Id\":\"x\",\"Names\":[\"none\"],\"Ports\":null}]");

	assert_int_equal(list.count, 6);
	assert_string_equal(list.items[0].address, "127.0.0.1");
	assert_string_equal(list.items[0].inside, "");
	assert_int_equal(list.items[0].port, 8080);
	assert_string_equal(list.items[0].container, "web");
	assert_true(list.items[0].reachable);
	assert_int_equal(list.items[1].protocol, PROTOCOL_UDP);
	assert_string_equal(list.items[1].inside, "127.0.0.1");
	for (int i = 0; i < 3; i++)
		assert_int_equal(list.items[2 + i].port, 9000 + i);
	assert_string_equal(list.items[5].address, "127.0.0.2");
	assert_string_equal(list.items[5].inside, "127.0.0.2");
	assert_string_equal(list.items[5].container, "fedcba987654");
}

/* Each address that may be asked for, and where the port is then. */
static void addresses(void **state UNUSED)
{
	static const struct {
		const char *asked, *address, *inside;
		bool reachable;
	} cases[] = {
		{"", "127.0.0.1", "", true},
		{"0.0.0.0", "127.0.0.1", "", true},
		{"::", "127.0.0.1", "", true},
		{"10.0.2.15", "127.0.0.1", "", true},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1", true},
		{"127.255.0.9", "127.255.0.9", "127.255.0.9", true},
		{"::1", "::1", "", false},
		{"192.168.1.5", "192.168.1.5", "", false},
		{"1.2.3.4.5", "1.2.3.4.5", "", false},
		{"127.0.0.1,hostfwd=tcp::1", "127.0.0.1,hostfwd=tcp::1", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = mem_printf("[{\"Names\":[\"a\"],\"Ports\":[{\"host_ip\":\"%s\",\"host_port\":80,"
						  "\"protocol\":\"tcp\"}]}]",
						  cases[i].asked);
		AUTO(published) list = read_list(text);
		assert_int_equal(list.count, 1);
		assert_string_equal(list.items[0].address, cases[i].address);
		assert_string_equal(list.items[0].inside, cases[i].inside);
		assert_int_equal(list.items[0].reachable, cases[i].reachable);
	}
}

static void of_one_port_the_first_counts(void **state UNUSED)
{
	AUTO(published)
	list = read_list(
		"[{\"Names\":[\"a\"],\"Ports\":[{\"host_port\":80,\"protocol\":\"tcp\"}]},"
		"{\"Names\":[\"b\"],\"Ports\":[{\"host_port\":80,\"protocol\":\"tcp\",\"host_ip\":\"0.0.0.0\"},"
		"{\"host_port\":80,\"protocol\":\"udp\"}]}]");

	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].container, "a");
	assert_int_equal(list.items[1].protocol, PROTOCOL_UDP);
}

static void nonsense(void **state UNUSED)
{
	static const char *const none[] = {
		"[]",
		"[1,null,\"x\",[]]",
		"[{}]",
		"[{\"Ports\":{}}]",
		"[{\"Ports\":[1,null,{}]}]",
		"[{\"Ports\":[{\"host_port\":0}]}]",
		"[{\"Ports\":[{\"host_port\":65536}]}]",
		"[{\"Ports\":[{\"host_port\":-1}]}]",
		"[{\"Ports\":[{\"host_port\":\"80\"}]}]",
		"[{\"Ports\":[{\"host_port\":80.5}]}]",
		"[{\"Ports\":[{\"host_port\":65535,\"range\":2}]}]",
		"[{\"Ports\":[{\"host_port\":1,\"range\":9223372036854775807}]}]",
	};
	static const char *const bad[] = {"", "{", "{}", "null", "[", "[1,]", "{\"cause\":\"x\"}"};
	struct published list = {.count = 0};

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		AUTO(published) empty = read_list(none[i]);
		assert_int_equal(empty.count, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_fails(published_read(bad[i], strlen(bad[i]), &list), ERR_CORRUPT, "");
	assert_int_equal(list.count, 0);
}

/* No list makes much work or much memory; what is left out is counted. */
static void bounded(void **state UNUSED)
{
	AUTO(str) text = STR_INIT;

	str_add(&text, "[{\"Names\":[\"a\"],\"Ports\":[");
	for (int i = 0; i < 20000; i++)
		str_addf(&text, "%s{\"host_port\":1,\"range\":65535,\"protocol\":\"%s\"}", i ? "," : "",
			 i % 2 ? "tcp" : "udp");
	str_add(&text, "]}]");
	AUTO(published) list = read_list(str_text(&text));
	assert_int_equal(list.count, PUBLISHED_MAX);
	assert_true(list.beyond > 60000);
	AUTO_FREE char *line = published_line(&list);
	assert_true(strlen(line) < PUBLISHED_LINE_MAX);
}

static void names_are_escaped(void **state UNUSED)
{
	AUTO(str) text = STR_INIT;

	str_add(&text, "[{\"Names\":[\"\\u001b[31m\\n\"],\"Ports\":[{\"host_port\":1}]},{\"Names\":[\"");
	for (int i = 0; i < 3000; i++)
		str_add(&text, "\xc3\xa9"); /* cut within no character */
	str_add(&text, "\"],\"Ports\":[{\"host_port\":2}]}]");
	AUTO(published) list = read_list(str_text(&text));
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].container, "\\x1b[31m\\x0a");
	AUTO_FREE char *line = published_line(&list);
	AUTO(published) back = {.count = 0};
	assert_ok(published_parse(line, &back));
	assert_string_equal(back.items[1].container, list.items[1].container);
}

static void there_and_back(void **state UNUSED)
{
	AUTO(published)
	list = read_list(
		"[{\"Names\":[\"a\"],\"Ports\":[{\"host_port\":80,\"protocol\":\"udp\",\"host_ip\":\"127.0.0.7\"},"
		"{\"host_port\":81,\"protocol\":\"sctp\"}]}]");
	list.beyond = 3;
	AUTO_FREE char *line = published_line(&list);
	AUTO(published) back = {.count = 0};

	assert_null(strchr(line, '\n'));
	assert_ok(published_parse(line, &back));
	assert_int_equal(back.count, 2);
	assert_int_equal(back.beyond, 3);
	assert_true(published_same(&back.items[0], &list.items[0]));
	assert_string_equal(back.items[0].inside, "127.0.0.7");
	assert_int_equal(back.items[1].protocol, PROTOCOL_OTHER);
	assert_false(back.items[1].reachable);
	assert_fails(published_parse("{\"ports\":[{\"port\":99999}]}", &back), ERR_CORRUPT,
		     "an entry that is not a port");
	assert_fails(published_parse("nonsense", &back), ERR_CORRUPT, "JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual),
		cmocka_unit_test(addresses),
		cmocka_unit_test(of_one_port_the_first_counts),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(bounded),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
