#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "machine/rules.h"

#define GIB ((int64_t)1 << 30)

static const struct host_facts m1 = {.os = OS_MACOS,
				     .os_version = "14.5",
				     .arch = ARCH_AARCH64,
				     .chip = "Apple M1",
				     .cpus = 8,
				     .memory_bytes = 16 * GIB,
				     .hv_support = true};
static const struct host_facts linux_box = {.os = OS_LINUX,
					    .os_version = "6.1.0",
					    .arch = ARCH_X86_64,
					    .cpus = 4,
					    .memory_bytes = 8 * GIB,
					    .kvm_present = true};

static struct machine_spec spec_of(enum arch arch, const char *version, enum image_boot boot)
{
	return (struct machine_spec){
		.name = "dev",
		.guest_arch = arch,
		.host_loopback = true,
		.qemu_version = (char *)version,
		.boot = boot,
		.cpus = 2,
		.memory_bytes = 2 * GIB,
		.qemu_share = "/keg/share/qemu",
		.firmware_code = "/keg/share/qemu/edk2-aarch64-code.fd",
	};
}

static struct err *rule(const struct machine_spec *spec, enum accel accel, const struct host_facts *facts,
			struct machine_ruling *ruling)
{
	struct machine_start start = {.accel = accel};

	return machine_rules(spec, &start, facts, ruling);
}

static void refused(const struct machine_spec *spec, enum accel accel, const struct host_facts *facts, const char *why)
{
	AUTO(machine_ruling) ruling = {.cpus = 0};

	assert_fails(rule(spec, accel, facts, &ruling), ERR_USAGE, why);
	assert_int_equal(ruling.warnings.count, 0);
}

/* exactly these words in exactly one warning; NULL: no warning at all */
static void warned(const struct machine_spec *spec, enum accel accel, const struct host_facts *facts, const char *words)
{
	AUTO(machine_ruling) ruling = {.cpus = 0};

	assert_ok(rule(spec, accel, facts, &ruling));
	AUTO_FREE char *all = strs_join(&ruling.warnings, "\n");
	if (words ? !strstr(all, words) : *all != '\0')
		fail_msg("expected '%s' in: %s", words ? words : "nothing", all);
}

static void test_release_compare(void **state)
{
	(void)state;
	assert_true(release_compare("7.2.22", "7.2.3") > 0);
	assert_true(release_compare("10.0", "9.2.4") > 0);
	assert_int_equal(release_compare("12.4", "12.4.0"), 0);
	assert_true(release_compare("11.1.0-rc0", "11.1") == 0);
	assert_true(release_compare("", "1") < 0);
	assert_true(release_compare("7.2.22 (Debian)", "7.2.22") == 0);
}

static void test_refusals(void **state)
{
	struct machine_spec spec = spec_of(ARCH_AARCH64, "10.2.3", BOOT_UEFI);
	struct host_facts host = m1;

	(void)state;
	refused(&spec, ACCEL_KVM, &linux_box, "own architecture");
	host.hv_support = false;
	refused(&spec, ACCEL_HVF, &host, "issues/2981");
	spec.memory_bytes = 17 * GIB;
	refused(&spec, ACCEL_TCG, &m1, "more than the host has");
	spec = spec_of(ARCH_AARCH64, "5.2.0", BOOT_UEFI);
	refused(&spec, ACCEL_TCG, &m1, "-action");
	spec = spec_of(ARCH_AARCH64, "9.2.0", BOOT_UEFI);
	snprintf(host.chip, sizeof(host.chip), "Apple M4 Max");
	host.hv_support = true;
	refused(&spec, ACCEL_HVF, &host, "issues/2721");
	spec = spec_of(ARCH_AARCH64, "9.2.3", BOOT_UEFI);
	warned(&spec, ACCEL_HVF, &host, NULL);
	spec = spec_of(ARCH_AARCH64, "11.1.2", BOOT_UEFI);
	refused(&spec, ACCEL_HVF, &m1, "macOS 15");
	host = linux_box;
	host.kvm_present = false;
	spec = spec_of(ARCH_X86_64, "10.2.3", BOOT_KERNEL);
	refused(&spec, ACCEL_KVM, &host, "/dev/kvm");
}

