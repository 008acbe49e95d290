#include "plan/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "machine/paths.h"
#include "sys/tick.h"

/* Certificates and archives that are in use today look invalid to a clock from before this: 2026-01-01. */
#define CLOCK_MIN_S INT64_C(1767225600)
/* And to one from after this: 2100-01-01. */
#define CLOCK_MAX_S INT64_C(4102444800)

void doctor_report_done(struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->items[i].text);
		free(report->items[i].remedy);
	}
	free(report->items);
	*report = DOCTOR_REPORT_INIT;
}

/* @remedy may be NULL. */
PRINTF_LIKE(5, 6)
static void add(struct doctor_report *r, enum doctor_level level, const char *name, const char *remedy,
		const char *format, ...)
{
	va_list args;
	va_start(args, format);
	r->items = mem_grow(r->items, &r->cap, r->count + 1, sizeof(*r->items));
	r->items[r->count++] = (struct doctor_finding){
		.level = level, .name = name, .text = mem_vprintf(format, args), .remedy = mem_strdup(remedy)};
	va_end(args);
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
	add(r, DOCTOR_OK, "system", NULL, "%s", str_text(&s));
}

static void check_accelerator(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_facts *h = &in->survey->host;
	if (!in->accel_why)
		return;
	if (!in->emulated) {
		add(r, DOCTOR_OK, "accelerator", NULL, "%s", in->accel_why);
		return;
	}
	const char *remedy = NULL;
	if (h->arch == in->guest_arch && is_macos(in))
		remedy = "a Mac that is itself a virtual machine (GitHub's runners are) offers no hypervisor";
	else if (h->arch == in->guest_arch)
		remedy = h->kvm_present ? "nested virtualization may be disabled where this host runs; reboot the host "
					  "to try again"
					: "load the module kvm, and join the group that owns /dev/kvm";
	add(r, remedy ? DOCTOR_WARN : DOCTOR_NOTE, "accelerator", remedy,
	    "%s: the machine is emulated, about ten times slower", in->accel_why);
}

static void check_rules(const struct doctor_input *in, struct doctor_report *r)
{
	for (size_t i = 0; i < in->hit_count; i++) {
		const struct rule *hit = in->hits[i];
		if (!hit->why)
			continue;
		add(r, hit->effect == RULE_REFUSE ? DOCTOR_FAIL : DOCTOR_WARN, hit->name, hit->remedy, "%s", hit->why);
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
		add(r, DOCTOR_FAIL, "developer-tools",
		    "xcode-select --install (opens a dialog), or install.sh, which does it without one",
		    "the Command Line Tools are not installed");
	else if (*s->host.sdk_version)
		add(r, DOCTOR_OK, "developer-tools", NULL, "%s, SDK %s", s->developer_tools, s->host.sdk_version);
	else
		add(r, DOCTOR_WARN, "developer-tools",
		    "reinstall the Command Line Tools; an update of macOS can leave half of them",
		    "%s has no macOS SDK", s->developer_tools);
}

static void add_missing(const struct doctor_input *in, const struct strs *missing, struct doctor_report *r)
{
	AUTO_FREE char *list = strs_join(missing, " ");
	const char *sudo = streq(in->survey->superuser, "no") ? "sudo " : "";
	AUTO_FREE char *remedy = is_macos(in) ? mem_printf("brew install %s", list)
					      : mem_printf("%sapt-get install --no-install-recommends %s", sudo, list);
	add(r, DOCTOR_FAIL, "packages", remedy, "missing: %s", list);
}

static void check_packages(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	AUTO(strs) missing = STRS_INIT;
	if (is_macos(in) && known(s->brew) && streq(s->brew, "no") && in->packages->count) {
		add(r, DOCTOR_FAIL, "packages", "see https://brew.sh",
		    "Homebrew is not installed, and the build needs packages from it");
		return;
	}
	if (in->packages->count == 0)
		return;
	if (!s->packages_known) {
		AUTO_FREE char *list = strs_join(in->packages, " ");
		add(r, DOCTOR_NOTE, "packages", NULL, "not checked on this system; needed: %s", list);
		return;
	}
	for (size_t i = 0; i < in->packages->count; i++)
		if (!strs_has(&s->packages, in->packages->items[i]) && !strs_has(&missing, in->packages->items[i]))
			strs_add(&missing, in->packages->items[i]);
	if (missing.count)
		add_missing(in, &missing, r);
	else
		add(r, DOCTOR_OK, "packages", NULL, "all %zu are installed", in->packages->count);
}

static void check_box(const char *name, const char *whose, const char *lets, const char *why, struct doctor_report *r)
{
	if (!lets)
		return;
	if (!*lets)
		add(r, DOCTOR_OK, name, NULL, "what %s run has no network, no home, and its own folders alone", whose);
	else
		add(r, DOCTOR_WARN, name,
		    "allow namespaces (kernel.unprivileged_userns_clone, AppArmor, the container's settings), or build "
		    "only what you have read",
		    "what %s run is not kept from %s: %s", whose, lets, known(why) ? why : "unknown");
}

static void check_signature(const struct doctor_input *in, struct doctor_report *r)
{
	const char *signature = in->survey->emulator_signature;
	if (!is_macos(in))
		return;
	if (!known(signature))
		add(r, DOCTOR_NOTE, "signature", NULL, "QEMU is not built yet; the build signs it");
	else if (streq(signature, "valid"))
		add(r, DOCTOR_OK, "signature", NULL, "QEMU is signed, with com.apple.security.hypervisor");
	else
		add(r, DOCTOR_FAIL, "signature", "remove its folder from COOPER_HOME/store and run `cooper build`",
		    "QEMU's signature is %s: macOS denies it the hypervisor",
		    streq(signature, "no-entitlement") ? "without the entitlement" : signature);
}

static void check_image(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (!in->makes_image)
		return;
	bool can_map = !streq(s->subordinate_ids, "no") && !streq(s->unprivileged_namespaces, "no");
	if (streq(s->superuser, "no") && !can_map)
		add(r, DOCTOR_FAIL, "image",
		    "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER, or use a stack with a "
		    "downloaded image, such as podman",
		    "building a Debian image needs root, or a user with subordinate ids who may make user namespaces");
	else
		check_box("image-box", "the scripts of an image", s->image_box_lets, s->image_box_why, r);
	if (s->host.arch != in->guest_arch && streq(s->binfmt_misc, "no"))
		add(r, DOCTOR_WARN, "binfmt",
		    "cooper mounts it if permitted; otherwise: mount -t binfmt_misc binfmt_misc "
		    "/proc/sys/fs/binfmt_misc",
		    "binfmt_misc is not mounted, and the image is made by running programs of another architecture");
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
		add(r, DOCTOR_FAIL, "disk", "free some space, or set COOPER_HOME to a larger disk",
		    "%s free, and about %s are needed", str_text(&have), str_text(&want));
		return;
	}
	if (in->spec && free_bytes - in->work_bytes < in->spec->data_bytes) {
		AUTO(str) data = STR_INIT;
		str_add_size(&data, in->spec->data_bytes);
		add(r, DOCTOR_WARN, "disk", "reduce machine.disk, or free some space",
		    "%s free; the machine's disk may grow to %s", str_text(&have), str_text(&data));
		return;
	}
	add(r, DOCTOR_OK, "disk", NULL, "%s free", str_text(&have));
}

