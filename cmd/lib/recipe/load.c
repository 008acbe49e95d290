#include "recipe/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "recipe/check.h"
#include "recipe/extend.h"
#include "recipe/when.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { EXTENDS_MAX = 8 };

struct loading {
	struct arena *arena; /* becomes the recipe's */
	struct problems problems;
	const struct strs *roots; /* NULL = none but the file's own */
	struct strs chain;        /* files that extend one another, the first one first */
	struct strs clean;        /* the same, each under its one name */
	enum recipe_kind kind;
};

struct recipe *recipe_free(struct recipe *r)
{
	if (r)
		arena_free(r->arena); /* the recipe itself lives in it */
	return NULL;
}

/* The folder that contains recipes/, vmimages/ and patches/ for the recipe at @path; heap. */
static char *root_of(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	const char *name = path_base(dir);
	return streq(name, "recipes") || streq(name, "vmimages") ? path_dir(dir) : TAKE(dir);
}

/* --- reading and checking one file --- */

static struct err *read_doc(struct loading *l, const char *path, struct yaml_doc **ret_doc)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	int64_t bytes = 0;
	TRY(recipe_check_link(path));
	TRY(file_size(path, &bytes));
	if (bytes > YAML_SIZE_MAX + 3) {
		*ret_doc = yaml_parse(l->arena, path, NULL, (size_t)bytes);
		return NULL;
	}
	struct err *e = file_read(path, YAML_SIZE_MAX + 3, &text, &size);
	if (e)
		return err_wrap(e, "cannot read the recipe '%s'", path);
	*ret_doc = yaml_parse(l->arena, path, text, size);
	return NULL;
}

static bool find_kind(struct loading *l, const struct yaml_node *root, enum recipe_kind *ret_kind)
{
	static const char hint[] = "start the file with 'kind: build', 'kind: image' or 'kind: stack'";
	const struct yaml_node *kind = yaml_get(root, "kind");
	if (root->kind != YAML_MAP) {
		problem_add(&l->problems, root, hint, "a recipe is a map of keys, not %s", yaml_kind_name(root));
		return false;
	}
	if (!kind) {
		problem_add(&l->problems, root, hint, "'kind' is missing");
		return false;
	}
	for (int i = 0; kind->kind == YAML_SCALAR && schema_kinds()[i]; i++) {
		if (streq(schema_kinds()[i], kind->text)) {
			*ret_kind = (enum recipe_kind)i;
			return true;
		}
	}
	problem_add(&l->problems, kind, hint, "'kind' must be build, image or stack");
	return false;
}

/* @dir / @name without "." and "x/..", so that one file has one name; heap. */
static char *join_clean(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(streq(dir, ".") ? "" : dir, name);
	AUTO_FREE char *clean = path_clean(path + (*path == '/'));
	return clean ? mem_printf("%s%s", *path == '/' ? "/" : "", clean) : TAKE(path);
}

/* Read and validate @path as it is written; *ret_root stays NULL when it cannot be gone on with. */
static struct err *load_doc(struct loading *l, const char *path, enum recipe_kind *ret_kind,
			    struct yaml_node **ret_root)
{
	struct yaml_doc *doc = NULL;
	TRY(read_doc(l, path, &doc));
	strs_add(&l->chain, path);
	strs_take(&l->clean, join_clean("", path));
	problems_add_doc(&l->problems, doc);
	if (!doc->root || !find_kind(l, doc->root, ret_kind))
		return NULL;
	struct check check = {.problems = &l->problems,
			      .arena = l->arena,
			      .versionless = *ret_kind == RECIPE_STACK,
			      .partial = *ret_kind == RECIPE_STACK && yaml_get(doc->root, "extends")};
	const struct schema *schema = schema_of(*ret_kind);
	check_map(&check, schema, schema->name, doc->root, /* base= */ NULL);
	*ret_root = doc->root;
	return NULL;
}

/* --- extends --- */

/* Where a stack called @name is, skipping the files that are extending already; NULL when nowhere. Heap. */
static struct err *find_base(struct loading *l, const char *name, const char *from, bool *ret_is_cycle, char **ret_path)
{
	AUTO(strs) roots = STRS_INIT;
	bool is_path = strchr(name, '/') || str_ends(name, ".yaml");
	bool is_below = !is_path || path_is_plain(str_starts(name, "./") ? name + 2 : name);
	strs_take(&roots, is_path ? path_dir(from) : root_of(from));
	if (!is_path && l->roots)
		strs_copy(&roots, l->roots);
	if (is_path && is_below) {
		AUTO_FREE char *ignored = NULL;
		struct err *e = beneath_path(roots.items[0], name, &ignored);
		if (e && !err_is(e, ERR_ABSENT))
			return e;
		err_free(e);
	}
	for (size_t i = 0; i < roots.count; i++) {
		AUTO_FREE char *file = is_path ? mem_strdup(name) : mem_printf("recipes/%s.yaml", name);
		AUTO_FREE char *path = join_clean(roots.items[i], file);
		bool is_there = false;
		if (strs_has(&l->clean, path))
			*ret_is_cycle = true;
		else
			TRY(recipe_is_there(path, &is_there));
		if (is_there && is_below)
			TRY(owner_check_below(roots.items[i], file));
		if (is_there) {
			*ret_path = TAKE(path);
			break;
		}
	}
	return NULL;
}

