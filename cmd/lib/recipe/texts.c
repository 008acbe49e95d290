#include "recipe/texts.h"

#include <string.h>

#include "base/arch.h"
#include "base/path.h"
#include "base/suggest.h"
#include "base/units.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX_LOWER DIGITS "abcdef"
#define HEX_UPPER DIGITS "ABCDEF"

static bool fail(struct str *why, const char *reason)
{
	str_add(why, reason);
	return false;
}

static bool is_in(const char *set, char c)
{
	return c && strchr(set, c);
}

static bool check_word(const struct text_rule *rule, const char *text, struct str *why)
{
	size_t n = strlen(text);
	if (n > rule->max) {
		str_addf(why, "is longer than %zu characters", rule->max);
		return false;
	}
	if (!is_in(rule->first, text[0])) {
		if ((unsigned char)*text >= 0x80)
			return fail(why, "contains non-ASCII characters");
		str_addf(why, *text ? "cannot start with '%.1s'" : "is empty", text);
		return false;
	}
	size_t good = 1 + strspn(text + 1, rule->rest);
	if (good == n)
		return true;
	str_add(why, (unsigned char)text[good] >= 0x80 ? "contains non-ASCII characters" : "");
	if ((unsigned char)text[good] < 0x80)
		str_addf(why, "cannot contain '%c'", text[good]);
	return false;
}

/* git-check-ref-format(1), of its characters those that are in use */
static bool check_tag(const char *text, struct str *why)
{
	static const char *const never[] = {"..", "//", "/.", "@{", ".lock/"};
	if (!check_word(text_rule_of(TEXT_TAG), text, why))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (strstr(text, never[i])) {
			str_addf(why, "cannot contain '%s'", never[i]);
			return false;
		}
	}
	if (str_ends(text, "/") || str_ends(text, ".") || str_ends(text, ".lock"))
		return fail(why, "cannot end in '/', '.' or '.lock'");
	return streq(text, "@") ? fail(why, "cannot be '@' alone") : true;
}

/* To apt "name-" means to remove it, and "name_" and "name." are nobody's. */
static bool check_package(const char *text, struct str *why)
{
	if (!check_word(text_rule_of(TEXT_PACKAGE), text, why))
		return false;
	char last = text[strlen(text) - 1];
	if (!strchr("-._@", last))
		return true;
	str_addf(why, "cannot end with '%c'", last);
	return false;
}

static bool check_line(const char *text, struct str *why)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return fail(why, "must be one line without control characters");
	return true;
}

static bool check_user(const char *text, struct str *why)
{
	if (streq(text, "root"))
		return fail(why, "cannot be root: the login user runs rootless containers");
	return check_word(text_rule_of(TEXT_USER), text, why);
}

/* Comparisons with commas between: ">= 10.2, < 11"; no operator means equal. */
static bool check_constraint(const char *text, struct str *why)
{
	AUTO(strs) parts = STRS_INIT;
	strs_split(&parts, text, ",");
	if (parts.count == 0 || text[strlen(text) - 1] == ',' || text[0] == ',' || strstr(text, ",,"))
		return fail(why, "lacks a version beside a comma");
	for (size_t i = 0; i < parts.count; i++) {
		const char *p = parts.items[i];
		p += strspn(p, " ");
		size_t n = strspn(p, "<>=");
		if (n > 2 || (n == 2 && (p[1] != '=' || p[0] == '=')))
			return fail(why, "has an unknown comparison");
		p += n;
		p += strspn(p, " ");
		AUTO_FREE char *version = mem_strndup(p, strcspn(p, " "));
		if (p[strlen(version)] && p[strlen(version) + strspn(p + strlen(version), " ")])
			return fail(why, "lacks a comma between two comparisons");
		if (!*version)
			return fail(why, "lacks a version after the comparison");
		if (!text_check(TEXT_VERSION, version, why))
			return false;
	}
	return true;
}

