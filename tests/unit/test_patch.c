/* The patch engine beyond single cases: series, commits, reversal, exclusion, interruption, damage. */
#include "test_patch_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "sys/tick.h"

#define BODY "1\n2\n3\n4\n5\n6\n7\n8\n"
#define EDIT(file, from, to) "--- a/" file "\n+++ b/" file "\n@@ -3,5 +3,5 @@\n 3\n 4\n-" from "\n+" to "\n 6\n 7\n"
#define GIT(old, new) "diff --git a/" old " b/" new "\n"

static const struct entry plain_tree[] = {{'f', "f", BODY}, {'f', "d/g", BODY}, {0}};

static char *make_tree(const struct entry *entries)
{
	AUTO_FREE char *dir = test_dir();
	char *tree = path_join(dir, "tree");
	assert_ok(dir_make(tree, 0755));
	tree_make(tree, entries);
	return tree;
}

static void assert_tree(const char *tree, const struct entry *entries)
{
	AUTO_FREE char *other = test_dir();
	tree_make(other, entries);
	AUTO(str) found = tree_dump(tree);
	AUTO(str) wanted = tree_dump(other);
	if (!tree_same(&found, &wanted))
		fail_msg("tree:\n%s\ninstead of\n%s", str_text(&found), str_text(&wanted));
}

static struct patch_input input_of(const char *name, const char *text)
{
	return (struct patch_input){.name = name, .text = text, .size = strlen(text), .strip = 1};
}

/* Later patches see what earlier ones made; one that fails takes all of them back. */
static void test_series(void **state)
{
	(void)state;
	AUTO_FREE char *tree = make_tree(plain_tree);
	struct patch_input inputs[] = {
		input_of("1", EDIT("f", "5", "five")),
		input_of("2", EDIT("f", "five", "FIVE") GIT(
				      "n", "n") "new file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n"),
		input_of("3", EDIT("f", "FIVE", "5") GIT("n", "m/n") "rename from n\nrename to m/n\n"),
		input_of("4", EDIT("d/g", "nonsense", "x")),
	};
	struct patch_report r = PATCH_REPORT_INIT;
	assert_fails(patch_series_apply(tree, inputs, 4, NULL, &r), ERR_CORRUPT,
		     "patch '4', line 3: hunk 1 does not apply to 'd/g'");
	assert_int_equal(r.patches, 3);
	assert_tree(tree, plain_tree);
	patch_report_done(&r);
	struct patch_options check = {.check_only = true};
	assert_ok(patch_series_apply(tree, inputs, 3, &check, &r));
	assert_int_equal(r.files, 1);
	assert_tree(tree, plain_tree);
	patch_report_done(&r);
	assert_ok(patch_series_apply(tree, inputs, 3, NULL, &r));
	assert_int_equal(r.patches, 3);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.created, 1);
	static const struct entry after[] = {{'f', "f", BODY}, {'f', "d/g", BODY}, {'f', "m/n", "n\n"}, {0}};
	assert_tree(tree, after);
	patch_report_done(&r);
	struct patch_options back = {.reverse = true};
	assert_ok(patch_series_apply(tree, inputs, 3, &back, &r));
	assert_tree(tree, plain_tree);
	assert_fails(patch_series_apply(tree, inputs, 1, &back, &r), ERR_CORRUPT, "nothing to revert");
	patch_report_done(&r);
}

static void test_partly_upstream(void **state)
{
	(void)state;
	AUTO_FREE char *tree = make_tree(plain_tree);
	struct patch_input inputs[] = {input_of("1", EDIT("f", "5", "five")),
				       input_of("2", EDIT("f", "5", "five") EDIT("d/g", "5", "five"))};
	struct patch_report r = PATCH_REPORT_INIT;
	assert_fails(patch_series_apply(tree, inputs, 2, NULL, &r), ERR_CORRUPT,
		     "1 of 2 files of patch '2' already have");
	patch_report_done(&r);
}

