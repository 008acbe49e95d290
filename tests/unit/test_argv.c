#include "golden.h"

#include "machine/argv.h"
#include "machine/facts.h"
#include "machine/paths.h"

#define HOME_MAC "/Users/ann/.local/share/cooper"
#define HOME_LINUX "/home/ann/.local/share/cooper"
#define GIB ((int64_t)1 << 30)

struct sample {
	const char *golden; /* file without .txt */
	const char *host;   /* facts file without .json */
	enum arch guest_arch;
	const char *qemu_version;
	enum image_boot boot;
	enum accel accel;
	bool first_boot;
	bool rich; /* mounts, ports, emulators, commas in paths */
	int64_t memory_bytes;
	int cpus;
};

static const struct sample samples[] = {
	{"m1-aarch64-uefi-first", "host-macos-m1", ARCH_AARCH64, "10.2.3", BOOT_UEFI, ACCEL_HVF, true, true, 4 * GIB,
	 4},
	{"m1-aarch64-uefi-later", "host-macos-m1", ARCH_AARCH64, "10.2.3", BOOT_UEFI, ACCEL_HVF, false, false, 4 * GIB,
	 4},
	{"m1-aarch64-kernel-first", "host-macos-m1", ARCH_AARCH64, "7.2.22", BOOT_KERNEL, ACCEL_HVF, true, false,
	 2 * GIB, 2},
	{"m1-aarch64-kernel-later", "host-macos-m1", ARCH_AARCH64, "10.2.3", BOOT_KERNEL, ACCEL_HVF, false, false,
	 2 * GIB, 2},
	{"m1-x86_64-kernel-first", "host-macos-m1", ARCH_X86_64, "8.0.5", BOOT_KERNEL, ACCEL_TCG, true, false, 2 * GIB,
	 2},
	{"m1-old-aarch64-uefi-first", "host-macos-m1-old", ARCH_AARCH64, "6.2.0", BOOT_UEFI, ACCEL_HVF, true, false,
	 3 * GIB, 12},
	{"m4-aarch64-uefi-later", "host-macos-m4", ARCH_AARCH64, "11.1.2", BOOT_UEFI, ACCEL_HVF, false, false, 8 * GIB,
	 8},
	{"m4-vm-aarch64-uefi-first", "host-macos-m4-vm", ARCH_AARCH64, "10.2.3", BOOT_UEFI, ACCEL_TCG, true, false,
	 4 * GIB, 4},
	{"linux-aarch64-kernel-first", "host-linux-x86_64", ARCH_AARCH64, "7.2.22", BOOT_KERNEL, ACCEL_TCG, true, true,
	 2 * GIB, 2},
	{"linux-aarch64-kernel-later", "host-linux-x86_64", ARCH_AARCH64, "7.2.22", BOOT_KERNEL, ACCEL_TCG, false,
	 false, 2 * GIB, 2},
	{"linux-aarch64-uefi-first", "host-linux-x86_64", ARCH_AARCH64, "7.2.22", BOOT_UEFI, ACCEL_TCG, true, false,
	 2 * GIB, 2},
	{"linux-aarch64-uefi-kernel-first", "host-linux-x86_64", ARCH_AARCH64, "7.2.22", BOOT_UEFI, ACCEL_TCG, true,
	 false, 2 * GIB, 2},
	{"linux-x86_64-kernel-first", "host-linux-x86_64", ARCH_X86_64, "7.2.22", BOOT_KERNEL, ACCEL_KVM, true, false,
	 2 * GIB, 2},
	{"linux-x86_64-kernel-later-tcg", "host-linux-x86_64", ARCH_X86_64, "7.2.22", BOOT_KERNEL, ACCEL_TCG, false,
	 false, 2 * GIB, 2},
	{"linux-x86_64-uefi-later", "host-linux-x86_64", ARCH_X86_64, "7.2.22", BOOT_UEFI, ACCEL_KVM, false, false,
	 2 * GIB, 8},
	{"linux-arm-aarch64-kernel-first", "host-linux-aarch64", ARCH_AARCH64, "10.2.3", BOOT_KERNEL, ACCEL_KVM, true,
	 false, 8 * GIB, 8},
};

