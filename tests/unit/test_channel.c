#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/path.h"
#include "source/channel.h"
#include "sys/file.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define REAL "../shared/data/fedora-coreos-stable.json"

/* A document with one disk: aarch64, qemu, qcow2.xz. */
#define DOCUMENT(release, disk)                                                                                        \
	"{\"stream\":\"stable\",\"architectures\":{\"aarch64\":{\"artifacts\":{\"qemu\":{\"release\":" release         \
	",\"formats\":{\"qcow2.xz\":{\"disk\":" disk "}}},\"metal\":{}},\"images\":{}}}}"
#define DISK(url, sha, inner, sig)                                                                                     \
	"{\"location\":\"" url "\",\"sha256\":\"" sha "\",\"uncompressed-sha256\":\"" inner "\",\"signature\":\"" sig  \
	"\"}"
#define GOOD DISK("https://x.test/a/f.qcow2.xz", A64, B64, "https://x.test/a/f.qcow2.xz.sig")

static struct err *find(const char *text, const char *arch, const char *artifact, const char *format)
{
	struct channel_disk d;
	AUTO_JSON *document = NULL;
	TRY(js_parse(text, strlen(text), "test", &document));
	return channel_find(document, arch, artifact, format, &d);
}

static void test_found(void **state)
{
	(void)state;
	static const char text[] = DOCUMENT("\"44.1\"", GOOD);
	struct channel_disk d;
	AUTO_JSON *document = NULL;
	assert_ok(js_parse(text, strlen(text), "test", &document));
	assert_ok(channel_find(document, "aarch64", "qemu", "qcow2.xz", &d));
	assert_string_equal(d.release, "44.1");
	assert_string_equal(d.location, "https://x.test/a/f.qcow2.xz");
	assert_string_equal(d.sha256, A64);
	assert_string_equal(d.uncompressed_sha256, B64);
	assert_string_equal(d.signature, "https://x.test/a/f.qcow2.xz.sig");
	assert_string_equal(channel_artifact("qcow2.xz"), "qemu");
	assert_string_equal(channel_artifact("raw.gz"), "applehv");
}

static void test_absent(void **state)
{
	(void)state;
	static const char text[] = DOCUMENT("\"44.1\"", GOOD);
	assert_fails(find(text, "aarch46", "qemu", "qcow2.xz"), ERR_ABSENT, "did you mean 'aarch64'?");
	assert_fails(find(text, "s390x", "qemu", "qcow2.xz"), ERR_ABSENT, "it has aarch64");
	assert_fails(find(text, "aarch64", "qemo", "qcow2.xz"), ERR_ABSENT, "did you mean 'qemu'? it has qemu, metal");
	assert_fails(find(text, "aarch64", "qemu", "qcow2.gz"), ERR_ABSENT, "did you mean 'qcow2.xz'?");
	assert_fails(find(text, "aarch64", "metal", "raw.xz"), ERR_ABSENT, "it has none");
	assert_fails(find("{}", "aarch64", "qemu", "qcow2.xz"), ERR_ABSENT, "URL is a stream document");
	assert_fails(find("[1]", "aarch64", "qemu", "qcow2.xz"), ERR_ABSENT, "no architecture 'aarch64'");
	assert_fails(find("{\"architectures\":{\"a\\u001b[1m\":{}}}", "b", "qemu", "qcow2.xz"), ERR_ABSENT,
		     "a\\x1b[1m");
}