/* Within one commit, names mean what they were before it, whatever the order of the sections. */
static void test_one_commit(void **state)
{
	(void)state;
	static const struct entry before[] = {{'f', "a", BODY}, {'f', "b", "B\n"}, {0}};
	AUTO_FREE char *tree = make_tree(before);
	struct patch_report r = PATCH_REPORT_INIT;
	assert_ok(apply_text(tree,
			     GIT("a", "b") "similarity index 100%\nrename from a\nrename to b\n" GIT(
				     "b", "a") "similarity index 100%\nrename from b\nrename to a\n",
			     1, &r));
	static const struct entry swapped[] = {{'f', "b", BODY}, {'f', "a", "B\n"}, {0}};
	assert_tree(tree, swapped);
	static const char copy[] = "diff --git a/b b/b\n" EDIT("b", "5", "five")
		GIT("b", "c") "similarity index 100%\ncopy from b\ncopy to c\n";
	assert_ok(apply_text(tree, copy, 1, &r));
	static const struct entry copied[] = {
		{'f', "b", "1\n2\n3\n4\nfive\n6\n7\n8\n"}, {'f', "a", "B\n"}, {'f', "c", BODY}, {0}};
	assert_tree(tree, copied);
	struct patch_input back = input_of("copy", copy);
	back.reverse = true;
	assert_ok(patch_series_apply(tree, &back, 1, NULL, &r));
	assert_tree(tree, swapped);
	patch_report_done(&r);
}

static void test_kind_changes(void **state)
{
	(void)state;
	static const struct entry before[] = {{'l', "a", "f"}, {'f', "f", "x\n"}, {0}};
	AUTO_FREE char *tree = make_tree(before);
	struct patch_report r = PATCH_REPORT_INIT;
	assert_ok(apply_text(tree,
			     GIT("a", "a") "deleted file mode 120000\n--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-f\n"
					   "\\ No newline at end of file\n" GIT(
						   "a", "a") "new file mode 100644\n--- /dev/null\n+++ b/a\n"
							     "@@ -0,0 +1 @@\n+text\n",
			     1, &r));
	static const struct entry file[] = {{'f', "a", "text\n"}, {'f', "f", "x\n"}, {0}};
	assert_tree(tree, file);
	assert_ok(apply_text(
		tree,
		GIT("a", "a") "deleted file mode 100644\n--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-text\n" GIT(
			"a/b", "a/b") "new file mode 100644\n--- /dev/null\n+++ b/a/b\n@@ -0,0 +1 @@\n+text\n",
		1, &r));
	static const struct entry folder[] = {{'f', "a/b", "text\n"}, {'f', "f", "x\n"}, {0}};
	assert_tree(tree, folder);
	assert_fails(apply_text(tree, GIT("a", "a") "new file mode 100644\n", 1, &r), ERR_CORRUPT, "'a' is a folder");
	assert_fails(apply_text(tree, GIT("f/x", "f/x") "new file mode 100644\n", 1, &r), ERR_CORRUPT,
		     "'f' is a file, not a folder");
	assert_tree(tree, folder);
	patch_report_done(&r);
}

