/*
 * Every field of the language is changed, one at a time, and a step's key with it, or a row says why not; then what
 * lies in files and what the host is.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "keys_rows.h"
#include "plan/exposure.h"
#include "plan/reasons.h"
#include "plan/stack.h"
#include "plan/stack_lock.h"
#include "recipe/schema.h"
#include "sys/file.h"

#define FIXTURES "tests/golden/keys"

static char *root;
static const char *host = "linux/amd64";

static char *fixture(const char *file)
{
	AUTO_FREE char *path = path_join(FIXTURES, file);
	char *text = NULL;
	assert_ok(file_read(path, 1 << 20, &text, NULL));
	return text;
}

static void put(const char *file, const char *text)
{
	AUTO_FREE char *path = path_join(root, file);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	FILE *f = fopen(path, "w"); /* unlike file_write() it waits for no disk */
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void copy_fixtures(const char *dir)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *from = path_join(FIXTURES, dir);
	assert_ok(dir_list(from, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *file = path_join(dir, names.items[i]);
		AUTO_FREE char *path = path_join(FIXTURES, file);
		AUTO_FREE char *text = is_dir(path) ? NULL : fixture(file);
		if (text)
			put(file, text);
		else
			copy_fixtures(file);
	}
}

static int setup(void **state UNUSED)
{
	root = test_dir();
	AUTO_FREE char *home = path_join(root, "home");
	copy_fixtures("recipes");
	copy_fixtures("vmimages");
	copy_fixtures("patches");
	assert_ok(dir_make(home, 0700));
	setenv("COOPER_RECIPES", root, 1);
	setenv("COOPER_HOME", home, 1);
	return 0;
}

static int teardown(void **state UNUSED)
{
	free(root);
	return 0;
}

/* What @reference resolved to: another reference has other bytes. */
static void resolve(struct lock *lock, const char *reference)
{
	char hex[SHA256_HEX];
	digest_bytes(reference, strlen(reference), hex);
	AUTO_FREE char *git = str_starts(reference, "git:") ? mem_printf("git:https://h/repo.git#%.40s", hex) : NULL;
	struct lock_file file = {.name = git ? "repo.git" : "hello_1_all.deb",
				 .url = git ? git : "debian:pool/hello_1_all.deb",
				 .sha256 = git ? NULL : hex,
				 .size = git ? -1 : 1};
	struct lock_entry entry = {.reference = (char *)reference, .version = "1.2-1", .files = &file, .file_count = 1};
	assert_ok(lock_put(lock, &entry));
}

/* What a run finds: a line for each step, its id and its key; the inputs of all; why they differ from @record's; and
 * what `trust` asks about. */
struct found {
	struct strs keys;
	struct strs why;
	struct strs exposures;
	struct json *inputs;
};

static void found_done(struct found *f)
{
	strs_done(&f->keys);
	strs_done(&f->why);
	strs_done(&f->exposures);
	js_free(f->inputs);
}

static struct err *find_keys(const struct json *record, struct found *f)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) references = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(project_set_host(&p, host)); /* not this one: nothing of it may matter */
	TRY(project_open(&p, "st", NULL));
	stack_unresolved(&p, &references);
	for (size_t i = 0; i < references.count; i++)
		resolve(p.lock, references.items[i]);
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	TRY(exposure_list(&p, EXPOSURE_ALL, &f->exposures));
	f->inputs = js_object();
	for (size_t i = 0; i < s.graph.count; i++) {
		struct step *step = s.graph.steps[i];
		strs_addf(&f->keys, "%s %s", step->id, step->key);
		js_set(f->inputs, step->id, js_copy(step->inputs));
		if (js_get(record, step->id))
			reasons_add(step, js_get(record, step->id));
		strs_copy(&f->why, &step->why);
	}
	return NULL;
}

static const char *key_in(const struct strs *keys, const char *id)
{
	size_t n = strlen(id);
	for (size_t i = 0; i < keys->count; i++)
		if (str_starts(keys->items[i], id) && keys->items[i][n] == ' ')
			return keys->items[i] + n + 1;
	return "none";
}

static bool all_same(const struct strs *a, const struct strs *b)
{
	AUTO_FREE char *left = strs_join(a, "\n");
	AUTO_FREE char *right = strs_join(b, "\n");
	return streq(left, right);
}

/* @text with @from, which must be there once, replaced; heap, NULL when it is not. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	if (!at || strstr(at + 1, from))
		return NULL;
	return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* The stack whose image is @file's, where that is an image. */
