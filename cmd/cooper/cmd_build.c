/* What a stack is made of: fetch it, build it, show it: fetch, build, info, key, tool key. */
#include <stdio.h>
#include <unistd.h>

#include "fmt/digest.h"
#include "plan/exposure.h"
#include "plan/stack.h"
#include "plan/trust.h"
#include "session.h"
#include "store/store.h"
#include "sys/tick.h"
#include "table.h"
#include "ui.h"

/* What builds an emulator runs in a box, where this host has one; what makes an image is asked about in any case. */
static struct err *agree(const struct call *call, const struct project *p, const char *kind)
{
	AUTO_FREE char *gap = streq(kind, "build") ? exposure_box_gap(p, BOX_BUILD) : NULL;
	if (gap)
		return session_trust(call, p, EXPOSURE_BUILD);
	if (streq(kind, "image") && p->image->image.debian_suite)
		return session_trust(call, p, EXPOSURE_IMAGE);
	return NULL;
}

/* Converge to the steps of @kind, under the lock that `up` takes. */
static struct err *reach(struct call *call, const char *kind)
{
	int64_t started = tick_ms();
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	AUTO_CLOSE int lock = -1;
	TRY(session_open(call, &p));
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 0, &lock));
	TRY(session_open(call, &p)); /* again: what another process wrote while we waited counts */
	TRY(trust_resolve(&p, call->sink));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	TRY(stack_observe(&s, kind));
	bool nothing = graph_pending(&s.graph) == 0;
	if (!nothing)
		TRY(agree(call, &p, kind));
	TRY(stack_perform(&s, call->sink));
	if (nothing) {
		printf("nothing to do\n");
		return NULL;
	}
	ui_finish();
	table_times(&s.graph, tick_ms() - started);
	return NULL;
}

static struct err *run_fetch(struct call *call)
{
	return reach(call, "fetch");
}

const struct subcommand cmd_fetch = {
	.name = "fetch",
	.operands = "[STACK]",
	.summary = "only download and verify everything that a stack needs",
	.options = stack_options,
	.run = run_fetch,
};

static struct err *run_build(struct call *call)
{
	return reach(call, call_has(call, "image") ? "image" : "build");
}

static const struct option_spec build_options[] = {
	STACK_OPTIONS,
	{"image", 0, NULL, "build the guest image instead of the emulator"},
	{"yes", 'y', NULL, "trust this project's recipes without asking"},
	{NULL, 0, NULL, NULL},
};

const struct subcommand cmd_build = {
	.name = "build",
	.operands = "[STACK]",
	.summary = "only build a stack's emulator, or its image",
	.options = build_options,
	.run = run_build,
};

/* --- info, tool key --- */

static struct json *info_json(const struct project *p, const struct graph *g)
{
	struct json *out = js_object();
	js_set_text(out, "stack", p->stack_path);
	js_set_text(out, "lock", p->lock_path);
	js_set_text(out, "home", p->home.root);
	js_set_text(out, "host", os_name(p->facts.os));
	js_set_text(out, "host_arch", arch_name(p->facts.arch));
	js_set_text(out, "guest_arch", arch_name(p->guest_arch));
	js_set_text(out, "emulator", *p->emulator->version ? p->emulator->version : NULL);
	js_set_text(out, "image", p->image->version);
	js_set_text(out, "machine", p->stack->stack.machine_name);
	js_set(out, "steps", table_plan_json(g));
	return out;
}

static void print_info(const struct json *info)
{
	for (struct js_member m = {.of = info}; js_next(&m);)
		if (js_as_text(m.value))
			printf("%-12s %s\n", m.key, js_as_text(m.value));
}

static struct err *run_info(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(session_open(call, &p));
	TRY(stack_open(&p, &unresolved, &s));
	TRY(stack_observe(&s, NULL));
	AUTO_JSON *info = info_json(&p, &s.graph);
	if (call_has(call, "json"))
		print_json(info);
	else
		print_info(info);
	return NULL;
}

const struct subcommand cmd_info = {
	.name = "info",
	.operands = "[STACK]",
	.summary = "show what a stack is made of: recipes, versions, paths, keys",
	.options = stack_json_options,
	.run = run_info,
};

static const struct option_spec tool_key_options[] = {
	{"stack", 's', "STACK", "the stack to look in"},
	STACK_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static struct err *run_tool_key(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(session_open_option(call, &p));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	const struct step *step = graph_find(&s.graph, call_arg(call, 0));
	if (!step)
		return err_hint(err_new(ERR_USAGE, "the stack has no step '%s'", call_arg(call, 0)),
				"`cooper info --json` lists the steps");
	AUTO_FREE char *inputs = js_pretty(step->inputs);
	printf("%s\n%s", step->key, inputs);
	return NULL;
}

const struct subcommand cmd_tool_key = {
	.name = "tool key",
	.operands = "STEP",
	.summary = "show a step's key and all of its inputs",
	.options = tool_key_options,
	.run = run_tool_key,
};

static struct err *run_key(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	AUTO(str) keys = STR_INIT;
	char hex[SHA256_HEX];
	TRY(session_open(call, &p));
	TRY(stack_open(&p, &unresolved, &s));
	if (unresolved.count) /* nothing is pinned yet, so the recipes are all there is */
		str_addf(&keys, "%s %s %s unresolved\n", p.emulator->canonical_digest, p.image->canonical_digest,
			 arch_name(p.guest_arch));
	for (size_t i = 0; i < s.graph.count; i++)
		if (s.graph.steps[i]->kind->kept)
			str_addf(&keys, "%s %s\n", s.graph.steps[i]->id, s.graph.steps[i]->key);
	digest_bytes(str_text(&keys), keys.len, hex);
	printf("cooper-%s-%s-%s-%.16s\n", p.stack->name, os_name(p.facts.os), arch_name(p.facts.arch), hex);
	return NULL;
}

const struct subcommand cmd_key = {
	.name = "key",
	.operands = "[STACK]",
	.summary = "print a cache key for a stack (for CI)",
	.help = "For CI: restore COOPER_HOME by this key before `cooper up`, save it under the key after. Hosts of another\n"
		"system or architecture get another key.",
	.options = stack_host_options,
	.run = run_key,
};
