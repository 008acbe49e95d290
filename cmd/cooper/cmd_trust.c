/* Agreeing to what a project's recipes do: trust, untrust. */
#include <stdio.h>

#include "plan/exposure.h"
#include "plan/trust.h"
#include "session.h"
#include "ui.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"yes", 'y', NULL, "do not ask"},
	{NULL, 0, NULL, NULL},
};

static void print_lines(const struct trust *t)
{
	AUTO(str) text = STR_INIT;

	for (size_t i = 0; i < t->lines.count; i++)
		exposure_show(t->lines.items[i], strs_has(&t->fresh, t->lines.items[i]) ? "+ " : "  ", &text);
	fputs(str_text(&text), stdout);
	fflush(stdout); /* before the question */
}

static struct err *run_trust(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(trust) t = TRUST_INIT;
	AUTO_CLOSE int lock = -1;
	TRY(session_open(call, &p));
	TRY(trust_open(&p, &t));
	if (t.lines.count == 0) {
		printf("only recipes that came with cooper: nothing needs your trust\n");
		return NULL;
	}
	print_lines(&t);
	if (t.given) {
		printf("trusted already\n");
		return NULL;
	}
	if (!session_consent(call, "trust these recipes?"))
		return err_hint(err_new(ERR_USAGE, "nothing is trusted"), "answer y at a terminal, or give --yes");
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 0, &lock));
	AUTO(trust) now = TRUST_INIT; /* another process may have agreed to another project meanwhile */
	TRY(trust_open(&p, &now));
	if (!streq(now.digest, t.digest))
		return err_hint(err_new(ERR_USAGE, "a file of the project changed while it was shown"),
				"run `cooper trust` again");
	TRY(trust_give(&p, &now));
	printf("trusted\n");
	return NULL;
}

const struct subcommand cmd_trust = {
	.name = "trust",
	.operands = "[STACK]",
	.summary = "agree to what a project's recipes do; shows every program, folder and port first",
	.help = "Recipes that came with cooper need no trust. Those of a project do before `cooper up` does anything with\n"
		"them (and `cooper build --image`; `cooper build`, too, where this host keeps less from what it runs: see\n"
		"`cooper doctor`), and again when what they do changes. Lines with a + are new to this host.",
	.options = options,
	.run = run_trust,
};

static struct err *run_untrust(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(trust) t = TRUST_INIT;
	AUTO_CLOSE int lock = -1;
	size_t count = 0;
	TRY(session_open(call, &p));
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 0, &lock));
	TRY(trust_open(&p, &t));
	TRY(trust_take(&p, &t, &count));
	printf(count ? "no longer trusted\n" : "was not trusted\n");
	return NULL;
}

const struct subcommand cmd_untrust = {
	.name = "untrust",
	.operands = "[STACK]",
	.summary = "take back what `cooper trust` agreed to",
	.options = stack_options,
	.run = run_untrust,
};
