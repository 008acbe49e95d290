/*
 * sign.h - ad-hoc code signatures for macOS: what to do is decided here and anywhere, done on a Mac
 *
 * Without com.apple.security.hypervisor a QEMU gets HV_DENIED; with a signature that does not match its bytes it is
 * killed at once. The kernel remembers signatures by file (vnode), so a signed file is never changed in place: each
 * is copied, the copy is cleared of extended attributes, signed, verified, read back, and renamed over the original.
 * Libraries come first, then plain programs, then the programs that get entitlements.
 *
 *	AUTO(sign_plan) plan = {.count = 0};
 *	TRY(sign_list(stage, &files));             // what is there
 *	TRY(sign_decide(&input, &files, &plan));   // pure
 *	TRY(sign_perform(&input, &plan, log, sink));
 *
 * See: codesign(1), xattr(1); QEMU's scripts/entitlement.sh signs too, but also wants Rez and SetFile
 */
#ifndef COOPER_BUILD_SIGN_H
#define COOPER_BUILD_SIGN_H

#include "base/event.h"
#include "base/str.h"
#include "fmt/macho.h"

/* A program or library below the prefix. */
struct sign_file {
	char *path; /* relative */
	enum macho_kind kind;
};

struct sign_files {
	struct sign_file *items;
	size_t count;
	size_t cap;
};

void sign_files_done(struct sign_files *files);
void sign_files_add(struct sign_files *files, const char *path, enum macho_kind kind);

enum sign_act { SIGN_COPY, SIGN_RUN, SIGN_RENAME };

/* One thing to do. */
struct sign_command {
	enum sign_act act;
	struct strs words;  /* SIGN_RUN: argv; else from and to */
	struct strs expect; /* SIGN_RUN: texts that the output must contain */
};

struct sign_plan {
	struct sign_command *items;
	size_t count;
	size_t cap;
};

void sign_plan_done(struct sign_plan *plan);

/* All borrowed. */
struct sign_input {
	const char *prefix;       /* absolute */
	const struct strs *globs; /* of the files that get the entitlements, below the prefix */
	const struct strs *entitlements;
	const char *plist;  /* file with sign_entitlements(), written by sign_perform() */
	const char *recipe; /* its path, for messages */
};

/** sign_list() - programs and libraries below @prefix, sorted by path; links are not followed */
MUST_CHECK struct err *sign_list(const char *prefix, struct sign_files *files);
/** sign_decide() - what to do; USAGE when a glob matches nothing that is signed */
MUST_CHECK struct err *sign_decide(const struct sign_input *input, const struct sign_files *files,
				   struct sign_plan *plan);
/** sign_entitlements() - the property list that sets each of @entitlements, heap */
char *sign_entitlements(const struct strs *entitlements);
/** sign_show() - the plan as text, a line for each command */
void sign_show(const struct sign_plan *plan, struct str *out);
/**
 * sign_perform() - do it
 *
 * Errors:    CHILD (a program failed, or what was read back is not what must be), OS
 * On error:  a file is either the old or the new one, whole.
 */
MUST_CHECK struct err *sign_perform(const struct sign_input *input, const struct sign_plan *plan, const char *log,
				    const char *step, struct sink *sink);

#endif
