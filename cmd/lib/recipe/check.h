/*
 * check.h - one walker over the tables of schema.h: it validates a document, and it fills struct recipe from one
 *
 * A document is walked twice. First as it was written, to find all that is wrong with it whatever host it is used
 * on; then, merged with what it extends and with its conditions decided, to fill the structs. The second walk
 * changes its tree: architectures get cooper's names, what is not part of keys is taken out.
 */
#ifndef COOPER_RECIPE_CHECK_H
#define COOPER_RECIPE_CHECK_H

#include "recipe/schema.h"

struct check {
	struct problems *problems;
	struct arena *arena; /* of what is filled in */
	bool partial;        /* required keys may be absent: another document gives them */
	bool versionless;    /* the recipe has no version that a condition could compare */
	bool decided;        /* `when` has been decided: lists may be empty for this host */
};

/** check_map() - validate @node against @schema and, unless @base is NULL, fill; problems are added to check->problems;
 * @key is the key that the map stands at, for messages */
void check_map(struct check *check, const struct schema *schema, const char *key, struct yaml_node *node, void *base);
/** check_fill() - check_map() of a whole document or item into the struct at @base, defaults first */
void check_fill(struct check *check, const struct schema *schema, struct yaml_node *root, void *base);

/** check_stack() - what goes across the items of a stack whose conditions are decided; @root is its document */
void check_stack(struct problems *problems, const struct stack_recipe *s, const struct yaml_node *root);

/** check_is_guests_own() - whether the guest does not come up, or cannot be reached, with another folder there */
bool check_is_guests_own(const char *folder);

/** check_is_one_port() - whether both are one port of the host: who listens on all addresses takes the port of each */
bool check_is_one_port(const struct port *a, const struct port *b);

/* For check.c and check_value.c. */

/** check_value() - as check_map(), for one value of @field */
void check_value(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base);
/** check_store() - @text or @number, as the type of @field has it, into the struct at @base, if there is one */
void check_store(const struct schema_field *field, char *text, int64_t number, void *base);
/** check_when() - validate a `when` clause */
void check_when(struct check *check, struct yaml_node *node);
/** check_words() - the text of a scalar as the list that was meant: "[make, -j2]" */
const char *check_words(struct check *check, const struct yaml_node *node);

#endif
