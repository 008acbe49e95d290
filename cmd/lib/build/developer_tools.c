#include "build/developer_tools.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"
#include "fmt/json.h"
#include "sys/file.h"

/* git comes with either kind of tools; the folder alone may be left over from an update of macOS. */
static bool is_whole(const char *tools)
{
	AUTO_FREE char *git = path_join(tools, "usr/bin/git");
	return file_offered(git);
}

char *developer_tools_find(const char *root)
{
	static const char *const places[] = {"/var/db/xcode_select_link", "/Library/Developer/CommandLineTools",
					     "/Applications/Xcode.app/Contents/Developer"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		AUTO_FREE char *place = mem_printf("%s%s", root, places[i]);
		char *resolved = is_whole(place) ? realpath(place, NULL) : NULL;
		if (resolved)
			return resolved;
	}
	return NULL;
}

void developer_tools_sdk(const char *tools, char *ret_version, size_t size)
{
	static const char *const places[] = {"SDKs/MacOSX.sdk/SDKSettings.json",
					     "Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk/SDKSettings.json"};
	*ret_version = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places) && !*ret_version; i++) {
		AUTO_FREE char *path = path_join(tools, places[i]);
		AUTO_JSON *settings = NULL;
		struct err *e = file_offered(path) ? js_read(path, &settings) : NULL;
		const char *version = e ? NULL : js_get_text(settings, "Version");
		err_free(e);
		if (version)
			snprintf(ret_version, size, "%s", version);
	}
}
