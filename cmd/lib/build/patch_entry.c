#include "build/patch_entry.h"

#include <string.h>

#include "base/utf8.h"
#include "fmt/json.h"
#include "fmt/yaml.h"

static bool is_plain(const char *text)
{
	static const char signs[] = " _./+=@%()-";
	if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9')))
		return false;
	for (const char *p = text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')) &&
		    !strchr(signs, *p))
			return false;
	return !str_ends(text, " ") && yaml_scalar_type(text) == YAML_TEXT;
}

/* As it is where that is safe in a list of either style, else in quotes: JSON's are YAML's (YAML 1.2 section 1.3). */
static void add_scalar(struct str *out, const char *text)
{
	AUTO_FREE char *shown = utf8_is_valid(text) ? mem_strdup(text) : str_escape(text);
	AUTO_JSON *value = js_array();
	js_add_text(value, shown);
	AUTO_FREE char *line = js_line(value);
	if (is_plain(shown))
		str_add(out, shown);
	else
		str_add_mem(out, line + 1, strlen(line) - 2);
}

const char *patch_entry_why(const struct patch_entry *entry)
{
	return entry->why && *entry->why ? entry->why : "not said";
}

void patch_entry_add(struct str *out, const struct patch_entry *entry, size_t indent)
{
	int n = (int)indent;
	str_addf(out, "%*s- %s: ", n, "", entry->key);
	add_scalar(out, entry->value);
	str_addf(out, "\n%*s  why: ", n, "");
	add_scalar(out, patch_entry_why(entry));
	str_addf(out, "\n%*s  upstream: none\n", n, "");
}

void patch_entry_add_flow(struct str *out, const struct patch_entry *entry)
{
	str_addf(out, "{%s: ", entry->key);
	add_scalar(out, entry->value);
	str_add(out, ", why: ");
	add_scalar(out, patch_entry_why(entry));
	str_add(out, ", upstream: none}");
}
