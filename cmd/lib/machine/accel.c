#include "machine/accel.h"

#include <stdlib.h>
#include <string.h>

enum {
	TCG_FACTOR = 8,
	PROBE_KERNEL_MS = 20 * 1000,
	PROBE_UEFI_MS = 40 * 1000, /* firmware and a boot loader's menu come first */
};

void accel_list_done(struct accel_list *list)
{
	free(list->why);
	*list = (struct accel_list){.count = 0};
}

/* Why @accel cannot be had at all; NULL when it may be tried. */
static const char *impossible(enum accel accel, const struct host_facts *facts, enum arch guest_arch)
{
	if (accel == ACCEL_TCG)
		return NULL;
	if (accel == ACCEL_HVF && facts->os != OS_MACOS)
		return "hvf exists on macOS only";
	if (accel == ACCEL_KVM && facts->os != OS_LINUX)
		return "kvm exists on Linux only";
	if (facts->arch != guest_arch)
		return "the guest's architecture is not the host's";
	if (accel == ACCEL_HVF && !facts->hv_support)
		return "macOS reports no hypervisor (kern.hv_support is not 1)";
	if (accel == ACCEL_KVM && !facts->kvm_present)
		return "/dev/kvm cannot be opened";
	return NULL;
}

static struct err *named(enum accel wanted, const struct host_facts *facts, enum arch guest_arch,
			 struct accel_list *ret_list)
{
	const char *why = impossible(wanted, facts, guest_arch);
	if (why)
		return err_hint(err_new(ERR_USAGE, "the accelerator '%s' cannot be used: %s", accel_words[wanted], why),
				"'accel: auto' uses what the host has, 'accel: tcg' works everywhere");
	*ret_list = (struct accel_list){.items = {wanted}, .count = 1, .why = mem_strdup("the stack names it")};
	return NULL;
}

struct err *accel_candidates(enum accel wanted, const struct host_facts *facts, enum arch guest_arch,
			     const struct json *verdicts, const char *qemu, struct accel_list *ret_list)
{
	enum accel hardware = facts->os == OS_MACOS ? ACCEL_HVF : ACCEL_KVM;
	struct accel_list list = {.count = 0};
	const char *why;

	if (wanted != ACCEL_AUTO)
		return named(wanted, facts, guest_arch, ret_list);
	why = impossible(hardware, facts, guest_arch);
	switch (why ? VERDICT_BROKEN : accel_known(verdicts, facts->boot_id, qemu, hardware)) {
	case VERDICT_WORKS:
		list.items[list.count++] = hardware;
		list.why = mem_printf("%s booted a guest since the host was started", accel_words[hardware]);
		break;
	case VERDICT_NONE:
		list.items[list.count++] = hardware;
		list.why = mem_printf("the host offers %s; the boot will show whether it works", accel_words[hardware]);
		break;
	case VERDICT_BROKEN:
		list.why = why ? mem_printf("no %s: %s", accel_words[hardware], why)
			       : mem_printf("%s is available, but no kernel booted with it", accel_words[hardware]);
		break;
	}
	list.items[list.count++] = ACCEL_TCG;
	*ret_list = list;
	return NULL;
}

/* A keg's name in the store holds the key of all that it was made from: it is the same QEMU in any home. */
static const char *identity(const char *qemu)
{
	static const char store[] = "/store/";
	const char *at = strstr(qemu, store);

	return at ? at + strlen(store) : qemu;
}

static bool is_about(const struct json *verdict, const char *boot_id, const char *qemu, enum accel accel)
{
	return streq(js_get_text(verdict, "boot_id"), boot_id) && streq(js_get_text(verdict, "qemu"), identity(qemu)) &&
	       streq(js_get_text(verdict, "accel"), accel_words[accel]);
}

enum accel_verdict accel_known(const struct json *verdicts, const char *boot_id, const char *qemu, enum accel accel)
{
	/* without a boot id a verdict could never expire */
	if (!*boot_id)
		return VERDICT_NONE;
	for (size_t i = 0; i < js_count(verdicts); i++) {
		const struct json *v = js_at(verdicts, i);
		if (is_about(v, boot_id, qemu, accel))
			return js_get_bool(v, "works", false) ? VERDICT_WORKS : VERDICT_BROKEN;
	}
	return VERDICT_NONE;
}

struct json *accel_verdicts_read(const char *path)
{
	struct json *root = NULL;

	if (path)
		err_free(js_read(path, &root));
	if (js_is_array(root))
		return root;
	js_free(root);
	return js_array();
}

void accel_remember(struct json **verdicts, const char *boot_id, const char *qemu, enum accel accel, bool works)
{
	struct json *kept = js_array();
	struct json *verdict = js_object();

	for (size_t i = 0; i < js_count(*verdicts); i++) {
		const struct json *v = js_at(*verdicts, i);
		if (streq(js_get_text(v, "boot_id"), boot_id) && !is_about(v, boot_id, qemu, accel))
			js_add(kept, js_copy(v));
	}
	js_set_text(verdict, "boot_id", boot_id);
	js_set_text(verdict, "qemu", identity(qemu));
	js_set_text(verdict, "accel", accel_words[accel]);
	js_set_bool(verdict, "works", works);
	js_add(kept, verdict);
	js_free(*verdicts);
	*verdicts = kept;
}

char *accel_verdicts_path(const char *home)
{
	return mem_printf("%s/accel.json", home);
}

int64_t accel_scale_ms(enum accel accel, int64_t ms)
{
	return accel == ACCEL_TCG ? ms * TCG_FACTOR : ms;
}

int64_t accel_probe_ms(enum image_boot boot)
{
	return boot == BOOT_UEFI ? PROBE_UEFI_MS : PROBE_KERNEL_MS;
}
