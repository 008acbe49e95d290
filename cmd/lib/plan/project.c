#include "plan/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/utf8.h"
#include "build/developer_tools.h"
#include "host/host_packages.h"
#include "build/toolchain.h"
#include "machine/vmm.h"
#include "plan/project_find.h"
#include "source/channel.h"
#include "source/source.h"
#include "sys/file.h"
#include "sys/owner.h"

void project_done(struct project *p)
{
	home_done(&p->home);
	strs_done(&p->roots);
	free(p->stack_path);
	free(p->stack_real);
	free(p->lock_path);
	free(p->machine_dir);
	lock_free(p->lock);
	recipe_free(p->stack);
	recipe_free(p->emulator);
	recipe_free(p->image);
	host_survey_done(&p->survey);
	*p = PROJECT_INIT;
}

/* The shipped recipes: $COOPER_RECIPES, beside an installed program, or in the tree it was compiled in. */
static struct err *add_shipped_root(struct strs *roots)
{
	const char *own = getenv("COOPER_RECIPES");
	if (own && *own) {
		strs_add(roots, own);
		return NULL;
	}
	AUTO_FREE char *exe = NULL;
	TRY(os_exe_path(&exe));
	AUTO_FREE char *bin = path_dir(exe);
	AUTO_FREE char *config = path_dir(bin);
	AUTO_FREE char *top = path_dir(config);
	const struct {
		const char *dir, *below;
	} places[] = {{config, "lib/cooper/recipes"}, {top, "recipes"}};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		AUTO_FREE char *recipes = path_join(places[i].dir, places[i].below);
		bool there = false;
		TRY(dir_exists(recipes, &there));
		if (!there)
			continue;
		TRY(owner_check_below(places[i].dir, places[i].below));
		strs_take(roots, path_dir(recipes));
		return NULL;
	}
	return err_hint(err_new(ERR_ABSENT, "the shipped recipes are not beside '%s'", exe),
			"set COOPER_RECIPES to the folder that contains recipes/ and vmimages/");
}

struct err *project_set_host(struct project *p, const char *name)
{
	TRY(survey_of_host(name, &p->survey));
	p->facts = p->survey.host;
	p->other_host = true;
	return NULL;
}

static struct err *measure_host(struct host_facts *facts)
{
	AUTO_FREE char *tools = NULL;
	TRY(os_host_facts(facts));
	host_packages_managers(facts);
	if (facts->os == OS_MACOS)
		TRY(developer_tools_find("", &tools));
	return tools ? developer_tools_sdk(tools, facts->sdk_version, sizeof(facts->sdk_version)) : NULL;
}

/* Recipes and lock are this host's; what would be made there is below a home that nobody looks into. */
static void move_home(struct project *p)
{
	const char *own = p->survey.home;
	const char *usual = p->facts.os == OS_MACOS ? "/Users/me/.local/share/cooper" : "/home/me/.local/share/cooper";
	home_done(&p->home);
	home_at(own && *own == '/' ? own : usual, &p->home);
}

struct err *project_measure_tools(struct project *p)
{
	return p->other_host ? NULL : toolchain_measure(&p->home, &p->facts);
}

struct err *project_start(struct project *p)
{
	if (!p->other_host)
		TRY(measure_host(&p->facts));
	TRY(home_open(&p->home));
	return add_shipped_root(&p->roots);
}

static struct err *find_stack(struct project *p, const char *stack)
{
	AUTO_FREE char *own = NULL;
	if (!stack)
		TRY(project_find(&own));
	if (own)
		TRY(project_check_owner(own));
	p->is_above = own && *own == '/';
	if (!stack)
		stack = own ? own : p->facts.os == OS_MACOS ? "podman" : "podman-debian";
	return recipe_find(stack, RECIPE_STACK, &p->roots, &p->stack_path);
}

