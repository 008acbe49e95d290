/*
 * canonical.h - a document as canonical JSON: what keys are made of
 */
#ifndef COOPER_RECIPE_CANONICAL_H
#define COOPER_RECIPE_CANONICAL_H

#include "fmt/yaml.h"

/** canonical_of() - sorted keys, no spaces, no marks nor comments; the document has been validated; heap */
char *canonical_of(const struct yaml_node *root);

#endif
