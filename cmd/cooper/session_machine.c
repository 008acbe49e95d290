#include "session_machine.h"

#include <string.h>

#include "base/path.h"
#include "base/suggest.h"
#include "machine/data_disk.h"
#include "machine/pause.h"
#include "machine/record.h"
#include "plan/project_machine.h"
#include "sys/file.h"

struct err *session_machines(const struct home *home, struct strs *names)
{
	AUTO(strs) all = STRS_INIT;
	TRY(dir_list(home->machines, &all));
	for (size_t i = 0; i < all.count; i++) {
		AUTO_FREE char *dir = path_join(home->machines, all.items[i]);
		bool is_folder = false;
		TRY(dir_exists(dir, &is_folder));
		if (is_folder && *all.items[i] != '.')
			strs_add(names, all.items[i]);
	}
	return NULL;
}

char *session_others(const struct home *home)
{
	AUTO(strs) names = STRS_INIT;
	err_free(session_machines(home, &names)); /* more than what was asked for */
	AUTO_FREE char *all = strs_join(&names, ", ");
	return names.count ? mem_printf("; there %s: %s", names.count == 1 ? "is" : "are", all) : mem_strdup("");
}

struct err *session_absent(const struct project *p)
{
	AUTO_FREE char *others = session_others(&p->home);
	return err_hint(err_new(ERR_ABSENT, "the machine '%s' does not exist", p->machine_name),
			"run `cooper up` to create it%s", others);
}

struct err *session_reach(const struct project *p, struct machine_status *ret_status)
{
	bool there = false;
	TRY(dir_exists(p->machine_dir, &there));
	if (!there) {
		struct err *e = session_absent(p);
		e->kind = ERR_GUEST;
		return e;
	}
	TRY(machine_status(p->machine_dir, ret_status));
	if (!ret_status->running)
		return err_hint(err_new(ERR_GUEST, "the machine '%s' is not running", p->machine_name),
				"`cooper start %s` starts it", p->machine_name);
	return pause_error(p->machine_name, ret_status->pause, ret_status->trouble, p->machine_dir);
}

/* An imported one has its data alone. */
static struct err *no_generation(const struct project *p)
{
	bool had = false;
	TRY(data_disk_had(p->machine_dir, &had));
	return had ? err_hint(err_new(ERR_ABSENT, "the machine '%s' has no OS disk yet", p->machine_name),
			      "`cooper up` makes one, with a stack that says `machine: { name: %s }`", p->machine_name)
		   : session_absent(p);
}

struct err *session_machine(const struct project *p, struct machine_spec *ret_spec, struct generation *ret_g)
{
	TRY(generation_current(p->machine_dir, ret_g));
	if (ret_g->number == 0)
		return no_generation(p);
	struct err *e = machine_record_read(ret_g->dir, ret_spec);
	return e ? err_hint(e, "`cooper up` writes it anew") : NULL;
}

static bool is_name(const char *name)
{
	return *name && !strpbrk(name, "./");
}

static void use_machine(struct project *p, const char *name)
{
	p->machine_dir = path_join(p->home.machines, name);
	p->machine_name = path_base(p->machine_dir);
}

/* A stack of that name, which has another machine, is not what is meant: that is said. */
static void tell_other_stack(const struct call *call, const char *name)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_FREE char *path = NULL;
	struct err *e = project_start(&p);
	if (!e)
		e = project_add_root(&p);
	if (!e)
		e = recipe_find(name, RECIPE_STACK, &p.roots, &path);
	project_done(&p);
	if (!e)
		e = project_open(&p, name, call_get(call, "guest-arch"));
	if (!e && !streq(p.machine_name, name))
		event_note(call->sink, "project",
			   "the machine '%s' is meant; the stack of that name has the machine '%s'", name,
			   p.machine_name);
	err_free(e);
}

static struct err *open_named(const struct call *call, const char *name, struct project *p, bool *ret_found)
{
	TRY(project_start(p));
	AUTO_FREE char *dir = path_join(p->home.machines, name);
	TRY(dir_exists(dir, ret_found));
	if (!*ret_found)
		return NULL;
	use_machine(p, name);
	tell_other_stack(call, name);
	return NULL;
}

/* A stack that has mistakes has the machine that it made last. */
static struct err *open_made(const struct call *call, struct project *p, struct err *take_e)
{
	AUTO(strs) names = STRS_INIT;
	if (!p->stack_path || err_is(take_e, ERR_CANCELED))
		return take_e;
	if (p->stack)
		strs_add(&names, p->stack->stack.machine_name);
	struct err *e = p->stack ? NULL : project_machines(&p->home, p->stack_path, &names);
	if (e || names.count != 1) {
		AUTO_FREE char *all = strs_join(&names, ", ");
		if (!e && names.count > 1)
			take_e = err_hint(take_e, "it made several machines: name one of %s", all);
		return err_first(take_e, e);
	}
	event_warn(call->sink, "project", "%s: its machine '%s' is meant", take_e->message, names.items[0]);
	err_free(take_e);
	use_machine(p, names.items[0]);
	return NULL;
}

static struct err *unknown(const char *name, const struct project *p, struct err *take_e)
{
	AUTO(strs) names = STRS_INIT;
	struct err *other = session_machines(&p->home, &names);
	size_t machines = names.count;
	if (!other)
		other = recipe_list(RECIPE_STACK, &p->roots, &names);
	if (other || p->stack_path || !err_is(take_e, ERR_ABSENT))
		return err_first(take_e, other);
	err_free(take_e);
	struct err *e = err_new(ERR_ABSENT, "no machine and no stack is called '%s'", name);
	const char *near = suggest_nearest(name, (const char *const *)names.items, names.count);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	AUTO_FREE char *all = strs_join(&names, ", ");
	return err_hint(e, machines ? "machines and stacks: %s" : "there is no machine yet; stacks are %s", all);
}

struct err *session_open_machine(const struct call *call, const char *name, struct project *p)
{
	bool found = false;
	if (name && is_name(name))
		TRY(open_named(call, name, p, &found));
	if (found)
		return NULL;
	struct err *e = session_open_stack(call, name, p);
	if (e)
		e = open_made(call, p, e);
	return e && name && is_name(name) ? unknown(name, p, e) : e;
}
