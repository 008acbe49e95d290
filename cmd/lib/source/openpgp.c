#include "source/openpgp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h> /* mkdtemp, on macOS */

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

enum {
	KEY_MAX = 4 << 20,
	KEYS_MAX = 64,
	SIGNATURE_MAX = 1 << 20,
	STATUS_MAX = 1 << 20,
	DEADLINE_MS = 30 * 60 * 1000,
};

/* In the private folder. */
#define KEYRING "keyring.gpg"
#define SIGNATURE "signature"
#define WORDS "words"

static struct err *make_keyring(const struct openpgp_request *r, struct str *bytes)
{
	for (size_t i = 0; i < r->key_files->count; i++) {
		const char *path = r->key_files->items[i];
		AUTO_FREE char *data = NULL;
		AUTO_FREE char *subject = mem_printf("'%s'", path);
		size_t size = 0;
		struct err *e = file_read(path, KEY_MAX, &data, &size);
		if (e) {
			e = err_wrap(e, "cannot read the key for '%s'", r->name);
			e->kind = ERR_CORRUPT; /* what cannot be verified is not verified */
			return e;
		}
		TRY(openpgp_unarmor(data, size, OPENPGP_KEY, subject, bytes));
	}
	return NULL;
}

static struct err *read_signature(const struct openpgp_request *r, struct str *bytes)
{
	AUTO_FREE char *data = NULL;
	AUTO_FREE char *subject = mem_printf("the signature of '%s'", r->name);
	size_t size = 0;
	struct err *e = file_read(r->signature, SIGNATURE_MAX, &data, &size);
	if (e) {
		e = err_wrap(e, "cannot read %s", subject);
		e->kind = ERR_CORRUPT;
		return e;
	}
	return openpgp_unarmor(data, size, OPENPGP_SIGNATURE, subject, bytes);
}

static struct err *run_gpgv(const struct openpgp_request *r, const char *dir, struct str *status, int *ret_exit)
{
	AUTO_FREE char *keyring = path_join(dir, KEYRING);
	AUTO_FREE char *signature = path_join(dir, SIGNATURE);
	AUTO_FREE char *words = path_join(dir, WORDS);
	const char *path = getenv("PATH");
	AUTO_FREE char *env_path = mem_printf("PATH=%s", path ? path : "/usr/bin:/bin");
	AUTO_FREE char *env_home = mem_printf("HOME=%s", dir);
	struct child_spec spec = {.argv = (const char *const[]){"gpgv", "--homedir", dir, "--keyring", keyring,
								"--status-fd", "1", "--", signature, r->file, NULL},
				  .env = (const char *const[]){env_path, env_home, "LC_ALL=C", NULL},
				  .log_path = words,
				  .deadline_ms = DEADLINE_MS,
				  .die_with_parent = true};
	struct err *e = child_status(&spec, STATUS_MAX, status, ret_exit);
	if (!err_is(e, ERR_ABSENT))
		return e;
	e = err_wrap(e, "cannot check the signature of '%s'", r->name);
	e->kind = ERR_CORRUPT;
	return err_hint(e, "install gpgv: the package gpgv of Debian, gnupg of Homebrew");
}

/* What gpgv said to people, below the reason that its status lines give; best effort. */
static struct err *add_words(struct err *e, const char *dir)
{
	AUTO_FREE char *path = path_join(dir, WORDS);
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;
	AUTO(str) words = STR_INIT;
	err_free(file_read(path, STATUS_MAX, &text, NULL));
	strs_split(&lines, text ? text : "", "\r\n");
	for (size_t i = 0; i < lines.count; i++)
		if (!str_starts(lines.items[i], "[GNUPG:]"))
			str_addf(&words, "%s%s", words.len ? "\n" : "", lines.items[i]);
	return words.len ? err_detail(e, str_take(&words)) : e;
}

static struct err *judge(const struct openpgp_request *r, const struct str *keyring, const struct str *status,
			 int exit_status, struct openpgp_signature *ret)
{
	struct openpgp_key keys[KEYS_MAX];
	struct openpgp_said said = {.status = str_text(status),
				    .fingerprints = r->fingerprints,
				    .name = r->name,
				    .now_s = tick_wall_ms() / 1000,
				    .keys = keys};
	struct openpgp_signature found;
	said.key_count = openpgp_keys(str_text(keyring), keyring->len, keys, KEYS_MAX);
	TRY(openpgp_judge(&said, &found));
	if (exit_status != 0)
		return err_new(ERR_CORRUPT, "gpgv does not accept the signature of '%s': exit status %d", r->name,
			       exit_status);
	*ret = found;
	return NULL;
}

static struct err *verify_in(const struct openpgp_request *r, const char *dir, struct openpgp_signature *ret)
{
	AUTO_FREE char *keyring_path = path_join(dir, KEYRING);
	AUTO_FREE char *signature_path = path_join(dir, SIGNATURE);
	AUTO(str) keyring = STR_INIT;
	AUTO(str) signature = STR_INIT;
	AUTO(str) status = STR_INIT;
	int exit_status = -1;
	TRY(make_keyring(r, &keyring));
	TRY(read_signature(r, &signature));
	TRY(file_write(keyring_path, str_text(&keyring), keyring.len, 0600));
	TRY(file_write(signature_path, str_text(&signature), signature.len, 0600));
	TRY(run_gpgv(r, dir, &status, &exit_status));
	struct err *e = judge(r, &keyring, &status, exit_status, ret);
	return e ? add_words(e, dir) : NULL;
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
