#include "fetch_server.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "net/fetch_env.h"
#include "net/gitrepo.h"

static struct err *get_sizeless(const char *fault, int64_t max)
{
	AUTO_FREE char *url = mem_printf("/%s/%d/sizeless", fault, SIZE);
	return get_with((struct fetch_request){.url = url, .sha256 = right, .size = -1, .max_size = max}, fault, NULL);
}

static void good(void **state)
{
	(void)state;
	struct counter c = {.sink = {count_event}};
	AUTO_FREE char *url = mem_printf("/ok/%d", SIZE);
	assert_ok(get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "ok", &c.sink));
	assert_got("ok");
	assert_true(c.progress >= 1 && c.progress < 50);
	assert_int_equal(c.done, SIZE);
	assert_int_equal(c.total, SIZE);
	assert_int_equal(server_asked(&server, "/ok/", NULL), 1);
	/* It is there: nobody is asked. */
	assert_ok(get("ok"));
	assert_int_equal(server_asked(&server, "/ok/", NULL), 1);
	assert_ok(get("chunked"));
	assert_got("chunked");
	assert_ok(get("there"));
	assert_got("there");
	str_done(&c.notes);
}

static void sha512_too(void **state)
{
	(void)state;
	unsigned char *body = server_body(1000);
	char hex[DIGEST_HEX_MAX];
	struct digest *d = digest_new(DIGEST_SHA512);
	digest_add(d, body, 1000);
	digest_hex(d, hex);
	assert_ok(get_with((struct fetch_request){.url = "/ok/1000/512", .sha512 = hex, .size = -1}, "s512", NULL));
	hex[3] = hex[3] == 'a' ? 'b' : 'a';
	assert_fails(get_with((struct fetch_request){.url = "/ok/1000/512", .sha512 = hex, .size = -1}, "s512x", NULL),
		     ERR_CORRUPT, "expected sha512");
	digest_free(d);
	free(body);
}

static void replaces_what_differs(void **state)
{
	(void)state;
	AUTO_FREE char *path = path_of("replaced");
	assert_ok(file_write(path, "old", 3, 0644));
	AUTO_FREE char *url = mem_printf("/ok/%d/replace", SIZE);
	assert_ok(get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "replaced", NULL));
	assert_got("replaced");
	char none[SHA256_HEX];
	digest_bytes("", 0, none);
	assert_ok(get_with((struct fetch_request){.url = "/ok/0/empty", .size = 0, .sha256 = none}, "empty", NULL));
	AUTO_FREE char *empty = path_of("empty");
	assert_int_equal(size_of(empty), 0);
}

static void wrong_bytes(void **state)
{
	(void)state;
	AUTO_FREE char *wanted = mem_printf("expected sha256 %s, found ", right);
	assert_fails(get("wrongdigest"), ERR_CORRUPT, wanted);
	assert_nothing("wrongdigest");
	assert_int_equal(server_asked(&server, "/wrongdigest/", NULL), 1);
	assert_fails(get("encoded"), ERR_CORRUPT, "Content-Encoding: gzip");
	assert_nothing("encoded");
	assert_fails(get("wronglength"), ERR_CORRUPT, "600010 bytes instead of 600000");
	assert_nothing("wronglength");
	assert_fails(get("long"), ERR_CORRUPT, "more than the expected 600000 bytes");
	assert_nothing("long");
	assert_fails(get_sizeless("endless", 1 << 20), ERR_CORRUPT, "more than the expected 1048576 bytes");
	assert_nothing("endless");
	assert_fails(get("unasked"), ERR_NET, "was not asked for");
	assert_nothing("unasked");
}

static void redirects(void **state)
{
	(void)state;
	assert_fails(get("loop"), ERR_NET, "more than 10 redirects");
	assert_int_equal(server_asked(&server, "/loop/", NULL), 11);
	assert_fails(get("tofile"), ERR_NET, "a redirect to 'file:///etc/hostname' was refused");
	assert_fails(get("toftp"), ERR_NET, "a redirect to 'ftp://127.0.0.1/x' was refused");
	assert_nothing("tofile");
	/* The page that comes with a redirect may be longer than the file. */
	char three[SHA256_HEX];
	server_digest(3, three);
	assert_ok(get_with((struct fetch_request){.url = "/there/3", .sha256 = three, .size = 3}, "three", NULL));
}

