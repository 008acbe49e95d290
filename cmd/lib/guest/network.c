#include "guest/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>


#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define END_OF_TEXT "COOPER_END_OF_TEXT"
#define NEVER "localhost,127.0.0.1,::1" /* no proxy is asked for these */

void guest_network_done(struct guest_network *n)
{
	strs_done(&n->proxy);
	strs_done(&n->certificates);
}

/* ---- proxies */

/* The host in a proxy's URL, which may have no scheme and a login before it. */
static const char *host_of(const char *url, size_t *ret_length)
{
	const char *scheme = strstr(url, "://");
	const char *rest = scheme ? scheme + strlen("://") : url;
	const char *end = rest + strcspn(rest, "/");

	for (const char *p = rest; p < end; p++)
		if (*p == '@')
			rest = p + 1;
	*ret_length = *rest == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":/");
	if (rest + *ret_length > end)
		*ret_length = (size_t)(end - rest);
	return rest;
}

static bool is_loopback_name(const char *host)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"};
	size_t length = strlen(host);
	AUTO_FREE char *plain = mem_strndup(host, length && host[length - 1] == '.' ? length - 1 : length);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(plain, names[i]) == 0)
			return true;
	size_t n = strlen(plain);
	return n > strlen(".localhost") && strcasecmp(plain + n - strlen(".localhost"), ".localhost") == 0;
}

/* An address in any of its spellings, or a name of it. That of all addresses leads to this host, too. */
static bool is_loopback(const char *text, size_t length)
{
	bool brackets = *text == '[' && length > 2;
	AUTO_FREE char *host = brackets ? mem_strndup(text + 1, length - 2) : mem_strndup(text, length);
	struct in6_addr six;
	struct in_addr four;

	if (brackets && inet_pton(AF_INET6, host, &six) == 1) {
		if (!IN6_IS_ADDR_V4MAPPED(&six))
			return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six);
		return six.s6_addr[12] == 127 || six.s6_addr[12] == 0;
	}
	if (inet_aton(host, &four)) {
		uint32_t first = ntohl(four.s_addr) >> 24;
		return first == 127 || first == 0;
	}
	return is_loopback_name(host);
}

/* Such texts mean themselves in a shell, in systemd's files and in those of pam_env. */
static bool is_plain(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._~:/?@!+,=%[]*", *p))
			return false;
	return *value != '\0';
}

