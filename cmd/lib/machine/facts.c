#include "machine/facts.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "sys/file.h"

enum field_kind {
	FIELD_OS,
	FIELD_ARCH,
	FIELD_TEXT,  /* char[size] */
	FIELD_HEAP,  /* char *; NULL is "" */
	FIELD_TEXTS, /* struct strs */
	FIELD_INT,   /* int, 1 to 4096 */
	FIELD_INT64, /* int64_t, at least 1 */
	FIELD_BOOL,
	FIELD_YES_NO, /* char *, "yes" or "no" */
};

enum field_need { OPTIONAL, REQUIRED, SURVEY /* optional, of struct host_survey */ };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset; /* in struct host_survey */
	size_t size;   /* of a text, with its NUL */
	enum field_need need;
};

#define FACT(member, kind, need)                                                                                       \
	{                                                                                                              \
#member, kind, offsetof(struct host_survey, host.member), sizeof(((struct host_facts *)0)->member),    \
			need                                                                                           \
	}
#define SURVEYED(member, kind)                                                                                         \
	{                                                                                                              \
#member, kind, offsetof(struct host_survey, member), 0, SURVEY                                         \
	}

static const struct field fields[] = {
	FACT(os, FIELD_OS, REQUIRED),
	FACT(os_version, FIELD_TEXT, OPTIONAL),
	FACT(arch, FIELD_ARCH, REQUIRED),
	FACT(chip, FIELD_TEXT, OPTIONAL),
	FACT(cpus, FIELD_INT, REQUIRED),
	FACT(perf_cpus, FIELD_INT, OPTIONAL),
	FACT(memory_bytes, FIELD_INT64, REQUIRED),
	FACT(sdk_version, FIELD_TEXT, OPTIONAL),
	FACT(compiler, FIELD_TEXT, OPTIONAL),
	FACT(shell, FIELD_TEXT, OPTIONAL),
	FACT(python, FIELD_TEXT, OPTIONAL),
	FACT(hv_support, FIELD_BOOL, OPTIONAL),
	FACT(kvm_present, FIELD_BOOL, OPTIONAL),
	FACT(distro, FIELD_TEXT, OPTIONAL),
	FACT(apt, FIELD_TEXT, OPTIONAL),
	FACT(boot_id, FIELD_TEXT, OPTIONAL),
	SURVEYED(home, FIELD_HEAP),
	SURVEYED(disk_free_bytes, FIELD_INT64),
	SURVEYED(clock_s, FIELD_INT64),
	SURVEYED(clock_synchronized, FIELD_YES_NO),
	SURVEYED(developer_tools, FIELD_HEAP),
	SURVEYED(brew, FIELD_HEAP),
	SURVEYED(packages_known, FIELD_YES_NO),
	SURVEYED(packages, FIELD_TEXTS),
	SURVEYED(superuser, FIELD_YES_NO),
	SURVEYED(podman, FIELD_HEAP),
	SURVEYED(proxies, FIELD_TEXTS),
	SURVEYED(ca_file, FIELD_HEAP),
	SURVEYED(ca_file_readable, FIELD_YES_NO),
	SURVEYED(emulator_signature, FIELD_HEAP),
	SURVEYED(kvm_verdict, FIELD_HEAP),
	SURVEYED(binfmt_misc, FIELD_YES_NO),
	SURVEYED(subordinate_ids, FIELD_YES_NO),
	SURVEYED(user_namespaces, FIELD_INT64),
	SURVEYED(unprivileged_namespaces, FIELD_YES_NO),
	SURVEYED(box_lets, FIELD_HEAP),
	SURVEYED(box_why, FIELD_HEAP),
	SURVEYED(image_box_lets, FIELD_HEAP),
	SURVEYED(image_box_why, FIELD_HEAP),
};

static void *at(const struct host_survey *survey, const struct field *f)
{
	return (char *)survey + f->offset;
}

static bool is_heap(const struct field *f)
{
	return f->kind == FIELD_HEAP || f->kind == FIELD_YES_NO;
}

