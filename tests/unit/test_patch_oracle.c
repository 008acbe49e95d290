/*
 * Random edits, made into patches by diff and git, applied by us: the result must be the edited tree, and back again
 * the first one. GNU patch and git apply judge the same patches on shifted files. PATCH_TEST_ROUNDS sets the rounds,
 * PATCH_TEST_SEED the first seed. Tools that are missing skip their tests visibly.
 */
#include "test_patch_tree.h"

#include "sys/child.h"

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static unsigned below(uint64_t *seed, unsigned n)
{
	return (unsigned)(next_random(seed) >> 33) % n;
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);
	return text ? strtoul(text, NULL, 10) : otherwise;
}

/* Few different lines, so that hunks look alike; sometimes CR, sometimes no newline at the end. */
static void add_line(uint64_t *seed, struct str *s)
{
	static const char *const words[] = {"",    "{",       "}",       "\tint x;",    "return 0;",
					    "-- ", "+++ b/f", "--- a/f", "@@ -1 +1 @@", "a\r"};
	unsigned n = below(seed, 30);
	if (n < ARRAY_LEN(words))
		str_addf(s, "%s\n", words[n]);
	else
		str_addf(s, "line %u\n", below(seed, 500));
}

static void random_text(uint64_t *seed, unsigned lines, struct str *s)
{
	for (unsigned i = 0; i < lines; i++)
		add_line(seed, s);
	if (s->len && below(seed, 5) == 0)
		s->data[--s->len] = '\0';
}

static void random_bytes(uint64_t *seed, unsigned size, struct str *s)
{
	for (unsigned i = 0; i < size; i++)
		str_add_char(s, (char)(below(seed, 4) ? below(seed, 256) : 0));
}

/* @from with some lines dropped, changed and added. */
static void edit_text(uint64_t *seed, const char *from, size_t size, struct str *to)
{
	const char *end = from + size;
	for (const char *p = from; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) + 1 : (size_t)(end - p);
		unsigned choice = below(seed, 40);
		if (choice == 0 || choice == 1)
			add_line(seed, to);
		if (choice != 0 && choice != 2)
			str_add_mem(to, p, n);
		p += n;
	}
	if (to->len && to->data[to->len - 1] != '\n' && below(seed, 2))
		str_add_char(to, '\n');
}

static char *read_all(const char *dir, const char *path, size_t *ret_size)
{
	char *data = NULL;
	AUTO_FREE char *full = path_join(dir, path);
	assert_ok(file_read(full, 1 << 24, &data, ret_size));
	return data;
}

static void first_tree(uint64_t *seed, const char *dir, bool git)
{
	unsigned files = 1 + below(seed, 5);
	for (unsigned i = 0; i < files; i++) {
		AUTO(str) body = STR_INIT;
		AUTO_FREE char *path =
			mem_printf("%s%s%u", i % 2 ? "d/" : "", git && i == 2 ? "b l\t\303\244" : "f", i);
		if (git && below(seed, 4) == 0)
			random_bytes(seed, below(seed, 3000), &body);
		else
			random_text(seed, below(seed, 120) + !git, &body); /* diff -N says nothing of an empty file */
		tree_put(dir, git && below(seed, 4) == 0 ? 'x' : 'f', path, str_text(&body), body.len);
	}
	if (git && below(seed, 3) == 0)
		tree_put(dir, 'l', "link", "d/f1", 4);
}

static void edit_file(uint64_t *seed, const char *dir, const char *path, bool git)
{
	AUTO_FREE char *full = path_join(dir, path);
	AUTO_FREE char *moved = mem_printf("%s/moved/%s", dir, path_base(path));
	AUTO_FREE char *moved_dir = path_join(dir, "moved");
	struct stat st;
	size_t size = 0;
	assert_int_equal(lstat(full, &st), 0);
	unsigned choice = below(seed, 10);
	if (choice == 0) {
		assert_int_equal(unlink(full), 0);
		return;
	}
	if (S_ISLNK(st.st_mode)) {
		assert_int_equal(unlink(full), 0);
		assert_int_equal(symlink(choice < 5 ? "d" : "f0", full), 0);
		return;
	}
	AUTO_FREE char *data = read_all(dir, path, &size);
	AUTO(str) body = STR_INIT;
	if (choice < 8)
		edit_text(seed, data, size, &body);
	else
		str_add_mem(&body, data, size);
	mode_t mode = git && choice % 4 == 3 ? st.st_mode ^ 0111 : st.st_mode;
	file_put(full, str_text(&body), body.len, mode & 0777);
	if (git && choice % 3 == 1) {
		assert_ok(dir_make(moved_dir, 0755));
		assert_int_equal(rename(full, moved), 0);
	}
}

static void second_tree(uint64_t *seed, const char *first, const char *dir, bool git)
{
	tree_copy(first, dir);
	static const char *const names[] = {"f0",
					    "d/f1",
					    "f2",
					    ("b l\t\303\244"
					     "2"),
					    "d/f3",
					    "f4",
					    "link"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *full = path_join(dir, names[i]);
		struct stat st;
		if (lstat(full, &st) == 0 && below(seed, 4))
			edit_file(seed, dir, names[i], git);
	}
	if (below(seed, 3) == 0) {
		AUTO(str) body = STR_INIT;
		random_text(seed, 1 + below(seed, 20), &body);
		tree_put(dir, 'f', "new/f", str_text(&body), body.len);
	}
}

