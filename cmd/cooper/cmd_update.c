/* update: what a stack follows, resolved anew into the lock. */
#include <stdio.h>

#include "plan/stack_lock.h"
#include "plan/trust.h"
#include "session.h"
#include "table.h"
#include "ui.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"dry-run", 0, NULL, "show what would change, without writing the lock"},
	{"json", 0, NULL, "print JSON"},
	{NULL, 0, NULL, NULL},
};

static void print_change(const struct json *change)
{
	const char *reference = js_get_text(change, "reference");
	const char *old = js_get_text(change, "old");
	const char *now = js_get_text(change, "new");
	long long files = (long long)js_get_int(change, "files", 0);
	printf("%s: ", reference);
	if (!js_get_bool(change, "changed", false))
		printf("%s%sunchanged\n", now, *now ? ", " : "");
	else if (*now && !(old && streq(old, now)))
		printf("%s -> %s\n", old ? old : "nothing", now);
	else
		printf("%s%s%lld of %lld files %s\n", now, *now ? ", " : "",
		       (long long)js_get_int(change, "files_changed", 0), files, old ? "changed" : "are new");
}

static struct err *show(const struct call *call, const struct project *p, struct json *take_changes)
{
	AUTO_JSON *out = js_object();
	bool dry_run = call_has(call, "dry-run");
	js_set_text(out, "lock", p->lock_path);
	js_set_bool(out, "written", !dry_run);
	js_set(out, "changes", take_changes);
	ui_finish();
	if (call_has(call, "json")) {
		print_json(out);
		return NULL;
	}
	for (size_t i = 0; i < js_count(take_changes); i++)
		print_change(js_at(take_changes, i));
	if (js_count(take_changes) == 0)
		printf("nothing to update: the recipes pin every version\n");
	else if (!dry_run)
		printf("written: %s\n", p->lock_path);
	return NULL;
}

static struct err *run_update(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(trust) before = TRUST_INIT;
	struct json *changes = NULL;
	TRY(session_open(call, &p));
	AUTO_CLOSE int lock = -1;
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 0, &lock));
	TRY(session_open(call, &p)); /* again: what another process wrote while we waited counts */
	TRY(trust_open(&p, &before));
	TRY(stack_update(&p, call_has(call, "dry-run"), call->sink, &changes));
	TRY(show(call, &p, changes));
	return trust_keep(&p, &before);
}

const struct subcommand cmd_update = {
	.name = "update",
	.operands = "[STACK]",
	.summary = "update cooper.lock to the latest versions",
	.help = "Looks up the latest versions in the image's channel and the Debian archive; shows `old -> new` for each.\n"
		"Nothing is downloaded or built: `cooper up` does that, and checks what it gets against the lock.",
	.options = options,
	.run = run_update,
};
