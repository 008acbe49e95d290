#include "fmt/binfmt.h"

#include <string.h>

enum { INTERPRETER_MAX = 127 }; /* BINPRM_BUF_SIZE of kernels before 5.1, less the NUL */

struct handler {
	const char *arch;
	const char *magic;
	const char *mask;
};

#define ELF64 "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
#define ELF64_BIG "\\x7fELF\\x02\\x02\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
#define ELF32 "\\x7fELF\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
/* The x86 masks let pass an OS ABI and an ABI version that some old linkers set. */
#define MASK_X86 "\\xff\\xff\\xff\\xff\\xff\\xfe\\xfe\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff"
#define MASK_ANY "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff"
/* ET_EXEC or ET_DYN, then the machine */
#define LITTLE "\\xfe\\xff\\xff\\xff"
#define BIG "\\xff\\xfe\\xff\\xff"

static const struct handler handlers[] = {
	{"x86_64", ELF64 "\\x02\\x00\\x3e\\x00", MASK_X86 LITTLE},
	{"aarch64", ELF64 "\\x02\\x00\\xb7\\x00", MASK_ANY LITTLE},
	{"riscv64", ELF64 "\\x02\\x00\\xf3\\x00", MASK_ANY LITTLE},
	{"arm", ELF32 "\\x02\\x00\\x28\\x00", MASK_ANY LITTLE},
	{"i386", ELF32 "\\x02\\x00\\x03\\x00", MASK_X86 LITTLE},
	{"ppc64le", ELF64 "\\x02\\x00\\x15\\x00", MASK_ANY "\\xfe\\xff\\xff\\x00"},
	{"s390x", ELF64_BIG "\\x00\\x02\\x00\\x16", MASK_ANY BIG},
};

const char *binfmt_arch_at(size_t index)
{
	return index < ARRAY_LEN(handlers) ? handlers[index].arch : NULL;
}

bool binfmt_native(const char *guest_arch, const char *arch)
{
	return streq(guest_arch, arch) || (streq(guest_arch, "x86_64") && streq(arch, "i386"));
}

char *binfmt_emulator(const char *arch)
{
	return mem_printf("qemu-%s", arch);
}

char *binfmt_line(const char *arch, const char *interpreter)
{
	if (*interpreter != '/' || strpbrk(interpreter, ":\n") || strlen(interpreter) > INTERPRETER_MAX)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (streq(handlers[i].arch, arch))
			return mem_printf(":qemu-%s:M::%s:%s:%s:%s", arch, handlers[i].magic, handlers[i].mask,
					  interpreter, BINFMT_FLAGS);
	return NULL;
}

char *binfmt_conf_path(const char *arch)
{
	return mem_printf("/etc/binfmt.d/zz-cooper-%s.conf", arch);
}

static struct err *unknown(const char *arch)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *list = NULL;

	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		strs_add(&names, handlers[i].arch);
	list = strs_join(&names, ", ");
	return err_hint(err_new(ERR_USAGE, "programs of the architecture '%s' cannot be emulated", arch),
			"known architectures: %s", list);
}

struct err *binfmt_conf(const char *arch, struct str *out)
{
	AUTO_FREE char *interpreter = mem_printf("%s/qemu-%s", BINFMT_STORE_DIR, arch);
	AUTO_FREE char *line = binfmt_line(arch, interpreter);

	if (!line)
		return unknown(arch);
	str_addf(out, "%s\n", line);
	return NULL;
}

bool binfmt_status_ok(const char *status, char **ret_why)
{
	const char *flags = strstr(status, "\nflags:");
	size_t n;

	*ret_why = NULL;
	if (!str_starts(status, "enabled\n")) {
		*ret_why = mem_strdup("the handler is disabled");
		return false;
	}
	flags = flags ? flags + strlen("\nflags:") : "";
	n = strcspn(flags, "\n");
	for (const char *need = BINFMT_FLAGS; *need; need++) {
		if (!memchr(flags, *need, n)) {
			*ret_why = mem_printf("the handler lacks flag %c", *need);
			return false;
		}
	}
	return true;
}

/* A registration is :name:type:offset:magic:mask:interpreter:flags, with any byte as the delimiter. */
static struct err *fix_line(const char *line, size_t size, struct str *out)
{
	const char *end = line + size;
	const char *flags = NULL;
	int delimiters = 0;

	for (const char *p = line; p < end; p++) {
		if (*p == *line) {
			delimiters++;
			flags = p + 1;
		}
	}
	if (delimiters != 7) {
		AUTO_FREE char *copy = mem_strndup(line, size);
		AUTO_FREE char *shown = str_escape(copy);
		return err_new(ERR_CORRUPT, "'%s' is not a binfmt_misc registration", shown);
	}
	str_add_mem(out, line, (size_t)(flags - line));
	str_add(out, BINFMT_FLAGS);
	return NULL;
}

struct err *binfmt_fix_flags(const char *conf, struct str *out)
{
	for (const char *line = conf; *line;) {
		size_t n = strcspn(line, "\n");
		if (n == 0 || *line == '#' || *line == ';')
			str_add_mem(out, line, n);
		else
			TRY(fix_line(line, n, out));
		str_add_char(out, '\n');
		line += n + (line[n] == '\n');
	}
	return NULL;
}
