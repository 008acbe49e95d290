#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/path.h"
#include "fmt/canary.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "fmt/ustar.h"
#include "sys/child.h"
#include "sys/file.h"

/* Write the canary of @arch into @dir; returns its path. */
static char *write_canary(const char *dir, enum arch arch)
{
	AUTO_FREE char *name = mem_printf("canary-%s", arch_name(arch));
	AUTO(str) elf = STR_INIT;
	char *path = path_join(dir, name);

	canary_elf(arch, &elf);
	assert_ok(file_write(path, elf.data, elf.len, 0755));
	return path;
}

/* How a program of @arch is run here: by the kernel (""), by a static emulator, or not at all (NULL). */
static char *runner_of(enum arch arch)
{
	struct utsname host;

	uname(&host);
	if (arch_of(host.machine) == arch && streq(host.sysname, "Linux"))
		return mem_strdup("");
	AUTO_FREE char *static_name = mem_printf("qemu-%s-static", arch_name(arch));
	AUTO_FREE char *name = mem_printf("qemu-%s", arch_name(arch));
	char *found = child_find(static_name);
	return found ? found : child_find(name);
}

static int run(const char *runner, const char *path, const char *argument, struct str *out)
{
	const char *argv[4] = {NULL};
	size_t n = 0;
	int code = -1;

	if (*runner)
		argv[n++] = runner;
	argv[n++] = path;
	argv[n++] = argument;
	struct child_spec spec = {.argv = argv, .deadline_ms = 10000};
	str_clear(out);
	assert_ok(child_status(&spec, 4096, out, &code));
	return code;
}

static void test_runs(void **state)
{
	AUTO_FREE char *dir = test_dir();
	size_t ran = 0;

	(void)state;
	for (enum arch arch = ARCH_NONE + 1; arch < ARCH_COUNT; arch++) {
		AUTO_FREE char *path = write_canary(dir, arch);
		AUTO_FREE char *runner = runner_of(arch);
		AUTO_FREE char *line = mem_printf("%s\n", arch_uname(arch));
		AUTO_FREE char *argv0 = mem_printf("%s\n", path);
		AUTO(str) out = STR_INIT;
		if (!runner) {
			print_message("skipped: nothing here runs %s programs\n", arch_name(arch));
			continue;
		}
		assert_int_equal(run(runner, path, NULL, &out), 0);
		assert_string_equal(str_text(&out), line);
		assert_int_equal(run(runner, path, "argv0", &out), 0);
		assert_string_equal(str_text(&out), argv0);
		assert_int_equal(run(runner, path, "euid", &out), 0);
		assert_true(out.len >= 2);
		assert_int_equal(run(runner, path, "nonsense", &out), 1);
		ran++;
	}
	if (ran == 0)
		skip();
}

static void test_deterministic(void **state)
{
	/* a change here is a change of every machine's proof: let it be deliberate */
	static const struct {
		enum arch arch;
		size_t size;
	} sizes[] = {{ARCH_X86_64, 490}, {ARCH_AARCH64, 377}, {ARCH_RISCV64, 385}, {ARCH_ARM, 356},
		     {ARCH_I386, 276},   {ARCH_PPC64LE, 412}, {ARCH_S390X, 374}};

	(void)state;
	assert_int_equal(ARRAY_LEN(sizes), ARCH_COUNT - 1);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(str) elf = STR_INIT;
		AUTO(str) image = STR_INIT;
		AUTO(str) again = STR_INIT;
		canary_elf(sizes[i].arch, &elf);
		assert_int_equal(elf.len, sizes[i].size);
		canary_image(sizes[i].arch, "latest", &image);
		canary_image(sizes[i].arch, "latest", &again);
		assert_int_equal(image.len, again.len);
		assert_memory_equal(image.data, again.data, image.len);
	}
}

/* The entry called @name of the tar @tar; *ret_size its size. */
static const char *entry(const struct str *tar, const char *name, size_t *ret_size)
{
	size_t at = 0;

	while (at + USTAR_BLOCK <= tar->len && tar->data[at]) {
		size_t size = strtoul(tar->data + at + 124, NULL, 8);
		if (streq(tar->data + at, name)) {
			*ret_size = size;
			return tar->data + at + USTAR_BLOCK;
		}
		at += USTAR_BLOCK + (size + USTAR_BLOCK - 1) / USTAR_BLOCK * USTAR_BLOCK;
	}
	fail_msg("the tar has no '%s'", name);
	return NULL;
}

static void test_image(void **state)
{
	AUTO(str) image = STR_INIT;
	AUTO_JSON *manifest = NULL;
	AUTO_JSON *config = NULL;
	char hex[SHA256_HEX];
	size_t size = 0;

	(void)state;
	canary_image(ARCH_ARM, "v1", &image);
	const char *text = entry(&image, "manifest.json", &size);
	assert_ok(js_parse(text, size, "manifest", &manifest));
	const struct json *only = js_at(manifest, 0);
	assert_string_equal(js_as_text(js_at(js_get(only, "RepoTags"), 0)), "localhost/canary:v1");

	text = entry(&image, js_get_text(only, "Config"), &size);
	assert_ok(js_parse(text, size, "config", &config));
	assert_string_equal(js_get_text(config, "architecture"), "arm");
	assert_string_equal(js_get_text(config, "variant"), "v7");
	digest_bytes(text, size, hex);
	assert_true(str_starts(js_get_text(only, "Config"), hex));

	const char *layer = entry(&image, js_as_text(js_at(js_get(only, "Layers"), 0)), &size);
	digest_bytes(layer, size, hex);
	AUTO_FREE char *diff_id = mem_printf("sha256:%s", hex);
	assert_string_equal(js_as_text(js_at(js_get(js_get(config, "rootfs"), "diff_ids"), 0)), diff_id);
	assert_int_equal(size % USTAR_BLOCK, 0);
}

static void test_tar_is_read(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "a.tar");
	AUTO(str) tar = STR_INIT;
	AUTO(str) out = STR_INIT;
	const char *argv[] = {"tar", "--numeric-owner", "-tvf", path, NULL};
	struct child_spec spec = {.argv = argv, .deadline_ms = 10000};

	(void)state;
	ustar_add(&tar, "a/b", 04755, "xyz", 3);
	ustar_add(&tar, "empty", 0600, "", 0);
	ustar_end(&tar);
	assert_int_equal(tar.len, 5 * USTAR_BLOCK);
	assert_ok(file_write(path, tar.data, tar.len, 0644));
	assert_ok(child_output(&spec, 4096, &out));
	assert_non_null(strstr(out.data, "-rwsr-xr-x 0/0"));
	assert_non_null(strstr(out.data, " a/b\n-rw-------"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_tar_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
