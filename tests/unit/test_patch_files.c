/* Patch files as files: their lines brought up to date, the words around them, and what a receipt says of them. */
#include "test_patch_tree.h"

#include "build/build.h"
#include "patch/patch_header.h"
#include "recipe/load.h"
#include "sys/child.h"
#include "tree/tree_digest.h"

#define MAIL                                                                                                           \
	"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A B <a@b>\n"                    \
	"Subject: [PATCH v2 1/9] Fix it\n\nBecause.\n---\n f | 2 +-\n\n"
#define DIFF "diff --git a/f b/f\nindex 1234567..89abcde 100644\n--- a/f\n+++ b/f\n"

static void refresh(const char *tree, const char *text, struct str *out)
{
	struct patch_input input = {.name = "t.patch", .text = text, .size = strlen(text), .strip = 1};
	struct patch_options o = {.check_only = true, .places = true};
	AUTO(patch_report) r = PATCH_REPORT_INIT;
	assert_ok(patch_series_apply(tree, &input, 1, &o, &r));
	patch_refresh(&input, 0, &r, out);
}

/* Numbers change, nothing else: not the words, not a count that is left out, not CRLF, not the signature. */
static void test_refresh(void **state)
{
	(void)state;
	AUTO_FREE char *tree = test_dir();
	AUTO_FREE char *body = numbered(1, 60);
	AUTO(str) moved = STR_INIT;
	AUTO(str) same = STR_INIT;
	AUTO(str) crlf = STR_INIT;
	tree_put(tree, 'f', "f", body, strlen(body));
	refresh(tree,
		MAIL DIFF "@@ -2,2 +2,3 @@ words\n line 5\n+new\n line 6\n@@ -33 +34 @@\n-line 40\n+forty\n"
			  "@@ -50,0 +52 @@\n+at 50\n-- \n2.30\n",
		&moved);
	assert_string_equal(str_text(&moved),
			    MAIL DIFF "@@ -5,2 +5,3 @@ words\n line 5\n+new\n line 6\n@@ -40 +41 @@\n-line 40\n+forty\n"
				      "@@ -57,0 +59 @@\n+at 50\n-- \n2.30\n");
	refresh(tree, str_text(&moved), &same);
	assert_string_equal(str_text(&same), str_text(&moved));
	refresh(tree, "--- a/f\r\n+++ b/f\r\n@@ -1 +1 @@ x\r\n-line 7\r\n+seven\r\n", &crlf);
	assert_string_equal(str_text(&crlf), "--- a/f\r\n+++ b/f\r\n@@ -7 +7 @@ x\r\n-line 7\r\n+seven\r\n");
}

static void check_header(const char *text, size_t head, const char *tail, const char *author, const char *subject,
			 const char *body)
{
	struct patch_header h;
	struct patch_input input = {.name = "n.patch", .text = text, .size = strlen(text), .strip = 1};
	assert_ok(patch_header_read(&input, &h));
	assert_int_equal(h.head, head);
	assert_string_equal(text + h.tail, tail);
	if (author)
		assert_string_equal(h.author, author);
	else
		assert_null(h.author);
	assert_string_equal(h.subject, subject);
	assert_string_equal(h.body, body);
	patch_header_done(&h);
}

static void test_header(void **state)
{
	(void)state;
	check_header(MAIL DIFF "@@ -1 +1 @@\n-1\n+2\n\\ No newline at end of file\n-- \n2.30\n", strlen(MAIL),
		     "-- \n2.30\n", "A B <a@b>", "Fix it",
		     "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n\nBecause.\n---\n f | 2 "
		     "+-\n");
	check_header("Description: one\n two\nAuthor: nobody\n\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n", 38, "", NULL,
		     "one", " two\n");
	check_header(DIFF "@@ -1 +1 @@\n-1\n+2\nmore words\n", 0, "more words\n", NULL, "n.patch", "");
	check_header("x\ndiff --git a/f b/f\nold mode 100644\nnew mode 100755\n-- \n2\n", 2, "-- \n2\n", NULL, "x",
		     "x\n");
	check_header("", 0, "", NULL, "n.patch", "");
	/* A byte order mark, before words and before a section that is its header alone. */
	check_header("\357\273\277Subject: y\n\n" DIFF "@@ -1 +1 @@\n-1\n+2\n", 15, "", NULL, "y", "");
	check_header("\357\273\277"
		     "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n-- \n",
		     0, "-- \n", NULL, "n.patch", "");
}

/* A patch for an empty file, and a name that no file system takes: refused before anything is written. */
static void test_refused(void **state)
{
	(void)state;
	AUTO_FREE char *tree = test_dir();
	AUTO_FREE char *name = mem_alloc(300);
	memset(name, 'n', 256);
	AUTO_FREE char *text = mem_printf("--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+x\n", name);
	struct patch_report r = PATCH_REPORT_INIT;
	tree_put(tree, 'f', "f", "1\n", 2);
	assert_fails(apply_text(tree,
				"diff --git a/f b/f\nindex e69de29..89abcde 100644\n--- a/f\n+++ b/f\n@@ -0,0 +1 "
				"@@\n+x\n",
				1, &r),
		     ERR_CORRUPT, "'f' is not empty, the patch was made for an empty file");
	assert_fails(apply_text(tree, text, 1, &r), ERR_CORRUPT,
		     "a name of 256 bytes is longer than file systems take");
	patch_report_done(&r);
}

