#include "plan/stack_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "host/host_packages.h"
#include "net/fetch.h"
#include "store/store.h"
#include "sys/file.h"

/* --- what the lock lacks --- */

static void add_unresolved(const struct project *p, const struct source *sources, size_t count, struct strs *references)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *reference = source_reference(&sources[i], p->facts.arch);
		if (reference && !lock_find(p->lock, reference) && !strs_has(references, reference))
			strs_add(references, reference);
	}
}

/* Architectures that containers must run and the guest's processor is not. */
static void foreign_archs(const struct project *p, struct strs *foreign)
{
	const struct strs *run = &p->stack->stack.run;
	for (size_t i = 0; i < run->count; i++)
		if (!streq(run->items[i], p->guest_arch) && !strs_has(foreign, run->items[i]))
			strs_add(foreign, run->items[i]);
}

bool stack_needs_emulators(const struct project *p)
{
	AUTO(strs) foreign = STRS_INIT;
	foreign_archs(p, &foreign);
	const char *provider = p->stack->stack.provider;
	bool by_store = !provider || streq(provider, "auto") || streq(provider, "store");
	return foreign.count && by_store && p->stack->stack.emulator_package.debian_package;
}

/* The emulator programs run in the guest, so the package is of its architecture. */
struct source stack_emulator_package(const struct project *p)
{
	struct source s = p->stack->stack.emulator_package;
	s.arch = p->guest_arch;
	return s;
}

struct err *stack_unresolved(const struct project *p, struct strs *references)
{
	add_unresolved(p, p->emulator->sources, p->emulator->source_count, references);
	add_unresolved(p, p->image->sources, p->image->source_count, references);
	if (p->image->image.debian_suite) {
		AUTO_FREE char *set = image_set_reference(p->image, p->guest_arch);
		if (!lock_find(p->lock, set))
			strs_add(references, set);
	}
	if (stack_needs_emulators(p)) {
		struct source package = stack_emulator_package(p);
		add_unresolved(p, &package, 1, references);
	}
	return NULL;
}

struct err *stack_resolve(struct project *p, struct sink *sink)
{
	const char *arch = p->facts.arch;
	AUTO(strs) references = STRS_INIT;
	TRY(stack_unresolved(p, &references));
	if (references.count)
		event_note(sink, "resolve", "asking the package archive for %zu reference%s", references.count,
			   references.count == 1 ? "" : "s");
	TRY(source_resolve(&p->home, p->emulator->sources, p->emulator->source_count, arch, p->lock, sink));
	TRY(source_resolve(&p->home, p->image->sources, p->image->source_count, arch, p->lock, sink));
	if (p->image->image.debian_suite)
		TRY(image_resolve(&p->home, p->image, p->guest_arch, p->lock, sink));
	if (!stack_needs_emulators(p))
		return NULL;
	struct source package = stack_emulator_package(p);
	return source_resolve(&p->home, &package, 1, arch, p->lock, sink);
}

/* --- fetch --- */

static struct err *observe_fetch(struct step *step, struct observed *seen)
{
	const struct fetch_job *job = step->data;
	size_t missing = 0;
	int64_t bytes = 0;
	TRY(source_missing(job->home, job->files, &missing, &bytes));
	seen->present = missing == 0;
	if (missing) {
		AUTO(str) note = STR_INIT;
		str_addf(&note, "%zu file%s to fetch", missing, missing == 1 ? "" : "s");
		if (bytes > 0) { /* sizes are optional in recipes */
			str_add(&note, ", ");
			str_add_size(&note, bytes);
		}
		seen->note = str_take(&note);
	}
	return NULL;
}

static struct err *perform_fetch(struct step *step, struct sink *sink)
{
	const struct fetch_job *job = step->data;
	size_t missing = 0;
	int64_t told = 0;
	TRY(source_missing(job->home, job->files, &missing, &told));
	int64_t before = source_bytes(job->home, job->files);
	TRY(source_fetch(job->home, job->files, step->id, sink));
	int64_t bytes = source_bytes(job->home, job->files) - before;
	AUTO(str) size = STR_INIT;
	if (bytes > 0) { /* not of git repositories, nor of signatures */
		str_add(&size, ", ");
		str_add_size(&size, bytes);
	}
	step_set_outcome(step, "%zu file%s%s, verified", missing, missing == 1 ? "" : "s", str_text(&size));
	return NULL;
}

static struct step *add_fetch(struct stack *s, const char *what, struct fetch_job *job)
{
	AUTO_FREE char *id = mem_printf("fetch:%s", what);
	AUTO_FREE char *title = mem_printf("fetch %s", what);
	struct step *step = graph_add(&s->graph, id, title, STEP_NET);
	step->observe = observe_fetch;
	step->perform = perform_fetch;
	step->data = job;
	source_inputs(job->files, step->inputs);
	step_seal(step);
	return step;
}

/* --- the emulator --- */

static struct err *observe_source(struct step *step, struct observed *seen)
{
	const struct build_job *job = step->data;
	seen->present = build_source_present(job) && !source_in_doubt(job->home, job->files);
	return NULL;
}

