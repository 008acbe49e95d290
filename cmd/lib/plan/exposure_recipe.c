#include "plan/exposure_recipe.h"

#include <string.h>

#include "base/path.h"
#include "base/quote.h"
#include "fmt/digest.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

/* Without its line: what is agreed to stays so when a comment is added. */
void exposing_add(const struct exposing *x, const char *text)
{
	strs_addf(x->lines, "%s: %s", x->path, text);
}

static void add_list(const struct exposing *x, const char *what, const struct strs *names)
{
	if (names->count == 0)
		return;
	AUTO_FREE char *list = quote_argv((const char *const *)names->items);
	AUTO_FREE char *text = mem_printf("%s: %s", what, list);
	exposing_add(x, text);
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
	exposing_add(x, str_text(&whole));
}

static void add_command(const struct exposing *x, const char *what, const struct command *c)
{
	if (c->script) {
		AUTO_FREE char *script = mem_printf("%s, %s script", what, c->interpreter ? c->interpreter : "sh");
		add_text(x, script, c->script);
	} else if (c->argv.count) {
		AUTO_FREE char *words = quote_argv((const char *const *)c->argv.items);
		AUTO_FREE char *text = mem_printf("%s: %s", what, words);
		exposing_add(x, text);
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
	exposing_add(x, text);
	return NULL;
}

static void add_sources(const struct exposing *x)
{
	if (x->follows) {
		AUTO_FREE char *text = mem_printf("source: what the lock has of %s", x->follows);
		exposing_add(x, text);
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
		exposing_add(x, text);
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
			exposing_add(x, text);
	}
	return NULL;
}

static void add_gap(const struct exposing *x, const char *who)
{
	AUTO_FREE char *text = mem_printf("this host does not keep %s from: %s", who, x->gap ? x->gap : "");
	if (x->gap)
		exposing_add(x, text);
}

/* What the machine relies on. */
static void add_provides(const struct exposing *x)
{
	AUTO(strs) all = STRS_INIT;

	strs_copy(&all, &x->r->build.provides);
	for (size_t i = 0; i < x->r->patch_count; i++)
		strs_copy(&all, &x->r->patches[i].provides);
	add_list(x, "says that it provides", &all);
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
	add_provides(x);
	return NULL;
}

static struct err *expose_image(const struct exposing *x)
{
	const struct image_recipe *i = &x->r->image;
	AUTO_FREE char *dir = path_dir(x->r->path);

	add_list(x, "packages of this host, installed as root when you agree", &i->host_apt);
	add_sources(x);
	add_list(x, "packages in the image", &i->packages);
	AUTO_FREE char *os = mem_printf("a guest of the kind %s", i->os);
	exposing_add(x, os);
	const char *const lines[] = {i->cmdline, i->first_boot_cmdline};
	for (size_t n = 0; n < ARRAY_LEN(lines); n++) {
		AUTO_FREE char *text = mem_printf("kernel command line%s: %s", n ? " of the first boot" : "", lines[n]);
		if (lines[n] && *lines[n])
			exposing_add(x, text);
	}
	if (i->debian_suite)
		add_gap(x, "the scripts of packages and image");
	if (i->files)
		TRY(add_file(
			x, dir, i->files,
			x->gap ? "programs that make the image, as root of it: prepare.sh, customize.sh in"
			       : "programs that make the image, as root of it in a box: prepare.sh, customize.sh in"));
	return NULL;
}

static void add_mounts(const struct exposing *x)
{
	for (size_t i = 0; i < x->r->stack.mount_count; i++) {
		const struct mount *m = &x->r->stack.mounts[i];
		AUTO(str) text = STR_INIT;
		str_addf(&text, "folder of this host, %s: ", m->writable ? "the guest may write to it" : "read-only");
		quote_word(&text, m->host);
		str_add(&text, " as ");
		if (m->guest)
			quote_word(&text, m->guest);
		else
			str_add(&text, "its own path");
		exposing_add(x, str_text(&text));
	}
}

static void add_ports(const struct exposing *x)
{
	for (size_t i = 0; i < x->r->stack.port_count; i++) {
		const struct port *p = &x->r->stack.ports[i];
		AUTO_FREE char *text =
			mem_printf("port of this host: %s:%d leads to %d of the guest",
				   p->host_address ? p->host_address : "127.0.0.1", p->host_port, p->guest_port);
		exposing_add(x, text);
	}
}

static void add_socket(const struct exposing *x)
{
	AUTO(str) text = STR_INIT;
	if (!x->r->stack.connect_socket)
		return;
	str_add(&text, "link of this host to the machine's podman: ");
	quote_word(&text, x->r->stack.connect_socket);
	exposing_add(x, str_text(&text));
}

static struct err *add_step(const struct exposing *x, const struct guest_step *s, const char *login)
{
	AUTO_FREE char *what = mem_printf("step '%s', in the guest as %s%s%s%s", s->name, s->as_user ? login : "root",
					  s->creates ? ", unless '" : "", s->creates ? s->creates : "",
					  s->creates ? "' is there" : "");
	AUTO_FREE char *unless = mem_printf("%s, unless", what);
	AUTO_FREE char *then = mem_printf("%s, then", what);
	AUTO_FREE char *packages = mem_printf("%s, packages", what);

	add_command(x, unless, &s->unless);
	if (s->write_path) {
		AUTO_FREE char *writes =
			mem_printf("%s, writes %s (mode %04o)", what, s->write_path, (unsigned)s->write_mode);
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
	const struct source *package = &s->emulator_package;

	add_mounts(x);
	add_ports(x);
	add_socket(x);
	if (s->host_loopback)
		exposing_add(x, "what listens on this host's 127.0.0.1 is reached from the guest");
	/* what shipped stacks take from Debian as well is no news in a project that extends one */
	if (package->debian_package && !streq(package->debian_package, "qemu-user-static")) {
		AUTO_FREE char *text = mem_printf("programs that run those of other architectures: Debian's %s%s%s",
						  package->debian_package, package->suite ? " of " : "",
						  package->suite ? package->suite : "");
		exposing_add(x, text);
	}
	if (s->ignition)
		TRY(add_file(x, s->ignition_dir, s->ignition, "configuration of the guest's first boot:"));
	for (size_t i = 0; i < s->step_count; i++)
		TRY(add_step(x, &s->steps[i], login));
	return NULL;
}

struct err *exposing_recipe(const struct exposing *x, const char *login)
{
	if (x->r->kind == RECIPE_STACK)
		return expose_stack(x, login);
	TRY(x->r->kind == RECIPE_BUILD ? expose_build(x) : expose_image(x));
	AUTO_FREE char *whole = mem_printf("all that it says (sha256 %s)", x->r->canonical_digest);
	exposing_add(x, whole);
	return NULL;
}