static void test_clamps(void **state)
{
	struct machine_spec spec = spec_of(ARCH_AARCH64, "6.2.0", BOOT_UEFI);
	struct host_facts host = m1;
	AUTO(machine_ruling) r = {.cpus = 0};

	(void)state;
	spec.memory_bytes = 4 * GIB;
	spec.cpus = 12;
	assert_ok(rule(&spec, ACCEL_HVF, &m1, &r));
	assert_int_equal(r.memory_bytes, 4 * GIB);
	assert_int_equal(r.cpus, 8);
	assert_true(r.highmem_off);
	assert_string_equal(r.cpu, "cortex-a57");
	assert_string_equal(r.gic, "2");

	spec = spec_of(ARCH_AARCH64, "10.2.3", BOOT_UEFI);
	spec.memory_bytes = 4 * GIB;
	snprintf(host.os_version, sizeof(host.os_version), "12.3");
	refused(&spec, ACCEL_HVF, &host, "issues/795");
	spec.memory_bytes = 3 * GIB;
	assert_ok(rule(&spec, ACCEL_HVF, &host, &r));
	assert_int_equal(r.memory_bytes, 3 * GIB);
	assert_true(r.highmem_off);
	assert_null(r.cpu);
	assert_int_equal(r.warnings.count, 0);
	spec.memory_bytes = 4 * GIB;
	snprintf(host.os_version, sizeof(host.os_version), "12.4");
	assert_ok(rule(&spec, ACCEL_HVF, &host, &r));
	assert_int_equal(r.memory_bytes, 4 * GIB);
	assert_false(r.highmem_off);
	assert_int_equal(r.warnings.count, 0);

	host.memory_bytes = 128 * GIB;
	spec = spec_of(ARCH_AARCH64, "9.1.0", BOOT_UEFI);
	spec.memory_bytes = 96 * GIB;
	assert_ok(rule(&spec, ACCEL_HVF, &host, &r));
	assert_int_equal(r.memory_bytes, 63 * GIB);
}

static void test_warnings(void **state)
{
	struct machine_spec spec = spec_of(ARCH_AARCH64, "10.2.3", BOOT_UEFI);
	struct host_facts host = m1;
	struct mount mount = {.host = "/h", .guest = "/g", .writable = true};

	(void)state;
	warned(&spec, ACCEL_HVF, &m1, NULL);
	warned(&spec, ACCEL_TCG, &linux_box, NULL);
	spec.firmware_code = "/opt/homebrew/share/qemu/edk2-aarch64-code.fd";
	warned(&spec, ACCEL_HVF, &m1, "firmware does not come with this QEMU");
	spec = spec_of(ARCH_AARCH64, "8.1.3", BOOT_UEFI);
	warned(&spec, ACCEL_HVF, &m1, "issues/1990");
	spec.boot = BOOT_KERNEL;
	warned(&spec, ACCEL_HVF, &m1, NULL);
	spec = spec_of(ARCH_X86_64, "8.0.5", BOOT_KERNEL);
	warned(&spec, ACCEL_TCG, &m1, "memory order");
	warned(&spec, ACCEL_TCG, &linux_box, NULL);
	spec = spec_of(ARCH_X86_64, "7.1.0", BOOT_KERNEL);
	warned(&spec, ACCEL_TCG, &linux_box, "AVX");
	snprintf(host.os_version, sizeof(host.os_version), "26.1");
	spec = spec_of(ARCH_AARCH64, "11.1.2", BOOT_UEFI);
	warned(&spec, ACCEL_HVF, &host, "EXC_GUARD");
	warned(&spec, ACCEL_HVF, &host, "Exiting boot services");
	spec.qemu_version = "11.0.1";
	warned(&spec, ACCEL_HVF, &host, "idle vCPU");
	spec = spec_of(ARCH_AARCH64, "7.2.22", BOOT_KERNEL);
	spec.memory_bytes = GIB / 2;
	warned(&spec, ACCEL_TCG, &linux_box, "less than 1 GiB");
	spec.memory_bytes = GIB;
	spec.mounts = &mount;
	spec.mount_count = 1;
	warned(&spec, ACCEL_TCG, &linux_box, NULL);
	mount.writable = false;
	warned(&spec, ACCEL_TCG, &linux_box, "CVE-2026-63318");
	spec.mount_count = 0;
	spec.cpus = 99;
	warned(&spec, ACCEL_TCG, &linux_box, "as many as the host has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_compare),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_clamps),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
