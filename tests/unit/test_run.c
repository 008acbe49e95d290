/* The supervisor against a stand-in for QEMU: what it does about each way a boot can go. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "machine/accel.h"
#include "machine/control.h"
#include "machine/disk.h"
#include "machine/keys.h"
#include "machine/power.h"
#include "machine/record.h"
#include "machine/run.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/signals.h"
#include "sys/sock.h"
#include "sys/tick.h"

#define KERNEL "say:'[    0.000000] Linux version 6.12'"
#define UP KERNEL " say:'Started ssh.service - OpenBSD Secure Shell server.' ready"

static char *self_path;

struct fixture {
	char *dir; /* of the machine */
	char *gen_dir;
	char *scenario;
	char *accel; /* file */
	struct machine_spec spec;
	struct host_facts facts;
};

static bool has_booted(const char *gen_dir)
{
	bool booted = false;
	assert_ok(generation_booted(gen_dir, &booted));
	return booted;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	assert_ok(file_write(path, text, strlen(text), mode));
}

static void set_up(struct fixture *f, const char *scenario)
{
	AUTO_FREE char *top = test_dir();
	AUTO_FREE char *here = realpath("tests/fakes/fake_qemu.py", NULL);

	assert_non_null(here);
	*f = (struct fixture){.dir = mem_printf("%s/dev", top), .accel = mem_printf("%s/accel.json", top)};
	f->gen_dir = mem_printf("%s/gen-1", f->dir);
	f->scenario = mem_printf("%s/scenario", top);
	assert_ok(dir_make(f->gen_dir, 0700));
	write_file(f->scenario, scenario, 0600);
	assert_ok(keys_make(f->dir, "dev"));
	AUTO_FREE char *qemu = mem_printf("%s/qemu", top);
	AUTO_FREE char *text = mem_printf("#!/bin/sh\nexec python3 -S -E '%s' '%s' \"$@\"\n", here, f->scenario);
	write_file(qemu, text, 0755);
	f->facts = (struct host_facts){.os = OS_LINUX,
				       .arch = ARCH_X86_64,
				       .cpus = 2,
				       .memory_bytes = 8LL << 30,
				       .kvm_present = true,
				       .boot_id = "b1"};
	f->spec = (struct machine_spec){.name = mem_strdup("dev"),
					.guest_arch = ARCH_X86_64,
					.cpus = 1,
					.memory_bytes = 512LL << 20,
					.qemu = TAKE(qemu),
					.qemu_version = mem_strdup("7.2.22"),
					.boot = BOOT_KERNEL,
					.kernel = mem_strdup("/k"),
					.initrd = mem_strdup("/i"),
					.cmdline = mem_strdup("ro"),
					.first_boot_cmdline = mem_strdup("ignition.firstboot=1"),
					.user = mem_strdup("core"),
					.dir = mem_strdup(f->dir),
					.gen_dir = mem_strdup(f->gen_dir),
					.accel = ACCEL_TCG};
}

static void tear_down(struct fixture *f)
{
	AUTO_FREE char *control = mem_printf("%s/ctl.sock", f->dir);
	AUTO_FREE char *qmp = mem_printf("%s/qmp.sock", f->dir);
	AUTO_FREE char *lock = mem_printf("%s/lock", f->dir);

	assert_false(is_locked(lock, NULL));
	assert_false(is_file(control));
	assert_false(is_file(qmp));
	machine_spec_done(&f->spec);
	free(f->dir);
	free(f->gen_dir);
	free(f->scenario);
	free(f->accel);
}

static struct err *supervise(struct fixture *f)
{
	struct machine_options options = {.accel_path = f->accel, .report_fd = -1};
	return machine_supervise(&f->spec, &f->facts, &options);
}

static char *argv_log(const struct fixture *f)
{
	AUTO_FREE char *path = mem_printf("%s.argv", f->scenario);
	char *text = NULL;

	assert_ok(file_read(path, 1 << 20, &text, NULL));
	return text;
}

/* Who wanted it was killed before it had the lock: a `stop` may have been there meanwhile. */
static void nobody_follows(void **state)
{
	struct fixture f;
	int report[2];

	(void)state;
	set_up(&f, "ready run");
	assert_int_equal(pipe(report), 0);
	close(report[0]);
	struct machine_options options = {.accel_path = f.accel, .report_fd = report[1]};
	assert_fails(machine_supervise(&f.spec, &f.facts, &options), ERR_CANCELED, "has ended");
	AUTO_FREE char *log = mem_printf("%s.argv", f.scenario);
	assert_false(is_file(log)); /* no monitor was started */
	tear_down(&f);
}