/* A file where a folder was and back, in git's order of names: what gives way comes after what takes its place. */
static void test_folder_changes(void **state)
{
	(void)state;
	static const struct entry before[] = {
		{'f', "a/b/c", "c\n"}, {'f', "a/d", "d\n"}, {'f', "f", "f\n"}, {'f', "g", BODY}, {0}};
	static const struct entry after[] = {{'f', "a", "a\n"},   {'l', "d", "f/x"},  {'f', "e", "d\n"},
					     {'f', "f/x", "f\n"}, {'f', "g/g", BODY}, {0}};
	static const char there[] = GIT("a", "a") "new file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+a\n" GIT(
		"a/b/c",
		"a/b/c") "deleted file mode 100644\n--- a/a/b/c\n+++ /dev/null\n@@ -1 +0,0 "
			 "@@\n-c\n" GIT(
				 "d",
				 "d") "new file mode 120000\n--- /dev/null\n+++ "
				      "b/d\n@@ -0,0 +1 @@\n+f/x\n\\ No newline at end "
				      "of file\n" GIT(
					      "a/d",
					      "e") "similarity index "
						   "100%\nrename from "
						   "a/d\nrename to "
						   "e\n" GIT(
							   "f",
							   "f/x") "sim"
								  "ila"
								  "rit"
								  "y "
								  "ind"
								  "ex "
								  "100"
								  "%\n"
								  "ren"
								  "ame"
								  " fr"
								  "om "
								  "f\n"
								  "ren"
								  "ame"
								  " to"
								  " f/"
								  "x"
								  "\n" GIT(
									  "g",
									  "g/g") "similarity index 100%\nrename from g\nrename to g/g\n";
	AUTO_FREE char *tree = make_tree(before);
	struct patch_report r = PATCH_REPORT_INIT;
	struct patch_input inputs[] = {input_of("there", there), input_of("back", there)};
	struct patch_options back = {.reverse = true};
	assert_ok(patch_series_apply(tree, inputs, 1, NULL, &r));
	assert_tree(tree, after);
	assert_ok(patch_series_apply(tree, inputs, 1, &back, &r));
	assert_tree(tree, before);
	inputs[1].reverse = true;
	patch_report_done(&r);
	assert_ok(patch_series_apply(tree, inputs, 2, NULL, &r));
	assert_int_equal(r.files, 0);
	assert_tree(tree, before);
	/* One file more in it than the patch takes away. */
	tree_put(tree, 'f', "a/b/more", "", 0);
	assert_fails(patch_series_apply(tree, inputs, 1, NULL, &r), ERR_CORRUPT, "'a' is a folder where a file would");
	patch_report_done(&r);
}

static void test_exclude(void **state)
{
	(void)state;
	AUTO_FREE char *tree = make_tree(plain_tree);
	AUTO(strs) exclude = STRS_INIT;
	strs_add(&exclude, "tests/");
	struct patch_input input = input_of(
		"x", GIT("tests/data/DSDT",
			 "tests/data/DSDT") "index 1234567..89abcde 100644\n"
					    "Binary files a/tests/data/DSDT and b/tests/data/DSDT differ\n" EDIT(
						    "tests/f", "5", "five") EDIT("f", "5", "five"));
	struct patch_report r = PATCH_REPORT_INIT;
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &r), ERR_CORRUPT,
		     "'tests/data/DSDT' is binary, and the patch does not hold its bytes");
	input.exclude = &exclude;
	assert_ok(patch_series_apply(tree, &input, 1, NULL, &r));
	assert_int_equal(r.skipped.count, 2);
	assert_int_equal(r.hunks_skipped, 2);
	assert_string_equal(r.skipped.items[1], "tests/f");
	patch_report_done(&r);
}

static void test_mailed(void **state)
{
	(void)state;
	static const struct entry before[] = {{'f', "f", "1\n\n3\n4\n\n"}, {0}};
	static const struct entry after[] = {{'f', "f", "1\n\n3\nfour\n\n"}, {0}};
	AUTO_FREE char *tree = make_tree(before);
	struct patch_report r = PATCH_REPORT_INIT;
	/* Blank context lines lost their leading blank; the signature must not become a deletion. */
	assert_ok(apply_text(tree, "--- a/f\n+++ b/f\n@@ -2,4 +2,4 @@\n\n 3\n-4\n+four\n\n-- \n2.39\n", 1, &r));
	assert_tree(tree, after);
	patch_report_done(&r);
}

