#include "machine/keys.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "sys/child.h"
#include "sys/file.h"

enum { KEY_MAX = 16 * 1024, KEYGEN_MS = 30 * 1000 };

static const char *const names[] = {
	[KEY_CLIENT] = "id_ed25519",
	[KEY_HOST] = "ssh_host_ed25519_key",
};

char *keys_path(const char *machine_dir, enum machine_key key, bool public_half)
{
	return mem_printf("%s/ssh/%s%s", machine_dir, names[key], public_half ? ".pub" : "");
}

static struct err *not_a_key(const char *path)
{
	return err_hint(err_new(ERR_CORRUPT, "'%s' is not an ssh key", path),
			"remove the folder of the key and run `cooper up` again");
}

static struct err *generate(const char *path, const char *comment)
{
	struct child_spec spec = {
		.argv = (const char *[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path,
					 NULL},
		.deadline_ms = KEYGEN_MS,
	};
	return child_run(&spec);
}

/* The private half says what the public one is; one that cannot say it is no key. Who was killed, or could not read it,
 * has said nothing. */
static struct err *read_public(const char *machine_dir, enum machine_key key, struct str *text)
{
	AUTO_FREE char *path = keys_path(machine_dir, key, /* public_half= */ false);
	AUTO_FREE char *private = NULL;
	struct child_spec spec = {
		.argv = (const char *[]){"ssh-keygen", "-y", "-P", "", "-f", path, NULL},
		.deadline_ms = KEYGEN_MS,
	};
	int status = 0;

	TRY(keys_read(machine_dir, key, /* public_half= */ false, &private));
	if (chmod(path, 0600) != 0) /* one that others may read, as a copy may be, is refused */
		return err_os(errno, "cannot change the mode of '%s'", path);
	TRY(child_status(&spec, KEY_MAX, text, &status));
	return status == 0 ? NULL : not_a_key(path);
}

/* A guest may know the private half already: it is not made anew. */
static struct err *mend_public(const char *machine_dir, enum machine_key key)
{
	AUTO_FREE char *public_path = keys_path(machine_dir, key, /* public_half= */ true);
	AUTO_FREE char *found = NULL;
	AUTO(str) text = STR_INIT;

	TRY(read_public(machine_dir, key, &text));
	err_free(file_read(public_path, KEY_MAX, &found, NULL));
	return streq(found, str_text(&text)) ? NULL : file_write(public_path, str_text(&text), text.len, 0644);
}

struct err *keys_mend(const char *machine_dir)
{
	struct err *e = mend_public(machine_dir, KEY_CLIENT);

	return e ? e : mend_public(machine_dir, KEY_HOST);
}

struct err *keys_digest(const char *machine_dir, char ret_hex[SHA256_HEX])
{
	AUTO(str) both = STR_INIT;

	ret_hex[0] = '\0';
	for (int key = KEY_CLIENT; key <= KEY_HOST; key++) {
		AUTO_FREE char *text = NULL;
		struct err *e = keys_read(machine_dir, (enum machine_key)key, /* public_half= */ false, &text);
		bool lost = err_is(e, ERR_ABSENT) || err_is(e, ERR_CORRUPT) || err_is(e, ERR_USAGE);
		if (lost)
			return err_free(e);
		TRY(e);
		str_add(&both, text);
	}
	digest_bytes(str_text(&both), both.len, ret_hex);
	return NULL;
}

/* ssh-keygen asks before it overwrites: leftovers of an interrupted run go first. */
static struct err *make_pair(const char *machine_dir, enum machine_key key, const char *comment)
{
	AUTO_FREE char *path = keys_path(machine_dir, key, /* public_half= */ false);
	AUTO_FREE char *public_path = keys_path(machine_dir, key, /* public_half= */ true);
	AUTO_FREE char *temp = mem_printf("%s.new", path);
	AUTO_FREE char *public_temp = mem_printf("%s.new.pub", path);

	bool there = false;
	TRY(file_exists(path, &there));
	if (there) {
		struct err *e = mend_public(machine_dir, key);
		if (!err_is(e, ERR_CORRUPT))
			return e;
		err_free(e); /* it is no key: another one is made */
	}
	TRY(file_remove(temp));
	TRY(file_remove(public_temp));
	TRY(generate(temp, comment));
	TRY(tree_publish(public_temp, public_path));
	return tree_publish(temp, path);
}

struct err *keys_make(const char *machine_dir, const char *name)
{
	AUTO_FREE char *dir = path_join(machine_dir, "ssh");
	AUTO_FREE char *client_comment = mem_printf("cooper machine %s", name);
	AUTO_FREE char *host_comment = mem_printf("cooper machine %s, host key", name);

	TRY(dir_make(dir, 0700));
	struct err *e = make_pair(machine_dir, KEY_CLIENT, client_comment);
	if (!e)
		e = make_pair(machine_dir, KEY_HOST, host_comment);
	return e ? err_wrap(e, "cannot make the ssh keys of machine '%s'", name) : NULL;
}

struct err *keys_read(const char *machine_dir, enum machine_key key, bool public_half, char **ret_text)
{
	AUTO_FREE char *path = keys_path(machine_dir, key, public_half);
	AUTO_FREE char *text = NULL;

	TRY(file_read(path, KEY_MAX, &text, NULL));
	if (!str_starts(text, public_half ? "ssh-ed25519 " : "-----BEGIN OPENSSH PRIVATE KEY-----\n"))
		return not_a_key(path);
	*ret_text = TAKE(text);
	return NULL;
}
