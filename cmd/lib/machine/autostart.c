#include "machine/autostart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

#define TEXT_MAX (64 << 10)
#define WANTS "default.target.wants"

/* One system's way; where its files are is find_place()'s. */
struct kind {
	const char *folder; /* below the home, or the folder of settings where XDG_CONFIG_HOME names one */
	const char *before; /* the name of the machine */
	const char *after;
	bool is_systemd;
	void (*add_mark)(struct str *out, const char *text); /* a line of a comment */
	void (*write)(const struct autostart *a, struct str *out);
};

struct place {
	char *folder; /* of the files */
	char *file;
	char *link; /* NULL where none is needed */
};

static void place_done(struct place *place)
{
	free(place->folder);
	free(place->file);
	free(place->link);
}

static const struct kind kinds[OS_COUNT];

/* --- texts --- */

static void add_mark(const struct autostart *a, struct str *out)
{
	AUTO_FREE char *dir = str_escape(a->dir);
	AUTO_FREE char *text = mem_printf("Written by `cooper autostart on` for %s", dir);
	kinds[a->os].add_mark(out, text);
}

static void add_comment(struct str *out, const char *text)
{
	str_addf(out, "# %s\n", text);
}

/* A word of a unit: '%' stands for a specifier there, and '$' for a variable where commands are written. */
static void add_unit_word(struct str *out, const char *text, bool is_command)
{
	str_add_char(out, '"');
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			str_addf(out, "\\x%02x", (unsigned char)*c);
		else if (*c == '%' || (is_command && *c == '$'))
			str_addf(out, "%c%c", *c, *c);
		else
			str_addf(out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
	}
	str_add_char(out, '"');
}

static void write_unit(const struct autostart *a, struct str *out)
{
	AUTO_FREE char *home = mem_printf("COOPER_HOME=%s", a->home);
	add_mark(a, out);
	str_addf(out, "[Unit]\nDescription=cooper machine %s\n\n[Service]\nExecStart=", path_base(a->dir));
	add_unit_word(out, a->program, /* is_command= */ true);
	str_addf(out, " machine run %s\nEnvironment=", path_base(a->dir));
	add_unit_word(out, home, /* is_command= */ false);
	/* 5: it runs already, started by hand. Only cooper itself is told to end: it shuts the guest down. */
	str_add(out, "\nSuccessExitStatus=5\nKillMode=mixed\nTimeoutStopSec=120\n\n[Install]\n"
		     "WantedBy=default.target\n");
}

static void add_xml(struct str *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '&' || *c == '<' || (unsigned char)*c < ' ')
			str_addf(out, "&#%d;", *c);
		else
			str_add_char(out, *c);
	}
}

static void add_xml_text(struct str *out, const char *indent, const char *tag, const char *text)
{
	str_addf(out, "%s<%s>", indent, tag);
	add_xml(out, text);
	str_addf(out, "</%s>\n", tag);
}

static void add_comment_key(struct str *out, const char *text)
{
	add_xml_text(out, "\t", "key", "Comment");
	add_xml_text(out, "\t", "string", text);
}

static void write_agent(const struct autostart *a, struct str *out)
{
	const char *const argv[] = {a->program, "machine", "run", path_base(a->dir)};
	AUTO_FREE char *label = mem_printf("cooper.%s", path_base(a->dir));

	str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n");
	add_mark(a, out);
	add_xml_text(out, "\t", "key", "Label");
	add_xml_text(out, "\t", "string", label);
	add_xml_text(out, "\t", "key", "ProgramArguments");
	str_add(out, "\t<array>\n");
	for (size_t i = 0; i < ARRAY_LEN(argv); i++)
		add_xml_text(out, "\t\t", "string", argv[i]);
	str_add(out, "\t</array>\n");
	add_xml_text(out, "\t", "key", "EnvironmentVariables");
	str_add(out, "\t<dict>\n");
	add_xml_text(out, "\t\t", "key", "COOPER_HOME");
	add_xml_text(out, "\t\t", "string", a->home);
	/* Adaptive or background processes would be held back, and with them all that runs in the guest. */
	str_add(out, "\t</dict>\n\t<key>RunAtLoad</key>\n\t<true/>\n\t<key>ProcessType</key>\n"
		     "\t<string>Interactive</string>\n\t<key>ExitTimeOut</key>\n\t<integer>120</integer>\n"
		     "</dict>\n</plist>\n");
}

