#include "machine/keys.h"

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

static struct err *generate(const char *path, const char *comment)
{
	struct child_spec spec = {
		.argv = (const char *[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path,
					 NULL},
		.deadline_ms = KEYGEN_MS,
	};
	return child_run(&spec);
}

/* A guest may know the private half already: it is not made anew. */
static struct err *derive_public(const char *path, const char *public_path)
{
	AUTO(str) text = STR_INIT;
	struct child_spec spec = {
		.argv = (const char *[]){"ssh-keygen", "-y", "-f", path, NULL},
		.deadline_ms = KEYGEN_MS,
	};

	TRY(child_output(&spec, KEY_MAX, &text));
	return file_write(public_path, str_text(&text), text.len, 0644);
}

/* ssh-keygen asks before it overwrites: leftovers of an interrupted run go first. */
static struct err *make_pair(const char *machine_dir, enum machine_key key, const char *comment)
{
	AUTO_FREE char *path = keys_path(machine_dir, key, /* public_half= */ false);
	AUTO_FREE char *public_path = keys_path(machine_dir, key, /* public_half= */ true);
	AUTO_FREE char *temp = mem_printf("%s.new", path);
	AUTO_FREE char *public_temp = mem_printf("%s.new.pub", path);

	bool there = false, public_there = false;
	TRY(file_exists(path, &there));
	TRY(file_exists(public_path, &public_there));
	if (there)
		return public_there ? NULL : derive_public(path, public_path);
	TRY(file_remove(temp));
	TRY(file_remove(public_temp));
	TRY(generate(temp, comment));
	TRY(tree_sync(temp));
	TRY(tree_sync(public_temp));
	TRY(file_rename(public_temp, public_path));
	return file_rename(temp, path);
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
		return err_hint(err_new(ERR_CORRUPT, "'%s' is not an ssh key", path),
				"remove the folder of the key and run `cooper up` again");
	*ret_text = TAKE(text);
	return NULL;
}
