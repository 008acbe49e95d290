/* Plumbing that shows decisions: argv, ignition, docs, schema. */
#include <stdio.h>
#include <unistd.h>

#include "build/sign.h"
#include "machine/ignition.h"
#include "machine/rules.h"
#include "machine/vmm.h"
#include "plan/host_check.h"
#include "plan/stack.h"
#include "recipe/docs.h"
#include "session.h"
#include "step/outputs.h"
#include "sys/file.h"

static const struct option_spec argv_options[] = {
	STACK_OPTIONS,
	HOST_OPTION,
	{"accel", 0, "ACCEL", "hvf, kvm or tcg; default: the best one available on the host"},
	{"first-boot", 0, NULL, "include the arguments of the first boot"},
	{NULL, 0, NULL, NULL},
};

static struct err *choose_accel(const struct call *call, enum accel *ret)
{
	const char *name = call_get(call, "accel");
	int accel = word_index(accel_words, name);
	if (name && accel <= ACCEL_AUTO)
		return err_hint(err_new(ERR_USAGE, "unknown accelerator '%s'", name), "use hvf, kvm or tcg");
	if (name)
		*ret = (enum accel)accel;
	return NULL;
}

static struct err *print_argv(const struct machine_spec *spec, const struct machine_start *start,
			      const struct host_facts *facts)
{
	AUTO(strs) argv = STRS_INIT;
	AUTO(strs) warnings = STRS_INIT;
	const struct vmm *vmm = NULL;
	TRY(vmm_choose(spec, facts, &vmm));
	TRY(vmm->argv(spec, start, facts, &argv, &warnings));
	for (size_t i = 0; i < argv.count; i++)
		printf("%s\n", argv.items[i]);
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(stderr, "warning: %s\n", warnings.items[i]);
	return NULL;
}

static struct err *run_argv(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	struct machine_start start = {.ssh_port = 0};
	TRY(session_open(call, &p));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	TRY(host_start(&p, &s.machine, &start));
	TRY(choose_accel(call, &start.accel));
	start.first_boot = call_has(call, "first-boot");
	return print_argv(&s.machine, &start, &p.facts);
}

const struct subcommand cmd_tool_argv = {
	.name = "tool argv",
	.operands = "[STACK]",
	.summary = "print the QEMU command line of a stack's machine, one argument per line",
	.options = argv_options,
	.run = run_argv,
};

/* The first user's number: this one's here, what is usual elsewhere. */
static int user_number(const struct project *p)
{
	if (!p->other_host)
		return (int)getuid();
	return p->facts.os == OS_MACOS ? 501 : 1000;
}

static struct err *run_ignition(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(session_open(call, &p));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	struct ignition_input input = ignition_input_of(&s.machine);
	input.uid = user_number(&p);
	AUTO_FREE char *text = machine_ignition(&input);
	printf("%s\n", text);
	return NULL;
}

const struct subcommand cmd_tool_ignition = {
	.name = "tool ignition",
	.operands = "[STACK]",
	.summary = "print the Ignition configuration of a stack's machine, with placeholders for keys",
	.options = stack_host_options,
	.run = run_ignition,
};

/* What the keg holds; before there is one, what the recipe names. */
static struct err *list_signed(const char *keg, const struct strs *globs, struct sign_files *files)
{
	TRY(sign_list(keg, files));
	for (size_t i = 0; i < globs->count && files->count == 0; i++)
		sign_files_add(files, globs->items[i], MACHO_EXECUTABLE);
	return NULL;
}

static struct err *run_sign(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	AUTO(sign_files) files = {.count = 0};
	AUTO(sign_plan) plan = {.count = 0};
	AUTO(str) out = STR_INIT;
	TRY(session_open(call, &p));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	const struct build_recipe *b = &p.emulator->build;
	AUTO_FREE char *keg = step_result(graph_kind(&s.graph, "build"), NULL);
	struct sign_input input = {.prefix = keg,
				   .globs = &b->sign_files,
				   .entitlements = &b->sign_entitlements,
				   .plist = "entitlements.plist",
				   .recipe = p.emulator->path};
	if (b->sign_files.count == 0) {
		printf("nothing is signed on %s\n", os_name(p.facts.os));
		return NULL;
	}
	TRY(list_signed(keg, &b->sign_files, &files));
	TRY(sign_decide(&input, &files, &plan));
	sign_show(&plan, &out);
	fputs(str_text(&out), stdout);
	return NULL;
}

const struct subcommand cmd_tool_sign = {
	.name = "tool sign",
	.operands = "[STACK]",
	.summary = "print the commands that sign a stack's emulator, one per line",
	.options = stack_host_options,
	.run = run_sign,
};

static struct err *run_docs(struct call *call UNUSED)
{
	AUTO(str) out = STR_INIT;
	recipe_docs(&out);
	fputs(str_text(&out), stdout);
	return NULL;
}

const struct subcommand cmd_tool_docs = {
	.name = "tool docs",
	.operands = "",
	.summary = "print docs/recipes.md, from the field tables",
	.hidden = true,
	.run = run_docs,
};

static struct err *run_rules(struct call *call UNUSED)
{
	AUTO(str) out = STR_INIT;
	rules_docs(&out);
	fputs(str_text(&out), stdout);
	return NULL;
}

const struct subcommand cmd_tool_rules = {
	.name = "tool rules",
	.operands = "",
	.summary = "print docs/compatibility.md, from the table of known problems",
	.hidden = true,
	.run = run_rules,
};

static struct err *run_schema(struct call *call UNUSED)
{
	AUTO(str) out = STR_INIT;
	recipe_json_schema(&out);
	fputs(str_text(&out), stdout);
	return NULL;
}

const struct subcommand cmd_tool_schema = {
	.name = "tool schema",
	.operands = "",
	.summary = "print recipes/schema.json, from the field tables",
	.hidden = true,
	.run = run_schema,
};
