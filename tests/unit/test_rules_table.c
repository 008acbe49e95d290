/* Every row of the compatibility table: a machine that it applies to, and the nearest one that it does not. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "machine/rules.h"
#include "machine/rules_table.h"
#include "recipe/schema.h"

#define GIB ((int64_t)1 << 30)

/* What a row's case sets; the rest is a machine that no row has anything against, on an M1 with macOS 15. */
struct setting {
	enum arch guest_arch, host_arch;
	enum os os;
	const char *os_version, *chip, *sdk, *qemu, *provides, *image, *guest_os, *firmware;
	enum provider provider;
	int64_t memory_bytes;
	int cpus, host_cpus, perf_cpus;
	enum accel accel;
	bool accel_set, no_hv, no_kvm, kernel_boot, read_only_mount, loopback_closed;
};

struct row_case {
	const char *name;
	struct setting yes;
	struct setting no;
};

#define TCG .accel = ACCEL_TCG, .accel_set = true
#define KVM .os = OS_LINUX, .os_version = "6.1.0", .accel = ACCEL_KVM, .accel_set = true

static const struct row_case cases[] = {
	{"qemu-too-old", {.qemu = "5.2.0", TCG}, {.qemu = "6.0.0", TCG}},
	{"hardware-other-arch", {.guest_arch = ARCH_X86_64}, {.guest_arch = ARCH_X86_64, TCG}},
	{"hvf-unsupported", {.no_hv = true}, {.no_hv = true, TCG}},
	{"kvm-absent", {KVM, .no_kvm = true}, {KVM}},
	{"over-host-memory", {.memory_bytes = 17 * GIB}, {.memory_bytes = 16 * GIB}},
	{"over-host-cpus", {.cpus = 9}, {.cpus = 8}},
	{"little-memory", {.memory_bytes = GIB - 1}, {.memory_bytes = GIB}},
	{"hvf-by-patch", {.qemu = "6.1.0"}, {.qemu = "6.2.0"}},
	{"hvf-wide-memory-map", {.qemu = "6.2.0"}, {.qemu = "7.0.0"}},
	{"hvf-host-panic", {.os_version = "12.3.1"}, {.os_version = "12.4"}},
	{"hvf-host-panic-memory",
	 {.os_version = "12.3", .memory_bytes = 4 * GIB},
	 {.os_version = "12.3", .memory_bytes = 3 * GIB}},
	{"hvf-address-bits", {.qemu = "9.1.0", .memory_bytes = 64 * GIB}, {.qemu = "9.2.0", .memory_bytes = 64 * GIB}},
	{"hvf-address-bits-macos",
	 {.os_version = "14.5", .memory_bytes = 64 * GIB},
	 {.os_version = "15.0", .memory_bytes = 64 * GIB}},
	{"hvf-gic2", {.qemu = "7.2.22"}, {.qemu = "8.0.0"}},
	{"hvf-gic2-cpus", {.qemu = "7.2.22", .cpus = 9}, {.qemu = "8.0.0", .cpus = 9}},
	{"hvf-efficiency-cores", {.cpus = 5, .perf_cpus = 4}, {.cpus = 4, .perf_cpus = 4}},
	{"hvf-unknown-registers",
	 {.qemu = "6.2.0", .image = "36.20220505.3.2"},
	 {.qemu = "6.2.0", .image = "34.20210821.3.0"}},
	{"hvf-firmware-assert", {.qemu = "8.2.0"}, {.qemu = "8.2.1"}},
	{"hvf-firmware-pair", {.firmware = "/opt/homebrew/share/qemu/edk2-aarch64-code.fd"}, {.qemu = "10.2.3"}},
	{"hvf-sme", {.chip = "Apple M4 Pro", .qemu = "9.2.2"}, {.chip = "Apple M3", .qemu = "9.2.2"}},
	{"hvf-macos-15", {.qemu = "11.1.2", .os_version = "14.5"}, {.qemu = "11.1.2", .os_version = "15.0"}},
	{"hvf-sdk", {.qemu = "11.1.2", .sdk = "15.1"}, {.qemu = "11.1.2", .sdk = "15.2"}},
	{"hvf-idle-spin", {.qemu = "11.0.0"}, {.qemu = "11.0.1"}},
	{"hvf-idle-spin-maybe", {.qemu = "11.0.4"}, {.qemu = "11.1.0"}},
	{"hvf-flash-guard",
	 {.qemu = "11.1.2", .os_version = "26.0"},
	 {.qemu = "11.1.2", .os_version = "26.0", .provides = "hvf-unmap"}},
	{"hvf-boot-services-stall", {.qemu = "11.1.2"}, {.qemu = "11.2.0"}},
	{"tcg-memory-order",
	 {.guest_arch = ARCH_X86_64, .qemu = "8.0.5", TCG},
	 {.guest_arch = ARCH_X86_64, .qemu = "8.0.5", .host_arch = ARCH_X86_64, TCG}},
	{"tcg-no-avx",
	 {.guest_arch = ARCH_X86_64, .qemu = "7.1.0", TCG},
	 {.guest_arch = ARCH_X86_64, .qemu = "7.2.0", TCG}},
	{"guest-without-emulator",
	 {.image = "34.20210821.3.0", .provider = PROVIDER_GUEST},
	 {.image = "34.20210821.3.0", .provider = PROVIDER_PACKAGE}},
	{"guest-emulator-v2", {.image = "36.20221030.3.0"}, {.image = "37.20221106.3.0"}},
	{"9p-macos", {.read_only_mount = true, .qemu = "6.1.0"}, {.read_only_mount = true, .qemu = "7.0.0"}},
	{"9p-read-only-truncate",
	 {.read_only_mount = true, .qemu = "10.2.3"},
	 {.read_only_mount = true, .qemu = "11.1.0"}},
	{"loopback-open", {.loopback_closed = true}, {.loopback_closed = true, .provides = "host-loopback"}},
};

