#include "machine/ending.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "fmt/json.h"

#define NOTE_FILE "end.json"

enum { WORDS_MAX = 1000 };

void ending_done(struct ending *e)
{
	free(e->words);
	free(e->at);
	*e = (struct ending){.crashed = false};
}

static struct err *write_note(const char *machine_dir, const char *state, const char *key, const char *text)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	AUTO_JSON *note = js_object();

	js_set_text(note, "state", state);
	if (key)
		js_set_text(note, key, text);
	js_set_now(note, "at");
	return js_write(path, note, 0600);
}

struct err *ending_begin(const char *machine_dir, const char *boot_id)
{
	return write_note(machine_dir, "running", "boot_id", boot_id);
}

void ending_note(const char *machine_dir, const struct err *e)
{
	if (!e || err_is(e, ERR_CANCELED))
		err_free(write_note(machine_dir, "stopped", NULL, NULL));
	else
		err_free(write_note(machine_dir, "failed", "message", e->message));
}

struct err *ending_read(const char *machine_dir, const char *boot_id, struct ending *ret_ending)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	AUTO_JSON *note = NULL;

	struct err *e = js_read(path, &note);
	if (err_is(e, ERR_ABSENT))
		e = err_free(e);
	else if (!e && !js_get_text(note, "state"))
		e = err_new(ERR_CORRUPT, "'%s' is damaged: it has no state", path);
	const char *state = js_get_text(note, "state");
	const char *message = js_get_text(note, "message");
	const char *at = js_get_text(note, "at");
	bool running = streq(state, "running");
	const char *words = !running ? (message ? message : "")
			    : streq(js_get_text(note, "boot_id"), boot_id)
				    ? "its supervisor is gone without a word: it was killed, or the "
				      "machine's folder was moved or removed while it ran"
				    : "the host was restarted, or lost its power";
	bool crashed = running || streq(state, "failed");
	AUTO_FREE char *some = mem_strndup(crashed ? words : "", crashed ? strnlen(words, WORDS_MAX) : 0);

	ret_ending->crashed = crashed;
	ret_ending->words = str_escape(some);
	ret_ending->at = str_escape_short(at && !running ? at : "");
	return e;
}
