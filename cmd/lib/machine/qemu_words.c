#include "machine/qemu_words.h"

#include <string.h>

#include "base/path.h"
#include "base/units.h"

/* How messages about an accelerator begin, after the program's name. */
static const char *const kvm_beginnings[] = {
	"-accel kvm:",
	"-accel kvm,",
	"Could not access KVM kernel module: ",
	"kvm version ",
	"kvm does not support ",
	"ioctl(KVM_CREATE_VM) failed: ",
	"kvm_init_vcpu: ",
	"error: kvm run failed ",
	"error: failed to set MSR ",
	"error: failed to get MSR ",
	NULL,
};
/* "Error: ret = HV_DENIED (0xfae94007, at ../accel/hvf/hvf-all.c:62)"; of older releases "Error: HV_DENIED" */
static const char *const hvf_beginnings[] = {"-accel hvf:",      "-accel hvf,", "Error: HV_",
					     "Error: ret = HV_", "Error: hv_",  NULL};

struct accel_words {
	const char *name; /* folder of its source, and how its files begin */
	const char *const *beginnings;
};

static const struct accel_words accels[] = {
	[ACCEL_TCG] = {NULL, NULL},
	[ACCEL_KVM] = {"kvm", kvm_beginnings},
	[ACCEL_HVF] = {"hvf", hvf_beginnings},
};

/* "../../target/i386/kvm/kvm.c:3183: ..." is about kvm: a file of its folder, or named after it. */
static bool is_source_of(const char *text, const char *name)
{
	AUTO_FREE char *path = mem_strndup(text, strcspn(text, ":, "));
	AUTO_FREE char *folder = mem_printf("/%s/", name);

	return str_ends(path, ".c") && (strstr(path, folder) || str_starts(path_base(path), name));
}

/* Failed assertions: glibc's, GLib's ("ERROR:"), and macOS' ("Assertion failed: ..., file F, line N."). */
static bool is_assertion_of(const char *line, const char *name)
{
	const char *file = str_starts(line, "Assertion failed: ") ? strstr(line, ", file ") : NULL;

	if (file)
		return is_source_of(file + strlen(", file "), name);
	return is_source_of(str_starts(line, "ERROR:") ? line + strlen("ERROR:") : line, name);
}

static const char *after_program(const char *line)
{
	const char *colon = strstr(line, ": ");

	return str_starts(line, "qemu-system-") && colon ? colon + 2 : line;
}

bool qemu_blames_accel(const char *words, enum accel accel)
{
	const struct accel_words *about = &accels[accel];
	AUTO(strs) lines = STRS_INIT;

	if (!about->name)
		return false;
	strs_split(&lines, words, "\r\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *message = after_program(lines.items[i]);
		for (size_t k = 0; about->beginnings[k]; k++)
			if (str_starts(message, about->beginnings[k]))
				return true;
		if (is_assertion_of(message, about->name))
			return true;
	}
	return false;
}

bool qemu_port_conflict(const char *words, int *ret_port)
{
	static const char complaint[] = ": Could not set up host forwarding rule '";
	AUTO(strs) lines = STRS_INIT;

	strs_split(&lines, words, "\r\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *option = after_program(lines.items[i]);
		const char *rule = strstr(option, complaint);
		if (!str_starts(option, "-netdev ") || !rule)
			continue;
		/* tcp:127.0.0.1:2222-:22' */
		AUTO_FREE char *host = mem_strndup(rule + strlen(complaint), strcspn(rule + strlen(complaint), "-'"));
		const char *colon = strrchr(host, ':');
		int64_t port = 0;
		*ret_port = colon && num_parse(colon + 1, 1, 65535, &port) ? (int)port : 0;
		return true;
	}
	return false;
}
