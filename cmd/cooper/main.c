/* Finds the command, sets up the output, runs it, prints the one error there may be. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/suggest.h"
#include "command.h"
#include "sys/signals.h"
#include "ui.h"

/* The command whose words open argv; *ret_words says how many (1 or 2). */
static const struct subcommand *find_command(int argc, char **argv, int *ret_words)
{
	const struct subcommand *found = NULL;
	for (const struct subcommand *const *c = commands_all(); *c; c++) {
		AUTO(strs) words = STRS_INIT;
		strs_split(&words, (*c)->name, " ");
		bool same = (int)words.count <= argc && (int)words.count > (found ? *ret_words : 0);
		for (size_t i = 0; same && i < words.count; i++)
			same = streq(words.items[i], argv[i]);
		if (same) {
			found = *c;
			*ret_words = (int)words.count;
		}
	}
	return found;
}

static bool is_group(const char *word)
{
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		if (help_in_group(*c, word))
			return true;
	return false;
}

static bool asks_help(const char *word)
{
	return streq(word, "--help") || streq(word, "-h") || streq(word, "help");
}

static struct err *unknown_command(int argc, char **argv)
{
	AUTO(strs) names = STRS_INIT;
	for (const struct subcommand *const *c = commands_all(); *c; c++)
		strs_add(&names, (*c)->name);
	if (asks_help(argv[0]))
		argc--, argv++;
	bool group = is_group(argv[0]);
	AUTO_FREE char *given = group && argc > 1 ? mem_printf("%s %s", argv[0], argv[1]) : mem_strdup(argv[0]);
	const char *near = suggest_nearest(given, (const char *const *)names.items, names.count);
	struct err *e = err_new(ERR_USAGE, "unknown command '%s'", given);
	if (near)
		return err_hint(e, "did you mean `cooper %s`?", near);
	return err_hint(e, "`cooper %s%s--help` lists the commands", group ? argv[0] : "", group ? " " : "");
}

/* `cooper`, `cooper tool`, `cooper help`, `cooper help tool`, `cooper help up`, `cooper tool --help` */
static bool answer_help(int argc, char **argv, int *ret_code)
{
	int words = 0;
	if (argc > 1 && asks_help(argv[0])) {
		const struct subcommand *command = find_command(argc - 1, argv + 1, &words);
		*ret_code = EXIT_DONE;
		if (command)
			help_command(command);
		else if (is_group(argv[1]))
			help_group(argv[1]);
		return command || is_group(argv[1]);
	}
	if (argc == 0 || asks_help(argv[0])) {
		help_program();
		*ret_code = argc ? EXIT_DONE : EXIT_USAGE;
		return true;
	}
	if (!is_group(argv[0]) || (argc > 1 && !asks_help(argv[1])))
		return false;
	help_group(argv[0]);
	*ret_code = argc > 1 ? EXIT_DONE : EXIT_USAGE;
	return true;
}

static bool wants_color(const struct call *call)
{
	const char *when = call_get(call, "color");
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	if (when && !streq(when, "auto"))
		return streq(when, "always");
	if (no_color && *no_color)
		return false;
	return isatty(2) && term && !streq(term, "dumb");
}

static struct err *open_sinks(struct call *call, bool color)
{
	const char *term = getenv("TERM");
	const struct ui_options options = {.quiet = call_has(call, "quiet"),
					   .verbose = call_has(call, "verbose"),
					   .color = color,
					   .live = isatty(2) && term && !streq(term, "dumb") && !getenv("CI")};
	call->sink = ui_text_new(&options);
	return call_has(call, "events") ? ui_json_new(call_get(call, "events"), call->sink, &call->sink) : NULL;
}

/* A result that nobody could read is no success; a reader that has seen enough is none of our business. */
static struct err *flush_output(void)
{
	struct pollfd reader = {.fd = STDOUT_FILENO, .events = 0};

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return NULL;
	int errnum = errno ? errno : EIO; /* of the write that failed, where it was not an earlier one */
	if (errnum == EPIPE || (poll(&reader, 1, 0) == 1 && (reader.revents & (POLLERR | POLLHUP))))
		return NULL;
	return err_os(errnum, "cannot write the output");
}

/* The exit code, once all that was printed is out. */
static int finish(int code)
{
	struct err *e = flush_output();
	if (!e)
		return code;
	ui_error(e, /* color= */ isatty(2) && !getenv("NO_COLOR"));
	code = (int)err_exit_code(e);
	err_free(e);
	return code;
}

static int run(struct call *call, int argc, char **argv)
{
	bool color = isatty(2) && !getenv("NO_COLOR");
	struct err *e = call_parse(call, argc, argv);
	if (!e && call_has(call, "help")) {
		help_command(call->command);
		return finish(EXIT_DONE);
	}
	if (!e) {
		static char offline[] = "COOPER_OFFLINE=1";
		if (call_has(call, "offline"))
			putenv(offline); /* what is started from here is offline, too */
		color = wants_color(call);
		e = open_sinks(call, color);
	}
	bool is_open = !e;
	if (!e)
		e = call->command->run(call);
	ui_finish();
	e = err_first(e, flush_output());
	if (is_open && call_has(call, "events"))
		e = err_first(e, ui_json_check(call->sink));
	if (!e)
		return call->exit_code;
	ui_error(e, color);
	int code = (int)err_exit_code(e);
	if (code == EXIT_INTERRUPTED && cancel_requested())
		code = 128 + cancel_signal();
	err_free(e);
	return code;
}

int main(int argc, char **argv)
{
	int code = EXIT_DONE;
	signals_install();
	umask(022); /* builds and images must not differ by it; what is secret says so when it is made */
	if (answer_help(argc - 1, argv + 1, &code))
		return finish(code);
	if (streq(argv[1], "--version")) {
		printf("cooper %s\n", COOPER_VERSION);
		return finish(EXIT_DONE);
	}
	int words = 0;
	struct call call = {.command = find_command(argc - 1, argv + 1, &words)};
	if (!call.command) {
		struct err *e = unknown_command(argc - 1, argv + 1);
		ui_error(e, /* color= */ isatty(2) && !getenv("NO_COLOR"));
		err_free(e);
		return EXIT_USAGE;
	}
	code = run(&call, argc - words, argv + words);
	call_done(&call);
	return code;
}
