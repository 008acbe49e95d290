/*
 * yaml.h - one strict YAML document as a tree of nodes that know where they stand
 *
 * Not all of YAML: one document, UTF-8, no tags, no directives, no merge keys, keys are plain words and never
 * twice. Anchors and aliases are allowed; an alias shares the node that it names, so trees are read-only.
 *
 *	struct yaml_doc *doc = yaml_parse(arena, "cooper.yaml", text, size);
 *	if (doc->problem_count == 0)
 *		name = yaml_get(doc->root, "name");
 *
 * Bounds: 1 MiB, 32 levels, 10,000 nodes with aliases expanded. Everything lives in the arena.
 * See: YAML 1.2 section 10.3 (core schema); libyaml's events.
 */
#ifndef COOPER_FMT_YAML_H
#define COOPER_FMT_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { YAML_SIZE_MAX = 1024 * 1024, YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 10000 };

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

/* What a scalar is: quoted ones and block scalars are text, whatever they look like. */
enum yaml_type { YAML_TEXT, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT };

struct yaml_mark {
	int line;      /* from 1 */
	int column;    /* from 1, in bytes */
	size_t offset; /* in the document's text */
};

struct yaml_doc;

struct yaml_node {
	enum yaml_kind kind;
	enum yaml_type type; /* of a scalar */
	bool block;          /* written as a block: indented collection, or | and > text */
	bool quoted;         /* a scalar in quotes */
	bool open;           /* while parsing: its end has not been read */
	int height;          /* levels below it */
	size_t weight;       /* nodes in it, itself and expanded aliases included */
	struct yaml_mark start;
	struct yaml_mark end; /* first byte after it */
	const struct yaml_doc *doc;
	char *text;                /* of a scalar, never NULL; no NUL inside */
	struct yaml_node **keys;   /* of a map: scalars */
	struct yaml_node **values; /* of a map or a list */
	size_t count;              /* of values */
};

/* Something wrong with the document itself; later stages have problems of their own. */
struct yaml_problem {
	struct yaml_mark start;
	struct yaml_mark end;
	const char *message;
	const char *hint; /* or NULL */
};

struct yaml_doc {
	const char *name; /* for messages: the path */
	const char *text; /* a copy of the bytes, without byte order mark */
	size_t size;
	struct yaml_node *root; /* NULL when it could not be read to the end */
	struct yaml_problem *problems;
	size_t problem_count;
};

/** yaml_parse() - read a document; what is wrong with it is in its list of problems; @text is not looked at beyond 1
 * MiB */
struct yaml_doc *yaml_parse(struct arena *arena, const char *name, const char *text, size_t size);
/** yaml_get() - the value of @key in @map; NULL when absent or @map is NULL or no map */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/** yaml_key() - the node of the key itself, for marks; NULL when absent */
struct yaml_node *yaml_key(const struct yaml_node *map, const char *key);
/** yaml_get_text() - the text of a scalar member, or NULL */
const char *yaml_get_text(const struct yaml_node *map, const char *key);
/** yaml_scalar_type() - what the plain scalar @text is in the core schema of YAML 1.2 */
enum yaml_type yaml_scalar_type(const char *text);
/** yaml_kind_name() - "text", "a number", "true or false", "nothing", "a list", "a map" */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
