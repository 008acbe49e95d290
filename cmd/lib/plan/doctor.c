#include "plan/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "machine/paths.h"
#include "sys/tick.h"

/* Certificates and archives that are in use today look invalid to a clock from before this: 2026-01-01. */
#define CLOCK_MIN_S INT64_C(1767225600)

void doctor_report_done(struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->items[i].text);
		free(report->items[i].remedy);
	}
	free(report->items);
	*report = (struct doctor_report)DOCTOR_REPORT_INIT;
}

/* @take_remedy may be NULL. */
static void add(struct doctor_report *r, enum doctor_level level, const char *name, char *take_text, char *take_remedy)
{
	r->items = mem_grow(r->items, &r->cap, r->count + 1, sizeof(*r->items));
	r->items[r->count++] =
		(struct doctor_finding){.level = level, .name = name, .text = take_text, .remedy = take_remedy};
}

static void add_plain(struct doctor_report *r, enum doctor_level level, const char *name, const char *text,
		      const char *remedy)
{
	add(r, level, name, mem_strdup(text), remedy ? mem_strdup(remedy) : NULL);
}

static bool is_macos(const struct doctor_input *in)
{
	return in->survey->host.os == OS_MACOS;
}

static bool known(const char *text)
{
	return text && *text;
}

/* --- the host and its accelerator --- */

static void check_system(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_facts *h = &in->survey->host;
	AUTO(str) s = STR_INIT;
	str_addf(&s, "%s %s, %s, %d CPUs", os_name(h->os), h->os_version, *h->chip ? h->chip : arch_name(h->arch),
		 h->cpus);
	if (h->perf_cpus)
		str_addf(&s, " (%d fast)", h->perf_cpus);
	str_add(&s, ", ");
	str_add_size(&s, h->memory_bytes);
	str_add(&s, " of memory");
	add(r, DOCTOR_OK, "system", str_take(&s), NULL);
}

static void check_accelerator(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_facts *h = &in->survey->host;
	if (!in->accel_why)
		return;
	if (!in->emulated) {
		add_plain(r, DOCTOR_OK, "accelerator", in->accel_why, NULL);
		return;
	}
	char *text = mem_printf("%s: the machine is emulated, about ten times slower", in->accel_why);
	if (h->arch != in->guest_arch)
		add(r, DOCTOR_NOTE, "accelerator", text, NULL);
	else if (is_macos(in))
		add(r, DOCTOR_WARN, "accelerator", text,
		    mem_strdup("a Mac that is itself a virtual machine (GitHub's runners are) offers no hypervisor"));
	else
		add(r, DOCTOR_WARN, "accelerator", text,
		    mem_strdup(h->kvm_present
				       ? "nested virtualization may be disabled where this host runs; reboot the "
					 "host to try again"
				       : "load the module kvm, and join the group that owns /dev/kvm"));
}

static void check_rules(const struct doctor_input *in, struct doctor_report *r)
{
	for (size_t i = 0; i < in->hit_count; i++) {
		const struct rule *hit = in->hits[i];
		if (!hit->why)
			continue;
		add_plain(r, hit->effect == RULE_REFUSE ? DOCTOR_FAIL : DOCTOR_WARN, hit->name, hit->why, hit->remedy);
		r->items[r->count - 1].link = hit->link;
	}
}

/* --- what building needs --- */

static void check_developer_tools(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (!is_macos(in) || !known(s->developer_tools))
		return;
	if (streq(s->developer_tools, "no"))
		add_plain(r, DOCTOR_FAIL, "developer-tools", "the Command Line Tools are not installed",
			  "xcode-select --install (opens a dialog), or install.sh, which does it without one");
	else if (*s->host.sdk_version)
		add(r, DOCTOR_OK, "developer-tools", mem_printf("%s, SDK %s", s->developer_tools, s->host.sdk_version),
		    NULL);
	else
		add(r, DOCTOR_WARN, "developer-tools", mem_printf("%s has no macOS SDK", s->developer_tools),
		    mem_strdup("reinstall the Command Line Tools; an update of macOS can leave half of them"));
}

static void add_missing(const struct doctor_input *in, const struct strs *missing, struct doctor_report *r)
{
	AUTO_FREE char *list = strs_join(missing, " ");
	add(r, DOCTOR_FAIL, "packages", mem_printf("missing: %s", list),
	    is_macos(in) ? mem_printf("brew install %s", list)
			 : mem_printf("%sapt-get install --no-install-recommends %s",
				      streq(in->survey->superuser, "no") ? "sudo " : "", list));
}

