#include "harness.h"

#include <string.h>

#include "machine/phase.h"

static const char good[] =
	"UEFI firmware (version 2022.11)\r\n"
	"BdsDxe: starting Boot0001 \"UEFI Misc Device\"\r\n"
	"EFI stub: Booting Linux Kernel...\r\n"
	"[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd083]\r\n"
	"[    0.000000] Linux version 6.12.57+deb13-arm64 (debian-kernel@lists.debian.org)\r\n"
	"[    0.000000] Kernel command line: root=LABEL=root ignition.firstboot ignition.platform.id=qemu\r\n"
	"         Starting \x1b[0;1;39mignition-fetch.service\x1b[0m - Ignition (fetch)...\r\n"
	"[\x1b[0;32m  OK  \x1b[0m] Finished \x1b[0;1;39mignition-files.service\x1b[0m - Ignition (files).\r\n"
	"         Starting \x1b[0;1;39minitrd-switch-root.service\x1b[0m - Switch Root...\r\n"
	"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mssh.service\x1b[0m - OpenBSD Secure Shell server.\r\n"
	"cooper login: ";

static struct phase_watch *new_watch(void)
{
	return phase_new(guest_os_find("debian"));
}

static void feed(struct phase_watch *w, const char *text)
{
	phase_feed(w, text, strlen(text));
}

static void test_phases(void **state)
{
	static const struct {
		const char *line;
		enum machine_phase phase;
	} steps[] = {
		{"", PHASE_POWER},
		{"\x1b[2J\x1b[01;01HUEFI firmware (version edk2)\n", PHASE_FIRMWARE},
		{"Kernel command line: ignition.firstboot\n", PHASE_FIRMWARE},
		{"[    0.000000] Linux version 6.1\n", PHASE_KERNEL},
		{"[    5.1] ignition[312]: Ignition 2.14.0\n", PHASE_IGNITION},
		{"[  OK  ] Reached target Switch Root.\n", PHASE_SWITCH_ROOT},
		{"[    0.000000] Linux version 6.1\n", PHASE_SWITCH_ROOT},
		{"[  OK  ] Started OpenSSH server daemon.\n", PHASE_SSHD},
	};
	struct phase_watch *w = phase_new(guest_os_find("fedora-coreos"));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		feed(w, steps[i].line);
		assert_int_equal(phase_reached(w), steps[i].phase);
	}
	assert_int_equal(phase_failure(w)->kind, FAILURE_NONE);
	phase_advance(w, PHASE_READY);
	phase_advance(w, PHASE_KERNEL);
	assert_int_equal(phase_reached(w), PHASE_READY);
	assert_string_equal(phase_name(PHASE_SWITCH_ROOT), "switch-root");
	phase_free(w);
}

/* a cause is the whole line, however it came in */
static void test_cause_is_whole(void **state)
{
	static const char log[] = "cooper: ignition: CRITICAL : Ignition failed: invalid argument\n(initramfs) ";
	struct phase_watch *w = new_watch();

	(void)state;
	for (size_t at = 0; at < strlen(log); at++)
		phase_feed(w, log + at, 1);
	assert_string_equal(phase_failure(w)->cause, "cooper: ignition: CRITICAL : Ignition failed: invalid argument");
	assert_true(phase_failure(w)->fatal);
	phase_free(w);
}

/* any split into chunks gives the same */
static void test_chunks(void **state)
{
	(void)state;
	for (size_t step = 1; step < 40; step++) {
		struct phase_watch *w = new_watch();
		for (size_t at = 0; at < strlen(good); at += step)
			phase_feed(w, good + at, strlen(good) - at < step ? strlen(good) - at : step);
		assert_int_equal(phase_reached(w), PHASE_SSHD);
		assert_int_equal(phase_failure(w)->kind, FAILURE_NONE);
		AUTO_FREE char *tail = phase_tail(w);
		assert_non_null(strstr(tail, "[  OK  ] Finished ignition-files.service - Ignition (files).\n"));
		assert_non_null(strstr(tail, "cooper login: \n"));
		phase_free(w);
	}
}

