#include "golden.h"

#include "base/path.h"
#include "sys/file.h"
#include "fmt/json.h"
#include "machine/ignition.h"
#include "machine/ignition_merge.h"
#include "sys/child.h"

static char *run_archs[] = {"x86_64", "aarch64", "riscv64", NULL};
static struct mount mounts[] = {
	{.host = "/Users/ann/src", .guest = "/home/core/src/my-code", .writable = true},
	{.host = "/Users/ann/data", .guest = "/mnt/data"},
};

static struct machine_spec make_spec(enum arch arch, bool rich)
{
	struct machine_spec spec = {
		.name = "dev",
		.guest_arch = arch,
		.user = "core",
		.run = {.items = run_archs, .count = 3},
		.dir = "/m",
		.gen_dir = "/m/gen-1",
	};

	if (rich) {
		spec.emulator_iso = "/store/emulators.iso";
		spec.mounts = mounts;
		spec.mount_count = ARRAY_LEN(mounts);
	}
	return spec;
}

static struct ignition_input make_input(const struct machine_spec *spec, const char *os, int uid)
{
	return (struct ignition_input){
		.spec = spec,
		.os = guest_os_find(os),
		.uid = uid,
		.authorized_key =
			"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0yY29vcGVyLXRlc3Qta2V5LW5vdC1yZWFsLTAwMDAw cooper\n",
		.host_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a real key\n-----END OPENSSH PRIVATE KEY-----\n",
		.host_key_public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0yY29vcGVyLWhvc3Qta2V5LW5vdC1yZWFsLTAwMDAw",
		.emulators = spec->emulator_iso != NULL,
	};
}

/* canonical JSON is one line; the golden file is the same document with an indent, and with readable files */
static char *readable(const char *text)
{
	AUTO_JSON *root = NULL;
	AUTO_FREE char *pretty = NULL;

	assert_ok(js_parse(text, strlen(text), "ignition", &root));
	pretty = js_pretty(root);
	AUTO(str) s = STR_INIT;
	for (const char *p = pretty; *p; p++) {
		if (p[0] == '\\' && p[1] == 'n' && p[2] != '"' && p[-1] != '\\') {
			str_add(&s, "\\n\n        ");
			p++;
		} else {
			str_add_char(&s, *p);
		}
	}
	return str_take(&s);
}

static const struct {
	const char *golden;
	enum arch arch;
	const char *os;
	bool rich;
	int uid;
} samples[] = {
	{"debian-aarch64", ARCH_AARCH64, "debian", true, 501},
	{"debian-x86_64-plain", ARCH_X86_64, "debian", false, 0},
	{"fedora-coreos-aarch64", ARCH_AARCH64, "fedora-coreos", true, 501},
};

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct machine_spec spec = make_spec(samples[i].arch, samples[i].rich);
		struct ignition_input input = make_input(&spec, samples[i].os, samples[i].uid);
		AUTO_FREE char *text = machine_ignition(&input);
		AUTO_FREE char *shown = readable(text);
		AUTO_FREE char *path = mem_printf("tests/golden/ignition/%s.txt", samples[i].golden);
		assert_golden(path, shown);
	}
}

/* the real validator, where it is installed or named by COOPER_IGNITION_VALIDATE */
static void test_validator_accepts(void **state)
{
	const char *named = getenv("COOPER_IGNITION_VALIDATE");
	AUTO_FREE char *program = named ? mem_strdup(named) : child_find("ignition-validate");

	(void)state;
	if (!program) {
		print_message("SKIP: ignition-validate is not installed\n");
		skip();
	}
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "config.ign");
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct machine_spec spec = make_spec(samples[i].arch, samples[i].rich);
		struct ignition_input input = make_input(&spec, samples[i].os, samples[i].uid);
		const char *argv[] = {program, path, NULL};
		struct child_spec child = {.argv = argv, .deadline_ms = 10000};
		spec.ignition = "{\"ignition\":{\"version\":\"3.0.0\"}}"; /* merged by a data URL */
		AUTO_FREE char *text = machine_ignition(&input);
		assert_ok(file_write(path, text, strlen(text), 0600));
		assert_ok(child_run(&child));
	}
}

/* What ignition_read() says of the user's file at @path, for the image that its name begins with. */
static char *message_of(const char *path, char **ret_text)
{
	const char *os = str_starts(path_base(path), "debian") ? "debian" : "fedora-coreos";
	const char *version = str_starts(path_base(path), "coreos-34") ? "34.20210821.3.0" : "44.20260707.3.1";
	struct machine_spec spec = make_spec(ARCH_AARCH64, true);
	struct ignition_input input = make_input(&spec, os, 0);
	struct ignition_limits limits = guest_os_find(os)->ignition(version);
	AUTO_FREE char *ours = machine_ignition(&input);
	AUTO_FREE char *dir = path_dir(path);
	struct err *e = ignition_read(dir, path_base(path), &limits, ours, ret_text);
	if (!e)
		return NULL;
	assert_int_equal(e->kind, ERR_USAGE);
	assert_null(*ret_text);
	AUTO_FREE char *text = mem_strdup(e->message);
	const char *detail = e->detail;
	char *message = mem_printf("%s\n%s", text, detail ? detail : "");
	err_free(e);
	return message;
}

