#include "guest/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/canary.h"
#include "sys/file.h"
#include "sys/tick.h"

/* Under emulation of the whole machine the first podman call takes half a minute. */
enum { RUN_DEADLINE_MS = 5 * 60 * 1000 };

struct prover {
	enum arch guest_arch;
	const struct ssh *ssh;
	const char *scratch;
	const char *step;
	struct sink *sink;
};

void proofs_done(struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->count; i++) {
		free(proofs->items[i].arch);
		free(proofs->items[i].bare);
		free(proofs->items[i].container);
		free(proofs->items[i].level);
	}
	free(proofs->items);
	*proofs = (struct proofs){.items = NULL};
}

static const char *oci_name(const char *arch)
{
	return arch_row(arch_of(arch))->oci;
}

/* Run @argv in the guest with its output in @out. */
static struct err *ask(const struct prover *p, const char *const *argv, const char *input_path, struct str *out)
{
	struct ssh_command command = {.argv = argv,
				      .input_path = input_path,
				      .deadline_ms = RUN_DEADLINE_MS,
				      .sink = p->sink,
				      .step = p->step};
	return ssh_run(p->ssh, &command, out, NULL);
}

static struct err *failed(struct err *e, const char *arch, const char *place)
{
	e = err_wrap(e, "the %s canary failed %s", arch, place);
	if (err_is(e, ERR_CANCELED) || err_is(e, ERR_TIMEOUT) || err_is(e, ERR_OS))
		return e; /* which says nothing of the handler */
	e->kind = ERR_GUEST;
	return err_hint(e, "inspect the handler: cooper ssh -- cat /proc/sys/fs/binfmt_misc/qemu-%s", arch);
}

/* Put bytes made here into a file of the guest. */
static struct err *send_file(const struct prover *p, const struct str *bytes, const char *name, const char *script)
{
	AUTO_FREE char *path = path_join(p->scratch, name);
	AUTO(str) out = STR_INIT;
	TRY(file_write(path, bytes->data, bytes->len, 0600));
	struct err *e = ask(p, (const char *const[]){"sh", "-euc", script, NULL}, path, &out);
	return err_first(e, file_remove(path));
}

/* Its four questions in one call. $1 is its name; -euid is the same program, owned by root and setuid. */
static const char bare_script[] =
	"cd \"$HOME/.cache/cooper\"\n"
	"echo \"runs=$(\"$PWD/$1\" 2>&1)\"\n"
	"echo \"argv0=$(./\"$1\" argv0 2>&1)\"\n"
	"sudo -n install -o root -g root -m 4755 \"$1\" \"$1-euid\" && echo \"euid=$(./\"$1-euid\" euid 2>&1)\"\n"
	"for v in v3 v2; do level=$(./\"$1\" $v 2>/dev/null) && break; done; echo \"level=$level\"\n";

/* The rest of the line of @text that starts with @name and "=", heap; "nothing" when there is none. */
static char *answer(const char *text, const char *name)
{
	AUTO(strs) lines = STRS_INIT;
	AUTO_FREE char *start = mem_printf("%s=", name);
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (str_starts(lines.items[i], start))
			return mem_strdup(lines.items[i] + strlen(start));
	return mem_strdup("nothing");
}

static struct err *expect(const char *got, const char *expected, const char *arch, const char *place)
{
	if (streq(got, expected))
		return NULL;
	return failed(err_new(ERR_GUEST, "it printed '%s' instead of '%s'", got, expected), arch, place);
}

/* Whether the canary ran as @arch; by the guest's own kernel, where that runs it, it names the kernel's. */
static struct err *expect_arch(const char *got, enum arch guest_arch, const char *arch, const char *place)
{
	enum arch program = arch_of(arch);
	if (arch_runs(guest_arch, program) && streq(got, arch_uname(guest_arch)))
		return NULL;
	return expect(got, arch_uname(program), arch, place);
}

struct err *prove_judge(const char *output, enum arch guest_arch, const char *arch, struct proof *proof)
{
	AUTO_FREE char *argv0 = answer(output, "argv0");
	AUTO_FREE char *euid = answer(output, "euid");
	AUTO_FREE char *wanted_argv0 = mem_printf("./canary-%s", arch);
	AUTO_FREE char *level = answer(output, "level");
	proof->bare = answer(output, "runs");
	proof->level = mem_strdup(streq(level, "x86-64-v2") || streq(level, "x86-64-v3") ? level : "");
	TRY(expect_arch(proof->bare, guest_arch, arch, "bare"));
	TRY(expect(argv0, wanted_argv0, arch, "outside containers (argv[0]: binfmt flag P)"));
	return expect(euid, "0", arch, "outside containers (setuid: binfmt flag C)");
}

