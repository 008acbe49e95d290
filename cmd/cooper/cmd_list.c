#include <stdio.h>

#include "base/path.h"
#include "command.h"
#include "fmt/json.h"
#include "machine/control.h"
#include "plan/project.h"
#include "sys/file.h"
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
	TRY(dir_list(p->home.machines, &names));
	struct json *list = js_array();
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *dir = path_join(p->home.machines, names.items[i]);
		bool running = false;
		TRY(machine_running(dir, &running, NULL));
		struct json *m = js_object();
		js_set_text(m, "name", names.items[i]);
		js_set_bool(m, "running", running);
		js_add(list, m);
	}
	js_set(out, "machines", list);
	return NULL;
}

static void print_group(const struct json *all, const char *key)
{
	const struct json *list = js_get(all, key);
	printf("%s:\n", key);
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *item = js_at(list, i);
		const char *name = js_as_text(item);
		if (name)
			printf("  %s\n", name);
		else
			printf("  %-20s %s\n", js_get_text(item, "name"),
			       js_get_bool(item, "running", false) ? "running" : "stopped");
	}
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	TRY(project_start(&p));
	TRY(project_add_root(&p));
	AUTO_JSON *all = js_object();
	TRY(add_recipes(&p, "stacks", RECIPE_STACK, all));
	TRY(add_recipes(&p, "builds", RECIPE_BUILD, all));
	TRY(add_recipes(&p, "images", RECIPE_IMAGE, all));
	TRY(add_machines(&p, all));
	if (call_has(call, "json")) {
		print_json(all);
		return NULL;
	}
	static const char *const groups[] = {"stacks", "builds", "images", "machines"};
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		print_group(all, groups[i]);
	return NULL;
}

const struct subcommand cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list recipes and machines",
	.options = options,
	.run = run,
};
