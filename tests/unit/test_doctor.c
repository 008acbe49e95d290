#include "harness.h"

#include <string.h>

#include "plan/doctor.h"

#define GIB ((int64_t)1 << 30)

static struct host_survey good_mac(void)
{
	return (struct host_survey){
		.host = {.os = OS_MACOS,
			 .os_version = "15.6",
			 .arch = ARCH_AARCH64,
			 .chip = "Apple M1",
			 .cpus = 8,
			 .memory_bytes = 16 * GIB,
			 .sdk_version = "15.5",
			 .hv_support = true},
		.disk_free_bytes = 500 * GIB,
		.clock_s = 1795000000,
		.developer_tools = "/Library/Developer/CommandLineTools",
		.brew = "/opt/homebrew/bin/brew",
		.packages_known = "yes",
		.emulator_signature = "valid",
		.superuser = "no",
		.podman = "/opt/homebrew/bin/podman",
	};
}

static struct host_survey good_linux(void)
{
	return (struct host_survey){
		.host = {.os = OS_LINUX, .arch = ARCH_X86_64, .cpus = 4, .memory_bytes = 16 * GIB, .kvm_present = true},
		.disk_free_bytes = 500 * GIB,
		.clock_s = 1795000000,
		.packages_known = "yes",
		.binfmt_misc = "yes",
		.superuser = "yes",
	};
}

static struct machine_spec machine = {
	.name = "dev", .dir = "/Users/ann/.local/share/cooper/machines/dev", .gen_dir = "/g", .data_bytes = 60 * GIB};
static const struct strs no_packages = STRS_INIT;

static struct doctor_input input_of(const struct host_survey *survey)
{
	return (struct doctor_input){.survey = survey,
				     .packages = &no_packages,
				     .guest_arch = survey->host.arch,
				     .accel_why = "the host offers it",
				     .spec = &machine,
				     .work_bytes = 10 * GIB};
}

/* the finding @name is there at @level, with @part in its text or remedy; nothing else is worse than a note */
static void expect(const struct doctor_input *in, const char *name, enum doctor_level level, const char *part)
{
	AUTO(doctor_report) r = DOCTOR_REPORT_INIT;
	bool found = false;

	doctor_check(in, &r);
	for (size_t i = 0; i < r.count; i++) {
		const struct doctor_finding *f = &r.items[i];
		bool is_it = streq(f->name, name) && f->level == level &&
			     (strstr(f->text, part) || (f->remedy && strstr(f->remedy, part)));
		found = found || is_it;
		if (!is_it && f->level > DOCTOR_NOTE)
			fail_msg("expected only '%s', found '%s': %s", name, f->name, f->text);
	}
	if (!found)
		fail_msg("no '%s' with '%s'", name, part);
	assert_int_equal(doctor_fails(&r), level == DOCTOR_FAIL);
}

static void test_good_hosts(void **state)
{
	struct host_survey mac = good_mac();
	struct host_survey box = good_linux();
	struct doctor_input in = input_of(&mac);

	(void)state;
	expect(&in, "system", DOCTOR_OK, "Apple M1, 8 CPUs");
	expect(&in, "developer-tools", DOCTOR_OK, "SDK 15.5");
	expect(&in, "signature", DOCTOR_OK, "hypervisor");
	in = input_of(&box);
	expect(&in, "clock", DOCTOR_OK, "plausible");
}

static void test_macos(void **state)
{
	struct host_survey mac = good_mac();
	struct doctor_input in = input_of(&mac);
	AUTO(strs) packages = STRS_INIT;

	(void)state;
	mac.developer_tools = "no";
	expect(&in, "developer-tools", DOCTOR_FAIL, "xcode-select --install");
	mac = good_mac();
	mac.host.sdk_version[0] = '\0';
	expect(&in, "developer-tools", DOCTOR_WARN, "no macOS SDK");
	mac = good_mac();
	mac.emulator_signature = "no-entitlement";
	expect(&in, "signature", DOCTOR_FAIL, "without the entitlement");
	mac.emulator_signature = NULL;
	expect(&in, "signature", DOCTOR_NOTE, "not built yet");
	mac = good_mac();
	strs_add(&packages, "glib");
	strs_add(&packages, "meson");
	in.packages = &packages;
	expect(&in, "packages", DOCTOR_FAIL, "brew install glib meson");
	strs_add(&mac.packages, "glib");
	strs_add(&mac.packages, "meson");
	expect(&in, "packages", DOCTOR_OK, "all 2 are installed");
	mac.brew = "no";
	expect(&in, "packages", DOCTOR_FAIL, "brew.sh");
	strs_done(&mac.packages);
	mac = good_mac();
	in.packages = &no_packages;
	in.emulated = true;
	expect(&in, "accelerator", DOCTOR_WARN, "itself a virtual machine");
}

