#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "recipe/docs.h"
#include "recipe/load.h"
#include "sys/file.h"

#define DIGEST "2aa0e420e4ea89ea34a833f4c4eced96a35b51a9ee8568b232692729b60b064d"
#define BUILD                                                                                                          \
	"kind: build\nname: hello\nversion: 1.2.3\nsource: [{ url: https://example.org/a.tar.xz, sha256: " DIGEST      \
	" }]\n"

static const struct recipe_target linux_x86 = {.os = OS_LINUX, .arch = ARCH_X86_64};
static const struct recipe_target mac_arm = {.os = OS_MACOS, .arch = ARCH_AARCH64};

/* A fresh root with recipes/ and vmimages/ in it. */
static char *make_root(void)
{
	char *root = test_dir();
	AUTO_FREE char *recipes = path_join(root, "recipes");
	AUTO_FREE char *images = path_join(root, "vmimages");
	assert_ok(dir_make(recipes, 0755));
	assert_ok(dir_make(images, 0755));
	return root;
}

static char *write_in(const char *root, const char *name, const char *text)
{
	char *path = path_join(root, name);
	assert_ok(file_write(path, text, strlen(text), 0644));
	return path;
}

static void add_in(const char *root, const char *name, const char *text)
{
	free(write_in(root, name, text));
}

static struct recipe *load_text(const char *text, const struct recipe_target *target)
{
	AUTO_FREE char *root = make_root();
	AUTO_FREE char *path = write_in(root, "recipes/own.yaml", text);
	struct recipe *r = NULL;
	assert_ok(recipe_load(path, target, NULL, &r));
	return r;
}

static void test_build(void **state)
{
	(void)state;
	struct recipe *r = load_text(BUILD "license: MIT\n"
					   "host: { apt: [gcc], brew: [ninja] }\n"
					   "env: { CFLAGS: -O2, A: \"x=y\" }\n"
					   "patches:\n"
					   "  - { file: hello/a.patch, strip: 0, why: because }\n"
					   "  - { series: debian/patches/series, exclude: [tests/] }\n"
					   "configure: [[./configure, \"--prefix=${prefix}\"]]\n"
					   "build: [{ script: \"make $$x\\n\", interpreter: bash }]\n"
					   "install: [{ run: [make, install] }]\n"
					   "test: [{ run: [hello], expect: \"${version}\" }]\n",
				     &linux_x86);
	assert_int_equal(r->kind, RECIPE_BUILD);
	assert_string_equal(r->name, "hello");
	assert_int_equal(r->source_count, 1);
	assert_int_equal(r->sources[0].size, -1);
	assert_int_equal(r->sources[0].strip, -1);
	assert_string_equal(r->build.env.items[0], "CFLAGS=-O2");
	assert_string_equal(r->build.env.items[1], "A=x=y");
	assert_null(r->build.env.items[2]);
	assert_string_equal(r->build.host_apt.items[0], "gcc");
	assert_string_equal(r->build.host_brew.items[0], "ninja");
	assert_int_equal(r->patch_count, 2);
	assert_int_equal(r->patches[0].strip, 0);
	assert_int_equal(r->patches[0].mark.column, 5);
	assert_int_equal(r->patches[1].strip, 1);
	assert_string_equal(r->patches[1].exclude.items[0], "tests/");
	assert_string_equal(r->build.configure.items[0].argv.items[1], "--prefix=${prefix}");
	assert_int_equal(r->build.configure.items[0].mark.column, 13);
	assert_string_equal(r->build.build.items[0].script, "make $$x\n");
	assert_string_equal(r->build.build.items[0].interpreter, "bash");
	assert_string_equal(r->build.test.items[0].expect, "${version}");
	recipe_free(r);
}

static void test_limits(void **state)
{
	(void)state;
	struct recipe *r = load_text("kind: build\nname: hello\nversion: 1.2.3\nsource:\n"
				     "  - url: https://example.org/a.tar.xz\n    sha256: " DIGEST "\n"
				     "    limits: { entries: 2000000, bytes: 16GiB, file: 8GiB, ratio: 500 }\n"
				     "  - { url: https://example.org/b.tar.xz, sha256: " DIGEST " }\n"
				     "install: [[make, install]]\n",
				     &linux_x86);
	struct archive_limits limits = archive_limits_of(&r->sources[0].limits);
	assert_int_equal(limits.entries, 2000000);
	assert_int_equal(limits.bytes, INT64_C(16) << 30);
	assert_int_equal(limits.file_bytes, INT64_C(8) << 30);
	assert_int_equal(limits.ratio, 500);
	assert_int_equal(limits.depth, 64);
	limits = archive_limits_of(&r->sources[1].limits);
	assert_int_equal(limits.entries, 1000000);
	assert_int_equal(limits.bytes, INT64_C(8) << 30);
	recipe_free(r);
}

