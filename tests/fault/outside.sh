#!/usr/bin/env bash
# outside.sh [SECONDS [SEED]] - a release build with the scripted machine: strace makes the Nth call of its
# main thread fail with an errno that the kernel gives there, from the first call that has to do with the project on (what
# the loader does before is not ours). It may end with 0 only in the right state, else with words; and the same command
# again reaches the state that it reaches undisturbed. Children are not traced: strace counts the calls of each by itself.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-60} seed=${2:-1}
skip() { echo "SKIP: $1" && echo "0 passed, 0 failed" && exit 0; }
strace -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace is missing, or may not trace"
"${MAKE:-make}" -s -j2 scripted || exit 1
. tests/scripted/lib.sh
. tests/fault/errnos.sh
. tests/fault/state.sh
calls='getdents64 newfstatat openat read write fsync rename renameat renameat2 unlinkat wait4 clone3 socket connect sendto mmap'
emulator one && image 1 && stack 512MiB '{ name: motd, write: { path: /etc/motd, text: "hello" } }'
cd "$project" || exit 1
quietly() { timeout 60 ${1+"$@"} >"$out" 2>&1 </dev/null; }
errnos() {
	case $1 in
	getdents64) errnos_of readdir ;;
	newfstatat) errnos_of fstatat ;;
	rename*) errnos_of rename ;;
	wait4) echo ECHILD ;;
	clone3) errnos_of fork ;;
	sendto) echo EPIPE ECONNRESET ;;
	mmap) echo ENOMEM ;;
	*) errnos_of "$1" ;;
	esac
}
restore() {
	quietly "$cooper" stop
	chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" "$work/connections"
	if [ "$1" = empty ]; then mkdir "$COOPER_HOME"; else cp -a "$work/whole" "$COOPER_HOME"; fi
}
prepare() {
	case $1 in
	up | build) restore empty ;;
	*) restore whole ;;
	esac
}
command_of() {
	case $1 in
	gc) echo gc --yes ;;
	verify) echo verify --deep ;;
	*) echo "$1" ;;
	esac
}
settle() { quietly "$cooper" stop && quietly "$cooper" gc --yes; }

quietly "$cooper" up && quietly "$cooper" stop && cp -a "$COOPER_HOME" "$work/whole" || exit 1
for scenario in build gc verify up start; do
	prepare "$scenario"
	# shellcheck disable=SC2046
	quietly strace -qq -o "$work/trace" -e "trace=${calls// /,}" "$cooper" $(command_of "$scenario")
	settle
	state >"$work/state.$scenario"
	for call in $calls; do
		read -r before all < <(awk -v call="$call" -v home="$COOPER_HOME" '
			/cooper\.yaml/ || index($0, home) { ours = 1 }
			index($0, call "(") == 1 { all++; if (!ours) before++ }
			END { print before + 0, all + 0 }' "$work/trace")
		for errno in $(errnos "$call"); do
			for ((n = before + 1; n <= all; n++)); do
				echo "$scenario $call $n $errno"
			done
		done
	done
done | awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' | sort | cut -f2- >"$work/points"

tried=0 unreached=0 ends=$(($(date +%s) + seconds))
# holds SCENARIO CALL N ERRNO
holds() {
	local code=0
	prepare "$1"
	# shellcheck disable=SC2046
	quietly strace -qq -o "$work/trace" -e "trace=$2" -e "inject=$2:error=$4:when=$3" "$cooper" $(command_of "$1") || code=$?
	grep -q INJECTED "$work/trace" || unreached=$((unreached + 1))
	cp "$out" "$work/words"
	case $code in
	0) ;;
	1 | 5 | 7 | 8) grep -q 'cooper: ' "$out" || { echo "exit $code without a word" >>"$out" && return 1; } ;;
	*) echo "exit $code" >>"$out" && return 1 ;;
	esac
	# shellcheck disable=SC2046
	[ $code = 0 ] || quietly "$cooper" $(command_of "$1") || { cat "$work/words" >>"$out" && return 1; }
	settle
	state >"$work/state"
	diff "$work/state.$1" "$work/state" >"$out" || { cat "$work/words" >>"$out" && return 1; }
	left_running >"$out"
	[ ! -s "$out" ]
}
while read -r scenario call n errno && [ "$(date +%s)" -lt $ends ]; do
	tried=$((tried + 1))
	check "$scenario: call $n of $call fails with $errno" holds "$scenario" "$call" "$n" "$errno"
done <"$work/points"
echo "$tried of $(grep -c . "$work/points") points tried, $unreached not reached again, seed $seed"
[ "$tried" -gt "$unreached" ] || failed=1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