static void test_linux(void **state)
{
	struct host_survey box = good_linux();
	struct doctor_input in = input_of(&box);

	(void)state;
	in.emulated = true;
	expect(&in, "accelerator", DOCTOR_WARN, "nested");
	box.host.kvm_present = false;
	expect(&in, "accelerator", DOCTOR_WARN, "group that owns /dev/kvm");
	in.guest_arch = ARCH_AARCH64;
	expect(&in, "accelerator", DOCTOR_NOTE, "emulated");
	in.makes_image = true;
	box.binfmt_misc = "no";
	expect(&in, "binfmt", DOCTOR_WARN, "mount -t binfmt_misc");
	in = input_of(&box);
	in.makes_image = true;
	box.superuser = "no";
	box.subordinate_ids = "no";
	box.binfmt_misc = "yes";
	expect(&in, "image", DOCTOR_FAIL, "usermod --add-subuids");
	box.subordinate_ids = "yes";
	box.unprivileged_namespaces = "no";
	expect(&in, "image", DOCTOR_FAIL, "user namespaces");
	in.makes_image = false;
	box.subordinate_ids = "no";
	expect(&in, "subordinate-ids", DOCTOR_NOTE, "/etc/subuid");
	box.unprivileged_namespaces = "no";
	expect(&in, "user-namespaces", DOCTOR_NOTE, "rootless");
	box.podman = "no";
	expect(&in, "podman", DOCTOR_NOTE, "cooper ssh");
	in.makes_image = true;
	expect(&in, "image", DOCTOR_FAIL, "subordinate ids");
	box.superuser = "yes";
	box.image_box_lets = "the network";
	box.image_box_why = "namespaces are denied";
	expect(&in, "image-box", DOCTOR_WARN, "the scripts of an image run is not kept from the network: namespaces are denied");
	box.image_box_lets = "";
	expect(&in, "image-box", DOCTOR_OK, "no network");
}

static void test_everywhere(void **state)
{
	struct host_survey mac = good_mac();
	struct doctor_input in = input_of(&mac);
	struct machine_spec deep = machine;
	AUTO(strs) proxies = STRS_INIT;

	(void)state;
	mac.disk_free_bytes = 9 * GIB;
	expect(&in, "disk", DOCTOR_FAIL, "COOPER_HOME");
	mac.disk_free_bytes = 40 * GIB;
	expect(&in, "disk", DOCTOR_WARN, "60 GiB");
	mac = good_mac();
	mac.box_lets = "";
	expect(&in, "box", DOCTOR_OK, "no network");
	mac.box_lets = "the network, reading homes";
	mac.box_why = "namespaces are denied";
	expect(&in, "box", DOCTOR_WARN, "the network, reading homes: namespaces are denied");
	mac.box_lets = NULL;
	mac.clock_s = 1700000000;
	expect(&in, "clock", DOCTOR_FAIL, "2023-11-14");
	mac.clock_s = INT64_C(4795000000);
	expect(&in, "clock", DOCTOR_FAIL, "the clock says 2121");
	mac.clock_s = -5000000;
	expect(&in, "clock", DOCTOR_FAIL, "the clock says 1969");
	mac = good_mac();
	mac.clock_synchronized = "no";
	expect(&in, "clock", DOCTOR_WARN, "turn it on");
	mac = good_mac();
	mac.ca_file = "/x.pem";
	mac.ca_file_readable = "no";
	expect(&in, "certificates", DOCTOR_FAIL, "/x.pem");
	mac.ca_file_readable = "yes";
	expect(&in, "certificates", DOCTOR_OK, "/x.pem");
	mac = good_mac();
	strs_add(&proxies, "https_proxy=http://127.0.0.1:3128");
	mac.proxies = proxies;
	expect(&in, "proxy", DOCTOR_WARN, "10.0.2.2");
	mac = good_mac();
	deep.dir = "/Users/a-person-with-a-rather-long-name/Library/Application Support/and/more/folders/below/it/"
		   "machines/dev";
	in.spec = &deep;
	expect(&in, "sockets", DOCTOR_FAIL, "COOPER_HOME");
}

static void test_rules(void **state)
{
	struct host_survey mac = good_mac();
	struct doctor_input in = input_of(&mac);
	struct rule quiet = {.name = "quiet", .effect = RULE_ADJUST, .link = "https://a"};
	struct rule panic = {
		.name = "panic", .effect = RULE_REFUSE, .why = "it panics", .remedy = "update", .link = "https://b"};
	const struct rule *hits[] = {&quiet, &panic};

	(void)state;
	in.hits = hits;
	in.hit_count = 2;
	expect(&in, "panic", DOCTOR_FAIL, "update");
	panic.effect = RULE_WARN;
	expect(&in, "panic", DOCTOR_WARN, "it panics");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_hosts), cmocka_unit_test(test_macos), cmocka_unit_test(test_linux),
		cmocka_unit_test(test_everywhere), cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
