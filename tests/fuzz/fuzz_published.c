/*
 * Any bytes as podman's list of containers: what is taken of it is bounded, has addresses that are addresses of this
 * host's loopback, and comes back whole from the line that tells the supervisor.
 */
#include "fuzz.h"
#include "guest/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(published) list = {.count = 0};
	AUTO(published) back = {.count = 0};

	if (!fine(published_read((const char *)data, size, &list)))
		return 0;
	check(list.count <= PUBLISHED_MAX);
	AUTO_FREE char *line = published_line(&list);
	check(strlen(line) < PUBLISHED_LINE_MAX && !strchr(line, '\n'));
	check(fine(published_parse(line, &back)));
	check(back.count == list.count && back.beyond == list.beyond);
	for (size_t i = 0; i < list.count; i++) {
		const struct published_port *p = &list.items[i];
		check(p->port > 0 && p->port < 65536);
		check(!p->reachable || strncmp(p->address, "127.", 4) == 0);
		check(!*p->inside || strcmp(p->inside, p->address) == 0);
		check(strcmp(p->container, back.items[i].container) == 0);
	}
	return 0;
}
