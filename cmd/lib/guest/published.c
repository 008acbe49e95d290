#include "guest/published.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

/* Of the guest in the network that the monitor makes for it. */
#define GUEST_ADDRESS "10.0.2.15"

enum {
	LOOKED_AT_MAX = 16 * PUBLISHED_MAX, /* of one list, double ones included */
	ID_SHOWN = 12,
	PORT_MAX = 65535,
};

static const char *const protocol_names[] = {
	[PROTOCOL_TCP] = "tcp", [PROTOCOL_UDP] = "udp", [PROTOCOL_OTHER] = "other"};

void published_done(struct published *list)
{
	free(list->items);
	*list = (struct published){.items = NULL};
}

const char *protocol_name(enum protocol protocol)
{
	return protocol_names[protocol];
}

static enum protocol protocol_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(protocol_names); i++)
		if (streq(name, protocol_names[i]))
			return (enum protocol)i;
	return PROTOCOL_OTHER;
}

bool published_same(const struct published_port *a, const struct published_port *b)
{
	return a->port == b->port && a->protocol == b->protocol && streq(a->address, b->address);
}

void published_add(struct published *list, const struct published_port *port)
{
	for (size_t i = 0; i < list->count; i++)
		if (published_same(&list->items[i], port))
			return;
	if (list->count == PUBLISHED_MAX) {
		list->beyond++;
		return;
	}
	if (list->count % 64 == 0)
		list->items = mem_resize(list->items, (list->count + 64) * sizeof(list->items[0]));
	list->items[list->count++] = *port;
}

/* Foreign text into a field: escaped, and as much of it as has room, in whole characters. */
static void show(char *to, size_t size, const char *text)
{
	AUTO_FREE char *shown = str_escape_short(text);
	size_t whole = strlen(shown), taken = 0;
	int32_t point = 0;

	while (taken < whole) {
		size_t next = utf8_next(shown + taken, whole - taken, &point);
		if (taken + next >= size)
			break;
		taken += next;
	}
	snprintf(to, size, "%.*s", (int)taken, shown);
}

/* Where the guest listens there, and where the host shall. */
static void place(struct published_port *p, const char *asked)
{
	static const char *const all[] = {"", "0.0.0.0", "::", GUEST_ADDRESS};
	struct in_addr v4;

	show(p->address, sizeof(p->address), asked);
	p->reachable = p->protocol != PROTOCOL_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (streq(asked, all[i])) {
			snprintf(p->address, sizeof(p->address), "127.0.0.1");
			return;
		}
	}
	if (inet_pton(AF_INET, asked, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127)
		inet_ntop(AF_INET, &v4, p->inside, sizeof(p->inside));
	else
		p->reachable = false;
}

/* *looked_at: how many ports of the whole list were seen so far */
static void read_mapping(const struct json *mapping, const char *name, struct published *list, int *looked_at)
{
	const char *address = js_get_text(mapping, "host_ip");
	const char *protocol = js_get_text(mapping, "protocol");
	int64_t first = js_get_int(mapping, "host_port", 0);
	int64_t count = js_get_int(mapping, "range", 1);
	struct published_port port = {.protocol = protocol_of(protocol ? protocol : "tcp")};

	count = count < 1 ? 1 : count;
	if (first < 1 || first > PORT_MAX || count > PORT_MAX + 1 - first)
		return;
	place(&port, address ? address : "");
	show(port.container, sizeof(port.container), name);
	for (int64_t i = 0; i < count; i++) {
		if ((*looked_at)++ >= LOOKED_AT_MAX) {
			list->beyond += (size_t)(count - i);
			return;
		}
		port.port = (int)(first + i);
		published_add(list, &port);
	}
}

static void read_container(const struct json *container, struct published *list, int *looked_at)
{
	const char *name = js_as_text(js_at(js_get(container, "Names"), 0));
	const char *id = js_get_text(container, "Id");
	AUTO_FREE char *short_id = id ? mem_strndup(id, strnlen(id, ID_SHOWN)) : mem_strdup("?");
	const struct json *ports = js_get(container, "Ports");

	for (size_t i = 0; js_is_array(ports) && i < js_count(ports) && *looked_at <= LOOKED_AT_MAX; i++)
		read_mapping(js_at(ports, i), name ? name : short_id, list, looked_at);
}

struct err *published_read(const char *text, size_t size, struct published *list)
{
	AUTO_JSON *root = NULL;
	int looked_at = 0;

	TRY(js_parse(text, size, "podman's list of containers", &root));
	if (!js_is_array(root))
		return err_new(ERR_CORRUPT, "podman's list of containers is not a list");
	for (size_t i = 0; i < js_count(root); i++)
		read_container(js_at(root, i), list, &looked_at);
	return NULL;
}

struct json *published_json(const struct published_port *port)
{
	struct json *out = js_object();

	js_set_text(out, "protocol", protocol_name(port->protocol));
	js_set_text(out, "address", port->address);
	js_set_int(out, "port", port->port);
	js_set_text(out, "container", port->container);
	return out;
}

char *published_line(const struct published *list)
{
	AUTO_JSON *line = js_object();
	struct json *ports = js_array();

	for (size_t i = 0; i < list->count; i++) {
		struct json *port = published_json(&list->items[i]);
		js_set_text(port, "inside", list->items[i].inside);
		js_set_bool(port, "reachable", list->items[i].reachable);
		js_add(ports, port);
	}
	js_set(line, "ports", ports);
	js_set_int(line, "beyond", (int64_t)list->beyond);
	return js_line(line);
}

static bool copy(const struct json *from, const char *key, char *to, size_t size)
{
	const char *text = js_get_text(from, key);

	if (!text || strlen(text) >= size)
		return false;
	snprintf(to, size, "%s", text);
	return true;
}

struct err *published_parse(const char *line, struct published *list)
{
	AUTO_JSON *root = NULL;

	TRY(js_parse(line, strlen(line), "the list of ports", &root));
	const struct json *ports = js_get(root, "ports");
	for (size_t i = 0; i < js_count(ports); i++) {
		const struct json *item = js_at(ports, i);
		const char *protocol = js_get_text(item, "protocol");
		struct published_port port = {.protocol = protocol_of(protocol ? protocol : ""),
					      .port = (int)js_get_int(item, "port", 0),
					      .reachable = js_get_bool(item, "reachable", false)};
		if (port.port < 1 || port.port > PORT_MAX ||
		    !copy(item, "address", port.address, sizeof(port.address)) ||
		    !copy(item, "inside", port.inside, sizeof(port.inside)) ||
		    !copy(item, "container", port.container, sizeof(port.container)))
			return err_new(ERR_CORRUPT, "the list of ports has an entry that is not a port");
		published_add(list, &port);
	}
	list->beyond += (size_t)js_get_int(root, "beyond", 0);
	return NULL;
}