static void check_packages(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	AUTO(strs) missing = STRS_INIT;
	if (is_macos(in) && known(s->brew) && streq(s->brew, "no") && in->packages->count) {
		add_plain(r, DOCTOR_FAIL, "packages", "Homebrew is not installed, and the build needs packages from it",
			  "see https://brew.sh");
		return;
	}
	if (in->packages->count == 0)
		return;
	if (!s->packages_known) {
		AUTO_FREE char *list = strs_join(in->packages, " ");
		add(r, DOCTOR_NOTE, "packages", mem_printf("not checked on this system; needed: %s", list), NULL);
		return;
	}
	for (size_t i = 0; i < in->packages->count; i++)
		if (!strs_has(&s->packages, in->packages->items[i]) && !strs_has(&missing, in->packages->items[i]))
			strs_add(&missing, in->packages->items[i]);
	if (missing.count)
		add_missing(in, &missing, r);
	else
		add(r, DOCTOR_OK, "packages", mem_printf("all %zu are installed", in->packages->count), NULL);
}

static void check_signature(const struct doctor_input *in, struct doctor_report *r)
{
	const char *signature = in->survey->emulator_signature;
	if (!is_macos(in))
		return;
	if (!known(signature))
		add_plain(r, DOCTOR_NOTE, "signature", "QEMU is not built yet; the build signs it", NULL);
	else if (streq(signature, "valid"))
		add_plain(r, DOCTOR_OK, "signature", "QEMU is signed, with com.apple.security.hypervisor", NULL);
	else
		add(r, DOCTOR_FAIL, "signature",
		    mem_printf("QEMU's signature is %s: macOS denies it the hypervisor",
			       streq(signature, "no-entitlement") ? "without the entitlement" : signature),
		    mem_strdup("remove its folder from COOPER_HOME/store and run `cooper build`"));
}

static void check_image(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (!in->makes_image)
		return;
	bool can_map = !streq(s->subordinate_ids, "no") && !streq(s->unprivileged_namespaces, "no");
	if (streq(s->superuser, "no") && !can_map)
		add_plain(r, DOCTOR_FAIL, "image",
			  "building a Debian image needs root, or a user with subordinate ids who may make user "
			  "namespaces",
			  "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER, or use a stack "
			  "with "
			  "a downloaded image, such as podman");
	if (s->host.arch != in->guest_arch && streq(s->binfmt_misc, "no"))
		add_plain(r, DOCTOR_WARN, "binfmt",
			  "binfmt_misc is not mounted, and the image is made by running programs of another "
			  "architecture",
			  "cooper mounts it if permitted; otherwise: mount -t binfmt_misc binfmt_misc "
			  "/proc/sys/fs/binfmt_misc");
}

/* --- room and places --- */

static void check_disk(const struct doctor_input *in, struct doctor_report *r)
{
	int64_t free_bytes = in->survey->disk_free_bytes;
	AUTO(str) have = STR_INIT;
	AUTO(str) want = STR_INIT;
	if (free_bytes <= 0)
		return;
	str_add_size(&have, free_bytes);
	str_add_size(&want, in->work_bytes);
	if (free_bytes < in->work_bytes) {
		add(r, DOCTOR_FAIL, "disk",
		    mem_printf("%s free, and about %s are needed", str_text(&have), str_text(&want)),
		    mem_strdup("free some space, or set COOPER_HOME to a larger disk"));
		return;
	}
	if (in->spec && free_bytes - in->work_bytes < in->spec->data_bytes) {
		AUTO(str) data = STR_INIT;
		str_add_size(&data, in->spec->data_bytes);
		add(r, DOCTOR_WARN, "disk",
		    mem_printf("%s free; the machine's disk may grow to %s", str_text(&have), str_text(&data)),
		    mem_strdup("reduce machine.disk, or free some space"));
		return;
	}
	add(r, DOCTOR_OK, "disk", mem_printf("%s free", str_text(&have)), NULL);
}

static void check_sockets(const struct doctor_input *in, struct doctor_report *r)
{
	if (!in->spec)
		return;
	struct err *e = machine_paths_check(in->spec);
	if (!e) {
		add_plain(r, DOCTOR_OK, "sockets", "path lengths ok", NULL);
		return;
	}
	doctor_add_failure(r, "sockets", e);
}

/* --- network and clock --- */