static bool check_arch_that(bool (*holds)(enum arch arch), const char *text, struct str *why)
{
	AUTO(strs) names = STRS_INIT;
	arch_spellings(holds, &names);
	if (strs_has(&names, text))
		return true;
	const char *near = suggest_nearest(text, (const char *const *)names.items, names.count);
	AUTO_FREE char *known = arch_list(holds);
	str_addf(why, "is not one of %s", known);
	if (near)
		str_addf(why, "; did you mean '%s'?", near);
	return false;
}

static bool check_arch(const char *text, struct str *why)
{
	return check_arch_that(NULL, text, why);
}

static bool check_guest_arch(const char *text, struct str *why)
{
	return check_arch_that(arch_is_guest, text, why);
}

static bool check_package_arch(const char *text, struct str *why)
{
	return streq(text, "all") || check_arch(text, why);
}

bool text_is_arch(enum text_kind kind)
{
	return kind == TEXT_ARCH || kind == TEXT_GUEST_ARCH || kind == TEXT_PACKAGE_ARCH;
}

static bool check_hex(const struct text_rule *rule, const char *text, struct str *why)
{
	size_t n = strlen(text);
	size_t good = strspn(text, rule->hex);
	if (good < n && is_in(HEX_LOWER HEX_UPPER, text[good]))
		return fail(why, is_in(rule->hex, 'a') ? "has upper-case digits" : "has lower-case digits");
	if (good < n) {
		str_addf(why, "has a character that is not a hex digit at position %zu", good + 1);
		return false;
	}
	if (n != rule->max) {
		str_addf(why, "has %zu hex digits and not %zu", n, rule->max);
		return false;
	}
	return true;
}

static bool check_url_bytes(const char *text, struct str *why)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("\"'<>\\^`{|}", *p)) {
			str_addf(why, "has a character at position %zu that a URL must escape", (size_t)(p - text) + 1);
			return false;
		}
	return true;
}

/* host[:port]/path, without user and password: a recipe is no place for secrets. */
static bool check_authority(const char *rest, struct str *why)
{
	size_t n = strcspn(rest, "/?#");
	if (memchr(rest, '@', n))
		return fail(why, "contains a user name or password; keep those in ~/.netrc");
	if (n == 0 || rest[0] == ':')
		return fail(why, "lacks a host");
	if (rest[n] != '/' || rest[n + 1] == '\0')
		return fail(why, "lacks a path after the host");
	return true;
}

static bool is_file_url(const char *text)
{
	return str_starts(text, "file:///") && text[strlen("file:///")];
}

static bool check_git(const char *rest, struct str *why)
{
	const char *commit = strrchr(rest, '#');
	size_t n = commit ? strlen(commit + 1) : 0;
	if (commit && ((n != 40 && n != 64) || strspn(commit + 1, "0123456789abcdef") != n))
		return fail(why, "must end in a full commit id of 40 or 64 hex digits");
	if (is_file_url(rest))
		return true;
	if (str_starts(rest, "https://") || str_starts(rest, "http://"))
		return check_authority(strstr(rest, "://") + 3, why);
	return fail(why, "must be a repository at https://, http:// or file:///");
}

static bool check_pool(const char *rest, struct str *why)
{
	if (!str_starts(rest, "pool/") || !path_is_plain(rest))
		return fail(why, "must be a plain path that starts with pool/");
	return true;
}

static bool check_url(const char *text, struct str *why)
{
	if (!check_url_bytes(text, why))
		return false;
	if (str_starts(text, "https://"))
		return check_authority(text + 8, why);
	if (str_starts(text, "http://"))
		return check_authority(text + 7, why);
	if (str_starts(text, "file:"))
		return is_file_url(text) ? true : fail(why, "must be file:/// and an absolute path");
	if (str_starts(text, "git:"))
		return check_git(text + 4, why);
	if (str_starts(text, "debian:"))
		return check_pool(text + 7, why);
	return fail(why, "must start with https:, http:, file:, git: or debian:");
}

static bool check_https_url(const char *text, struct str *why)
{
	if (!check_url_bytes(text, why))
		return false;
	if (is_file_url(text))
		return true;
	return str_starts(text, "https://") ? check_authority(text + 8, why)
					    : fail(why, "must start with https:// or file:///");
}

