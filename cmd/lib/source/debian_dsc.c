#include "source/debian_dsc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

struct dsc {
	char *format, *source, *version;
	struct strs sums; /* "digest size name" */
};

static void dsc_done(struct dsc *d)
{
	free(d->format);
	free(d->source);
	free(d->version);
	strs_done(&d->sums);
}

void debian_layout_done(struct debian_layout *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->components[i].name);
	free(l->components);
	free(l->format);
	free(l->version);
	*l = (struct debian_layout){.format = NULL};
}

/* The fields of the first paragraph, a signature around it passed over: deb822(5), dsc(5). */
static void parse(const char *text, struct dsc *d)
{
	AUTO(strs) lines = STRS_INIT;
	const char *body = str_starts(text, "-----BEGIN PGP SIGNED MESSAGE") ? strstr(text, "\n\n") : NULL;
	bool in_sums = false;
	strs_split(&lines, body ? body : text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		char *line = lines.items[i];
		char *colon = strchr(line, ':');
		char **fields[] = {&d->format, &d->source, &d->version};
		static const char *const names[] = {"Format", "Source", "Version"};
		line[strcspn(line, "\r")] = '\0';
		if (str_starts(line, "-----BEGIN PGP SIGNATURE"))
			break;
		if (*line == ' ' || *line == '\t' || !colon) {
			if (in_sums)
				strs_add(&d->sums, line);
			continue;
		}
		*colon = '\0';
		in_sums = strcasecmp(line, "Checksums-Sha256") == 0;
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (strcasecmp(line, names[k]) == 0 && !*fields[k])
				*fields[k] = mem_strdup(colon + 1 + strspn(colon + 1, " \t"));
	}
}

static const struct debian_part *find_part(const struct debian_part *parts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(parts[i].name, name))
			return &parts[i];
	return NULL;
}

/* The files are those of the .dsc, no more and no less: the lock and the package say the same. */
static struct err *check_parts(const struct dsc *d, const struct debian_part *parts, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < d->sums.count; i++) {
		AUTO(strs) words = STRS_INIT;
		strs_split(&words, d->sums.items[i], " \t");
		if (words.count != 3)
			return err_new(ERR_CORRUPT, "its .dsc has the line '%s', which is no file", d->sums.items[i]);
		const struct debian_part *p = find_part(parts, count, words.items[2]);
		if (!p)
			return err_new(ERR_CORRUPT, "'%s', which its .dsc lists, is not among its files",
				       words.items[2]);
		if (!streq(p->sha256, words.items[0]))
			return err_new(ERR_CORRUPT, "'%s' has another digest than its .dsc lists", p->name);
		found++;
	}
	if (found + 1 != count)
		return err_new(ERR_CORRUPT, "its .dsc lists %zu files, and there are %zu", found, count - 1);
	return NULL;
}

/* "foo_1.0" or, with its revision, "foo_1.0-1": without the epoch, as file names have it. */
static char *base_name(const struct dsc *d, bool with_revision)
{
	const char *colon = strchr(d->version, ':');
	const char *from = colon ? colon + 1 : d->version;
	const char *dash = strrchr(from, '-');
	size_t n = dash && !with_revision ? (size_t)(dash - from) : strlen(from);
	return mem_printf("%s_%.*s", d->source, (int)n, from);
}

/* Whether @name is @base, then @middle, then a packing that dpkg-source knows; where it is, what follows @base. */
static bool is_tar(const char *name, const char *base, const char *middle)
{
	static const char *const packings[] = {"gz", "bz2", "xz", "lzma"};
	size_t n = strlen(base), m = strlen(middle);
	if (!str_starts(name, base) || strncmp(name + n, middle, m) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(packings); i++)
		if (streq(name + n + m, packings[i]))
			return true;
	return false;
}

/* The component of "foo_1.0.orig-COMPONENT.tar.xz", heap; NULL where it is none */
static char *component_of(const char *name, const char *base)
{
	AUTO_FREE char *start = mem_printf("%s.orig-", base);
	if (!str_starts(name, start))
		return NULL;
	size_t n = 0;
	const char *component = name + strlen(start);
	while (isalnum((unsigned char)component[n]) || component[n] == '-')
		n++;
	AUTO_FREE char *whole = mem_printf("%s%.*s", start, (int)n, component);
	return n > 0 && is_tar(name, whole, ".tar.") ? mem_strndup(component, n) : NULL;
}