/* Ready, then the guest reboots, then it powers itself off: three lives of one machine. */
static void lives(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, "wait:60 " UP " reset\n" UP " poweroff\n");
	assert_false(has_booted(f.gen_dir));
	assert_ok(supervise(&f));
	assert_true(has_booted(f.gen_dir));
	AUTO_FREE char *argv = argv_log(&f);
	char *second = strchr(argv, '\n');
	assert_non_null(second);
	*second++ = '\0';
	assert_non_null(strstr(argv, "ignition.firstboot=1"));
	assert_non_null(strstr(argv, "opt/com.coreos/config"));
	assert_null(strstr(second, "ignition.firstboot=1"));
	assert_null(strstr(second, "opt/com.coreos/config"));
	tear_down(&f);
}

static void failures(void **state)
{
	(void)state;
	static const struct {
		const char *scenario;
		enum err_kind kind;
		const char *part;
	} cases[] = {
		{KERNEL " say:'Kernel panic - not syncing: VFS: Unable to mount root fs' run", ERR_GUEST,
		 "kernel panic in phase kernel"},
		{KERNEL " say:'You are in emergency mode' run", ERR_GUEST, "emergency shell"},
		{KERNEL " poweroff", ERR_GUEST, "did not come up"},
		{"err:'qemu: disk image is gone' die:1", ERR_CHILD, "disk image is gone"},
		{"err:\"qemu-system-aarch64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:80-:80'\" die:1",
		 ERR_BUSY, "port 80"},
		{KERNEL " reset", ERR_GUEST, "rebooted 4 times"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		set_up(&f, cases[i].scenario);
		assert_fails(supervise(&f), cases[i].kind, cases[i].part);
		assert_false(has_booted(f.gen_dir));
		tear_down(&f);
	}
}

/* A host too busy for the kernel's look at its timer: another start, as a first one; not for ever. */
#define NO_TIMER KERNEL " say:'Kernel panic - not syncing: IO-APIC + timer is dead' run\n"
static void too_busy(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, NO_TIMER NO_TIMER UP " poweroff");
	assert_ok(supervise(&f));
	AUTO_FREE char *argv = argv_log(&f);
	const char *last = argv;
	for (int starts = 1; starts < 3; starts++) {
		last = strchr(last, '\n');
		assert_non_null(last++);
	}
	assert_non_null(strstr(last, "ignition.firstboot=1"));
	tear_down(&f);
	set_up(&f, NO_TIMER NO_TIMER NO_TIMER UP " poweroff");
	assert_fails(supervise(&f), ERR_GUEST, "IO-APIC");
	tear_down(&f);
}

/* An instruction run while it was being changed: another start, but none once the disks are written to. */
#define TORN " say:'Oops: int3: 0000 [#1] SMP' say:'Kernel panic - not syncing: Fatal exception in interrupt' run\n"
static void torn_instruction(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, KERNEL TORN UP " poweroff");
	assert_ok(supervise(&f));
	tear_down(&f);
	set_up(&f, KERNEL " say:'Starting Switch Root'" TORN UP " poweroff");
	assert_fails(supervise(&f), ERR_GUEST, "int3");
	tear_down(&f);
}

/* A processor that lost its timer: the kernel says so again and again, and comes no further. */
static void stalled_kernel(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, KERNEL " say:'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:' run\n" UP " poweroff");
	f.spec.boot_timeout_ms = 600; /* times 8 under tcg; a busy host takes seconds to start a script */
	assert_ok(supervise(&f));
	tear_down(&f);
}

static void time_is_bounded(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, KERNEL " say:'Starting Switch Root' run");
	f.spec.boot_timeout_ms = 600; /* times 8 under tcg; a busy host takes seconds to start a script */
	struct err *e = supervise(&f);
	assert_true(err_is(e, ERR_GUEST));
	assert_non_null(e->log_path);
	assert_non_null(e->hint);
	assert_non_null(strstr(e->detail, "Switch Root"));
	assert_fails(e, ERR_GUEST, "nothing came after");
	tear_down(&f);
}