/* Why @text, a number with a unit, is not what @parse takes. */
static bool explain_unit(const char *text, bool (*parse)(const char *text, int64_t *ret), struct str *why)
{
	size_t n = strspn(text, DIGITS);
	if (n == 0)
		return fail(why, "must start with digits");
	if (!text[n])
		return fail(why, "has no unit");
	if (text[n] == ' ')
		return fail(why, "has a space before its unit");
	if (text[n] == '.')
		return fail(why, "must be a whole number");
	int64_t one_unit = 0;
	AUTO_FREE char *one = mem_printf("1%s", text + n);
	return fail(why, parse(one, &one_unit) ? "is out of range" : "has an unknown unit");
}

static bool check_size(const char *text, struct str *why)
{
	int64_t bytes = 0;
	return size_parse(text, &bytes) || explain_unit(text, size_parse, why);
}

static bool check_duration(const char *text, struct str *why)
{
	int64_t ms = 0;
	return duration_parse(text, &ms) || explain_unit(text, duration_parse, why);
}

static bool check_path(const char *text, struct str *why)
{
	if (!check_line(text, why))
		return false;
	if (text[0] == '/')
		return fail(why, "must be relative");
	return path_is_plain(text) ? true : fail(why, "cannot contain '.', '..' or empty parts");
}

static bool check_guest_path(const char *text, struct str *why)
{
	if (!check_line(text, why))
		return false;
	if (text[0] == '~')
		return fail(why, "must be absolute: the login user's home is not known here");
	if (text[0] != '/')
		return fail(why, "must be absolute");
	return path_is_plain(text + 1) ? true : fail(why, "cannot be '/' or contain '.', '..' or empty parts");
}

static bool check_host_path(const char *text, struct str *why)
{
	if (!check_line(text, why))
		return false;
	if (streq(text, "~") || streq(text, ".") || streq(text, "/"))
		return true;
	if (text[0] == '~' && text[1] != '/')
		return fail(why, "names the home of another user: write that as an absolute path");
	if (text[0] == '$')
		return fail(why, "has a variable, which is not expanded: your home folder is ~/");
	if (text[0] != '/' && !str_starts(text, "~/") && !str_starts(text, "./"))
		return fail(why, "must be absolute or start with ~/ or ./ (the stack's folder)");
	return path_is_plain(text + (text[0] == '/' ? 1 : 2)) || fail(why, "cannot contain '.', '..' or empty parts");
}

/* A stranger's stack makes a link of a name that means nothing to a shell or a desktop. */
static bool check_socket(const char *text, struct str *why)
{
	if (!check_line(text, why))
		return false;
	if (streq(text, "none"))
		return true;
	if (text[0] != '/' && !str_starts(text, "~/"))
		return fail(why, "must be absolute, start with ~/, or be 'none'");
	if (!path_is_plain(text + (text[0] == '/' ? 1 : 2)))
		return fail(why, "cannot contain '.', '..' or empty parts");
	if (strlen(text) > 100)
		return fail(why, "is longer than what a program can connect to (100 characters)");
	return str_ends(text, ".sock") || fail(why, "must end with .sock");
}

static bool check_glob(const char *text, struct str *why)
{
	if (!*text)
		return fail(why, "is empty");
	if (!check_line(text, why))
		return false;
	if (str_starts(text, "./"))
		return fail(why, "cannot start with './'");
	if (streq(text, "..") || str_starts(text, "../") || strstr(text, "/../") || str_ends(text, "/.."))
		return fail(why, "cannot contain '..'");
	return true;
}

static bool check_mode(const char *text, struct str *why)
{
	if (strlen(text) == 4 && text[0] == '0' && strspn(text, "01234567") == 4)
		return true;
	return fail(why, "must be a 0 and three octal digits");
}

static bool check_address(const char *text)
{
	AUTO(strs) parts = STRS_INIT;
	int64_t n = 0;
	strs_split(&parts, text, ".");
	if (parts.count != 4 || strstr(text, "..") || text[0] == '.' || str_ends(text, "."))
		return false;
	for (size_t i = 0; i < 4; i++)
		if (!num_parse(parts.items[i], 0, 255, &n) || (parts.items[i][0] == '0' && parts.items[i][1]))
			return false; /* 010 is eight to some */
	return true;
}

