#include <stdio.h>

#include "base/path.h"
#include "machine/autostart.h"
#include "machine/clients.h"
#include "machine/layer_users.h"
#include "machine/machine.h"
#include "machine/protect.h"
#include "session_machine.h"
#include "sys/file.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"all", 0, NULL, "remove every machine, the store and all downloads"},
	{"yes", 'y', NULL, "do not ask for confirmation"},
	{NULL, 0, NULL, NULL},
};

/* A machine goes whatever is left of this: it would start nothing, and says so at each login. */
static void forget_autostart(const struct project *p, const char *dir, struct sink *sink)
{
	const struct autostart autostart = {.os = p->facts.os, .dir = dir, .home = p->home.root};
	struct err *e = autostart_off(&autostart, NULL);
	if (e)
		event_warn(sink, NULL, "what starts '%s' when you log in may be left: %s", path_base(dir), e->message);
	err_free(e);
}

static struct err *destroy_machine(const struct project *p, const char *name, struct sink *sink)
{
	AUTO_FREE char *dir = path_join(p->home.machines, name);
	AUTO_FREE char *elsewhere = NULL;
	bool there = false;
	TRY(dir_exists(dir, &there));
	if (!there) {
		printf("no machine '%s'\n", name);
		return NULL;
	}
	TRY(machine_check_unprotected(dir));
	TRY(machine_stop(dir, MACHINE_STOP_MS, NULL));
	forget_autostart(p, dir, sink);
	TRY(clients_forget(dir, name, sink));
	TRY(file_link_target(dir, &elsewhere));
	TRY(tree_remove(dir));
	struct err *e = elsewhere ? NULL : layers_clean(p->home.machines, vmm_list[0]);
	if (e)
		event_warn(sink, NULL, "disks of its snapshots may be left, which `cooper gc` finds: %s", e->message);
	err_free(e);
	if (elsewhere)
		event_warn(sink, NULL, "the folder of machine '%s' was a link: its disks and keys are still in '%s'",
			   name, elsewhere);
	printf("machine '%s' is gone\n", name);
	return NULL;
}

/* Before anything is asked. */
static struct err *check_protected(const struct project *p, bool all)
{
	AUTO(strs) names = STRS_INIT;
	if (!all)
		return machine_check_unprotected(p->machine_dir);
	TRY(session_machines(&p->home, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *dir = path_join(p->home.machines, names.items[i]);
		TRY(machine_check_unprotected(dir));
	}
	return NULL;
}

static struct err *destroy_all(const struct project *p, struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(p->home.machines, &names));
	for (size_t i = 0; i < names.count; i++)
		TRY(destroy_machine(p, names.items[i], sink));
	AUTO_FREE char *left = NULL;
	AUTO(strs) links = STRS_INIT;
	TRY(home_remove(&p->home, &left, &links));
	for (size_t i = 0; i + 1 < links.count; i += 2)
		event_warn(sink, NULL, "'%s' was a link: what it led to is still in '%s'", links.items[i],
			   links.items[i + 1]);
	if (left)
		printf("'%s' is empty except for '%s' and files that are not cooper's\n", p->home.root, left);
	else
		printf("'%s' is gone\n", p->home.root);
	return NULL;
}

static struct err *run(struct call *call)
{
	bool all = call_has(call, "all");
	AUTO(project) p = PROJECT_INIT;
	if (all)
		TRY(project_start(&p));
	else
		TRY(session_open_machine(call, call_arg(call, 0), &p));
	AUTO_FREE char *question = all ? mem_printf("remove everything in '%s'?", p.home.root)
				       : mem_printf("remove the machine '%s' and its disks?", p.machine_name);
	bool there = false;
	TRY(dir_exists(p.home.root, &there));
	if (!there) {
		printf("'%s' does not exist\n", p.home.root);
		return NULL;
	}
	TRY(home_check(&p.home));
	TRY(check_protected(&p, all));
	if (!session_consent(call, question))
		return err_hint(err_new(ERR_USAGE, "nothing was removed"), "use --yes to remove without confirmation");
	AUTO_CLOSE int lock = -1;
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 10000, &lock));
	return all ? destroy_all(&p, call->sink) : destroy_machine(&p, p.machine_name, call->sink);
}

const struct subcommand cmd_destroy = {
	.name = "destroy",
	.operands = "[NAME]",
	.summary = "remove the machine and its disks; with --all, everything cooper keeps",
	.help = NAME_HELP,
	.options = options,
	.run = run,
};