static void test_damage(void **state)
{
	(void)state;
	static const char *const patches[][2] = {
		{"--- a/f\n+++ b/f\n", "ends inside a file's header"},
		{"--- a/f\n+++ b/f\n@@ -1 +1\n", "header is damaged"},
		{"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n+one\n", "cut short"},
		{"--- a/f\n+++ b/f\n@@ -1,1 +1,1 @@\n-1\n+one\n+two\n", "more lines than its header says"},
		{"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n 3\n-4\n", "more lines than its header says"},
		{"--- a/f\n+++ b/f\n@@ 1,1 +1,1 @@\n-1\n+one\n" EDIT("d/g", "5", "five"), "header is damaged"},
		{EDIT("f", "5", "five") "@@ 8 +8 @@\n-8\n+eight\n", "header is damaged"},
		{GIT("f", "f") "--- a/f\n+++ b/f\n@@-1,1 +1,1 @@\n-1\n+one\n", "header is damaged"},
		{"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n*one\n 2\n", "begins with '*' instead of"},
		{"@@ -1,1 +1,1 @@\n-1\n+one\n", "belongs to no file"},
		{GIT("f", "f") "index 1234567..89abcde 100644\n", "has no content"},
		{GIT("n", "n") "new file mode 100644\nindex 0000000..89abcde\n", "has no content"},
		{GIT("f", "f") "index 1234567..89abcde\nGIT binary patch\nliteral 5\nMcmZ", "cut short"},
		{GIT("f", "f") "old mode 100644\nnew mode 160000\n", "submodule"},
		{GIT("f", "f") "old mode 100644\nnew mode 060000\n", "neither a regular file"},
		{GIT("f", "f") "rename from f\n", "lacks one of its names"},
		{"--- \"a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n", "quoted name is broken"},
		{"--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-1\n+2\n", "both sides are /dev/null"},
		{"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n\\ No newline\n+one\n 2\n", "No newline"},
		{"--- /dev/null\n+++ b/.cooper-patch/0\n@@ -0,0 +1 @@\n+x\n", "cooper reserves"},
	};
	for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
		AUTO_FREE char *tree = make_tree(plain_tree);
		struct patch_report r = PATCH_REPORT_INIT;
		assert_fails(apply_text(tree, patches[i][0], 1, &r), ERR_CORRUPT, patches[i][1]);
		assert_tree(tree, plain_tree);
		patch_report_done(&r);
	}
}

/* Every prefix of a patch either is refused or applies as what it says: no crash, no half of a hunk. */
static void test_prefixes(void **state)
{
	(void)state;
	static const char patch[] = GIT("f", "f") "index 1234567..89abcde 100644\n" EDIT("f", "5", "five")
		GIT("d/g", "h") "similarity index 90%\nrename from d/g\nrename to h\n--- a/d/g\n+++ b/h\n@@ -1,4 +1,3 "
				"@@\n-1\n 2\n 3\n 4\n";
	AUTO_FREE char *tree = make_tree(plain_tree);
	struct patch_options check = {.check_only = true};
	size_t applied = 0;
	for (size_t n = 0; n < sizeof(patch); n++) {
		AUTO_FREE char *text = mem_alloc(n + 1);
		memcpy(text, patch, n);
		struct patch_report r = PATCH_REPORT_INIT;
		struct patch_input input = {.name = "p", .text = text, .size = n, .strip = 1};
		struct err *e = patch_series_apply(tree, &input, 1, &check, &r);
		applied += !e && r.files;
		err_free(e);
		patch_report_done(&r);
	}
	/* After the first file and what of the next header reads as prose; after a pure rename; whole. */
	assert_in_range(applied, 2, 24);
	assert_tree(tree, plain_tree);
}