static void test_damaged(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{DOCUMENT("null", GOOD), "release"},
		{DOCUMENT("\"../44\"", GOOD), "release"},
		{DOCUMENT("\"44.1\"", "{}"), "location"},
		{DOCUMENT("\"44.1\"", DISK("http://x.test/f.xz", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("http://127.0.0.1@x.test/f.xz", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("http://127.0.0.1.x.test/f", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("file:///etc/passwd", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("https://x.test/..", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("https://x.test/", A64, B64, "https://x.test/s")), "location"},
		{DOCUMENT("\"44.1\"", DISK("https://x.test/f", "AA", B64, "https://x.test/s")), "sha256"},
		{DOCUMENT("\"44.1\"", DISK("https://x.test/f", A64, "", "https://x.test/s")), "uncompressed-sha256"},
		{DOCUMENT("\"44.1\"", DISK("https://x.test/f", A64, B64, "ftp://x.test/s")), "signature"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_fails(find(cases[i].text, "aarch64", "qemu", "qcow2.xz"), ERR_CORRUPT, cases[i].part);
	assert_ok(find(DOCUMENT("\"44.1\"", DISK("http://127.0.0.1:80/f.xz", A64, B64, "http://localhost/s")),
		       "aarch64", "qemu", "qcow2.xz"));
}

/* The lock's entry takes the recipe's place, but not without what the recipe asks for. */
static void test_apply(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "cooper.lock");
	struct source source = {.url = "https://x.test/old.qcow2.xz",
				.sha256 = B64,
				.uncompressed_sha256 = B64,
				.size = 7,
				.signature_url = "https://x.test/old.sig",
				.signature_keys = {.items = (char *[]){"F"}, .count = 1}};
	struct recipe r = {.name = "fedora-coreos",
			   .version = "1",
			   .sources = &source,
			   .source_count = 1,
			   .image = {.channel = "https://x.test/streams/stable.json", .format = "qcow2.xz"}};
	struct lock_file file = {.name = "f.qcow2.xz",
				 .url = "https://x.test/f.qcow2.xz",
				 .sha256 = A64,
				 .size = -1,
				 .uncompressed_sha256 = A64};
	AUTO_FREE char *reference = channel_reference(&r, ARCH_AARCH64);
	struct lock_entry entry = {.reference = reference, .version = "44.1", .files = &file, .file_count = 1};
	struct lock *lock = NULL;
	r.arena = arena_new();
	assert_string_equal(reference, "channel:fedora-coreos:stable:aarch64:qcow2.xz");
	assert_ok(lock_open(path, &lock));
	assert_ok(channel_apply(&r, ARCH_AARCH64, lock));
	assert_string_equal(r.version, "1");
	assert_ok(lock_put(lock, &entry));
	assert_fails(channel_apply(&r, ARCH_AARCH64, lock), ERR_CORRUPT, "has no signature");
	assert_string_equal(source.url, "https://x.test/old.qcow2.xz");
	file.signature = "https://x.test/f.qcow2.xz.sig";
	assert_ok(lock_put(lock, &entry));
	lock_free(lock);
	assert_ok(lock_open(path, &lock));
	assert_ok(channel_apply(&r, ARCH_AARCH64, lock));
	assert_string_equal(r.version, "44.1");
	assert_string_equal(source.url, "https://x.test/f.qcow2.xz");
	assert_string_equal(source.sha256, A64);
	assert_string_equal(source.uncompressed_sha256, A64);
	assert_string_equal(source.signature_url, "https://x.test/f.qcow2.xz.sig");
	assert_true(strs_has(&source.signature_keys, "F"));
	assert_int_equal(source.size, -1);
	lock_free(lock);
	arena_free(r.arena);
}

static void test_real(void **state)
{
	(void)state;
	struct channel_disk d;
	AUTO_JSON *document = NULL;
	if (!is_file(REAL)) {
		printf("SKIP: %s is not here\n", REAL);
		skip();
	}
	assert_ok(js_read(REAL, &document));
	assert_ok(channel_find(document, "aarch64", "qemu", "qcow2.xz", &d));
	assert_string_equal(d.release, "44.20260707.3.1");
	assert_string_equal(d.sha256, "2877b34cc4572f2e3f3027ad056f7bd89f5069a540f3a6a8785108f695297883");
	assert_ok(channel_find(document, "aarch64", "applehv", "raw.gz", &d));
	assert_string_equal(d.uncompressed_sha256, "445d97cbda5ebd956ef649fbabab9a4732c91382ecc017ef01fbfe7b1483c001");
	assert_ok(channel_find(document, "x86_64", "qemu", "qcow2.xz", &d));
	assert_fails(channel_find(document, "x86_64", "applehv", "qcow2.xz", &d), ERR_ABSENT, "it has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_absent), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_apply), cmocka_unit_test(test_real),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
