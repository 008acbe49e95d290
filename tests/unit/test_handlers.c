/* Handlers that a guest has: answers as guests gave them, and a stand-in for ssh that plays the guest. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "guest/handlers.h"
#include "sys/child.h"
#include "sys/file.h"

#define LINE ":qemu-x86_64:M::\\x7fELF\\x02:\\xff\\xff:/usr/bin/qemu-x86_64-static:F\n"
#define REGISTERED(flags)                                                                                              \
	"enabled\ninterpreter /usr/bin/qemu-x86_64-static\nflags: " flags "\noffset 0\nmagic 7f454c46\nmask "          \
	"ffffffff\n"
#define ANSWER(status, line) "== status x86_64\n" status "== line x86_64\n" line "== end\n"

static const char coreos[] = ANSWER(REGISTERED("F"), LINE);
static const char fine[] = ANSWER(REGISTERED("PCF"), LINE);
static const char old_coreos[] = ANSWER("", "");
static const char unregistered[] = ANSWER("", LINE);

static char *archs_items[] = {"x86_64", NULL};
static const struct strs archs = {.items = archs_items, .count = 1};

static void judging(void **state)
{
	static const struct {
		const char *answer;
		enum handlers_state state;
		const char *why;
		bool conf;
	} cases[] = {
		{coreos, HANDLERS_FIX, "lacks flag P", true},
		{fine, HANDLERS_FINE, NULL, false},
		{old_coreos, HANDLERS_MISSING, "no handler", false},
		{unregistered, HANDLERS_FIX, "no handler", true},
		{ANSWER(REGISTERED("PF"), ""), HANDLERS_MISSING, "lacks flag C", false},
		{ANSWER("disabled\ninterpreter /q\nflags: PCF\n", LINE), HANDLERS_FIX, "disabled", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum handlers_state got;
		AUTO_FREE char *conf = NULL;
		AUTO_FREE char *why = NULL;
		assert_ok(handlers_judge(cases[i].answer, "x86_64", &got, &conf, &why));
		assert_int_equal(got, cases[i].state);
		assert_int_equal(conf != NULL, cases[i].conf);
		if (conf)
			assert_non_null(strstr(conf, "/usr/bin/qemu-x86_64-static:FPC\n"));
		assert_int_equal(why != NULL, cases[i].why != NULL);
		if (why)
			assert_non_null(strstr(why, cases[i].why));
	}
	enum handlers_state got;
	char *conf = NULL, *why = NULL;
	assert_fails(handlers_judge(coreos, "riscv64", &got, &conf, &why), ERR_GUEST, "riscv64");
	assert_fails(handlers_judge(ANSWER("", ":qemu-x86_64:cut\n"), "x86_64", &got, &conf, &why), ERR_CORRUPT,
		     "registration");
}

/* The question's own text, run here: a host without such handlers says so, in the form that is judged. */
static void question(void **state)
{
	char *items[] = {"nosuch", NULL};
	struct strs none = {.items = items, .count = 1};
	AUTO_FREE char *text = handlers_question(&none);
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *why = NULL;
	AUTO(str) output = STR_INIT;
	const char *argv[] = {"/bin/sh", "-c", text, NULL};
	struct child_spec spec = {.argv = argv, .deadline_ms = 5000};
	enum handlers_state got;

	(void)state;
	assert_ok(child_output(&spec, 65536, &output));
	assert_ok(handlers_judge(str_text(&output), "nosuch", &got, &conf, &why));
	assert_int_equal(got, HANDLERS_MISSING);
}

/* What the guest answers: first, and after "restart" (1) or "reboot" (2) has been asked for. */
struct play {
	const char *os;
	const char *answers[3];
	char *dir, *ssh;
	struct guest g;
};

static void put(const struct play *p, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(p->dir, name);
	assert_ok(file_write(path, text, strlen(text), 0755));
}

