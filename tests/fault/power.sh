#!/usr/bin/env bash
# power.sh [FILESYSTEM [COUNT]] - the power fails after each flush of `up` (after COUNT of them, spread over it), on a file
# system of its own: every process ends at once, what its disk holds at that moment is mounted, and `up` again must reach
# the same state, byte for byte, with nothing damaged. What was written and not flushed by then is lost, as in a power cut.
set -u
cd "$(dirname "$0")/../.." || exit 1
filesystem=${1:-ext4} most=${2:-1000}
skip() { echo "SKIP: $1" && echo "0 passed, 0 failed" && exit 0; }
[ "$(id -u)" = 0 ] || skip "mounting needs root"
command -v "mkfs.$filesystem" >/dev/null || skip "mkfs.$filesystem is missing"
unshare --pid --fork --mount-proc true 2>/dev/null || skip "processes cannot have a world of their own"
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

# Nothing reaches the disk by itself while a command runs: what nobody flushed is lost for certain.
case $filesystem in ext4 | btrfs) options=loop,commit=300 ;; *) options=loop ;; esac
disk() { cp --sparse=always "$1" "$work/$2.img" && mount -o $options "$work/$2.img" "$COOPER_HOME"; }
# no_disk NAME - unmounted, also by processes that are about to end
no_disk() {
	umount "$COOPER_HOME"
	until [ -z "$(losetup -j "$work/$1.img")" ]; do
		sleep 0.05
	done
}
# What these words run ends with them.
world=(unshare --pid --fork --kill-child --mount-proc)
# To the end: the machine stopped, and what a command that was cut short left for nobody removed.
# shellcheck disable=SC2016
whole='timeout 60 "$0" up && { "$0" stop; "$0" gc --yes && "$0" verify --deep; }'

disk "$work/empty.img" whole
COOPER_FAULT_LOG=$work/places "${world[@]}" sh -c "$whole" "$cooper" >"$out" 2>&1 </dev/null || { cat "$out" && exit 1; }
state >"$work/state.want"
no_disk whole
awk '$1 == "fsync" && !seen[$2]++ {print $2}' "$work/places" >"$work/flushes"
count=$(grep -c . "$work/flushes")
[ "$count" -gt 0 ] || { echo "no flush was seen" && echo "0 passed, 1 failed" && exit 1; }
every=$(((count + most - 1) / most))

fired() { grep -q fired "$work/fired" 2>/dev/null; }
cut_at() {
	local place=$1 all
	disk "$work/empty.img" live || return 1
	no_clients && rm -f "$work/fired"
	COOPER_FAULT_LOG=$work/fired COOPER_FAULT="fsync $place cut" "${world[@]}" sh -c "$whole" "$cooper" >"$out" 2>&1 </dev/null &
	all=$!
	until fired || ! kill -0 $all 2>/dev/null; do
		sleep 0.01
	done
	kill -9 $all 2>/dev/null
	wait $all 2>/dev/null
	cp --sparse=always "$work/live.img" "$work/cut.img"
	no_disk live
	fired || { echo "the flush was not reached again" >>"$out" && return 1; }
	mount -o $options "$work/cut.img" "$COOPER_HOME" || return 1
	"${world[@]}" sh -c "$whole" "$cooper" >"$out" 2>&1 </dev/null && state >"$work/state.now" &&
		diff "$work/state.want" "$work/state.now" >>"$out"
	local same=$?
	no_disk cut
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
