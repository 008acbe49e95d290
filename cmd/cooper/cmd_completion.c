/* Completions, from the same tables as the help: what an operand may be is told by the word that stands for it. */
#include <stdio.h>
#include <string.h>

#include "base/arch.h"
#include "command.h"

/* What an operand, or the value of an option, may be. */
struct choice {
	const char *what;   /* the word for it in the tables */
	const char *kinds;  /* of `cooper list`, and recipes' files; NULL = none */
	const char *words;  /* these alone; NULL = others */
	const char *suffix; /* of what is listed */
};

static const struct choice choices[] = {
	{"NAME", "machines stacks", NULL, ""}, {"MACHINE", "machines", NULL, ""},
	{"STACK", "stacks", NULL, ""},         {"RECIPE", "builds", NULL, ""},
	{"SRC", "machines", NULL, ":"},        {"KIND", NULL, "stacks builds images machines", ""},
	{"SHELL", NULL, "bash zsh fish", ""},  {"WHEN", NULL, "auto always never", ""},
};

/* @text begins with such a word, in brackets or not; NULL when it is none of these: a file. */
static const struct choice *choice_of(const char *text)
{
	const char *word = text ? text + strspn(text, "[") : "";
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	for (size_t i = 0; i < ARRAY_LEN(choices); i++)
		if (strlen(choices[i].what) == n && strncmp(word, choices[i].what, n) == 0)
			return &choices[i];
	return NULL;
}

/* The words that an option's value is one of, or NULL; heap. */
static char *value_words(const struct option_spec *o)
{
	AUTO(str) s = STR_INIT;
	const struct choice *choice = choice_of(o->arg);
	if (!o->arg || !streq(o->arg, "ARCH"))
		return choice && choice->words ? mem_strdup(choice->words) : NULL;
	for (enum arch a = ARCH_NONE + 1; a < ARCH_COUNT; a++)
		if (arch_is_guest(a))
			str_addf(&s, "%s%s", s.len ? " " : "", arch_name(a));
	return str_take(&s);
}

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
	printf("\t\"2 %s \"*) files= names='", word);
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden && help_in_group(*c, word))
			printf("%s ", first_word_end((*c)->name) + 1);
	printf("' ;;\n");
}

static void print_bash_command(const struct subcommand *c)
{
	const struct choice *choice = choice_of(c->operands);
	printf("\t*\" %s%s) words='", c->name, *first_word_end(c->name) ? "\"" : " \"*");
	print_flags(c->options);
	print_flags(global_options);
	printf("'");
	if (choice && choice->words)
		printf(" files= names='%s'", choice->words);
	else if (choice)
		printf(" kinds='%s' suffix=%s", choice->kinds, choice->suffix);
	else if (!*c->operands)
		printf(" files=");
	printf(" ;;\n");
}

/* An option means the same wherever it is. */
static void print_bash_values(const struct option_spec *o, struct strs *seen)
{
	for (; o && o->name; o++) {
		AUTO_FREE char *words = value_words(o);
		const struct choice *choice = choice_of(o->arg);
		if (strs_has(seen, o->name) || (!words && !choice))
			continue;
		strs_add(seen, o->name);
		if (words)
			printf("\t--%s) files= kinds= names='%s' ;;\n", o->name, words);
		else
			printf("\t--%s) kinds='%s' suffix=%s ;;\n", o->name, choice->kinds, choice->suffix);
	}
}

