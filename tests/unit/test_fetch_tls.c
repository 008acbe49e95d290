#include "fetch_server.h"

#include <stdio.h>

#define CURVE "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"

static char bundle[512];

static void openssl(const char *const *argv)
{
	struct child_spec spec = {.argv = argv, .cwd = dir, .deadline_ms = 20000};
	assert_ok(child_run(&spec));
}

static void make_certificate(const char *name, const char *address, const char *days)
{
	AUTO_FREE char *extension = mem_printf("subjectAltName=%s\n", address);
	AUTO_FREE char *path = path_of("extension");
	assert_ok(file_write(path, extension, strlen(extension), 0600));
	openssl((const char *const[]){"openssl", "x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
				      "-CAcreateserial", "-days", days, "-extfile", "extension", "-out", name, NULL});
}

static void make_authority(const char *key, const char *cert)
{
	openssl((const char *const[]){"openssl", "req", "-x509", "-newkey", "ec", CURVE, "-keyout", key, "-out", cert,
				      "-subj", "/CN=test authority", "-days", "2", NULL});
}

static int make_files(void **state)
{
	fetch_set_up(state);
	make_authority("ca.key", "ca.pem");
	openssl((const char *const[]){"openssl", "req", "-newkey", "ec", CURVE, "-keyout", "s.key", "-out", "s.csr",
				      "-subj", "/CN=server", NULL});
	make_certificate("good.pem", "IP:127.0.0.1", "2");
	/* over at once; OpenSSL 3.5 makes none that ends before it begins */
	make_certificate("old.pem", "IP:127.0.0.1", "0");
	make_certificate("other.pem", "DNS:other.invalid", "2");
	make_authority("ca2.key", "ca2.pem");
	unsetenv("SSL_CERT_DIR");
	return 0;
}

static void trust(const char *name)
{
	snprintf(bundle, sizeof(bundle), "COOPER_CA_BUNDLE=%s/%s", dir, name);
	putenv(bundle);
}

static void secure_start_late(struct fetch_server *s, const char *name, const char *resets)
{
	AUTO_FREE char *cert = path_of(name);
	AUTO_FREE char *key = path_of("s.key");
	server_start_late(s, cert, key, resets);
}

static void secure_start(struct fetch_server *s, const char *name)
{
	secure_start_late(s, name, NULL);
}

static struct err *get_from(const struct fetch_server *s, const char *path)
{
	AUTO_FREE char *url = mem_printf("%s%s", s->base, path);
	return get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "tls", NULL);
}

static void trusted(void **state)
{
	(void)state;
	struct fetch_server s;
	AUTO_FREE char *target = path_of("tls");
	AUTO_FREE char *away = mem_printf("/elsewhere/%d/%lld/http", SIZE, (long long)server.port);
	secure_start(&s, "good.pem");
	trust("ca.pem");
	assert_ok(get_from(&s, "/ok/600000"));
	assert_got("tls");
	assert_ok(file_remove(target));
	/* From https to http: refused, and the other server never hears of it. */
	assert_fails(get_from(&s, away), ERR_NET, "a redirect from https to 'http://127.0.0.1");
	assert_int_equal(server_asked(&server, "/elsewhere", NULL), 0);
	assert_nothing("tls");
	/* From http to https is fine. */
	AUTO_FREE char *up = mem_printf("/elsewhere/%d/%lld/https", SIZE, (long long)s.port);
	assert_ok(get_with((struct fetch_request){.url = up, .sha256 = right, .size = SIZE}, "tls", NULL));
	assert_ok(file_remove(target));
	trust("ca2.pem");
	assert_fails(get_from(&s, "/ok/600000/b"), ERR_NET, "signed by an unknown authority");
	assert_fails(get_from(&s, "/ok/600000/b"), ERR_NET, "SSL_CERT_FILE");
	trust("none.pem");
	assert_fails(get_from(&s, "/ok/600000/c"), ERR_NET, "correct or unset COOPER_CA_BUNDLE");
	assert_int_equal(server_asked(&s, "/b ", NULL), 0);
	server_stop(&s);
}

static void not_trusted(void **state)
{
	(void)state;
	struct fetch_server s;
	trust("ca.pem");
	secure_start(&s, "old.pem");
	assert_fails(get_from(&s, "/ok/600000"), ERR_NET, "has expired");
	server_stop(&s);
	secure_start(&s, "other.pem");
	assert_fails(get_from(&s, "/ok/600000"), ERR_NET, "is for another name");
	server_stop(&s);
	assert_nothing("tls");
}

static void reset_in_the_handshake(void **state)
{
	(void)state;
	struct fetch_server s;
	AUTO_FREE char *target = path_of("tls");
	trust("ca.pem");
	secure_start_late(&s, "good.pem", "2");
	assert_ok(get_from(&s, "/ok/600000"));
	assert_got("tls");
	assert_ok(file_remove(target));
	server_stop(&s);
	secure_start_late(&s, "good.pem", "99");
	assert_fails(get_from(&s, "/ok/600000"), ERR_NET, "the connection to https://127.0.0.1");
	server_stop(&s);
	/* What follows a reset is judged as ever. */
	secure_start_late(&s, "old.pem", "1");
	assert_fails(get_from(&s, "/ok/600000"), ERR_NET, "has expired");
	server_stop(&s);
	assert_nothing("tls");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted),
		cmocka_unit_test(not_trusted),
		cmocka_unit_test(reset_in_the_handshake),
	};
	AUTO_FREE char *program = child_find("openssl");
	if (!program)
		print_message("SKIPPED: no openssl, so no certificates\n");
	return program && has_python() ? cmocka_run_group_tests(tests, make_files, fetch_tear_down) : 0;
}