static void check_sockets(const struct doctor_input *in, struct doctor_report *r)
{
	struct err *e = in->spec ? machine_paths_check(in->spec) : NULL;
	if (e)
		doctor_add_failure(r, "sockets", e);
	else if (in->spec)
		add(r, DOCTOR_OK, "sockets", NULL, "path lengths ok");
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
		add(r, local ? DOCTOR_WARN : DOCTOR_NOTE, "proxy",
		    local ? "downloads work; in the guest this address is the guest itself, so pulls there need "
			    "another name for the host: 10.0.2.2, and `machine: { host_loopback: true }`"
			  : NULL,
		    "%s", proxy);
	}
	if (known(s->ca_file) && streq(s->ca_file_readable, "no"))
		add(r, DOCTOR_FAIL, "certificates",
		    "correct or unset CURL_CA_BUNDLE, SSL_CERT_FILE and COOPER_CA_BUNDLE",
		    "'%s' cannot be read: every https download will fail", s->ca_file);
	else if (known(s->ca_file))
		add(r, DOCTOR_OK, "certificates", NULL, "from '%s'", s->ca_file);
}

static void check_clock(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (s->clock_s && (s->clock_s < CLOCK_MIN_S || s->clock_s >= CLOCK_MAX_S)) {
		AUTO(str) text = STR_INIT;
		str_add_utc(&text, s->clock_s * 1000);
		add(r, DOCTOR_FAIL, "clock", "set the clock; turn network time on",
		    "the clock says %s: certificates and signatures will look invalid", str_text(&text));
	} else if (known(s->clock_synchronized) && streq(s->clock_synchronized, "no")) {
		add(r, DOCTOR_WARN, "clock", "turn it on", "network time is disabled");
	} else if (s->clock_s) {
		add(r, DOCTOR_OK, "clock", NULL, "plausible");
	}
}

/* --- podman on the host --- */

static void check_podman(const struct doctor_input *in, struct doctor_report *r)
{
	const struct host_survey *s = in->survey;
	if (streq(s->podman, "no"))
		add(r, DOCTOR_NOTE, "podman", NULL, "not installed; `cooper ssh -- podman` works without it");
	if (is_macos(in) || !streq(s->superuser, "no"))
		return;
	if (streq(s->subordinate_ids, "no"))
		add(r, DOCTOR_NOTE, "subordinate-ids", NULL,
		    "this user has no ranges in /etc/subuid and /etc/subgid: the host's own rootless podman cannot "
		    "map users");
	if (streq(s->unprivileged_namespaces, "no"))
		add(r, DOCTOR_NOTE, "user-namespaces", NULL,
		    "unprivileged users cannot create any: rootless podman cannot run on this host");
}

void doctor_add_failure(struct doctor_report *r, const char *name, struct err *take_e)
{
	add(r, DOCTOR_FAIL, name, take_e->hint, "%s", take_e->message);
	err_free(take_e);
}

void doctor_check(const struct doctor_input *in, struct doctor_report *r)
{
	check_system(in, r);
	check_accelerator(in, r);
	check_rules(in, r);
	check_developer_tools(in, r);
	check_packages(in, r);
	check_box("box", "recipes", in->survey->box_lets, in->survey->box_why, r);
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
