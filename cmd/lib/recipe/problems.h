/*
 * problems.h - everything wrong with a recipe, gathered and then told at once
 *
 *	problem_add(&problems, node, "write a unit, for example 2GiB", "'%s' has no unit", node->text);
 *	TRY(problems_error(&problems, path));
 *
 * Each is shown as file:line:col, the line itself, carets below the fault, and a hint. At most 20 are shown; the
 * same complaint about the same place is kept once.
 */
#ifndef COOPER_RECIPE_PROBLEMS_H
#define COOPER_RECIPE_PROBLEMS_H

#include "base/err.h"
#include "fmt/yaml.h"

enum { PROBLEMS_SHOWN = 20 };

struct problem;

struct problems {
	struct arena *arena; /* where problems and their texts live */
	struct problem *items;
	size_t count;
	size_t cap;
};

/** problem_add() - @at is the node at fault; @hint (may be NULL) is copied */
void problem_add(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/** problem_add_within() - the fault is bytes @from up to @to of the text of the scalar @at */
void problem_add_within(struct problems *p, const struct yaml_node *at, size_t from, size_t to, const char *hint,
			const char *fmt, ...) PRINTF_LIKE(6, 7);
/** problems_add_doc() - take over what the YAML reader found */
void problems_add_doc(struct problems *p, const struct yaml_doc *doc);
/** problems_error() - USAGE with all problems in its detail; NULL when there is none */
MUST_CHECK struct err *problems_error(const struct problems *p, const char *path);

#endif
