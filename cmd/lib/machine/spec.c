#include "machine/spec.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "fmt/digest.h"

#define LENGTH_FOLLOWS(type, list, count)                                                                              \
	_Static_assert(offsetof(type, count) == offsetof(type, list) + sizeof(void *), "one copy takes both")
LENGTH_FOLLOWS(struct machine_spec, mounts, mount_count);
LENGTH_FOLLOWS(struct machine_spec, ports, port_count);
LENGTH_FOLLOWS(struct stack_recipe, mounts, mount_count);
LENGTH_FOLLOWS(struct stack_recipe, ports, port_count);

#define SIZE_OF(type, member)                                                                                          \
	((SPEC_##type == SPEC_MOUNTS || SPEC_##type == SPEC_PORTS ? sizeof(size_t) : 0) +                              \
	 sizeof(((struct machine_spec *)NULL)->member))
#define COPIED(type, member, scope, words, from)                                                                       \
	{#member,                                                                                                      \
	 SPEC_##type,                                                                                                  \
	 offsetof(struct machine_spec, member),                                                                        \
	 SIZE_OF(type, member),                                                                                        \
	 offsetof(struct recipe, from),                                                                                \
	 SPEC_##scope,                                                                                                 \
	 words},
#define MADE(type, member, scope, words) COPIED(type, member, scope, words, kind)

static const struct spec_field fields[] = {MACHINE_SPEC(MADE, COPIED)};

const struct spec_field *machine_spec_fields(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(fields);
	return fields;
}

void mount_done(struct mount *m)
{
	free(m->host);
	free(m->guest);
	free(m->hidden);
}

static void drop_ports(struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->port_count; i++)
		free(spec->ports[i].host_address);
	free(spec->ports);
}

void machine_spec_done(struct machine_spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		void *at = (char *)spec + fields[i].offset;
		if (fields[i].type <= SPEC_DOCUMENT)
			free(*(char **)at);
		else if (fields[i].type == SPEC_TEXTS)
			strs_done(at);
	}
	for (size_t i = 0; i < spec->mount_count; i++)
		mount_done(&spec->mounts[i]);
	drop_ports(spec);
	free(spec->mounts);
	*spec = (struct machine_spec){.name = NULL};
}

static struct json *mounts_to_json(const struct machine_spec *spec)
{
	struct json *mounts = js_array();

	for (size_t i = 0; i < spec->mount_count; i++) {
		struct json *m = js_object();
		js_set_text(m, "host", spec->mounts[i].host);
		js_set_text(m, "guest", spec->mounts[i].guest);
		js_set_bool(m, "writable", spec->mounts[i].writable);
		if (spec->mounts[i].hidden)
			js_set_text(m, "hidden", spec->mounts[i].hidden);
		js_add(mounts, m);
	}
	return mounts;
}

struct json *machine_spec_ports(const struct machine_spec *spec)
{
	struct json *ports = js_array();

	for (size_t i = 0; i < spec->port_count; i++) {
		struct json *p = js_object();
		js_set_text(p, "host_address", spec->ports[i].host_address);
		js_set_int(p, "host_port", spec->ports[i].host_port);
		js_set_int(p, "guest_port", spec->ports[i].guest_port);
		js_add(ports, p);
	}
	return ports;
}

/* The words of an enum, in its order. */
static const char *const *words_of(const struct spec_field *f)
{
	return f->type == SPEC_BOOTS ? boot_words : f->type == SPEC_ACCEL ? accel_words : provider_words;
}

static void write_field(const struct machine_spec *spec, const struct spec_field *f, struct json *record)
{
	const void *at = (const char *)spec + f->offset;

	switch (f->type) {
	case SPEC_TEXT:
	case SPEC_NEEDED:
		if (*(char *const *)at)
			js_set_text(record, f->name, *(char *const *)at);
		break;
	case SPEC_PLACE:
	case SPEC_DOCUMENT:
		break;
	case SPEC_NUMBER:
		js_set_int(record, f->name, *(const int *)at);
		break;
	case SPEC_YES_NO:
		js_set_bool(record, f->name, *(const bool *)at);
		break;
	case SPEC_BYTES:
	case SPEC_MS:
		js_set_int(record, f->name, *(const int64_t *)at);
		break;
	case SPEC_ARCH:
		js_set_text(record, f->name, arch_name(*(const enum arch *)at));
		break;
	case SPEC_BOOTS:
	case SPEC_ACCEL:
	case SPEC_PROVIDER:
		js_set_text(record, f->name, words_of(f)[*(const int *)at]);
		break;
	case SPEC_TEXTS:
		js_set(record, f->name, js_texts(at));
		break;
	case SPEC_MOUNTS:
		js_set(record, f->name, mounts_to_json(spec));
		break;
	case SPEC_PORTS:
		js_set(record, f->name, machine_spec_ports(spec));
		break;
	}
}

struct json *machine_spec_to_json(const struct machine_spec *spec)
{
	struct json *record = js_object();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		write_field(spec, &fields[i], record);
	return record;
}

static void read_mounts(const struct json *mounts, struct machine_spec *spec)
{
	spec->mount_count = js_count(mounts);
	spec->mounts = mem_array(spec->mount_count, sizeof(*spec->mounts));
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct json *m = js_at(mounts, i);
		spec->mounts[i].host = mem_strdup(js_get_text(m, "host"));
		spec->mounts[i].guest = mem_strdup(js_get_text(m, "guest"));
		spec->mounts[i].writable = js_get_bool(m, "writable", false);
		spec->mounts[i].hidden = mem_strdup(js_get_text(m, "hidden"));
	}
}