static void accelerator_falls_back(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, "tcg-only:'qemu-system-aarch64: -accel kvm: failed to initialize kvm: Permission denied' " UP
		   " poweroff");
	f.spec.accel = ACCEL_AUTO;
	assert_ok(supervise(&f));
	struct json *verdicts = accel_verdicts_read(f.accel);
	assert_int_equal(accel_known(verdicts, "b1", f.spec.qemu, ACCEL_KVM), VERDICT_BROKEN);
	js_free(verdicts);
	tear_down(&f);
	/* a fault of something else, in a path that holds the word: an error, and nothing is remembered */
	set_up(&f, "tcg-only:\"qemu-system-aarch64: -drive if=none,file=/srv/kvm/os.qcow2: Could not open "
		   "'/srv/kvm/os.qcow2': Permission denied\" " UP " poweroff");
	f.spec.accel = ACCEL_AUTO;
	assert_fails(supervise(&f), ERR_CHILD, "/srv/kvm/os.qcow2");
	assert_false(is_file(f.accel));
	tear_down(&f);
	/* a firmware that gives up under kvm; then a kernel that comes up under it */
	set_up(&f, "say:'ASSERT [ArmCpuDxe] x' run\n" UP " poweroff\n" UP " poweroff\n");
	f.spec.accel = ACCEL_AUTO;
	assert_ok(supervise(&f));
	AUTO_FREE char *argv = argv_log(&f);
	assert_non_null(strstr(argv, "-accel kvm"));
	assert_non_null(strstr(argv, "-accel tcg"));
	assert_ok(file_remove(f.accel));
	assert_ok(supervise(&f));
	verdicts = accel_verdicts_read(f.accel);
	assert_int_equal(accel_known(verdicts, "b1", f.spec.qemu, ACCEL_KVM), VERDICT_WORKS);
	js_free(verdicts);
	tear_down(&f);
	/* "KVM internal error": it cannot do what the firmware or the kernel asks, and the processors stand still */
	set_up(&f, "event:'{\"event\":\"STOP\"}' run\n" UP " poweroff\n");
	f.spec.accel = ACCEL_AUTO;
	assert_ok(supervise(&f));
	verdicts = accel_verdicts_read(f.accel);
	assert_int_equal(accel_known(verdicts, "b1", f.spec.qemu, ACCEL_KVM), VERDICT_BROKEN);
	js_free(verdicts);
	tear_down(&f);
	set_up(&f, "event:'{\"event\":\"STOP\"}' run\n");
	f.spec.accel = ACCEL_KVM;
	struct err *e = supervise(&f);
	assert_non_null(e);
	assert_non_null(strstr(e->hint, "accel: tcg"));
	assert_fails(e, ERR_GUEST, "its processors were stopped");
	tear_down(&f);
}

static void port_is_kept_or_changed(void **state)
{
	(void)state;
	struct fixture f;
	AUTO_FREE char *first = NULL, *second = NULL;

	set_up(&f, UP " poweroff\n");
	AUTO_FREE char *path = mem_printf("%s/ssh/port", f.dir);
	assert_ok(supervise(&f));
	assert_ok(file_read(path, 64, &first, NULL));
	assert_ok(supervise(&f));
	assert_ok(file_read(path, 64, &second, NULL));
	assert_string_equal(first, second);
	/* snatched between our look and QEMU's */
	AUTO_FREE char *scenario =
		mem_printf("err:\"qemu-system-aarch64: -netdev user,id=net0: Could not set up host forwarding rule "
			   "'tcp:127.0.0.1:%.*s-:22'\" die:1\n" UP " poweroff\n",
			   (int)strcspn(first, "\n"), first);
	write_file(f.scenario, scenario, 0600);
	assert_ok(supervise(&f));
	AUTO_FREE char *third = NULL;
	assert_ok(file_read(path, 64, &third, NULL));
	assert_string_not_equal(first, third);
	tear_down(&f);
}

static void limits(void **state)
{
	(void)state;
	int64_t kernel = phase_deadline_ms(PHASE_KERNEL, ACCEL_KVM);
	int64_t firmware = phase_deadline_ms(PHASE_FIRMWARE, ACCEL_KVM);
	int64_t root = phase_deadline_ms(PHASE_SWITCH_ROOT, ACCEL_KVM);

	assert_int_equal(machine_phase_limit_ms(PHASE_POWER, BOOT_UEFI, true, ACCEL_KVM), firmware);
	assert_int_equal(machine_phase_limit_ms(PHASE_POWER, BOOT_KERNEL, true, ACCEL_KVM), firmware + kernel);
	assert_int_equal(machine_phase_limit_ms(PHASE_KERNEL, BOOT_KERNEL, false, ACCEL_KVM),
			 phase_deadline_ms(PHASE_IGNITION, ACCEL_KVM) + root);
	assert_int_equal(machine_phase_limit_ms(PHASE_IGNITION, BOOT_KERNEL, true, ACCEL_TCG),
			 phase_deadline_ms(PHASE_SWITCH_ROOT, ACCEL_TCG));
	assert_int_equal(machine_phase_limit_ms(PHASE_SSHD, BOOT_UEFI, true, ACCEL_KVM),
			 phase_deadline_ms(PHASE_READY, ACCEL_KVM));
}

/* This program again, as the supervisor that machine_start() detaches: see main(). */
static struct machine_launch launch_of(const struct fixture *f, const char **argv)
{
	argv[0] = self_path;
	argv[1] = "supervise";
	argv[2] = f->gen_dir;
	argv[3] = f->accel;
	argv[4] = NULL;
	return (struct machine_launch){.name = "dev", .machine_dir = f->dir, .argv = argv, .deadline_ms = 20000};
}