static struct err *prove_bare(const struct prover *p, const char *arch, struct proof *proof)
{
	AUTO(str) elf = STR_INIT;
	AUTO(str) out = STR_INIT;
	AUTO_FREE char *name = mem_printf("canary-%s", arch);
	AUTO_FREE char *script =
		mem_printf("d=$HOME/.cache/cooper; mkdir -p \"$d\"; cat >\"$d/%s.new\"; chmod 755 \"$d/%s.new\"; "
			   "mv \"$d/%s.new\" \"$d/%s\"",
			   name, name, name, name);
	canary_elf(arch_of(arch), &elf);
	TRY(send_file(p, &elf, name, script));
	TRY(ask(p, (const char *const[]){"sh", "-c", bare_script, "sh", name, NULL}, NULL, &out));
	return prove_judge(str_text(&out), p->guest_arch, arch, proof);
}

static struct err *load(const struct prover *p, const char *arch)
{
	AUTO(str) image = STR_INIT;
	AUTO_FREE char *name = mem_printf("canary-%s.tar", arch);
	canary_image(arch_of(arch), oci_name(arch), &image);
	return send_file(p, &image, name, "podman load --quiet");
}

static struct err *load_and_run(const struct prover *p, const char *arch, const char *tag, struct str *out)
{
	const char *const *argv = (const char *const[]){
		"podman", "run", "--rm", "--pull=never", "--network=none", "--arch", oci_name(arch), tag, NULL};
	TRY(load(p, arch));
	return ask(p, argv, NULL, out);
}

static struct err *prove_container(const struct prover *p, const char *arch, struct proof *proof)
{
	AUTO(str) out = STR_INIT;
	AUTO_FREE char *tag = mem_printf(CANARY_IMAGE ":%s", oci_name(arch));
	AUTO_FREE char *forget = mem_printf("podman image rm --force %s || :", tag);
	struct err *e = load_and_run(p, arch, tag, &out);
	if (err_is(e, ERR_CHILD)) {
		/* podman flushes no layer, and takes one that is there for whole: lost power leaves empty files in it
		 */
		event_note(p->sink, p->step, "the canary's image does not run; loading it again");
		err_free(e);
		TRY(ask(p, (const char *const[]){"sh", "-c", forget, NULL}, NULL, &out));
		str_clear(&out);
		e = load_and_run(p, arch, tag, &out);
	}
	if (e)
		return failed(e, arch, "in a container");
	proof->container = mem_strndup(str_text(&out), strcspn(str_text(&out), "\r\n"));
	return expect_arch(proof->container, p->guest_arch, arch, "in a container");
}

/*
 * One name for all architectures, so that `podman run --arch ARCH localhost/canary` finds the right one. podman refuses
 * that name where the guest's own architecture is not among them, whichever is asked for. What has been proved by then
 * is there after a power loss, too.
 */
static struct err *make_manifest(const struct prover *p, enum arch guest_arch, const struct strs *archs)
{
	AUTO(str) script = STR_INIT;
	AUTO(str) out = STR_INIT;
	bool own = strs_has(archs, arch_name(guest_arch));
	if (!own)
		TRY(load(p, arch_name(guest_arch)));
	str_add(&script, "podman manifest exists " CANARY_IMAGE ":latest && podman manifest rm " CANARY_IMAGE
			 ":latest >/dev/null; podman manifest create " CANARY_IMAGE ":latest");
	for (size_t i = 0; i < archs->count; i++)
		str_addf(&script, " containers-storage:" CANARY_IMAGE ":%s", oci_name(archs->items[i]));
	if (!own)
		str_addf(&script, " containers-storage:" CANARY_IMAGE ":%s", arch_row(guest_arch)->oci);
	str_add(&script, " >/dev/null && sync");
	return ask(p, (const char *const[]){"sh", "-c", str_text(&script), NULL}, NULL, &out);
}

struct err *prove_run(const struct ssh *ssh, enum arch guest_arch, const struct strs *archs, const char *scratch,
		      const char *step, struct sink *sink, struct proofs *ret_proofs)
{
	struct prover p = {guest_arch, ssh, scratch, step, sink};
	for (size_t i = 0; i < archs->count; i++) {
		int64_t started = tick_ms();
		ret_proofs->items =
			mem_grow(ret_proofs->items, &ret_proofs->cap, ret_proofs->count + 1, sizeof(struct proof));
		struct proof *proof = &ret_proofs->items[ret_proofs->count++];
		*proof = (struct proof){.arch = mem_strdup(archs->items[i])};
		TRY(prove_bare(&p, proof->arch, proof));
		TRY(prove_container(&p, proof->arch, proof));
		proof->ms = tick_ms() - started;
	}
	return make_manifest(&p, guest_arch, archs);
}
