/*
 * scp.h - files to a guest and from it, by the system's scp over the connection that ssh has
 *
 * By SFTP alone: the older protocol had a shell of the guest read the names. What scp itself would take for more than
 * the name of one file is written so that it does not: a colon, a pattern, a tilde.
 *
 *	scp_argv(&ssh, false, &argv);
 *	strs_take(&argv, scp_local("a:b"));
 *	strs_take(&argv, scp_remote(&ssh, "/srv/[x]", true));     cooper-dev:/srv/\[x\]
 *
 * See: scp(1); OpenSSH scp.c, source_sftp() and sink_sftp()
 */
#ifndef COOPER_NET_SCP_H
#define COOPER_NET_SCP_H

#include "net/ssh.h"

/** scp_argv() - the command line of scp up to its operands: folders as a whole; @quiet: without a progress meter */
void scp_argv(const struct ssh *ssh, bool quiet, struct strs *argv);
/** scp_local() - the file @path of this host as an operand; heap */
char *scp_local(const char *path);
/**
 * scp_remote() - the file @path of the guest as an operand; heap
 * @path:       below the user's home unless absolute; "" and "~" are the home
 * @is_source:  of a source scp takes patterns, of a target it does not
 */
char *scp_remote(const struct ssh *ssh, const char *path, bool is_source);

#endif
