/* Plumbing that works on files: fetch, unpack, inflate, canary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "command.h"
#include "fmt/canary.h"
#include "fmt/digest.h"
#include "net/fetch.h"
#include "recipe/texts.h"
#include "sys/file.h"
#include "tree/inflate.h"
#include "tree/unpack.h"
#include "tree/unpack_child.h"

static const struct option_spec fetch_options[] = {
	{"sha256", 0, "HEX", "expected SHA-256 digest"},
	{"sha512", 0, "HEX", "the same with SHA-512"},
	{"size", 0, "BYTES", "exact size"},
	{"output", 'o', "FILE", "output file"},
	{"list", 0, "FILE", "fetch many files: lines of URL, SHA-256 or SHA-512, output, mirrors"},
	{NULL, 0, NULL, NULL},
};

static struct err *check_digests(const char *sha256, const char *sha512)
{
	if (sha256 && !digest_valid(DIGEST_SHA256, sha256))
		return err_hint(err_new(ERR_USAGE, "'%s' is not a SHA-256 digest", sha256),
				"give 64 lower-case hex digits");
	if (sha512 && !digest_valid(DIGEST_SHA512, sha512))
		return err_hint(err_new(ERR_USAGE, "'%s' is not a SHA-512 digest", sha512),
				"give 128 lower-case hex digits");
	if (!sha256 && !sha512)
		return err_hint(err_new(ERR_USAGE, "no digest given"), "add --sha256 HEX: cooper verifies every byte");
	return NULL;
}

/* One line of a list into @r, its texts kept by @words; *ret_any is false for an empty line and a comment. */
static struct err *read_line(const char *line, struct strs *words, struct fetch_request *r, bool *ret_any)
{
	strs_split(words, line, " \t\r");
	*ret_any = words->count > 0 && words->items[0][0] != '#';
	if (!*ret_any)
		return NULL;
	if (words->count < 3)
		return err_hint(err_new(ERR_USAGE, "%zu word%s where 3 are expected", words->count,
					words->count == 1 ? "" : "s"),
				"a line is: URL DIGEST OUTPUT [MIRROR URL...]");
	const char *digest = words->items[1];
	bool is_sha512 = digest_kind_of(digest) == DIGEST_SHA512;
	*r = (struct fetch_request){.url = words->items[0],
				    .mirrors = (const char *const *)words->items + 3,
				    .sha256 = is_sha512 ? NULL : digest,
				    .sha512 = is_sha512 ? digest : NULL,
				    .size = -1,
				    .target = words->items[2],
				    .step = "fetch",
				    .allow_http = true,
				    .unflushed = true};
	return check_digests(r->sha256, r->sha512);
}

/* All lines of the file @path in one batch. */
static struct err *fetch_list(const char *path, struct sink *sink)
{
	enum { LIST_MAX = 16 << 20 };
	AUTO_FREE char *text = NULL;
	size_t size = 0, lines = 1, count = 0, number = 0;
	TRY(file_read(path, LIST_MAX, &text, &size));
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	AUTO_FREE struct fetch_request *requests = mem_array(lines, sizeof(*requests));
	struct strs *words = mem_array(lines, sizeof(*words));
	struct err *e = NULL;
	for (char *line = text, *next; line && !e; line = next) {
		bool any = false;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		e = read_line(line, &words[number++], &requests[count], &any);
		if (e)
			e = err_wrap(e, "%s:%zu", path, number);
		else
			count += any;
	}
	if (!e && count)
		e = fetch_run(requests, count, /* deadline_ms= */ 0, sink);
	for (size_t i = 0; i < lines; i++)
		strs_done(&words[i]);
	free(words);
	return e;
}

static struct err *run_fetch(struct call *call)
{
	const char *sha256 = call_get(call, "sha256");
	const char *sha512 = call_get(call, "sha512");
	const char *size = call_get(call, "size");
	const char *list = call_get(call, "list");
	int64_t bytes = -1;
	if (list) {
		if (call_arg(call, 0) || sha256 || sha512 || size || call_get(call, "output"))
			return err_hint(err_new(ERR_USAGE, "--list cannot be combined with a URL or another option"),
					"write them into the list: URL DIGEST OUTPUT");
		return fetch_list(list, call->sink);
	}
	if (!call_arg(call, 0))
		return err_hint(err_new(ERR_USAGE, "no URL given"), "add a URL, or --list FILE with many");
	TRY(check_digests(sha256, sha512));
	if (!call_get(call, "output"))
		return err_hint(err_new(ERR_USAGE, "no output file given"), "add -o FILE");
	if (size && !num_parse(size, 0, INT64_MAX, &bytes))
		return err_new(ERR_USAGE, "'%s' is not a number of bytes", size);
	struct fetch_request request = {.url = call_arg(call, 0),
					.mirrors = (const char *const *)call->args.items + 1,
					.sha256 = sha256,
					.sha512 = sha512,
					.size = bytes,
					.target = call_get(call, "output"),
					.step = "fetch",
					.allow_http = true,
					.unflushed = true};
	return fetch_run(&request, 1, /* deadline_ms= */ 0, call->sink);
}

