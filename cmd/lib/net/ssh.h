/*
 * ssh.h - the system's ssh as a way to run programs in a guest
 *
 * ssh gets its whole configuration from a file of ours (-F): the user's own configuration, agent and known hosts play
 * no part. The host key is ours as well, so that checking is strict from the first connection, under an alias, so that
 * a new port does not matter. ssh joins remote words with spaces and the login shell splits them again: words are
 * quoted here.
 *
 *	AUTO_FREE char *text = ssh_config_text(&settings);
 *	struct ssh ssh = {.config_path = path, .host = "cooper-dev"};
 *	TRY(ssh_run(&ssh, &(struct ssh_command){.argv = argv, .deadline_ms = 30000}, &output, &status));
 */
#ifndef COOPER_NET_SSH_H
#define COOPER_NET_SSH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

enum { SSH_FAILED = 255 }; /* ssh's own way to fail; a remote program that ends so is taken for it: ssh(1) */

/* What the configuration says. All borrowed. */
struct ssh_settings {
	const char *host; /* alias: name of the Host block, and of the key in known_hosts */
	const char *user;
	int port;             /* on 127.0.0.1 */
	const char *identity; /* private key */
	const char *known_hosts;
	const char *control_path; /* of the sockets for connection sharing: "-USER" follows it; NULL = none */
};

/* How to reach a guest. All borrowed. */
struct ssh {
	const char *program; /* NULL = "ssh" */
	const char *config_path;
	const char *host;
};

struct ssh_command {
	const char *const *argv; /* words as the program in the guest gets them */
	const char *name;        /* what messages call it; NULL = argv[0] */
	const char *input;       /* text for its stdin, or NULL */
	const char *input_path;  /* file for its stdin; instead of input */
	int input_fd;            /* open file for its stdin; instead of both; 0 = none */
	int64_t deadline_ms;     /* relative; 0 = none */
	int timeout_status;      /* exit status by which the guest says that its own deadline passed; 0 = none */
	size_t max_output;       /* bytes of stdout collected at most; 0 = 1 MiB */
	struct sink *sink;       /* lines of stderr as EVENT_OUTPUT (and of stdout, when it is not collected) */
	const char *step;
	const char *log_path;
};

/**
 * ssh_config_text() - the configuration file, heap
 *
 * Errors:  USAGE (a path holds a '"' or a line break, which ssh_config(5) cannot express)
 */
MUST_CHECK struct err *ssh_config_text(const struct ssh_settings *settings, char **ret_text);

/** ssh_known_hosts_line() - "<host> <type> <key>\n" from a public key line, without its comment; heap */
char *ssh_known_hosts_line(const char *host, const char *public_key);

/**
 * ssh_argv() - the command line of ssh itself
 * @remote:    a program and its words; NULL = a login shell, which has a terminal where our own input is one
 * @terminal:  the program gets one as well
 */
void ssh_argv(const struct ssh *ssh, const char *const *remote, bool terminal, struct strs *argv);

/**
 * ssh_forward_argv() - the command line of an ssh that carries connections to a socket here to one in the guest
 * @user:    NULL = the configuration's
 * @local:   absolute; made by ssh, 0600; what lies there is replaced
 * @remote:  absolute
 */
void ssh_forward_argv(const struct ssh *ssh, const char *user, const char *local, const char *remote,
		      struct strs *argv);

/** ssh_own_argv() - the command line of an ssh that runs @remote as @user (NULL = the configuration's), and shares its
 *  connection with nobody: it can be ended at any time */
void ssh_own_argv(const struct ssh *ssh, const char *user, const char *const *remote, struct strs *argv);

/**
 * ssh_run() - run a program in the guest to its end
 * @output:      collects stdout; NULL = stdout is emitted like stderr
 * @ret_status:  its exit status; NULL = anything but 0 is an error
 *
 * Errors:  GUEST (ssh itself failed: status 255; another host key; more output than allowed, which for lines is 64 MiB),
 *          CHILD (exit status not 0, without @ret_status), TIMEOUT, CANCELED, ABSENT (no ssh on the host)
 */
MUST_CHECK struct err *ssh_run(const struct ssh *ssh, const struct ssh_command *command, struct str *output,
			       int *ret_status);

/** ssh_end_shared() - end the connection that sessions share: the next one begins anew; fine when there is none */
void ssh_end_shared(const struct ssh *ssh);

#endif