static bool is_loopback(const char *proxy)
{
	return strstr(proxy, "//127.") || strstr(proxy, "//localhost") || strstr(proxy, "//[::1]") ||
	       strstr(proxy, "=localhost") || strstr(proxy, "=127.");
}

static void check_network(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	for (size_t i = 0; i < s->proxies.count; i++) {
		const char *proxy = s->proxies.items[i];
		bool local = is_loopback(proxy) && !str_starts(proxy, "no_proxy") && !str_starts(proxy, "NO_PROXY");
		add_plain(r, local ? DOCTOR_WARN : DOCTOR_NOTE, "proxy", proxy,
			  local ? "downloads work; in the guest this address is the guest itself, so pulls there need "
				  "another name for the host: 10.0.2.2"
				: NULL);
	}
	if (known(s->ca_file) && streq(s->ca_file_readable, "no"))
		add(r, DOCTOR_FAIL, "certificates",
		    mem_printf("'%s' cannot be read: every https download will fail", s->ca_file),
		    mem_strdup("correct or unset CURL_CA_BUNDLE, SSL_CERT_FILE and COOPER_CA_BUNDLE"));
	else if (known(s->ca_file))
		add(r, DOCTOR_OK, "certificates", mem_printf("from '%s'", s->ca_file), NULL);
}

static void check_clock(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (s->clock_s > 0 && s->clock_s < CLOCK_MIN_S) {
		AUTO(str) text = STR_INIT;
		str_add(&text, "the clock says ");
		str_add_utc(&text, s->clock_s * 1000);
		str_add(&text, ": certificates and signatures will look invalid");
		add(r, DOCTOR_FAIL, "clock", str_take(&text), mem_strdup("set the clock; turn network time on"));
	} else if (known(s->clock_synchronized) && streq(s->clock_synchronized, "no")) {
		add_plain(r, DOCTOR_WARN, "clock", "network time is disabled", "turn it on");
	} else if (s->clock_s > 0) {
		add_plain(r, DOCTOR_OK, "clock", "plausible", NULL);
	}
}

/* --- podman on the host --- */

static void check_podman(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (streq(s->podman, "no"))
		add_plain(r, DOCTOR_NOTE, "podman", "not installed; `cooper ssh -- podman` works without it", NULL);
	if (is_macos(in) || !streq(s->superuser, "no"))
		return;
	if (streq(s->subordinate_ids, "no"))
		add_plain(r, DOCTOR_NOTE, "subordinate-ids",
			  "this user has no ranges in /etc/subuid and /etc/subgid: the host's own rootless podman "
			  "cannot map users",
			  NULL);
	if (streq(s->unprivileged_namespaces, "no"))
		add_plain(r, DOCTOR_NOTE, "user-namespaces",
			  "unprivileged users cannot create any: rootless podman cannot run on this host", NULL);
}

void doctor_add_failure(struct doctor_report *r, const char *name, struct err *take_e)
{
	add(r, DOCTOR_FAIL, name, mem_strdup(take_e->message), mem_strdup(take_e->hint));
	err_free(take_e);
}

void doctor_check(const struct doctor_input *in, struct doctor_report *r)
{
	check_system(in, r);
	check_accelerator(in, r);
	check_rules(in, r);
	check_developer_tools(in, r);
	check_packages(in, r);
	check_signature(in, r);
	check_image(in, r);
	check_disk(in, r);
	check_sockets(in, r);
	check_network(in, r);
	check_clock(in, r);
	check_podman(in, r);
}

bool doctor_fails(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].level == DOCTOR_FAIL)
			return true;
	return false;
}

const char *doctor_level_name(enum doctor_level level)
{
	static const char *const names[] = {
		[DOCTOR_OK] = "ok", [DOCTOR_NOTE] = "note", [DOCTOR_WARN] = "warning", [DOCTOR_FAIL] = "failure"};
	return names[level];
}

struct json *doctor_json(const struct doctor_report *report)
{
	struct json *root = js_object();
	struct json *list = js_array();
	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *f = &report->items[i];
		struct json *item = js_object();
		js_set_text(item, "level", doctor_level_name(f->level));
		js_set_text(item, "name", f->name);
		js_set_text(item, "text", f->text);
		if (f->remedy)
			js_set_text(item, "remedy", f->remedy);
		if (f->link)
			js_set_text(item, "link", f->link);
		js_add(list, item);
	}
	js_set_bool(root, "ok", !doctor_fails(report));
	js_set(root, "findings", list);
	return root;
}