static void run(const char *const *argv, const char *cwd)
{
	struct child_spec spec = {.argv = argv, .cwd = cwd};
	assert_ok(child_run(&spec));
}

/*
 * The source tree of a recipe below @dir, from its archive s.tar.gz; @more: lines after the source's digest.
 * *ret_tree: the digest of what is on disk; *ret_receipt: to be freed. Both on success only.
 */
static struct err *build_tree(const char *dir, const char *more, char ret_tree[SHA256_HEX], struct json **ret_receipt)
{
	AUTO_FREE char *root = path_join(dir, "home");
	AUTO_FREE char *archive = path_join(dir, "s.tar.gz");
	AUTO_FREE char *path = path_join(dir, "recipes/r.yaml");
	char hex[SHA256_HEX];
	assert_ok(digest_file(archive, hex, NULL));
	AUTO_FREE char *yaml = mem_printf(
		"kind: build\nname: r\nversion: \"1\"\nlicense: MIT\nsource:\n  - url: file://%s\n    sha256: %s\n%s"
		"build: [[\"true\"]]\ninstall: [[\"true\"]]\n",
		archive, hex, more);
	assert_ok(file_write(path, yaml, strlen(yaml), 0644));
	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};
	struct recipe *r = NULL;
	struct lock *lock = NULL;
	struct home home;
	struct source_files files = {.items = NULL};
	home_at(root, &home);
	assert_ok(home_make(&home));
	assert_ok(recipe_load(path, &target, NULL, &r));
	assert_ok(lock_open("/nonexistent", &lock));
	assert_ok(source_list(r->sources, r->source_count, ARCH_X86_64, lock, &files));
	assert_ok(source_fetch(&home, &files, "fetch", NULL));
	AUTO_JSON *inputs = js_object();
	assert_ok(build_source_inputs(r, inputs));
	struct build_job job = {.home = &home,
				.recipe = r,
				.files = &files,
				.source_key = "k",
				.source_inputs = inputs,
				.source_step = "s"};
	struct err *e = build_source(&job, NULL);
	if (!e) {
		AUTO_FREE char *src = path_join(home.build, "r/src");
		assert_ok(tree_digest_path(src, ret_tree));
		assert_ok(build_source_receipt(&job, ret_receipt));
	}
	source_files_done(&files);
	lock_free(lock);
	recipe_free(r);
	home_done(&home);
	return e;
}

/* The receipt of a patched tree: every patch by digest, the tree by digest, how it went. */
static void test_receipt(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_JSON *receipt = NULL;
	char hex[SHA256_HEX], tree[SHA256_HEX];
	static const char patch[] = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-2\n+two\n";
	tree_put(dir, 'f', "s-1/f", "1\n2\n3\n", 6);
	tree_put(dir, 'f', "patches/p.patch", patch, sizeof(patch) - 1);
	tree_put(dir, 'f', "recipes/r.yaml", "", 0);
	run((const char *const[]){"tar", "czf", "s.tar.gz", "s-1", NULL}, dir);
	assert_ok(build_tree(dir, "patches:\n  - file: p.patch\n    why: test\n    upstream: none\n", tree, &receipt));
	assert_non_null(receipt);
	const struct json *first = js_at(js_get(receipt, "patches"), 0);
	digest_bytes(patch, sizeof(patch) - 1, hex);
	assert_string_equal(js_get_text(first, "name"), "p.patch");
	assert_string_equal(js_get_text(first, "sha256"), hex);
	assert_int_equal(js_get_int(receipt, "moved", 0), 1);
	assert_string_equal(js_get_text(receipt, "tree"), tree);
}

/* More than 200 times its archive's size, which a recipe can allow: the hint says how. */
static void test_limits(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *zeros = path_join(dir, "s-1/zeros");
	AUTO_JSON *receipt = NULL;
	char tree[SHA256_HEX];
	tree_put(dir, 'f', "s-1/zeros", "", 0);
	tree_put(dir, 'f', "recipes/r.yaml", "", 0);
	assert_int_equal(truncate(zeros, 66 << 20), 0);
	run((const char *const[]){"tar", "czf", "s.tar.gz", "s-1", NULL}, dir);
	assert_fails(build_tree(dir, "", tree, &receipt), ERR_CORRUPT, "add 'limits: { ratio: 400 }' to the source");
	assert_fails(build_tree(dir, "    limits: { ratio: 2000, entries: 1 }\n", tree, &receipt), ERR_CORRUPT,
		     "too many entries");
	assert_fails(build_tree(dir, "    limits: { ratio: 2000, file: 65MiB }\n", tree, &receipt), ERR_CORRUPT,
		     "one file is too large");
	assert_ok(build_tree(dir, "    limits: { ratio: 2000 }\n", tree, &receipt));
	assert_int_equal(size_of(zeros), 66 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refresh), cmocka_unit_test(test_header), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_receipt), cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
