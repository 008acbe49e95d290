/*
 * extend.h - `extends:`: one stack laid over another
 *
 * Maps merge deep, scalars replace. Of the lists `steps`, `mounts` and `ports` the items of the upper document
 * follow those of the lower one, except that an item replaces the one that it names again (a step's name, a mount's
 * place in the guest, a port's host side); an empty one removes them all. All other lists replace.
 */
#ifndef COOPER_RECIPE_EXTEND_H
#define COOPER_RECIPE_EXTEND_H

#include "fmt/yaml.h"

/** extend_merge() - @upper over @lower as a new map; nodes of both are shared */
struct yaml_node *extend_merge(struct arena *arena, const struct yaml_node *upper, const struct yaml_node *lower);

#endif