void host_survey_done(struct host_survey *survey)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (is_heap(&fields[i]))
			free(*(char **)at(survey, &fields[i]));
		if (fields[i].kind == FIELD_TEXTS)
			strs_done(at(survey, &fields[i]));
	}
	*survey = (struct host_survey){.home = NULL};
}

/* --- to JSON --- */

static void write_field(struct json *root, const struct field *f, const struct host_survey *survey)
{
	void *value = at(survey, f);
	const char *heap = is_heap(f) ? *(char **)value : NULL;

	switch (f->kind) {
	case FIELD_OS:
		js_set_text(root, f->name, os_name(*(enum os *)value));
		break;
	case FIELD_ARCH:
		js_set_text(root, f->name, arch_name(*(enum arch *)value));
		break;
	case FIELD_TEXT:
		if (*(char *)value)
			js_set_text(root, f->name, value);
		break;
	case FIELD_HEAP:
	case FIELD_YES_NO:
		if (heap && *heap)
			js_set_text(root, f->name, heap);
		break;
	case FIELD_TEXTS:
		if (((struct strs *)value)->count)
			js_set(root, f->name, js_texts(value));
		break;
	case FIELD_INT:
		if (*(int *)value > 0)
			js_set_int(root, f->name, *(int *)value);
		break;
	case FIELD_INT64:
		if (*(int64_t *)value > 0)
			js_set_int(root, f->name, *(int64_t *)value);
		break;
	case FIELD_BOOL:
		js_set_bool(root, f->name, *(bool *)value);
		break;
	}
}

struct json *survey_to_json(const struct host_survey *survey)
{
	struct json *root = js_object();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		write_field(root, &fields[i], survey);
	return root;
}

/* --- from JSON --- */

static struct err *bad_value(const char *name, const struct field *f, const char *wanted)
{
	return err_new(ERR_USAGE, "%s: '%s' must be %s", name, f->name, wanted);
}

static struct err *read_number(const struct json *value, const char *name, const struct field *f, void *to)
{
	int64_t number = js_as_int(value, -1);

	if (f->kind == FIELD_INT) {
		if (number < 1 || number > 4096)
			return bad_value(name, f, "a number from 1 to 4096");
		*(int *)to = (int)number;
		return NULL;
	}
	if (number < 1)
		return bad_value(name, f, "a number above 0");
	*(int64_t *)to = number;
	return NULL;
}

static struct err *read_texts(const struct json *value, const char *name, const struct field *f, struct strs *to)
{
	if (!js_is_array(value))
		return bad_value(name, f, "a list of texts");
	for (size_t i = 0; i < js_count(value); i++) {
		if (!js_as_text(js_at(value, i)))
			return bad_value(name, f, "a list of texts");
		strs_add(to, js_as_text(js_at(value, i)));
	}
	return NULL;
}

/* A boolean can only be read through its object; two defaults tell a boolean from anything else. */
static struct err *read_bool(const struct json *root, const char *name, const struct field *f, bool *to)
{
	*to = js_get_bool(root, f->name, false);
	if (*to != js_get_bool(root, f->name, true))
		return bad_value(name, f, "true or false");
	return NULL;
}

static struct err *read_os(const char *text, const char *name, enum os *ret_os)
{
	*ret_os = os_of(text);
	if (*ret_os)
		return NULL;
	return err_new(ERR_USAGE, "%s: 'os' must be macos or linux, not '%s'", name, text ? text : "");
}

static struct err *read_arch(const char *text, const char *name, enum arch *ret_arch)
{
	AUTO_FREE char *list = arch_list(arch_is_guest);
	*ret_arch = arch_of(text);
	if (arch_is_guest(*ret_arch))
		return NULL;
	return err_new(ERR_USAGE, "%s: 'arch' must be one of %s, not '%s'", name, list, text ? text : "");
}

static struct err *read_field(const struct json *root, const char *name, const struct field *f,
			      struct host_survey *survey)
{
	const struct json *value = js_get(root, f->name);
	const char *text = js_as_text(value);
	void *to = at(survey, f);