static struct err *facts_from_json(const struct json *root, const char *name, struct host_facts *ret_facts)
{
	AUTO(host_survey) survey = {.home = NULL};

	TRY(survey_from_json(root, name, &survey));
	*ret_facts = survey.host;
	return NULL;
}

static void read_host(const char *name, struct host_facts *ret_facts)
{
	AUTO_FREE char *path = mem_printf("tests/golden/argv/%s.json", name);
	AUTO_JSON *root = NULL;

	assert_ok(js_read(path, &root));
	assert_ok(facts_from_json(root, path, ret_facts));
}

/* Everything below lives as long as the program: literals, and two leaks-free statics. */
static struct mount mounts[] = {
	{.host = "/Users/ann/src", .guest = "/home/core/src", .writable = true},
	{.host = "/Users/ann/a, b", .guest = "/mnt/ab"},
};
static struct port ports[] = {
	{.host_address = "127.0.0.1", .host_port = 8080, .guest_port = 80},
	{.host_port = 8443, .guest_port = 443},
};

static char *provides[] = {"sandbox", "host-loopback"};

static struct machine_spec make_spec(const struct sample *s, const struct host_facts *facts)
{
	bool mac = facts->os == OS_MACOS;
	bool uefi_disk = s->boot == BOOT_UEFI && !strstr(s->golden, "-kernel-");
	struct machine_spec spec = {
		.name = "dev",
		.guest_arch = s->guest_arch,
		.cpus = s->cpus,
		.memory_bytes = s->memory_bytes,
		.qemu = s->guest_arch == ARCH_AARCH64 ? "/store/qemu/bin/qemu-system-aarch64"
						      : "/store/qemu/bin/qemu-system-x86_64",
		.qemu_share = "/store/qemu/share/qemu",
		.qemu_version = (char *)s->qemu_version,
		.boot = s->boot,
		.kernel = uefi_disk ? NULL : "/store/image/vmlinuz",
		.initrd = uefi_disk ? NULL : "/store/image/initrd.img",
		.cmdline = "root=LABEL=root rw net.ifnames=0",
		.first_boot_cmdline = "ignition.firstboot ignition.platform.id=qemu",
		.firmware_code = "/store/qemu/share/qemu/edk2-aarch64-code.fd",
		.user = "core",
		.dir = mac ? HOME_MAC "/machines/dev" : HOME_LINUX "/machines/dev",
		.gen_dir = mac ? HOME_MAC "/machines/dev/gen-3" : HOME_LINUX "/machines/dev/gen-3",
		.accel = ACCEL_AUTO,
	};

	if (s->qemu_version[0] == '1')
		spec.qemu_provides = (struct strs){provides, ARRAY_LEN(provides), 0};
	if (s->rich) {
		spec.host_loopback = true;
		spec.emulator_iso = "/store/emulators/a,b.iso";
		spec.mounts = mounts;
		spec.mount_count = ARRAY_LEN(mounts);
		spec.ports = ports;
		spec.port_count = ARRAY_LEN(ports);
	}
	return spec;
}

/* One option with its value per line, then the warnings as comments. */
static char *show(const struct strs *argv, const struct strs *warnings)
{
	AUTO(str) s = STR_INIT;

	for (size_t i = 0; i < argv->count; i++) {
		bool value = i + 1 < argv->count && argv->items[i][0] == '-' && argv->items[i + 1][0] != '-';
		str_addf(&s, "%s%s", argv->items[i], value ? " " : "\n");
		if (value)
			str_addf(&s, "%s\n", argv->items[++i]);
	}
	for (size_t i = 0; i < warnings->count; i++)
		str_addf(&s, "# %s\n", warnings->items[i]);
	return str_take(&s);
}

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		AUTO(strs) argv = STRS_INIT;
		AUTO(strs) warnings = STRS_INIT;
		struct host_facts facts;
		read_host(s->host, &facts);
		struct machine_spec spec = make_spec(s, &facts);
		struct machine_start start = {.accel = s->accel, .ssh_port = 50022, .first_boot = s->first_boot};
		assert_ok(machine_argv(&spec, &start, &facts, &argv, &warnings));
		AUTO_FREE char *text = show(&argv, &warnings);
		AUTO_FREE char *path = mem_printf("tests/golden/argv/%s.txt", s->golden);
		assert_golden(path, text);
	}
}

