/* Completions and the manual page, from the same tables as the help. */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char *first_word_end(const char *name)
{
	return name + strcspn(name, " ");
}

/* Calls @each once per first word of a command; @single says that the word is a command by itself. */
static void each_first_word(void (*each)(const char *word, const struct subcommand *command, bool single))
{
	AUTO(strs) seen = STRS_INIT;
	for (const struct subcommand *const *c = commands_all(); *c; c++) {
		const char *end = first_word_end((*c)->name);
		AUTO_FREE char *word = mem_strndup((*c)->name, (size_t)(end - (*c)->name));
		if ((*c)->hidden || strs_has(&seen, word))
			continue;
		strs_add(&seen, word);
		each(word, *c, *end == '\0');
	}
}

static void print_word(const char *word, const struct subcommand *command UNUSED, bool single UNUSED)
{
	printf("%s ", word);
}

static void print_flags(const struct option_spec *o)
{
	for (; o && o->name; o++)
		printf("--%s ", o->name);
}

/* bash: offered as the second word after a group, as the first one else. */
static void print_bash_group(const char *word, const struct subcommand *command UNUSED, bool single)
{
	if (single)
		return;
	printf("\t\"2 %s \"*) files= words='", word);
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden && help_in_group(*c, word))
			printf("%s ", first_word_end((*c)->name) + 1);
	printf("' ;;\n");
}

static void print_bash(void)
{
	printf("# bash completion of cooper; made by `cooper completion bash`\n_cooper() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words files=yes\n"
	       "\tcase \"$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n"
	       "\t\"1 \"*) files= words='");
	each_first_word(print_word);
	printf("' ;;\n");
	each_first_word(print_bash_group);
	for (const struct subcommand *const *c = commands_all(); *c; c++) {
		if ((*c)->hidden)
			continue;
		printf("\t*\" %s%s) words='", (*c)->name, *first_word_end((*c)->name) ? "\"" : " \"*");
		print_flags((*c)->options);
		print_flags(global_options);
		printf("' ;;\n");
	}
	printf("\tesac\n"
	       "\tif [ -n \"$files\" ] && [ \"${cur#-}\" = \"$cur\" ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- \"$cur\"; compgen -d -- \"$cur\")\n"
	       "\telse\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\tfi\n}\n"
	       "complete -o filenames -F _cooper cooper\n");
}

/* zsh: what stands in single quotes, colons escaped. */
static void print_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (*text == ':' || *text == '[' || *text == ']')
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void print_zsh_word(const char *word, const struct subcommand *command, bool single)
{
	printf("\t\t'%s:", word);
	print_zsh_text(single ? command->summary : "more commands");
	printf("'\n");
}

static void print_zsh_options(const struct option_spec *o)
{
	for (; o && o->name; o++) {
		printf("\t\t\t'--%s%s[", o->name, o->arg ? "=" : "");
		print_zsh_text(o->help);
		printf("]%s%s%s' \\\n", o->arg ? ":" : "", o->arg ? o->arg : "", o->arg ? ":_files" : "");
	}
}

static void print_zsh_case(const struct subcommand *c, const char *word)
{
	printf("\t%s) _arguments \\\n", word);
	print_zsh_options(c->options);
	print_zsh_options(global_options);
	printf("\t\t\t'*:file:_files -g \"*.y*ml\"' ;;\n");
}

static void print_zsh_group(const char *group, const struct subcommand *command, bool single)
{
	if (single) {
		print_zsh_case(command, group);
		return;
	}
	printf("\t%s)\n\tcommands=(\n", group);
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden && help_in_group(*c, group))
			print_zsh_word(first_word_end((*c)->name) + 1, *c, /* single= */ true);
	printf("\t)\n\tif (( CURRENT == 3 )); then _describe command commands; return; fi\n\tcase $words[3] in\n");
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden && help_in_group(*c, group))
			print_zsh_case(*c, first_word_end((*c)->name) + 1);
	printf("\tesac ;;\n");
}

static void print_zsh(void)
{
	printf("#compdef cooper\n# made by `cooper completion zsh`\n_cooper() {\n\tlocal -a commands\n\tcommands=(\n");
	each_first_word(print_zsh_word);
	printf("\t)\n\tif (( CURRENT == 2 )); then _describe command commands; return; fi\n\tcase $words[2] in\n");
	each_first_word(print_zsh_group);
	printf("\tesac\n}\n_cooper \"$@\"\n");
}

static void print_fish_text(const char *text)
{
	for (; *text; text++)
		printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void print_fish_options(const char *condition, const struct option_spec *o)
{
	for (; o && o->name; o++) {
		printf("complete -c cooper %s -l %s%s -d '", condition, o->name, o->arg ? " -r" : "");
		print_fish_text(o->help);
		printf("'\n");
	}
}

static void print_fish_word(const char *word, const struct subcommand *command, bool single)
{
	printf("complete -c cooper -n __fish_use_subcommand -f -a %s -d '", word);
	print_fish_text(single ? command->summary : "more commands");
	printf("'\n");
}

static void print_fish(void)
{
	printf("# fish completion of cooper; made by `cooper completion fish`\n");
	each_first_word(print_fish_word);
	for (const struct subcommand *const *c = commands_all(); *c; c++) {
		if ((*c)->hidden)
			continue;
		const char *end = first_word_end((*c)->name);
		AUTO_FREE char *seen = mem_printf("-n '__fish_seen_subcommand_from %s'", *end ? end + 1 : (*c)->name);
		if (*end) {
			printf("complete -c cooper -n '__fish_seen_subcommand_from %.*s' -f -a %s -d '",
			       (int)(end - (*c)->name), (*c)->name, end + 1);
			print_fish_text((*c)->summary);
			printf("'\n");
		}
		print_fish_options(seen, (*c)->options);
	}
	print_fish_options("", global_options);
}

static struct err *run_completion(struct call *call)
{
	const char *shell = call_arg(call, 0);
	if (streq(shell, "bash"))
		print_bash();
	else if (streq(shell, "zsh"))
		print_zsh();
	else if (streq(shell, "fish"))
		print_fish();
	else
		return err_hint(err_new(ERR_USAGE, "no completions for shell '%s'", shell), "bash, zsh or fish");
	return NULL;
}

const struct subcommand cmd_completion = {
	.name = "completion",
	.operands = "SHELL",
	.summary = "print a completion script for bash, zsh or fish",
	.help = "bash: cooper completion bash > ~/.local/share/bash-completion/completions/cooper\n"
		"zsh:  cooper completion zsh > a file _cooper in a folder of $fpath\n"
		"fish: cooper completion fish > ~/.config/fish/completions/cooper.fish",
	.run = run_completion,
};

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
