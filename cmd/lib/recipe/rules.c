/* Rules of the language that go across the keys of one map. Values of the wrong type have been complained of. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "recipe/schema.h"

/* A commit, or a tag that the lock makes one of. */
static void rule_git(struct problems *problems, const struct yaml_node *map, const char *url)
{
	bool is_git = url && str_starts(url, "git:");
	if (is_git && !strchr(url, '#') && !yaml_get(map, "tag"))
		problem_add(problems, yaml_get(map, "url"),
			    "append '#' and the commit's 40 hex digits, or add 'tag: NAME', which the lock pins",
			    "a git: source needs a commit");
	if (!is_git && url && yaml_get(map, "tag"))
		problem_add(problems, yaml_key(map, "tag"), "leave it out", "'tag' is only for a git: source");
	static const char *const of_files[] = {"sha256", "sha512", "uncompressed-sha256", "size", "signature"};
	for (size_t i = 0; is_git && i < ARRAY_LEN(of_files); i++)
		if (yaml_key(map, of_files[i]))
			problem_add(problems, yaml_key(map, of_files[i]),
				    "leave it out: the commit is the digest of all that is fetched",
				    "'%s' is not for a git: source", of_files[i]);
}

/* Paths begin at the tree's top, without a slash: such a pattern would match nothing. */
static void rule_exclude(struct problems *problems, const struct yaml_node *map)
{
	const struct yaml_node *list = yaml_get(map, "exclude");
	for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++)
		if (list->values[i]->kind == YAML_SCALAR && list->values[i]->text[0] == '/')
			problem_add(problems, list->values[i], "leave out the '/' at its start",
				    "'%s' matches nothing: paths of a tree do not start with '/'",
				    list->values[i]->text);
}

/* Of git: the URL itself holds the digest. */
void rule_source(struct problems *problems, const struct yaml_node *map)
{
	const char *url = yaml_get_text(map, "url");
	bool is_git = url && str_starts(url, "git:");
	rule_git(problems, map, url);
	rule_exclude(problems, map);
	if (url && yaml_get(map, "mirrors") && (is_git || str_starts(url, "debian:")))
		problem_add(problems, yaml_key(map, "mirrors"), "leave it out; a Debian mirror is apt's choice",
			    "'mirrors' is for https:, http: and file: sources");
	if (!url || is_git || yaml_get(map, "sha256") || yaml_get(map, "sha512"))
		return;
	problem_add(problems, yaml_get(map, "url"),
		    "add 'sha256: HEX', as the project itself announces it; `sha256sum FILE` prints a file's",
		    "%s source needs 'sha256' or 'sha512'", str_starts(url, "http:") ? "an http:" : "this");
}

/* Nothing else that is fetched says which version it is. */
static void rule_version(struct problems *problems, const struct yaml_node *map, const struct yaml_node *sources)
{
	const struct yaml_node *first =
		sources && sources->kind == YAML_LIST && sources->count ? sources->values[0] : NULL;
	if (!yaml_get(map, "version") && first && first->kind == YAML_MAP && !yaml_get(first, "debian-source"))
		problem_add(problems, map,
			    "add 'version: ...'; it is implied only by a 'debian-source' that comes first",
			    "'version' is missing");
}

/* The name under which the file of a source lies in the tree, heap; NULL for what is unpacked, or no file. */
static char *placed_name(const struct yaml_node *source)
{
	static const char *const packed[] = {".tgz", ".tbz2", ".txz", ".zip", ".deb", ".rpm", ".tar"};
	const char *url = source->kind == YAML_MAP ? yaml_get_text(source, "url") : NULL;
	if (!url || str_starts(url, "git:"))
		return NULL;
	AUTO_FREE char *name = path_url_base(url);
	for (size_t i = 0; i < ARRAY_LEN(packed); i++)
		if (str_ends(name, packed[i]))
			return NULL;
	return strstr(name, ".tar.") ? NULL : TAKE(name);
}

