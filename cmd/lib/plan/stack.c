/* The wiring: which steps a stack has, what each works on, and which come before which. */
#include "plan/stack.h"

#include <stdlib.h>

#include "host/network.h"
#include "image/image.h"
#include "machine/clients.h"
#include "net/fetch_env.h"
#include "plan/exposure.h"
#include "plan/project_find.h"
#include "plan/stack_lock.h"
#include "plan/stack_spec.h"
#include "store/gc.h"
#include "recipe/files.h"
#include "step/outputs.h"

/* Every kind there is. A new one is its file in step/, a line here and its place in a function below. */
extern const struct step_kind kind_fetch, kind_source, kind_build, kind_image, kind_emulators, kind_generation,
	kind_boot, kind_ports, kind_network, kind_handlers, kind_guest_step, kind_connect, kind_canary, kind_switch;

/* A step that fetches *ret_files, which are to be listed. */
static struct step *add_fetch(struct stack *s, const char *what, struct source_files **ret_files)
{
	*ret_files = mem_alloc(sizeof(**ret_files));
	return graph_add(&s->graph, &kind_fetch, what, *ret_files);
}

static struct err *add_emulator(struct stack *s)
{
	struct recipe *r = s->p->emulator;
	struct source_files *files = NULL;
	struct step *fetch = add_fetch(s, r->name, &files);
	TRY(source_list(r->sources, r->source_count, s->p->facts.arch, s->p->lock, files));
	source_list_patches(r, files);
	struct step *source = graph_add(&s->graph, &kind_source, r->name, r);
	step_needs(source, fetch);
	step_needs(graph_add(&s->graph, &kind_build, r->name, r), source);
	return NULL;
}

static struct err *add_image(struct stack *s)
{
	struct recipe *r = s->p->image;
	struct source_files *files = NULL;
	AUTO_FREE char *what = mem_printf("%s-image", r->name);
	struct step *fetch = add_fetch(s, what, &files);
	if (r->image.debian_suite)
		TRY(image_list(r, s->p->guest_arch, s->p->lock, files));
	else
		TRY(source_list(r->sources, r->source_count, s->p->facts.arch, s->p->lock, files));
	step_needs(graph_add(&s->graph, &kind_image, r->name, r), fetch);
	return NULL;
}

static struct err *add_emulators(struct stack *s)
{
	struct source_files *files = NULL;
	if (!stack_emulator_package(s->p, &s->emulator_package))
		return NULL;
	struct step *fetch = add_fetch(s, "emulators", &files);
	TRY(source_list(&s->emulator_package, 1, s->p->facts.arch, s->p->lock, files));
	step_needs(graph_add(&s->graph, &kind_emulators, NULL, NULL), fetch);
	return NULL;
}

/* What is done in the guest belongs to its generation, and is not done again because of a boot. */
static struct step *add_in_guest(struct stack *s, const struct step_kind *kind, const char *subject, void *job,
				 struct step *last)
{
	struct step *step = graph_add(&s->graph, kind, subject, job);
	step_needs(step, graph_kind(&s->graph, "generation"));
	step_after(step, graph_kind(&s->graph, "boot"));
	step_after(step, last);
	return step;
}

static void add_machine(struct stack *s)
{
	static const char *const made[] = {"build", "image", "emulators"};
	const struct stack_recipe *r = &s->p->stack->stack;
	struct step *emulators = graph_kind(&s->graph, "emulators");
	struct step *generation = graph_add(&s->graph, &kind_generation, NULL, NULL);
	struct step *boot = graph_add(&s->graph, &kind_boot, NULL, NULL);
	struct step *last = NULL;
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		step_needs(generation, graph_kind(&s->graph, made[i]));
		step_after(boot, graph_kind(&s->graph, made[i])); /* `verify --deep` may have dropped it since */
	}
	step_needs(boot, generation);
	struct step *ports = graph_add(&s->graph, &kind_ports, NULL, NULL);
	step_needs(ports, boot);
	struct step *network = add_in_guest(s, &kind_network, NULL, &s->network, NULL);
	last = network;
	if (s->foreign.count && !emulators) /* else Ignition registers those of our own device */
		last = add_in_guest(s, &kind_handlers, NULL, NULL, last);
	struct step *canary = graph_add(&s->graph, &kind_canary, NULL, NULL);
	step_after(canary, boot);
	if (last != network) /* what the guest knows of the host's network changes no proof */
		step_after(canary, last);
	for (size_t i = 0; i < r->step_count; i++) {
		last = add_in_guest(s, &kind_guest_step, r->steps[i].name, &r->steps[i], last);
		step_after(last, network);
		step_after(canary, last);
	}
	s->goal = graph_add(&s->graph, &kind_switch, NULL, NULL);
	step_needs(s->goal, generation);
	step_after(s->goal, canary);
	step_after(s->goal, network);
	step_after(s->goal, ports);
}

/* Last: that a client's files have changed is no reason to prove anything again. */
static struct err *add_connect(struct stack *s)
{
	struct clients wanted = clients_of(s->p->stack);
	bool any = false;
	TRY(clients_any(s->p->machine_dir, &wanted, &any));
	if (any)
		step_after(graph_add(&s->graph, &kind_connect, NULL, NULL), s->goal);
	return NULL;
}

