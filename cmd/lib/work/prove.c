#include "work/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/canary.h"
#include "sys/file.h"
#include "sys/tick.h"

/* Under emulation of the whole machine the first podman call takes half a minute. */
enum { RUN_DEADLINE_MS = 5 * 60 * 1000 };

struct prover {
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
	}
	free(proofs->items);
	*proofs = (struct proofs){.items = NULL};
}

/* Run @argv in the guest; *ret_line is the first line of its output. */
static struct err *ask(const struct prover *p, const char *const *argv, const char *input_path, char **ret_line)
{
	AUTO(str) out = STR_INIT;
	struct ssh_command command = {.argv = argv,
	                              .input_path = input_path,
	                              .deadline_ms = RUN_DEADLINE_MS,
	                              .sink = p->sink,
	                              .step = p->step};
	TRY(ssh_run(p->ssh, &command, &out, NULL));
	*ret_line = mem_strndup(str_text(&out), strcspn(str_text(&out), "\r\n"));
	return NULL;
}

static struct err *expect(const struct prover *p, const char *arch, const char *place, const char *const *argv,
                          const char *expected, char **ret_line)
{
	char *line = NULL;
	struct err *e = ask(p, argv, NULL, &line);
	if (!e && !streq(line, expected))
		e = err_new(ERR_GUEST, "it printed '%s' instead of '%s'", line, expected);
	if (e) {
		free(line);
		e = err_wrap(e, "the %s canary failed %s", arch, place);
		e->kind = ERR_GUEST;
		return err_hint(e, "look at the handler: cooper ssh -- cat /proc/sys/fs/binfmt_misc/qemu-%s", arch);
	}
	if (ret_line)
		*ret_line = line;
	else
		free(line);
	return NULL;
}

/* Put bytes made here into a file of the guest. */
static struct err *send_file(const struct prover *p, const struct str *bytes, const char *name, const char *script)
{
	AUTO_FREE char *path = path_join(p->scratch, name);
	AUTO_FREE char *line = NULL;
	TRY(file_write(path, bytes->data, bytes->len, 0600));
	struct err *e = ask(p, (const char *const[]){"sh", "-euc", script, NULL}, path, &line);
	return err_first(e, file_remove(path));
}

static struct err *prove_bare(const struct prover *p, const char *arch, struct proof *proof)
{
	AUTO(str) elf = STR_INIT;
	AUTO_FREE char *name = mem_printf("canary-%s", arch);
	AUTO_FREE char *script = mem_printf("d=$HOME/.cache/cooper; mkdir -p \"$d\"; cat >\"$d/%s.new\"; chmod 755 \"$d/%s.new\"; "
	                                    "mv \"$d/%s.new\" \"$d/%s\"",
	                                    name, name, name, name);
	AUTO_FREE char *run = mem_printf("exec \"$HOME/.cache/cooper/%s\"", name);
	AUTO_FREE char *argv0 = mem_printf("cd \"$HOME/.cache/cooper\" && exec ./%s argv0", name);
	AUTO_FREE char *expected = mem_printf("./%s", name);
	TRY(canary_elf(arch, &elf));
	TRY(send_file(p, &elf, name, script));
	TRY(expect(p, arch, "bare", (const char *const[]){"sh", "-c", run, NULL}, arch, &proof->bare));
	return expect(p, arch, "bare (argv[0])", (const char *const[]){"sh", "-c", argv0, NULL}, expected, NULL);
}

static struct err *prove_container(const struct prover *p, const char *arch, struct proof *proof)
{
	AUTO(str) image = STR_INIT;
	AUTO_FREE char *name = mem_printf("canary-%s.tar", arch);
	AUTO_FREE char *tag = mem_printf(CANARY_IMAGE ":%s", canary_oci_arch(arch));
	TRY(canary_image(arch, canary_oci_arch(arch), &image));
	TRY(send_file(p, &image, name, "podman load --quiet"));
	return expect(p, arch, "in a container",
	              (const char *const[]){"podman", "run", "--rm", "--pull=never", "--network=none", "--arch",
	                                    canary_oci_arch(arch), tag, NULL},
	              arch, &proof->container);
}

/* One name for all architectures, so that `podman run --arch ARCH localhost/canary` finds the right one. */
static struct err *make_manifest(const struct prover *p, const struct strs *archs)
{
	AUTO(str) script = STR_INIT;
	AUTO_FREE char *line = NULL;
	str_add(&script, "podman manifest exists " CANARY_IMAGE ":latest && podman manifest rm " CANARY_IMAGE
	                 ":latest >/dev/null; podman manifest create " CANARY_IMAGE ":latest");
	for (size_t i = 0; i < archs->count; i++)
		str_addf(&script, " containers-storage:" CANARY_IMAGE ":%s", canary_oci_arch(archs->items[i]));
	str_add(&script, " >/dev/null");
	return ask(p, (const char *const[]){"sh", "-c", str_text(&script), NULL}, NULL, &line);
}

struct err *prove_run(const struct ssh *ssh, const struct strs *archs, const char *scratch, const char *step,
                      struct sink *sink, struct proofs *ret_proofs)
{
	struct prover p = {ssh, scratch, step, sink};
	for (size_t i = 0; i < archs->count; i++) {
		int64_t started = tick_ms();
		ret_proofs->items = mem_grow(ret_proofs->items, &ret_proofs->cap, ret_proofs->count + 1, sizeof(struct proof));
		struct proof *proof = &ret_proofs->items[ret_proofs->count++];
		*proof = (struct proof){.arch = mem_strdup(archs->items[i])};
		TRY(prove_bare(&p, proof->arch, proof));
		TRY(prove_container(&p, proof->arch, proof));
		proof->ms = tick_ms() - started;
	}
	return make_manifest(&p, archs);
}
