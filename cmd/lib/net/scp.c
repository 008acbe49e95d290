#include "net/scp.h"

#include <string.h>

void scp_argv(const struct ssh *ssh, bool quiet, struct strs *argv)
{
	strs_add_all(argv, (const char *[]){"scp", "-F", ssh->config_path, "-s", "-r", NULL});
	if (quiet)
		strs_add(argv, "-q");
	strs_add(argv, "--");
}

/* A colon before any slash is the end of a host's name. */
char *scp_local(const char *path)
{
	bool is_plain = path[strcspn(path, ":/")] != ':';

	return is_plain ? mem_strdup(path) : mem_printf("./%s", path);
}

char *scp_remote(const struct ssh *ssh, const char *path, bool is_source)
{
	AUTO(str) s = STR_INIT;

	if (*path == '~' && (!path[1] || path[1] == '/'))
		path += 1 + strspn(path + 1, "/");
	str_addf(&s, "%s:%s", ssh->host, !*path ? "." : *path == '~' ? "./" : "");
	for (; *path; path++) {
		if (is_source && strchr("\\*?[]{}", *path))
			str_add_char(&s, '\\');
		str_add_char(&s, *path);
	}
	return str_take(&s);
}
