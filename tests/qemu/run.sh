#!/bin/sh
# Our patches to QEMU, built and run: sh tests/qemu/run.sh [apply|compile|replay|user|litmus|lowaddr|table ...]
#
#   apply, compile, replay  the quick half: tests/qemu/apply.sh
#   user     qemu-x86_64 from the source at hand, static, for arm64 (as it comes, and patched) and for x86_64 (patched):
#            10-20 minutes the first time, kept in build/qemu
#   litmus   memory order: the switch, the barriers in the code that is made, the outcomes that follow from it, and two
#            real threads
#   lowaddr  addresses below 2^47, on an arm64 kernel (booted under qemu-system-aarch64)
#   table    Markdown: host barriers per guest load and store; what tests/bench/qemu-barriers.sh prints
#
# Without a stage: all but the table. Everything that is downloaded comes from the host's own Debian mirror and stays in
# build/qemu; nothing is installed. Needs: gcc-aarch64-linux-gnu ninja-build libglib2.0-dev qemu-system-arm
# qemu-user-static (ccache is used where it is there).
set -u
# shellcheck source=tests/qemu/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/qemu/user.sh
. "$here/user.sh"
if [ -z "$(sources)" ]; then
	echo "SKIP: no QEMU source in ../shared/data"
	echo "0 passed, 0 failed"
	exit 0
fi
for tool in aarch64-linux-gnu-gcc ninja qemu-system-aarch64 qemu-aarch64-static; do
	command -v $tool >/dev/null || {
		echo "SKIP: $tool is missing: apt-get install gcc-aarch64-linux-gnu ninja-build libglib2.0-dev qemu-system-arm" \
			"qemu-user-static"
		echo "0 passed, 0 failed"
		exit 0
	}
done
work=$top/build/qemu
mkdir -p "$work"

stage_user() {
	ok "headers, static libraries, kernel and meson unpacked" prepare
	for variant in plain patched; do
		ok "$variant source" user_source $variant
	done
	ok "arm64, as it comes" user_build plain aarch64
	ok "arm64, patched" user_build patched aarch64
	ok "x86_64, patched" user_build patched x86_64
	for program in lowaddr litmus; do
		ok "guest program $program" guest_program $program
	done
}

said() { # TEXT COMMAND...: the command's output has it, whatever its status
	text=$1
	shift
	"$@" 2>&1 | grep -q -e "$text"
}

