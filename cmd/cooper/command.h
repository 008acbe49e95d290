/*
 * command.h - a command is data: name, options, help and function in one const struct
 *
 * Help, completions and the man page are generated from these tables (help.c, cmd_completion.c). To add a command:
 * write cmd_<name>.c with a const struct subcommand, and name it in commands.h.
 */
#ifndef COOPER_COMMAND_H
#define COOPER_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "base/event.h"
#include "base/map.h"
#include "base/str.h"

/* One option; `arg` names its value, NULL for a flag; "X,..." is a list, which grows when the option is given again. */
struct option_spec {
	const char *name;
	char letter; /* 0 = none */
	const char *arg;
	const char *help;
};

/* A parsed command line. */
struct call {
	const struct subcommand *command;
	struct map values;  /* option name -> text ("" for a flag); borrowed from argv or joined */
	struct strs joined; /* values of options that were given again */
	struct strs args;   /* operands */
	size_t rest;        /* of these, where the words of another program begin: after "--", or after `words` */
	struct sink *sink;  /* where events go */
	int exit_code;      /* what to exit with when no error is returned; 0 by default */
};

struct subcommand {
	const char *name;                  /* "up", "tool fetch" */
	const char *operands;              /* "[STACK]"; also says how many there may be */
	const char *summary;               /* one line, no full stop */
	const char *help;                  /* a paragraph; may be NULL */
	const struct option_spec *options; /* ends with a NULL name; may be NULL */
	size_t words; /* operands of ours, after which all belongs to another program; 0 = no such */
	bool hidden;
	struct err *(*run)(struct call *call);
};

/** call_has() - whether the option was given; call_get() - its value, NULL when not given */
bool call_has(const struct call *call, const char *option);
const char *call_get(const struct call *call, const char *option);
/** call_arg() - the @i-th operand, NULL when there are fewer */
const char *call_arg(const struct call *call, size_t i);

/** commands_all() - NULL-terminated table of every command, in the order of `cooper help` */
const struct subcommand *const *commands_all(void);

/** call_parse() - fill @call from argv (argv[0] is the first word after the command's own); USAGE with a hint */
MUST_CHECK struct err *call_parse(struct call *call, int argc, char **argv);
void call_done(struct call *call);

/** help_program(), help_group(), help_command() - usage on stdout; a group is the first of two words, as in `tool
 * fetch` */
void help_program(void);
void help_group(const char *group);
void help_command(const struct subcommand *command);
bool help_in_group(const struct subcommand *command, const char *group);

/** options every command has */
extern const struct option_spec global_options[];

#endif