static void statuses(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		enum err_kind kind;
		const char *part;
		size_t requests;
	} cases[] = {
		{"/status/404", ERR_NET, "does not have it (HTTP 404)", 1},
		{"/status/410", ERR_NET, "cooper.lock", 1},
		{"/status/403", ERR_NET, "HTTP 403", 1},
		{"/status/503", ERR_NET, "HTTP 503", 5},
		{"/status/204", ERR_NET, "HTTP 204", 1},
		{"/garbage/10", ERR_NET, "cannot fetch", 1},
		{"/headers_endless/10", ERR_NET, "header has no end", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_fails(
			get_with((struct fetch_request){.url = cases[i].url, .sha256 = right, .size = 10}, "st", NULL),
			cases[i].kind, cases[i].part);
		assert_int_equal(server_asked(&server, cases[i].url, NULL), cases[i].requests);
		assert_nothing("st");
	}
}

static void mirrors(void **state)
{
	(void)state;
	AUTO_FREE char *good_url = mem_printf("%s/ok/%d/mirror", server.base, SIZE);
	AUTO_FREE char *bad_url = mem_printf("%s/wrongdigest/%d/mirror", server.base, SIZE);
	const char *both[] = {bad_url, good_url, NULL};
	const char *bad[] = {bad_url, NULL};
	struct fetch_request r = {.url = "/status/404/mirror", .mirrors = both, .sha256 = right, .size = SIZE};
	assert_ok(get_with(r, "mirrored", NULL));
	assert_got("mirrored");
	r.mirrors = bad;
	struct err *e = get_with(r, "mirrored2", NULL);
	assert_non_null(e);
	assert_non_null(strstr(e->detail, "wrongdigest"));
	assert_fails(e, ERR_NET, "HTTP 404");
	assert_nothing("mirrored2");
}

static void local_files(void **state)
{
	(void)state;
	unsigned char *body = server_body(SIZE);
	AUTO_FREE char *source = path_of("a source");
	AUTO_FREE char *url = mem_printf("file://%s/a%%20source", dir);
	AUTO_FREE char *none = mem_printf("file://%s/none", dir);
	AUTO_FREE char *part = path_of("copied.part");
	AUTO_FREE char *note = path_of("copied.part.json");
	assert_ok(file_write(source, body, SIZE, 0600));
	assert_ok(file_write(part, body, 1000, 0600));
	static const char text[] = "{\"url\":\"http://x\",\"total\":600000}";
	assert_ok(file_write(note, text, strlen(text), 0600));
	assert_ok(get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "copied", NULL));
	assert_got("copied");
	assert_fails(get_with((struct fetch_request){.url = none, .sha256 = right, .size = SIZE}, "none", NULL),
		     ERR_ABSENT, "does not exist");
	assert_fails(get_with((struct fetch_request){.url = url, .sha256 = right, .size = 10}, "none", NULL),
		     ERR_CORRUPT, "600000 bytes instead of 10");
	assert_fails(get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE + 1}, "none", NULL),
		     ERR_CORRUPT, "600000 bytes instead of 600001");
	free(body);
}

/* What would be waited for, or never end, is not opened; a folder is not an empty file. */
static void what_is_no_file(void **state)
{
	(void)state;
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	AUTO_FREE char *pipe = path_of("pipe");
	AUTO_FREE char *of_pipe = mem_printf("file://%s/pipe", dir);
	AUTO_FREE char *of_dir = mem_printf("file://%s", dir);
	const char *mirrors[] = {NULL, NULL};
	unsigned char *body = server_body(SIZE);
	AUTO_FREE char *source = path_of("beside");
	AUTO_FREE char *of_source = mem_printf("file://%s/beside", dir);
	assert_ok(file_write(source, body, SIZE, 0600));
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_fails(get_with((struct fetch_request){.url = of_pipe, .sha256 = right, .size = -1}, "none", NULL),
		     ERR_USAGE, "is a pipe or a device where a file is needed");
	assert_fails(
		get_with((struct fetch_request){.url = "file:///dev/zero", .sha256 = right, .size = -1}, "none", NULL),
		ERR_USAGE, "'/dev/zero' is a pipe or a device");
	assert_fails(get_with((struct fetch_request){.url = of_dir, .sha256 = empty, .size = -1}, "none", NULL),
		     ERR_USAGE, "is a folder where a file is needed");
	assert_fails(
		get_with((struct fetch_request){.url = "file://host/x", .sha256 = right, .size = -1}, "none", NULL),
		ERR_USAGE, "names no file of this host");
	assert_nothing("none");
	mirrors[0] = of_source;
	assert_ok(get_with((struct fetch_request){.url = of_pipe, .mirrors = mirrors, .sha256 = right, .size = SIZE},
			   "beside2", NULL));
	assert_got("beside2");
	free(body);
}

