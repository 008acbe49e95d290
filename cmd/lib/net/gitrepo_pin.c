#include "net/gitrepo_pin.h"

#include <string.h>

#include "fmt/digest.h"
#include "net/fetch_url.h"

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
