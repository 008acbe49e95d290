/* QEMU's last words, as it prints them: real output of QEMU 7.2.22 where the host could make it say so. */
#include "harness.h"

#include "base/mem.h"
#include "machine/qemu_words.h"

struct sample {
	const char *words;
	bool kvm, hvf;
};

static const struct sample samples[] = {
	{"", false, false},
	/* no access to /dev/kvm; none there; one that is no kvm; a QEMU without kvm, and without hvf */
	{"Could not access KVM kernel module: Permission denied\n"
	 "qemu-system-x86_64: -accel kvm: failed to initialize kvm: Permission denied\n",
	 true, false},
	{"Could not access KVM kernel module: No such file or directory\n", true, false},
	{"qemu-system-x86_64: -accel kvm: failed to initialize kvm: No such file or directory\n", true, false},
	{"kvm version too old\n"
	 "qemu-system-x86_64: -accel kvm: failed to initialize kvm: Inappropriate ioctl for device\n",
	 true, false},
	{"qemu-system-aarch64: -accel kvm: invalid accelerator kvm\n", true, false},
	{"qemu-system-aarch64: -accel hvf: invalid accelerator hvf\n", false, true},
	{"qemu-system-x86_64: -accel kvm,frob=1: Property 'kvm-accel.frob' not found\n", true, false},
	/* a kvm that lets a virtual machine begin and no guest run */
	{"qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\n"
	 "qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion `ret == "
	 "cpu->kvm_msr_buf->nmsrs' failed.\n",
	 true, false},
	{"qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion `x' failed.\n", true,
	 false},
	{"qemu-system-x86_64: ../../accel/kvm/kvm-all.c:1: f: Assertion `x' failed.\n", true, false},
	/* from the sources: what an Apple's hypervisor refuses */
	{"qemu-system-aarch64: Error: ret = HV_DENIED (0xfae94007, at ../accel/hvf/hvf-accel-ops.c:334)\n", false,
	 true},
	{"qemu-system-aarch64: Error: HV_UNSUPPORTED\n", false, true},
	{"qemu-system-aarch64: Error: hv_vm_map(a, b) = HV_BAD_ARGUMENT (0xfae94003, at ../accel/hvf/hvf-all.c:62)\n",
	 false, true},
	{"**\nERROR:../target/arm/hvf/hvf.c:1234:hvf_arch_init_vcpu: assertion failed: (a == b)\n", false, true},
	{"Assertion failed: (r == HV_SUCCESS), function hvf_wfi, file hvf.c, line 9.\n", false, true},
	{"Assertion failed: (r), function f, file ../target/arm/hvf/hvf.c, line 9.\n", false, true},
	/* other faults, in whose text the words stand */
	{"qemu-system-x86_64: -drive if=none,id=os,file=/srv/kvm/os.qcow2: Could not open '/srv/kvm/os.qcow2': "
	 "No such file or directory\n",
	 false, false},
	{"qemu-system-x86_64: -chardev file,id=serial0,path=/srv/kvm/log: Could not open '/srv/kvm/log': No such file "
	 "or directory\n",
	 false, false},
	{"qemu-system-aarch64: -virtfs local,path=/Users/ann/hvf -accel hvf:: cannot initialize fsdev\n", false, false},
	{"qemu-system-x86_64: unable to find CPU model 'kvm65'\n", false, false},
	{"qemu-system-x86_64: CPU model 'host' requires KVM or HVF\n", false, false},
	{"qemu-system-x86_64: Number of SMP cpus requested (300) exceeds the maximum cpus supported by KVM (288)\n",
	 false, false},
	{"qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n", false, false},
	{"qemu-system-x86_64: ../../block/qcow2.c:1: f: Assertion `kvm' failed.\n", false, false},
	{"qemu-system-x86_64: warning: host doesn't support requested feature: CPUID.80000001H:EDX.kvm\n", false,
	 false},
};

static void accelerators_are_blamed_by_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		if (qemu_blames_accel(s->words, ACCEL_KVM) != s->kvm ||
		    qemu_blames_accel(s->words, ACCEL_HVF) != s->hvf)
			fail_msg("misjudged: %s", s->words);
		assert_false(qemu_blames_accel(s->words, ACCEL_TCG));
	}
}

static void ports_that_are_taken(void **state)
{
	static const struct {
		const char *words;
		bool conflict;
		int port;
	} cases[] = {
		{"qemu-system-x86_64: -netdev user,id=n,hostfwd=tcp:127.0.0.1:33187-:22: Could not set up host forwarding "
		 "rule 'tcp:127.0.0.1:33187-:22'\n",
		 true, 33187},
		{"warned\nqemu-system-x86_64: -netdev user,id=n: Could not set up host forwarding rule 'tcp::8080-:80'\n",
		 true, 8080},
		{"qemu-system-x86_64: -netdev user,id=n: Could not set up host forwarding rule 'tcp:0-:80'\n", true, 0},
		{"qemu-system-x86_64: -netdev user,id=net0: Invalid host forwarding rule 'tcp::111111-:22' (Bad host "
		 "port)\n",
		 false, 0},
		{"qemu-system-x86_64: -drive file=/x: Could not set up host forwarding rule 'tcp::1-:1'\n", false, 0},
		{"no such file", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int port = 0;
		if (qemu_port_conflict(cases[i].words, &port) != cases[i].conflict || port != cases[i].port)
			fail_msg("misjudged, port %d: %s", port, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accelerators_are_blamed_by_place),
		cmocka_unit_test(ports_that_are_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
