/*
 * docs.h - what the field tables generate: the reference page and the JSON Schema that editors use
 *
 * docs/recipes.md and recipes/schema.json are these texts; `make docs` writes them, a test compares them.
 */
#ifndef COOPER_RECIPE_DOCS_H
#define COOPER_RECIPE_DOCS_H

#include "base/str.h"

/** recipe_docs() - append the reference of the recipe language, as Markdown */
void recipe_docs(struct str *out);
/** recipe_json_schema() - append the JSON Schema (draft-07) of all three kinds of recipe */
void recipe_json_schema(struct str *out);

#endif
