#include "harness.h"

#include "plan/host_can.h"

static const struct host_facts mac = {.os = OS_MACOS, .arch = ARCH_AARCH64};
static const struct host_facts debian = {.os = OS_LINUX, .arch = ARCH_X86_64, .distro = "debian", .apt = "yes"};
static const struct host_facts mint = {.os = OS_LINUX, .arch = ARCH_X86_64, .distro = "linuxmint", .apt = "yes"};
static const struct host_facts fedora = {.os = OS_LINUX, .arch = ARCH_X86_64, .distro = "fedora", .apt = "no"};
static const struct host_facts unknown = {.os = OS_LINUX, .arch = ARCH_X86_64};

static char *packages[] = {(char *)(uintptr_t) "gcc", (char *)(uintptr_t) "libc6-dev", NULL};
static char *references[] = {(char *)(uintptr_t) "channel:x", (char *)(uintptr_t) "debian-source:qemu:trixie", NULL};
static const struct strs asks_apt = {.items = references, .count = 2};
static const struct strs asks_channel = {.items = references, .count = 1};

static struct source by_url = {.url = (char *)(uintptr_t) "https://h/x.tar.gz"};
static struct source by_pool = {.url = (char *)(uintptr_t) "debian:pool/main/h/hello/hello.dsc"};
static struct source by_name = {.debian_source = (char *)(uintptr_t) "qemu"};
static const struct source package = {.debian_package = (char *)(uintptr_t) "qemu-user-static"};

static struct recipe qemu, image, made;

static int set_up(void **state UNUSED)
{
	qemu = (struct recipe){.name = (char *)(uintptr_t) "qemu", .sources = &by_url, .source_count = 1};
	image = (struct recipe){.name = (char *)(uintptr_t) "coreos"};
	made = (struct recipe){.name = (char *)(uintptr_t) "debian",
			       .image = {.debian_suite = (char *)(uintptr_t) "trixie"}};
	return 0;
}

static struct host_needs all_of(const struct host_facts *facts)
{
	return (struct host_needs){.facts = facts,
				   .guest_arch = ARCH_X86_64,
				   .emulator = &qemu,
				   .image = &image,
				   .builds = true,
				   .makes_image = true};
}

/* @needs on each host: refused with @part where apt is known to be missing (and on macOS if @on_mac), else not. */
static void refused_without_apt(struct host_needs needs, bool on_mac, const char *part)
{
	static const struct host_facts *const able[] = {&debian, &mint, &unknown};
	for (size_t i = 0; i < ARRAY_LEN(able); i++) {
		needs.facts = able[i];
		assert_ok(host_can(&needs));
	}
	needs.facts = &fedora;
	assert_fails(host_can(&needs), ERR_USAGE, part);
	assert_fails(host_can(&needs), ERR_USAGE, "this host (fedora)");
	needs.facts = &mac;
	if (on_mac)
		assert_fails(host_can(&needs), ERR_USAGE, "this host (macos)");
	else
		assert_ok(host_can(&needs));
}

static void everybody_can_do_the_usual(void **state UNUSED)
{
	static const struct host_facts *const hosts[] = {&mac, &debian, &mint, &fedora, &unknown};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct host_needs needs = all_of(hosts[i]);
		assert_ok(host_can(&needs));
		needs.unresolved = &asks_channel;
		assert_ok(host_can(&needs));
	}
}

static void an_image_of_packages(void **state UNUSED)
{
	struct host_needs needs = all_of(&debian);
	needs.image = &made;
	refused_without_apt(needs, /* on_mac= */ true, "mmdebstrap");
	needs.facts = &fedora;
	needs.makes_image = false; /* it is there */
	assert_ok(host_can(&needs));
}

static void what_only_apt_resolves(void **state UNUSED)
{
	struct host_needs needs = all_of(&debian);
	needs.unresolved = &asks_apt;
	refused_without_apt(needs, /* on_mac= */ true, "'debian-source:qemu:trixie' has to be looked up");
	needs.has_mirror = true; /* of files, which answers no questions */
	refused_without_apt(needs, /* on_mac= */ true, "commit cooper.lock");
}

static void what_only_a_mirror_of_debian_has(void **state UNUSED)
{
	struct source *const sources[] = {&by_pool, &by_name};
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		struct host_needs needs = all_of(&debian);
		qemu.sources = sources[i];
		refused_without_apt(needs, /* on_mac= */ true, "COOPER_MIRROR");
		needs.facts = &fedora;
		needs.has_mirror = true;
		assert_ok(host_can(&needs));
		needs.has_mirror = false;
		needs.builds = false; /* it is built */
		assert_ok(host_can(&needs));
	}
	struct host_needs needs = all_of(&debian);
	needs.builds = false;
	needs.emulators = &package;
	refused_without_apt(needs, /* on_mac= */ true, "'qemu-user-static' comes from a mirror");
}

static void packages_by_debian_s_names(void **state UNUSED)
{
	struct host_needs needs = all_of(&debian);
	qemu.build.host_apt = (struct strs){.items = packages, .count = 2};
	refused_without_apt(needs, /* on_mac= */ false, "gcc libc6-dev");
	needs.facts = &fedora;
	needs.builds = false;
	assert_ok(host_can(&needs));
}

static void firmware_that_is_not_in_the_keg(void **state UNUSED)
{
	struct host_needs needs = all_of(&debian);
	needs.builds = false;
	needs.no_firmware = "/h/store/k/share/qemu/edk2-x86_64-code.fd";
	assert_fails(host_can(&needs), ERR_USAGE, "add `share/qemu/edk2-x86_64-code.fd`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everybody_can_do_the_usual, set_up),
		cmocka_unit_test_setup(an_image_of_packages, set_up),
		cmocka_unit_test_setup(what_only_apt_resolves, set_up),
		cmocka_unit_test_setup(what_only_a_mirror_of_debian_has, set_up),
		cmocka_unit_test_setup(packages_by_debian_s_names, set_up),
		cmocka_unit_test_setup(firmware_that_is_not_in_the_keg, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
