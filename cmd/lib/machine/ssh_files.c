#include "machine/ssh_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "machine/keys.h"
#include "net/ssh.h"
#include "sys/file.h"
#include "sys/sock.h"

enum { CONTROL_PATH_EXTRA = 18 }; /* what ssh appends to ControlPath while it makes the socket */

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

static struct err *write_text(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *old = NULL;

	struct err *e = file_read(path, 64 * 1024, &old, NULL);
	bool same = !e && streq(old, text);
	err_free(e);
	return same ? NULL : file_write(path, text, strlen(text), 0600);
}

/* The files that `ssh -F` needs; the host key has our alias, so that they change with the port alone. */
static struct err *write_ssh_files(const struct machine_spec *spec, int ssh_port)
{
	AUTO_FREE char *dir = path_join(spec->dir, "ssh");
	AUTO_FREE char *host = mem_printf("cooper-%s", spec->name);
	AUTO_FREE char *identity = keys_path(spec->dir, KEY_CLIENT, /* public_half= */ false);
	AUTO_FREE char *known_hosts = path_join(dir, "known_hosts");
	AUTO_FREE char *control = path_join(spec->dir, "mux");
	AUTO_FREE char *port = mem_printf("%d\n", ssh_port);
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *text = NULL;

	TRY(keys_read(spec->dir, KEY_HOST, /* public_half= */ true, &key));
	struct ssh_settings settings = {
		.host = host,
		.user = spec->user,
		.port = ssh_port,
		.identity = identity,
		.known_hosts = known_hosts,
		.control_path = strlen(control) + CONTROL_PATH_EXTRA <= SOCK_PATH_MAX ? control : NULL,
	};
	TRY(ssh_config_text(&settings, &text));
	AUTO_FREE char *line = ssh_known_hosts_line(host, key);
	TRY(write_text(dir, "known_hosts", line));
	TRY(write_text(dir, "port", port));
	return write_text(dir, "config", text);
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
	return write_ssh_files(spec, *ret_port);
}
