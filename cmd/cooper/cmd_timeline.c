#include <stdio.h>

#include "base/units.h"
#include "session.h"
#include "sys/file.h"
#include "table.h"
#include "timeline.h"

static const struct option_spec options[] = {
	{"json", 0, NULL, "print all runs as JSON, the oldest first"},
	{"html", 0, "FILE", "write all runs into one page, which needs no other files and no network"},
	{NULL, 0, NULL, NULL},
};

static struct err *write_page(const struct json *runs, const char *path)
{
	AUTO(str) page = STR_INIT;
	timeline_html(runs, &page);
	TRY(file_write(path, str_text(&page), page.len, 0644));
	printf("%zu run%s in '%s'\n", js_count(runs), js_count(runs) == 1 ? "" : "s", path);
	return NULL;
}

static struct err *run(struct call *call)
{
	AUTO(home) home = {.root = NULL};
	AUTO_JSON *runs = NULL;
	AUTO(str) text = STR_INIT;
	int64_t back = 1;
	const char *which = call_arg(call, 0);
	TRY(home_open(&home));
	TRY(timeline_read(&home, &runs));
	size_t count = js_count(runs);
	if (which && (!num_parse(which, 1, TIMELINE_RUNS, &back) || (size_t)back > count))
		return err_hint(err_new(ERR_USAGE, "there is no run %s", which),
				count ? "1 is the latest, %zu the oldest"
				      : "none has been recorded yet; `cooper up` records them",
				count);
	if (call_has(call, "html"))
		return write_page(runs, call_get(call, "html"));
	if (call_has(call, "json")) {
		print_json(runs);
		return NULL;
	}
	if (count == 0)
		printf("no run has been recorded yet; `cooper up` records them\n");
	else
		timeline_text(runs, count - (size_t)back, &text);
	fputs(str_text(&text), stdout);
	return NULL;
}

const struct subcommand cmd_timeline = {
	.name = "timeline",
	.operands = "[RUN]",
	.summary = "show what each step of the last run of `cooper up` took, and each phase of the boot",
	.help = "RUN is 1 for the last one, 2 for the one before, and so on; the last 100 in which something was done are kept.\n"
		"A step that took a tenth more or less than the last time says what it took then.",
	.options = options,
	.run = run,
};