static void test_stack_defaults(void **state)
{
	(void)state;
	struct recipe *r =
		load_text("kind: stack\nemulator: qemu\nimage: debian\nrun: [amd64, arm64, riscv64]\n", &mac_arm);
	const struct stack_recipe *s = &r->stack;
	assert_string_equal(r->name, "own");
	assert_string_equal(r->version, "");
	assert_string_equal(s->machine_name, "cooper");
	assert_int_equal(s->cpus, 2);
	assert_int_equal(s->memory_bytes, INT64_C(2) << 30);
	assert_int_equal(s->disk_bytes, INT64_C(20) << 30);
	assert_null(s->guest_arch);
	assert_int_equal(s->accel, ACCEL_AUTO);
	assert_int_equal(s->provider, PROVIDER_AUTO);
	assert_true(s->connect_podman && s->connect_docker);
	assert_int_equal(s->boot_timeout_ms, 180000);
	assert_string_equal(s->run.items[0], "x86_64");
	assert_string_equal(s->run.items[1], "aarch64");
	assert_int_equal(s->emulator_package.size, -1);
	recipe_free(r);
}

static void test_stack(void **state)
{
	(void)state;
	struct recipe *r = load_text(
		"kind: stack\nemulator: qemu\nimage: debian\n"
		"machine: { name: dev, cpus: 4, memory: 8GiB, disk: 60GB, guest_arch: arm64, accel: tcg }\n"
		"emulation: { provider: store, package: { debian-package: qemu-user-static, suite: bookworm } }\n"
		"mounts: [{ host: ~/src, guest: /home/core/src, writable: true }]\n"
		"ports: [8080:80, 0.0.0.0:2222:22]\n"
		"connect: { podman: false, docker: false }\nboot: { timeout: 5m }\n"
		"steps:\n"
		"  - name: ca\n    write: { path: /etc/ca.pem, from: certs/ca.pem, mode: \"0600\" }\n"
		"    then: [update-ca-trust]\n"
		"  - { name: jq, packages: [jq], creates: /usr/bin/jq }\n"
		"  - { name: s, script: \"echo ${HOME}\\n\", unless: { run: [test, -e, /x] }, as_user: true }\n",
		&linux_x86);
	const struct stack_recipe *s = &r->stack;
	assert_string_equal(s->machine_name, "dev");
	assert_int_equal(s->disk_bytes, INT64_C(60000000000));
	assert_string_equal(s->guest_arch, "aarch64");
	assert_string_equal(s->emulator_package.debian_package, "qemu-user-static");
	assert_true(s->mounts[0].writable);
	assert_string_equal(s->ports[0].host_address, "127.0.0.1");
	assert_int_equal(s->ports[0].host_port, 8080);
	assert_int_equal(s->ports[1].guest_port, 22);
	assert_false(s->connect_podman || s->connect_docker);
	assert_int_equal(s->boot_timeout_ms, 300000);
	assert_int_equal(s->step_count, 3);
	assert_int_equal(s->steps[0].write_mode, 0600);
	assert_string_equal(s->steps[0].write_from, "certs/ca.pem");
	assert_string_equal(s->steps[0].then.argv.items[0], "update-ca-trust");
	assert_string_equal(s->steps[1].creates, "/usr/bin/jq");
	assert_string_equal(s->steps[2].run.script, "echo ${HOME}\n");
	assert_int_equal(s->steps[2].unless.argv.count, 3);
	assert_true(s->steps[2].as_user);
	recipe_free(r);
}

