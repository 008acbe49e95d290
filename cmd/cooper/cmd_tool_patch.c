#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"
#include "base/units.h"
#include "command.h"
#include "fmt/patch.h"
#include "sys/file.h"

enum { PATCH_MAX = 64 << 20 };

static const struct option_spec options[] = {
	{"strip", 'p', "N", "drop N leading components of every name (default 1)"},
	{"directory", 'd', "DIR", "the tree (default: the current folder)"},
	{"check", 0, NULL, "find out whether everything fits; write nothing"},
	{"reverse", 'R', NULL, "take the series back, last patch first"},
	{"exclude", 0, "GLOBS", "skip targets that match, separated by commas"},
	{NULL, 0, NULL, NULL},
};

static void print_report(const struct patch_report *r, bool check)
{
	for (size_t i = 0; i < r->offset_count; i++) {
		AUTO(str) line = STR_INIT;
		str_add_patch_offset(&line, &r->offsets[i]);
		printf("%s\n", str_text(&line));
	}
	printf("%zu patch%s %s: %zu files, %zu hunks, %zu elsewhere than they say, %zu skipped\n", r->patches,
	       r->patches == 1 ? "" : "es", check ? "would apply" : "applied", r->files, r->hunks, r->offset_count,
	       r->hunks_skipped);
}

static struct err *read_inputs(const struct call *call, int strip, const struct strs *exclude,
                               struct patch_input *inputs, struct strs *owned)
{
	for (size_t i = 0; i < call->args.count; i++) {
		char *text = NULL;
		size_t size = 0;
		TRY(file_read(call->args.items[i], PATCH_MAX, &text, &size));
		strs_take(owned, text);
		inputs[i] = (struct patch_input){.name = path_base(call->args.items[i]),
		                                 .text = text,
		                                 .size = size,
		                                 .strip = strip,
		                                 .exclude = exclude};
	}
	return NULL;
}

static struct err *run(struct call *call)
{
	int64_t strip = 1;
	const char *dir = call_get(call, "directory") ? call_get(call, "directory") : ".";
	if (call_get(call, "strip") && !num_parse(call_get(call, "strip"), 0, 64, &strip))
		return err_new(ERR_USAGE, "-p takes a number from 0 to 64, not '%s'", call_get(call, "strip"));
	AUTO(strs) exclude = STRS_INIT;
	AUTO(strs) owned = STRS_INIT;
	if (call_get(call, "exclude"))
		strs_split(&exclude, call_get(call, "exclude"), ",");
	struct patch_input *inputs = mem_array(call->args.count, sizeof(*inputs));
	struct patch_options o = {.check_only = call_has(call, "check"), .reverse = call_has(call, "reverse")};
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	struct err *e = read_inputs(call, (int)strip, &exclude, inputs, &owned);
	if (!e)
		e = patch_series_apply(dir, inputs, call->args.count, &o, &report);
	free(inputs);
	if (!e)
		print_report(&report, o.check_only);
	return e;
}

const struct subcommand cmd_tool_patch = {
	.name = "tool patch",
	.operands = "PATCH...",
	.summary = "apply a series of patches to a tree: all of it or nothing",
	.options = options,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
