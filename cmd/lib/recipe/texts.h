/*
 * texts.h - the kinds of text that a recipe holds: digests, sizes, names, paths, URLs, ...
 *
 * One row per kind: what it is called in messages, an example, the pattern that the JSON Schema and the
 * reference page show, and what checks it and says in words what is wrong. A unit test holds pattern and check in
 * step; a check may be stricter only where a pattern cannot say it (sizes that overflow, versions in a range).
 */
#ifndef COOPER_RECIPE_TEXTS_H
#define COOPER_RECIPE_TEXTS_H

#include <stdbool.h>

#include "base/str.h"

enum text_kind {
	TEXT_ANY,     /* anything but nothing */
	TEXT_LINE,    /* one line */
	TEXT_NAME,    /* of a recipe, step, package set */
	TEXT_MACHINE, /* of a machine: part of socket paths */
	TEXT_PACKAGE, /* of a distribution or of Homebrew */
	TEXT_SUITE,   /* bookworm, trixie */
	TEXT_VERSION,
	TEXT_TAG,
	TEXT_CONSTRAINT,   /* ">= 10.2, < 11" */
	TEXT_ARCH,         /* an architecture, synonyms included */
	TEXT_GUEST_ARCH,   /* one that a machine can have */
	TEXT_PACKAGE_ARCH, /* any, or "all" */
	TEXT_SHA256,
	TEXT_SHA512,
	TEXT_FINGERPRINT, /* OpenPGP */
	TEXT_URL,
	TEXT_HTTPS_URL,
	TEXT_SIZE,
	TEXT_DURATION,
	TEXT_PATH,       /* relative, inside */
	TEXT_GUEST_PATH, /* absolute */
	TEXT_HOST_PATH,  /* absolute or ~/ */
	TEXT_SOCKET,     /* the same, of a link to a socket */
	TEXT_GLOB,
	TEXT_MODE,     /* "0644" */
	TEXT_PORT,     /* [ADDRESS:]HOST:GUEST */
	TEXT_VARIABLE, /* name of an environment variable */
	TEXT_USER,     /* login name */
	TEXT_KIND_COUNT,
};

struct text_rule {
	const char *name;    /* "a SHA-256 digest" */
	const char *example; /* a valid value */
	const char *pattern; /* of text_pattern(); %s stands for the names of architectures */
	const char *first;   /* of a word: characters that begin it, that go on, and how many there may be */
	const char *rest;
	const char *hex; /* of a digest: its digits, @max of them */
	size_t max;
	bool (*check)(const char *text, struct str *why); /* of what is neither, or not only that */
	const char *hint;                                 /* NULL = the example */
};

/** text_rule_of() - the row of @kind */
const struct text_rule *text_rule_of(enum text_kind kind);
/** text_check() - whether @text is valid; else the reason, a clause such as "has 63 digits and not 64", is added to
 * @why */
bool text_check(enum text_kind kind, const char *text, struct str *why);
/** text_pattern() - what all valid values match, ECMA 262 and POSIX extended alike; heap, NULL = any text */
char *text_pattern(enum text_kind kind);
/** text_is_arch() - whether values of @kind are architectures, stored under cooper's names */
bool text_is_arch(enum text_kind kind);
/** text_port() - take "[ADDRESS:]HOST:GUEST" apart; *ret_address is heap, NULL without one; false when invalid */
bool text_port(const char *text, char **ret_address, int *ret_host, int *ret_guest);

#endif
