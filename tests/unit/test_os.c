#include <string.h>

#include "guest/os.h"
#include "harness.h"
#include "recipe/guest_oses.h"

#define NAME(name, symbol) name,

/* Whoever adds a system and leaves something out learns it here, not at minute nine. */
static void complete(void **state)
{
	char *items[] = {"jq", "it's", NULL};
	struct strs packages = {.items = items, .count = 2};
	static const char *const names[] = {GUEST_OSES(NAME)};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		const struct guest_os *os = guest_os_find(names[n]);
		assert_string_equal(os->name, names[n]);
		assert_non_null(os->title);
		assert_true(*os->home == '/' && os->home[strlen(os->home) - 1] != '/');
		assert_non_null(os->groups[0]);
		assert_true(str_ends(os->sshd_config, "\n"));
		assert_true(os->ignition(NULL).minor >= 3);
		assert_non_null(os->units);
		assert_non_null(os->masked);
		assert_int_equal(os->immutable, os->places != NULL);
		for (const struct guest_place *p = os->places; p && p->from; p++)
			assert_true(str_ends(p->from, "/") && str_ends(p->to, "/"));
		bool meant[CONSOLE_GIVEN_UP + 1] = {false};
		for (const struct console_sign *c = os->console; c->text; c++)
			meant[c->meaning] = true;
		assert_true(meant[CONSOLE_SSHD] && meant[CONSOLE_SSHD_FAILED]);
		char *(*const scripts[])(const struct strs *) = {os->packages_probe, os->packages_install,
								 os->packages_layer};
		for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
			if (i == 2 && !scripts[i])
				continue;
			AUTO_FREE char *text = scripts[i](&packages);
			assert_non_null(strstr(text, " jq 'it'\\''s'"));
		}
	}
	assert_null(guest_os_find("my-fedora-coreos"));
	assert_null(guest_os_find(NULL));
}

static void packages(void **state)
{
	char *items[] = {"jq", NULL};
	struct strs list = {.items = items, .count = 1};
	const struct guest_os *coreos = guest_os_find("fedora-coreos");
	AUTO_FREE char *now = coreos->packages_install(&list);
	AUTO_FREE char *later = coreos->packages_layer(&list);

	(void)state;
	assert_non_null(strstr(now, "--apply-live"));
	assert_null(strstr(later, "--apply-live"));
	assert_non_null(strstr(later, "--idempotent --allow-inactive -- jq || exit\n"));
}

/* A package that the image or a step before brings; the place of a Debian image that is laid out as Fedora CoreOS. */
static void asked_for_and_there(void **state)
{
	char *items[] = {"python3", NULL};
	struct strs python3 = {.items = items, .count = 1};
	struct guest_step steps[] = {{.packages = python3, .then = {.script = "1", .interpreter = "python3"}},
				     {.run = {.script = "1", .interpreter = "python3"}},
				     {.write_path = "/opt/hello"},
				     {.run = {.script = "1", .interpreter = "bash"}}};
	struct recipe stack = {.stack = {.steps = steps, .step_count = ARRAY_LEN(steps)}};
	char *named[] = {"ignition", "python3", NULL};
	struct strs both = {.items = named, .count = 2}, ignition = {.items = named, .count = 1};
	struct recipe coreos = {.image = {.os = "fedora-coreos", .channel = "https://h/x"}};
	struct recipe debian = {.image = {.os = "debian", .debian_suite = "trixie", .packages = both}};
	struct recipe only_script = {.stack = {.steps = steps + 1, .step_count = 1}};
	char *names[] = {"ignition", "python3-pip", NULL}; /* which needs python3 */
	struct strs pip_packages = {.items = names, .count = 2};
	struct recipe pip = {.image = {.os = "debian", .debian_suite = "trixie", .packages = pip_packages}};
	struct recipe bare = {.image = {.os = "debian", .debian_suite = "trixie", .packages = ignition}};
	struct recipe cloud = {.image = {.os = "debian"}}; /* downloaded: it may have it */
	struct guest_step by_itself[] = {{.run = {.script = "apt-get install -y python3", .interpreter = "sh"}},
					 steps[1]};
	struct guest_step by_then[] = {{.write_path = "/etc/a", .then = by_itself[0].run},
				       {.write_path = "/usr/lib/a", .then = steps[1].run}};
	struct recipe after_then = {.stack = {.steps = by_then, .step_count = ARRAY_LEN(by_then)}};
	struct recipe after_script = {.stack = {.steps = by_itself, .step_count = ARRAY_LEN(by_itself)}};

	(void)state;
	assert_ok(guest_os_check(&stack, &coreos));
	assert_ok(guest_os_check(NULL, &coreos));
	assert_ok(guest_os_check(&only_script, &debian));
	assert_ok(guest_os_check(&only_script, &pip));
	assert_ok(guest_os_check(&after_script, &bare));
	assert_ok(guest_os_check(&after_then, &bare));
	assert_ok(guest_os_check(&after_then, &coreos));
	assert_ok(guest_os_check(&only_script, &cloud));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(complete), cmocka_unit_test(packages),
					   cmocka_unit_test(asked_for_and_there)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
