#include "plan/doctor.h"

#include <stdio.h>

#include "session.h"
#include "table.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	HOST_OPTION,
	{"json", 0, NULL, "print JSON, with the facts that were checked"},
	{NULL, 0, NULL, NULL},
};

static void print_findings(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *f = &report->items[i];
		AUTO_FREE char *text = str_escape(f->text);
		printf("%-8s %-16s %s\n", doctor_level_name(f->level), f->name, text);
		if (f->remedy)
			printf("%-25s do: %s\n", "", f->remedy);
		if (f->link)
			printf("%-25s see: %s\n", "", f->link);
	}
}

static void print_doctor_json(const struct project *p, const struct doctor_report *report)
{
	AUTO_JSON *root = doctor_json(report);
	js_set_text(root, "stack", p->stack->name);
	js_set_text(root, "guest_arch", arch_name(p->guest_arch));
	js_set(root, "facts", survey_to_json(&p->survey));
	print_json(root);
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(doctor_report) report = DOCTOR_REPORT_INIT;
	TRY(session_open(call, &p));
	TRY(doctor_survey(&p));
	TRY(doctor_stack(&p, &report));
	if (call_has(call, "json"))
		print_doctor_json(&p, &report);
	else
		print_findings(&report);
	call->exit_code = doctor_fails(&report) ? EXIT_FAILED : EXIT_DONE;
	return NULL;
}

const struct subcommand cmd_doctor = {
	.name = "doctor",
	.operands = "[STACK]",
	.summary = "check whether this host can run a stack, and how to fix it; exit 1 when it cannot",
	.help = "Checks the host, its packages, disk, network settings and clock, and known problems. "
		"Changes\n"
		"nothing, downloads nothing, opens no dialog. With --host it checks another host from its facts, as "
		"printed\n"
		"there by `cooper tool facts`.",
	.options = options,
	.run = run,
};

static struct err *run_facts(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	TRY(session_open(call, &p));
	TRY(doctor_survey(&p));
	AUTO_JSON *root = survey_to_json(&p.survey);
	print_json(root);
	return NULL;
}

const struct subcommand cmd_tool_facts = {
	.name = "tool facts",
	.operands = "[STACK]",
	.summary = "print facts about this host as JSON (input for --host)",
	.options = stack_options,
	.run = run_facts,
};
