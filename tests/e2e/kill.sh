#!/usr/bin/env bash
# kill -9 of cooper while QEMU compiles, while the image is made, and during the first boot; then `up` again:
# it converges, downloads nothing twice, and leaves no orphan, stale lock, socket or temporary file.
# Uses a home of its own, with the downloads and the compiler cache of the usual one; about 5 minutes warm.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
own_home cas cooper.lock accel.json

kill_when() { # kill_when NAME PATTERN SECONDS: kill -9 of `up` that many seconds after its output has PATTERN
	"$cooper" up --yes >"$work/out" 2>&1 &
	local pid=$! i
	for ((i = 0; i < 3000; i++)); do
		grep -qs "$2" "$work/out" && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	sleep "$3"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	grep -q "$2" "$work/out"
	result "killed $1" $?
	sleep 1
}
orphans() { pgrep -fa "$COOPER_HOME" | grep -v "machine run\|qemu-system-"; }

kill_when "while QEMU compiles" "build:qemu: started" 15
! orphans >/dev/null
result "nothing goes on compiling" $?
kill_when "while the image is made" "image:debian: installing" 10
! orphans >/dev/null
result "nothing goes on installing" $?
kill_when "during the first boot" "boot: kernel" 3

"$cooper" up --yes >"$work/out" 2>&1
result "up again converges" $?
tail -5 "$work/out"
! grep -q "^fetch" "$work/out"
result "nothing was downloaded again" $?
left=$(find "$COOPER_HOME" -name '*.tmp-*' -o -name '.stage-*' -o -name '*.part' -o -name '*.lock' -path '*/cas/*')
[ -z "$left" ] || echo "$left"
[ -z "$left" ]
result "no temporary file is left" $?
[ "$(pgrep -fc "qemu-system-.*$COOPER_HOME")" = 1 ] && [ "$(pgrep -fc "machine run .*cooper")" -ge 1 ]
result "one QEMU, one supervisor" $?
"$cooper" up | grep -q "nothing to do"
result "and then there is nothing to do" $?
"$cooper" destroy --all --yes >/dev/null && [ ! -e "$COOPER_HOME" ] && ! pgrep -f "$COOPER_HOME" >/dev/null
result "destroy --all leaves nothing at all" $?

totals
