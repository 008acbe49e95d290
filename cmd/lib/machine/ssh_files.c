#include "machine/ssh_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "machine/keys.h"
#include "net/ssh.h"
#include "sys/file.h"
#include "sys/sock.h"

enum {
	CONTROL_PATH_EXTRA = 18, /* what ssh appends to ControlPath while it makes the socket */
	USER_USUAL = 16,         /* a guest's users have no longer names; the login user may */
	FILE_MAX = 64 * 1024,
};

void machine_ssh_open(const char *machine_dir, const char *name, struct machine_ssh *ret_ssh)
{
	ret_ssh->config = path_join(machine_dir, "ssh/config");
	ret_ssh->host = mem_printf("cooper-%s", name);
	ret_ssh->ssh = (struct ssh){.config_path = ret_ssh->config, .host = ret_ssh->host};
}

void machine_ssh_done(struct machine_ssh *ssh)
{
	free(ssh->config);
	free(ssh->host);
	*ssh = (struct machine_ssh){.config = NULL};
}

enum { PORT, CONFIG, KNOWN_HOSTS, FILES };
static const char *const names[FILES] = {"port", "config", "known_hosts"};

/* What `ssh -F` needs; the host key has our alias, so that the files change with the port alone. */
static struct err *make_texts(const struct machine_spec *spec, int ssh_port, char *ret_texts[FILES])
{
	AUTO_FREE char *host = mem_printf("cooper-%s", spec->name);
	AUTO_FREE char *identity = keys_path(spec->dir, KEY_CLIENT, /* public_half= */ false);
	AUTO_FREE char *known_hosts = mem_printf("%s/ssh/%s", spec->dir, names[KNOWN_HOSTS]);
	AUTO_FREE char *control = path_join(spec->dir, "mux");
	AUTO_FREE char *key = NULL;
	size_t user = strlen(spec->user) > USER_USUAL ? strlen(spec->user) : USER_USUAL;
	size_t longest = strlen(control) + strlen("-") + user + CONTROL_PATH_EXTRA;

	TRY(keys_read(spec->dir, KEY_HOST, /* public_half= */ true, &key));
	struct ssh_settings settings = {
		.host = host,
		.user = spec->user,
		.port = ssh_port,
		.identity = identity,
		.known_hosts = known_hosts,
		.control_path = longest <= SOCK_PATH_MAX ? control : NULL,
	};
	TRY(ssh_config_text(&settings, &ret_texts[CONFIG]));
	ret_texts[KNOWN_HOSTS] = ssh_known_hosts_line(host, key);
	ret_texts[PORT] = mem_printf("%d\n", ssh_port);
	return NULL;
}

static bool holds(const char *path, const char *text)
{
	AUTO_FREE char *found = NULL;

	err_free(file_read(path, FILE_MAX, &found, NULL));
	return streq(found, text);
}

/* @repair: else only look. */
static struct err *compare(const struct machine_spec *spec, int ssh_port, bool repair, bool *ret_same)
{
	char *texts[FILES] = {NULL};
	struct err *e = make_texts(spec, ssh_port, texts);

	*ret_same = !e;
	for (int i = 0; i < FILES; i++) {
		AUTO_FREE char *text = texts[i];
		AUTO_FREE char *path = mem_printf("%s/ssh/%s", spec->dir, names[i]);
		if (e || holds(path, text))
			continue;
		*ret_same = false;
		if (repair)
			e = file_write(path, text, strlen(text), 0600);
	}
	return e;
}

bool ssh_files_whole(const struct machine_spec *spec, int ssh_port)
{
	bool same = false;

	err_free(compare(spec, ssh_port, /* repair= */ false, &same));
	return same;
}

struct err *ssh_files_write(const struct machine_spec *spec, int ssh_port)
{
	bool same = false;

	TRY(keys_mend(spec->dir));
	return compare(spec, ssh_port, /* repair= */ true, &same);
}

struct err *ssh_files_choose_port(const struct machine_spec *spec, bool anew, int *ret_port)
{
	AUTO_FREE char *path = mem_printf("%s/ssh/port", spec->dir);
	AUTO_FREE char *text = NULL;
	int64_t last = 0;

	struct err *e = anew ? NULL : file_read(path, 64, &text, NULL);
	err_free(e);
	if (text) {
		text[strcspn(text, "\n")] = '\0';
		if (!num_parse(text, 1024, 65535, &last))
			last = 0;
	}
	TRY(sock_free_port((int)last, ret_port));
	return ssh_files_write(spec, *ret_port);
}
