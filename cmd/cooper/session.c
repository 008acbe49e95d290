#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "plan/exposure.h"
#include "plan/project_machine.h"
#include "plan/trust.h"
#include "ui.h"

const struct option_spec stack_options[] = {STACK_OPTIONS, {NULL, 0, NULL, NULL}};
const struct option_spec stack_host_options[] = {STACK_OPTIONS, HOST_OPTION, {NULL, 0, NULL, NULL}};
const struct option_spec stack_json_options[] = {STACK_OPTIONS, {"json", 0, NULL, "print JSON"}, {NULL, 0, NULL, NULL}};

/* Which project it is need be told only where it is not the current folder's, and once. */
struct err *session_open_stack(const struct call *call, const char *stack, struct project *p)
{
	bool again = p->stack_path;
	project_done(p);
	if (call_has(call, "host"))
		TRY(project_set_host(p, call_get(call, "host")));
	TRY(project_open(p, stack, call_get(call, "guest-arch")));
	AUTO_FREE char *dir = path_dir(p->stack_path);
	if (p->is_above && !again)
		event_note(call->sink, "project", "this folder belongs to '%s'", dir);
	return NULL;
}

/* @take_e, that no stack is called @name; where a machine is, with the stack that made it. */
static struct err *hint_machine(const struct project *p, const char *name, struct err *take_e)
{
	AUTO(strs) paths = STRS_INIT;
	AUTO_FREE char *dir = path_join(p->home.machines, name);
	bool there = false;
	struct err *e = strpbrk(name, "./") ? NULL : dir_exists(dir, &there);
	if (!e && there)
		e = project_stacks(&p->home, name, &paths);
	err_free(e); /* a hint more or less */
	return paths.count
		       ? err_hint(take_e, "the machine '%s' was made from '%s': name that file", name, paths.items[0])
		       : take_e;
}

struct err *session_open(const struct call *call, struct project *p)
{
	const char *stack = call_arg(call, 0);
	struct err *e = session_open_stack(call, stack, p);
	return err_is(e, ERR_ABSENT) && stack ? hint_machine(p, stack, e) : e;
}

struct err *session_open_option(const struct call *call, struct project *p)
{
	return session_open_stack(call, call_get(call, "stack"), p);
}

struct err *session_lock(const struct call *call, const struct home *home, int64_t timeout_ms, int *ret_fd)
{
	AUTO_FREE char *path = path_join(home->root, "up.lock");
	AUTO_FREE char *holder = mem_printf("cooper %s", call->command->name);
	TRY(home_make(home));
	struct err *e = timeout_ms < 0 ? lock_try(path, holder, ret_fd)
				       : lock_wait(path, holder, timeout_ms, call->sink, ret_fd);
	return err_is(e, ERR_BUSY) ? err_wrap(e, "another cooper process is running here") : e;
}

bool session_consent(const struct call *call, const char *question)
{
	if (call_has(call, "yes"))
		return true;
	if (!isatty(0) || !isatty(2) || getenv("CI"))
		return false;
	ui_finish();
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	char answer[8] = "";
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* What is new since this project was agreed to last, or all of it. */
static char *show_fresh(const struct trust *t)
{
	AUTO(str) text = STR_INIT;
	size_t same = t->lines.count - t->fresh.count;

	for (size_t i = 0; i < t->fresh.count; i++)
		exposure_show(t->fresh.items[i], "", &text);
	if (same)
		str_addf(&text, "(and %zu that were agreed to before)\n", same);
	return str_take(&text);
}

struct err *session_trust(const struct call *call, const struct project *p, unsigned scope)
{
	AUTO(trust) t = TRUST_INIT;
	AUTO(strs) own = STRS_INIT;

	TRY(exposure_list(p, scope | EXPOSURE_OWN, &own));
	TRY(trust_open(p, &t));
	if (t.given || own.count == 0)
		return NULL;
	if (!call_has(call, "yes"))
		ui_finish();
	AUTO_FREE char *lines = show_fresh(&t);
	AUTO_FREE char *question = mem_printf("%sThis is what the recipes of this project do%s. Trust them?", lines,
					      t.fresh.count < t.lines.count ? " now" : "");
	if (session_consent(call, question))
		return trust_give(p, &t);
	struct err *e = err_new(ERR_USAGE, "nobody has agreed yet to what the recipes of this project do");
	e = err_detail(e, TAKE(lines));
	return err_hint(e, "read it, then run `cooper trust`, or give --yes");
}