static void choose_image(const char *file)
{
	AUTO_FREE char *name = str_starts(file, "vmimages/") ? mem_strndup(file + 9, strcspn(file + 9, ".")) : NULL;
	AUTO_FREE char *stack = fixture(STACK);
	AUTO_FREE char *image = mem_printf("image: %s", name ? name : "img");
	AUTO_FREE char *text = replaced(stack, "image: img", image);
	put(STACK, text);
}

/* What `plan` calls a field, where that is neither its name nor the name of what it is in. */
static const struct {
	const char *field, *words;
} other_words[] = {
	{"stack.emulator", "build"},
	{"stack.emulation", "emulators"},
	{"stack.mounts", "mount"},
	{"stack.steps.write", "path"},
	{"stack.steps.write.from", "text"},
	{"image.debian.packages", "debian"},
	{"stack.machine.host_loopback", "loopback of the host"},
};

static bool is_word_of(const char *word, const struct strs *why)
{
	for (size_t i = 0; i < why->count; i++)
		if (strstr(why->items[i], word))
			return true;
	return false;
}

static bool is_named(const char *field, const struct strs *why)
{
	AUTO(strs) parts = STRS_INIT;
	strs_split(&parts, field, ".");
	for (size_t i = 0; i < ARRAY_LEN(other_words); i++)
		if (str_starts(field, other_words[i].field) && is_word_of(other_words[i].words, why))
			return true;
	return is_word_of(parts.items[parts.count - 1], why) ||
	       (parts.count > 2 && is_word_of(parts.items[parts.count - 2], why));
}

