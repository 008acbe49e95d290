/*
 * when.h - deciding `when:`: which items of a document are there for one host, guest and version
 */
#ifndef COOPER_RECIPE_WHEN_H
#define COOPER_RECIPE_WHEN_H

#include "base/arch.h"
#include "base/os_name.h"
#include "fmt/yaml.h"

struct when_facts {
	enum os os;
	enum arch arch; /* of the host */
	enum arch guest_arch;
	const char *version; /* of the recipe; "" = none */
};

/**
 * when_decide() - a deep copy of @node in which every condition has been decided
 *
 * Maps whose `when` does not hold are gone from their lists and maps; the others have lost the key. What remains of
 * {item: X} and {items: [X, Y]} is X, and X and Y, in the list around it. The document has been validated.
 */
struct yaml_node *when_decide(struct arena *arena, const struct yaml_node *node, const struct when_facts *facts);

#endif