static void print_bash(void)
{
	AUTO(strs) seen = STRS_INIT;
	printf("# bash completion of cooper; made by `cooper completion bash`\n_cooper() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words= names= kinds= suffix= files='!*.y*ml' kind name rest\n"
	       "\tcase \"$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n"
	       "\t\"1 \"*) files= names='");
	each_first_word(print_word);
	printf("' ;;\n");
	each_first_word(print_bash_group);
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden)
			print_bash_command(*c);
	printf("\tesac\n\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n");
	print_bash_values(global_options, &seen);
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (!(*c)->hidden)
			print_bash_values((*c)->options, &seen);
	printf("\tesac\n"
	       "\t[ \"${cur#-}\" = \"$cur\" ] || names=$words files= kinds=\n"
	       "\tfor kind in $kinds; do\n"
	       "\t\twhile read -r name rest; do names=\"$names $name$suffix\"; done < <(\"${COMP_WORDS[0]}\" list $kind "
	       "2>/dev/null)\n"
	       "\tdone\n"
	       "\t[ -z \"$suffix\" ] || { files=; compopt -o nospace 2>/dev/null; }\n"
	       "\tCOMPREPLY=()\n" /* macOS has bash 3.2, without mapfile */
	       "\twhile IFS= read -r name; do COMPREPLY+=(\"$name\"); done < <(compgen -W \"$names\" -- \"$cur\"\n"
	       "\t\t[ -z \"$suffix\" ] || compgen -f -- \"$cur\"\n"
	       "\t\t[ -z \"$files\" ] || { compgen -f -X \"$files\" -- \"$cur\"; compgen -d -- \"$cur\"; })\n"
	       "}\n"
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
		AUTO_FREE char *value = value_words(o);
		const struct choice *choice = choice_of(o->arg);
		if (value)
			printf("]:%s:(%s)' \\\n", o->arg, value);
		else if (choice)
			printf("]:%s: _cooper_names \"%s\" %s' \\\n", o->arg, choice->suffix, choice->kinds);
		else
			printf("]%s%s%s' \\\n", o->arg ? ":" : "", o->arg ? o->arg : "", o->arg ? ":_files" : "");
	}
}

static void print_zsh_case(const struct subcommand *c, const char *word)
{
	printf("\t%s) _arguments \\\n", word);
	print_zsh_options(c->options);
	print_zsh_options(global_options);
	const struct choice *choice = choice_of(c->operands);
	if (choice && choice->words)
		printf("\t\t\t'*:word:(%s)' ;;\n", choice->words);
	else if (choice)
		printf("\t\t\t'*:name: _cooper_names \"%s\" %s' ;;\n", choice->suffix, choice->kinds);
	else
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
	printf("#compdef cooper\n# made by `cooper completion zsh`\n"
	       "_cooper_names() {\n\tlocal kind suffix=$1\n\tlocal -a names\n\tshift\n"
	       "\tfor kind; do names+=(${${(f)\"$(${(Q)words[1]} list $kind 2>/dev/null)\"}%%%% *}); done\n"
	       "\tcompadd -S \"${suffix:- }\" -a names\n"
	       "\tif [[ -n $suffix ]]; then _files; else _files -g \"*.y*ml\"; fi\n}\n"
	       "_cooper() {\n\tlocal -a commands\n\tcommands=(\n");
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

static void print_fish_names(const struct choice *choice)
{
	printf(" -a '(for k in %s; cooper list $k 2>/dev/null | string replace -r \" .*\" \"%s\"; end)'", choice->kinds,
	       choice->suffix);
}

static void print_fish_operands(const char *condition, const struct subcommand *c)
{
	const struct choice *choice = choice_of(c->operands);
	if (!choice)
		return;
	printf("complete -c cooper %s", condition);
	if (choice->words)
		printf(" -f -a '%s'", choice->words);
	else
		print_fish_names(choice);
	printf("\n");
}

static void print_fish_options(const char *condition, const struct option_spec *o)
{
	for (; o && o->name; o++) {
		AUTO_FREE char *value = value_words(o);
		printf("complete -c cooper %s -l %s%s", condition, o->name, o->arg ? " -r" : "");
		if (value)
			printf(" -f -a '%s'", value);
		else if (choice_of(o->arg))
			print_fish_names(choice_of(o->arg));
		printf(" -d '");
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
		print_fish_operands(seen, *c);
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
