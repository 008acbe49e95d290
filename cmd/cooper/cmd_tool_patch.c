#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/units.h"
#include "command.h"
#include "patch/patch.h"
#include "sys/file.h"

enum { PATCH_MAX = 64 << 20 };

static const struct option_spec options[] = {
	{"strip", 'p', "N", "drop N leading components of every name (default 1)"},
	{"directory", 'd', "DIR", "the tree (default: the current folder)"},
	{"check", 0, NULL, "check whether everything applies; write nothing"},
	{"refresh", 0, NULL, "rewrite the patches with the line numbers where they apply; the tree is unchanged"},
	{"reverse", 'R', NULL, "revert the series, last patch first"},
	{"exclude", 0, "GLOB,...", "skip targets that match"},
	{NULL, 0, NULL, NULL},
};

static void print_report(const struct patch_report *r, bool check)
{
	for (size_t i = 0; i < r->offset_count; i++) {
		AUTO(str) line = STR_INIT;
		str_add_patch_offset(&line, &r->offsets[i]);
		printf("%s\n", str_text(&line));
	}
	AUTO(str) line = STR_INIT;
	str_add_patch_report(&line, r);
	printf("%s %s\n", check ? "would apply" : "applied", str_text(&line));
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

/* Every patch whose text differs from what it was. */
static struct err *write_refreshed(const struct call *call, const struct patch_input *inputs,
				   const struct patch_report *report)
{
	size_t written = 0;
	for (size_t i = 0; i < call->args.count; i++) {
		AUTO(str) text = STR_INIT;
		struct stat st;
		patch_refresh(&inputs[i], i, report, &text);
		if (text.len == inputs[i].size && memcmp(str_text(&text), inputs[i].text, text.len) == 0)
			continue;
		bool there = false;
		TRY(file_stat(call->args.items[i], &there, &st));
		mode_t mode = there ? st.st_mode & 0777 : 0644;
		TRY(file_write(call->args.items[i], str_text(&text), text.len, mode));
		printf("'%s' refreshed\n", call->args.items[i]);
		written++;
	}
	printf("%zu of %zu patches refreshed\n", written, call->args.count);
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
	bool refresh = call_has(call, "refresh");
	struct patch_options o = {.check_only = call_has(call, "check") || refresh,
				  .reverse = call_has(call, "reverse"),
				  .places = refresh};
	if (refresh && (o.reverse || call_has(call, "check")))
		return err_new(ERR_USAGE, "--refresh and --%s cannot be combined", o.reverse ? "reverse" : "check");
	struct patch_input *inputs = mem_array(call->args.count, sizeof(*inputs));
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	struct err *e = read_inputs(call, (int)strip, &exclude, inputs, &owned);
	if (!e)
		e = patch_series_apply(dir, inputs, call->args.count, &o, &report);
	if (!e && refresh)
		e = write_refreshed(call, inputs, &report);
	else if (!e)
		print_report(&report, o.check_only);
	free(inputs);
	return e;
}

const struct subcommand cmd_tool_patch = {
	.name = "tool patch",
	.operands = "PATCH...",
	.summary = "apply a series of patches to a tree: all of it or nothing",
	.options = options,
	.run = run,
};