/* The folder of a project's own stack may hold recipes of its own: they come before the shipped ones. */
static void add_own_root(struct project *p)
{
	AUTO_FREE char *dir = path_dir(p->stack_path);
	AUTO_FREE char *root = streq(path_base(dir), "recipes") ? path_dir(dir) : mem_strdup(dir);
	if (strs_has(&p->roots, root))
		return;
	AUTO(strs) shipped = p->roots;
	p->roots = STRS_INIT;
	strs_add(&p->roots, root);
	strs_copy(&p->roots, &shipped);
}

struct err *project_add_root(struct project *p)
{
	TRY(project_find(&p->stack_path));
	if (!p->stack_path)
		return NULL;
	TRY(project_check_owner(p->stack_path));
	add_own_root(p);
	return NULL;
}

/* Beside a project's own stack, so that it is checked in with it; shipped recipes are read-only. */
static void choose_lock(struct project *p)
{
	const char *shipped = p->roots.items[p->roots.count - 1];
	AUTO_FREE char *recipes = mem_printf("%s/recipes/", shipped);
	p->is_shipped = str_starts(p->stack_path, recipes);
	AUTO_FREE char *dir = path_dir(p->stack_path);
	p->lock_path = path_join(p->is_shipped ? p->home.root : dir, "cooper.lock");
}

struct recipe_target project_target(const struct project *p)
{
	return (struct recipe_target){.os = p->facts.os, .arch = p->facts.arch, .guest_arch = p->guest_arch};
}

static struct err *load_image(struct project *p)
{
	AUTO_FREE char *path = NULL;
	struct recipe_target target = project_target(p);
	TRY(recipe_find(p->stack->stack.image, RECIPE_IMAGE, &p->roots, &path));
	return recipe_load(path, &target, &p->roots, &p->image);
}

struct err *project_load_emulator(const struct project *p, const struct lock_entry *entry, struct recipe **ret)
{
	AUTO_FREE char *path = NULL;
	struct recipe_target target = project_target(p);
	TRY(recipe_find(p->stack->stack.emulator, RECIPE_BUILD, &p->roots, &path));
	return source_load(path, &target, &p->roots, p->lock, entry, ret);
}

/* The guest's architecture decides `when:` in the stack itself too, so the stack may be loaded twice. */
static struct err *load_stack(struct project *p, enum arch guest_arch)
{
	struct recipe_target target = {.os = p->facts.os, .arch = p->facts.arch, .guest_arch = guest_arch};
	TRY(recipe_load(p->stack_path, &target, &p->roots, &p->stack));
	enum arch own = arch_of(p->stack->stack.guest_arch);
	p->guest_arch = guest_arch ? guest_arch : own ? own : p->facts.arch;
	if (guest_arch || p->guest_arch == p->facts.arch)
		return NULL;
	p->stack = recipe_free(p->stack);
	target.guest_arch = p->guest_arch;
	return recipe_load(p->stack_path, &target, &p->roots, &p->stack);
}

/* Records name it, and are JSON, which has no place for other bytes. */
static struct err *find_real(struct project *p)
{
	p->stack_real = realpath(p->stack_path, NULL);
	if (!p->stack_real)
		return err_os(errno, "cannot tell where '%s' is", p->stack_path);
	if (utf8_is_valid(p->stack_real))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "the name '%s' is not UTF-8", p->stack_real), "rename what is not");
}

struct err *project_open(struct project *p, const char *stack, const char *guest_arch)
{
	enum arch arch = ARCH_NONE;
	if (guest_arch)
		TRY(arch_option("guest architecture", guest_arch, arch_is_guest, &arch));
	TRY(project_start(p));
	TRY(project_measure_tools(p));
	TRY(find_stack(p, stack));
	TRY(find_real(p));
	choose_lock(p);
	add_own_root(p);
	TRY(load_stack(p, arch));
	TRY(vmm_guest_check(p->guest_arch));
	TRY(lock_open(p->lock_path, &p->lock));
	TRY(project_load_emulator(p, /* entry= */ NULL, &p->emulator));
	TRY(load_image(p));
	if (p->other_host)
		move_home(p);
	p->machine_name = p->stack->stack.machine_name;
	p->machine_dir = path_join(p->home.machines, p->machine_name);
	return channel_apply(p->image, p->guest_arch, p->lock);
}
