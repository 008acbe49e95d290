/*
 * patch_set.h - one patch file, parsed: files and their hunks, nothing decided yet
 *
 * Private to the patch engine. Lines point into the patch's text, which must outlive the set. A line is its bytes
 * without the line end and a flag that says whether it had one: so a file without a newline at its end needs no
 * special case. patch_set_reverse() turns a set into the one that takes it back; what follows knows only "forward".
 */
#ifndef COOPER_PATCH_PATCH_SET_H
#define COOPER_PATCH_PATCH_SET_H

#include "patch/patch.h"

enum {
	PATCH_LINE_MAX = 1 << 30,  /* bytes of one line */
	PATCH_FILE_MAX = 1 << 30,  /* bytes of a file to patch */
	PATCH_BINARY_MAX = 1 << 28 /* bytes that binary data may unpack to */
};

struct patch_line {
	const char *text;
	uint32_t len;
	bool eol;
	char kind; /* ' ', '-', '+' in a hunk; unused in a file */
};

struct patch_hunk {
	size_t first; /* index into set->lines */
	size_t count;
	size_t old_start, old_count; /* as the header says, from 1 (0: before the first line) */
	size_t new_start, new_count;
	size_t lead, trail; /* context lines before the first and after the last change */
	size_t line;        /* of its header, in the patch */
};

enum patch_binary_kind { PATCH_BINARY_NONE, PATCH_BINARY_LITERAL, PATCH_BINARY_DELTA };

struct patch_binary {
	enum patch_binary_kind kind;
	const char *text; /* base85 lines */
	size_t text_size;
	size_t size; /* inflated */
};

enum patch_op { PATCH_MODIFY, PATCH_CREATE, PATCH_DELETE, PATCH_RENAME, PATCH_COPY, PATCH_UNCOPY };

enum {
	PATCH_ID_MAX = 65,
	PATCH_GITLINK = 0160000, /* the mode of a submodule */
};

struct patch_file {
	enum patch_op op;
	char *old_path; /* after the strip; NULL = /dev/null, or not said */
	char *new_path;
	char *raw;           /* a name as written, for messages */
	bool strip_failed;   /* the strip leaves nothing of a name */
	bool git;            /* has a "diff --git" line */
	bool maybe_create;   /* plain: the old side is empty, whether it exists is not said */
	bool crlf;           /* its header ends in CRLF: those of the hunks may be the transport's, or the file's */
	bool binary_missing; /* "Binary files differ": no data */
	bool chmod;          /* the modes are said by their own lines: a change, not only what is expected */
	unsigned old_mode;   /* octal as git writes it, 0 = not said */
	unsigned new_mode;
	char old_id[PATCH_ID_MAX]; /* blob ids of the index line, maybe abbreviated; "" = none */
	char new_id[PATCH_ID_MAX];
	struct patch_binary forward, backward;
	size_t hunk_first; /* index into set->hunks */
	size_t hunk_count;
	size_t group; /* sections of one commit share a group: renames and copies read what was before it */
	size_t line;  /* of its header, in the patch */
};

struct patch_set {
	const char *name;
	struct patch_file *files;
	size_t file_count, file_cap;
	struct patch_hunk *hunks;
	size_t hunk_count, hunk_cap;
	struct patch_line *lines;
	size_t line_count, line_cap;
};

#define PATCH_SET_INIT ((struct patch_set){0})

struct patch_scan;

void patch_set_done(struct patch_set *set);
/** patch_parse() - CORRUPT with the patch's line on damage, USAGE on a context diff */
MUST_CHECK struct err *patch_parse(const struct patch_input *input, struct patch_set *ret);
/** patch_parse_hunks() - the hunks that follow in @s (patch_scan.h) onto the last file of @set */
MUST_CHECK struct err *patch_parse_hunks(struct patch_scan *s, struct patch_set *set);
void patch_set_reverse(struct patch_set *set);

/** patch_line_same() - equal bytes and equal end */
bool patch_line_same(const struct patch_line *a, const struct patch_line *b);
/** patch_target() - the path that a section is about (globs match it), or NULL */
const char *patch_target(const struct patch_file *f);

/** patch_binary_unpack() - base85 and zlib; heap, exactly b->size bytes; CORRUPT on damage */
MUST_CHECK struct err *patch_binary_unpack(const struct patch_binary *b, char **ret_data);
/** patch_binary_delta() - a git delta onto @base; heap; CORRUPT when it was made for other bytes */
MUST_CHECK struct err *patch_binary_delta(const char *delta, size_t delta_size, const char *base, size_t base_size,
					  char **ret_data, size_t *ret_size);
/** patch_id_is_empty() - whether git's blob id @id is that of no bytes */
bool patch_id_is_empty(const char *id);
/** patch_blob_is() - whether git's blob id of @data begins with @id (7 to 64 hex digits) */
bool patch_blob_is(const char *id, const char *data, size_t size);

#endif
