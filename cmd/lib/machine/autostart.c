#include "machine/autostart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

#define TEXT_MAX (64 << 10)
#define WANTS    "default.target.wants"

/* One system's way; where its files are is find_place()'s. */
struct kind {
	const char *folder; /* below the folder of settings, or the home */
	const char *before; /* the name of the machine */
	const char *after;
	bool enabled_by_link;
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

/* --- texts --- */

static void add_mark(const struct autostart *a, struct str *out)
{
	AUTO_FREE char *dir = str_escape(a->dir);
	str_addf(out, "Written by `cooper autostart on` for %s", dir);
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
	str_add(out, "# ");
	add_mark(a, out);
	str_addf(out, "\n[Unit]\nDescription=cooper machine %s\n\n[Service]\nExecStart=", path_base(a->dir));
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

static void write_agent(const struct autostart *a, struct str *out)
{
	const char *const argv[] = {a->program, "machine", "run", path_base(a->dir)};
	AUTO_FREE char *label = mem_printf("cooper.%s", path_base(a->dir));
	AUTO(str) mark = STR_INIT;

	add_mark(a, &mark);
	str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n");
	add_xml_text(out, "\t", "key", "Comment");
	add_xml_text(out, "\t", "string", str_text(&mark));
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
	[OS_LINUX] = {"systemd/user", "cooper-", ".service", true, write_unit},
	[OS_MACOS] = {"Library/LaunchAgents", "cooper.", ".plist", false, write_agent},
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
	const char *config = kind->enabled_by_link ? getenv("XDG_CONFIG_HOME") : NULL;
	if (!config || *config != '/') {
		if (!user || *user != '/')
			return;
		config = NULL;
	}
	AUTO_FREE char *usual = user ? path_join(user, kind->enabled_by_link ? ".config" : ".") : NULL;
	AUTO_FREE char *name = mem_printf("%s%s%s", kind->before, path_base(a->dir), kind->after);
	ret_place->folder = path_join(config ? config : usual, kind->folder);
	ret_place->file = path_join(ret_place->folder, name);
	if (kind->enabled_by_link)
		ret_place->link = mem_printf("%s/" WANTS "/%s", ret_place->folder, name);
}

/* Whether there is such a file, and whether it names this machine; a link is never ours. */
static struct err *look(const struct autostart *a, const struct place *place, bool *ret_there, bool *ret_ours)
{
	AUTO_FREE char *text = NULL;
	AUTO(str) mark = STR_INIT;
	struct stat st = {.st_mode = 0};

	*ret_ours = *ret_there = false;
	if (place->file)
		TRY(file_lstat(place->file, ret_there, &st));
	if (!*ret_there || !S_ISREG(st.st_mode))
		return NULL;
	TRY(file_read(place->file, TEXT_MAX, &text, NULL));
	if (a->os == OS_MACOS) {
		AUTO(str) plain = STR_INIT;
		add_mark(a, &plain);
		add_xml(&mark, str_text(&plain));
		str_add(&mark, "<");
	} else {
		add_mark(a, &mark);
		str_add(&mark, "\n");
	}
	*ret_ours = strstr(text, str_text(&mark));
	return NULL;
}

static struct err *enable(const struct place *place)
{
	AUTO_FREE char *dir = path_dir(place->link);
	TRY(dir_make(dir, 0755));
	if (symlink(place->file, place->link) != 0 && errno != EEXIST)
		return err_os(errno, "cannot make the link '%s'", place->link);
	return NULL;
}

struct err *autostart_on(const struct autostart *a, char **ret_path)
{
	AUTO(place) place = {.folder = NULL};
	AUTO(str) text = STR_INIT;
	bool there = false, ours = false;

	find_place(a, &place);
	if (!place.file)
		return err_new(ERR_USAGE, "HOME is not set to an absolute path");
	TRY(look(a, &place, &there, &ours));
	if (there && !ours)
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
	bool there = false, ours = false;

	if (ret_was_on)
		*ret_was_on = false;
	find_place(a, &place);
	TRY(look(a, &place, &there, &ours));
	if (!ours)
		return NULL;
	if (ret_was_on)
		*ret_was_on = true;
	if (place.link)
		TRY(file_remove(place.link));
	return file_remove(place.file);
}

struct err *autostart_state(const struct autostart *a, bool *ret_on)
{
	AUTO(place) place = {.folder = NULL};
	bool there = false;

	find_place(a, &place);
	return look(a, &place, &there, ret_on);
}