/* What has another key and is not asked about by `cooper trust`: it bears on no program, folder or port. */
static bool is_unasked(const char *field)
{
	static const char *const fields[] = {
		"stack.machine.name", "stack.machine.cpus",   "stack.machine.memory",
		"stack.machine.disk", "stack.machine.accel",  "stack.run",
		"stack.connect",      "stack.connect.podman", "stack.connect.docker", /* on, unless it says no */
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (streq(fields[i], field))
			return true;
	return false;
}

/* Another key, words that say of which field, and a question to whoever trusts the recipe. */
static char *complaint_of_key(const struct row *row, const struct found *before, const struct found *after)
{
	const char *key = key_in(&after->keys, row->what);
	if (streq(key_in(&before->keys, row->what), key))
		return mem_printf("'%s' keeps its key", row->what);
	AUTO_FREE char *words = strs_join(&after->why, "; ");
	if (getenv("COOPER_SHOW_WORDS"))
		print_message("%s: %s\n", row->field, words);
	if (all_same(&before->exposures, &after->exposures) && !is_unasked(row->field))
		return mem_strdup("who trusted the recipe before is not asked again");
	bool gone = streq(key, "none") || streq(key_in(&before->keys, row->what), "none");
	return gone || is_named(row->field, &after->why) ? NULL : mem_printf("not named in: %s", words);
}

/* What is wrong with @row when @to is put in the place of its text; heap, NULL = nothing. */
static char *complaint(const struct row *row, const char *to, const struct found *before)
{
	AUTO(found) after = {.inputs = NULL};
	AUTO_FREE char *text = fixture(row->file);
	AUTO_FREE char *changed = replaced(text, row->from, to);
	if (!changed)
		return mem_printf("'%s' is not there just once", row->from);
	put(row->file, changed);
	struct err *e = find_keys(before->inputs, &after);
	put(row->file, text);
	bool failed = e;
	AUTO_FREE char *message = e ? mem_printf("%s\n%s", e->message, e->detail ? e->detail : "") : NULL;
	err_free(e);
	if (row->expected == EXPECT_REFUSED || !row->what)
		return message && strstr(message, row->what ? row->what : "no source matches")
			       ? NULL
			       : mem_printf("not refused: %s", message ? message : "");
	if (failed)
		return mem_printf("refused: %s", message);
	if (row->expected == EXPECT_SAME)
		return all_same(&before->keys, &after.keys) ? NULL : mem_strdup("another key");
	return complaint_of_key(row, before, &after);
}

static size_t try_row(const struct row *row, const char *to)
{
	AUTO(found) before = {.inputs = NULL};
	choose_image(row->file);
	assert_ok(find_keys(NULL, &before));
	AUTO_FREE char *wrong = complaint(row, to, &before);
	if (wrong)
		print_error("%s: '%s' -> '%s': %s\n", row->field, row->from, to, wrong);
	return wrong != NULL;
}

/* The host is linux/amd64, the guest aarch64, the versions are 1 and more; a stack has none. */
static size_t try_when(const struct row *row, size_t *tried)
{
	static const char *const others[] = {"when: { os: macos }", "when: { arch: arm64 }",
					     "when: { guest_arch: amd64 }", "when: { version: \"< 0.1\" }"};
	size_t wrong = 0, count = ARRAY_LEN(others) - (str_starts(row->field, "stack.") ? 1 : 0);
	for (size_t i = 0; i < count; i++)
		wrong += try_row(row, others[i]);
	*tried += count;
	return wrong;
}

static void every_change_is_in_a_key_or_has_a_reason(void **state UNUSED)
{
	size_t wrong = 0, tried = 0, number[EXPECT_WHEN + 1] = {0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wrong += rows[i].expected == EXPECT_WHEN ? try_when(&rows[i], &tried) : try_row(&rows[i], rows[i].to);
		number[rows[i].expected]++;
	}
	print_message("%zu changes: %zu another key, %zu a reason, %zu refused, %zu by a condition\n",
		      ARRAY_LEN(rows) - number[EXPECT_WHEN] + tried, number[EXPECT_KEY], number[EXPECT_SAME],
		      number[EXPECT_REFUSED], tried);
	assert_int_equal(wrong, 0);
}

/* --- what is in files, on the host, and where all of that lies --- */

static void assert_change(const char *what, const struct found *before, const char *step)
{
	AUTO(found) after = {.inputs = NULL};
	assert_ok(find_keys(before->inputs, &after));
	if (!step && !all_same(&before->keys, &after.keys))
		fail_msg("%s: another key", what);
	if (step && streq(key_in(&before->keys, step), key_in(&after.keys, step)))
		fail_msg("%s: '%s' keeps its key", what, step);
}

static void every_file_is_in_a_key(void **state UNUSED)
{
	static const struct {
		const char *file, *text, *step; /* NULL = in none */
	} cases[] = {
		{"patches/a.patch", "other", "source:emu"},
		{"patches/b.patch", "", "source:emu"},
		{"patches/unused.patch", "x", NULL},
		{"recipes/two.txt", "more", "step:two"},
		{"recipes/mine.ign", "{\"ignition\": {\"version\": \"3.2.0\"}, \"passwd\": {}}", "generation"},
		{"recipes/keys/" FPR_A ".asc", "x", NULL}, /* the recipe has the fingerprint */
		{"vmimages/files/prepare.sh", "other", "image:deb"},
		{"vmimages/files/customize.sh", "other", "image:deb"},
		{"vmimages/files/customize.shother", "", "image:deb"}, /* from the content to the name */
		{"vmimages/files/below/new", "", "image:deb"},
		{"vmimages/files2/prepare.sh", "other", NULL}, /* no recipe names it */
	};
	choose_image(DEB);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(found) before = {.inputs = NULL};
		assert_ok(find_keys(NULL, &before));
		put(cases[i].file, cases[i].text);
		assert_change(cases[i].file, &before, cases[i].step);
	}
}

static void modes_and_links_are_in_a_key(void **state UNUSED)
{
	AUTO_FREE char *script = path_join(root, "vmimages/files/prepare.sh");
	AUTO_FREE char *link = path_join(root, "vmimages/files/link");
	AUTO_FREE char *folder = path_join(root, "vmimages/files/empty");
	AUTO(found) before = {.inputs = NULL}, linked = {.inputs = NULL}, other = {.inputs = NULL};
	choose_image(DEB);
	assert_ok(find_keys(NULL, &before));
	assert_int_equal(chmod(script, 0755), 0);
	assert_change("a program", &before, "image:deb");
	assert_int_equal(chmod(script, 0600), 0);
	assert_change("who may read it", &before, NULL); /* scripts see a copy, with modes of its own */
	assert_int_equal(symlink("one", link), 0);
	assert_change("a link", &before, "image:deb");
	assert_ok(find_keys(NULL, &linked));
	assert_ok(file_remove(link));
	assert_int_equal(symlink("two", link), 0);
	assert_change("its target", &linked, "image:deb");
	assert_ok(find_keys(NULL, &other));
	assert_ok(dir_make(folder, 0755));
	assert_change("an empty folder", &other, "image:deb");
}

#define HOST "{\"os\": \"linux\", \"arch\": \"x86_64\", \"cpus\": 8, \"memory_bytes\": 17179869184"

