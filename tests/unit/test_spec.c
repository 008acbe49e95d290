/* The table of the machine's fields: what another value leads to, for each of them. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "fmt/digest.h"
#include "machine/record.h"
#include "sys/file.h"

#define GIB ((int64_t)1 << 30)

static struct mount mounts[] = {{.host = "/h/a", .guest = "/a"}, {.host = "/h/b", .guest = "/b", .writable = true}};
static struct port ports[] = {{.host_address = "127.0.0.1", .host_port = 8080, .guest_port = 80}};

/* Every field has a value. Nothing is owned but lists of texts: empty(). */
static void fill(struct machine_spec *spec)
{
	size_t count;
	const struct spec_field *fields = machine_spec_fields(&count);

	*spec = (struct machine_spec){.cpus = 2,
				      .memory_bytes = 2 * GIB,
				      .data_bytes = 20 * GIB,
				      .boot_timeout_ms = 180000,
				      .boot = BOOT_UEFI,
				      .guest_arch = ARCH_AARCH64,
				      .mounts = mounts,
				      .mount_count = 2,
				      .ports = ports,
				      .port_count = 1};
	for (size_t i = 0; i < count; i++)
		if (fields[i].type <= SPEC_DOCUMENT)
			*(const char **)(void *)((char *)spec + fields[i].offset) = fields[i].name;
	strs_add(&spec->run, "x86_64");
	strs_add(&spec->run, "riscv64");
	strs_add(&spec->qemu_provides, "hvf-unmap");
}

static void empty(struct machine_spec *spec)
{
	strs_done(&spec->run);
	strs_done(&spec->qemu_provides);
}

/* The @variant-th value that differs from fill()'s; false when there is no more. */
static bool change(struct machine_spec *spec, const struct spec_field *f, size_t variant)
{
	static struct mount other_mounts[2];
	static struct port other_ports[2];
	void *at = (char *)spec + f->offset;

	switch (f->type) {
	case SPEC_TEXT:
	case SPEC_NEEDED:
	case SPEC_PLACE:
	case SPEC_DOCUMENT:
		*(const char **)at = variant == 0 ? "another" : NULL;
		return variant < 2;
	case SPEC_NUMBER:
		*(int *)at += 1;
		return variant < 1;
	case SPEC_YES_NO:
		*(bool *)at = true;
		return variant < 1;
	case SPEC_BYTES: /* the least that can be asked for, and what is seen in any unit */
		*(int64_t *)at += variant == 0 ? 1 : GIB;
		return variant < 2;
	case SPEC_MS:
		*(int64_t *)at += 1;
		return variant < 1;
	case SPEC_ARCH:
		*(enum arch *)at = ARCH_RISCV64;
		return variant < 1;
	case SPEC_BOOTS:
		*(enum image_boot *)at = BOOT_KERNEL;
		return variant < 1;
	case SPEC_ACCEL:
		*(enum accel *)at = variant == 0 ? ACCEL_HVF : ACCEL_TCG;
		return variant < 2;
	case SPEC_PROVIDER:
		*(enum provider *)at = variant == 0 ? PROVIDER_GUEST : PROVIDER_STORE;
		return variant < 2;
	case SPEC_TEXTS:
		if (variant == 0)
			strs_add(at, "arm");
		else
			free(((struct strs *)at)->items[--((struct strs *)at)->count]);
		return variant < 2;
	case SPEC_MOUNTS:
		memcpy(other_mounts, mounts, sizeof(mounts));
		spec->mounts = other_mounts;
		if (variant == 0)
			other_mounts[1].host = "/h/c";
		else if (variant == 1)
			other_mounts[1].guest = "/c";
		else if (variant == 2)
			other_mounts[1].writable = false;
		else
			spec->mount_count = 1;
		return variant < 4;
	case SPEC_PORTS:
		other_ports[0] = other_ports[1] = ports[0];
		spec->ports = other_ports;
		if (variant == 0)
			other_ports[0].host_address = "0.0.0.0";
		else if (variant == 1)
			other_ports[0].host_port = 8081;
		else if (variant == 2)
			other_ports[0].guest_port = 81;
		else
			spec->port_count = 2;
		return variant < 4;
	}
	return false;
}