static struct err *perform_source(struct step *step, struct sink *sink)
{
	return build_source(step->data, sink);
}

static struct err *observe_build(struct step *step, struct observed *seen)
{
	const struct build_job *job = step->data;
	AUTO_FREE char *name = build_name(job->recipe, job->guest_arch);
	seen->present = store_has(job->home, job->key, name);
	return NULL;
}

static struct err *perform_build(struct step *step, struct sink *sink)
{
	const struct build_job *job = step->data;
	TRY(build_run(job, sink));
	step_set_outcome(step, "keg %.*s-%s", STORE_KEY_SHOWN, job->key, job->recipe->name);
	return NULL;
}

static struct err *add_emulator(struct stack *s)
{
	struct project *p = s->p;
	const struct recipe *r = p->emulator;
	TRY(source_list(r->sources, r->source_count, p->facts.arch, p->lock, &s->emulator_files));
	source_list_patches(r, &s->emulator_files);
	s->fetch_emulator = (struct fetch_job){&p->home, &s->emulator_files};
	struct step *fetch = add_fetch(s, r->name, &s->fetch_emulator);

	AUTO_FREE char *source_id = mem_printf("source:%s", r->name);
	AUTO_FREE char *source_title = mem_printf("unpack and patch %s %s", r->name, r->version);
	struct step *source = graph_add(&s->graph, source_id, source_title, STEP_CPU);
	source->observe = observe_source;
	source->perform = perform_source;
	source->data = &s->build;
	TRY(build_source_inputs(r, source->inputs));
	step_needs(source, fetch);
	step_seal(source);

	AUTO_FREE char *build_id = mem_printf("build:%s", r->name);
	AUTO_FREE char *build_title = mem_printf("build %s %s for %s", r->name, r->version, p->guest_arch);
	struct step *build = graph_add(&s->graph, build_id, build_title, STEP_CPU);
	build->observe = observe_build;
	build->perform = perform_build;
	build->data = &s->build;
	js_set_text(build->inputs, "recipe", r->canonical_digest);
	js_set_text(build->inputs, "guest_arch", p->guest_arch);
	js_set_text(build->inputs, "host", p->facts.os);
	js_set_text(build->inputs, "host_arch", p->facts.arch);
	step_needs(build, source);
	step_seal(build);
	s->build_step = build;
	s->build = (struct build_job){.home = &p->home,
				      .recipe = r,
				      .guest_arch = p->guest_arch,
				      .facts = &p->facts,
				      .files = &s->emulator_files,
				      .source_key = source->key,
				      .key = build->key,
				      .source_step = source->id,
				      .step = build->id};
	return NULL;
}

/* --- the image --- */

static struct err *observe_image(struct step *step, struct observed *seen)
{
	const struct image_job *job = step->data;
	AUTO_FREE char *name = image_name(job->recipe, job->guest_arch);
	seen->present = store_has(job->home, job->key, name);
	return NULL;
}

static struct err *perform_image(struct step *step, struct sink *sink)
{
	const struct image_job *job = step->data;
	TRY(image_make(job, sink));
	step_set_outcome(step, "%s %s for %s", job->recipe->name, job->recipe->version, job->guest_arch);
	return NULL;
}

static struct err *add_image(struct stack *s)
{
	struct project *p = s->p;
	const struct recipe *r = p->image;
	if (r->image.debian_suite)
		TRY(image_list(r, p->guest_arch, p->lock, &s->image_files));
	else
		TRY(source_list(r->sources, r->source_count, p->facts.arch, p->lock, &s->image_files));
	AUTO_FREE char *what = mem_printf("%s-image", r->name);
	s->fetch_image = (struct fetch_job){&p->home, &s->image_files};
	struct step *fetch = add_fetch(s, what, &s->fetch_image);

	AUTO_FREE char *id = mem_printf("image:%s", r->name);
	AUTO_FREE char *title = mem_printf("make image %s %s for %s", r->name, r->version, p->guest_arch);
	struct step *image = graph_add(&s->graph, id, title, STEP_CPU);
	image->observe = observe_image;
	image->perform = perform_image;
	image->data = &s->image;
	js_set_text(image->inputs, "recipe", r->canonical_digest);
	js_set_text(image->inputs, "guest_arch", p->guest_arch);
	TRY(image_inputs(r, image->inputs));
	step_needs(image, fetch);
	step_seal(image);
	s->image_step = image;
	s->image = (struct image_job){.home = &p->home,
				      .recipe = r,
				      .guest_arch = p->guest_arch,
				      .facts = &p->facts,
				      .files = &s->image_files,
				      .key = image->key,
				      .step = image->id};
	return NULL;
}

/* --- user-mode emulators --- */

static struct err *observe_emulators(struct step *step, struct observed *seen)
{
	const struct emulators_job *job = step->data;
	AUTO_FREE char *name = emulators_name(job->guest_arch);
	seen->present = store_has(job->home, job->key, name);
	return NULL;
}