static void test_when(void **state)
{
	(void)state;
	static const char text[] =
		BUILD "patches:\n"
		      "  - { file: mac.patch, when: { os: macos, arch: arm64 } }\n"
		      "  - { file: old.patch, when: { version: \"< 1.2\" } }\n"
		      "  - { file: new.patch, when: { version: \">= 1.2, < 2\", os: [linux, macos] } }\n"
		      "  - { file: guest.patch, when: { guest_arch: [amd64, riscv64] } }\n"
		      "configure:\n"
		      "  - - ./configure\n"
		      "    - { item: --mac, when: { os: macos } }\n"
		      "    - { items: [--one, --two], when: { os: linux } }\n"
		      "    - { items: [--always] }\n"
		      "install: [[make, install]]\n"
		      "sign: { files: [bin/*], when: { os: macos } }\n";
	struct recipe *r = load_text(text, &linux_x86);
	assert_int_equal(r->patch_count, 2);
	assert_string_equal(r->patches[0].file, "new.patch");
	assert_string_equal(r->patches[1].file, "guest.patch");
	AUTO_FREE char *words = strs_join(&r->build.configure.items[0].argv, " ");
	assert_string_equal(words, "./configure --one --two --always");
	assert_int_equal(r->build.sign_files.count, 0);
	assert_null(strstr(r->canonical, "when"));
	recipe_free(r);
	r = load_text(text, &mac_arm);
	assert_int_equal(r->patch_count, 2);
	assert_string_equal(r->patches[0].file, "mac.patch");
	assert_string_equal(r->build.sign_files.items[0], "bin/*");
	recipe_free(r);
}

/* The guest's architecture: the target's, else the stack's, else the host's. */
static void test_an_architecture_is_run_once(void **state)
{
	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64};
	struct recipe *r =
		load_text("kind: stack\nemulator: e\nimage: i\nrun: [aarch64, amd64, arm64, x86-64, arm64]\n", &target);
	(void)state;
	assert_int_equal(r->stack.run.count, 2);
	assert_string_equal(r->stack.run.items[0], "aarch64");
	assert_string_equal(r->stack.run.items[1], "x86_64");
	recipe_free(r);
}

static void test_guest_arch(void **state)
{
	(void)state;
	static const char text[] = "kind: stack\nemulator: e\nimage: i\nmachine: { guest_arch: aarch64 }\n"
				   "steps:\n  - { name: a, packages: [a], when: { guest_arch: arm64 } }\n"
				   "  - { name: b, packages: [b], when: { guest_arch: amd64 } }\n";
	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};
	struct recipe *r = load_text(text, &linux_x86);
	assert_string_equal(r->stack.steps[0].name, "a");
	recipe_free(r);
	r = load_text(text, &target);
	assert_string_equal(r->stack.steps[0].name, "b");
	recipe_free(r);
}

static void test_extends(void **state)
{
	(void)state;
	AUTO_FREE char *shipped = make_root();
	AUTO_FREE char *project = test_dir();
	AUTO(strs) roots = STRS_INIT;
	struct recipe *r = NULL;
	strs_add(&roots, shipped);
	add_in(shipped, "recipes/bottom.yaml",
	       "kind: stack\nemulator: qemu\nimage: debian\nrun: [amd64, arm64]\n"
	       "machine: { name: cooper, cpus: 2, memory: 2GiB }\n"
	       "ports: [8080:80]\n"
	       "mounts: [{ host: /one }, { host: /two }]\n"
	       "steps:\n  - { name: one, write: { path: /one, from: one.txt } }\n"
	       "  - { name: two, packages: [two] }\n");
	add_in(shipped, "recipes/middle.yaml", "kind: stack\nextends: bottom\nboot: { timeout: 9m }\n");
	AUTO_FREE char *own = write_in(project, "cooper.yaml",
				       "kind: stack\nextends: middle\nrun: [riscv64]\n"
				       "machine: { name: dev, memory: 4GiB }\n"
				       "ports: [127.0.0.1:8080:8000, 9090:90]\n"
				       "mounts: [{ host: /one, writable: true }, { host: /three }]\n"
				       "steps:\n  - { name: three, packages: [three] }\n"
				       "  - { name: two, run: [true-two] }\n");
	assert_ok(recipe_load(own, &linux_x86, &roots, &r));
	const struct stack_recipe *s = &r->stack;
	assert_string_equal(s->emulator, "qemu");
	assert_string_equal(s->machine_name, "dev");
	assert_int_equal(s->cpus, 2);
	assert_int_equal(s->memory_bytes, INT64_C(4) << 30);
	assert_int_equal(s->boot_timeout_ms, 540000);
	assert_int_equal(s->run.count, 1);
	assert_int_equal(s->port_count, 2);
	assert_int_equal(s->ports[0].guest_port, 8000);
	assert_int_equal(s->mount_count, 3);
	assert_true(s->mounts[0].writable);
	assert_string_equal(s->mounts[2].host, "/three");
	assert_int_equal(s->step_count, 3);
	assert_string_equal(s->steps[1].run.argv.items[0], "true-two");
	assert_string_equal(s->steps[2].name, "three");
	AUTO_FREE char *beside = path_join(shipped, "recipes");
	assert_string_equal(s->steps[0].write_from, "one.txt");
	assert_string_equal(s->steps[0].write_dir, beside);
	assert_string_equal(r->root, project);
	assert_null(strstr(r->canonical, "extends"));
	recipe_free(r);
	assert_fails(recipe_load(own, &linux_x86, NULL, &r), ERR_USAGE, "no stack 'middle'");

	/* an empty list removes what is below, and only that */
	AUTO_FREE char *bare = write_in(project, "bare.yaml",
					"kind: stack\nextends: middle\nports: []\nmounts: []\nsteps: []\n");
	assert_ok(recipe_load(bare, &linux_x86, &roots, &r));
	assert_int_equal(r->stack.port_count, 0);
	assert_int_equal(r->stack.mount_count, 0);
	assert_int_equal(r->stack.step_count, 0);
	assert_int_equal(r->stack.run.count, 2);
	recipe_free(r);

	/* what a stack in the middle removes does not come back with what the upper one adds */
	add_in(shipped, "recipes/none.yaml", "kind: stack\nextends: middle\nports: []\nmounts: []\nsteps: []\n");
	AUTO_FREE char *upper = write_in(project, "upper.yaml",
					 "kind: stack\nextends: none\nports: [9090:90]\nmounts: [{ host: /three }]\n"
					 "steps: [{ name: three, packages: [three] }]\n");
	assert_ok(recipe_load(upper, &linux_x86, &roots, &r));
	assert_int_equal(r->stack.port_count, 1);
	assert_int_equal(r->stack.mount_count, 1);
	assert_int_equal(r->stack.step_count, 1);
	recipe_free(r);
}

