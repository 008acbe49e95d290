#!/bin/sh
# The quick half: every patch of patches/qemu applies, with no fuzz, to every QEMU source at hand; what they change for
# macOS compiles against prototypes of the Hypervisor framework; the decisions that matter are run with fakes.
# Under a minute. Usage: sh tests/qemu/apply.sh [apply|compile|replay ...]
set -u
# shellcheck source=tests/qemu/lib.sh
. "$(dirname "$0")/lib.sh"
if [ -z "$(sources)" ]; then
	echo "SKIP: no QEMU source in ../shared/data"
	echo "0 passed, 0 failed"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
include=$here/include

stage_apply() {
	for archive in $(sources); do
		tree=$work/$(basename "$archive" .tar.xz)
		version=$(cat "$tree/VERSION")
		# shellcheck disable=SC2046  # a list of paths without blanks
		set -- $(wants "$version")
		ok "$version: at least one patch is for it" test $# -gt 0
		for p in "$@"; do
			after=$(sed -n 's/^Applies to:.*, after \([0-9]*\)$/\1/p' "$p")
			# shellcheck disable=SC2046  # one path, without blanks
			ok "$version: $(basename "$p") ${after:+after }${after:-alone}" "$cooper" tool patch --check -d "$tree" \
				$([ -z "$after" ] || echo "$(dirname "$p")/$after"-*.patch) "$p"
		done
		find "$tree" -type f -newer "$work/stamp" >"$work/touched.before"
		ok "$version: all of them" "$cooper" tool patch -d "$tree" "$@"
		ok "$version: none needed an offset or fuzz for git either" in_git_too "$tree" "$@"
		ok "$version: and come off again" "$cooper" tool patch -R --check -d "$tree" "$@"
	done
	for p in "$patches"/*.patch; do
		for field in Why Mechanism Upstream 'Applies to' Tested 'SPDX-License-Identifier'; do
			grep -q "^$field: ." "$p" || echo "$(basename "$p"): no $field"
		done
	done >"$work/headers"
	ok "headers are complete" test ! -s "$work/headers"
	sed '/^#include "mapped.c.inc"/d' >"$work/eleven.c" <<-'C'
	#include "hw/core/boards.h"
	#include "trace.h"

	bool hvf_allowed;
	C
	mkdir -p "$work/eleven/accel/hvf"
	cp "$work/eleven.c" "$work/eleven/accel/hvf/hvf-all.c"
	ok "0002 finds its place among the includes of 11.x, too" "$cooper" tool patch --check -d "$work/eleven" \
		"$patches/0002-hvf-unmap-only-what-was-mapped.patch"
}

in_git_too() { # TREE PATCH...: git apply, which knows no fuzz, takes them all back and puts them on
	cd "$1" && shift
	git init -q . 2>/dev/null
	for p in "$@"; do reversed="$p ${reversed:-}"; done
	# shellcheck disable=SC2086  # a list of paths without blanks
	git apply --reverse $reversed && git apply "$@"
}

# compile TREE FILE [OPTION...]: as QEMU's build would for an arm64 Mac, without its configure step
compile() {
	tree=$1
	file=$2
	shift 2
	# shellcheck disable=SC2046  # flags
	clang --target=aarch64-linux-gnu -std=gnu11 -O1 -c -o "$work/o" -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-missing-field-initializers -Wno-sign-compare -Wno-format -Wno-null-pointer-subtraction \
		-isystem /usr/aarch64-linux-gnu/include -iquote "$tree/$(dirname "$file")" -I"$include" -I"$tree/generated" \
		-I"$tree/include" -I"$tree" -I"$tree/target/arm" -I"$tree/host/include/aarch64" -I"$tree/host/include/generic" \
		-DCOMPILING_PER_TARGET '-DCONFIG_TARGET="config-target.h"' '-DCONFIG_DEVICES="config-devices.h"' \
		$(pkg-config --cflags glib-2.0) "$@" "$tree/$file"
}

generate() { # TREE: the headers that QEMU's build makes
	out=$1/generated
	mkdir -p "$out/trace" "$out/qapi"
	(cd "$1" && python3 scripts/qapi-gen.py -o "$out/qapi" -b qapi/qapi-schema.json >/dev/null)
	for group in accel/hvf target/arm/hvf target/arm .; do
		name=$(echo "$group" | tr / _ | sed 's/^\.$/root/')
		python3 "$1/scripts/tracetool.py" --backend=nop "--group=$name" --format=h "$1/$group/trace-events" \
			"$out/trace/trace-$name.h"
	done
	printf '#define %s 1\n' CONFIG_DARWIN CONFIG_POSIX CONFIG_INT128 HOST_AARCH64 CONFIG_IOVEC >"$out/config-host.h"
	{
		printf '#define %s 1\n' TARGET_AARCH64 TARGET_ARM CONFIG_SOFTMMU CONFIG_HVF
		echo '#define TARGET_NAME "aarch64"'
		echo '#define TARGET_LONG_BITS 64'
	} >"$out/config-target.h"
	: >"$out/config-devices.h"
}

stage_compile() {
	for archive in $(sources); do
		tree=$work/$(basename "$archive" .tar.xz)
		version=$(cat "$tree/VERSION")
		ok "$version: generated headers" generate "$tree"
		for file in accel/hvf/hvf-all.c accel/hvf/hvf-accel-ops.c target/arm/hvf/hvf.c; do
			ok "$version: $file compiles for arm64 with HVF" compile "$tree" "$file"
		done
		sed 's/hv_vcpu_set_sys_reg(cpu->accel->fd, HVF_SYS/hv_vcpu_set_sysreg(cpu->accel->fd, HVF_SYS/' \
			"$tree/target/arm/hvf/hvf.c" >"$tree/target/arm/hvf/wrong.c"
		fails "$version: a misspelt call of the framework does not" compile "$tree" target/arm/hvf/wrong.c
		mv "$tree/accel/hvf/mapped.c.inc" "$tree/accel/hvf/away"
		fails "$version: nor does hvf-all.c without the new file" compile "$tree" accel/hvf/hvf-all.c
		mv "$tree/accel/hvf/away" "$tree/accel/hvf/mapped.c.inc"
	done
}

native() { # OUTPUT SOURCE OPTION...
	out=$1
	src=$2
	shift 2
	# shellcheck disable=SC2046  # flags
	cc -std=gnu11 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -fsanitize=address,undefined \
		-I"$include" "$@" $(pkg-config --cflags glib-2.0) -o "$out" "$src" $(pkg-config --libs glib-2.0)
}

tso() { # EXPECTED-STATUS EXPECTED-TEXT MACOS GET SET STICKS
	want=$1
	text=$2
	shift 2
	said=$("$work/tso" "$@")
	[ $? = "$want" ] && case $said in *"$text"*) true ;; *) echo "said: $said"; false ;; esac
}

stage_replay() {
	tree=$work/$(basename "$(sources | head -1)" .tar.xz)
	ok "replay: without the patch it violates" native "$work/plain" "$here/replay.c"
	ok "replay: as it should, plain" "$work/plain"
	ok "replay: compiled with it" native "$work/guarded" "$here/replay.c" -DGUARDED -I"$tree"
	ok "replay: not once with it" "$work/guarded"
	sed -n '/^#define HVF_SYS_REG_ACTLR_EL1/,/^}/p' "$tree/target/arm/hvf/hvf.c" >"$work/tso_under_test.inc"
	ok "tso: compiled" native "$work/tso" "$here/tso.c" -I"$work"
	ok "tso: sticks, so it runs" tso 0 runs 15 0 0 1
	ok "tso: refused below macOS 15" tso 1 "needs macOS 15 or later" 14 0 0 1
	ok "tso: refused where the register cannot be read" tso 1 "vCPU 3: HV_UNSUPPORTED" 15 0xfae9400f 0 1
	ok "tso: refused where it cannot be written" tso 1 "vCPU 3: HV_DENIED" 26 0 0xfae94007 1
	ok "tso: refused where the bit does not stick" tso 1 "did not keep the setting (ACTLR_EL1 reads 0xc00)" 15 0 0 0
}

for archive in $(sources); do
	unpack_source "$archive" "$work/$(basename "$archive" .tar.xz)" || exit 1
done
touch "$work/stamp"
[ $# -gt 0 ] || set -- apply compile replay
case " $* " in
*" apply "*) stage_apply ;;
*) for archive in $(sources); do
	tree=$work/$(basename "$archive" .tar.xz)
	# shellcheck disable=SC2046
	"$cooper" tool patch -q -d "$tree" $(wants "$(cat "$tree/VERSION")") || exit 1
done ;;
esac
for stage in compile replay; do
	case " $* " in *" $stage "*) "stage_$stage" ;; esac
done
finish