stage_litmus() {
	plain="qemu-aarch64-static $work/build-plain-aarch64/qemu-x86_64"
	patched="qemu-aarch64-static $work/build-patched-aarch64/qemu-x86_64"
	elf=$work/litmus
	cp "$work/build-patched-aarch64/qemu-x86_64" "$work/qemu-x86_64-tso"
	# The code that is made, for every way to say it and not to say it. The variable goes through the outer emulator.
	for how in "plain:$plain" "off:$patched" "on:$patched -host-tso on" "taken-back:$patched -host-tso off" \
		"name:qemu-aarch64-static $work/qemu-x86_64-tso" "var:$patched" "var0:$patched"; do
		label=${how%%:*}
		set --
		[ "$label" = var ] && set -- QEMU_HOST_TSO=1
		[ "$label" = var0 ] && set -- QEMU_HOST_TSO=0
		# shellcheck disable=SC2086  # a command line without blanks in its words
		ok "$label: runs" env "$@" ${how#*:} -d op,out_asm,exec,nochain -D "$work/log.$label" "$elf" 20
	done
	with="mp=never lb=never sb=reachable sbf=never"
	without="mp=reachable lb=reachable sb=reachable sbf=never"
	for label in plain off var0 taken-back; do
		# shellcheck disable=SC2086  # words
		ok "$label: x86 order holds on any arm64" python3 "$here/barriers.py" model "$elf" "$work/log.$label" arm $with
	done
	for label in on var name; do
		# shellcheck disable=SC2086
		ok "$label: x86 order holds where the host keeps it" \
			python3 "$here/barriers.py" model "$elf" "$work/log.$label" tso $with
		# shellcheck disable=SC2086
		ok "$label: and would not elsewhere, so the switch must stay off there" \
			python3 "$here/barriers.py" model "$elf" "$work/log.$label" arm $without
	done
	for label in plain on; do
		ok "$label: LOCK stays" test "$(grep -c 'call atomic_add_fetchq' "$work/log.$label")" -ge 2
	done
	ok "no other word is taken for a yes" said "is 'on' (1) or 'off' (0)" "$work/build-patched-x86_64/qemu-x86_64" \
		-host-tso maybe "$elf"
	# Real threads on this host, which keeps total store order: what is forbidden never comes.
	if [ "$(uname -m)" = x86_64 ]; then
		ok "natively, as the oracle" "$elf" 200000
		ok "x86_64 emulator" "$work/build-patched-x86_64/qemu-x86_64" "$elf" 200000
		# shellcheck disable=SC2086
		ok "arm64 emulator without its barriers, on a host that keeps the order" $patched -host-tso on "$elf" 100000
		ok "store buffering comes, so the threads do meet" said 'sb [1-9]' "$elf" 200000
	else
		echo "SKIP: real threads need a host that keeps total store order"
	fi
}

stage_lowaddr() {
	if [ "$(uname -m)" = x86_64 ]; then
		ok "natively, as the oracle" "$work/lowaddr"
		ok "x86_64 emulator, which never needed it" "$work/build-patched-x86_64/qemu-x86_64" "$work/lowaddr"
	fi
	ok "an arm64 kernel ran both" boot_lowaddr
	sed 's/^/  /; s/\([0-9]*\) passed, \([0-9]*\) failed/\1 hold, \2 do not/' "$work/console"
	ok "as it comes, addresses are above 2^47" grep -q '^plain ends with 1' "$work/console"
	ok "and that is why: the first small mappings already" grep -q '^not ok - 2000 small mappings' "$work/console"
	ok "patched, none is" grep -q '^patched ends with 0' "$work/console"
}

# row PROGRAM LABEL EMULATOR COMMAND...: what an arm64 emulator makes of the command, counted
row() {
	program=$1
	label=$2
	emulator=$3
	shift 3
	# shellcheck disable=SC2086  # words: the emulator and its switch
	qemu-aarch64-static "$work"/$emulator -d op,out_asm,exec,nochain -D "$work/log.table" "$@" >/dev/null &&
		python3 "$here/barriers.py" table "$program" "$label=$work/log.table"
	status=$?
	rm -f "$work/log.table"
	return $status
}

stage_table() {
	head -c 8000 "$work/build-patched-aarch64/qemu-x86_64" >"$work/input"
	echo "| program | emulator | blocks | loads | stores | barriers per load | per store | barriers | per access |"
	echo "|---|---|---|---|---|---|---|---|---|"
	for program in litmus "xz -T2"; do
		for how in "as it comes:plain-aarch64/qemu-x86_64" "patched:patched-aarch64/qemu-x86_64" \
			"patched, -host-tso on:patched-aarch64/qemu-x86_64 -host-tso on"; do
			if [ "$program" = litmus ]; then
				set -- "$work/litmus" 50
			else
				set -- "$(command -v xz)" -T2 --block-size=4KiB -1 -c "$work/input"
			fi
			row "$program" "${how%%:*}" "build-${how#*:}" "$@" || return 1
		done
	done
}

[ $# -gt 0 ] || set -- apply compile replay user litmus lowaddr
quick=
for stage in "$@"; do
	case $stage in
	apply | compile | replay) quick="$quick $stage" ;;
	user | litmus | lowaddr) "stage_$stage" ;;
	table) stage_table || exit 1 ;;
	*) echo "no stage '$stage'" >&2 && exit 2 ;;
	esac
done
if [ -n "$quick" ]; then
	# shellcheck disable=SC2086  # words
	sh "$here/apply.sh" $quick >"$work/quick"
	cat "$work/quick"
	n_passed=$((n_passed + $(tail -1 "$work/quick" | cut -d' ' -f1)))
	n_failed=$((n_failed + $(tail -1 "$work/quick" | cut -d' ' -f3)))
fi
[ "$*" = table ] || finish
