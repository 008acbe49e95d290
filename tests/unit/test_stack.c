#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "machine/disk.h"
#include "plan/stack.h"
#include "plan/stack_lock.h"
#include "source/source.h"
#include "step/outputs.h"
#include "store/store.h"
#include "sys/file.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const char stack_text[] =
	"kind: stack\nemulator: emu\nimage: img\nmachine: { name: dev, guest_arch: aarch64 }\nrun: [amd64, arm64]\n"
	"steps:\n"
	"  - { name: one, run: [\"true\"] }\n  - { name: two, run: [\"true\"] }\n";
static const char image_text[] =
	"kind: image\nname: img\nversion: \"1\"\nos: debian\nsource:\n  - { url: \"https://h/disk.qcow2\", "
	"sha256: " HEX_C " }\nformat: qcow2\nboot: { mode: uefi }\nuser: core\n";
static const char plain[] = "source:\n  - { url: \"https://h/v1.tar.gz\", sha256: " HEX_A " }\n";

static void put(const char *root, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0644));
}

/* A folder with recipes, a stack of them, and a home; what the emulator is built from is @sources. */
static char *make_recipes(const char *sources)
{
	char *root = test_dir();
	AUTO_FREE char *home = path_join(root, "home");
	AUTO_FREE char *emulator =
		mem_printf("kind: build\nname: emu\nversion: \"1\"\n%sinstall:\n  - [\"true\"]\n", sources);
	put(root, "recipes/emu.yaml", emulator);
	put(root, "recipes/st.yaml", stack_text);
	put(root, "vmimages/img.yaml", image_text);
	put(root, "patches/a.patch", "a");
	put(root, "patches/b.patch", "b");
	setenv("COOPER_RECIPES", root, 1);
	setenv("COOPER_HOME", home, 1);
	return root;
}

static void open_stack(struct project *p, struct stack *s)
{
	assert_ok(project_open(p, "st", NULL));
	assert_ok(stack_open(p, /* unresolved= */ NULL, s));
}

/* The key of the patched tree of an emulator that is built from @sources; heap. */
static char *source_key(const char *sources)
{
	AUTO_FREE char *root = make_recipes(sources);
	(void)root;
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	open_stack(&p, &s);
	char *key = mem_strdup(graph_find(&s.graph, "source:emu")->key);
	return key;
}

#define URLS(first, second)                                                                                            \
	"source:\n  - { url: \"https://h/a/v1.tar.gz\", sha256: " first ", into: a }\n"                                \
	"  - { url: \"https://h/b/v1.tar.gz\", sha256: " second ", into: b }\n"
#define FILE_PATCH(more) "  - { file: a.patch" more " }\n"
#define URL_PATCH(place, hex, more) "  - { url: \"https://h/" place "/fix.patch\", sha256: " hex more " }\n"

static void everything_of_sources_and_patches_is_in_the_key(void **state UNUSED)
{
#define PATCHES "source:\n  - { url: \"https://h/v1.tar.gz\", sha256: " HEX_A " }\npatches:\n"
	static const struct {
		const char *what, *before, *after;
	} cases[] = {
		{"the first of two files of one name", URLS(HEX_A, HEX_B), URLS(HEX_C, HEX_B)},
		{"order of two files of one name", URLS(HEX_A, HEX_B), URLS(HEX_B, HEX_A)},
		{"order of patches", PATCHES FILE_PATCH() "  - { file: b.patch }\n",
		 PATCHES "  - { file: b.patch }\n" FILE_PATCH()},
		{"strip of a file", PATCHES FILE_PATCH(), PATCHES FILE_PATCH(", strip: 0")},
		{"exclude of a file", PATCHES FILE_PATCH(), PATCHES FILE_PATCH(", exclude: [x]")},
		{"strip of a URL", PATCHES URL_PATCH("p", HEX_B, ""), PATCHES URL_PATCH("p", HEX_B, ", strip: 0")},
		{"the first of two patches of one name", PATCHES URL_PATCH("p", HEX_B, "") URL_PATCH("q", HEX_C, ""),
		 PATCHES URL_PATCH("p", HEX_A, "") URL_PATCH("q", HEX_C, "")},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *before = source_key(cases[i].before);
		AUTO_FREE char *again = source_key(cases[i].before);
		AUTO_FREE char *after = source_key(cases[i].after);
		assert_string_equal(before, again);
		if (streq(before, after))
			fail_msg("%s: in no key", cases[i].what);
	}
}