static bool port_number(const char *text, int *ret)
{
	int64_t n = 0;
	if (text[0] == '0' || !num_parse(text, 1, 65535, &n))
		return false;
	*ret = (int)n;
	return true;
}

bool text_port(const char *text, char **ret_address, int *ret_host, int *ret_guest)
{
	AUTO(strs) parts = STRS_INIT;
	strs_split(&parts, text, ":");
	size_t n = parts.count;
	if ((n != 2 && n != 3) || text[0] == ':' || str_ends(text, ":") || strstr(text, "::"))
		return false;
	if (n == 3 && !check_address(parts.items[0]))
		return false;
	if (!port_number(parts.items[n - 2], ret_host) || !port_number(parts.items[n - 1], ret_guest))
		return false;
	*ret_address = n == 3 ? mem_strdup(parts.items[0]) : NULL;
	return true;
}

static bool check_port(const char *text, struct str *why)
{
	AUTO_FREE char *address = NULL;
	int host = 0, guest = 0;
	if (text_port(text, &address, &host, &guest))
		return true;
	return fail(why, "must be HOST:GUEST or ADDRESS:HOST:GUEST, an IPv4 address and ports from 1 to 65535");
}

static bool check_any(const char *text, struct str *why)
{
	return *text ? true : fail(why, "is empty");
}

/* 1 to 65535, as port_number() has it */
#define PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define BYTE "[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]"
#define VERSION "[A-Za-z0-9][A-Za-z0-9.+~:_-]{0,63}"
#define COMPARISON " *(<|<=|=|>|>=)? *" VERSION " *"