/* A child applies the series and is killed after @delay_us. */
static void kill_after(const char *tree, const struct patch_input *inputs, size_t count, useconds_t delay_us)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct patch_report r = PATCH_REPORT_INIT;
		err_free(patch_series_apply(tree, inputs, count, NULL, &r));
		_exit(0);
	}
	usleep(delay_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

enum { KILL_FILES = 120 };

static char *kill_tree(const char *dir)
{
	char *tree = path_join(dir, "tree");
	for (int i = 0; i < KILL_FILES; i++) {
		AUTO_FREE char *folder = mem_printf("%s/d%d", tree, i % 7);
		AUTO_FREE char *full = mem_printf("%s/f%d", folder, i);
		assert_ok(dir_make(folder, 0755));
		file_put(full, BODY, strlen(BODY), 0644);
	}
	return tree;
}

/* Every file patched, and nothing else: no staging folder. */
static void assert_kill_tree(const char *dir, const char *tree)
{
	AUTO(strs) beside = STRS_INIT;
	AUTO(strs) inside = STRS_INIT;
	for (int i = 0; i < KILL_FILES; i++) {
		AUTO_FREE char *full = mem_printf("%s/d%d/f%d", tree, i % 7, i);
		AUTO_FREE char *data = NULL;
		assert_ok(file_read(full, 1 << 20, &data, NULL));
		assert_string_equal(data, "1\n2\n3\n4\nfive\n6\n7\n8\n");
	}
	assert_ok(dir_list(dir, &beside));
	assert_ok(dir_list(tree, &inside));
	assert_int_equal(beside.count, 1);
	assert_int_equal(inside.count, 7);
}

/* Kills spread over the time that one run takes; PATCH_TEST_KILLS says how many. The next run patches the whole, or
 * says that half was. */
static void test_killed(void **state)
{
	(void)state;
	AUTO(str) patch = STR_INIT;
	for (int i = 0; i < KILL_FILES; i++)
		str_addf(&patch, "--- a/d%d/f%d\n+++ b/d%d/f%d\n@@ -3,5 +3,5 @@\n 3\n 4\n-5\n+five\n 6\n 7\n", i % 7, i,
			 i % 7, i);
	struct patch_input input = input_of("many", str_text(&patch));
	const char *text = getenv("PATCH_TEST_KILLS");
	int rounds = text ? (int)strtoul(text, NULL, 10) : 8, half = 0;
	int64_t whole_ms = 0;
	for (int round = 0; round <= rounds; round++) {
		AUTO_FREE char *dir = test_dir();
		AUTO_FREE char *tree = kill_tree(dir);
		AUTO_FREE char *mark = path_join(tree, ".cooper-patch");
		struct patch_report r = PATCH_REPORT_INIT;
		int64_t start = tick_ms();
		if (round > 0)
			kill_after(tree, &input, 1, (useconds_t)(whole_ms * 1000 * round / rounds));
		struct err *e = patch_series_apply(tree, &input, 1, NULL, &r);
		if (round == 0)
			whole_ms = tick_ms() - start + 1;
		if (e && str_ends(e->message, "is half patched: a run was interrupted in it")) {
			half++;
			err_free(e);
			free(kill_tree(dir));
			assert_ok(tree_remove(mark));
			e = patch_series_apply(tree, &input, 1, NULL, &r);
		}
		/* It had come to its end before the kill. */
		if (e && e->hint && strstr(e->hint, "is upstream now"))
			e = err_free(e);
		assert_ok(e);
		patch_report_done(&r);
		assert_kill_tree(dir, tree);
	}
	if (text)
		print_message("%d kills: %d left a half patched tree\n", rounds, half);
}

/* What a run left that was stopped before it changed anything is dropped; one that was stopped later is not passed
 * over. */
static void test_stopped(void **state)
{
	(void)state;
	AUTO_FREE char *tree = make_tree(plain_tree);
	AUTO_FREE char *staged = path_join(tree, ".cooper-patch.new/1");
	AUTO_FREE char *half = path_join(tree, ".cooper-patch");
	struct patch_report r = PATCH_REPORT_INIT;
	struct patch_input input = input_of("x", EDIT("f", "five", "5"));
	struct patch_options check = {.check_only = true};
	assert_ok(dir_make(staged, 0700));
	assert_ok(apply_text(tree, EDIT("f", "5", "five"), 1, &r));
	assert_false(is_dir(staged));
	assert_ok(dir_make(half, 0700));
	assert_fails(patch_series_apply(tree, &input, 1, &check, &r), ERR_CORRUPT, "half patched");
	assert_fails(patch_series_apply(tree, &input, 1, NULL, &r), ERR_CORRUPT, "half patched");
	assert_ok(tree_remove(half));
	assert_ok(patch_series_apply(tree, &input, 1, NULL, &r));
	assert_tree(tree, plain_tree);
	patch_report_done(&r);
}

/* However the tree is called, one run keeps the other out. */
static void test_one_at_a_time(void **state)
{
	(void)state;
	AUTO_FREE char *tree = make_tree(plain_tree);
	AUTO_FREE char *again = path_join(tree, "d/..");
	AUTO_FREE char *half = path_join(tree, ".cooper-patch");
	struct patch_report r = PATCH_REPORT_INIT;
	struct patch_input input = input_of("x", EDIT("f", "five", "5"));
	struct patch_options check = {.check_only = true};
	assert_ok(apply_text(again, EDIT("f", "5", "five"), 1, &r));
	AUTO_CLOSE int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_ok(patch_series_apply(tree, &input, 1, &check, &r));
	assert_ok(dir_make(half, 0700));
	assert_fails(patch_series_apply(again, &input, 1, NULL, &r), ERR_BUSY, "another run is patching");
	assert_fails(patch_series_apply(tree, &input, 1, &check, &r), ERR_BUSY, "another run is patching");
	assert_ok(tree_remove(half));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_ok(patch_series_apply(again, &input, 1, NULL, &r));
	assert_tree(tree, plain_tree);
	patch_report_done(&r);
}

static void test_series_file(void **state)
{
	(void)state;
	static const char text[] = "# comment\n\na.patch\nsub/b.diff -p0 # why\n  c.patch -p2 -R\r\nlast";
	struct patch_series s;
	assert_ok(patch_series_parse("series", text, sizeof(text) - 1, &s));
	assert_int_equal(s.count, 4);
	assert_string_equal(s.items[1].name, "sub/b.diff");
	assert_int_equal(s.items[0].strip, 1);
	assert_int_equal(s.items[1].strip, 0);
	assert_int_equal(s.items[2].strip, 2);
	assert_true(s.items[2].reverse);
	assert_string_equal(s.items[3].name, "last");
	patch_series_done(&s);
	assert_fails(patch_series_parse("series", "a\na\n", 4, &s), ERR_CORRUPT,
		     "series 'series', line 2: 'a' is named twice");
	assert_fails(patch_series_parse("series", "../a\n", 5, &s), ERR_CORRUPT, "leads outside");
	assert_fails(patch_series_parse("series", "a -x\n", 5, &s), ERR_CORRUPT, "'-x' is not a patch option");
}

/* Many equal lines and a hunk that nearly fits everywhere: linear, not quadratic. */
static void test_repetitive(void **state)
{
	(void)state;
	AUTO_FREE char *tree = test_dir();
	AUTO(str) body = STR_INIT;
	AUTO(str) patch = STR_INIT;
	for (int i = 0; i < 100000; i++)
		str_add(&body, "x\n");
	str_add(&patch, "--- a/f\n+++ b/f\n@@ -1000,10001 +1000,10001 @@\n");
	for (int i = 0; i < 5000; i++)
		str_add(&patch, " x\n");
	str_add(&patch, "-y\n+z\n");
	for (int i = 0; i < 5000; i++)
		str_add(&patch, " x\n");
	tree_put(tree, 'f', "f", body.data, body.len);
	struct patch_report r = PATCH_REPORT_INIT;
	assert_fails(apply_text(tree, str_text(&patch), 1, &r), ERR_CORRUPT, "does not apply to 'f'");
	/* Half a million places where two names could meet. */
	str_clear(&patch);
	str_add(&patch, "diff --git a/");
	for (int i = 0; i < 500000; i++)
		str_add(&patch, "x ");
	str_add(&patch, "\nold mode 100644\nnew mode 100755\n");
	assert_fails(apply_text(tree, str_text(&patch), 1, &r), ERR_CORRUPT, "no file name in this");
	patch_report_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series),         cmocka_unit_test(test_partly_upstream),
		cmocka_unit_test(test_one_commit),     cmocka_unit_test(test_kind_changes),
		cmocka_unit_test(test_folder_changes), cmocka_unit_test(test_exclude),
		cmocka_unit_test(test_mailed),         cmocka_unit_test(test_damage),
		cmocka_unit_test(test_prefixes),       cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stopped),        cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_series_file),    cmocka_unit_test(test_repetitive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
