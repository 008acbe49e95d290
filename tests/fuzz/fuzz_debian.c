/*
 * Any text as what apt prints: URI lines, stanzas, the list of mirrors, names of packages.
 */
#include "fuzz.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_strndup((const char *)data, size);
	struct debian_mirrors mirrors = {0};
	char *hidden = NULL;

	as_uri(text);
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
