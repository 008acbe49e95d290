/*
 * gitrepo_pin.h - which commit is wanted, and where its repository is
 */
#ifndef COOPER_NET_GITREPO_PIN_H
#define COOPER_NET_GITREPO_PIN_H

enum { GITREPO_ID = 41 }; /* of SHA-1 as hex, with the NUL */

struct gitrepo_pin {
	const char *url;    /* https://, http:// or file:// */
	const char *commit; /* 40 lower-case hex digits */
	const char *tag;    /* that must lead to the commit on the server; NULL = none */
	const char *dir;    /* the bare repository of ours; made when it is missing */
};

#endif