void machine_spec_set_ports(struct machine_spec *spec, const struct json *ports)
{
	drop_ports(spec);
	spec->port_count = js_count(ports);
	spec->ports = mem_array(spec->port_count, sizeof(*spec->ports));
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct json *p = js_at(ports, i);
		const char *address = js_get_text(p, "host_address");
		spec->ports[i].host_address = mem_strdup(address ? address : "127.0.0.1");
		spec->ports[i].host_port = (int)js_get_int(p, "host_port", 0);
		spec->ports[i].guest_port = (int)js_get_int(p, "guest_port", 0);
	}
}

static void read_field(const struct json *record, const struct spec_field *f, struct machine_spec *spec)
{
	const struct json *value = js_get(record, f->name);
	void *at = (char *)spec + f->offset;

	switch (f->type) {
	case SPEC_TEXT:
	case SPEC_NEEDED:
		*(char **)at = mem_strdup(js_as_text(value));
		break;
	case SPEC_PLACE:
	case SPEC_DOCUMENT:
		break;
	case SPEC_NUMBER:
		*(int *)at = (int)js_as_int(value, 0);
		break;
	case SPEC_YES_NO:
		*(bool *)at = js_get_bool(record, f->name, false);
		break;
	case SPEC_BYTES:
	case SPEC_MS:
		*(int64_t *)at = js_as_int(value, 0);
		break;
	case SPEC_ARCH:
		*(enum arch *)at = arch_of(js_as_text(value));
		break;
	case SPEC_BOOTS:
	case SPEC_ACCEL:
	case SPEC_PROVIDER:
		*(int *)at = word_index(words_of(f), js_as_text(value));
		if (*(int *)at < 0) /* not in a record of an earlier version: the first word is the default */
			*(int *)at = 0;
		break;
	case SPEC_TEXTS:
		js_copy_texts(value, at);
		break;
	case SPEC_MOUNTS:
		read_mounts(value, spec);
		break;
	case SPEC_PORTS:
		machine_spec_set_ports(spec, value);
		break;
	}
}

void machine_spec_from_json(const struct json *record, struct machine_spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		read_field(record, &fields[i], spec);
}

void machine_spec_copy(struct machine_spec *spec, const struct recipe *stack, const struct recipe *image)
{
	struct recipe both = *image;
	struct machine_spec borrowed = {.name = NULL};

	both.stack = stack->stack;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].from)
			memcpy((char *)&borrowed + fields[i].offset, (const char *)&both + fields[i].from,
			       fields[i].size);
	AUTO_JSON *record = machine_spec_to_json(&borrowed);
	machine_spec_from_json(record, spec);
}

/* "2.0 GiB"; what that rounds is followed by its bytes, or two sizes would be one. */
static char *exact_size(int64_t bytes)
{
	AUTO(str) s = STR_INIT;
	int64_t unit = 1;

	while (bytes / unit >= 1024 && unit < (int64_t)1 << 40)
		unit *= 1024;
	str_add_size(&s, bytes);
	if (bytes / unit < 10 ? bytes % unit * 10 % unit : bytes % unit)
		str_addf(&s, " (%lld bytes)", (long long)bytes);
	return str_take(&s);
}

static void add_mounts(const struct machine_spec *spec, const char *words, struct json *inputs)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount *m = &spec->mounts[i];
		AUTO_FREE char *name = mem_printf("%s %s", words, m->guest);
		AUTO_FREE char *text = mem_printf("%s, %s%s%s", m->host, m->writable ? "writable" : "read-only",
						  m->hidden ? ", without " : "", m->hidden ? m->hidden : "");
		js_set_text(inputs, name, text);
	}
}

/* The text of one field in a key; NULL = none. Heap. */
static char *input_text(const struct machine_spec *spec, const struct spec_field *f)
{
	const void *at = (const char *)spec + f->offset;
	char hex[SHA256_HEX];
	AUTO(str) s = STR_INIT;

	switch (f->type) {
	case SPEC_TEXT:
	case SPEC_NEEDED:
	case SPEC_PLACE:
		return mem_strdup(*(char *const *)at);
	case SPEC_DOCUMENT:
		if (!*(char *const *)at)
			return NULL;
		digest_bytes(*(char *const *)at, strlen(*(char *const *)at), hex);
		return mem_strdup(hex);
	case SPEC_NUMBER:
		return mem_printf("%d", *(const int *)at);
	case SPEC_YES_NO:
		return *(const bool *)at ? mem_strdup("open") : NULL;
	case SPEC_BYTES:
		return exact_size(*(const int64_t *)at);
	case SPEC_MS:
		return mem_printf("%lld ms", (long long)*(const int64_t *)at);
	case SPEC_ARCH:
		return mem_strdup(arch_name(*(const enum arch *)at));
	case SPEC_BOOTS:
	case SPEC_ACCEL:
	case SPEC_PROVIDER:
		return mem_strdup(words_of(f)[*(const int *)at]);
	case SPEC_TEXTS:
		return ((const struct strs *)at)->count ? strs_join(at, " ") : NULL;
	case SPEC_PORTS:
		for (size_t i = 0; i < spec->port_count; i++)
			str_addf(&s, "%s%s:%d:%d", i ? " " : "", spec->ports[i].host_address, spec->ports[i].host_port,
				 spec->ports[i].guest_port);
		return str_take(&s);
	case SPEC_MOUNTS:
		break;
	}
	return NULL;
}

void machine_spec_inputs(const struct machine_spec *spec, enum spec_scope scope, struct json *inputs)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct spec_field *f = &fields[i];
		if (f->scope != scope)
			continue;
		if (f->type == SPEC_MOUNTS)
			add_mounts(spec, f->words, inputs);
		AUTO_FREE char *text = input_text(spec, f);
		if (text)
			js_set_text(inputs, f->words, text);
	}
}