static void add_no_base(struct loading *l, const struct yaml_node *extends, bool is_cycle)
{
	if (is_cycle) {
		problem_add(&l->problems, extends, "remove one 'extends'", "'%s' extends itself", extends->text);
		return;
	}
	AUTO(strs) roots = STRS_INIT;
	AUTO_FREE char *path = NULL;
	strs_take(&roots, root_of(extends->doc->name));
	if (l->roots)
		strs_copy(&roots, l->roots);
	struct err *e = recipe_find(extends->text, RECIPE_STACK, &roots, &path);
	problem_add(&l->problems, extends, e ? e->hint : NULL, "no stack '%s'", extends->text);
	err_free(e);
}

/* Lay @root over what it extends, from the bottom up: an empty list removes what is below it, and no more. */
static struct err *merge_bases(struct loading *l, struct yaml_node **root)
{
	struct yaml_node *doc = *root, *layers[EXTENDS_MAX + 1];
	size_t count = 0;
	while (doc && yaml_get_text(doc, "extends") && l->problems.count == 0) {
		const struct yaml_node *extends = yaml_get(doc, "extends");
		enum recipe_kind kind = RECIPE_STACK;
		bool is_cycle = false;
		AUTO_FREE char *path = NULL;
		if (strchr(extends->text, '/') && !str_ends(extends->text, ".yaml") &&
		    !str_ends(extends->text, ".yml")) {
			problem_add(&l->problems, extends, "a stack's file ends with .yaml", "'%s' is not named as a stack is",
				    extends->text);
			break;
		}
		TRY(find_base(l, extends->text, doc->doc->name, &is_cycle, &path));
		if (!path) {
			add_no_base(l, extends, is_cycle);
			break;
		}
		if (l->chain.count > EXTENDS_MAX) {
			problem_add(&l->problems, extends, "extend a stack further down",
				    "more than %d stacks extend one another", EXTENDS_MAX);
			break;
		}
		struct yaml_node *base = NULL;
		TRY(load_doc(l, path, &kind, &base));
		if (base && kind != RECIPE_STACK)
			problem_add(&l->problems, extends, "extend a stack", "'%s' is not a stack", extends->text);
		else if (base)
			layers[count++] = base;
		doc = base;
	}
	struct yaml_node *below = count ? layers[count - 1] : NULL;
	for (size_t i = count; i > 1; i--)
		below = extend_merge(l->arena, layers[i - 2], below);
	if (below)
		*root = extend_merge(l->arena, *root, below);
	return NULL;
}

/* --- filling --- */

static enum arch guest_arch_of(const struct yaml_node *root, const struct recipe_target *target)
{
	enum arch own = arch_of(yaml_get_text(yaml_get(root, "machine"), "guest_arch"));
	return target->guest_arch ? target->guest_arch : own ? own : target->arch;
}

static void add_no_match(struct loading *l, const struct yaml_node *root, const char *key, const char *what,
			 const struct when_facts *facts)
{
	const struct yaml_node *at = yaml_key(root, key);
	problem_add(&l->problems, at ? at : root, "add one whose 'when' matches",
		    "no %s matches %s %s with a guest of %s", what, os_name(facts->os), arch_name(facts->arch),
		    arch_name(facts->guest_arch));
}

static void check_count(struct loading *l, const struct recipe *r, const struct yaml_node *root,
			const struct when_facts *facts)
{
	bool downloaded = r->kind == RECIPE_IMAGE && !r->image.debian_suite;
	if ((r->kind == RECIPE_BUILD || downloaded) && r->source_count == 0)
		add_no_match(l, root, "source", "source", facts);
	if (r->kind == RECIPE_BUILD && r->build.install.count == 0)
		add_no_match(l, root, "install", "command of 'install'", facts);
	if (downloaded && r->source_count > 1)
		problem_add(&l->problems, yaml_key(root, "source"), "add a 'when' that tells them apart",
			    "%zu sources match %s %s with a guest of %s", r->source_count, os_name(facts->os),
			    arch_name(facts->arch), arch_name(facts->guest_arch));
}

/* A file lies below the folder of the recipe that names it, which may be one that is extended. */
static char *folder_of_file(struct loading *l, const struct yaml_node *name)
{
	AUTO_FREE char *dir = name ? path_dir(name->doc->name) : NULL;
	return dir ? arena_strdup(l->arena, dir) : NULL;
}

static void place_files(struct loading *l, struct stack_recipe *s, const struct yaml_node *root)
{
	const struct yaml_node *steps = yaml_get(root, "steps");
	s->ignition_dir = folder_of_file(l, yaml_get(root, "ignition"));
	for (size_t i = 0; i < s->step_count; i++)
		s->steps[i].write_dir = folder_of_file(l, yaml_get(yaml_get(steps->values[i], "write"), "from"));
}