	switch (f->kind) {
	case FIELD_OS:
		return read_os(text, name, to);
	case FIELD_ARCH:
		return read_arch(text, name, to);
	case FIELD_TEXT:
		if (!text || strlen(text) >= f->size)
			return bad_value(name, f, "a short text");
		memcpy(to, text, strlen(text) + 1);
		return NULL;
	case FIELD_YES_NO:
		if (!streq(text, "yes") && !streq(text, "no"))
			return bad_value(name, f, "\"yes\" or \"no\"");
		*(char **)to = mem_strdup(text);
		return NULL;
	case FIELD_HEAP:
		if (!text)
			return bad_value(name, f, "a text");
		*(char **)to = mem_strdup(text);
		return NULL;
	case FIELD_TEXTS:
		return read_texts(value, name, f, to);
	case FIELD_INT:
	case FIELD_INT64:
		return read_number(value, name, f, to);
	case FIELD_BOOL:
		return read_bool(root, name, f, to);
	}
	return NULL;
}

static struct err *check_keys(const struct json *root, const char *name)
{
	const char *known[ARRAY_LEN(fields)];

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		known[i] = fields[i].name;
	for (struct js_member m = {.of = root}; js_next(&m);) {
		bool found = false;
		for (size_t k = 0; k < ARRAY_LEN(fields); k++)
			found = found || streq(m.key, known[k]);
		if (found)
			continue;
		const char *near = suggest_nearest(m.key, known, ARRAY_LEN(known));
		struct err *e = err_new(ERR_USAGE, "%s: unknown host fact '%s'", name, m.key);
		return near ? err_hint(e, "did you mean '%s'?", near) : e;
	}
	return NULL;
}

static struct err *read_all(const struct json *root, const char *name, struct host_survey *survey)
{
	TRY(check_keys(root, name));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		if (js_get(root, f->name))
			TRY(read_field(root, name, f, survey));
		else if (f->need == REQUIRED)
			return err_new(ERR_USAGE, "%s: the host fact '%s' is missing", name, f->name);
	}
	return NULL;
}

struct err *survey_from_json(const struct json *root, const char *name, struct host_survey *ret_survey)
{
	struct host_survey survey = {.home = NULL};

	if (!js_is_object(root))
		return err_new(ERR_USAGE, "%s: host facts are a JSON object", name);
	struct err *e = read_all(root, name, &survey);
	if (e) {
		host_survey_done(&survey);
		return e;
	}
	*ret_survey = survey;
	return NULL;
}

/* --- hosts by name --- */

/* A plain machine of each kind: what most people of that kind have, nothing out of date. */
static const struct host_facts platforms[] = {
	{.os = OS_MACOS,
	 .os_version = "15.6",
	 .arch = ARCH_AARCH64,
	 .chip = "Apple M1",
	 .perf_cpus = 4,
	 .hv_support = true},
	{.os = OS_MACOS, .os_version = "15.6", .arch = ARCH_X86_64, .hv_support = true},
	{.os = OS_LINUX, .arch = ARCH_AARCH64, .kvm_present = true, .distro = "debian"},
	{.os = OS_LINUX, .arch = ARCH_X86_64, .kvm_present = true, .distro = "debian"},
};

struct err *survey_of_host(const char *name, struct host_survey *ret_survey)
{
	const char *slash = strchr(name, '/');
	AUTO_FREE char *os = mem_strndup(name, strcspn(name, "/"));
	AUTO_JSON *root = NULL;

	for (size_t i = 0; slash && i < ARRAY_LEN(platforms); i++) {
		if (platforms[i].os == os_of(os) && platforms[i].arch == arch_of(slash + 1)) {
			*ret_survey = (struct host_survey){.host = platforms[i]};
			ret_survey->host.cpus = 8;
			ret_survey->host.memory_bytes = INT64_C(16) << 30;
			return NULL;
		}
	}
	bool there = false;
	TRY(file_exists(name, &there));
	if (!there)
		return err_hint(err_new(ERR_USAGE, "'%s' is neither a file of host facts nor a platform", name),
				"platforms: macos/arm64, macos/amd64, linux/arm64, linux/amd64; `cooper tool facts` "
				"prints a file for the host that it runs on");
	TRY(js_read(name, &root));
	return survey_from_json(root, name, ret_survey);
}