/* A message shows the line that is wrong, so only files that are named as recipes are read as recipes. */
static void test_extends_no_recipe(void **state)
{
	(void)state;
	AUTO_FREE char *root = make_root();
	AUTO_FREE char *secret = write_in(root, "secret", "token-123\n");
	AUTO_FREE char *link = path_join(root, "recipes/linked.yaml");
	struct recipe *r = NULL;
	assert_int_equal(symlink(secret, link), 0);
	AUTO_FREE char *by_path = write_in(root, "recipes/a.yaml", "kind: stack\nextends: ../secret\n");
	AUTO_FREE char *by_link = write_in(root, "recipes/b.yaml", "kind: stack\nextends: ./linked.yaml\n");
	AUTO_FREE char *by_name = write_in(root, "recipes/c.yaml", "kind: stack\nextends: linked\n");
	assert_fails(recipe_load(by_path, &linux_x86, NULL, &r), ERR_USAGE, "'../secret' is not named as a stack is");
	assert_fails(recipe_load(by_link, &linux_x86, NULL, &r), ERR_USAGE, "leads out of");
	assert_fails(recipe_load(by_name, &linux_x86, NULL, &r), ERR_USAGE, "which is not named as a recipe is");
	assert_fails(recipe_load(link, &linux_x86, NULL, &r), ERR_USAGE, "which is not named as a recipe is");
}

static void test_extends_wrong(void **state)
{
	(void)state;
	AUTO_FREE char *root = make_root();
	struct recipe *r = NULL;
	AUTO_FREE char *a = write_in(root, "recipes/a.yaml", "kind: stack\nextends: b\n");
	add_in(root, "recipes/b.yaml", "kind: stack\nextends: ./../recipes/a.yaml\n");
	AUTO_FREE char *c = write_in(root, "recipes/c.yaml", "kind: stack\nextends: d\n");
	add_in(root, "recipes/d.yaml", "kind: stack\ncpus: 4\n");
	AUTO_FREE char *e = write_in(root, "recipes/e.yaml", "kind: stack\nextends: f\n");
	add_in(root, "recipes/f.yaml", BUILD "install: [[x]]\n");
	assert_fails(recipe_load(a, &linux_x86, NULL, &r), ERR_USAGE, "extends itself");
	assert_fails(recipe_load(c, &linux_x86, NULL, &r), ERR_USAGE, "d.yaml:2:1: unknown key 'cpus'");
	assert_fails(recipe_load(e, &linux_x86, NULL, &r), ERR_USAGE, "'f' is not a stack");
	for (int i = 0; i < 12; i++) {
		AUTO_FREE char *name = mem_printf("recipes/s%d.yaml", i);
		AUTO_FREE char *text = mem_printf("kind: stack\nextends: s%d\n", i + 1);
		add_in(root, name, text);
	}
	AUTO_FREE char *first = path_join(root, "recipes/s0.yaml");
	assert_fails(recipe_load(first, &linux_x86, NULL, &r), ERR_USAGE, "more than 8 stacks");
}