static void started_and_stopped(void **state)
{
	(void)state;
	struct fixture f;
	struct machine_status status, again;
	const char *argv[5];
	bool was_running = false;

	set_up(&f, UP " run");
	assert_ok(machine_record_write(&f.spec));
	struct machine_launch launch = launch_of(&f, argv);
	assert_ok(machine_status(f.dir, &status));
	assert_false(status.running);
	assert_ok(machine_start(&launch, &status));
	assert_true(status.running && status.ready);
	assert_string_equal(status.accel, "tcg");
	assert_int_equal(status.generation, 1);
	assert_ok(machine_start(&launch, &again));
	assert_int_equal(again.pid, status.pid);
	assert_ok(machine_status(f.dir, &again));
	assert_int_equal(again.ssh_port, status.ssh_port);
	assert_string_equal(again.phase, "ready");
	assert_int_not_equal(getsid(status.pid), getsid(0));
	assert_fails(supervise(&f), ERR_BUSY, "running already");
	assert_ok(machine_stop(f.dir, 10000, &was_running));
	assert_true(was_running);
	assert_int_not_equal(kill(status.qemu_pid, 0), 0);
	assert_ok(machine_stop(f.dir, 10000, &was_running));
	assert_false(was_running);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	tear_down(&f);
}

static void failed_start_leaves_nothing(void **state)
{
	(void)state;
	struct fixture f;
	struct machine_status status;
	const char *argv[5];

	set_up(&f, KERNEL " say:'Kernel panic - not syncing: out' run");
	assert_ok(machine_record_write(&f.spec));
	struct machine_launch launch = launch_of(&f, argv);
	struct err *e = machine_start(&launch, &status);
	assert_true(err_is(e, ERR_GUEST));
	assert_non_null(strstr(e->log_path, "serial.log"));
	assert_non_null(strstr(e->detail, "Kernel panic"));
	assert_fails(e, ERR_GUEST, "kernel panic");
	/* a supervisor that cannot even begin */
	assert_ok(tree_remove(f.gen_dir));
	assert_fails(machine_start(&launch, &status), ERR_CHILD, "without a message");
	tear_down(&f);
}

/* kill -9 of the supervisor takes QEMU along, and the next start finds nothing in its way. */
static void killed_supervisor(void **state)
{
	(void)state;
	struct fixture f;
	struct machine_status status, next;
	const char *argv[5];

	set_up(&f, UP " run");
	assert_ok(machine_record_write(&f.spec));
	struct machine_launch launch = launch_of(&f, argv);
	assert_ok(machine_start(&launch, &status));
	kill(status.pid, SIGKILL);
	waitpid(status.pid, NULL, 0);
	for (int i = 0; i < 30 && kill(status.qemu_pid, 0) == 0; i++)
		tick_sleep_ms(10);
	assert_ok(machine_status(f.dir, &next));
	assert_false(next.running);
	assert_ok(machine_start(&launch, &next));
	assert_int_not_equal(next.pid, status.pid);
	assert_ok(machine_stop(f.dir, 10000, NULL));
	waitpid(next.pid, NULL, 0);
	tear_down(&f);
}

#define NO_SPACE                                                                                                        \
	" event:'{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"action\":\"stop\",\"nospace\":true,\"operation\":\"write\"," \
	"\"reason\":\"No space left on device\"}}' event:'{\"event\":\"STOP\"}' "

static bool paused(const struct fixture *f, enum vmm_pause pause, struct machine_status *status)
{
	for (int i = 0; i < 500; i++) {
		assert_ok(machine_status(f->dir, status));
		if (status->pause == pause)
			return true;
		tick_sleep_ms(10);
	}
	return false;
}

/* A full disk stops the guest: it is not ready any more, and goes on by itself once there is room. */
static void disk_full(void **state UNUSED)
{
	struct fixture f;
	struct machine_status status;
	const char *argv[5];

	set_up(&f, UP " wait:50" NO_SPACE "until-cont run");
	assert_ok(machine_record_write(&f.spec));
	struct machine_launch launch = launch_of(&f, argv);
	assert_ok(machine_start(&launch, &status));
	assert_true(paused(&f, VMM_DISK_FULL, &status));
	assert_true(status.running);
	assert_false(status.ready);
	assert_string_equal(status.trouble, "No space left on device");
	assert_true(paused(&f, VMM_GOES_ON, &status));
	assert_true(status.ready);
	assert_string_equal(status.trouble, "");
	assert_ok(machine_stop(f.dir, 10000, NULL));
	waitpid(status.pid, NULL, 0);
	tear_down(&f);
	/* while it boots that is the end, with the right reason */
	set_up(&f, KERNEL NO_SPACE "run");
	struct err *e = supervise(&f);
	assert_int_equal(err_exit_code(e), EXIT_NOSPACE);
	assert_non_null(e->hint);
	assert_fails(e, ERR_OS, "disk is full");
	tear_down(&f);
}