/* Its name can be known before: what is there must be ours alone. */
static void parts_of_others(void **state)
{
	(void)state;
	unsigned char *body = server_body(SIZE);
	AUTO_FREE char *source = path_of("whole");
	AUTO_FREE char *url = mem_printf("file://%s", source);
	AUTO_FREE char *part = path_of("taken.part");
	AUTO_FREE char *other = path_of("other");
	const struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE};
	assert_ok(file_write(source, body, SIZE, 0600));
	free(body);
	assert_ok(file_write(other, "precious", 8, 0600));
	assert_int_equal(link(other, part), 0);
	assert_fails(get_with(r, "taken", NULL), ERR_USAGE, "exists already");
	assert_int_equal(size_of(other), 8);
	assert_ok(file_remove(part));
	assert_int_equal(symlink(other, part), 0);
	assert_fails(get_with(r, "taken", NULL), ERR_OS, "taken.part");
	assert_int_equal(size_of(other), 8);
	assert_ok(file_remove(part));
	assert_int_equal(mkfifo(part, 0600), 0);
	alarm(60);
	assert_fails(get_with(r, "taken", NULL), ERR_USAGE, "exists already");
	alarm(0);
	assert_ok(file_remove(part));
	if (geteuid() == 0) {
		assert_ok(file_write(part, "", 0, 0666));
		assert_int_equal(chown(part, 12345, 12345), 0);
		assert_fails(get_with(r, "taken", NULL), ERR_USAGE, "exists already");
		assert_ok(file_remove(part));
	}
	assert_ok(get_with(r, "taken", NULL));
	assert_got("taken");
}

static void through_a_proxy(void **state)
{
	(void)state;
	static char proxy[64], secure[64];
	snprintf(proxy, sizeof(proxy), "http_proxy=%s", server.base);
	snprintf(secure, sizeof(secure), "https_proxy=%s", server.base);
	putenv(proxy);
	putenv(secure);
	AUTO_FREE char *url = mem_printf("http://files.invalid/ok/%d/proxied", SIZE);
	struct err *e = get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "proxied", NULL);
	struct err *refused =
		get_with((struct fetch_request){.url = "https://files.invalid/x", .sha256 = right, .size = SIZE},
			 "refused", NULL);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	assert_ok(e);
	assert_got("proxied");
	assert_int_equal(server_asked(&server, "GET http://files.invalid/ok/", NULL), 1);
	assert_fails(refused, ERR_NET, "https://files.invalid: it answered HTTP 403");
}

static void logins_stay(void **state)
{
	(void)state;
	struct fetch_server other = {.pid = 0};
	static char netrc[256];
	AUTO_FREE char *path = path_of("netrc");
	static const char text[] = "default login me password secret\n";
	assert_ok(file_write(path, text, strlen(text), 0600));
	snprintf(netrc, sizeof(netrc), "NETRC=%s", path);
	putenv(netrc);
	server_start(&other, NULL, NULL);
	AUTO_FREE char *url = mem_printf("/elsewhere/%d/%lld/http", SIZE, (long long)other.port);
	AUTO_FREE char *first = NULL, *second = NULL;
	struct err *e = get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "login", NULL);
	unsetenv("NETRC");
	assert_ok(e);
	assert_got("login");
	assert_int_equal(server_asked(&server, "/elsewhere/", &first), 1);
	assert_non_null(strstr(first, "Basic_"));
	assert_int_equal(server_asked(&other, "/elsewhere", &second), 1);
	assert_null(strstr(second, "Basic_"));
	server_stop(&other);
}

/* The account's home, for libcurl, which links against this program. */
int getpwuid_r(uid_t uid UNUSED, struct passwd *entry, char *buffer UNUSED, size_t size UNUSED, struct passwd **found)
{
	static char name[] = "me";
	*entry = (struct passwd){.pw_name = name, .pw_dir = dir};
	*found = entry;
	return 0;
}