static const char *folder_of(const struct yaml_node *source)
{
	const char *into = source->kind == YAML_MAP ? yaml_get_text(source, "into") : NULL;
	return into ? into : "";
}

static bool only_case_differs(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0 && !streq(a, b);
}

/* macOS would give another tree under the same key, or none. */
static void rule_case(struct problems *problems, const struct yaml_node *a, const struct yaml_node *b)
{
	AUTO_FREE char *name = placed_name(a);
	AUTO_FREE char *other = placed_name(b);
	const char *folder = folder_of(a), *other_folder = folder_of(b);
	bool folders = only_case_differs(folder, other_folder);
	if (folders || (streq(folder, other_folder) && only_case_differs(name, other)))
		problem_add(problems, yaml_get(b, folders ? "into" : "url"), "give one of them another 'into'",
			    "'%s' and '%s' of two sources are one %s where letter case does not count, as on macOS",
			    folders ? folder : name, folders ? other_folder : other, folders ? "folder" : "file");
}

/* A digest that nothing compares would only seem to protect. */
void rule_build(struct problems *problems, const struct yaml_node *map)
{
	const struct yaml_node *list = yaml_get(map, "source");
	rule_version(problems, map, list);
	for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
		for (size_t j = 0; j < i; j++)
			rule_case(problems, list->values[j], list->values[i]);
		const struct yaml_node *key =
			list->values[i]->kind == YAML_MAP ? yaml_key(list->values[i], "uncompressed-sha256") : NULL;
		if (key)
			problem_add(problems, key, "leave it out: 'sha256' protects the archive as fetched",
				    "'uncompressed-sha256' is for images");
	}
}

void rule_patch(struct problems *problems, const struct yaml_node *map)
{
	rule_exclude(problems, map);
	const char *url = yaml_get_text(map, "url");
	if (url && str_starts(url, "git:"))
		problem_add(problems, yaml_get(map, "url"), "use the URL at which the server shows the commit as a patch",
			    "a patch is one file, and git: names a tree");
	else if (yaml_get(map, "url") && !yaml_get(map, "sha256"))
		problem_add(problems, yaml_get(map, "url"), "add 'sha256: HEX'; `sha256sum FILE` prints it",
			    "a patch that is fetched needs 'sha256'");
}

void rule_when(struct problems *problems, const struct yaml_node *map)
{
	if (map->count == 0)
		problem_add(problems, map, "for example 'when: { os: macos }'", "'when' is empty");
}

static void image_from_packages(struct problems *problems, const struct yaml_node *map)
{
	const struct yaml_node *disk = yaml_get(map, "disk");
	const struct yaml_node *boot = yaml_get(map, "boot");
	if (!yaml_get(disk, "size") || !yaml_get(disk, "label"))
		problem_add(problems, disk ? disk : yaml_key(map, "debian"),
			    "for example 'disk: { size: 4GiB, label: root }'",
			    "an image from packages needs a disk's size and label");
	/* it has no boot loader: its kernel lies beside its disk, for QEMU or for the firmware to load */
	if (boot && !yaml_get(boot, "cmdline"))
		problem_add(problems, boot, "for example 'cmdline: root=LABEL=root rw'",
			    "an image from packages needs 'cmdline', for its kernel");
}

void rule_image(struct problems *problems, const struct yaml_node *map)
{
	const struct yaml_node *boot = yaml_get(map, "boot");
	if (yaml_get(map, "debian")) {
		image_from_packages(problems, map);
		return;
	}
	if (!yaml_get(map, "source"))
		return;
	if (!yaml_get(map, "format"))
		problem_add(problems, yaml_key(map, "source"), "for example 'format: qcow2.xz'",
			    "a downloaded image needs 'format'");
	if (streq(yaml_get_text(boot, "mode"), "kernel"))
		problem_add(problems, yaml_get(boot, "mode"), "write 'mode: uefi'",
			    "a downloaded image has no separate kernel");
}
