/* The manual page, from the same tables as the help. */
#include <stdio.h>

#include "command.h"

/* A '-' in roff is a hyphen unless escaped; a line must not begin with a dot or quote. */
static void print_roff(const char *text)
{
	bool start = true;
	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			printf("\\&");
		start = *text == '\n';
		if (*text == '-' || *text == '\\')
			printf(*text == '-' ? "\\-" : "\\e");
		else
			putchar(*text);
	}
}

static void print_man_options(const struct option_spec *o)
{
	for (; o && o->name; o++) {
		printf(".TP\n.B \"");
		if (o->letter)
			printf("\\-%c, ", o->letter);
		printf("\\-\\-");
		print_roff(o->name);
		printf("%s%s\"\n", o->arg ? " " : "", o->arg ? o->arg : "");
		print_roff(o->help);
		printf("\n");
	}
}

static struct err *run_man(struct call *call UNUSED)
{
	printf(".TH COOPER 1 \"\" \"cooper " COOPER_VERSION "\" \"User Commands\"\n"
	       ".SH NAME\ncooper \\- from a bare machine to running containers of any CPU architecture\n"
	       ".SH SYNOPSIS\n.B cooper\n.I COMMAND\n[OPTIONS] [ARGS]\n.SH COMMANDS\n");
	for (const struct subcommand *const *c = commands_all(); *c; c++) {
		if ((*c)->hidden)
			continue;
		printf(".SS \"cooper ");
		print_roff((*c)->name);
		printf(" ");
		print_roff((*c)->operands);
		printf("\"\n");
		print_roff((*c)->summary);
		printf("\n");
		if ((*c)->help) {
			printf(".PP\n.nf\n");
			print_roff((*c)->help);
			printf("\n.fi\n");
		}
		print_man_options((*c)->options);
	}
	printf(".SH OPTIONS OF EVERY COMMAND\n");
	print_man_options(global_options);
	printf(".SH EXIT STATUS\n");
	for (size_t i = 0; i < EXIT_CODES; i++)
		printf("%s%d %s", i ? "; " : "", (int)exit_meanings[i].code, exit_meanings[i].text);
	printf("\n.SH ENVIRONMENT\n.TP\n.B COOPER_HOME\ndirectory for all of cooper's files (default: $XDG_DATA_HOME/cooper, else "
	       "~/.local/share/cooper)\n.TP\n.B COOPER_MIRROR\nbase URL tried first for every download, laid out "
	       "by "
	       "digest\n.TP\n.B COOPER_OFFLINE\nset: as --offline\n.TP\n.B COOPER_BOX\nrules, nothing: a weaker box for what "
	       "recipes run\n.TP\n.B NO_COLOR\nset: no colours\n");
	return NULL;
}

const struct subcommand cmd_tool_man = {
	.name = "tool man",
	.operands = "",
	.summary = "print the manual page",
	.hidden = true,
	.run = run_man,
};