static void add_setting(struct guest_network *n, const char *name, const char *value)
{
	AUTO_FREE char *capitals = mem_strdup(name);

	for (char *p = capitals; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	strs_addf(&n->proxy, "%s=%s", name, value);
	strs_addf(&n->proxy, "%s=%s", capitals, value);
}

/* Blanks separate as commas do. */
static void add_exceptions(struct guest_network *n, const char *name, const char *value, struct strs *warnings)
{
	AUTO(strs) parts = STRS_INIT;
	AUTO(strs) kept = STRS_INIT;

	strs_split(&parts, value, ", \t\r\n");
	for (size_t i = 0; i < parts.count; i++) {
		if (is_plain(parts.items[i]))
			strs_add(&kept, parts.items[i]);
		else if (*parts.items[i])
			strs_addf(warnings, "%s: entry %zu is no name of a host: the machine does not get it", name, i + 1);
	}
	strs_add(&kept, NEVER);
	AUTO_FREE char *list = strs_join(&kept, ",");
	add_setting(n, name, list);
}

/* A host, which may be an address, and no '%' but before two digits. */
static bool is_url(const char *value, const char *host, size_t length)
{
	if (!is_plain(value) || length == 0 || !(isalnum((unsigned char)*host) || *host == '['))
		return false;
	for (const char *p = strchr(value, '%'); p; p = strchr(p + 1, '%'))
		if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
			return false;
	return true;
}

void guest_network_add_proxy(struct guest_network *n, const char *name, const char *value, const char *loopback,
			     struct strs *warnings)
{
	size_t length = 0;

	if (streq(name, "no_proxy")) {
		add_exceptions(n, name, value, warnings);
		return;
	}
	const char *host = host_of(value, &length);
	if (!is_url(value, host, length)) {
		strs_addf(warnings, "%s is no URL: the machine does not get it; in a password, write other characters as %%XX",
			  name);
		return;
	}
	if (!is_loopback(host, length)) {
		add_setting(n, name, value);
		return;
	}
	if (!loopback) {
		strs_addf(warnings,
			  "%s names a proxy on this host's loopback, which the machine cannot reach: with `machine: { "
			  "host_loopback: true }` it can",
			  name);
		return;
	}
	AUTO_FREE char *moved = mem_printf("%.*s%s%s", (int)(host - value), value, loopback, host + length);
	add_setting(n, name, moved);
}

/* ---- certificates */

size_t guest_network_add_certificates(struct guest_network *n, const char *text)
{
	size_t found = 0;

	for (const char *begin = strstr(text, BEGIN); begin; begin = strstr(begin + 1, BEGIN)) {
		const char *end = strstr(begin, END);
		if (!end)
			break;
		AUTO(str) one = STR_INIT;
		for (const char *p = begin; p < end; p++)
			if (*p != '\r')
				str_add_char(&one, *p);
		str_add(&one, END "\n");
		/* between the two lines is base64, and nothing that a shell could take for its own */
		const char *body = str_text(&one) + strlen(BEGIN);
		size_t size = strspn(body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n");
		if (size == strspn(body, "\n") || !streq(body + size, END "\n"))
			continue;
		found++;
		if (!strs_has(&n->certificates, str_text(&one)))
			strs_add(&n->certificates, str_text(&one));
	}
	return found;
}

void guest_network_digest(const struct strs *texts, const char *salt, char ret_hex[SHA256_HEX])
{
	AUTO_FREE char *joined = strs_join(texts, "\n");
	AUTO_FREE char *all = mem_printf("%s\n%s", salt, joined);

	ret_hex[0] = '\0';
	if (texts->count)
		digest_bytes(all, strlen(all), ret_hex);
}

/* ---- the script */

/* What reads the proxies, other than sessions: each has a file that names theirs. */
static const char *const readers[] = {"/etc/systemd/system/podman.service.d", "/etc/systemd/user/podman.service.d",
				      "/etc/systemd/system/rpm-ostreed.service.d"};

#define PROXY_FILE "/etc/cooper/proxy.env"
#define READER_FILE "50-cooper-proxy.conf"

static const char settings_begin[] = "# cooper: proxies of the host\n", settings_end[] = "# cooper: end\n";

static void put(struct str *s, const char *mode, const char *path, const char *text)
{
	str_addf(s, "put %s %s <<'" END_OF_TEXT "'\n%s" END_OF_TEXT "\n", mode, path, text);
}

static void add_proxies(struct str *s, const struct guest_network *n, const char *user)
{
	AUTO_FREE char *lines = strs_join(&n->proxy, "\n");
	AUTO_FREE char *settings = mem_printf("%s\n", lines);
	AUTO_FREE char *environment = mem_printf("%s%s%s", settings_begin, settings, settings_end);

	put(s, "0640", PROXY_FILE, settings);
	str_addf(s, "chgrp %s " PROXY_FILE "\n", user);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		AUTO_FREE char *path = mem_printf("%s/" READER_FILE, readers[i]);
		put(s, "0644", path, "[Service]\nEnvironmentFile=-" PROXY_FILE "\n");
	}
	put(s, "0440", "/etc/sudoers.d/50-cooper-proxy",
	    "Defaults env_keep += \"http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY\"\n");
	put(s, "0600", "/etc/cooper/environment", environment);
}

static void drop_proxies(struct str *s)
{
	str_add(s, "rm -f " PROXY_FILE " /etc/sudoers.d/50-cooper-proxy /etc/cooper/environment");
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		str_addf(s, " %s/" READER_FILE, readers[i]);
	str_add_char(s, '\n');
}

/* The user's and the system's own lines in /etc/environment stay; pam_env(8) reads it as root. */
static void add_environment(struct str *s)
{
	str_addf(s,
		 "touch /etc/environment\n"
		 "sed '/^%.*s$/,/^%.*s$/d' /etc/environment >/etc/environment.cooper\n"
		 "if [ -e /etc/cooper/environment ]; then\n"
		 "\tcat /etc/cooper/environment >>/etc/environment.cooper\n"
		 "\tchmod 0600 /etc/environment.cooper\n"
		 "else\n"
		 "\tchmod 0644 /etc/environment.cooper\n"
		 "fi\n"
		 "mv -f /etc/environment.cooper /etc/environment\n",
		 (int)strlen(settings_begin) - 1, settings_begin, (int)strlen(settings_end) - 1, settings_end);
}

/* Those that the system has itself are not added: a bundle of the host has mostly these. One file holds one: that is all
 * that OpenSSL finds in a folder. */
static const char split[] = "/^-----BEGIN CERTIFICATE-----$/ { one = \"\"; inside = 1 }\n"
			    "inside { one = one $0 \"\\n\" }\n"
			    "/^-----END CERTIFICATE-----$/ {\n"
			    "\tinside = 0\n"
			    "\tif (!own && !(one in seen)) {\n"
			    "\t\tfile = folder \"/cooper-\" ++n \".crt\"\n"
			    "\t\tprintf \"%s\", one >file\n"
			    "\t\tclose(file)\n"
			    "\t}\n"
			    "\tseen[one] = 1\n"
			    "}\n";

#define AUTHORITIES_FILE "/etc/cooper/authorities.pem"

static void add_certificates(struct str *s, const struct guest_network *n, const struct guest_os *os)
{
	AUTO_FREE char *all = strs_join(&n->certificates, "");

	put(s, "0644", AUTHORITIES_FILE, all);
	str_addf(s,
		 "count() { find %s/ -name 'cooper-*.crt' | wc -l; }\n"
		 "mkdir -p -m 0755 %s/\n"
		 "before=$(count)\n"
		 "find %s/ -name 'cooper-*.crt' -delete\n"
		 "umask 022\n"
		 "{ cat %s 2>/dev/null || :; } | awk -v folder=%s/ '%s' own=1 - own=0 " AUTHORITIES_FILE "\n"
		 "[ $((before + $(count))) = 0 ] || %s >&2\n",
		 os->anchors, os->anchors, os->anchors, os->anchors_own, os->anchors, split, os->anchors_update);
}

char *guest_network_script(const struct guest_network *n, const struct guest_os *os, const char *user, int uid)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "umask 077\n"
		    "put() {\n"
		    "\tmkdir -p -m 0755 \"${2%/*}\"\n"
		    "\tcat >\"$2.new\"\n"
		    "\tchmod \"$1\" \"$2.new\"\n"
		    "\tmv -f \"$2.new\" \"$2\"\n"
		    "}\n");
	if (n->proxy.count)
		add_proxies(&s, n, user);
	else
		drop_proxies(&s);
	add_environment(&s);
	add_certificates(&s, n, os);
	/* what runs already keeps what it had: one that is asleep is started by its socket */
	str_addf(&s,
		 "sync\n"
		 "systemctl daemon-reload\n"
		 "systemctl try-restart podman.service\n"
		 "own() { sudo -n -u %s -- env XDG_RUNTIME_DIR=/run/user/%d systemctl --user \"$@\"; }\n"
		 "own daemon-reload\n"
		 "own try-restart podman.service\n",
		 user, uid);
	return str_take(&s);
}
