#include "plan/exposure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "plan/exposure_recipe.h"
#include "plan/stack_lock.h"
#include "source/channel.h"
#include "source/debian_text.h"
#include "sys/file.h"

static struct err *same_folder(const char *a, const char *b, bool *ret_same)
{
	struct stat first, second;
	bool is_a = false, is_b = false;

	TRY(file_stat(a, &is_a, &first));
	TRY(file_stat(b, &is_b, &second));
	*ret_same = is_a && is_b && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
	return NULL;
}

/* The last root is the shipped one. A recipe of that name there is not taken when the project has its own. */
static struct err *judge_origin(const struct project *p, const struct recipe *r, bool *ret_shipped, bool *ret_shadows)
{
	const char *shipped = p->roots.items[p->roots.count - 1];
	AUTO_FREE char *same =
		mem_printf("%s/%s/%s.yaml", shipped, r->kind == RECIPE_IMAGE ? "vmimages" : "recipes", r->name);

	*ret_shadows = false;
	TRY(same_folder(r->root, shipped, ret_shipped));
	return *ret_shipped ? NULL : file_exists(same, ret_shadows);
}

char *exposure_box_gap(const struct project *p, enum box_kind kind)
{
	AUTO(str) missing = STR_INIT;
	const char *lets = kind == BOX_TREE ? p->survey.image_box_lets : p->survey.box_lets;

	if (!p->other_host)
		box_missing(os_box_facts(kind), &missing);
	else if (lets)
		str_add(&missing, lets);
	return box_holds(str_text(&missing)) ? NULL : str_take(&missing);
}

/* Whether @r follows a channel, and the lock has what was there; else its own pin stands. */
static bool follows(const struct project *p, const struct recipe *r)
{
	AUTO_FREE char *reference = r->kind == RECIPE_IMAGE ? channel_reference(r, p->guest_arch) : NULL;
	return reference && lock_find(p->lock, reference);
}

/* Files of Debian's archive are many: a digest stands for them. */
static void add_pin(const struct lock_entry *entry, struct strs *lines)
{
	AUTO(str) s = STR_INIT;
	char hex[SHA256_HEX];
	size_t archived = 0;

	lock_entry_digest(entry, hex);
	str_addf(&s, EXPOSURE_LOCK "%s is%s%s", entry->reference, entry->version && *entry->version ? " " : "",
		 entry->version ? entry->version : "");
	for (size_t i = 0; i < entry->file_count; i++) {
		if (debian_is_url(entry->files[i].url))
			archived++;
		else
			str_addf(&s, " %s", entry->files[i].url);
	}
	if (archived)
		str_addf(&s, " %zu file%s of Debian's archive", archived, archived == 1 ? "" : "s");
	str_addf(&s, " (sha256 %s of the entry)", hex);
	strs_take(lines, str_take(&s));
}

static void list_pins(const struct project *p, const struct recipe *r, bool put_here, struct strs *lines)
{
	char *channel = r->kind == RECIPE_IMAGE ? channel_reference(r, p->guest_arch) : NULL;
	AUTO(strs) references = STRS_INIT;

	if (channel)
		strs_take(&references, channel);
	stack_references(p, r, &references);
	for (size_t i = 0; i < references.count; i++) {
		const struct lock_entry *entry = lock_find(p->lock, references.items[i]);
		if (entry && (entry->put_here || !put_here))
			add_pin(entry, lines);
	}
}

void exposure_resolved(const struct project *p, struct strs *lines)
{
	const struct recipe *const recipes[] = {p->emulator, p->image, p->stack};

	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		list_pins(p, recipes[i], /* put_here= */ true, lines);
}

static struct err *expose_pins(const struct project *p, const struct recipe *r, unsigned scope, struct strs *lines)
{
	const char *shipped = p->roots.items[p->roots.count - 1];
	AUTO_FREE char *dir = path_dir(p->lock_path);
	bool is_shipped = false;

	TRY(same_folder(dir, shipped, &is_shipped));
	if (!(is_shipped || p->is_shipped) || !(scope & EXPOSURE_OWN))
		list_pins(p, r, /* put_here= */ false, lines);
	return NULL;
}

static struct err *expose_recipe(const struct project *p, const struct recipe *r, unsigned scope, struct strs *lines)
{
	AUTO_FREE char *root = path_join(r->root, "");
	AUTO_FREE char *gap = NULL;
	struct exposing x = {.r = r,
			     .path = str_starts(r->path, root) ? r->path + strlen(root) : path_base(r->path),
			     .lines = lines,
			     .user = geteuid() == 0 ? "root" : "you",
			     .follows = follows(p, r) ? r->image.channel : NULL};
	bool shipped = false, shadows = false;

	TRY(judge_origin(p, r, &shipped, &shadows));
	if (shipped && (scope & EXPOSURE_OWN))
		return NULL;
	if (r->kind == RECIPE_BUILD || r->image.debian_suite)
		x.gap = gap = exposure_box_gap(p, r->kind == RECIPE_BUILD ? BOX_BUILD : BOX_TREE);
	if (shadows)
		exposing_add(&x, "takes the place of the recipe of that name that came with cooper");
	return exposing_recipe(&x, p->image->image.user);
}

static struct err *expose(const struct project *p, const struct recipe *r, unsigned scope, struct strs *lines)
{
	TRY(expose_recipe(p, r, scope, lines));
	return expose_pins(p, r, scope, lines);
}

/* What programs of others run in and on: by themselves these are no question. */
static void add_context(const struct project *p, struct strs *lines)
{
	bool any = false;

	for (size_t i = 0; i < lines->count; i++)
		any = any || !str_starts(lines->items[i], EXPOSURE_LOCK);
	if (!any)
		return;
	strs_addf(lines, "the machine is '%s', its emulator '%s', its image '%s'", p->machine_name, p->emulator->name,
		  p->image->name);
}

struct err *exposure_list(const struct project *p, unsigned scope, struct strs *lines)
{
	if (scope & EXPOSURE_BUILD)
		TRY(expose(p, p->emulator, scope, lines));
	if (scope & EXPOSURE_IMAGE)
		TRY(expose(p, p->image, scope, lines));
	if (!(scope & EXPOSURE_STACK))
		return NULL;
	TRY(expose(p, p->stack, scope, lines));
	if (scope & EXPOSURE_OWN)
		add_context(p, lines);
	return NULL;
}

void exposure_show(const char *entry, const char *prefix, struct str *text)
{
	AUTO(strs) lines = STRS_INIT;

	strs_split(&lines, entry, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO_FREE char *line = str_escape(lines.items[i]);
		str_addf(text, "%s%s\n", prefix, line);
	}
}
