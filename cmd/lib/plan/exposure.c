#include "plan/exposure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/quote.h"
#include "fmt/digest.h"
#include "plan/stack_lock.h"
#include "source/channel.h"
#include "source/debian_text.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

/* One recipe on its way into lines. */
struct exposing {
	const struct recipe *r;
	const char *path; /* of the recipe, below its root: the same in every checkout */
	struct strs *lines;
	const char *user; /* who runs cooper, in words */
	const char *gap;  /* exposure_box_gap() */
	const char *follows; /* the URL of the channel that an image follows, where the lock has what is there */
};

/* Without its line: what is agreed to stays so when a comment is added. */
static void add(const struct exposing *x, const char *text)
{
	strs_addf(x->lines, "%s: %s", x->path, text);
}

static void add_list(const struct exposing *x, const char *what, const struct strs *names)
{
	if (names->count == 0)
		return;
	AUTO_FREE char *list = strs_join(names, " ");
	AUTO_FREE char *text = mem_printf("%s: %s", what, list);
	add(x, text);
}

/* A text is shown whole, below what it is, and is one line of the list with it. */
static void add_text(const struct exposing *x, const char *what, const char *text)
{
	AUTO(strs) lines = STRS_INIT;
	AUTO(str) whole = STR_INIT;

	str_addf(&whole, "%s:", what);
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		str_addf(&whole, "\n    %s", lines.items[i]);
	add(x, str_text(&whole));
}

static void add_command(const struct exposing *x, const char *what, const struct command *c)
{
	if (c->script) {
		AUTO_FREE char *script = mem_printf("%s, %s script", what, c->interpreter ? c->interpreter : "sh");
		add_text(x, script, c->script);
	} else if (c->argv.count) {
		AUTO_FREE char *words = quote_argv((const char *const *)c->argv.items);
		AUTO_FREE char *text = mem_printf("%s: %s", what, words);
		add(x, text);
	}
}

static void add_commands(const struct exposing *x, const char *what, const struct commands *list)
{
	AUTO_FREE char *whole = mem_printf("%s, as %s%s", what, x->user, x->gap ? "" : " in a box");
	for (size_t i = 0; i < list->count; i++)
		add_command(x, whole, &list->items[i]);
}

/* What a file or folder of the project holds. */
static struct err *add_file(const struct exposing *x, const char *dir, const char *path, const char *what)
{
	char hex[SHA256_HEX];
	AUTO_FREE char *found = NULL;
	bool is_dir = false;

	TRY(beneath_path(dir, path, &found));
	TRY(dir_exists(found, &is_dir));
	TRY(is_dir ? tree_digest_most(found, BENEATH_MAX_BYTES, hex) : digest_beneath(dir, path, hex, NULL));
	AUTO_FREE char *text = mem_printf("%s %s (sha256 %s)", what, path, hex);
	add(x, text);
	return NULL;
}

static void add_sources(const struct exposing *x)
{
	if (x->follows) {
		AUTO_FREE char *text = mem_printf("source: what the lock has of %s", x->follows);
		add(x, text);
		return;
	}
	for (size_t i = 0; i < x->r->source_count; i++) {
		const struct source *s = &x->r->sources[i];
		const char *name = s->url ? s->url : s->debian_source ? s->debian_source : s->debian_package;
		const char *digest = s->sha256 ? s->sha256 : s->sha512;
		AUTO_FREE char *text = mem_printf("source: %s%s%s%s", s->url ? "" : "Debian's ", name ? name : "",
						  digest   ? ", digest "
						  : s->tag ? ", tag "
							   : "",
						  digest   ? digest
						  : s->tag ? s->tag
							   : "");
		add(x, text);
	}
}

static struct err *add_patches(const struct exposing *x)
{
	for (size_t i = 0; i < x->r->patch_count; i++) {
		const struct patch_ref *p = &x->r->patches[i];
		AUTO_FREE char *below = p->file ? path_join("patches", p->file) : NULL;
		AUTO_FREE char *text = p->file ? NULL
					       : mem_printf("patch: %s%s%s", p->url ? p->url : p->series,
							    p->sha256 ? ", digest " : "", p->sha256 ? p->sha256 : "");
		if (below)
			TRY(add_file(x, x->r->root, below, "patch:"));
		else
			add(x, text);
	}
	return NULL;
}

static void add_gap(const struct exposing *x, const char *who)
{
	AUTO_FREE char *text = mem_printf("this host does not keep %s from: %s", who, x->gap ? x->gap : "");
	if (x->gap)
		add(x, text);
}