static struct err *set_once(const struct debian_part **field, const struct debian_part *p)
{
	if (*field)
		return err_new(ERR_CORRUPT, "'%s' and '%s' are for the same place", (*field)->name, p->name);
	*field = p;
	return NULL;
}

static int compare_components(const void *a, const void *b)
{
	return strcmp(((const struct debian_component *)a)->name, ((const struct debian_component *)b)->name);
}

static struct err *add_component(struct debian_layout *l, char *take_name, const struct debian_part *p)
{
	l->components = mem_grow(l->components, &l->cap, l->count + 1, sizeof(*l->components));
	l->components[l->count++] = (struct debian_component){take_name, p};
	for (size_t i = 0; i + 1 < l->count; i++)
		if (streq(l->components[i].name, take_name))
			return err_new(ERR_CORRUPT, "'%s' and '%s' are for the same place", l->components[i].part->name,
				       p->name);
	return NULL;
}

static struct err *place_part(const struct dsc *d, const struct debian_part *p, struct debian_layout *l)
{
	AUTO_FREE char *base = base_name(d, /* with_revision= */ false);
	AUTO_FREE char *revised = base_name(d, /* with_revision= */ true);
	AUTO_FREE char *diff = mem_printf("%s.diff.gz", revised);
	AUTO_FREE char *component = component_of(p->name, base);
	bool is_quilt = streq(l->format, "3.0 (quilt)"), is_native = streq(l->format, "3.0 (native)");
	if (str_ends(p->name, ".dsc"))
		return NULL;
	if (!is_native && str_ends(p->name, ".asc") && strstr(p->name, ".orig"))
		return NULL; /* the project's own signature */
	if (!is_native && is_tar(p->name, base, ".orig.tar."))
		return set_once(&l->main, p);
	if (!is_quilt && is_tar(p->name, revised, ".tar."))
		return set_once(&l->main, p);
	if (is_quilt && component)
		return add_component(l, TAKE(component), p);
	if (is_quilt && is_tar(p->name, revised, ".debian.tar."))
		return set_once(&l->packaging, p);
	if (streq(l->format, "1.0") && streq(p->name, diff))
		return set_once(&l->diff, p);
	return err_new(ERR_CORRUPT, "'%s' has no place in a source package of format %s", p->name, l->format);
}

static struct err *place_all(const struct dsc *d, const struct debian_part *parts, size_t count,
			     struct debian_layout *l)
{
	static const char *const formats[] = {"1.0", "3.0 (native)", "3.0 (quilt)"};
	bool known = false;
	if (!d->format || !d->source || !d->version || d->sums.count == 0)
		return err_new(ERR_CORRUPT, "its .dsc lacks %s",
			       !d->format    ? "Format"
			       : !d->source  ? "Source"
			       : !d->version ? "Version"
					     : "Checksums-Sha256");
	l->format = mem_strdup(d->format);
	l->version = mem_strdup(d->version);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		known = known || streq(l->format, formats[i]);
	if (!known)
		return err_hint(err_new(ERR_USAGE, "its source format '%s' is not supported", l->format),
				"use the project's own release instead: a source with 'url:'");
	TRY(check_parts(d, parts, count));
	for (size_t i = 0; i < count; i++)
		TRY(place_part(d, &parts[i], l));
	if (!l->main)
		return err_new(ERR_CORRUPT, "none of its files is the archive of the project");
	if (streq(l->format, "3.0 (quilt)") && !l->packaging)
		return err_new(ERR_CORRUPT, "none of its files is the archive of the packaging");
	if (l->count)
		qsort(l->components, l->count, sizeof(*l->components), compare_components);
	return NULL;
}

struct err *debian_dsc_read(const char *text, const struct debian_part *parts, size_t count,
			    struct debian_layout *ret_layout)
{
	struct debian_layout l = {.format = NULL};
	AUTO(dsc) d = {.format = NULL};
	parse(text, &d);
	struct err *e = place_all(&d, parts, count, &l);
	if (e)
		debian_layout_done(&l);
	else
		*ret_layout = l;
	return e;
}