static void test_failures(void **state)
{
	static const struct {
		const char *log;
		enum failure_kind kind;
		bool fatal;
		const char *cause;
		const char *remedy;
	} cases[] = {
		{"ASSERT [ArmCpuDxe] /edk2/ArmPkg/Drivers/CpuDxe/CpuDxe.c(118): !(((INTN)Status) < 0)\r\n",
		 FAILURE_FIRMWARE, true, "ArmCpuDxe", "edk2"},
		{"\n\nSynchronous Exception at 0x00000000BF5E1234\n", FAILURE_FIRMWARE, true, "Synchronous", "edk2"},
		{"BdsDxe: No bootable option or device was found.\n", FAILURE_NO_BOOT, true, "No bootable", "image"},
		{"Booting from Hard Disk...\nNo bootable device.\n", FAILURE_NO_BOOT, true, "No bootable", "image"},
		{"[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n",
		 FAILURE_PANIC, true, "unknown-block", "rebuild the image"},
		{"[    1.2] Kernel panic - not syncing: System is deadlocked on memory\n", FAILURE_PANIC, true,
		 "deadlocked", "more memory"},
		{"[    0.0] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug\n",
		 FAILURE_PANIC, true, "IO-APIC", "overloaded"},
		{"Linux version 6\n[    4.3] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n"
		 "[    4.4] Kernel panic - not syncing: Fatal exception in interrupt\n",
		 FAILURE_PANIC, true, "Oops: int3", "run the same command again"},
		{"Linux version 6\n[    4.3] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n", FAILURE_PANIC, false,
		 "Oops: int3", "run the same command again"},
		{"Linux version 6\n[   26.3] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n", FAILURE_STUCK,
		 false, "detected stalls", "overloaded"},
		{"Linux version 6\n[    2.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n",
		 FAILURE_PANIC, true, "kill init", "serial log"},
		{"[FAILED] Failed to start ignition-files.service - Ignition (files).\n"
		 "cooper: emergency: the initramfs failed\n"
		 "cooper: ignition: CRITICAL : Ignition failed: failed to create users/groups\n"
		 "cooper: emergency: power off\n",
		 FAILURE_IGNITION, true, "CRITICAL : Ignition failed", "first-boot config"},
		{"[   10.0] ignition[400]: CRITICAL : failed to handle relabeling: open /sysroot/etc/selinux/config\n"
		 "Press Enter for emergency shell or wait 5 minutes for reboot.\n",
		 FAILURE_IGNITION, true, "relabeling", "first-boot config"},
		{"You are in emergency mode. After logging in, type \"journalctl -xb\"\n", FAILURE_EMERGENCY, true,
		 "emergency", "serial log"},
		{"[  OK  ] Reached target emergency.target\nPress Enter for maintenance", FAILURE_EMERGENCY, true,
		 "Press Enter", "serial log"},
		{"[FAILED] Failed to start ssh.service - OpenBSD Secure Shell server.\n", FAILURE_SERVICE, false,
		 "ssh.service", "cooper ssh"},
		{"[   20.0] I/O error, dev vda, sector 2048 op 0x1:(WRITE)\n", FAILURE_DISK, false, "dev vda",
		 "disk is not full"},
		{"[ TIME ] Timed out waiting for device dev-disk-by\\x2did-virtio\\x2ddata.device\n", FAILURE_DEVICE,
		 false, "virtio", "mounts"},
		{"[    9.0] sh[310]: cooper: cannot mount '/home/core/src': mount: unknown filesystem type '9p'.\n"
		 "[FAILED] Failed to start cooper-mounts.service - Folders that the host shares.\n"
		 "[DEPEND] Dependency failed for cooper-ready.service - cooper-ready: tell the host.\n",
		 FAILURE_DEVICE, true, "type '9p'", "mounts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phase_watch *w = new_watch();
		feed(w, cases[i].log);
		const struct phase_failure *f = phase_failure(w);
		if (f->kind != cases[i].kind || f->fatal != cases[i].fatal || !strstr(f->cause, cases[i].cause) ||
		    !strstr(f->remedy, cases[i].remedy))
			fail_msg("case %zu: %s (fatal %d): %s; %s", i, failure_name(f->kind), f->fatal, f->cause,
				 f->remedy ? f->remedy : "");
		phase_free(w);
	}
}

/* a firmware's words count only while there is no kernel */
static void test_firmware_words_later(void **state)
{
	struct phase_watch *w = new_watch();

	(void)state;
	feed(w, "Linux version 6\nsome program: ASSERT [x] failed\n");
	assert_int_equal(phase_failure(w)->kind, FAILURE_NONE);
	phase_free(w);
}

static void test_expired(void **state)
{
	struct phase_watch *w = new_watch();

	(void)state;
	phase_expired(w, ACCEL_KVM);
	assert_int_equal(phase_failure(w)->kind, FAILURE_SILENT);
	assert_fails(phase_error(w, "dev"), ERR_GUEST, "accel: tcg");
	phase_free(w);

	w = new_watch();
	feed(w, "SeaBIOS (version 1.16)\nBooting from ROM...\nKASLR disabled\x1b[31m\n");
	phase_expired(w, ACCEL_KVM);
	assert_int_equal(phase_failure(w)->kind, FAILURE_STUCK);
	assert_string_equal(phase_failure(w)->cause, "nothing came after 'KASLR disabled'");
	assert_fails(phase_error(w, "dev"), ERR_GUEST,
		     "'dev' did not come up: no progress in phase firmware: nothing came after");
	phase_free(w);

	w = new_watch();
	feed(w, good);
	phase_expired(w, ACCEL_TCG);
	assert_fails(phase_error(w, "dev"), ERR_GUEST, "boot: { timeout");
	phase_free(w);

	/* a remark becomes the verdict when nothing better came */
	w = new_watch();
	feed(w, "Linux version 6\n[FAILED] Failed to mount home-core-src.mount - Shared by the host.\nlogin: ");
	assert_false(phase_failure(w)->fatal);
	phase_expired(w, ACCEL_TCG);
	assert_true(phase_failure(w)->fatal);
	assert_int_equal(phase_failure(w)->kind, FAILURE_DEVICE);
	phase_free(w);
}

/* anything may come down the line: no newline for ever, NULs, control bytes */
static void test_hostile(void **state)
{
	struct phase_watch *w = new_watch();
	unsigned char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	for (int i = 0; i < 200; i++)
		phase_feed(w, all, sizeof(all));
	for (int i = 0; i < 2000; i++)
		feed(w, "xxxxxxxxx\x1b[");
	feed(w, "\nKernel panic - not syncing: \x07\x9b"
		"31m evil\n");
	assert_int_equal(phase_failure(w)->kind, FAILURE_PANIC);
	assert_null(strchr(phase_failure(w)->cause, 7));
	AUTO_FREE char *tail = phase_tail(w);
	assert_true(strlen(tail) < 40000);
	for (const char *p = tail; *p; p++)
		assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f));
	phase_free(w);
}

static void test_deadlines(void **state)
{
	(void)state;
	for (int i = 0; i < PHASE_COUNT; i++) {
		assert_true(phase_deadline_ms((enum machine_phase)i, ACCEL_KVM) > 0);
		assert_int_equal(phase_deadline_ms((enum machine_phase)i, ACCEL_TCG),
				 8 * phase_deadline_ms((enum machine_phase)i, ACCEL_HVF));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_cause_is_whole),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_firmware_words_later),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