/* One that stands still for another reason goes on when somebody says so. */
static void resumed(void **state UNUSED)
{
	struct fixture f;
	struct machine_status status;
	const char *argv[5];

	set_up(&f, UP " wait:50 event:'{\"event\":\"STOP\"}' until-cont run");
	assert_ok(machine_record_write(&f.spec));
	struct machine_launch launch = launch_of(&f, argv);
	assert_ok(machine_start(&launch, &status));
	assert_true(paused(&f, VMM_PAUSED, &status));
	assert_int_equal(kill(status.qemu_pid, 0), 0);
	assert_ok(machine_resume(f.dir));
	assert_ok(machine_status(f.dir, &status));
	assert_true(status.ready);
	assert_ok(machine_resume(f.dir));
	assert_ok(machine_stop(f.dir, 10000, NULL));
	waitpid(status.pid, NULL, 0);
	tear_down(&f);
}

/* Only what a supervisor says it has done counts as done: one of another version, or that says something else, did not. */
static void not_done(void **state UNUSED)
{
	static const struct {
		const char *line;
		enum err_kind kind;
		const char *says;
	} cases[] = {{"{\"event\":\"refused\",\"message\":\"unknown request\"}\n", ERR_GUEST, "another version"},
		     {"{}\n", ERR_CORRUPT, "nonsense"},
		     {"{\"event\":\"stopping\"}\n", ERR_CORRUPT, "nonsense"}};
	struct fixture f;
	int lock = -1, listener = -1, peer = -1;

	set_up(&f, "");
	AUTO_FREE char *lock_path = mem_printf("%s/lock", f.dir);
	AUTO_FREE char *socket_path = mem_printf("%s/ctl.sock", f.dir);
	assert_ok(lock_try(lock_path, "somebody", &lock));
	assert_ok(sock_listen(socket_path, &listener));
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const char *line = cases[i / 2].line;
		int pid = fork();
		if (pid == 0) {
			while (peer < 0)
				err_free(sock_accept(listener, &peer));
			(void)!write(peer, line, strlen(line));
			char asked[256]; /* an end before it is read would cut off the answer */
			while (read(peer, asked, sizeof(asked)) > 0)
				;
			_exit(0);
		}
		struct err *e = i % 2 ? machine_forward(f.dir, &f.spec) : machine_resume(f.dir);
		assert_non_null(e ? e->hint : NULL);
		assert_fails(e, cases[i / 2].kind, cases[i / 2].says);
		waitpid(pid, NULL, 0);
	}
	close(listener);
	close(lock);
	assert_ok(file_remove(socket_path));
	tear_down(&f);
}

/* What holds the lock and is no supervisor: silent, or without sense, or gone. */
static void strange_supervisors(void **state UNUSED)
{
	static const char *const lines[] = {"no JSON\n", "[]\n", "{}\n", "{\"phase\":1,\"accel\":[]}\n"};
	struct fixture f;
	struct machine_status status;
	int lock = -1, listener = -1, peer = -1;

	set_up(&f, "");
	AUTO_FREE char *lock_path = mem_printf("%s/lock", f.dir);
	AUTO_FREE char *socket_path = mem_printf("%s/ctl.sock", f.dir);
	assert_ok(lock_try(lock_path, "somebody", &lock));
	assert_ok(sock_listen(socket_path, &listener));
	for (size_t i = 0; i <= ARRAY_LEN(lines); i++) {
		int pid = fork();
		if (pid == 0) {
			while (peer < 0)
				err_free(sock_accept(listener, &peer));
			if (i < ARRAY_LEN(lines))
				(void)!write(peer, lines[i], strlen(lines[i]));
			else
				(void)!write(peer, "{\"phase\":\"\\u001b[2Jx\",\"accel\":\"tcg\"}\n", 38);
			char asked[256]; /* an end before it is read would cut off the answer */
			while (read(peer, asked, sizeof(asked)) > 0)
				;
			_exit(0);
		}
		if (i < ARRAY_LEN(lines)) {
			struct err *e = machine_status(f.dir, &status);
			assert_true(err_is(e, ERR_CORRUPT));
			assert_non_null(strstr(e->message, "process"));
			assert_non_null(e->hint);
			err_free(e);
		} else {
			assert_ok(machine_status(f.dir, &status));
			assert_null(strchr(status.phase, '\x1b'));
		}
		waitpid(pid, NULL, 0);
	}
	/* one that takes no more connections is no reason to wait */
	struct err *e = NULL;
	int fds[64];
	int count = 0;
	while (!e && count < 64)
		e = sock_connect(socket_path, &fds[count++]);
	assert_fails(e, ERR_BUSY, "no more connections");
	while (--count > 0)
		close(fds[count - 1]);
	close(listener);
	close(lock);
	assert_ok(file_remove(socket_path));
	tear_down(&f);
}

/* --- ports of containers: a script says them, QEMU's stand-in really listens --- */