static const char player[] =
	"case $last in\n"
	"*os-release*) cat os; echo '== cooper =='; cat ostree; echo '== cooper ==' ;;\n"
	"*'== status'*) cat \"answer$(cat now)\" ;;\n"
	"*boot_id*) cat boot ;;\n"
	"*'systemctl reboot'*) echo reboot >> log; echo two > boot; echo 2 > now ;;\n"
	"*'restart systemd-binfmt'*) echo restart >> log; echo 1 > now ;;\n"
	"*'rpm-ostree install'*) echo layer >> log; case $last in *apply-live*) exit 1 ;; esac ;;\n"
	"*'apt-get'*'install'*) echo apt >> log; echo 2 > now ;;\n"
	"*dpkg-query*) exit 1 ;;\n"
	"*zz-cooper-*cooper-new*) echo write >> log; cat > conf; echo changed ;;\n"
	"*) echo other >> others ;;\n"
	"esac\n";

static void start(struct play *p)
{
	AUTO(str) text = STR_INIT;

	p->dir = test_dir();
	p->ssh = path_join(p->dir, "ssh");
	str_addf(&text, "#!/bin/sh\nfor a; do last=$a; done\ncd '%s' || exit 255\n%s", p->dir, player);
	put(p, "ssh", str_text(&text));
	put(p, "now", "0");
	put(p, "boot", "one\n");
	put(p, "log", "");
	for (int i = 0; i < 3; i++) {
		AUTO_FREE char *name = mem_printf("answer%d", i);
		put(p, name, p->answers[i] ? p->answers[i] : "");
	}
	p->g = (struct guest){.ssh = {.program = p->ssh, .config_path = "/cfg", .host = "h"},
			      .os = guest_os_find(p->os),
			      .deadline_ms = 5000};
	assert_ok(guest_open(&p->g));
}

static void finish(struct play *p, const char *expected)
{
	AUTO_FREE char *path = path_join(p->dir, "log");
	AUTO_FREE char *log = NULL;

	assert_ok(file_read(path, 4096, &log, NULL));
	assert_string_equal(log, expected);
	guest_done(&p->g);
	mem_free_at(&p->dir);
	mem_free_at(&p->ssh);
}

#define COREOS "fedora-coreos"

static void playing(void **state)
{
	static const struct {
		const char *os;
		enum provider provider;
		const char *answers[3];
		const char *log;
	} cases[] = {
		{COREOS, PROVIDER_AUTO, {fine}, ""},
		{COREOS, PROVIDER_GUEST, {coreos, fine}, "write\nrestart\n"},
		{COREOS, PROVIDER_PACKAGE, {coreos, fine}, "write\nrestart\n"},
		{COREOS, PROVIDER_AUTO, {old_coreos, fine, fine}, "layer\nreboot\n"},
		{COREOS, PROVIDER_PACKAGE, {old_coreos, fine, coreos}, "layer\nreboot\nwrite\nrestart\n"},
		{"debian", PROVIDER_PACKAGE, {old_coreos, fine, unregistered}, "apt\nwrite\nrestart\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct play p = {.os = cases[i].os};
		bool changed = false;
		memcpy(p.answers, cases[i].answers, sizeof(p.answers));
		start(&p);
		assert_ok(handlers_ensure(&p.g, cases[i].provider, &archs, &changed));
		assert_int_equal(changed, *cases[i].log != '\0');
		finish(&p, cases[i].log);
	}
}

static void refusing(void **state)
{
	bool changed = false;
	struct play guest_only = {.os = COREOS, .answers = {old_coreos}};
	struct play stubborn = {.os = COREOS, .answers = {coreos, coreos}};

	(void)state;
	start(&guest_only);
	assert_fails(handlers_ensure(&guest_only.g, PROVIDER_GUEST, &archs, &changed), ERR_GUEST, "no handler");
	finish(&guest_only, "");
	start(&stubborn);
	assert_fails(handlers_ensure(&stubborn.g, PROVIDER_AUTO, &archs, &changed), ERR_GUEST, "lacks flag P");
	finish(&stubborn, "write\nrestart\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judging),
		cmocka_unit_test(question),
		cmocka_unit_test(playing),
		cmocka_unit_test(refusing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
