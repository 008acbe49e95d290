/* The table of architectures: names in and out, and that no two rows can be taken for each other. */
#include "harness.h"

#include "base/arch.h"

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(arch_of("x86_64"), ARCH_X86_64);
	assert_int_equal(arch_of("x86-64"), ARCH_X86_64);
	assert_int_equal(arch_of("arm64"), ARCH_AARCH64);
	assert_int_equal(arch_of("ppc64el"), ARCH_PPC64LE);
	assert_int_equal(arch_of("all"), ARCH_NONE);
	assert_int_equal(arch_of("unknown"), ARCH_NONE);
	assert_int_equal(arch_of(""), ARCH_NONE);
	assert_int_equal(arch_of(NULL), ARCH_NONE);
	assert_string_equal(arch_name(ARCH_AARCH64), "aarch64");
	assert_string_equal(arch_name(ARCH_NONE), "unknown");
	assert_string_equal(arch_uname(ARCH_ARM), "armv7l");
	assert_string_equal(arch_uname(ARCH_S390X), "s390x");
}

static bool same_elf(const struct arch_row *a, const struct arch_row *b)
{
	return a->elf_64 == b->elf_64 && a->elf_big_endian == b->elf_big_endian && a->elf_machine == b->elf_machine;
}

static void test_rows(void **state)
{
	AUTO(strs) names = STRS_INIT;

	(void)state;
	for (enum arch a = ARCH_NONE + 1; a < ARCH_COUNT; a++) {
		const struct arch_row *row = arch_row(a);
		assert_int_equal(arch_of(row->name), a);
		/* Debian's and the kernel's names are taken, too: people paste them */
		assert_int_equal(arch_of(row->debian), a);
		assert_int_equal(arch_of(arch_uname(a)), a);
		assert_int_equal(arch_of(row->oci), a);
		assert_true(row->elf_machine);
		for (enum arch b = a + 1; b < ARCH_COUNT; b++)
			assert_false(same_elf(row, arch_row(b)));
	}
	arch_spellings(NULL, &names);
	for (size_t i = 0; i < names.count; i++)
		for (size_t k = i + 1; k < names.count; k++)
			assert_string_not_equal(names.items[i], names.items[k]);
}

static void test_relations(void **state)
{
	(void)state;
	assert_true(arch_runs(ARCH_AARCH64, ARCH_AARCH64));
	assert_true(arch_runs(ARCH_X86_64, ARCH_I386));
	assert_false(arch_runs(ARCH_I386, ARCH_X86_64));
	assert_false(arch_runs(ARCH_AARCH64, ARCH_ARM));
	assert_false(arch_runs(ARCH_AARCH64, ARCH_X86_64));
	AUTO_FREE char *guests = arch_list(arch_is_guest);
	assert_string_equal(guests, "x86_64, aarch64");
	enum arch arch;
	assert_ok(arch_option("guest architecture", "amd64", arch_is_guest, &arch));
	assert_int_equal(arch, ARCH_X86_64);
	assert_fails(arch_option("architecture", "z80", NULL, &arch), ERR_USAGE, "unknown architecture 'z80'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_relations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
