#include <stdio.h>
#include <string.h>

#include "command.h"

bool help_in_group(const struct subcommand *command, const char *group)
{
	size_t n = strlen(group);
	return strncmp(command->name, group, n) == 0 && command->name[n] == ' ';
}

/* A command of @group ("tool" for `tool fetch`), or any for NULL. */
static void print_commands(const char *group)
{
	size_t n = group ? strlen(group) : 0;
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden && (!group || help_in_group(*c, group)))
			printf("  %-18s %s\n", (*c)->name + (group ? n + 1 : 0), (*c)->summary);
}

void help_group(const char *group)
{
	printf("usage: cooper %s COMMAND [OPTIONS] [ARGS]\n\ncommands:\n", group);
	print_commands(group);
	printf("\nRun `cooper %s COMMAND --help` for details.\n", group);
}

void help_program(void)
{
	printf("cooper: from a bare machine to running containers of any CPU architecture\n\n"
	       "usage: cooper COMMAND [OPTIONS] [ARGS]\n\n"
	       "  cooper up            build, boot and verify this folder's stack, or the shipped one\n"
	       "  cooper plan          what `up` would do, and why\n\ncommands:\n");
	print_commands(NULL);
	printf("\nRun `cooper COMMAND --help` for details. Files live in COOPER_HOME (default ~/.local/share/cooper).\n"
	       "exit codes: ");
	for (size_t i = 0; i < EXIT_CODES; i++)
		printf("%s%d %s",
		       i == 0   ? ""
		       : i == 5 ? ",\n            "
				: ", ",
		       (int)exit_meanings[i].code, exit_meanings[i].text);
	printf("\n");
}

static void print_options(const struct option_spec *o)
{
	for (; o && o->name; o++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
			 o->letter ? ", " : "  ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-28s %s\n", left, o->help);
	}
}

void help_command(const struct subcommand *command)
{
	printf("cooper %s: %s\n\nusage: cooper %s [OPTIONS] %s\n", command->name, command->summary, command->name,
	       command->operands);
	if (command->help)
		printf("\n%s\n", command->help);
	printf("\noptions:\n");
	print_options(command->options);
	print_options(global_options);
}
