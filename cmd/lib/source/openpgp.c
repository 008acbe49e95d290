#include "source/openpgp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h> /* mkdtemp, on macOS */

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"

enum { KEY_MAX = 4 << 20, STATUS_MAX = 1 << 20, DEADLINE_MS = 30 * 60 * 1000 };

static struct err *make_keyring(const struct openpgp_request *r, const char *keyring)
{
	AUTO(str) bytes = STR_INIT;
	for (size_t i = 0; i < r->key_files->count; i++) {
		const char *path = r->key_files->items[i];
		AUTO_FREE char *data = NULL;
		size_t size = 0;
		struct err *e = file_read(path, KEY_MAX, &data, &size);
		if (e) {
			e = err_wrap(e, "cannot read the key for '%s'", r->name);
			e->kind = ERR_CORRUPT; /* what cannot be verified is not verified */
			return e;
		}
		TRY(openpgp_unarmor(data, size, path, &bytes));
	}
	return file_write(keyring, str_text(&bytes), bytes.len, 0600);
}

static struct err *run_gpgv(const struct openpgp_request *r, const char *dir, const char *keyring, struct str *status,
			    int *ret_exit)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *env_path = mem_printf("PATH=%s", path ? path : "/usr/bin:/bin");
	AUTO_FREE char *env_home = mem_printf("HOME=%s", dir);
	struct child_spec spec = {.argv = (const char *const[]){"gpgv", "--homedir", dir, "--keyring", keyring,
								"--status-fd", "1", "--", r->signature, r->file, NULL},
				  .env = (const char *const[]){env_path, env_home, "LC_ALL=C", NULL},
				  .deadline_ms = DEADLINE_MS,
				  .die_with_parent = true};
	struct err *e = child_status(&spec, STATUS_MAX, status, ret_exit);
	if (!err_is(e, ERR_ABSENT))
		return e;
	e = err_wrap(e, "cannot check the signature of '%s'", r->name);
	e->kind = ERR_CORRUPT;
	return err_hint(e, "install gpgv: the package gpgv of Debian, gnupg of Homebrew");
}

static struct err *verify_in(const struct openpgp_request *r, const char *dir, struct openpgp_signature *ret)
{
	AUTO_FREE char *keyring = path_join(dir, "keyring.gpg");
	AUTO(str) status = STR_INIT;
	struct openpgp_signature found;
	int exit_status = -1;
	TRY(make_keyring(r, keyring));
	TRY(run_gpgv(r, dir, keyring, &status, &exit_status));
	TRY(openpgp_judge(str_text(&status), r->fingerprints, r->name, &found));
	if (exit_status != 0)
		return err_new(ERR_CORRUPT, "gpgv does not accept the signature of '%s': exit status %d", r->name,
			       exit_status);
	*ret = found;
	return NULL;
}

struct err *openpgp_verify(const struct openpgp_request *r, struct openpgp_signature *ret_signature)
{
	AUTO_FREE char *given = path_join(r->scratch, "gpgv-XXXXXX");
	AUTO_FREE char *dir = file_absolute(given);
	if (!mkdtemp(dir))
		return err_os(errno, "cannot make a folder in '%s'", r->scratch);
	struct err *e = verify_in(r, dir, ret_signature);
	return err_first(e, tree_remove(dir));
}