/* Two sources of several files each: where one ends and the next begins is in the key. */
static void files_are_of_their_source(void **state UNUSED)
{
	const struct source one = {.url = "https://h/1"}, two = {.url = "https://h/2"};
	struct source_file items[] = {{.source = &one, .name = "a", .url = "https://h/a", .digest = HEX_A},
				      {.source = &one, .name = "b", .url = "https://h/b", .digest = HEX_B},
				      {.source = &two, .name = "c", .url = "https://h/c", .digest = HEX_C}};
	const struct source_files files = {.items = items, .count = ARRAY_LEN(items)};
	char before[SHA256_HEX], after[SHA256_HEX];
	for (int i = 0; i < 2; i++) {
		AUTO_JSON *inputs = js_object();
		source_inputs(&files, inputs);
		key_of(inputs, i ? after : before);
		items[1].source = &two;
	}
	assert_string_not_equal(before, after);
}

/* Every step, what it needs and what it only comes after. */
static void wiring(void **state UNUSED)
{
	static const char *const expected[] = {
		"fetch:emu",
		"source:emu <- fetch:emu",
		"build:emu <- source:emu",
		"fetch:img-image",
		"image:img <- fetch:img-image",
		"generation <- build:emu image:img",
		"boot <- (build:emu) (image:img) generation",
		"ports <- boot",
		"network <- generation (boot)",
		"handlers <- generation (boot) (network)",
		"canary <- (boot) (handlers) (step:one) (step:two)",
		"step:one <- generation (boot) (handlers) (network)",
		"step:two <- generation (boot) (step:one) (network)",
		"switch <- generation (canary) (network) (ports)",
		"connect <- (switch)",
	};
	AUTO_FREE char *root = make_recipes(plain);
	(void)root;
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	open_stack(&p, &s);
	const struct graph *g = &s.graph;
	assert_int_equal(g->count, ARRAY_LEN(expected));
	for (size_t i = 0; i < g->count; i++) {
		const struct step *step = g->steps[i];
		AUTO(str) line = STR_INIT;
		str_addf(&line, "%s%s", step->id, step->link_count ? " <-" : "");
		for (size_t k = 0; k < step->link_count; k++)
			str_addf(&line, step->links[k].in_key ? " %s" : " (%s)", step->links[k].step->id);
		assert_string_equal(str_text(&line), expected[i]);
	}
	assert_ok(stack_observe(&s, NULL));
	/* where this host has nothing to carry over, a guest that is not there yet was told all of it */
	bool nothing = s.network.proxy.count + s.network.certificates.count == 0;
	size_t of_a_start = 1; /* ports: one that starts has them */
	assert_int_equal(graph_pending(&s.graph), ARRAY_LEN(expected) - of_a_start - nothing);
	/* paths are those of the results that the steps make */
	AUTO_FREE char *keg = step_result(graph_kind(g, "build"), NULL);
	assert_true(str_starts(s.machine.qemu, keg));
	assert_true(str_ends(s.machine.base_disk, "disk.qcow2"));
}

static void put_generation(const struct stack *s, int number)
{
	const struct step *generation = graph_kind(&s->graph, "generation");
	const char *dir = s->machine.dir;
	AUTO_FREE char *name = mem_printf("gen-%d/generation.json", number);
	AUTO_FREE char *text =
		mem_printf("{\"key\": \"%s\", \"base_disk\": \"%s\"}", generation->key, s->machine.base_disk);
	AUTO_FREE char *gen = mem_printf("%s/gen-%d", dir, number);
	put(dir, name, text);
	AUTO_FREE char *disk = path_join(gen, "os.qcow2");
	make_qcow2(s->machine.base_disk, NULL, NULL);
	make_qcow2(disk, s->machine.base_disk, "qcow2");
	assert_ok(generation_set_booted(gen));
}

