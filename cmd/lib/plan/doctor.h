/*
 * doctor.h - whether a stack can come up on a host, and what to do where it cannot
 *
 * doctor_check() is pure: facts in, findings out, the same on every host. doctor_stack() gathers what it needs about a
 * stack and its host. Nothing is changed, nothing is downloaded, no dialog is opened.
 *
 *	AUTO(doctor_report) report = DOCTOR_REPORT_INIT;
 *	TRY(doctor_stack(&project, &report));
 *	if (doctor_fails(&report)) ...
 */
#ifndef COOPER_PLAN_DOCTOR_H
#define COOPER_PLAN_DOCTOR_H

#include "fmt/json.h"
#include "machine/facts.h"
#include "machine/rules.h"
#include "plan/project.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_NOTE, /* worth knowing; needs nothing */
	DOCTOR_WARN, /* it will work, worse than it could */
	DOCTOR_FAIL, /* it will not work */
};

struct doctor_finding {
	enum doctor_level level;
	const char *name; /* "disk" */
	char *text;
	char *remedy;     /* what to do, or NULL */
	const char *link; /* where it was learned, or NULL */
};

struct doctor_report {
	struct doctor_finding *items;
	size_t count;
	size_t cap;
};

#define DOCTOR_REPORT_INIT ((struct doctor_report){0})
void doctor_report_done(struct doctor_report *report);

/* What is judged; all borrowed. */
struct doctor_input {
	const struct host_survey *survey;
	const struct strs *packages; /* what the pending steps need on the host */
	enum arch guest_arch;
	const char *accel_why;           /* why the first accelerator is the first */
	bool emulated;                   /* it is tcg */
	const struct machine_spec *spec; /* NULL: the lock lacks something, so the machine is not known yet */
	const struct rule *const *hits;  /* compatibility rules that apply */
	size_t hit_count;
	int64_t work_bytes; /* disk space that the pending steps take */
	bool makes_image;   /* the image is made here from packages, and is not there yet */
};

/** doctor_check() - append a finding for everything that can be judged */
void doctor_check(const struct doctor_input *input, struct doctor_report *report);

/** doctor_add_failure() - append an error as a finding */
void doctor_add_failure(struct doctor_report *report, const char *name, struct err *take_e);

/** doctor_survey() - measure this host for @p's stack into its survey; what is known of another host is there already
 */
MUST_CHECK struct err *doctor_survey(struct project *p);
/** doctor_stack() - doctor_check() for @p's stack on the host of its survey */
MUST_CHECK struct err *doctor_stack(struct project *p, struct doctor_report *report);

/** doctor_fails() - whether something will not work */
bool doctor_fails(const struct doctor_report *report);
/** doctor_level_name() - "ok", "note", "warning", "failure" */
const char *doctor_level_name(enum doctor_level level);
/** doctor_json() - {"ok": ..., "findings": [...]}; a new root */
struct json *doctor_json(const struct doctor_report *report);

#endif
