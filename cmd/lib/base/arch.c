#include "base/arch.h"

#define ARCH(id, ...) [ARCH_##id] = {__VA_ARGS__},
static const struct arch_row rows[ARCH_COUNT] = {
	[ARCH_NONE] = {.name = "unknown", .debian = "unknown", .oci = "unknown"},
#include "base/arch.def"
};

enum arch arch_of(const char *name)
{
	for (enum arch a = ARCH_NONE + 1; name && a < ARCH_COUNT; a++) {
		if (streq(rows[a].name, name))
			return a;
		for (const char *const *s = rows[a].synonyms; *s; s++)
			if (streq(*s, name))
				return a;
	}
	return ARCH_NONE;
}

const struct arch_row *arch_row(enum arch arch)
{
	return &rows[arch];
}

const char *arch_name(enum arch arch)
{
	return rows[arch].name;
}

const char *arch_uname(enum arch arch)
{
	return rows[arch].uname ? rows[arch].uname : arch_name(arch);
}

const char *arch_qemu_system(enum arch arch)
{
	return rows[arch].qemu_system ? rows[arch].qemu_system : arch_name(arch);
}

bool arch_runs(enum arch kernel, enum arch program)
{
	return kernel == program || (program && rows[kernel].runs_too == program);
}

void arch_spellings(bool (*holds)(enum arch arch), struct strs *ret_names)
{
	for (enum arch a = ARCH_NONE + 1; a < ARCH_COUNT; a++) {
		if (holds && !holds(a))
			continue;
		strs_add(ret_names, rows[a].name);
		strs_add_all(ret_names, rows[a].synonyms);
	}
}

char *arch_list(bool (*holds)(enum arch arch))
{
	AUTO(strs) names = STRS_INIT;
	for (enum arch a = ARCH_NONE + 1; a < ARCH_COUNT; a++)
		if (!holds || holds(a))
			strs_add(&names, rows[a].name);
	return strs_join(&names, ", ");
}

bool arch_is_guest(enum arch arch)
{
	return rows[arch].guest.console;
}

struct err *arch_option(const char *what, const char *name, bool (*holds)(enum arch arch), enum arch *ret_arch)
{
	AUTO_FREE char *list = arch_list(holds);

	*ret_arch = arch_of(name);
	return *ret_arch ? NULL : err_hint(err_new(ERR_USAGE, "unknown %s '%s'", what, name), "use one of: %s", list);
}
