#!/usr/bin/env bash
# What it takes to add something: each addition of cmd/README.md is really made, in a copy of the tree, its files are
# counted against the number that is promised, and then it is compiled and used. About a minute.
# shellcheck disable=SC1003  # a backslash at the end of a line of C
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
tree=$work/tree
git clone -q . "$tree" && cd "$tree" || exit 1
export COOPER_HOME=$work/home NO_COLOR=1

result() { # result NAME STATUS
	if [ "$2" = 0 ]; then passed=$((passed + 1)) && echo "ok    $1"; else
		failed=$((failed + 1)) && echo "FAIL  $1"
	fi
}
says() { # says NAME TEXT COMMAND...: its output has TEXT
	local name=$1 text=$2
	shift 2
	"$@" >"$work/out" 2>&1
	grep -qF -- "$text" "$work/out" || { tail -5 "$work/out" && false; }
	result "$name" $?
}
added() { # added WHAT AT-MOST: so many files of the code were touched since the last addition
	git add -A
	local n
	n=$(git diff --cached --name-only -- cmd | wc -l)
	[ "$n" -ge 1 ] && [ "$n" -le "$2" ]
	result "$1: $n files" $?
	git -c user.name=t -c user.email=t@example.org commit -qm "$1"
}
insert() { # insert FILE PATTERN TEXT: a line TEXT behind the first line that matches
	awk -v pattern="$2" -v text="$3" '{print} !done && $0 ~ pattern {print text; done = 1}' "$1" >"$work/new"
	! cmp -s "$1" "$work/new" || echo "nothing in $1 matches '$2'"
	cat "$work/new" >"$1"
}

# --- a subcommand
cat >cmd/cooper/cmd_hello.c <<'C'
#include <stdio.h>

#include "command.h"

static struct err *run(struct call *call UNUSED)
{
	printf("hello\n");
	return NULL;
}

const struct subcommand cmd_hello = {.name = "hello", .operands = "", .summary = "say hello", .run = run};
C
insert cmd/cooper/commands.h 'X\(cmd_list\)' '	X(cmd_hello) \'
added "a subcommand" 2

# --- a recipe field that reaches the machine
insert cmd/lib/recipe/recipe.h 'int64_t memory_bytes;' '	char *uuid;'
insert cmd/lib/recipe/schema.c '^static const struct schema_field machine_fields' \
	'	{"uuid", FIELD_TEXT, 0, TEXT_LINE, AT(recipe, stack.uuid), .doc = "Its UUID."},'
insert cmd/lib/machine/spec.h 'memory_bytes, BOOT' '	COPIED(TEXT, uuid, BOOT, "uuid", stack.uuid) \'
insert cmd/lib/machine/argv.c 'strs_add\(l->argv, "-nodefaults"\);' \
	'	if (l->spec->uuid) option(l, "-uuid", mem_strdup(l->spec->uuid));'
added "a recipe field that reaches the machine" 4

# --- a kind of step
cat >cmd/lib/step/greet.c <<'C'
#include "base/str.h"
#include "step/kind.h"

static void describe(const struct step *step UNUSED, struct str *title)
{
	str_add(title, "greet");
}

static struct err *observe(const struct step *step UNUSED, struct observed *seen)
{
	seen->present = false;
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink UNUSED)
{
	step_set_outcome(step, "hello");
	return NULL;
}

const struct step_kind kind_greet = {
	.name = "greet", .weight = STEP_CPU, .describe = describe, .observe = observe, .perform = perform};
C
insert cmd/lib/plan/stack.c '^extern const struct step_kind kind_fetch' '	kind_greet,'
insert cmd/lib/plan/stack.c 's->goal = graph_add' '	step_after(s->goal, graph_add(&s->graph, &kind_greet, NULL, NULL));'
added "a kind of step" 2

# --- a guest operating system
sed -e 's/guest_os_debian/guest_os_devuan/; s/\.name = "debian"/.name = "devuan"/; s/\.title = "Debian"/.title = "Devuan"/' \
	-e 's/"sudo", "adm", "systemd-journal"/"sudo", "adm"/' cmd/lib/guest/os_debian.c >cmd/lib/guest/os_devuan.c
insert cmd/lib/recipe/guest_oses.h 'define GUEST_OSES' '	ROW("devuan", devuan) \'
added "a guest operating system" 2

