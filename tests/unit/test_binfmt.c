#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "fmt/binfmt.h"
#include "fmt/canary.h"

static void test_lines(void **state)
{
	(void)state;
	AUTO_FREE char *x86 = binfmt_line(ARCH_X86_64, "/usr/bin/qemu-x86_64-static");
	assert_string_equal(
		x86,
		":qemu-x86_64:M::"
		"\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x3e\\x00:"
		"\\xff\\xff\\xff\\xff\\xff\\xfe\\xfe\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:"
		"/usr/bin/qemu-x86_64-static:FPC");
	AUTO_FREE char *s390 = binfmt_line(ARCH_S390X, "/q");
	assert_string_equal(s390,
			    ":qemu-s390x:M::"
			    "\\x7fELF\\x02\\x02\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x16:"
			    "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe"
			    "\\xff\\xff:/q:FPC");
	AUTO_FREE char *long_path = mem_alloc(200);
	memset(long_path, 'a', 199);
	*long_path = '/';
	assert_null(binfmt_line(ARCH_X86_64, "relative"));
	assert_null(binfmt_line(ARCH_X86_64, "/a:b"));
	assert_null(binfmt_line(ARCH_X86_64, "/a\nb"));
	assert_null(binfmt_line(ARCH_X86_64, long_path));
}

static unsigned char next_byte(const char **at)
{
	char hex[3] = {0};
	unsigned value;

	if (**at != '\\')
		return (unsigned char)*(*at)++;
	memcpy(hex, *at + 2, 2);
	*at += 4;
	assert_int_equal(sscanf(hex, "%x", &value), 1);
	return (unsigned char)value;
}

/* the magic of each line matches the canary of its architecture and of no other */
static void test_lines_match_canaries(void **state)
{
	(void)state;
	for (enum arch i = ARCH_NONE + 1; i < ARCH_COUNT; i++) {
		AUTO_FREE char *line = binfmt_line(i, "/q");
		AUTO(strs) parts = STRS_INIT;
		strs_split(&parts, line, ":");
		assert_int_equal(parts.count, 6);
		for (enum arch k = ARCH_NONE + 1; k < ARCH_COUNT; k++) {
			AUTO(str) elf = STR_INIT;
			canary_elf(k, &elf);
			const char *magic = parts.items[2];
			const char *mask = parts.items[3];
			bool match = true;
			for (size_t b = 0; b < 20; b++) {
				unsigned char want = next_byte(&magic);
				unsigned char differs = ((unsigned char)elf.data[b] ^ want) & next_byte(&mask);
				match = match && differs == 0;
			}
			assert_true(*magic == '\0' && *mask == '\0');
			assert_int_equal(match, i == k);
		}
	}
}

static void test_conf(void **state)
{
	AUTO_FREE char *conf = binfmt_conf(ARCH_RISCV64);

	(void)state;
	assert_true(str_starts(conf, ":qemu-riscv64:M::"));
	assert_true(str_ends(conf, ":/var/lib/cooper/emulators/qemu-riscv64:FPC\n"));
	AUTO_FREE char *path = binfmt_conf_path(ARCH_RISCV64);
	assert_string_equal(path, "/etc/binfmt.d/zz-cooper-riscv64.conf");
	AUTO_FREE char *name = binfmt_emulator(ARCH_RISCV64);
	assert_string_equal(name, "qemu-riscv64");
}

static void status(const char *text, const char *why)
{
	AUTO_FREE char *got = NULL;

	assert_int_equal(binfmt_status_ok(text, &got), !why);
	if (why && !strstr(got, why))
		fail_msg("'%s' is not in: %s", why, got);
}

static void test_status(void **state)
{
	(void)state;
	status("enabled\ninterpreter /q\nflags: POCF\noffset 0\nmagic 7f\n", NULL);
	status("enabled\ninterpreter /q\nflags: POF\noffset 0\n", "lacks flag C");
	status("enabled\ninterpreter /q\nflags: F\noffset 0\n", "lacks flag P");
	status("disabled\ninterpreter /q\nflags: POCF\n", "disabled");
	status("enabled\n", "lacks flag F");
	status("", "disabled");
}

static void test_fix_flags(void **state)
{
	AUTO(str) out = STR_INIT;

	(void)state;
	assert_ok(binfmt_fix_flags(
		"# Fedora\n:qemu-x86_64:M::\\x7fELF:\\xff:/usr/bin/qemu-x86_64-static:F\n\n:r:M::a:b:/q:", &out));
	assert_string_equal(out.data, "# Fedora\n:qemu-x86_64:M::\\x7fELF:\\xff:/usr/bin/qemu-x86_64-static:FPC\n\n"
				      ":r:M::a:b:/q:FPC\n");
	assert_fails(binfmt_fix_flags("nonsense\n", &out), ERR_CORRUPT, "'nonsense'");
	assert_fails(binfmt_fix_flags(":a:b\n", &out), ERR_CORRUPT, "registration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),     cmocka_unit_test(test_lines_match_canaries),
		cmocka_unit_test(test_conf),      cmocka_unit_test(test_status),
		cmocka_unit_test(test_fix_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
