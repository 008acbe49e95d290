#include "host/survey.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "build/developer_tools.h"
#include "host/host_packages.h"
#include "machine/accel.h"
#include "net/fetch_env.h"
#include "sys/box.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { ASK_MS = 60000, SMALL_FILE = 1 << 20 };

#define ENTITLEMENT "com.apple.security.hypervisor"

static char *yes_no(bool is)
{
	return mem_strdup(is ? "yes" : "no");
}

/* A file's text, NULL when it cannot be read; heap. */
static char *text_of(const char *path)
{
	char *text = NULL;
	err_free(file_read(path, SMALL_FILE, &text, NULL));
	return text;
}

/* --- everywhere --- */

/* The nearest folder above @path that exists tells how much room there is; 0 is unknown, so a full disk has 1 byte. */
static int64_t disk_free(const char *path)
{
	AUTO_FREE char *at = mem_strdup(path);
	bool there = false;
	for (;;) {
		err_free(dir_exists(at, &there));
		if (there || streq(at, "/") || streq(at, "."))
			break;
		char *up = path_dir(at);
		free(at);
		at = up;
	}
	int64_t bytes = os_disk_free(at);
	return bytes < 0 ? 0 : bytes > 0 ? bytes : 1;
}

char *survey_proxy(const char *name, const char *value)
{
	const char *scheme = strstr(value, "://");
	const char *rest = scheme ? scheme + 3 : value;
	const char *login = strrchr(rest, '@');
	if (!login)
		return mem_printf("%s=%s", name, value);
	return mem_printf("%s=%.*s%s", name, (int)(rest - value), value, login + 1);
}

static void measure_proxies(struct strs *proxies)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			strs_take(proxies, survey_proxy(names[i], value));
	}
}

static void measure_network(struct host_survey *s)
{
	struct fetch_env env;
	fetch_env_read(&env);
	measure_proxies(&s->proxies);
	if (!env.ca)
		return;
	s->ca_file = mem_strdup(env.ca);
	struct err *e = file_permits(env.ca, R_OK);
	s->ca_file_readable = yes_no(!e);
	err_free(e);
}

static void measure_packages(const struct survey_input *input, struct host_survey *s)
{
	AUTO(strs) missing = STRS_INIT;
	struct err *e = input->packages ? host_packages_missing(input->host, input->packages, &missing) : NULL;
	if (e || !input->packages || !host_packages_askable(input->host)) {
		err_free(e);
		return;
	}
	s->packages_known = yes_no(true);
	for (size_t i = 0; i < input->packages->count; i++)
		if (!strs_has(&missing, input->packages->items[i]) &&
		    !strs_has(&s->packages, input->packages->items[i]))
			strs_add(&s->packages, input->packages->items[i]);
}

/* --- macOS --- */

const char *survey_signature(int verify_status, int display_status, const char *entitlements)
{
	if (display_status != 0)
		return "unsigned";
	if (verify_status != 0)
		return "broken";
	return strstr(entitlements, ENTITLEMENT) ? "valid" : "no-entitlement";
}

static void measure_signature(const char *emulator, struct host_survey *s)
{
	AUTO(str) entitlements = STR_INIT;
	AUTO(str) out = STR_INIT;
	int verified = 1;
	int shown = 1;
	const char *const verify[] = {"codesign", "--verify", emulator, NULL};
	const char *const show[] = {"codesign", "-d", "--entitlements", "-", emulator, NULL};
	struct child_spec verify_spec = {.argv = verify, .deadline_ms = ASK_MS};
	struct child_spec show_spec = {.argv = show, .deadline_ms = ASK_MS};
	struct err *e = child_status(&verify_spec, SMALL_FILE, &out, &verified);
	if (!e)
		e = child_status(&show_spec, SMALL_FILE, &entitlements, &shown);
	if (!e)
		s->emulator_signature = mem_strdup(survey_signature(verified, shown, str_text(&entitlements)));
	err_free(e);
}

