#include "base/path.h"

#include <stdlib.h>
#include <string.h>

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || !*dir)
		return mem_strdup(name);
	return mem_printf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *path_url_base(const char *url)
{
	AUTO_FREE char *path = mem_strndup(url, strcspn(url, "?#"));
	return mem_strdup(path_base(path));
}

char *path_clean(const char *path)
{
	if (path[0] == '/')
		return NULL;
	AUTO(strs) parts = STRS_INIT;
	AUTO(strs) kept = STRS_INIT;
	strs_split(&parts, path, "/");
	for (size_t i = 0; i < parts.count; i++) {
		if (streq(parts.items[i], "."))
			continue;
		if (!streq(parts.items[i], "..")) {
			strs_add(&kept, parts.items[i]);
			continue;
		}
		if (kept.count == 0)
			return NULL;
		free(kept.items[--kept.count]);
		kept.items[kept.count] = NULL;
	}
	return kept.count ? strs_join(&kept, "/") : NULL;
}

bool path_is_plain(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (*p == '/' && !*++p)
			return false;
	}
	return true;
}

static bool is_skipped_by_hfs(const unsigned char *p)
{
	return (p[0] == 0xe2 && p[1] == 0x80 && ((p[2] >= 0x8c && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae))) ||
	       (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xaa && p[2] <= 0xaf) ||
	       (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
}

bool path_part_is_git(const char *part, size_t len)
{
	char folded[6];
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		if (len - i >= 3 && is_skipped_by_hfs((const unsigned char *)part + i)) {
			i += 3;
			continue;
		}
		if (n == sizeof(folded))
			return false;
		char c = part[i++];
		folded[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (n == 4 && memcmp(folded, ".git", 4) == 0) || (n == 5 && memcmp(folded, "git~1", 5) == 0);
}

static bool match(const char *p, const char *s)
{
	for (; *p; p++, s++) {
		if (p[0] == '*' && p[1] == '*') {
			for (p += 2; *p == '/';)
				p++;
			for (; *s; s++)
				if (match(p, s))
					return true;
			return !*p;
		}
		if (*p == '*') {
			for (p++;; s++) {
				if (match(p, s))
					return true;
				if (!*s || *s == '/')
					return false;
			}
		}
		if (!*s || (*p == '?' ? *s == '/' : *p != *s))
			return false;
	}
	return !*s;
}

bool glob_match(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);
	if (n && pattern[n - 1] == '/') {
		AUTO_FREE char *below = mem_printf("%s**", pattern);
		AUTO_FREE char *self = mem_strndup(pattern, n - 1);
		return match(below, path) || match(self, path);
	}
	return match(pattern, strchr(pattern, '/') ? path : path_base(path));
}

bool glob_match_any(const struct strs *patterns, const char *path)
{
	for (size_t i = 0; patterns && i < patterns->count; i++)
		if (glob_match(patterns->items[i], path))
			return true;
	return false;
}
