#!/bin/sh
# Run cmocka programs, as many at once as there are processors; prints each failing one's output and the totals.
set -u
# As tight as a Mac: 256 descriptors, and 512 KiB of stack for a thread, which takes its size from this limit here.
# shellcheck disable=SC3045  # every sh that we meet has them
ulimit -n 256
# shellcheck disable=SC3045
case ${1:-} in build/asan/* | build/tsan/*) ;; *) ulimit -s 512 ;; esac
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export out
# shellcheck disable=SC2016  # expanded by the shell that xargs starts
printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" -n 1 sh -c '
	name=$(basename "$1")
	"$1" >"$out/$name" 2>&1 || : >"$out/$name.failed"' sh
passed=0 failed=0
for t in "$@"; do
	text=$out/$(basename "$t")
	n=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$text" | awk '{s += $1} END {print s + 0}')
	passed=$((passed + n))
	[ -e "$text.failed" ] || continue
	cat "$text"
	printf '%s\n' "--- $t failed"
	n=$(grep -c '^\[  FAILED  \] [a-z]' "$text")
	[ "$n" -gt 0 ] || n=1
	failed=$((failed + n))
done
echo "unit: $passed passed, $failed failed"
[ "$failed" = 0 ]