static bool is_done(const struct step *step)
{
	struct observed seen = {.present = false};
	assert_ok(step->kind->observe(step, &seen));
	free(seen.note);
	return seen.present;
}

/* What was done in a guest is gone with its disk, whatever the new disk's key is. */
static void marks_go_with_the_disk(void **state UNUSED)
{
	need_program("qemu-img");
	AUTO_FREE char *root = make_recipes(plain);
	(void)root;
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	open_stack(&p, &s);
	const struct graph *g = &s.graph;
	const struct step *step = graph_find(g, "step:one"), *handlers = graph_find(g, "handlers");
	const char *dir = s.machine.dir;
	assert_false(is_done(step));
	put_generation(&s, 1);
	assert_false(is_done(step));
	assert_ok(step_mark(step));
	assert_ok(step_mark(handlers));
	assert_true(is_done(step) && is_done(handlers));
	assert_false(is_done(graph_find(g, "step:two")));

	AUTO_FREE char *old = path_join(dir, "gen-1");
	assert_ok(tree_remove(old));
	put_generation(&s, 2); /* the same key */
	assert_false(is_done(step) || is_done(handlers));
}

/* Proved and not yet current: the next run switches, and does nothing else. */
static void a_generation_that_is_not_current_is_switched_to(void **state UNUSED)
{
	need_program("qemu-img");
	AUTO_FREE char *root = make_recipes(plain);
	(void)root;
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) current = {.number = 0};
	AUTO(stack) s = STACK_INIT;
	open_stack(&p, &s);
	struct step *change = graph_kind(&s.graph, "switch");
	const char *dir = s.machine.dir;
	put_generation(&s, 2);
	assert_false(is_done(change));
	assert_ok(change->kind->perform(change, NULL));
	assert_true(is_done(change));
	assert_ok(generation_current(dir, &current));
	assert_int_equal(current.number, 2);
}

static void a_folder_whose_name_begins_alike_is_another_one(void **state UNUSED)
{
	AUTO_FREE char *root = make_recipes(plain);
	(void)root;
	AUTO_FREE char *mine = mem_printf("%s-mine", root);
	AUTO_FREE char *stack = path_join(mine, "cooper.yaml");
	AUTO_FREE char *lock = path_join(mine, "cooper.lock");
	AUTO(project) p = PROJECT_INIT;
	put(mine, "cooper.yaml", stack_text);
	assert_ok(project_open(&p, stack, NULL));
	assert_string_equal(p.lock_path, lock);
	assert_ok(tree_remove(mine));
}

/* What one project used last is not forgotten for another one, whose file has the same name. */
static void every_project_has_a_record_of_its_own(void **state UNUSED)
{
	AUTO_FREE char *root = make_recipes(plain);
	AUTO_FREE char *work = test_dir();
	static const char *const names[] = {"a/cooper.yaml", "b/cooper.yaml", "a/other/../cooper.yaml"};
	AUTO(strs) paths = STRS_INIT;
	put(work, "a/cooper.yaml", stack_text);
	put(work, "a/other/x", "");
	put(work, "b/cooper.yaml", stack_text);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(project) p = PROJECT_INIT;
		AUTO(stack) s = STACK_INIT;
		AUTO_FREE char *stack = path_join(work, names[i]);
		assert_ok(project_open(&p, stack, NULL));
		assert_ok(stack_open(&p, /* unresolved= */ NULL, &s));
		assert_true(str_ends(s.record_path, ".record"));
		strs_add(&paths, s.record_path);
	}
	assert_string_not_equal(paths.items[0], paths.items[1]);
	assert_string_equal(paths.items[0], paths.items[2]);
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	AUTO_FREE char *shipped = path_join(root, "home/st.");
	open_stack(&p, &s);
	assert_true(str_starts(s.record_path, shipped)); /* the same wherever the next version of cooper lies */
	assert_int_equal(strlen(strrchr(s.record_path, '/')), strlen("/st.aarch64.record"));
}