static void measure_macos(const struct survey_input *input, struct host_survey *s)
{
	char *tools = NULL;
	char *brew = host_packages_brew();
	struct err *e = developer_tools_find("", &tools);
	if (tools)
		e = developer_tools_sdk(tools, s->host.sdk_version, sizeof(s->host.sdk_version));
	err_free(e); /* what builds need of it they ask themselves */
	s->developer_tools = tools ? tools : mem_strdup("no");
	s->brew = brew ? brew : mem_strdup("no");
	if (tools && input->emulator && file_offered(input->emulator))
		measure_signature(input->emulator, s);
}

/* --- Linux --- */

static void measure_kvm(const struct survey_input *input, struct host_survey *s)
{
	AUTO_FREE char *path = accel_verdicts_path(input->home);
	AUTO_JSON *verdicts = accel_verdicts_read(path);
	enum accel_verdict verdict =
		input->emulator ? accel_known(verdicts, s->host.boot_id, input->emulator, ACCEL_KVM) : VERDICT_NONE;
	if (verdict != VERDICT_NONE)
		s->kvm_verdict = mem_strdup(verdict == VERDICT_WORKS ? "works" : "broken");
}

bool survey_has_subordinates(const char *text, const char *user, int uid)
{
	AUTO(strs) lines = STRS_INIT;
	AUTO_FREE char *by_name = mem_printf("%s:", user);
	AUTO_FREE char *by_number = mem_printf("%d:", uid);
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (str_starts(lines.items[i], by_name) || str_starts(lines.items[i], by_number))
			return true;
	return false;
}

static void measure_subordinates(struct host_survey *s)
{
	AUTO_FREE char *users = text_of("/etc/subuid");
	AUTO_FREE char *groups = text_of("/etc/subgid");
	const struct passwd *self = getpwuid(getuid());
	const char *name = self ? self->pw_name : "";
	int uid = (int)getuid();
	s->subordinate_ids = yes_no(users && groups && survey_has_subordinates(users, name, uid) &&
				    survey_has_subordinates(groups, name, uid));
}

/* A switch of the kernel that says 0 or 1; @blocking is the value that forbids. */
static bool is_forbidden(const char *path, const char *blocking)
{
	AUTO_FREE char *text = text_of(path);
	return text && str_starts(text, blocking);
}

static void measure_namespaces(struct host_survey *s)
{
	AUTO_FREE char *max = text_of("/proc/sys/user/max_user_namespaces");
	if (max) {
		max[strcspn(max, "\n")] = '\0';
		int64_t count = 0;
		if (num_parse(max, 0, INT64_MAX, &count))
			s->user_namespaces = count;
		s->unprivileged_namespaces =
			yes_no(count > 0 && !is_forbidden("/proc/sys/kernel/unprivileged_userns_clone", "0") &&
			       !is_forbidden("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"));
	}
}

static void measure_box(enum box_kind kind, char **ret_lets, char **ret_why)
{
	const struct box_facts *facts = os_box_facts(kind);
	AUTO(str) missing = STR_INIT;
	box_missing(facts, &missing);
	*ret_lets = mem_strdup(str_text(&missing));
	*ret_why = mem_strdup(facts->why);
}

static void measure_linux(const struct survey_input *input, struct host_survey *s)
{
	measure_kvm(input, s);
	s->binfmt_misc = yes_no(file_offered("/proc/sys/fs/binfmt_misc/status"));
	measure_subordinates(s);
	measure_namespaces(s);
	measure_box(BOX_TREE, &s->image_box_lets, &s->image_box_why);
	/* systemd-timesyncd's mark; where another daemon keeps the time, nothing is known */
	if (file_offered("/run/systemd/timesync/synchronized"))
		s->clock_synchronized = yes_no(true);
}

void survey_measure(const struct survey_input *input, struct host_survey *ret_survey)
{
	struct host_survey s = {.host = *input->host,
				.home = mem_strdup(input->home),
				.disk_free_bytes = disk_free(input->home),
				.clock_s = tick_wall_ms() / 1000,
				.superuser = yes_no(geteuid() == 0)};
	char *podman = child_find("podman");
	s.podman = podman ? podman : mem_strdup("no");
	measure_network(&s);
	measure_box(BOX_BUILD, &s.box_lets, &s.box_why);
	if (s.host.os == OS_MACOS)
		measure_macos(input, &s);
	else
		measure_linux(input, &s);
	measure_packages(input, &s);
	*ret_survey = s;
}