static struct err *argv_of(const struct machine_spec *spec, enum accel accel, const struct host_facts *facts)
{
	AUTO(strs) argv = STRS_INIT;
	struct machine_start start = {.accel = accel, .ssh_port = 1};

	return machine_argv(spec, &start, facts, &argv, NULL);
}

static void test_refusals(void **state)
{
	struct host_facts facts;

	(void)state;
	read_host("host-macos-m1", &facts);
	struct machine_spec spec = make_spec(&samples[0], &facts);
	spec.guest_arch = ARCH_RISCV64;
	assert_fails(argv_of(&spec, ACCEL_TCG, &facts), ERR_USAGE, "x86_64, aarch64");
	spec.guest_arch = ARCH_X86_64;
	assert_fails(argv_of(&spec, ACCEL_HVF, &facts), ERR_USAGE, "host's own architecture");
	spec.guest_arch = ARCH_AARCH64;
	spec.dir = "/Users/a-person-with-a-rather-long-name/Library/Application "
		   "Support/and/more/folders/below/it/machines/dev";
	assert_fails(argv_of(&spec, ACCEL_HVF, &facts), ERR_USAGE, "COOPER_HOME");
}

static void test_console_is_not_doubled(void **state)
{
	AUTO(strs) argv = STRS_INIT;
	struct host_facts facts;

	(void)state;
	read_host("host-linux-x86_64", &facts);
	struct machine_spec spec = make_spec(&samples[8], &facts);
	spec.cmdline = "console=hvc0 quiet";
	struct machine_start start = {.accel = ACCEL_TCG, .ssh_port = 1};
	assert_ok(machine_argv(&spec, &start, &facts, &argv, NULL));
	assert_true(strs_has(&argv, "console=hvc0 quiet"));
}

static void test_paths(void **state)
{
	struct machine_spec spec = {.dir = "/m", .gen_dir = "/m/gen-1"};

	(void)state;
	AUTO_FREE char *qmp = machine_path(&spec, MACHINE_MONITOR_SOCKET);
	AUTO_FREE char *ignition = machine_path(&spec, MACHINE_IGNITION);
	assert_string_equal(qmp, "/m/qmp.sock");
	assert_string_equal(ignition, "/m/gen-1/config.ign");
}

static void facts_refused(const char *text, const char *why)
{
	struct host_facts facts;
	AUTO_JSON *root = NULL;

	assert_ok(js_parse(text, strlen(text), "x", &root));
	assert_fails(facts_from_json(root, "x", &facts), ERR_USAGE, why);
}

static void test_facts(void **state)
{
	struct host_facts facts;

	(void)state;
	read_host("host-macos-m1", &facts);
	assert_string_equal(facts.chip, "Apple M1");
	assert_true(facts.hv_support);

	facts_refused("[]", "object");
	facts_refused("{\"os\": \"linux\"}", "'arch' is missing");
	facts_refused("{\"os\": \"linux\", \"arch\": \"x86_64\", \"cpu\": 1, \"memory_bytes\": 1}",
		      "did you mean 'cpus'");
	facts_refused("{\"os\": \"linux\", \"arch\": \"x86_64\", \"cpus\": 0, \"memory_bytes\": 1}", "'cpus'");
	facts_refused("{\"os\": \"beos\", \"arch\": \"x86_64\", \"cpus\": 1, \"memory_bytes\": 1}", "macos or linux");
	facts_refused("{\"os\": \"linux\", \"arch\": \"riscv64\", \"cpus\": 1, \"memory_bytes\": 1}",
		      "one of x86_64, aarch64");
	facts_refused("{\"os\": \"linux\", \"arch\": \"x86_64\", \"cpus\": 1, \"memory_bytes\": 1, \"kvm_present\": 1}",
		      "true or false");
	facts_refused("{\"os\": \"linux\", \"os_version\": \"a-version-that-is-longer-than-they-are-anywhere-even-of-a-kernel-that-somebody-made\"}", "short text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_console_is_not_doubled),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