static const char *or_else(const char *value, const char *otherwise)
{
	return value ? value : otherwise;
}

static struct host_facts host_of(const struct setting *s)
{
	struct host_facts h = {.cpus = s->host_cpus ? s->host_cpus : 8,
			       .perf_cpus = s->perf_cpus,
			       .memory_bytes = s->memory_bytes > 17 * GIB ? 128 * GIB : 16 * GIB,
			       .hv_support = !s->no_hv,
			       .kvm_present = !s->no_kvm};

	h.os = s->os ? s->os : OS_MACOS;
	snprintf(h.os_version, sizeof(h.os_version), "%s", or_else(s->os_version, "15.6"));
	h.arch = s->host_arch ? s->host_arch : ARCH_AARCH64;
	snprintf(h.chip, sizeof(h.chip), "%s", or_else(s->chip, "Apple M1"));
	snprintf(h.sdk_version, sizeof(h.sdk_version), "%s", or_else(s->sdk, ""));
	return h;
}

static bool hit(const char *name, const struct setting *s)
{
	char *run[] = {"x86_64", "aarch64", NULL};
	struct mount mount = {.host = "/h", .guest = "/g"};
	struct host_facts host = host_of(s);
	struct machine_start start = {.accel = s->accel_set ? s->accel : ACCEL_HVF};
	struct machine_spec spec = {.name = "dev",
				    .guest_arch = s->guest_arch ? s->guest_arch : ARCH_AARCH64,
				    .qemu_version = (char *)or_else(s->qemu, "10.2.3"),
				    .qemu_provides = {(char *[]){(char *)s->provides}, s->provides ? 1 : 0, 0},
				    .provider = s->provider,
				    .run = {run, 2, 0},
				    .os = (char *)or_else(s->guest_os, "fedora-coreos"),
				    .image_version = (char *)or_else(s->image, "44.20260707.3.1"),
				    .boot = s->kernel_boot ? BOOT_KERNEL : BOOT_UEFI,
				    .cpus = s->cpus ? s->cpus : 2,
				    .memory_bytes = s->memory_bytes ? s->memory_bytes : 2 * GIB,
				    .qemu_share = "/keg/share/qemu",
				    .firmware_code = (char *)or_else(s->firmware, "/keg/share/qemu/code.fd"),
				    .host_loopback = !s->loopback_closed,
				    .mounts = &mount,
				    .mount_count = s->read_only_mount ? 1 : 0};
	const struct rule *hits[RULE_HITS_MAX];
	size_t count = machine_rules_hits(&spec, &start, &host, hits);

	for (size_t i = 0; i < count; i++)
		if (streq(hits[i]->name, name))
			return true;
	return false;
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!hit(cases[i].name, &cases[i].yes))
			fail_msg("'%s' does not apply where it must", cases[i].name);
		if (hit(cases[i].name, &cases[i].no))
			fail_msg("'%s' applies where it must not", cases[i].name);
	}
}

static void test_every_row_has_a_case(void **state)
{
	size_t count = 0;
	const struct rule *rows = rules_table(&count);

	(void)state;
	assert_int_equal(count, ARRAY_LEN(cases));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(rows[i].name, cases[i].name);
		assert_non_null(rows[i].link);
		assert_true(str_starts(rows[i].link, "https://"));
		/* a refusal says why and what to do; a warning at least why */
		assert_true(rows[i].effect == RULE_ADJUST || rows[i].why);
		assert_true(rows[i].effect != RULE_REFUSE || rows[i].remedy);
	}
}

static void test_unknown_versions(void **state)
{
	(void)state;
	assert_false(hit("guest-without-emulator", &(struct setting){.image = "stable", .provider = PROVIDER_GUEST}));
	assert_false(hit("guest-emulator-v2", &(struct setting){.image = "F44"}));
	assert_false(hit("hvf-idle-spin", &(struct setting){.qemu = "master"}));
	assert_false(hit("hvf-macos-15", &(struct setting){.qemu = "11.1.2", .os_version = ""}));
}

/* A word that no recipe can say would make a row apply for ever. */
static void test_recipes_can_provide_what_rules_ask_for(void **state)
{
	const struct schema *patch = schema_find(schema_of(RECIPE_BUILD), "patches")->of;
	const char *const *words = schema_find(patch, "provides")->values;
	size_t count = 0;
	const struct rule *rows = rules_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t word = 0;
		while (rows[i].unless_provided && words[word] && !streq(words[word], rows[i].unless_provided))
			word++;
		if (!words[word])
			fail_msg("no patch can provide '%s'", rows[i].unless_provided);
	}
}

static void test_nothing_against_the_default(void **state)
{
	static const struct setting plain = {.sdk = "15.5", .perf_cpus = 4};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_false(hit(cases[i].name, &plain));
}

static void test_unknown_is_not_held_against_a_host(void **state)
{
	(void)state;
	assert_false(hit("hvf-sdk", &(struct setting){.qemu = "11.1.2", .sdk = ""}));
	assert_false(hit("hvf-efficiency-cores", &(struct setting){.cpus = 8}));
	assert_false(hit("hvf-sdk", &(struct setting){.qemu = "11.1.2", .sdk = "12.0", KVM}));
	assert_false(hit("guest-emulator-v2", &(struct setting){.guest_os = "debian", .image = "13"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_unknown_versions),
		cmocka_unit_test(test_every_row_has_a_case),
		cmocka_unit_test(test_recipes_can_provide_what_rules_ask_for),
		cmocka_unit_test(test_nothing_against_the_default),
		cmocka_unit_test(test_unknown_is_not_held_against_a_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