const struct subcommand cmd_tool_fetch = {
	.name = "tool fetch",
	.operands = "[URL [MIRROR...]]",
	.summary = "download files and verify them on the way",
	.help = "Mirrors are other URLs of the same file, tried in order when the one before fails.\n"
		"A file gets its name once it is complete and verified; as with any copy, it may reach the disk later (sync).",
	.options = fetch_options,
	.run = run_fetch,
};

static const struct option_spec unpack_options_table[] = {
	{"strip", 0, "N", "drop N leading components of every name"},
	{"exclude", 0, "GLOB,...", "skip what matches (roms/, *.bin)"},
	{"limit", 0, "NAME=N,...", "other limits: entries=N,bytes=SIZE,file=SIZE,ratio=N"},
	{NULL, 0, NULL, NULL},
};

/* "entries=2000000,file=8GiB"; NULL sets nothing */
static struct err *read_limits(const char *text, struct archive_limits *ret_limits)
{
	AUTO(strs) parts = STRS_INIT;
	strs_split(&parts, text ? text : "", ",");
	for (size_t i = 0; i < parts.count; i++)
		TRY(archive_limits_set(ret_limits, parts.items[i]));
	return NULL;
}

static struct err *run_unpack(struct call *call)
{
	struct archive_limits limits = {0};
	int64_t strip = 0;
	const char *text = call_get(call, "strip");
	if (text && !num_parse(text, 0, 64, &strip))
		return err_new(ERR_USAGE, "--strip takes a number from 0 to 64, not '%s'", text);
	AUTO(strs) exclude = STRS_INIT;
	if (call_get(call, "exclude"))
		strs_split(&exclude, call_get(call, "exclude"), ",");
	TRY(read_limits(call_get(call, "limit"), &limits));
	struct unpack_options options = {.strip = (int)strip, .exclude = &exclude, .limits = &limits};
	struct unpack_report report;
	TRY(dir_make(call_arg(call, 1), 0755));
	TRY(unpack_archive(call_arg(call, 0), call_arg(call, 1), &options, "unpack", call->sink, &report));
	printf("%lld entries, %lld bytes, %lld left out, tree %s\n", (long long)report.entries, (long long)report.bytes,
	       (long long)report.excluded, report.tree);
	return NULL;
}

const struct subcommand cmd_tool_unpack = {
	.name = "tool unpack",
	.operands = "ARCHIVE DIR",
	.summary = "unpack tar, zip, deb or rpm under cooper's policy: nothing lands outside DIR",
	.options = unpack_options_table,
	.run = run_unpack,
};

static struct err *run_unpack_child(struct call *call)
{
	unpack_child_run(call_arg(call, 0));
}

const struct subcommand cmd_tool_unpack_child = {
	.name = "tool " UNPACK_CHILD,
	.operands = "JOB",
	.summary = "read the archive in a sandbox (started by `tool unpack`)",
	.hidden = true,
	.run = run_unpack_child,
};

static const struct option_spec inflate_options_table[] = {
	{"sha256", 0, "HEX", "expected digest of FILE"},
	{"packed-sha256", 0, "HEX", "expected digest of the compressed file"},
	{NULL, 0, NULL, NULL},
};

static struct err *run_inflate(struct call *call)
{
	char hex[SHA256_HEX];
	struct inflate_options options = {.sha256 = call_get(call, "sha256"),
					  .packed_digest = call_get(call, "packed-sha256")};
	if (options.sha256)
		TRY(check_digests(options.sha256, NULL));
	if (options.packed_digest)
		TRY(check_digests(options.packed_digest, NULL));
	TRY(inflate_image(call_arg(call, 0), call_arg(call, 1), &options, "inflate", call->sink, hex));
	printf("sha256 %s\n", hex);
	return NULL;
}

const struct subcommand cmd_tool_inflate = {
	.name = "tool inflate",
	.operands = "PACKED FILE",
	.summary = "decompress a disk image (xz, gzip, zstd, bzip2) to a sparse FILE, verifying input and output",
	.options = inflate_options_table,
	.run = run_inflate,
};

static const struct option_spec canary_options[] = {
	{"output", 'o', "FILE", "output file"},
	{"image", 0, NULL, "write a container image for `podman load` instead of the program"},
	{NULL, 0, NULL, NULL},
};

static struct err *run_canary(struct call *call)
{
	enum arch arch;
	const char *output = call_get(call, "output");
	if (!output)
		return err_hint(err_new(ERR_USAGE, "no output file given"), "add -o FILE");
	AUTO(str) bytes = STR_INIT;
	TRY(arch_option("architecture", call_arg(call, 0), NULL, &arch));
	if (call_has(call, "image"))
		canary_image(arch, "latest", &bytes);
	else
		canary_elf(arch, &bytes);
	return file_write(output, bytes.data, bytes.len, call_has(call, "image") ? 0644 : 0755);
}

const struct subcommand cmd_tool_canary = {
	.name = "tool canary",
	.operands = "ARCH",
	.summary = "write the tiny program that checks that ARCH runs",
	.options = canary_options,
	.run = run_canary,
};
