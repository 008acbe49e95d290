#!/usr/bin/env bash
# power.sh [FILESYSTEM [COUNT]] - the power fails after each flush of `up` (after COUNT of them, spread over it), on a file
# system of its own: the commands end at once, what its disk holds at that moment is mounted, and `up` again must reach the
# same state, byte for byte, with nothing damaged. What was written and not flushed by then is lost, as in a power cut.
set -u
cd "$(dirname "$0")/../.." || exit 1
filesystem=${1:-ext4} most=${2:-1000}
skip() { echo "SKIP: $1" && echo "0 passed, 0 failed" && exit 0; }
[ "$(id -u)" = 0 ] || skip "mounting needs root"
command -v "mkfs.$filesystem" >/dev/null || skip "mkfs.$filesystem is missing"
"${MAKE:-make}" -s -j2 CONFIG=fault scripted || exit 1
export CONFIG=fault
. tests/scripted/lib.sh
. tests/fault/state.sh
clean() {
	umount -l "$COOPER_HOME" 2>/dev/null
	finish
}
trap clean EXIT
step='{ name: motd, write: { path: /etc/motd, text: "hello" }, then: { run: [cp, /etc/motd, /etc/then] } }'
emulator one && image 1 && stack 512MiB "$step"
truncate -s 320M "$work/empty.img"
"mkfs.$filesystem" -q "$work/empty.img" >"$out" 2>&1 || { cat "$out" && exit 1; }
mount -o loop "$work/empty.img" "$COOPER_HOME" 2>"$out" || skip "cannot mount $filesystem: $(cat "$out")"
rmdir "$COOPER_HOME/lost+found" 2>/dev/null
chmod 700 "$COOPER_HOME"
umount "$COOPER_HOME"
cd "$project" || exit 1

disk() { cp --sparse=always "$1" "$work/$2.img" && mount -o loop "$work/$2.img" "$COOPER_HOME"; }
# Nobody works on when the power is gone.
off() {
	local pid
	for pid in $(left_running); do
		kill -9 "$pid" 2>/dev/null
	done
	umount -l "$COOPER_HOME"
}

disk "$work/empty.img" whole
COOPER_FAULT_LOG=$work/places "$cooper" up >"$out" 2>&1 </dev/null || { cat "$out" && exit 1; }
"$cooper" stop >/dev/null 2>&1
"$cooper" gc --yes >/dev/null 2>&1 # half-written files of processes that are gone
state >"$work/state.want"
umount "$COOPER_HOME"
awk '$1 == "fsync" && !seen[$2]++ {print $2}' "$work/places" >"$work/flushes"
count=$(grep -c . "$work/flushes")
[ "$count" -gt 0 ] || { echo "no flush was seen" && echo "0 passed, 1 failed" && exit 1; }
every=$(((count + most - 1) / most))

cut_at() {
	local place=$1
	disk "$work/empty.img" live
	rm -f "$work/connections" "$work/fired"
	COOPER_FAULT_LOG=$work/fired COOPER_FAULT="fsync $place cut" setsid -w "$cooper" up >"$out" 2>&1 </dev/null
	cp --sparse=always "$work/live.img" "$work/cut.img"
	grep -q fired "$work/fired" || echo "the flush was not reached again" >>"$out"
	off
	mount -o loop "$work/cut.img" "$COOPER_HOME" || return 1
	timeout 60 "$cooper" up >"$out" 2>&1 </dev/null || { off && return 1; }
	"$cooper" stop >/dev/null 2>&1
	"$cooper" gc --yes >>"$out" 2>&1
	"$cooper" verify --deep >>"$out" 2>&1 || { off && return 1; }
	state >"$work/state.now"
	diff "$work/state.want" "$work/state.now" >>"$out"
	local same=$?
	off
	return $same
}

number=0
while read -r place; do
	number=$((number + 1))
	[ $((number % every)) = 0 ] || continue
	check "$filesystem: the power fails after flush $number of $count ($place)" cut_at "$place"
done <"$work/flushes"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