/* What cannot change a result is not in the key; what can is. */
static void test_canonical(void **state)
{
	(void)state;
	static const char *const same[] = {
		BUILD "install: [[make, install]]\n",
		BUILD "license: MIT\nsummary: words # comment\ninstall:\n  - - make\n    - 'install'\n",
		BUILD "install: [[make, install], { run: [x], when: { os: macos } }]\n",
		"kind: build\nname: hello\nversion: 1.2.3\nsource:\n  - url: https://example.org/a.tar.xz\n"
		"    sha256: " DIGEST "\n    limits: { bytes: 16GiB }\ninstall: [[make, install]]\n",
	};
	AUTO_FREE char *first = NULL;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct recipe *r = load_text(same[i], &linux_x86);
		if (!first)
			first = mem_strdup(r->canonical_digest);
		assert_string_equal(r->canonical_digest, first);
		recipe_free(r);
	}
	struct recipe *r = load_text(BUILD "install: [[make, install, -s]]\n", &linux_x86);
	assert_string_not_equal(r->canonical_digest, first);
	assert_string_equal(
		r->canonical,
		"{\"install\":[[\"make\",\"install\",\"-s\"]],\"kind\":\"build\",\"name\":\"hello\",\"source\":[{"
		"\"sha256\":\"" DIGEST "\",\"url\":\"https://example.org/a.tar.xz\"}],\"version\":\"1.2.3\"}");
	recipe_free(r);
}

/* A slash at the end of a mount says nothing; an empty file and an empty argument say what they are. */
static void test_meant_as_written(void **state)
{
	(void)state;
	static const char stack[] = "kind: stack\nemulator: e\nimage: i\n";
	AUTO_FREE char *plain = mem_printf("%smounts: [{ host: ~/src, guest: /src }]\n", stack);
	AUTO_FREE char *slashes = mem_printf("%smounts: [{ host: ~/src/, guest: /src/ }]\n", stack);
	AUTO_FREE char *home = mem_printf("%smounts: [{ host: ~/, guest: /src }, { host: /, guest: /top }]\n", stack);
	AUTO_FREE char *empty = mem_printf("%ssteps: [{ name: a, write: { path: /a, text: \"\" } },\n"
					   "  { name: b, run: [printf, \"\"] }]\n",
					   stack);
	struct recipe *first = load_text(plain, &linux_x86);
	struct recipe *r = load_text(slashes, &linux_x86);
	assert_string_equal(r->canonical, first->canonical);
	assert_string_equal(r->stack.mounts[0].host, "~/src");
	assert_string_equal(r->stack.mounts[0].guest, "/src");
	recipe_free(first);
	recipe_free(r);
	r = load_text(home, &linux_x86);
	assert_string_equal(r->stack.mounts[0].host, "~");
	assert_string_equal(r->stack.mounts[1].host, "/");
	recipe_free(r);
	r = load_text(empty, &linux_x86);
	assert_string_equal(r->stack.steps[0].write_text, "");
	assert_int_equal(r->stack.steps[1].run.argv.count, 2);
	assert_string_equal(r->stack.steps[1].run.argv.items[1], "");
	recipe_free(r);
}

static void test_aliases_are_filled(void **state)
{
	(void)state;
	struct recipe *r = load_text("kind: stack\nemulator: e\nimage: i\nrun: &a [arm64]\n"
				     "steps:\n  - { name: x, packages: &p [jq] }\n  - { name: y, packages: *p }\n",
				     &linux_x86);
	assert_string_equal(r->stack.steps[1].packages.items[0], "jq");
	recipe_free(r);
}

