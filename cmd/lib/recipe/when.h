/*
 * when.h - deciding `when:`: which items of a document are there for one host, guest and version
 */
#ifndef COOPER_RECIPE_WHEN_H
#define COOPER_RECIPE_WHEN_H

#include "fmt/yaml.h"

struct when_facts {
	const char *os;         /* macos, linux */
	const char *arch;       /* of the host, cooper's name */
	const char *guest_arch; /* cooper's name */
	const char *version;    /* of the recipe; "" = none */
};

/**
 * when_decide() - a deep copy of @node in which every condition has been decided
 *
 * Maps whose `when` does not hold are gone from their lists and maps; the others have lost the key. What remains of
 * {item: X} and {items: [X, Y]} is X, and X and Y, in the list around it. The document has been validated.
 */
struct yaml_node *when_decide(struct arena *arena, const struct yaml_node *node, const struct when_facts *facts);

#endif
