#include "build/developer_tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"
#include "fmt/json.h"
#include "sys/file.h"

/* git comes with either kind of tools; the folder alone may be left over from an update of macOS. */
static struct err *is_whole(const char *tools, bool *ret_whole)
{
	AUTO_FREE char *git = path_join(tools, "usr/bin/git");
	return file_exists(git, ret_whole);
}

struct err *developer_tools_find(const char *root, char **ret_tools)
{
	static const char *const places[] = {"/var/db/xcode_select_link", "/Library/Developer/CommandLineTools",
					     "/Applications/Xcode.app/Contents/Developer"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		AUTO_FREE char *place = mem_printf("%s%s", root, places[i]);
		bool whole = false;
		TRY(is_whole(place, &whole));
		if (!whole)
			continue;
		*ret_tools = realpath(place, NULL);
		return *ret_tools ? NULL : err_os(errno, "cannot resolve '%s'", place);
	}
	*ret_tools = NULL;
	return NULL;
}

struct err *developer_tools_sdk(const char *tools, char *ret_version, size_t size)
{
	static const char *const places[] = {"SDKs/MacOSX.sdk/SDKSettings.json",
					     "Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk/SDKSettings.json"};
	*ret_version = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places) && !*ret_version; i++) {
		AUTO_FREE char *path = path_join(tools, places[i]);
		AUTO_JSON *settings = NULL;
		bool there = false;
		TRY(file_exists(path, &there));
		if (there)
			TRY(js_read(path, &settings));
		const char *version = js_get_text(settings, "Version");
		if (version && !str_fits(version, ret_version, size))
			return err_new(ERR_CORRUPT, "the version in '%s' is too long", path);
	}
	return NULL;
}