static void test_find(void **state)
{
	(void)state;
	AUTO_FREE char *own = make_root();
	AUTO_FREE char *shipped = make_root();
	AUTO(strs) roots = STRS_INIT;
	AUTO(strs) names = STRS_INIT;
	char *path = NULL;
	strs_add(&roots, own);
	strs_add(&roots, shipped);
	add_in(shipped, "recipes/podman.yaml", "kind: stack\n");
	AUTO_FREE char *b = write_in(shipped, "recipes/qemu.yaml", "# words\nkind:  'build' # x\n");
	AUTO_FREE char *c = write_in(shipped, "vmimages/debian.yaml", "kind: image\n");
	AUTO_FREE char *d = write_in(own, "recipes/podman.yaml", "name: x\nkind: stack\n");
	add_in(own, "recipes/notes.txt", "kind: stack\n");
	assert_ok(recipe_find("podman", RECIPE_STACK, &roots, &path));
	assert_string_equal(path, d);
	free(path);
	assert_ok(recipe_find("debian", RECIPE_IMAGE, &roots, &path));
	assert_string_equal(path, c);
	free(path);
	assert_ok(recipe_find(b, RECIPE_BUILD, &roots, &path));
	free(path);
	assert_fails(recipe_find("podmn", RECIPE_STACK, &roots, &path), ERR_ABSENT, "did you mean 'podman'");
	assert_fails(recipe_find("xyz", RECIPE_BUILD, &roots, &path), ERR_ABSENT, "there are qemu");
	assert_fails(recipe_find("qemu", RECIPE_STACK, &roots, &path), ERR_USAGE, "of kind 'build', not 'stack'");
	assert_fails(recipe_find("./none.yaml", RECIPE_STACK, &roots, &path), ERR_ABSENT, "does not exist");
	assert_ok(recipe_list(RECIPE_STACK, &roots, &names));
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "podman");
}

static void test_files(void **state)
{
	(void)state;
	AUTO_FREE char *root = make_root();
	struct recipe *r = NULL;
	AUTO_FREE char *missing = path_join(root, "recipes/none.yaml");
	assert_fails(recipe_load(missing, &linux_x86, NULL, &r), ERR_ABSENT, "none.yaml");
	AUTO_FREE char *text = mem_alloc((2 << 20) + 1);
	memset(text, '#', 2 << 20);
	AUTO_FREE char *big = write_in(root, "recipes/big.yaml", text);
	assert_fails(recipe_load(big, &linux_x86, NULL, &r), ERR_USAGE, "big.yaml:1:1: the file is larger than 1 MiB");
	text[(1 << 20) + 1] = '\0';
	AUTO_FREE char *just = write_in(root, "recipes/just.yaml", text);
	assert_fails(recipe_load(just, &linux_x86, NULL, &r), ERR_USAGE,
		     "just.yaml:1:1: the file is larger than 1 MiB");
	assert_null(r);
	recipe_free(NULL);
}

/* Every shipped recipe, on every host, for every guest; and the files that the tables generate. */
static void test_shipped(void **state)
{
	(void)state;
	static const enum os oses[] = {OS_LINUX, OS_MACOS};
	static const enum arch arches[] = {ARCH_X86_64, ARCH_AARCH64};
	AUTO(strs) roots = STRS_INIT;
	int loaded = 0;
	strs_add(&roots, ".");
	for (int kind = RECIPE_BUILD; kind <= RECIPE_STACK; kind++) {
		AUTO(strs) names = STRS_INIT;
		assert_ok(recipe_list((enum recipe_kind)kind, &roots, &names));
		for (size_t i = 0; i < names.count * 8; i++) {
			AUTO_FREE char *path = NULL;
			struct recipe_target target = {
				.os = oses[i & 1], .arch = arches[i >> 1 & 1], .guest_arch = arches[i >> 2 & 1]};
			struct recipe *r = NULL;
			assert_ok(recipe_find(names.items[i / 8], (enum recipe_kind)kind, &roots, &path));
			assert_ok(recipe_load(path, &target, &roots, &r));
			assert_int_equal(r->kind, kind);
			recipe_free(r);
			loaded++;
		}
	}
	assert_true(loaded >= 6 * 8);
}

static void assert_generated(const char *path, void (*generate)(struct str *out))
{
	AUTO(str) made = STR_INIT;
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	generate(&made);
	assert_ok(file_read(path, 1 << 20, &text, &size));
	if (!streq(text, str_text(&made)))
		fail_msg("'%s' is not what the field tables say: `make docs` writes it again", path);
}

static void test_generated(void **state)
{
	(void)state;
	assert_generated("docs/recipes.md", recipe_docs);
	assert_generated("recipes/schema.json", recipe_json_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stack_defaults),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_guest_arch),
		cmocka_unit_test(test_an_architecture_is_run_once),
		cmocka_unit_test(test_extends),
		cmocka_unit_test(test_extends_wrong),
		cmocka_unit_test(test_extends_no_recipe),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_meant_as_written),
		cmocka_unit_test(test_aliases_are_filled),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_generated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