static char *inputs_of(const struct machine_spec *spec, enum spec_scope scope)
{
	AUTO_JSON *inputs = js_object();

	machine_spec_inputs(spec, scope, inputs);
	return js_pretty(inputs);
}

/* As keys are made: the order of members is no part of them. */
static char *key_of(const struct machine_spec *spec, enum spec_scope scope)
{
	AUTO_JSON *inputs = js_object();

	machine_spec_inputs(spec, scope, inputs);
	return js_canonical(inputs);
}

/* Another value of a field is another key of the step that its row names, and of no other. */
static void each_field_has_the_consequence_that_its_row_says(void **state)
{
	size_t count;
	const struct spec_field *fields = machine_spec_fields(&count);
	struct machine_spec sample;

	(void)state;
	fill(&sample);
	AUTO_FREE char *generation = key_of(&sample, SPEC_GENERATION);
	AUTO_FREE char *boot = key_of(&sample, SPEC_BOOT);
	AUTO_FREE char *live = key_of(&sample, SPEC_LIVE);
	empty(&sample);
	for (size_t i = 0; i < count; i++) {
		for (size_t variant = 0;; variant++) {
			struct machine_spec other;
			fill(&other);
			bool changed = change(&other, &fields[i], variant);
			AUTO_FREE char *other_generation = key_of(&other, SPEC_GENERATION);
			AUTO_FREE char *other_boot = key_of(&other, SPEC_BOOT);
			AUTO_FREE char *other_live = key_of(&other, SPEC_LIVE);
			empty(&other);
			if (!changed)
				break;
			if (streq(generation, other_generation) == (fields[i].scope == SPEC_GENERATION))
				fail_msg("'%s', variant %zu: key of the generation:\n%s", fields[i].name, variant,
					 other_generation);
			if (streq(boot, other_boot) == (fields[i].scope == SPEC_BOOT))
				fail_msg("'%s', variant %zu: key of the boot:\n%s", fields[i].name, variant,
					 other_boot);
			if (streq(live, other_live) == (fields[i].scope == SPEC_LIVE))
				fail_msg("'%s', variant %zu: key of what is told live:\n%s", fields[i].name, variant,
					 other_live);
		}
		assert_true(*fields[i].words); /* a name for `plan`, or the reason why it is in no key */
	}
}

/* What `plan` shows; another text is another key, which costs each user a boot or an OS disk. */
static void inputs_are_named_for_people(void **state)
{
	struct machine_spec sample;
	char hex[SHA256_HEX];

	(void)state;
	fill(&sample);
	AUTO_FREE char *generation = inputs_of(&sample, SPEC_GENERATION);
	AUTO_FREE char *boot = inputs_of(&sample, SPEC_BOOT);
	AUTO_FREE char *live = inputs_of(&sample, SPEC_LIVE);
	assert_string_equal(live, "{\n  \"ports\": \"127.0.0.1:8080:80\"\n}\n");
	digest_bytes("ignition", 8, hex);
	AUTO_FREE char *expected = mem_printf("{\n"
					      "  \"machine\": \"name\",\n"
					      "  \"os\": \"os\",\n"
					      "  \"user\": \"user\",\n"
					      "  \"first_boot_cmdline\": \"first_boot_cmdline\",\n"
					      "  \"ignition\": \"%s\",\n"
					      "  \"run\": \"x86_64 riscv64\"\n"
					      "}\n",
					      hex);
	assert_string_equal(generation, expected);
	assert_string_equal(boot, "{\n"
				  "  \"cpus\": \"2\",\n"
				  "  \"memory\": \"2.0 GiB\",\n"
				  "  \"data disk\": \"20 GiB\",\n"
				  "  \"accel\": \"auto\",\n"
				  "  \"provides\": \"hvf-unmap\",\n"
				  "  \"cmdline\": \"cmdline\",\n"
				  "  \"mount /a\": \"/h/a, read-only\",\n"
				  "  \"mount /b\": \"/h/b, writable\"\n"
				  "}\n");
	sample.memory_bytes += 1;
	sample.data_bytes = 1536 * GIB;
	sample.cmdline = NULL;
	AUTO_FREE char *odd = inputs_of(&sample, SPEC_BOOT);
	assert_non_null(strstr(odd, "\"2.0 GiB (2147483649 bytes)\""));
	assert_non_null(strstr(odd, "\"1.5 TiB\""));
	assert_null(strstr(odd, "cmdline"));
	empty(&sample);
}