static struct err *perform_emulators(struct step *step, struct sink *sink)
{
	const struct emulators_job *job = step->data;
	TRY(emulators_make(job, sink));
	AUTO_FREE char *archs = strs_join(job->archs, ", ");
	step_set_outcome(step, "for %s", archs);
	return NULL;
}

static struct err *add_emulators(struct stack *s)
{
	struct project *p = s->p;
	foreign_archs(p, &s->foreign);
	if (!stack_needs_emulators(p))
		return NULL;
	s->package = stack_emulator_package(p);
	TRY(source_list(&s->package, 1, p->facts.arch, p->lock, &s->emulators_files));
	s->fetch_emulators = (struct fetch_job){&p->home, &s->emulators_files};
	struct step *fetch = add_fetch(s, "emulators", &s->fetch_emulators);
	struct step *step = graph_add(&s->graph, "emulators", "make the device with user-mode emulators", STEP_CPU);
	AUTO_FREE char *archs = strs_join(&s->foreign, " ");
	step->observe = observe_emulators;
	step->perform = perform_emulators;
	step->data = &s->emulators;
	js_set_text(step->inputs, "architectures", archs);
	js_set_text(step->inputs, "guest_arch", p->guest_arch);
	step_needs(step, fetch);
	step_seal(step);
	s->emulators_step = step;
	s->emulators = (struct emulators_job){.home = &p->home,
					      .files = &s->emulators_files,
					      .archs = &s->foreign,
					      .guest_arch = p->guest_arch,
					      .key = step->key,
					      .step = step->id};
	return NULL;
}

/* --- the whole --- */

struct stack *stack_free(struct stack *s)
{
	if (!s)
		return NULL;
	stack_machine_done(s);
	graph_done(&s->graph);
	js_free(s->record);
	free(s->record_path);
	source_files_done(&s->emulator_files);
	source_files_done(&s->image_files);
	source_files_done(&s->emulators_files);
	strs_done(&s->foreign);
	free(s);
	return NULL;
}

/* A record that is gone or damaged costs reasons, nothing else. */
static void read_record(struct stack *s)
{
	const struct project *p = s->p;
	s->record_path = mem_printf("%s/%s.%s.record", p->home.root, p->stack->name, p->guest_arch);
	struct err *e = js_read(s->record_path, &s->record);
	if (e) {
		err_free(e);
		s->record = js_object();
	}
}

static struct err *build_graph(struct stack *s)
{
	TRY(add_emulator(s));
	TRY(add_image(s));
	TRY(add_emulators(s));
	return stack_add_machine(s);
}

struct err *stack_open(struct project *p, struct stack **ret_stack)
{
	struct stack *s = mem_alloc(sizeof(*s));
	s->p = p;
	read_record(s);
	struct err *e = build_graph(s);
	if (e) {
		stack_free(s);
		return e;
	}
	*ret_stack = s;
	return NULL;
}

struct graph *stack_graph(struct stack *s)
{
	return &s->graph;
}

const struct machine_spec *stack_machine(const struct stack *s)
{
	return &s->spec;
}

struct err *stack_observe(struct stack *s, const char *goal)
{
	struct step *step = goal ? graph_find(&s->graph, goal) : s->goal;
	if (!step)
		return err_new(ERR_USAGE, "the stack has no step '%s'", goal);
	return graph_observe(&s->graph, step, s->record);
}

void stack_packages(const struct stack *s, struct strs *names)
{
	bool mac = streq(s->p->facts.os, "macos");
	if (s->build_step->state == STEP_PENDING)
		strs_copy(names, mac ? &s->p->emulator->build.host_brew : &s->p->emulator->build.host_apt);
	if (s->image_step->state == STEP_PENDING && !mac)
		strs_copy(names, &s->p->image->image.host_apt);
	if (s->boot_step->state == STEP_PENDING && !mac)
		strs_add(names, "openssh-client");
}

struct err *stack_host_packages(struct stack *s, struct strs *missing)
{
	AUTO(strs) names = STRS_INIT;
	stack_packages(s, &names);
	return host_packages_missing(&s->p->facts, &names, missing);
}

/* Offline, all that is missing for all steps is told at once, before anything is begun. */
static struct err *check_reach(const struct graph *g)
{
	AUTO(strs) lines = STRS_INIT;
	for (size_t i = 0; i < g->count; i++) {
		const struct fetch_job *job = g->steps[i]->data;
		if (g->steps[i]->state == STEP_PENDING && g->steps[i]->perform == perform_fetch)
			TRY(source_out_of_reach(job->home, job->files, &lines));
	}
	return lines.count ? fetch_offline_error(&lines) : NULL;
}

struct err *stack_perform(struct stack *s, struct sink *sink)
{
	TRY(check_reach(&s->graph));
	struct err *e = graph_perform(&s->graph, sink);
	graph_record(&s->graph, s->record);
	AUTO_FREE char *text = js_pretty(s->record);
	return err_first(e, file_write(s->record_path, text, strlen(text), 0600));
}