enum { FREE, TAKEN, DATAGRAMS, PORTS };

struct ports_fixture {
	struct fixture f;
	struct machine_status status;
	char *said; /* file: what the watcher tells, line by line */
	int numbers[PORTS];
};

static void say(const struct ports_fixture *p, const char *line)
{
	FILE *file = fopen(p->said, "a");

	assert_non_null(file);
	assert_true(fprintf(file, "%s\n", line) > 0);
	assert_int_equal(fclose(file), 0);
}

static char *port_json(const char *protocol, int port)
{
	return mem_printf("{\"protocol\":\"%s\",\"address\":\"127.0.0.1\",\"inside\":\"\",\"port\":%d,"
			  "\"container\":\"web\",\"reachable\":true}",
			  protocol, port);
}

static void set_up_ports(struct ports_fixture *p)
{
	const char *argv[5];

	set_up(&p->f, UP " run\n");
	assert_ok(machine_record_write(&p->f.spec));
	p->said = mem_printf("%s/said", p->f.dir);
	AUTO_FREE char *program = mem_printf("%s/watcher", p->f.dir);
	AUTO_FREE char *text = mem_printf("#!/bin/sh\nexec tail -n +1 -s 0.02 -f '%s' >&3\n", p->said);
	write_file(program, text, 0755);
	write_file(p->said, "", 0600);
	for (int i = 0; i < PORTS; i++)
		assert_ok(sock_free_port(0, &p->numbers[i]));
	setenv("TEST_PROGRAM", program, 1);
	struct machine_launch launch = launch_of(&p->f, argv);
	assert_ok(machine_start(&launch, &p->status));
}

static void tear_down_ports(struct ports_fixture *p)
{
	assert_ok(machine_stop(p->f.dir, 10000, NULL));
	waitpid(p->status.pid, NULL, 0);
	unsetenv("TEST_PROGRAM");
	free(p->said);
	tear_down(&p->f);
}

/* The states of all ports, as "open taken", once they are as wanted; what they are after a while. */
static char *states(const struct ports_fixture *p, const char *wanted)
{
	AUTO(str) text = STR_INIT;

	for (int i = 0; i < 1000; i++) {
		AUTO_JSON *ports = NULL;
		assert_ok(machine_ports(p->f.dir, &ports));
		const struct json *list = js_get(ports, "ports");
		str_clear(&text);
		for (size_t k = 0; k < js_count(list); k++)
			str_addf(&text, "%s%s", k ? " " : "", js_get_text(js_at(list, k), "state"));
		if (streq(str_text(&text), wanted))
			break;
		tick_sleep_ms(10);
	}
	return str_take(&text);
}

static void become(const struct ports_fixture *p, const char *wanted)
{
	AUTO_FREE char *is = states(p, wanted);
	assert_string_equal(is, wanted);
}

static void ports_come_and_go(void **state UNUSED)
{
	struct ports_fixture p;

	set_up_ports(&p);
	AUTO_FREE char *tcp = port_json("tcp", p.numbers[FREE]);
	AUTO_FREE char *udp = port_json("udp", p.numbers[DATAGRAMS]);
	AUTO_FREE char *both = mem_printf("{\"ports\":[%s,%s]}", tcp, udp);
	say(&p, both);
	become(&p, "open open");
	assert_int_equal(sock_try_port(/* udp= */ false, "127.0.0.1", p.numbers[FREE]), EADDRINUSE);
	assert_int_equal(sock_try_port(/* udp= */ true, "127.0.0.1", p.numbers[DATAGRAMS]), EADDRINUSE);
	say(&p, "{\"ports\":[]}");
	become(&p, "");
	for (int i = 0; i < 500 && sock_try_port(false, "127.0.0.1", p.numbers[FREE]) != 0; i++)
		tick_sleep_ms(10);
	assert_int_equal(sock_try_port(false, "127.0.0.1", p.numbers[FREE]), 0);
	assert_int_equal(sock_try_port(true, "127.0.0.1", p.numbers[DATAGRAMS]), 0);
	tear_down_ports(&p);
}

/* Who has the port is named; once he is gone, the port is there. */
static void port_is_taken(void **state UNUSED)
{
	struct ports_fixture p;

	set_up_ports(&p);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)p.numbers[TAKEN]),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	AUTO_FREE char *tcp = port_json("tcp", p.numbers[TAKEN]);
	AUTO_FREE char *line = mem_printf("{\"ports\":[%s]}", tcp);
	say(&p, line);
	become(&p, "taken");
	AUTO_JSON *ports = NULL;
	assert_ok(machine_ports(p.f.dir, &ports));
	const char *why = js_get_text(js_at(js_get(ports, "ports"), 0), "why");
	assert_non_null(strstr(why, "listens there"));
	AUTO_FREE char *holder = os_port_holder(/* udp= */ false, p.numbers[TAKEN]);
	AUTO_FREE char *process = mem_printf("process %d", getpid());
	if (holder) /* not every system tells */
		assert_true(strstr(holder, process) && strstr(why, holder));
	close(fd);
	become(&p, "open");
	tear_down_ports(&p);
}

