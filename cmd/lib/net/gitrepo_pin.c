#include "net/gitrepo_pin.h"

#include <string.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "net/fetch_url.h"
#include "sys/file.h"

static struct err *check_url(const char *url)
{
	if (fetch_url_is(url, "https") || fetch_url_is(url, "http") || fetch_url_is(url, "file"))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' is not a readable git repository URL", url),
			"https://, http:// and file:// can");
}

static struct err *check_commit(const char *commit)
{
	if (digest_valid(DIGEST_SHA1, commit))
		return NULL;
	if (digest_valid(DIGEST_SHA256, commit))
		return err_hint(err_new(ERR_USAGE, "'%s' is a commit of a repository with SHA-256 ids", commit),
				"libgit2 only reads repositories with SHA-1 ids; use a release archive instead");
	return err_hint(err_new(ERR_USAGE, "'%s' is not a full commit id", commit),
			"40 hex digits in lower case, as `git rev-parse TAG^{commit}` prints them; names move");
}

struct err *gitrepo_pin_check(const struct gitrepo_pin *pin)
{
	TRY(check_url(pin->url));
	return pin->commit ? check_commit(pin->commit) : NULL;
}

static char *stamp_of(const struct gitrepo_pin *pin)
{
	return mem_printf("%s/cooper/%s", pin->dir, pin->commit);
}

/* A tag may have characters that no name of a file has. */
static char *tag_stamp_of(const struct gitrepo_pin *pin)
{
	char hex[SHA256_HEX];
	digest_bytes(pin->tag, strlen(pin->tag), hex);
	return mem_printf("%s/cooper/%s.tag-%s", pin->dir, pin->commit, hex);
}

struct err *gitrepo_has(const struct gitrepo_pin *pin, bool *ret_there)
{
	AUTO_FREE char *path = stamp_of(pin);
	AUTO_FREE char *tag_path = pin->tag ? tag_stamp_of(pin) : NULL;
	TRY(file_exists(path, ret_there));
	return *ret_there && tag_path ? file_exists(tag_path, ret_there) : NULL;
}

struct err *gitrepo_pin_stamp(const struct gitrepo_pin *pin, const char *tree)
{
	AUTO_FREE char *path = stamp_of(pin);
	AUTO_FREE char *tag_path = pin->tag ? tag_stamp_of(pin) : NULL;
	AUTO_FREE char *dir = path_dir(path);
	TRY(dir_make(dir, 0700));
	if (tag_path)
		TRY(file_write(tag_path, pin->tag, strlen(pin->tag), 0600));
	return file_write(path, tree, strlen(tree), 0600);
}

struct err *gitrepo_lfs_refused(const char *path, const char *data, size_t size)
{
	AUTO_FREE char *text = mem_strndup(data, size);
	const char *oid = strstr(text, "oid sha256:");
	AUTO_FREE char *hex = mem_strndup(oid ? oid + 11 : "", SHA256_HEX - 1);
	return err_hint(
		err_new(ERR_CORRUPT, "'%s' is a pointer of Git LFS: its content is not in the repository", path),
		"add it to 'exclude:' of the source; if it is needed, add a source with the URL of the content and "
		"'sha256: %s'",
		digest_valid(DIGEST_SHA256, hex) ? hex : "HEX");
}