/* Keys on a host with these facts besides; the recipes are the same. */
static void find_on(const char *facts, struct found *ret)
{
	AUTO_FREE char *file = path_join(root, "host.json");
	AUTO_FREE char *text = mem_printf(HOST "%s}", facts);
	put("host.json", text);
	host = file;
	struct err *e = find_keys(NULL, ret);
	host = "linux/amd64";
	assert_ok(e);
}

static void what_of_the_host_is_in_a_key(void **state UNUSED)
{
	static const struct {
		const char *facts, *step;
	} cases[] = {
		{", \"compiler\": \"gcc 13.0.0 x86_64-linux-gnu\"", "build:emu"},
		{", \"shell\": \"bash\"", "build:emu"},
		{", \"sdk_version\": \"14.5\"", "build:emu"},
		{", \"python\": \"python3.13\"", NULL}, /* no script of this recipe is for it */
		{", \"distro\": \"debian\"", "image:deb"},
		{", \"boot_id\": \"1\", \"perf_cpus\": 4, \"os_version\": \"6.1\", \"chip\": \"x\"", NULL},
		{", \"kvm_present\": true", NULL},
		{", \"home\": \"/other/place\"", NULL},
	};
	AUTO(found) before = {.inputs = NULL};
	choose_image(DEB);
	find_on("", &before);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(found) after = {.inputs = NULL};
		find_on(cases[i].facts, &after);
		const char *step = cases[i].step;
		if (step ? streq(key_in(&before.keys, step), key_in(&after.keys, step))
			 : !all_same(&before.keys, &after.keys))
			fail_msg("%s: %s", cases[i].facts, step ? "the same key" : "another key");
	}
}

/* The same recipes, elsewhere, for another user: the same keys. */
static void where_things_are_is_in_no_key(void **state UNUSED)
{
	static const char *const names[] = {"HOME", "TMPDIR", "USER", "XDG_DATA_HOME", "LANG", "TZ"};
	AUTO(found) before = {.inputs = NULL};
	AUTO_FREE char *changed = root;
	setup(NULL); /* the files above were changed */
	AUTO_FREE char *old = root;
	choose_image(IMG);
	assert_ok(find_keys(NULL, &before));
	setup(NULL);
	assert_string_not_equal(root, old);
	choose_image(IMG);
	assert_change("COOPER_HOME and the recipes' folder", &before, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *was = mem_strdup(getenv(names[i]));
		setenv(names[i], root, 1);
		assert_change(names[i], &before, NULL);
		if (was)
			setenv(names[i], was, 1);
		else
			unsetenv(names[i]);
	}
	mode_t mask = umask(077);
	assert_change("the umask", &before, NULL);
	umask(mask);
}

/* --- no field without a row --- */

static void add_fields(const struct schema *schema, const char *place, struct strs *fields)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		AUTO_FREE char *field = mem_printf("%s.%s", place, schema->fields[i].name);
		strs_add(fields, field);
		if (schema->fields[i].of)
			add_fields(schema->fields[i].of, field, fields);
	}
	AUTO_FREE char *when = mem_printf("%s.when", place);
	if (schema->conditional)
		strs_add(fields, when);
}

static bool has_row(const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (streq(rows[i].field, field))
			return true;
	return false;
}

static void every_field_has_a_row(void **state UNUSED)
{
	AUTO(strs) fields = STRS_INIT;
	size_t missing = 0;
	for (size_t kind = 0; schema_kinds()[kind]; kind++)
		add_fields(schema_of((enum recipe_kind)kind), schema_kinds()[kind], &fields);
	for (size_t i = 0; i < fields.count; i++) {
		if (has_row(fields.items[i]))
			continue;
		print_error("%s: no row in tests/unit/keys_rows.h says what a change of it does\n", fields.items[i]);
		missing++;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strs_has(&fields, rows[i].field))
			continue;
		print_error("%s: there is no such field\n", rows[i].field);
		missing++;
	}
	assert_int_equal(schema_when()->field_count, 4); /* those of try_when() */
	print_message("%zu fields, %zu rows\n", fields.count, ARRAY_LEN(rows));
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_a_row),
		cmocka_unit_test(every_change_is_in_a_key_or_has_a_reason),
		cmocka_unit_test(every_file_is_in_a_key),
		cmocka_unit_test(modes_and_links_are_in_a_key),
		cmocka_unit_test(what_of_the_host_is_in_a_key),
		cmocka_unit_test(where_things_are_is_in_no_key),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