static void run_git(const char *dir, const char *work_tree, const char *const *args, struct str *out)
{
	AUTO(strs) argv = STRS_INIT;
	int status = 0;
	strs_add(&argv, "git");
	strs_add(&argv, "--git-dir=repo");
	strs_addf(&argv, "--work-tree=%s", work_tree);
	strs_add_all(&argv, args);
	struct child_spec spec = {.argv = (const char *const *)argv.items, .cwd = dir};
	assert_ok(child_status(&spec, 1 << 24, out, &status));
	assert_int_equal(status, 0);
}

/* Renames, copies, modes, links and binary bytes: from one index to the next. */
static void make_git_patch(const char *dir, const char *width, struct str *out)
{
	AUTO(str) quiet = STR_INIT;
	AUTO(str) tree = STR_INIT;
	run_git(dir, "a", (const char *const[]){"init", "-q", NULL}, &quiet);
	run_git(dir, "a", (const char *const[]){"add", "-A", NULL}, &quiet);
	run_git(dir, "a", (const char *const[]){"write-tree", NULL}, &tree);
	tree.data[--tree.len] = '\0';
	run_git(dir, "b", (const char *const[]){"add", "-A", NULL}, &quiet);
	run_git(dir, "b", (const char *const[]){"diff", "--cached", "--binary", "-M", "-C", width, tree.data, NULL},
		out);
}

/* The patch from @dir/a to @dir/b. */
static void make_patch(const char *dir, bool git, unsigned context, struct str *out)
{
	AUTO_FREE char *width = mem_printf("-U%u", context);
	const char *const by_diff[] = {"diff", "-ruNa", width, "a", "b", NULL};
	struct child_spec spec = {.argv = by_diff, .cwd = dir};
	int status = 0;
	if (git) {
		make_git_patch(dir, width, out);
		return;
	}
	assert_ok(child_status(&spec, 1 << 24, out, &status));
	assert_in_range(status, 0, 1);
}

static void fail_round(const char *what, uint64_t seed, const struct str *patch, struct err *take_e)
{
	AUTO_FREE char *text = mem_strdup(take_e->message);
	const char *detail = take_e->detail;
	print_error("seed %llu, %s: %s\n%s\npatch:\n%s\n", (unsigned long long)seed, what, text, detail ? detail : "",
		    str_text(patch));
	err_free(take_e);
	fail();
}

static void compare(const char *what, uint64_t seed, const char *tree, const char *wanted, const struct str *patch)
{
	AUTO(str) found = tree_dump_files(tree);
	AUTO(str) expected = tree_dump_files(wanted);
	if (!tree_same(&found, &expected))
		fail_round(what, seed, patch, err_new(ERR_CORRUPT, "other trees"));
}

static void one_round(uint64_t seed, bool git)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *a = path_join(dir, "a");
	AUTO_FREE char *b = path_join(dir, "b");
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO(str) patch = STR_INIT;
	for (int i = 0; i < 20; i++)
		next_random(&state);
	assert_ok(dir_make(a, 0755));
	first_tree(&state, a, git);
	second_tree(&state, a, b, git);
	make_patch(dir, git, 1 + below(&state, 4), &patch);
	tree_copy(a, tree);
	struct patch_report r = PATCH_REPORT_INIT;
	struct patch_input input = {.name = "random", .text = str_text(&patch), .size = patch.len, .strip = 1};
	struct err *e = patch_series_apply(tree, &input, 1, NULL, &r);
	if (e)
		fail_round("forward", seed, &patch, e);
	compare("forward", seed, tree, b, &patch);
	assert_int_equal(r.offset_count, 0);
	input.reverse = true;
	e = patch_series_apply(tree, &input, 1, NULL, &r);
	if (e)
		fail_round("back", seed, &patch, e);
	compare("back", seed, tree, a, &patch);
	patch_report_done(&r);
	assert_ok(tree_remove(dir));
}

static void rounds(bool git)
{
	unsigned long count = setting("PATCH_TEST_ROUNDS", 6), first = setting("PATCH_TEST_SEED", 1);
	for (unsigned long i = 0; i < count; i++)
		one_round(first + i, git);
}

static void test_git(void **state)
{
	(void)state;
	need_program("git");
	rounds(/* git= */ true);
}

static void test_diff(void **state)
{
	(void)state;
	need_program("diff");
	rounds(/* git= */ false);
}

