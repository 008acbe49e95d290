/* Whether what was proved still holds: of the machine, by its canaries; of the home, by digests. */
#include <stdio.h>

#include "base/units.h"
#include "machine/machine.h"
#include "machine/pause.h"
#include "session_machine.h"
#include "store/audit.h"
#include "ui.h"

static const struct option_spec verify_options[] = {
	STACK_OPTIONS,
	{"deep", 0, NULL, "re-hash everything in COOPER_HOME instead, and drop what is damaged"},
	{NULL, 0, NULL, NULL},
};

static void print_audit(const struct audit *a)
{
	AUTO(str) size = STR_INIT;
	str_add_size(&size, a->bytes);
	printf("%zu objects and %zu git repositor%s, %s, and %zu results read: %zu damaged\n", a->objects,
	       a->repositories, a->repositories == 1 ? "y" : "ies", str_text(&size), a->results, a->damaged.count);
	if (a->unreadable.count)
		printf("%zu could not be read, and %s as before\n", a->unreadable.count,
		       a->unreadable.count == 1 ? "is" : "are");
	if (a->unknown)
		printf("%zu results have receipts without a digest, from an older cooper: they could not be checked\n",
		       a->unknown);
}

static struct err *verify_deep(struct call *call)
{
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	AUTO_CLOSE int lock = -1;
	TRY(home_open(&home));
	TRY(session_lock(call, &home, /* timeout_ms= */ 0, &lock));
	struct err *e = audit_run(&home, call->sink, &a);
	ui_finish();
	TRY(e);
	print_audit(&a);
	size_t all = a.objects + a.repositories + a.results;
	if (a.damaged.count == 0 && a.unreadable.count == 0)
		return NULL;
	if (a.damaged.count == 0) {
		e = err_new(ERR_OS, "%zu of %zu could not be read", a.unreadable.count, all);
		return err_hint(
			err_detail(e, strs_join(&a.unreadable, "\n")),
			"check the disk and the owner of these files; what is removed is fetched or built again");
	}
	e = err_new(ERR_CORRUPT, "%zu of %zu were damaged, and are dropped", a.damaged.count, all);
	return err_hint(err_detail(e, strs_join(&a.damaged, "\n")),
			"`cooper up` makes them again once the machine is stopped; if it recurs, check the disk");
}

static struct err *run_verify(struct call *call)
{
	if (call_has(call, "deep"))
		return verify_deep(call);
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO(str) outcome = STR_INIT;
	struct machine_status status;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(session_machine(&p, &spec, &g));
	TRY(machine_status(spec.dir, &status));
	TRY(pause_error(spec.name, status.pause, status.trouble, spec.dir));
	if (!status.ready)
		return err_hint(err_new(ERR_GUEST, "the machine '%s' is not running", spec.name),
				"start it: cooper start");
	TRY(machine_prove(&spec, "canary", call->sink, &outcome));
	printf("%s\n", str_text(&outcome));
	return NULL;
}

const struct subcommand cmd_verify = {
	.name = "verify",
	.operands = "[NAME]",
	.summary = "run the checks again: directly, and in rootless containers",
	.help = "With --deep, all downloads and results are compared with their digests; no machine is involved.\n" NAME_HELP,
	.options = verify_options,
	.run = run_verify,
};
