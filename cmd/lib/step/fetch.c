/* Files, verified, in the object store. */
#include "source/source.h"

#include <stdlib.h>

#include "base/units.h"
#include "step/context.h"
#include "step/outputs.h"

static void free_job(void *job)
{
	source_files_done(job);
	free(job);
}

const struct source_files *step_files(const struct step *fetch)
{
	return fetch->job;
}

static void describe(const struct step *step, struct str *title)
{
	str_addf(title, "fetch %s", step->subject);
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	source_inputs(step_files(step), inputs);
	return NULL;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	size_t missing = 0;
	int64_t bytes = 0;
	TRY(source_missing(step->context->home, step_files(step), &missing, &bytes));
	seen->present = missing == 0;
	if (missing) {
		AUTO(str) note = STR_INIT;
		str_addf(&note, "%zu file%s to fetch", missing, missing == 1 ? "" : "s");
		if (bytes > 0) { /* sizes are optional in recipes */
			str_add(&note, ", ");
			str_add_size(&note, bytes);
		}
		seen->note = str_take(&note);
	}
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct home *home = step->context->home;
	const struct source_files *files = step_files(step);
	size_t missing = 0;
	int64_t bytes = 0;
	AUTO(str) size = STR_INIT;
	TRY(source_missing(home, files, &missing, &bytes));
	int64_t before = source_bytes(home, files);
	TRY(source_fetch(home, files, step->id, sink));
	bytes = source_bytes(home, files) - before;
	if (bytes > 0) { /* not of git repositories, nor of signatures */
		str_add(&size, ", ");
		str_add_size(&size, bytes);
	}
	step_set_outcome(step, "%zu file%s%s, verified", missing, missing == 1 ? "" : "s", str_text(&size));
	return NULL;
}

static struct err *reach(const struct step *step, struct strs *lines)
{
	return source_out_of_reach(step->context->home, step_files(step), lines);
}

const struct step_kind kind_fetch = {
	.name = "fetch",
	.weight = STEP_NET,
	.kept = true,
	.describe = describe,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
	.reach = reach,
	.free_job = free_job,
};