static struct err *wire(struct stack *s)
{
	TRY(add_emulator(s));
	TRY(add_image(s));
	TRY(add_emulators(s));
	if (!s->p->other_host)
		TRY(host_network(s->p->stack->stack.host_loopback ? MACHINE_HOST_ADDRESS : NULL, &s->network,
				 &s->warnings));
	add_machine(s);
	TRY(add_connect(s));
	TRY(stack_spec_copy(&s->context, &s->machine));
	TRY(vmm_choose(&s->machine, s->context.facts, &s->context.vmm));
	TRY(stack_spec_ignition(&s->context, graph_kind(&s->graph, "emulators"), &s->machine));
	TRY(graph_seal(&s->graph));
	stack_spec_paths(graph_kind(&s->graph, "generation"), &s->machine);
	return NULL;
}

/* --- a stack --- */

void stack_done(struct stack *s)
{
	graph_done(&s->graph);
	machine_spec_done(&s->machine);
	strs_done(&s->foreign);
	guest_network_done(&s->network);
	strs_done(&s->warnings);
	js_free(s->record);
	free(s->record_path);
	*s = STACK_INIT;
}

/* Every project has a record of its own: what `gc` keeps is all that any of them used last. */
static struct err *record_path(const struct project *p, char **ret_path)
{
	AUTO_FREE char *id = NULL;
	if (!p->is_shipped)
		TRY(project_id(p->stack_path, &id));
	*ret_path = mem_printf("%s/%s.%s%s%.16s.record", p->home.root, p->stack->name, arch_name(p->guest_arch),
			       id ? "." : "", id ? id : "");
	return NULL;
}

/* A record that is gone or damaged costs reasons, nothing else. */
static void read_record(struct stack *s)
{
	struct err *e = js_read(s->record_path, &s->record);
	if (e) {
		err_free(e);
		s->record = js_object();
	}
}

struct err *stack_open(struct project *p, struct strs *unresolved, struct stack *s)
{
	TRY(recipe_files_check(p->stack));
	TRY(recipe_files_check(p->image));
	TRY(recipe_files_check(p->emulator));
	TRY(stack_shares_check(p->stack, p->home.root));
	if (unresolved)
		stack_unresolved(p, unresolved);
	if (unresolved && unresolved->count)
		return NULL;
	s->p = p;
	s->context = (struct step_context){.home = &p->home,
					   .facts = &p->facts,
					   .guest_arch = p->guest_arch,
					   .stack = p->stack,
					   .emulator = p->emulator,
					   .image = p->image,
					   .foreign = &s->foreign,
					   .machine = &s->machine};
	s->graph.context = &s->context;
	stack_foreign_archs(p, &s->foreign);
	TRY(record_path(p, &s->record_path));
	read_record(s);
	return wire(s);
}

struct err *stack_observe(struct stack *s, const char *kind)
{
	if (!kind && s->goal) {
		TRY(graph_observe(&s->graph, s->goal, s->record));
		kind = "connect"; /* nothing comes after it, either */
	}
	for (size_t i = 0; i < s->graph.count; i++)
		if (step_is(s->graph.steps[i], kind))
			TRY(graph_observe(&s->graph, s->graph.steps[i], s->record));
	return NULL;
}

void stack_packages(const struct stack *s, struct strs *names)
{
	for (size_t i = 0; i < s->graph.count; i++) {
		const struct step *step = s->graph.steps[i];
		if (step->state == STEP_PENDING && step->kind->host_packages)
			step->kind->host_packages(step, names);
	}
}

/* Offline, all that is missing for all steps is told at once, before anything is begun. */
static struct err *check_reach(const struct graph *g)
{
	AUTO(strs) lines = STRS_INIT;
	for (size_t i = 0; i < g->count; i++) {
		const struct step *step = g->steps[i];
		if (step->state == STEP_PENDING && step->kind->reach)
			TRY(step->kind->reach(step, &lines));
	}
	return lines.count ? fetch_offline_error(&lines) : NULL;
}

/* @ret_record is what has to be remembered now; false when it is what is remembered already. */
static bool record_changes(const struct stack *s, struct json **ret_record)
{
	AUTO_JSON *record = js_copy(s->record);
	if (!s->p->is_shipped)
		js_set_text(record, GC_RECORD_STACK, s->p->stack_real);
	graph_record(&s->graph, record);
	AUTO_FREE char *now = js_canonical(record);
	AUTO_FREE char *before = js_canonical(s->record);
	*ret_record = TAKE(record);
	return !streq(now, before);
}

/* The member of a record for what all of the stack's recipes do, all of which has run. */
#define EXPOSED "exposed"

void stack_exposed(const struct stack *s, struct strs *lines)
{
	js_copy_texts(js_get(s->record, EXPOSED), lines);
}

bool stack_settled(const struct stack *s)
{
	AUTO_JSON *record = NULL;
	return graph_pending(&s->graph) == 0 && js_get(s->record, EXPOSED) && !record_changes(s, &record);
}

struct err *stack_perform(struct stack *s, struct sink *sink)
{
	AUTO_JSON *before = NULL;
	AUTO_JSON *record = NULL;
	AUTO(strs) exposed = STRS_INIT;
	TRY(check_reach(&s->graph));
	/* Also when a run that was cut short has done all and could not tell. */
	bool is_news = record_changes(s, &before) || graph_pending(&s->graph) || !js_get(s->record, EXPOSED);
	if (is_news) /* nothing is done that cannot be told */
		TRY(exposure_list(s->p, EXPOSURE_ALL, &exposed));
	struct err *e = graph_perform(&s->graph, sink);
	bool changes = record_changes(s, &record);
	if (!e && is_news && (s->goal->state == STEP_DONE || s->goal->state == STEP_PRESENT)) {
		js_set(record, EXPOSED, js_texts(&exposed));
		changes = true;
	}
	return changes ? err_first(e, js_write(s->record_path, record, 0600)) : e;
}
