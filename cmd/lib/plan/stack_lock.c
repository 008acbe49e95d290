#include "plan/stack_lock.h"

#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "source/channel.h"

static void add_reference(char *take_reference, struct strs *references)
{
	AUTO_FREE char *reference = take_reference;
	if (reference && !strs_has(references, reference))
		strs_add(references, reference);
}

void stack_foreign_archs(const struct project *p, struct strs *foreign)
{
	const struct strs *run = &p->stack->stack.run;
	for (size_t i = 0; i < run->count; i++)
		if (!arch_runs(p->guest_arch, arch_of(run->items[i])) && !strs_has(foreign, run->items[i]))
			strs_add(foreign, run->items[i]);
}

bool stack_emulator_package(const struct project *p, struct source *ret_package)
{
	AUTO(strs) foreign = STRS_INIT;
	stack_foreign_archs(p, &foreign);
	enum provider provider = p->stack->stack.provider;
	bool by_store = provider == PROVIDER_AUTO || provider == PROVIDER_STORE;
	*ret_package = p->stack->stack.emulator_package;
	ret_package->arch = (char *)arch_name(p->guest_arch);
	return foreign.count && by_store && ret_package->debian_package;
}

void stack_references(const struct project *p, const struct recipe *r, struct strs *references)
{
	struct source package;
	for (size_t i = 0; i < r->source_count; i++)
		add_reference(source_reference(&r->sources[i], p->facts.arch), references);
	if (r->kind == RECIPE_IMAGE && r->image.debian_suite)
		add_reference(image_set_reference(r, p->guest_arch), references);
	if (r->kind == RECIPE_STACK && stack_emulator_package(p, &package))
		add_reference(source_reference(&package, p->facts.arch), references);
}

void stack_unresolved(const struct project *p, struct strs *references)
{
	const struct recipe *const recipes[] = {p->emulator, p->image, p->stack};
	AUTO(strs) all = STRS_INIT;
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		stack_references(p, recipes[i], &all);
	for (size_t i = 0; i < all.count; i++)
		if (!lock_find(p->lock, all.items[i]))
			strs_add(references, all.items[i]);
}

struct err *stack_resolve(struct project *p, struct sink *sink)
{
	enum arch arch = p->facts.arch;
	AUTO(strs) references = STRS_INIT;
	struct source package;
	stack_unresolved(p, &references);
	if (references.count)
		event_note(sink, "resolve", "resolving %zu lock entr%s", references.count,
			   references.count == 1 ? "y" : "ies");
	struct recipe_target target = project_target(p);
	TRY(source_resolve_build(&p->home, &target, &p->roots, p->lock, sink, &p->emulator));
	TRY(source_resolve(&p->home, p->image->sources, p->image->source_count, arch, p->lock, sink));
	if (p->image->image.debian_suite)
		TRY(image_resolve(&p->home, p->image, p->guest_arch, p->lock, sink));
	return stack_emulator_package(p, &package) ? source_resolve(&p->home, &package, 1, arch, p->lock, sink) : NULL;
}

/* --- everything anew --- */

/* What was resolved, kept until all is: a lock is never half new. */
struct update {
	const struct project *p;
	struct sink *sink;
	struct lock_entry *entries;
	size_t count;
	size_t cap;
};

static void update_done(struct update *u)
{
	for (size_t i = 0; i < u->count; i++)
		lock_entry_done(&u->entries[i]);
	free(u->entries);
}

static struct lock_entry *add_entry(struct update *u)
{
	u->entries = mem_grow(u->entries, &u->cap, u->count + 1, sizeof(*u->entries));
	u->entries[u->count] = (struct lock_entry){.reference = NULL};
	return &u->entries[u->count++];
}

static bool has(const struct update *u, const char *reference)
{
	for (size_t i = 0; i < u->count; i++)
		if (streq(u->entries[i].reference, reference))
			return true;
	return false;
}

static struct err *ask_sources(struct update *u, const struct source *sources, size_t count)
{
	const struct project *p = u->p;
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *reference = source_reference(&sources[i], p->facts.arch);
		if (!reference || has(u, reference))
			continue;
		TRY(source_ask(&p->home, &sources[i], p->facts.arch, u->sink, add_entry(u)));
	}
	return NULL;
}

/* What the first source is now decides which others there are. */
static struct err *ask_emulator(struct update *u)
{
	const struct recipe *now = u->p->emulator;
	struct recipe *r = NULL;
	size_t before = u->count;
	TRY(ask_sources(u, now->sources, 1));
	TRY(project_load_emulator(u->p, u->count > before ? &u->entries[before] : NULL, &r));
	struct err *e = ask_sources(u, r->sources, r->source_count);
	recipe_free(r);
	return e;
}

static struct err *ask_all(struct update *u)
{
	const struct project *p = u->p;
	struct source package;
	AUTO_FREE char *channel = channel_reference(p->image, p->guest_arch);
	if (channel)
		TRY(channel_resolve(&p->home, p->image, p->guest_arch, u->sink, add_entry(u)));
	TRY(ask_emulator(u));
	TRY(ask_sources(u, p->image->sources, p->image->source_count));
	if (p->image->image.debian_suite)
		TRY(image_ask(&p->home, p->image, p->guest_arch, u->sink, add_entry(u)));
	return stack_emulator_package(p, &package) ? ask_sources(u, &package, 1) : NULL;
}

static bool same_file(const struct lock_file *a, const struct lock_file *b)
{
	return streq(a->name, b->name) && streq(a->sha256, b->sha256) && streq(a->url, b->url) && a->size == b->size &&
	       streq(a->uncompressed_sha256, b->uncompressed_sha256) && streq(a->signature, b->signature);
}

/* Files of @now that @old has not as they are. */
static size_t count_new(const struct lock_entry *old, const struct lock_entry *now)
{
	size_t count = 0;
	for (size_t i = 0; i < now->file_count; i++) {
		bool found = false;
		for (size_t j = 0; old && j < old->file_count && !found; j++)
			found = same_file(&old->files[j], &now->files[i]);
		count += !found;
	}
	return count;
}

/* A followed image that is not in the lock is the recipe's own pin. */
static struct json *describe(const struct project *p, const struct lock_entry *old, const struct lock_entry *now)
{
	struct json *change = js_object();
	const char *version = old ? old->version : NULL;
	size_t fresh = count_new(old, now);
	bool changed = fresh || !old || old->file_count != now->file_count;
	if (!old && str_starts(now->reference, "channel:")) {
		version = p->image->version;
		changed = !streq(p->image->sources[0].sha256, now->files[0].sha256);
	}
	js_set_text(change, "reference", now->reference);
	js_set_text(change, "old", version);
	js_set_text(change, "new", now->version ? now->version : "");
	js_set_bool(change, "changed", changed);
	js_set_int(change, "files", (int64_t)now->file_count);
	js_set_int(change, "files_changed", (int64_t)fresh);
	return change;
}

static struct err *write_all(struct update *u, bool dry_run, struct json *changes)
{
	for (size_t i = 0; i < u->count; i++)
		js_add(changes, describe(u->p, lock_find(u->p->lock, u->entries[i].reference), &u->entries[i]));
	return dry_run || u->count == 0 ? NULL : lock_put_all(u->p->lock, u->entries, u->count);
}

struct err *stack_update(const struct project *p, bool dry_run, struct sink *sink, struct json **ret_changes)
{
	AUTO(update) u = {.p = p, .sink = sink};
	AUTO_JSON *changes = js_array();
	TRY(ask_all(&u));
	TRY(write_all(&u, dry_run, changes));
	*ret_changes = changes;
	changes = NULL;
	return NULL;
}