/* Tell the machine that these are the stack's ports: NUMBER to 80 of the guest, for each that is not 0. */
static struct err *forward(struct ports_fixture *p, int first, int second)
{
	AUTO_JSON *ports = js_array();
	int numbers[] = {first, second};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (!numbers[i])
			continue;
		struct json *port = js_object();
		js_set_text(port, "host_address", "127.0.0.1");
		js_set_int(port, "host_port", numbers[i]);
		js_set_int(port, "guest_port", 80);
		js_add(ports, port);
	}
	machine_spec_set_ports(&p->f.spec, ports);
	return machine_forward(p->f.dir, &p->f.spec);
}

static size_t recorded(const struct ports_fixture *p)
{
	AUTO(machine_spec) read = {.name = NULL};

	assert_ok(machine_record_read(p->f.gen_dir, &read));
	return read.port_count;
}

/* The stack's come before a container's, are all there or as they were, and are in the record. */
static void ports_of_the_stack(void **state UNUSED)
{
	struct ports_fixture p;

	set_up_ports(&p);
	int published = p.numbers[FREE], taken = p.numbers[TAKEN], other = p.numbers[DATAGRAMS];
	AUTO_FREE char *tcp = port_json("tcp", published);
	AUTO_FREE char *line = mem_printf("{\"ports\":[%s]}", tcp);
	say(&p, line);
	become(&p, "open");
	assert_ok(forward(&p, published, other));
	become(&p, "stack");
	assert_int_equal(recorded(&p), 2);
	AUTO_FREE char *log = mem_printf("%s.forwards", p.f.scenario);
	AUTO_FREE char *rule = mem_printf("tcp:127.0.0.1:%d-:80\n", published);
	AUTO_FREE char *text = NULL;
	assert_ok(file_read(log, 1 << 16, &text, NULL));
	assert_non_null(strstr(text, rule));
	assert_int_equal(sock_try_port(false, "127.0.0.1", other), EADDRINUSE);

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)taken),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_fails(forward(&p, taken, 0), ERR_BUSY, "in use");
	become(&p, "stack");
	assert_int_equal(sock_try_port(false, "127.0.0.1", published), EADDRINUSE);
	assert_int_equal(sock_try_port(false, "127.0.0.1", other), EADDRINUSE);
	assert_int_equal(recorded(&p), 2);
	close(fd);

	assert_ok(forward(&p, taken, 0)); /* the container gets its port back */
	become(&p, "open");
	assert_int_equal(sock_try_port(false, "127.0.0.1", other), 0);
	assert_int_equal(recorded(&p), 1);
	assert_ok(forward(&p, 0, 0));
	assert_int_equal(sock_try_port(false, "127.0.0.1", taken), 0);
	assert_int_equal(recorded(&p), 0);
	assert_fails(forward(&p, 70000, 0), ERR_CORRUPT, "item 1");

	assert_ok(forward(&p, other, 0)); /* what cannot be written down is not so */
	AUTO_FREE char *away = mem_printf("%s.away", p.f.gen_dir);
	assert_ok(file_rename(p.f.gen_dir, away));
	struct err *e = forward(&p, other, taken);
	assert_non_null(e);
	err_free(e);
	assert_ok(file_rename(away, p.f.gen_dir));
	assert_int_equal(sock_try_port(false, "127.0.0.1", taken), 0);
	assert_int_equal(sock_try_port(false, "127.0.0.1", other), EADDRINUSE);
	assert_int_equal(recorded(&p), 1);

	assert_int_equal(kill(p.status.qemu_pid, SIGSTOP), 0); /* nor what nobody answers to */
	assert_fails(forward(&p, taken, 0), ERR_GUEST, "did not take");
	assert_int_equal(kill(p.status.qemu_pid, SIGCONT), 0);
	for (int i = 0; i < 1000 && sock_try_port(false, "127.0.0.1", other) == 0; i++)
		tick_sleep_ms(10);
	tick_sleep_ms(300);
	assert_int_equal(sock_try_port(false, "127.0.0.1", taken), 0);
	assert_int_equal(sock_try_port(false, "127.0.0.1", other), EADDRINUSE);
	assert_ok(forward(&p, taken, 0));
	assert_int_equal(sock_try_port(false, "127.0.0.1", taken), EADDRINUSE);
	tear_down_ports(&p);
}