static const struct kind kinds[OS_COUNT] = {
	[OS_LINUX] = {".config/systemd/user", "cooper-", ".service", true, add_comment, write_unit},
	[OS_MACOS] = {"Library/LaunchAgents", "cooper.", ".plist", false, add_comment_key, write_agent},
};

void autostart_text(const struct autostart *a, struct str *out)
{
	kinds[a->os].write(a, out);
}

/* --- files --- */

/* Without a home there is no place, and no file. */
static void find_place(const struct autostart *a, struct place *ret_place)
{
	const struct kind *kind = &kinds[a->os];
	const char *user = getenv("HOME");
	const char *config = kind->is_systemd ? getenv("XDG_CONFIG_HOME") : NULL;
	AUTO_FREE char *name = mem_printf("%s%s%s", kind->before, path_base(a->dir), kind->after);

	if (config && *config == '/')
		ret_place->folder = path_join(config, "systemd/user");
	else if (user && *user == '/')
		ret_place->folder = path_join(user, kind->folder);
	else
		return;
	ret_place->file = path_join(ret_place->folder, name);
	if (kind->is_systemd)
		ret_place->link = mem_printf("%s/" WANTS "/%s", ret_place->folder, name);
}

struct seen {
	bool there, ours, enabled;
};

/* Whether there is such a file, whether it names this machine, and whether it counts; a link is never ours. */
static struct err *look(const struct autostart *a, const struct place *place, struct seen *seen)
{
	AUTO_FREE char *text = NULL;
	AUTO(str) mark = STR_INIT;
	struct stat st = {.st_mode = 0};
	bool folder = false;

	*seen = (struct seen){.there = false};
	if (place->folder)
		TRY(file_stat_optional(place->folder, &folder, &st));
	if (folder)
		TRY(file_lstat(place->file, &seen->there, &st));
	if (!seen->there || !S_ISREG(st.st_mode))
		return NULL;
	TRY(file_read(place->file, TEXT_MAX, &text, NULL));
	add_mark(a, &mark);
	seen->ours = strstr(text, str_text(&mark));
	seen->enabled = seen->ours;
	return seen->ours && place->link ? file_lstat(place->link, &seen->enabled, &st) : NULL;
}

static struct err *enable(const struct place *place)
{
	AUTO_FREE char *dir = path_dir(place->link);
	TRY(dir_make(dir, 0755));
	TRY(file_remove(place->link));
	return symlink(place->file, place->link) == 0 ? NULL : err_os(errno, "cannot make the link '%s'", place->link);
}

struct err *autostart_on(const struct autostart *a, char **ret_path)
{
	AUTO(place) place = {.folder = NULL};
	AUTO(str) text = STR_INIT;
	struct seen seen;

	find_place(a, &place);
	if (!place.file)
		return err_new(ERR_USAGE, "HOME is not set to an absolute path");
	TRY(look(a, &place, &seen));
	if (seen.there && !seen.ours)
		return err_hint(err_new(ERR_BUSY, "'%s' was not written for this machine", place.file),
				"remove it when it is not needed, or give the machine another name");
	autostart_text(a, &text);
	TRY(dir_make(place.folder, 0755));
	TRY(file_write(place.file, str_text(&text), text.len, 0644));
	if (place.link)
		TRY(enable(&place));
	*ret_path = TAKE(place.file);
	return NULL;
}

struct err *autostart_off(const struct autostart *a, bool *ret_was_on)
{
	AUTO(place) place = {.folder = NULL};
	struct seen seen;

	find_place(a, &place);
	TRY(look(a, &place, &seen));
	if (ret_was_on)
		*ret_was_on = seen.enabled;
	if (!seen.ours)
		return NULL;
	if (place.link)
		TRY(file_remove(place.link));
	return file_remove(place.file);
}

struct err *autostart_state(const struct autostart *a, bool *ret_on)
{
	AUTO(place) place = {.folder = NULL};
	struct seen seen;

	find_place(a, &place);
	TRY(look(a, &place, &seen));
	*ret_on = seen.enabled;
	return NULL;
}
