#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "machine/accel.h"
#include "sys/file.h"

static const struct host_facts mac = {.os = OS_MACOS, .arch = ARCH_AARCH64, .hv_support = true, .boot_id = "boot-1"};
static const struct host_facts box = {.os = OS_LINUX, .arch = ARCH_X86_64, .kvm_present = true, .boot_id = "boot-1"};

/* the candidates as "kvm tcg" */
static void expect(enum accel wanted, const struct host_facts *facts, enum arch arch, const struct json *verdicts,
		   const char *names, const char *why)
{
	AUTO(accel_list) list = {.count = 0};
	AUTO(str) got = STR_INIT;

	assert_ok(accel_candidates(wanted, facts, arch, verdicts, "qemu-1", &list));
	for (size_t i = 0; i < list.count; i++)
		str_addf(&got, "%s%s", i ? " " : "", accel_words[list.items[i]]);
	assert_string_equal(str_text(&got), names);
	if (!strstr(list.why, why))
		fail_msg("'%s' is not in: %s", why, list.why);
}

static void test_auto(void **state)
{
	struct host_facts facts = mac;

	(void)state;
	expect(ACCEL_AUTO, &mac, ARCH_AARCH64, NULL, "hvf tcg", "offers hvf");
	expect(ACCEL_AUTO, &mac, ARCH_X86_64, NULL, "tcg", "not the host's");
	facts.hv_support = false;
	expect(ACCEL_AUTO, &facts, ARCH_AARCH64, NULL, "tcg", "kern.hv_support");
	expect(ACCEL_AUTO, &box, ARCH_X86_64, NULL, "kvm tcg", "the boot will show");
	expect(ACCEL_AUTO, &box, ARCH_AARCH64, NULL, "tcg", "not the host's");
	facts = box;
	facts.kvm_present = false;
	expect(ACCEL_AUTO, &facts, ARCH_X86_64, NULL, "tcg", "/dev/kvm");
}

static void test_named(void **state)
{
	AUTO(accel_list) list = {.count = 0};

	(void)state;
	expect(ACCEL_TCG, &mac, ARCH_AARCH64, NULL, "tcg", "names it");
	expect(ACCEL_KVM, &box, ARCH_X86_64, NULL, "kvm", "names it");
	assert_fails(accel_candidates(ACCEL_KVM, &mac, ARCH_AARCH64, NULL, "q", &list), ERR_USAGE, "Linux only");
	assert_fails(accel_candidates(ACCEL_HVF, &box, ARCH_X86_64, NULL, "q", &list), ERR_USAGE, "macOS only");
	assert_fails(accel_candidates(ACCEL_KVM, &box, ARCH_AARCH64, NULL, "q", &list), ERR_USAGE, "not the host's");
	assert_int_equal(list.count, 0);
}

static void test_verdicts(void **state)
{
	AUTO_JSON *verdicts = accel_verdicts_read(NULL);
	struct host_facts rebooted = box;

	(void)state;
	accel_remember(&verdicts, "boot-0", "qemu-1", ACCEL_KVM, true);
	accel_remember(&verdicts, "boot-1", "qemu-1", ACCEL_KVM, true);
	expect(ACCEL_AUTO, &box, ARCH_X86_64, verdicts, "kvm tcg", "booted a guest");
	accel_remember(&verdicts, "boot-1", "qemu-1", ACCEL_KVM, false);
	expect(ACCEL_AUTO, &box, ARCH_X86_64, verdicts, "tcg", "no kernel booted");
	expect(ACCEL_KVM, &box, ARCH_X86_64, verdicts, "kvm", "names it");
	accel_remember(&verdicts, "boot-1", "qemu-2", ACCEL_KVM, true);
	assert_int_equal(accel_known(verdicts, "boot-1", "qemu-2", ACCEL_KVM), VERDICT_WORKS);
	assert_int_equal(accel_known(verdicts, "boot-1", "qemu-1", ACCEL_KVM), VERDICT_BROKEN);
	assert_int_equal(accel_known(verdicts, "boot-1", "qemu-1", ACCEL_HVF), VERDICT_NONE);
	accel_remember(&verdicts, "boot-1", "/one/home/store/1234-qemu-7.2.22/bin/q", ACCEL_KVM, false);
	assert_int_equal(accel_known(verdicts, "boot-1", "/other/store/1234-qemu-7.2.22/bin/q", ACCEL_KVM),
			 VERDICT_BROKEN);
	assert_int_equal(accel_known(verdicts, "boot-1", "/other/store/5678-qemu-7.2.22/bin/q", ACCEL_KVM),
			 VERDICT_NONE);
	assert_int_equal(accel_known(verdicts, "boot-1", "/other/bin/q", ACCEL_KVM), VERDICT_NONE);
	snprintf(rebooted.boot_id, sizeof(rebooted.boot_id), "boot-2");
	expect(ACCEL_AUTO, &rebooted, ARCH_X86_64, verdicts, "kvm tcg", "will show");

	AUTO_FREE char *text = js_canonical(verdicts);
	assert_string_equal(text, "[{\"accel\":\"kvm\",\"boot_id\":\"boot-1\",\"qemu\":\"qemu-1\",\"works\":false},"
				  "{\"accel\":\"kvm\",\"boot_id\":\"boot-1\",\"qemu\":\"qemu-2\",\"works\":true},"
				  "{\"accel\":\"kvm\",\"boot_id\":\"boot-1\",\"qemu\":\"1234-qemu-7.2.22/bin/q\","
				  "\"works\":false}]");
	static const char *const damaged[] = {"[{\"accel\":", "{\"a\": 1}"};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = accel_verdicts_path(dir);
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		assert_ok(file_write(path, damaged[i], strlen(damaged[i]), 0600));
		AUTO_JSON *none = accel_verdicts_read(path);
		assert_int_equal(js_count(none), 0);
	}
	assert_ok(js_write(path, verdicts, 0600));
	AUTO_JSON *again = accel_verdicts_read(path);
	assert_int_equal(accel_known(again, "boot-1", "qemu-1", ACCEL_KVM), VERDICT_BROKEN);
}

static void test_deadlines(void **state)
{
	(void)state;
	assert_int_equal(accel_scale_ms(ACCEL_KVM, 1000), 1000);
	assert_int_equal(accel_scale_ms(ACCEL_HVF, 1000), 1000);
	assert_int_equal(accel_scale_ms(ACCEL_TCG, 1000), 8000);
	assert_true(accel_probe_ms(BOOT_UEFI) > accel_probe_ms(BOOT_KERNEL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