/* An Ignition configuration of the user's is merged before results have paths, the device with emulators among them. */
static void a_users_ignition_beside_emulators(void **state UNUSED)
{
	AUTO_FREE char *root = make_recipes(plain);
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) references = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	AUTO_FREE char *stack = mem_printf("%signition: mine.ign\n"
					   "emulation: { package: { debian-package: qemu-user-static } }\n",
					   stack_text);
	put(root, "recipes/st.yaml", stack);
	put(root, "recipes/mine.ign", "{\"ignition\": {\"version\": \"3.2.0\"}}");
	home_at(getenv("COOPER_HOME"), &p.home);
	assert_ok(home_make(&p.home));
	home_done(&p.home);
	assert_ok(project_open(&p, "st", NULL));
	stack_unresolved(&p, &references);
	assert_int_equal(references.count, 1);
	struct lock_file file = {.name = "q.deb", .url = "debian:pool/q.deb", .sha256 = HEX_B, .size = 1};
	struct lock_entry entry = {.reference = references.items[0], .version = "1", .files = &file, .file_count = 1};
	assert_ok(lock_put(p.lock, &entry));
	assert_ok(stack_open(&p, /* unresolved= */ NULL, &s));
	assert_non_null(graph_kind(&s.graph, "emulators"));
	assert_non_null(s.machine.ignition);
}

/* The specification of a machine that shares @mounts with its guest, of the user whose home is @home. */
static struct err *open_with(const char *root, const char *mounts, struct stack *s, struct project *p)
{
	AUTO_FREE char *stack = mem_printf("%smounts: [%s]\n", stack_text, mounts);
	put(root, "recipes/st.yaml", stack);
	assert_ok(project_open(p, "st", NULL));
	return stack_open(p, /* unresolved= */ NULL, s);
}

/* Where the host has them, unless another place is named; what is refused there is refused in both ways. */
static void mounts_have_a_place(void **state UNUSED)
{
	static const struct {
		const char *mounts, *why;
	} refused[] = {
		{"{ host: /srv/a }, { host: /srv/b, guest: /srv/a }", "mounted twice"},
		{"{ host: /dev/shm/a }", "the guest's own"},
		{"{ host: /home/core }", "login user's home"},
	};
	AUTO_FREE char *root = make_recipes(plain);
	AUTO_FREE char *was = mem_strdup(getenv("HOME"));
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	setenv("HOME", "/home/ann", 1);
	assert_ok(open_with(root, "{ host: ~/src/ }, { host: /srv/a }, { host: /srv/a, guest: /data }", &s, &p));
	assert_string_equal(s.machine.mounts[0].host, "/home/ann/src");
	assert_string_equal(s.machine.mounts[0].guest, "/home/ann/src");
	assert_string_equal(s.machine.mounts[1].guest, "/srv/a");
	assert_string_equal(s.machine.mounts[2].guest, "/data");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		AUTO(project) bad = PROJECT_INIT;
		AUTO(stack) none = STACK_INIT;
		assert_fails(open_with(root, refused[i].mounts, &none, &bad), ERR_USAGE, refused[i].why);
	}
	if (was)
		setenv("HOME", was, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_of_sources_and_patches_is_in_the_key),
		cmocka_unit_test(files_are_of_their_source),
		cmocka_unit_test(wiring),
		cmocka_unit_test(marks_go_with_the_disk),
		cmocka_unit_test(a_generation_that_is_not_current_is_switched_to),
		cmocka_unit_test(a_folder_whose_name_begins_alike_is_another_one),
		cmocka_unit_test(every_project_has_a_record_of_its_own),
		cmocka_unit_test(a_users_ignition_beside_emulators),
		cmocka_unit_test(mounts_have_a_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