static struct err *expose_build(const struct exposing *x)
{
	const struct build_recipe *b = &x->r->build;

	add_list(x, "packages of this host, installed as root when you agree", &b->host_apt);
	add_list(x, "packages of this host, from Homebrew", &b->host_brew);
	add_sources(x);
	TRY(add_patches(x));
	add_gap(x, "its commands");
	add_list(x, "variables of all its commands", &b->env);
	add_commands(x, "configure", &b->configure);
	add_commands(x, "build", &b->build);
	add_commands(x, "install", &b->install);
	add_commands(x, "test", &b->test);
	add_list(x, "signs, on macOS, with the entitlements", &b->sign_entitlements);
	return NULL;
}

static struct err *expose_image(const struct exposing *x)
{
	const struct image_recipe *i = &x->r->image;
	AUTO_FREE char *dir = path_dir(x->r->path);

	add_list(x, "packages of this host, installed as root when you agree", &i->host_apt);
	add_sources(x);
	add_list(x, "packages in the image", &i->packages);
	if (i->debian_suite)
		add_gap(x, "the scripts of packages and image");
	if (i->files)
		TRY(add_file(x, dir, i->files,
			     x->gap ? "programs that make the image, as root of it: prepare.sh, customize.sh in"
				    : "programs that make the image, as root of it in a box: prepare.sh, customize.sh in"));
	return NULL;
}

static void add_mounts(const struct exposing *x)
{
	for (size_t i = 0; i < x->r->stack.mount_count; i++) {
		const struct mount *m = &x->r->stack.mounts[i];
		AUTO_FREE char *text = mem_printf("folder of this host, %s: %s as %s",
						  m->writable ? "the guest may write to it" : "read-only", m->host,
						  m->guest ? m->guest : "its own path");
		add(x, text);
	}
}

static void add_ports(const struct exposing *x)
{
	for (size_t i = 0; i < x->r->stack.port_count; i++) {
		const struct port *p = &x->r->stack.ports[i];
		AUTO_FREE char *text =
			mem_printf("port of this host: %s:%d leads to %d of the guest",
				   p->host_address ? p->host_address : "127.0.0.1", p->host_port, p->guest_port);
		add(x, text);
	}
}

static struct err *add_step(const struct exposing *x, const struct guest_step *s, const char *login)
{
	AUTO_FREE char *what = mem_printf("step '%s', in the guest as %s", s->name, s->as_user ? login : "root");
	AUTO_FREE char *unless = mem_printf("%s, unless", what);
	AUTO_FREE char *then = mem_printf("%s, then", what);
	AUTO_FREE char *packages = mem_printf("%s, packages", what);

	add_command(x, unless, &s->unless);
	if (s->write_path) {
		AUTO_FREE char *writes = mem_printf("%s, writes %s", what, s->write_path);
		if (s->write_from) {
			AUTO_FREE char *from = mem_printf("%s from", writes);
			TRY(add_file(x, s->write_dir ? s->write_dir : ".", s->write_from, from));
		} else {
			add_text(x, writes, s->write_text ? s->write_text : "");
		}
	}
	add_list(x, packages, &s->packages);
	add_command(x, what, &s->run);
	add_command(x, then, &s->then);
	return NULL;
}

static struct err *expose_stack(const struct exposing *x, const char *login)
{
	const struct stack_recipe *s = &x->r->stack;

	add_mounts(x);
	add_ports(x);
	if (s->ignition)
		TRY(add_file(x, s->ignition_dir, s->ignition, "configuration of the guest's first boot:"));
	for (size_t i = 0; i < s->step_count; i++)
		TRY(add_step(x, &s->steps[i], login));
	return NULL;
}

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
		add(&x, "takes the place of the recipe of that name that came with cooper");
	if (r->kind == RECIPE_BUILD)
		return expose_build(&x);
	return r->kind == RECIPE_IMAGE ? expose_image(&x) : expose_stack(&x, p->image->image.user);
}

static struct err *expose(const struct project *p, const struct recipe *r, unsigned scope, struct strs *lines)
{
	TRY(expose_recipe(p, r, scope, lines));
	return expose_pins(p, r, scope, lines);
}

struct err *exposure_list(const struct project *p, unsigned scope, struct strs *lines)
{
	if (scope & EXPOSURE_BUILD)
		TRY(expose(p, p->emulator, scope, lines));
	if (scope & EXPOSURE_IMAGE)
		TRY(expose(p, p->image, scope, lines));
	return scope & EXPOSURE_STACK ? expose(p, p->stack, scope, lines) : NULL;
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