static void set_identity(struct loading *l, struct recipe *r)
{
	const char *path = l->chain.items[0];
	AUTO_FREE char *root = root_of(path);
	const char *base = path_base(path);
	r->arena = l->arena;
	r->kind = l->kind;
	r->path = arena_strdup(l->arena, path);
	r->root = arena_strdup(l->arena, root);
	if (!r->name)
		r->name = arena_strndup(l->arena, base, strlen(base) - (str_ends(base, ".yaml") ? 5 : 0));
	for (size_t i = 0; i < r->source_count; i++)
		r->sources[i].root = r->root;
}

/* --- canonical JSON: what keys are made of --- */

/* Plain numbers and booleans are what they look like: a validated document has no text that looks like them. */
static void set_value(struct json *object, struct json *array, const char *key, const struct yaml_node *node);

static struct json *members_of(const struct yaml_node *node)
{
	bool is_map = node->kind == YAML_MAP;
	struct json *members = is_map ? js_object() : js_array();
	for (size_t i = 0; i < node->count; i++)
		set_value(is_map ? members : NULL, is_map ? NULL : members, is_map ? node->keys[i]->text : NULL,
			  node->values[i]);
	return members;
}

/* Lists of the language hold text, lists and maps; numbers and booleans stand at keys only. */
static void set_value(struct json *object, struct json *array, const char *key, const struct yaml_node *node)
{
	int64_t number = 0;
	if (array)
		js_add(array, node->kind == YAML_SCALAR ? js_text(node->text) : members_of(node));
	else if (node->kind != YAML_SCALAR)
		js_set(object, key, members_of(node));
	else if (node->type == YAML_BOOL)
		js_set_bool(object, key, streq(node->text, "true"));
	else if (node->type == YAML_INT && num_parse(node->text, 0, INT64_MAX, &number))
		js_set_int(object, key, number);
	else
		js_set_text(object, key, node->text);
}

static struct recipe *fill(struct loading *l, const struct yaml_node *root, const struct recipe_target *target)
{
	const char *stated = yaml_get_text(root, "version");
	const char *version = stated ? stated : l->kind == RECIPE_BUILD ? target->version : NULL;
	struct when_facts facts = {.os = target->os,
				   .arch = target->arch,
				   .guest_arch = guest_arch_of(root, target),
				   .version = version ? version : ""};
	struct yaml_node *decided = when_decide(l->arena, root, &facts);
	struct recipe *r = arena_alloc(l->arena, sizeof(*r));
	struct check check = {.problems = &l->problems, .arena = l->arena, .decided = true};
	r->stack.emulator_package.size = -1;
	check_fill(&check, schema_of(l->kind), decided, r);
	set_identity(l, r);
	r->document = root;
	r->version = arena_strdup(l->arena, facts.version);
	r->version_stated = stated;
	if (l->problems.count)
		return r;
	check_count(l, r, decided, &facts);
	if (streq(r->stack.connect_socket, "none"))
		r->stack.connect_socket = NULL;
	if (l->kind == RECIPE_STACK)
		check_stack(&l->problems, &r->stack, decided);
	place_files(l, &r->stack, decided);
	AUTO_JSON *json = members_of(decided);
	AUTO_FREE char *canonical = js_canonical(json);
	char hex[SHA256_HEX];
	digest_bytes(canonical, strlen(canonical), hex);
	r->canonical = arena_strdup(l->arena, canonical);
	r->canonical_digest = arena_strdup(l->arena, hex);
	return r;
}

static struct err *load(struct loading *l, const char *path, const struct recipe_target *target,
			struct recipe **ret_recipe)
{
	struct yaml_node *root = NULL;
	struct recipe *r = NULL;
	TRY(load_doc(l, path, &l->kind, &root));
	if (root && l->kind == RECIPE_STACK)
		TRY(merge_bases(l, &root));
	if (root && l->problems.count == 0)
		r = fill(l, root, target);
	struct err *e = problems_error(&l->problems, path);
	if (e)
		return err_hint(e, "the reference of all keys is docs/recipes.md, and `cooper tool docs`");
	*ret_recipe = r;
	return NULL;
}

struct err *recipe_load(const char *path, const struct recipe_target *target, const struct strs *roots,
			struct recipe **ret_recipe)
{
	struct loading l = {.arena = arena_new(), .roots = roots};
	l.problems.arena = l.arena;
	struct err *e = load(&l, path, target, ret_recipe);
	strs_done(&l.chain);
	strs_done(&l.clean);
	if (e)
		arena_free(l.arena);
	return e;
}

struct err *recipe_input(const struct recipe *r, struct json *inputs)
{
	struct json *document = NULL;
	TRY(js_parse(r->canonical, strlen(r->canonical), r->path, &document));
	js_set(inputs, "recipe", document);
	return NULL;
}