static const struct text_rule rules[TEXT_KIND_COUNT] = {
	[TEXT_ANY] = {"text", "some text", NULL, .check = check_any},
	[TEXT_LINE] = {"one line of text", "some words", NULL, .check = check_line},
	[TEXT_NAME] = {"a name", "qemu-debian", "^[a-z0-9][a-z0-9._-]{0,62}$", .first = LOWER DIGITS,
		       .rest = LOWER DIGITS "._-", .max = 63},
	[TEXT_MACHINE] = {"a machine's name", "dev", "^[a-z][a-z0-9-]{0,31}$", .first = LOWER, .rest = LOWER DIGITS "-",
			  .max = 32},
	[TEXT_PACKAGE] = {"a package's name", "libglib2.0-dev", "^[a-z0-9]([a-z0-9+.@_-]{0,98}[a-z0-9+])?$",
			  .first = LOWER DIGITS, .rest = LOWER DIGITS "+.@_-", .max = 100, .check = check_package},
	[TEXT_SUITE] = {"a suite", "trixie", "^[a-z][a-z0-9-]{0,31}$", .first = LOWER, .rest = LOWER DIGITS "-",
			.max = 32},
	[TEXT_VERSION] = {"a version", "10.2.3", "^" VERSION "$", .first = LOWER UPPER DIGITS,
			  .rest = LOWER UPPER DIGITS ".+~:_-", .max = 64},
	[TEXT_TAG] = {"a tag of git", "pkg/v10.2.3", "^[A-Za-z0-9@_+][A-Za-z0-9._+/@=,%!-]{0,199}$",
		      .first = LOWER UPPER DIGITS "@_+", .rest = LOWER UPPER DIGITS "._+/@=,%!-", .max = 200,
		      .check = check_tag},
	[TEXT_CONSTRAINT] = {"a comparison of versions", ">= 10.2, < 11", "^" COMPARISON "(," COMPARISON ")*$",
			     .check = check_constraint},
	[TEXT_ARCH] = {"an architecture", "aarch64", "^(%s)$", .check = check_arch},
	[TEXT_GUEST_ARCH] = {"an architecture of a machine", "aarch64", "^(%s)$", .check = check_guest_arch,
			     .hint = "only containers may run more: 'run'"},
	[TEXT_PACKAGE_ARCH] = {"a package's architecture", "aarch64", "^(all|%s)$", .check = check_package_arch},
	[TEXT_SHA256] = {"a SHA-256 digest", "2aa0e420e4ea89ea34a833f4c4eced96a35b51a9ee8568b232692729b60b064d",
			 "^[0-9a-f]{64}$", .hex = HEX_LOWER, .max = 64,
			 .hint = "64 hex digits in lower case, as `sha256sum FILE` prints them"},
	[TEXT_SHA512] = {"a SHA-512 digest", "128 lower-case hex digits", "^[0-9a-f]{128}$", .hex = HEX_LOWER,
			 .max = 128, .hint = "128 hex digits in lower case, as `sha512sum FILE` prints them"},
	[TEXT_FINGERPRINT] = {"an OpenPGP fingerprint", "CEACC9E15534EBABB82D3FA03353C9CEF108B584", "^[0-9A-F]{40}$",
			      .hex = HEX_UPPER, .max = 40,
			      .hint = "40 hex digits in upper case without spaces: the whole fingerprint"},
	[TEXT_URL] = {"a URL", "https://download.qemu.org/qemu-10.2.3.tar.xz", "^(https?:|file:///|git:|debian:).",
		      .check = check_url,
		      .hint = "for example https://HOST/FILE, git:https://HOST/REPOSITORY#COMMIT or "
			      "debian:pool/main/h/hello/FILE"},
	[TEXT_HTTPS_URL] = {"an https: or file: URL", "https://download.qemu.org/qemu-10.2.3.tar.xz.sig",
			    "^(https://|file:///).", .check = check_https_url},
	[TEXT_SIZE] = {"a size", "2GiB", "^[0-9]+(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$", .check = check_size},
	[TEXT_DURATION] = {"a duration", "30s", "^[0-9]+(ms|s|m|h)$", .check = check_duration},
	[TEXT_PATH] = {"a relative path", "debian/patches/series", "^[^/]", .check = check_path},
	[TEXT_GUEST_PATH] = {"an absolute path", "/home/core/src", "^/.", .check = check_guest_path},
	[TEXT_HOST_PATH] = {"a path on the host", "~/src", "^[~/.]", .check = check_host_path},
	[TEXT_SOCKET] = {"a socket's path", "~/.docker/run/docker.sock", "^([~/].*\\.sock|none)$", .check = check_socket},
	[TEXT_GLOB] = {"a pattern of paths", "tests/", NULL, .check = check_glob},
	[TEXT_MODE] = {"a file mode", "\"0644\"", "^0[0-7]{3}$", .check = check_mode},
	[TEXT_PORT] = {"a port forward", "127.0.0.1:8080:80", "^(((" BYTE ")\\.){3}(" BYTE "):)?" PORT ":" PORT "$",
		       .check = check_port},
	[TEXT_VARIABLE] = {"a variable's name", "CFLAGS", "^[A-Za-z_][A-Za-z0-9_]{0,63}$", .first = LOWER UPPER "_",
			   .rest = LOWER UPPER DIGITS "_", .max = 64},
	[TEXT_USER] = {"a login name", "core", "^[a-z_][a-z0-9_-]{0,30}$", .first = LOWER "_",
		       .rest = LOWER DIGITS "_-", .max = 31, .check = check_user},
};

const struct text_rule *text_rule_of(enum text_kind kind)
{
	return &rules[kind];
}

bool text_check(enum text_kind kind, const char *text, struct str *why)
{
	const struct text_rule *rule = &rules[kind];
	if (rule->check)
		return rule->check(text, why);
	return rule->hex ? check_hex(rule, text, why) : check_word(rule, text, why);
}

char *text_pattern(enum text_kind kind)
{
	const char *pattern = rules[kind].pattern;
	const char *list = text_is_arch(kind) ? strstr(pattern, "%s") : NULL;
	AUTO(strs) names = STRS_INIT;

	if (!list)
		return pattern ? mem_strdup(pattern) : NULL;
	arch_spellings(kind == TEXT_GUEST_ARCH ? arch_is_guest : NULL, &names);
	AUTO_FREE char *joined = strs_join(&names, "|");
	return mem_printf("%.*s%s%s", (int)(list - pattern), pattern, joined, list + 2);
}
