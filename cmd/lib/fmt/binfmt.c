#include "fmt/binfmt.h"

#include <string.h>

enum { INTERPRETER_MAX = 127 }; /* BINPRM_BUF_SIZE of kernels before 5.1, less the NUL */

/* A number of @size bytes in the byte order of the architecture, as a registration has it. */
static void add_number(struct str *s, const struct arch_row *row, unsigned value, int size)
{
	for (int i = 0; i < size; i++)
		str_addf(s, "\\x%02x", value >> 8 * (row->elf_big_endian ? size - 1 - i : i) & 0xff);
}

/*
 * An ELF header up to e_machine: the type may be ET_EXEC (2) or ET_DYN (3), the ABI version anything.
 * See: System V ABI, chapter 4; admin-guide/binfmt-misc.rst of Linux
 */
static void add_magic(struct str *s, const struct arch_row *row)
{
	str_addf(s, "\\x7fELF\\x%02x\\x%02x\\x01", row->elf_64 ? 2 : 1, row->elf_big_endian ? 2 : 1);
	for (int i = 7; i < 16; i++)
		str_add(s, "\\x00");
	add_number(s, row, 2, 2);
	add_number(s, row, row->elf_machine, 2);
}

static void add_mask(struct str *s, const struct arch_row *row)
{
	str_add(s, "\\xff\\xff\\xff\\xff\\xff");
	str_add(s, row->elf_any_abi ? "\\xfe\\xfe\\x00" : "\\xff\\xff\\x00");
	for (int i = 8; i < 16; i++)
		str_add(s, "\\xff");
	add_number(s, row, 0xfffe, 2);
	add_number(s, row, 0xffff, 2);
}

char *binfmt_emulator(enum arch arch)
{
	return mem_printf("qemu-%s", arch_name(arch));
}

char *binfmt_line(enum arch arch, const char *interpreter)
{
	AUTO(str) s = STR_INIT;
	const struct arch_row *row = arch_row(arch);

	if (*interpreter != '/' || strpbrk(interpreter, ":\n") || strlen(interpreter) > INTERPRETER_MAX)
		return NULL;
	str_addf(&s, ":qemu-%s:M::", row->name);
	add_magic(&s, row);
	str_add_char(&s, ':');
	add_mask(&s, row);
	str_addf(&s, ":%s:" BINFMT_FLAGS, interpreter);
	return str_take(&s);
}

char *binfmt_conf_path(enum arch arch)
{
	return mem_printf("/etc/binfmt.d/zz-cooper-%s.conf", arch_name(arch));
}

char *binfmt_conf(enum arch arch)
{
	AUTO_FREE char *interpreter = mem_printf("%s/qemu-%s", BINFMT_STORE_DIR, arch_name(arch));
	AUTO_FREE char *line = binfmt_line(arch, interpreter);
	return mem_printf("%s\n", line);
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
		return err_new(ERR_CORRUPT, "'%s' is not a binfmt_misc registration", copy);
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
