/*
 * Any text as what apt prints: URI lines, stanzas, the list of mirrors, names of packages; and as a .dsc.
 */
#include "fuzz.h"
#include "source/debian_dsc.h"
#include "source/debian_text.h"

static void as_uri(const char *text)
{
	struct debian_uri uri = {0};
	bool is_uri = false;

	if (fine(debian_parse_uri(text, &is_uri, &uri)) && is_uri) {
		check(uri.uri && uri.name && uri.sha256 && uri.size >= 0);
		check(!strchr(uri.name, '/') && strlen(uri.sha256) == 64);
	}
	debian_uri_done(&uri);
}

/* Where it has a layout, each part has its one place, and no component leaves its folder. */
static void as_dsc(const char *text)
{
#define SUM "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	static const struct debian_part parts[] = {
		{"foo_1.0.orig.tar.gz", SUM, "/"},
		{"foo_1.0.orig-a.tar.gz", SUM, "/"},
		{"foo_1.0-1.debian.tar.xz", SUM, "/"},
		{"foo_1.0-1.dsc", SUM, "/"},
	};
	struct debian_layout l = {0};

	for (size_t count = 1; count <= 4; count++) {
		if (!fine(debian_dsc_read(text, parts, count, &l)))
			continue;
		check(l.format && l.main && l.main != l.packaging && l.main != l.diff);
		for (size_t i = 0; i < l.count; i++)
			check(l.components[i].name[0] && !strpbrk(l.components[i].name, "/."));
		debian_layout_done(&l);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_strndup((const char *)data, size);
	struct debian_mirrors mirrors = {0};
	char *hidden = NULL;

	as_uri(text);
	as_dsc(text);
	debian_mirrors_find(text, "trixie", &mirrors);
	check(!mirrors.main || mirrors.main[strlen(mirrors.main) - 1] == '/');
	if (fine(debian_hide_host(&mirrors, text, &hidden)))
		check(debian_is_url(hidden));
	free(hidden);
	debian_mirrors_done(&mirrors);
	free(debian_mirror_list_first(text));
	free(debian_deb_version(text));
	free(debian_stanza_version(text, "qemu_7.2.dsc"));
	free(debian_upstream_version(text));
	if (debian_name_valid(text))
		check(text[0] != '-' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == strlen(text));
	return 0;
}
