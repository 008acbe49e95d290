#include "command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"

const struct option_spec global_options[] = {
	{"help", 'h', NULL, "show this help"},
	{"quiet", 'q', NULL, "print errors and results only"},
	{"verbose", 'v', NULL, "show the output of every program that is run"},
	{"offline", 0, NULL, "do not use the network; list missing files"},
	{"events", 0, "FILE", "append every event to FILE as JSON lines"},
	{"color", 0, "WHEN", "auto, always or never (NO_COLOR is honoured)"},
	{NULL, 0, NULL, NULL},
};

enum { OPTIONS_MAX = 48 };

bool call_has(const struct call *call, const char *option)
{
	return map_has(&call->values, option);
}

const char *call_get(const struct call *call, const char *option)
{
	return map_get(&call->values, option);
}

const char *call_arg(const struct call *call, size_t i)
{
	return i < call->args.count ? call->args.items[i] : NULL;
}

void call_done(struct call *call)
{
	map_done(&call->values);
	strs_done(&call->joined);
	strs_done(&call->args);
}

/* The table as getopt_long wants it; values are indices + 256. */
static size_t build_options(const struct subcommand *command, const struct option_spec *specs[OPTIONS_MAX],
			    struct option longs[OPTIONS_MAX], struct str *shorts)
{
	size_t n = 0;
	const struct option_spec *tables[] = {command->options, global_options};
	str_add(shorts, "+:");
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct option_spec *o = tables[t]; o && o->name && n + 1 < OPTIONS_MAX; o++) {
			specs[n] = o;
			longs[n] =
				(struct option){o->name, o->arg ? required_argument : no_argument, NULL, (int)n + 256};
			if (o->letter) {
				str_add_char(shorts, o->letter);
				if (o->arg)
					str_add_char(shorts, ':');
			}
			n++;
		}
	}
	return n;
}

static struct err *bad_option(const struct subcommand *command, const char *given, const struct option_spec **specs,
			      size_t n)
{
	const char *names[OPTIONS_MAX];
	for (size_t i = 0; i < n; i++)
		names[i] = specs[i]->name;
	AUTO_FREE char *word = mem_strndup(given + strspn(given, "-"), strcspn(given + strspn(given, "-"), "="));
	const char *near = suggest_nearest(word, names, n);
	struct err *e = err_new(ERR_USAGE, "unknown option '%s' of `cooper %s`", given, command->name);
	return near ? err_hint(e, "did you mean --%s?", near)
		    : err_hint(e, "`cooper %s --help` lists the options", command->name);
}

/* `operands` says how many there may be: those in brackets are last and optional, "..." stands for any number. */
static struct err *check_args(const struct call *call)
{
	const struct subcommand *c = call->command;
	AUTO(strs) words = STRS_INIT;
	size_t needed = 0;
	strs_split(&words, c->operands, " ");
	while (needed < words.count && words.items[needed][0] != '[')
		needed++;
	bool too_few = call->args.count < needed;
	if (!too_few && (call->args.count <= words.count || strstr(c->operands, "...")))
		return NULL;
	struct err *e =
		too_few ? err_new(ERR_USAGE, "`cooper %s` needs %s", c->name, c->operands)
			: err_new(ERR_USAGE, "`cooper %s` does not take '%s'", c->name, call->args.items[words.count]);
	return err_hint(e, "usage: cooper %s [OPTIONS] %s", c->name, c->operands);
}

static void set_value(struct call *call, const struct option_spec *o, char *value)
{
	static char flag[] = "";
	const char *before = o->arg && strchr(o->arg, ',') ? call_get(call, o->name) : NULL;

	if (before)
		strs_take(&call->joined, value = mem_printf("%s,%s", before, value));
	map_put(&call->values, o->name, o->arg ? value : flag);
}

/* The next operand is the first word of another program, as in `ssh NAME PROGRAM --ITS-OPTION`. */
static bool is_words(const struct call *call)
{
	return call->command->words && call->args.count == call->command->words;
}

struct err *call_parse(struct call *call, int argc, char **argv)
{
	const struct option_spec *specs[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX] = {{NULL, 0, NULL, 0}};
	AUTO(str) shorts = STR_INIT;
	size_t n = build_options(call->command, specs, longs, &shorts);
	opterr = 0;
	optind = 1;
	while (optind < argc) {
		int before = optind;
		int c = getopt_long(argc, argv, str_text(&shorts), longs, NULL);
		if (c == -1) {
			bool literal = optind > before && streq(argv[optind - 1], "--");
			if (literal || optind >= argc || is_words(call))
				break;
			strs_add(&call->args, argv[optind++]);
			continue;
		}
		size_t i = c >= 256 ? (size_t)c - 256 : n;
		for (size_t k = 0; c < 256 && c != '?' && c != ':' && k < n; k++)
			if (specs[k]->letter == c)
				i = k;
		if (c == ':')
			return err_new(ERR_USAGE, "option '%s' needs a value", argv[optind - 1]);
		if (c == '?' || i >= n)
			return bad_option(call->command, argv[before], specs, n);
		set_value(call, specs[i], optarg);
	}
	call->rest = call->args.count;
	for (; optind < argc; optind++)
		strs_add(&call->args, argv[optind]);
	return call_has(call, "help") ? NULL : check_args(call);
}