/* Every bad one gives exactly the message beside it. */
static void test_users_bad(void **state)
{
	AUTO(strs) names = STRS_INIT;
	int documents = 0;

	(void)state;
	assert_ok(dir_list("tests/golden/ignition/bad", &names));
	for (size_t i = 0; i < names.count; i++) {
		if (!str_ends(names.items[i], ".ign"))
			continue;
		AUTO_FREE char *path = mem_printf("tests/golden/ignition/bad/%s", names.items[i]);
		AUTO_FREE char *text = NULL;
		AUTO_FREE char *message = message_of(path, &text);
		AUTO_FREE char *expected = mem_printf("%.*s.expected", (int)(strlen(path) - strlen(".ign")), path);
		documents++;
		assert_golden(expected, message ? message : "no error\n");
	}
	assert_true(documents >= 15);
}

static void test_users_good(void **state)
{
	static const struct {
		const char *image;
		const char *text;
	} cases[] = {
		{"debian", "{\"ignition\":{\"version\":\"3.0.0\"}}"},
		{"debian", "{\"ignition\":{\"version\":\"3.3.0\",\"config\":{\"replace\":{\"source\":null}}}}"},
		{"coreos-44",
		 "{\n\t\"ignition\": {\"version\": \"3.4.0\"}, \"kernelArguments\": {\"shouldExist\": [\"a\"]}}"},
		{"coreos-34",
		 "{\"ignition\":{\"version\":\"3.3.0\"},\"storage\":{\"files\":[{\"path\":\"/etc/a\",\"contents\":"
		 "{\"source\":\"https://h/f\",\"verification\":{\"hash\":\"sha256-00\"}}}]}}"},
		{"debian",
		 "{\"ignition\":{\"version\":\"3.2.0\"},\"passwd\":{\"users\":[{\"name\":\"core\",\"groups\":"
		 "[\"video\"],\"passwordHash\":\"x\",\"shell\":null},{\"name\":\"ann\",\"uid\":7}]},\"systemd\":"
		 "{\"units\":[{\"name\":\"systemd-binfmt.service\",\"dropins\":[{\"name\":\"20-mine.conf\"}]}]},"
		 "\"storage\":{\"directories\":[{\"path\":\"/etc/ssh\",\"mode\":493}]}}"},
		{"debian",
		 "{\"ignition\":{\"version\":\"3.2.0\"},\"storage\":7,\"passwd\":{\"users\":[1,{\"name\":2}]},"
		 "\"systemd\":{\"units\":{}}}"},
	};
	AUTO_FREE char *dir = test_dir();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *path = mem_printf("%s/%s.ign", dir, cases[i].image);
		AUTO_FREE char *text = NULL;
		assert_ok(file_write(path, cases[i].text, strlen(cases[i].text), 0600));
		AUTO_FREE char *message = message_of(path, &text);
		if (message)
			fail_msg("%s", message);
		/* it is in what the guest gets, whole */
		struct machine_spec spec = make_spec(ARCH_X86_64, true);
		struct ignition_input input = make_input(&spec, "debian", 0);
		spec.ignition = text;
		AUTO_FREE char *merged = machine_ignition(&input);
		assert_non_null(strstr(merged, "\"config\":{\"merge\":[{\"source\":\"data:,%7B%22ignition%22"));
	}
}

static void test_unit_names(void **state)
{
	static const char *const names[][2] = {
		{"/home/core/src", "home-core-src"},
		{"/var/lib/containers/", "var-lib-containers"},
		{"/a-b/.c/d e//f", "a\\x2db-.c-d\\x20e-f"},
		{"/.hidden", "\\x2ehidden"},
		{"/", "-"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *name = unit_name_of_path(names[i][0]);
		assert_string_equal(name, names[i][1]);
	}
}

/* The machine's name is the guest's, unless the user's own configuration says another. */
static void test_hostname(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "coreos-name.ign");
	AUTO_FREE char *text = NULL;
	static const char mine[] =
		"{\"ignition\":{\"version\":\"3.3.0\"},\"storage\":{\"files\":[{\"path\":\"/etc/hostname\","
		"\"contents\":{\"source\":\"data:,mine\"}}]}}";

	assert_ok(file_write(path, mine, strlen(mine), 0600));
	assert_null(message_of(path, &text));
	assert_non_null(strstr(text, "data:,mine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),     cmocka_unit_test(test_validator_accepts),
		cmocka_unit_test(test_users_bad),  cmocka_unit_test(test_users_good),
		cmocka_unit_test(test_unit_names), cmocka_unit_test(test_hostname),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