/* ~/.netrc is HOME's: without one, nothing is looked for in the account's, which nobody has looked at. */
static void logins_without_a_home(void **state)
{
	(void)state;
	static const char text[] = "default login me password secret\n";
	AUTO_FREE char *home = mem_strdup(getenv("HOME"));
	AUTO_FREE char *path = path_of(".netrc");
	AUTO_FREE char *url = mem_printf("%s/ok/%d/no-home", server.base, SIZE);
	AUTO_FREE char *asked = NULL;
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE, .allow_http = true};
	assert_ok(file_write(path, text, strlen(text), 0600));
	unsetenv("HOME");
	struct err *e = get_with(r, "no-home", NULL);
	setenv("HOME", home, 1);
	assert_ok(file_remove(path));
	assert_ok(e);
	assert_int_equal(server_asked(&server, "no-home", &asked), 1);
	assert_null(strstr(asked, "Basic_"));
}

/* Reading any of them would wait for somebody who writes to the pipe. */
static void files_of_the_environment_are_files(void **state)
{
	(void)state;
	static const char *const variables[] = {"NETRC", "HOME", "COOPER_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	AUTO_FREE char *folder = path_of("home");
	AUTO_FREE char *fifo = path_join(folder, ".netrc");
	AUTO_FREE char *home = mem_strdup(getenv("HOME"));
	AUTO_FREE char *url = mem_printf("%s/ok/%d/environment", server.base, SIZE);
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE, .allow_http = true};
	assert_ok(dir_make(folder, 0755));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		setenv(variables[i], streq(variables[i], "HOME") ? folder : fifo, 1);
		struct err *e = get_with(r, "environment", NULL);
		struct err *of_git = gitrepo_tag("https://127.0.0.1:1/x.git", "v1", (char[GITREPO_ID]){""});
		unsetenv(variables[i]);
		setenv("HOME", home, 1);
		assert_fails(e, ERR_USAGE, "is a pipe or a device where a file is needed");
		assert_fails(of_git, ERR_USAGE, "is a pipe or a device where a file is needed");
	}
	setenv("NETRC", "/dev/null", 1);
	struct err *e = get_with(r, "environment", NULL);
	unsetenv("NETRC");
	assert_ok(e);
	setenv("HOME", "/dev/null", 1); /* which has no file of logins */
	e = get_with(r, "environment", NULL);
	setenv("HOME", home, 1);
	assert_ok(e);
}

/* What cannot be meant is not taken for what is usual. */
static void numbers_of_the_environment_are_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value;
	} odd[] = {{"COOPER_STALL_SECONDS", "0"},    {"COOPER_STALL_SECONDS", "30s"}, {"COOPER_STALL_SECONDS", "3601"},
		   {"COOPER_STALL_SECONDS", "-1"}, {"COOPER_BACKOFF_MS", "fast"}};
	AUTO_FREE char *url = mem_printf("%s/ok/%d/environment", server.base, SIZE);
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE, .allow_http = true};
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		AUTO_FREE char *words = mem_printf("%s is '%s'", odd[i].name, odd[i].value);
		AUTO_FREE char *was = mem_strdup(getenv(odd[i].name) ? getenv(odd[i].name) : "");
		setenv(odd[i].name, odd[i].value, 1);
		struct err *e = get_with(r, "environment", NULL);
		struct err *of_git = gitrepo_tag("https://127.0.0.1:1/x.git", "v1", (char[GITREPO_ID]){""});
		setenv(odd[i].name, was, 1);
		assert_fails(e, ERR_USAGE, words);
		assert_fails(of_git, ERR_USAGE, words);
	}
}