/* What is recorded comes back; what is not is where the record lies, or for the first boot alone. */
static void every_field_is_recorded_unless_its_type_says_no(void **state)
{
	size_t count;
	const struct spec_field *fields = machine_spec_fields(&count);
	AUTO_FREE char *dir = test_dir();
	AUTO(machine_spec) read = {.name = NULL};
	struct machine_spec sample;

	(void)state;
	fill(&sample);
	sample.gen_dir = dir;
	assert_ok(machine_record_write(&sample));
	assert_ok(machine_record_read(dir, &read));
	for (size_t i = 0; i < count; i++) {
		const void *was = (const char *)&sample + fields[i].offset;
		const void *is = (const char *)&read + fields[i].offset;
		if (fields[i].type <= SPEC_NEEDED)
			assert_string_equal(*(char *const *)is, *(char *const *)was);
		else if (fields[i].type >= SPEC_NUMBER && fields[i].type <= SPEC_ARCH)
			assert_memory_equal(is, was, fields[i].size);
	}
	assert_string_equal(read.gen_dir, dir);
	assert_null(read.ignition);
	for (enum spec_scope scope = SPEC_GENERATION; scope <= SPEC_LIVE; scope++) { /* lists, too */
		sample.ignition = NULL;
		AUTO_FREE char *was = inputs_of(&sample, scope);
		AUTO_FREE char *is = inputs_of(&read, scope);
		assert_string_equal(is, was);
	}
	empty(&sample);
}

static void recipes_are_copied_whole(void **state)
{
	struct recipe stack = {.stack = {.machine_name = "dev",
					 .cpus = 3,
					 .memory_bytes = GIB,
					 .disk_bytes = 5 * GIB,
					 .accel = ACCEL_TCG,
					 .host_loopback = true,
					 .provider = PROVIDER_GUEST,
					 .mounts = mounts,
					 .mount_count = 2,
					 .ports = ports,
					 .port_count = 1,
					 .boot_timeout_ms = 7000}};
	struct recipe image = {.version = "13",
			       .image = {.os = "debian",
					 .boot = BOOT_UEFI,
					 .cmdline = "quiet",
					 .first_boot_cmdline = "first",
					 .user = "core"}};
	AUTO(machine_spec) spec = {.name = NULL};
	size_t count;
	const struct spec_field *fields = machine_spec_fields(&count);

	(void)state;
	strs_add(&stack.stack.run, "x86_64");
	machine_spec_copy(&spec, &stack, &image);
	for (size_t i = 0; i < count; i++) {
		static const char zeros[sizeof(struct strs)];
		if ((memcmp((char *)&spec + fields[i].offset, zeros, fields[i].size) != 0) != (fields[i].from != 0))
			fail_msg("'%s' is %scopied", fields[i].name, fields[i].from ? "not " : "");
	}
	assert_string_equal(spec.name, "dev");
	assert_int_equal(spec.data_bytes, 5 * GIB);
	assert_string_equal(spec.first_boot_cmdline, "first");
	assert_string_equal(spec.mounts[1].host, "/h/b");
	assert_ptr_not_equal(spec.mounts[1].host, mounts[1].host);
	assert_true(spec.mounts[1].writable);
	assert_int_equal(spec.ports[0].host_port, 8080);
	assert_string_equal(spec.run.items[0], "x86_64");
	strs_done(&stack.stack.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_has_the_consequence_that_its_row_says),
		cmocka_unit_test(inputs_are_named_for_people),
		cmocka_unit_test(every_field_is_recorded_unless_its_type_says_no),
		cmocka_unit_test(recipes_are_copied_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
