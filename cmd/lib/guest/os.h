/*
 * os.h - what differs between the guest operating systems: one const struct for each, chosen by `os:` of the image
 *
 * Pure data and pure functions: nothing here talks to a guest. The image recipe's field decides, never an image's name
 * or what the guest says of itself: a plan must know it before there is a guest. All of them have systemd, Ignition,
 * podman and sshd; what they have in common stands where it is used (machine/ignition.c, guest/guest.c).
 *
 *	const struct guest_os *os = guest_os_find(image->image.os);
 *	AUTO_FREE char *script = os->packages_install(&step->packages);
 *
 * To add one: a line in recipe/guest_oses.h and os_<name>.c here; tests/unit/test_os.c sees to it that it is complete.
 */
#ifndef COOPER_GUEST_OS_H
#define COOPER_GUEST_OS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "recipe/recipe.h"

/* What an image's Ignition can do. */
struct ignition_limits {
	int minor;    /* newest specification that it takes is 3.<minor>.0 */
	bool network; /* it can fetch at the first boot */
	bool kargs;   /* it can change the kernel's arguments */
};

/* What a line of the console can mean that each system words in its own way. */
enum console_meaning {
	CONSOLE_SSHD,            /* sshd runs */
	CONSOLE_SSHD_FAILED,     /* and here it does not */
	CONSOLE_IGNITION_FAILED, /* Ignition's own words about why it failed */
	CONSOLE_EMERGENCY,       /* the boot went wrong; better words may follow */
	CONSOLE_GIVEN_UP,        /* the guest ends the boot */
};

/* A line that holds both texts (the second may be NULL), in this order. */
struct console_sign {
	const char *text;
	const char *and_text;
	enum console_meaning meaning;
};

struct guest_place {
	const char *from; /* "/home/" */
	const char *to;   /* "/var/home/": free of symbolic links, which mount units do not take */
};

struct guest_unit {
	const char *name;
	const char *text;
};

/* Lists end with an all-zero element. */
struct guest_os {
	const char *name;  /* in recipes: "fedora-coreos" */
	const char *title; /* in messages: "Fedora CoreOS" */

	/* the login user */
	const char *home; /* where homes are, free of symbolic links */
	const char *const *groups;
	const char *sshd_config; /* text of a file in sshd_config.d */

	/* the first boot */
	struct ignition_limits (*ignition)(const char *version); /* of the image's version; NULL = unknown */
	bool channel;                                            /* what `channel:` follows is this system's */
	const struct guest_unit *units;                          /* beside the machine's own */
	const char *const *masked;          /* units that must not run: updates come as a new generation */
	bool immutable;                     /* nothing can be made in / but below /var, /etc and the places */
	const struct guest_place *places;   /* of an immutable one */
	const struct console_sign *console; /* what its console says; the first that fits a line counts */

	/* authorities to trust */
	const char *anchors;         /* the folder for files of them, *.crt */
	const char *anchors_own;     /* shell words: files of those that the system has itself */
	const char *anchors_program; /* what takes them over; an image may lack it */
	const char *anchors_update;  /* the command that takes them over */

	/* packages: shell texts, heap */
	char *(*packages_probe)(const struct strs *packages);   /* succeeds when all are installed */
	char *(*packages_install)(const struct strs *packages); /* for now */
	char *(*packages_layer)(const struct strs *packages);   /* for the next boot; NULL = `install` is enough */
	char *(*packages_sources)(const char *main, const char *security); /* NULL = its own */
};

/** guest_os_find() - by its name in recipes; NULL when there is none of that name (or @name is NULL) */
const struct guest_os *guest_os_find(const char *name);
/**
 * guest_os_check() - whether @image has what its system needs, and what the steps of @stack (NULL = none) need
 *
 * Errors:  USAGE, each problem with its place in the recipe
 */
MUST_CHECK struct err *guest_os_check(const struct recipe *stack, const struct recipe *image);
/** guest_packages_quoted() - " a b c", each quoted for a shell; heap */
char *guest_packages_quoted(const struct strs *packages);

#endif