static void offline(void **state)
{
	(void)state;
	static char yes[] = "COOPER_OFFLINE=1";
	static char mirror[512];
	AUTO_FREE char *by_digest = mem_printf("%s/mirror/sha256/%.2s", dir, right);
	AUTO_FREE char *object = mem_printf("%s/%s", by_digest, right);
	AUTO_FREE char *url = mem_printf("%s/ok/%d/offline", server.base, SIZE);
	unsigned char *body = server_body(SIZE);
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE, .allow_http = true};
	assert_ok(dir_make(by_digest, 0755));
	assert_ok(file_write(object, body, SIZE, 0644));
	free(body);
	putenv(yes);
	struct err *e = get_with(r, "offline", NULL);
	snprintf(mirror, sizeof(mirror), "COOPER_MIRROR=file://%s/mirror/", dir);
	putenv(mirror);
	struct err *with_mirror = get_with(r, "offline2", NULL);
	bool held = !fetch_out_of_reach(&r);
	struct fetch_request other = r;
	other.sha256 = "ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	bool not_held = fetch_out_of_reach(&other);
	struct err *without = get_with(other, "offline3", NULL);
	unsetenv("COOPER_OFFLINE");
	assert_true(held && not_held && !fetch_out_of_reach(&other));
	assert_non_null(strstr(without->detail, other.sha256)); /* the mirror has not got it: missing, by digest */
	assert_fails(without, ERR_NET, "offline: 1 file is missing from the store");
	unsetenv("COOPER_MIRROR");
	assert_non_null(e);
	assert_non_null(strstr(e->detail, right));
	assert_fails(e, ERR_NET, "offline: 1 file is missing from the store");
	assert_nothing("offline");
	assert_ok(with_mirror);
	assert_got("offline2");
	assert_int_equal(server_asked(&server, "/offline", NULL), 0);
}

static void mirror_by_digest(void **state)
{
	(void)state;
	static char mirror[256];
	AUTO_FREE char *url = mem_printf("/ok/%d/after-mirror", SIZE);
	snprintf(mirror, sizeof(mirror), "COOPER_MIRROR=%s/status/404", server.base);
	putenv(mirror);
	struct err *e = get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "bydigest", NULL);
	unsetenv("COOPER_MIRROR");
	assert_ok(e);
	assert_got("bydigest");
	AUTO_FREE char *asked = mem_printf("/status/404/sha256/%.2s/%s", right, right);
	assert_int_equal(server_asked(&server, asked, NULL), 1);
	assert_int_equal(server_asked(&server, "/after-mirror", NULL), 1);
}

static void refuses(void **state)
{
	(void)state;
	struct fetch_request r = {.url = "ftp://x/y", .sha256 = right, .size = -1};
	assert_fails(get_with(r, "r", NULL), ERR_USAGE, "cannot be fetched");
	r = (struct fetch_request){.url = "/ok/1", .size = -1};
	assert_fails(get_with(r, "r", NULL), ERR_USAGE, "no digest is known");
	r = (struct fetch_request){.url = "/ok/1", .size = -1, .unverified = true};
	assert_fails(get_with(r, "r", NULL), ERR_USAGE, "no digest protects it");
	r = (struct fetch_request){.url = "/ok/1", .sha256 = "ABC", .size = -1};
	assert_fails(get_with(r, "r", NULL), ERR_USAGE, "is not a digest");
	r = (struct fetch_request){.url = "http://127.0.0.1:1/x?token=secret", .sha256 = right, .size = -1};
	struct err *e = get_with(r, "r", NULL);
	AUTO_FREE char *text = mem_strdup(e->message);
	assert_null(strstr(text, "secret"));
	assert_fails(e, ERR_NET, "no connection to http://127.0.0.1:1");
	r = (struct fetch_request){.url = "http://user:secret@nowhere.invalid/x", .sha256 = right, .size = -1};
	e = get_with(r, "r", NULL);
	AUTO_FREE char *text2 = mem_strdup(e->message);
	assert_null(strstr(text2, "secret"));
	assert_fails(e, ERR_NET, "cannot be found");
	assert_nothing("r");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(sha512_too),
		cmocka_unit_test(replaces_what_differs),
		cmocka_unit_test(wrong_bytes),
		cmocka_unit_test(redirects),
		cmocka_unit_test(statuses),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(local_files),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(through_a_proxy),
		cmocka_unit_test(parts_of_others),
		cmocka_unit_test(logins_stay),
		cmocka_unit_test(logins_without_a_home),
		cmocka_unit_test(files_of_the_environment_are_files),
		cmocka_unit_test(numbers_of_the_environment_are_numbers),
		cmocka_unit_test(offline),
		cmocka_unit_test(mirror_by_digest),
		cmocka_unit_test(refuses),
	};
	return RUN_WITH_SERVER(tests);
}