/* A watcher that talks nonsense, or ends, is started again; until it says something else all stays as it is. */
static void watcher_ends(void **state UNUSED)
{
	struct ports_fixture p;

	set_up_ports(&p);
	AUTO_FREE char *tcp = port_json("tcp", p.numbers[FREE]);
	AUTO_FREE char *line = mem_printf("{\"ports\":[%s]}", tcp);
	say(&p, line);
	become(&p, "open");
	say(&p, "nonsense");
	tick_sleep_ms(300);
	become(&p, "open");
	write_file(p.said, "{\"ports\":[]}\n", 0600);
	become(&p, "");
	tear_down_ports(&p);
}

static void record_round_trip(void **state)
{
	(void)state;
	struct fixture f;
	struct machine_spec read;

	set_up(&f, "");
	f.spec.mounts = mem_array(1, sizeof(*f.spec.mounts));
	f.spec.mounts[0] = (struct mount){.host = mem_strdup("/h"), .guest = mem_strdup("/g"), .writable = true};
	f.spec.mount_count = 1;
	f.spec.ports = mem_array(1, sizeof(*f.spec.ports));
	f.spec.ports[0] = (struct port){.host_address = mem_strdup("127.0.0.1"), .host_port = 8080, .guest_port = 80};
	f.spec.port_count = 1;
	strs_add(&f.spec.run, "x86_64");
	assert_ok(machine_record_write(&f.spec));
	assert_ok(machine_record_read(f.gen_dir, &read));
	assert_string_equal(read.dir, f.dir);
	assert_string_equal(read.first_boot_cmdline, "ignition.firstboot=1");
	assert_string_equal(read.mounts[0].guest, "/g");
	assert_int_equal(read.ports[0].guest_port, 80);
	assert_true(strs_has(&read.run, "x86_64"));
	assert_null(read.firmware_code);
	machine_spec_done(&read);
	f.spec.boot = BOOT_UEFI;
	assert_ok(machine_record_write(&f.spec));
	assert_fails(machine_record_read(f.gen_dir, &read), ERR_CORRUPT, "nothing to boot");
	tear_down(&f);
}

/* supervise GEN_DIR ACCEL_FILE --report-fd=3 */
static int be_supervisor(char **argv)
{
	struct machine_spec spec;
	struct host_facts facts = {
		.os = OS_LINUX, .arch = ARCH_X86_64, .cpus = 2, .memory_bytes = 8LL << 30, .boot_id = "b1"};
	const char *program = getenv("TEST_PROGRAM");
	struct machine_options options = {.accel_path = argv[3], .report_fd = 3, .program = program};

	signals_install();
	struct err *e = machine_record_read(argv[2], &spec);
	if (!e) {
		e = machine_supervise(&spec, &facts, &options);
		machine_spec_done(&spec);
	}
	int status = (int)err_exit_code(e);
	err_free(e);
	return status;
}

static int64_t cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* A guest that talks as fast as it can, at the ready port and by events, costs the host next to nothing. */
static void floods(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, UP " poweroff");
	int64_t before = cpu_ms();
	assert_ok(supervise(&f));
	int64_t quiet = cpu_ms() - before;
	tear_down(&f);
	set_up(&f, UP " flood:500 poweroff");
	before = cpu_ms();
	assert_ok(supervise(&f));
	int64_t flooded = cpu_ms() - before - quiet;
	print_message("%lld ms of a processor in half a second of flood\n", (long long)flooded);
	assert_true(flooded < 150);
	tear_down(&f);
}

/* Nor does it fill the host's disk, by its console or by what it makes the monitor say, however fast that is. */
static void logs_are_bounded(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f, UP " talk:80 say:after poweroff");
	assert_ok(supervise(&f));
	AUTO_FREE char *path = mem_printf("%s/log/serial.log", f.dir);
	AUTO_FREE char *said = log_tail(path, 0, 1);
	assert_string_equal(said, "after\n");
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_follows),
		cmocka_unit_test(lives),
		cmocka_unit_test(failures),
		cmocka_unit_test(too_busy),
		cmocka_unit_test(torn_instruction),
		cmocka_unit_test(stalled_kernel),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(accelerator_falls_back),
		cmocka_unit_test(port_is_kept_or_changed),
		cmocka_unit_test(limits),
		cmocka_unit_test(started_and_stopped),
		cmocka_unit_test(failed_start_leaves_nothing),
		cmocka_unit_test(killed_supervisor),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(resumed),
		cmocka_unit_test(floods),
		cmocka_unit_test(logs_are_bounded),
		cmocka_unit_test(strange_supervisors),
		cmocka_unit_test(not_done),
		cmocka_unit_test(ports_come_and_go),
		cmocka_unit_test(port_is_taken),
		cmocka_unit_test(ports_of_the_stack),
		cmocka_unit_test(watcher_ends),
		cmocka_unit_test(record_round_trip),
	};

	if (test_argc == 5 && streq(test_argv[1], "supervise"))
		return be_supervisor(test_argv);
	signals_install();
	assert_ok(os_exe_path(&self_path));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(self_path);
	return failed;
}