# --- an architecture: what it prints is the machine's name by uname(2)
cat >>cmd/lib/base/arch.def <<'C'

ARCH(MIPS64EL,
     .name = "mips64el", .uname = "mips64",
     .debian = "mips64el", .oci = "mips64le",
     .elf_64 = true, .elf_machine = 8, .elf_flags = 0x80000007)
C
insert cmd/lib/fmt/canary.c '^// clang-format off' 'static const unsigned char code_mips64el[] = {
	0x00, 0xfc, 0xbd, 0x67, 0xc5, 0x13, 0x02, 0x24, 0x25, 0x20, 0xa0, 0x03, 0x0c, 0x00, 0x00, 0x00,
	0x04, 0x01, 0xb0, 0x67, 0x25, 0x88, 0x00, 0x02, 0x00, 0x00, 0x2c, 0x92, 0x03, 0x00, 0x80, 0x11,
	0x00, 0x00, 0x00, 0x00, 0xfc, 0xff, 0x00, 0x10, 0x01, 0x00, 0x31, 0x66, 0x0a, 0x00, 0x0c, 0x24,
	0x00, 0x00, 0x2c, 0xa2, 0x89, 0x13, 0x02, 0x24, 0x01, 0x00, 0x04, 0x24, 0x25, 0x28, 0x00, 0x02,
	0x2f, 0x30, 0x30, 0x02, 0x01, 0x00, 0xc6, 0x64, 0x0c, 0x00, 0x00, 0x00, 0xc2, 0x13, 0x02, 0x24,
	0x00, 0x00, 0x04, 0x24, 0x0c, 0x00, 0x00, 0x00,
};'
insert cmd/lib/fmt/canary.c '\[ARCH_S390X\] = CODE' '	[ARCH_MIPS64EL] = CODE(code_mips64el),'
added "an architecture" 2

# --- a monitor: one that this host does not have
cat >cmd/lib/machine/vmm_none.c <<'C'
#include "machine/vmm.h"

static bool available(const struct host_facts *facts UNUSED, const char **ret_why)
{
	*ret_why = "it does not exist";
	return false;
}

extern const struct vmm vmm_none;
const struct vmm vmm_none = {.name = "none", .available = available};
C
sed 's/{&vmm_qemu/{\&vmm_none, \&vmm_qemu/; 1i extern const struct vmm vmm_none;' cmd/lib/machine/vmm_list.c |
	awk '/^extern const struct vmm vmm_none/ {held = $0; next} {print} /^#include/ && held {print held; held = ""}' >"$work/list"
cat "$work/list" >cmd/lib/machine/vmm_list.c
added "a virtual machine monitor" 2

# --- all of them at work
make -s -j"$(getconf _NPROCESSORS_ONLN)" >"$work/out" 2>&1
result "it compiles" $?
tail -5 "$work/out"
cooper=$tree/build/release/cooper
says "the subcommand runs" hello "$cooper" hello
says "and is in the help" "say hello" "$cooper" --help
printf 'kind: stack\nextends: podman\nmachine: { uuid: 6e2b6d5c-0000-4000-8000-636f6f706572 }\nrun: [mips64el]\n' >"$work/cooper.yaml"
says "the field is on the command line" 6e2b6d5c "$cooper" tool argv "$work/cooper.yaml" --host macos/arm64
says "and among the reasons of a boot" '"uuid": "6e2b6d5c-0000-4000-8000-636f6f706572"' "$cooper" tool key boot --stack "$work/cooper.yaml"
says "the step is in the plan" "greet" "$cooper" plan podman --host macos/arm64
sed 's/^os: debian/os: devuan/' vmimages/debian.yaml >"$work/devuan.yaml" && cp -R vmimages/debian "$work/"
says "an image may have the guest operating system" "ok" "$cooper" lint "$work/devuan.yaml"
says "the architecture may be run" "ok" "$cooper" lint "$work/cooper.yaml"
"$cooper" tool canary mips64el -o "$work/canary"
if command -v qemu-mips64el-static >/dev/null 2>&1; then
	says "and its canary says so" mips64 qemu-mips64el-static "$work/canary"
else
	echo "SKIP: no qemu-mips64el-static"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
