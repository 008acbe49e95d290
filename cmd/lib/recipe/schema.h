/*
 * schema.h - the recipe language as tables: what may stand where, of which type, and what it means
 *
 * One const table per map of the language. The same tables check a file and fill struct recipe (recipe/check.h),
 * and write the reference page and the JSON Schema (recipe/docs.h), so that those cannot differ. To add a field:
 * a member in recipe/recipe.h, one row in recipe/schema.c, `make docs`.
 */
#ifndef COOPER_RECIPE_SCHEMA_H
#define COOPER_RECIPE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "recipe/problems.h"
#include "recipe/recipe.h"
#include "recipe/texts.h"

enum field_type {
	FIELD_TEXT,     /* char *, checked by its text kind */
	FIELD_CHOICE,   /* char *, one of values */
	FIELD_ENUM,     /* int, the index in values */
	FIELD_BOOL,     /* bool */
	FIELD_INT,      /* int within min and max */
	FIELD_INT64,    /* int64_t within min and max */
	FIELD_SIZE,     /* int64_t bytes, written with a unit */
	FIELD_DURATION, /* int64_t milliseconds, written with a unit */
	FIELD_MODE,     /* int, written as "0644" */
	FIELD_TEXTS,    /* struct strs, each checked by its text kind */
	FIELD_PAIRS,    /* struct strs of NAME=VALUE, written as a map */
	FIELD_MAP,      /* a map described by `of` */
	FIELD_LIST,     /* an array of what `of` describes, its length at count_offset */
	FIELD_PORT,     /* struct port, written as text */
};

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_VARS = 2,     /* ${name} is expanded */
	FIELD_LITERAL = 4,  /* $ means nothing to cooper: the text is the guest's */
	FIELD_NOTE = 8,     /* changes no result: for people, or where to ask; not part of keys */
	FIELD_ONE = 16,     /* FIELD_TEXTS: a single value may stand for a list of one */
	FIELD_ITEM = 32,    /* not in tables: one item of FIELD_TEXTS is being checked */
	FIELD_LATER = 64,   /* no part of the recipe's own key: a later step has it among its inputs */
	FIELD_EMPTY = 128,  /* text may be empty; of FIELD_TEXTS, all but the first; FIELD_LIST: no item is not no list */
	FIELD_FOLDER = 256, /* a slash at the end of the path counts for nothing */
};

/* The offset of what is checked and not stored. */
#define NOT_STORED SIZE_MAX

struct schema;

struct schema_field {
	const char *name;
	enum field_type type;
	unsigned flags;
	enum text_kind kind; /* of FIELD_TEXT, FIELD_TEXTS */
	size_t offset;       /* into the struct that the table fills */
	size_t count_offset; /* of FIELD_LIST */
	int64_t min;         /* numbers, sizes, durations; both 0 = any */
	int64_t max;
	int64_t fallback;          /* of numbers and booleans that are absent */
	const char *fallback_text; /* of texts that are absent */
	const char *fallback_doc;  /* how the reference page shows the fallback */
	const char *const *values; /* of FIELD_CHOICE, FIELD_ENUM; NULL-terminated */
	const char *const *with;   /* valid only beside one of these keys; NULL-terminated, or NULL */
	const struct schema *of;   /* of FIELD_MAP, FIELD_LIST */
	const char *doc;
};

struct schema {
	const char *name; /* in messages and as a heading: "a source" */
	const char *doc;
	const struct schema_field *fields;
	size_t field_count;
	size_t size;               /* of the struct; 0 where nothing is allocated */
	size_t mark_offset;        /* of its struct mark; 0 = it has none */
	const char *const *one_of; /* exactly one of these keys; NULL-terminated, or NULL */
	const char *shorthand;     /* what is no map stands for this field; NULL = must be a map */
	bool conditional;          /* may carry `when` */
	/* rules that a table cannot say; may be NULL. @map is a map whose own values are valid one by one */
	void (*check)(struct problems *problems, const struct yaml_node *map);
};

/** schema_of() - the table of a whole document of @kind */
const struct schema *schema_of(enum recipe_kind kind);
/** schema_when() - the table of `when:` */
const struct schema *schema_when(void);
/** schema_find() - the field called @name, or NULL */
const struct schema_field *schema_find(const struct schema *schema, const char *name);
/** schema_kinds() - "build", "image", "stack", NULL: the index is enum recipe_kind */
const char *const *schema_kinds(void);

/* Rules of recipe/rules.c, named in the tables. */
void rule_source(struct problems *problems, const struct yaml_node *map);
void rule_build(struct problems *problems, const struct yaml_node *map);
void rule_patch(struct problems *problems, const struct yaml_node *map);
void rule_image(struct problems *problems, const struct yaml_node *map);
void rule_when(struct problems *problems, const struct yaml_node *map);

#endif
