/*
 * ui.h - sinks: where events become something to read
 *
 * ui_text writes one line per event to stderr, and keeps a live region at the bottom of a terminal; without a
 * terminal, a line every half minute for each step that runs. ui_json appends
 * JSON lines to a file, and hands each event on. Both are safe to call from any thread.
 */
#ifndef COOPER_UI_H
#define COOPER_UI_H

#include <stdbool.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

struct ui_options {
	bool quiet;
	bool verbose;
	bool color;
	bool live; /* stderr is a terminal that a live region can be drawn on */
};

struct sink *ui_text_new(const struct ui_options *options);
MUST_CHECK struct err *ui_json_new(const char *path, struct sink *next, struct sink **ret_sink);
/** ui_json_check() - NULL when all that @sink, of ui_json_new(), was told is in its file */
MUST_CHECK struct err *ui_json_check(const struct sink *sink);
/** ui_finish() - leave the terminal clean: erase the live region; call before printing results */
void ui_finish(void);

/** ui_error() - print an error chain, its detail, hint and log on stderr */
void ui_error(const struct err *e, bool color);
/** ui_add_indented() - lines of @text, each after two blanks, foreign bytes escaped */
void ui_add_indented(struct str *s, const char *text);

#endif
