#!/usr/bin/env bash
# A real guest is started and ended again and again, every second time with a kill -9, at a random moment, of the
# supervisor, of QEMU or of an ssh: no orphan, lock or socket is left that stands in the way of the next start, and what a
# program in the guest wrote and flushed is whole after each.
# cycles.sh [COUNT]: 6 by default; about 90 s each where the guest is emulated. SEED repeats the moments of another run.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
own_home cas store accel.json
count=${1:-6}
seed=${SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed
echo "seed $seed, $count cycles"
machine=$COOPER_HOME/machines/cycles

# --- helpers ---

guest() { "$cooper" ssh -- "$@"; }
field() { "$cooper" status --json 2>/dev/null | sed -n "s/^  \"$1\": \"*\([^\",]*\)\"*,*$/\1/p"; }
# ours - the processes that work for this home, but for this script's own
ours() { pgrep -f -- "$COOPER_HOME" | grep -vx "$$"; }
gone() { # gone SECONDS - all of them end by then
	local until=$((SECONDS + $1))
	while ours >"$work/left"; do
		[ $SECONDS -lt $until ] || { xargs -r ps -o pid,args -p <"$work/left"; return 1; }
		sleep 0.2
	done
}
unlocked() { flock -n "$machine/lock" true; }
# a moment of at most SECONDS
moment() { sleep "$((RANDOM % $1)).$((RANDOM % 10))"; }
victim() { # a process to kill: supervisor, QEMU, an ssh, in turn
	case $(($1 / 2 % 3)) in
	0) field pid ;;
	1) field qemu_pid ;;
	2) pgrep -f -- "ssh .*$machine" | head -1 ;;
	esac
}
names=(supervisor QEMU ssh)

# --- what writes in the guest: blocks with their digests, each flushed before it is listed ---

cat >"$work/p/writer" <<'SH'
#!/bin/sh
cd /home/core/blocks || exit 1
n=$(($(wc -l <list) + 1))
while :; do
	head -c $((n % 7 * 50000 + 1000)) /dev/urandom >"b$n" && sync "b$n" . && sha256sum "b$n" >>list && sync list
	n=$((n + 1))
	sleep 0.2
done
SH
cat >"$work/p/cooper.yaml" <<'YAML'
kind: stack
extends: podman-debian
machine: { name: cycles, cpus: 2, memory: 1GiB }
steps:
  - name: writer
    write: { path: /usr/local/bin/writer, from: writer, mode: "0755" }
YAML
cd "$work/p" || exit 1
exits 0 "$cooper" up --yes || { cat "$work/out"; result "up" 1; totals; exit 1; }
guest sh -c 'mkdir -p blocks && touch blocks/list'
writes() { guest systemd-run --user -q --collect /usr/local/bin/writer; }
# A last line that was cut is not flushed yet, and no block that is listed may be lost.
whole() {
	guest sh -c 'cd blocks && grep -E "^[0-9a-f]{64}  b[0-9]+$" list >/tmp/list && wc -l </tmp/list && sha256sum --quiet -c /tmp/list' >"$work/whole" 2>&1
}
writes
result "up, and a program that writes" $?

# --- cycles ---

listed=0
for ((i = 0; i < count; i++)); do
	what="cycle $i: stop"
	moment 5
	if ((i % 2)); then
		what="cycle $i: kill -9 of ${names[i / 2 % 3]}"
		pid=$(victim "$i")
		[ -n "$pid" ] && kill -9 "$pid"
		moment 3
		[ $((i / 2 % 3)) != 2 ] || exits 0 "$cooper" stop # an ssh that is lost ends nothing
	else
		exits 0 "$cooper" stop
	fi
	result "$what" $?
	gone 30 && unlocked
	result "$what: nothing is left" $?
	exits 0 "$cooper" start && [ "$(field state)" = ready ]
	result "$what: the next start works" $?
	whole && [ "$(head -1 "$work/whole")" -ge "$listed" ]
	ok=$?
	[ $ok = 0 ] || cat "$work/whole"
	listed=$(head -1 "$work/whole")
	result "$what: $listed blocks that were flushed are whole" $ok
	writes || result "$what: it writes again" 1
done
exits 0 "$cooper" stop
gone 30
result "the end: nothing is left" $?
totals