/* What a judge makes of @patch on @dir/judged; *ret_fits whether it accepted. */
static char *judge(const char *dir, bool git, bool *ret_fits)
{
	const char *const by_git[] = {"git", "apply", "-p1", "../patch", NULL};
	const char *const by_patch[] = {"patch", "-p1",      "-F0", "-s", "-f", "-g0", "--no-backup-if-mismatch",
					"-i",    "../patch", NULL};
	AUTO_FREE char *tree = path_join(dir, git ? "git" : "gnu");
	struct child_spec spec = {.argv = git ? by_git : by_patch, .cwd = tree};
	AUTO(str) out = STR_INIT;
	int status = 0;
	assert_ok(child_status(&spec, 1 << 20, &out, &status));
	*ret_fits = status == 0;
	size_t size = 0;
	return status == 0 ? read_all(tree, "f", &size) : NULL;
}

/* One file, a patch for it, and the file shifted by lines put before and between: same verdict, same bytes. */
static void shifted_round(uint64_t seed, unsigned *ret_agreed, unsigned *ret_stricter)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 7;
	AUTO_FREE char *dir = test_dir();
	AUTO(str) before = STR_INIT;
	AUTO(str) after = STR_INIT;
	AUTO(str) shifted = STR_INIT;
	AUTO(str) patch = STR_INIT;
	random_text(&state, 40 + below(&state, 60), &before);
	edit_text(&state, before.data, before.len, &after);
	unsigned shift = below(&state, 12);
	for (unsigned i = 0; i < shift; i++)
		add_line(&state, &shifted);
	str_add_mem(&shifted, before.data, before.len);
	tree_put(dir, 'f', "a/f", before.data, before.len);
	tree_put(dir, 'f', "b/f", str_text(&after), after.len);
	make_patch(dir, /* git= */ false, 3, &patch);
	tree_put(dir, 'f', "patch", str_text(&patch), patch.len);
	static const char *const trees[] = {"ours/f", "gnu/f", "git/f"};
	for (size_t i = 0; i < ARRAY_LEN(trees); i++)
		tree_put(dir, 'f', trees[i], shifted.data, shifted.len);
	AUTO_FREE char *ours_dir = path_join(dir, "ours");
	struct patch_report r = PATCH_REPORT_INIT;
	struct err *e = apply_text(ours_dir, str_text(&patch), 1, &r);
	bool gnu_fits = false, git_fits = false;
	AUTO_FREE char *gnu = judge(dir, false, &gnu_fits);
	AUTO_FREE char *git = judge(dir, true, &git_fits);
	size_t size = 0;
	AUTO_FREE char *ours = read_all(ours_dir, "f", &size);
	if (e) {
		/* Refused: two places equally near, or the judges do not like it either. */
		AUTO_FREE char *text = mem_strdup(e->message);
		bool twice = strstr(text, "equally near") != NULL;
		if (!twice && gnu_fits && git_fits)
			fail_round("refused what both judges take", seed, &patch, TAKE(e));
		*ret_stricter += 1;
	} else if ((gnu_fits && strcmp(gnu, ours) == 0) || (git_fits && strcmp(git, ours) == 0)) {
		*ret_agreed += 1;
	} else {
		fail_round("neither judge has our result", seed, &patch,
			   err_detail(err_new(ERR_CORRUPT, "gnu %d git %d", gnu_fits, git_fits), TAKE(ours)));
	}
	err_free(e);
	patch_report_done(&r);
	assert_ok(tree_remove(dir));
}

static void test_judges(void **state)
{
	(void)state;
	unsigned agreed = 0, stricter = 0;
	need_program("git");
	need_program("patch");
	need_program("diff");
	unsigned long count = setting("PATCH_TEST_ROUNDS", 6), first = setting("PATCH_TEST_SEED", 1);
	for (unsigned long i = 0; i < count; i++)
		shifted_round(first + i, &agreed, &stricter);
	if (getenv("PATCH_TEST_ROUNDS"))
		print_message("%lu rounds: %u like the judges, %u refused\n", count, agreed, stricter);
}

/* Random damage to a real patch: no crash, and never a half applied tree. */
static void test_noise(void **state)
{
	(void)state;
	need_program("git");
	uint64_t seed = setting("PATCH_TEST_SEED", 1) * 0x9e3779b97f4a7c15u;
	unsigned long count = setting("PATCH_TEST_ROUNDS", 6) * 20;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *a = path_join(dir, "a");
	AUTO_FREE char *b = path_join(dir, "b");
	AUTO(str) patch = STR_INIT;
	assert_ok(dir_make(a, 0755));
	first_tree(&seed, a, true);
	second_tree(&seed, a, b, true);
	make_patch(dir, true, 3, &patch);
	struct patch_options check = {.check_only = true};
	for (unsigned long i = 0; i < count; i++) {
		AUTO_FREE char *text = mem_alloc(patch.len + 1);
		memcpy(text, str_text(&patch), patch.len);
		for (unsigned k = 1 + below(&seed, 6); k > 0 && patch.len; k--)
			text[below(&seed, (unsigned)patch.len)] = "\n +-@\\\"\r/.a0"[below(&seed, 13)];
		struct patch_report r = PATCH_REPORT_INIT;
		struct patch_input input = {
			.name = "noise", .text = text, .size = patch.len, .strip = (int)below(&seed, 3)};
		input.reverse = below(&seed, 2);
		err_free(patch_series_apply(a, &input, 1, &check, &r));
		patch_report_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_judges),
		cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
