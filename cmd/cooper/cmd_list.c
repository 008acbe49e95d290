#include <stdio.h>

#include "base/path.h"
#include "base/suggest.h"
#include "fmt/json.h"
#include "machine/control.h"
#include "machine/protect.h"
#include "session_machine.h"
#include "table.h"

static const struct option_spec options[] = {{"json", 0, NULL, "print JSON"}, {NULL, 0, NULL, NULL}};

static struct err *add_recipes(const struct project *p, const char *key, enum recipe_kind kind, struct json *out)
{
	AUTO(strs) names = STRS_INIT;
	TRY(recipe_list(kind, &p->roots, &names));
	js_set(out, key, js_texts(&names));
	return NULL;
}

static struct err *add_machines(const struct project *p, struct json *out)
{
	AUTO(strs) names = STRS_INIT;
	TRY(session_machines(&p->home, &names));
	struct json *list = js_array();
	js_set(out, "machines", list);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *dir = path_join(p->home.machines, names.items[i]);
		bool running = false, is_protected = false;
		TRY(machine_running(dir, &running, NULL));
		TRY(machine_protected(dir, &is_protected));
		struct json *m = js_object();
		js_set_text(m, "name", names.items[i]);
		js_set_bool(m, "running", running);
		js_set_bool(m, "protected", is_protected);
		js_add(list, m);
	}
	return NULL;
}

static void print_group(const struct json *list, const char *indent)
{
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *item = js_at(list, i);
		const char *recipe = js_as_text(item);
		AUTO_FREE char *name = str_escape(recipe ? recipe : js_get_text(item, "name"));
		if (recipe)
			printf("%s%s\n", indent, name);
		else
			printf("%s%-20s %s%s\n", indent, name,
			       js_get_bool(item, "running", false) ? "running" : "stopped",
			       js_get_bool(item, "protected", false) ? ", protected" : "");
	}
}

static const struct {
	const char *name;
	bool is_recipe;
	enum recipe_kind kind;
} groups[] = {
	{"stacks", true, RECIPE_STACK},
	{"builds", true, RECIPE_BUILD},
	{"images", true, RECIPE_IMAGE},
	{"machines", false, RECIPE_STACK},
};

static struct err *check_group(const char *wanted)
{
	const char *names[ARRAY_LEN(groups)];
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		names[i] = groups[i].name;
		if (!wanted || streq(wanted, names[i]))
			return NULL;
	}
	struct err *e = err_new(ERR_USAGE, "nothing is listed as '%s'", wanted);
	const char *near = suggest_nearest(wanted, names, ARRAY_LEN(names));
	return near ? err_hint(e, "did you mean '%s'?", near) : err_hint(e, "stacks, builds, images or machines");
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_JSON *all = js_object();
	const char *wanted = call_arg(call, 0);
	TRY(check_group(wanted));
	TRY(project_start(&p));
	if (!streq(wanted, "machines"))
		TRY(project_add_root(&p));
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (wanted && !streq(wanted, groups[i].name))
			continue;
		TRY(groups[i].is_recipe ? add_recipes(&p, groups[i].name, groups[i].kind, all) : add_machines(&p, all));
	}
	if (call_has(call, "json")) {
		print_json(all);
		return NULL;
	}
	if (wanted) {
		print_group(js_get(all, wanted), "");
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		printf("%s:\n", groups[i].name);
		print_group(js_get(all, groups[i].name), "  ");
	}
	return NULL;
}

const struct subcommand cmd_list = {
	.name = "list",
	.operands = "[KIND]",
	.summary = "list recipes and machines",
	.help = "KIND is stacks, builds, images or machines: these alone, one on each line.",
	.options = options,
	.run = run,
};
