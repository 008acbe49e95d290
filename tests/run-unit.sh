#!/bin/sh
# Run cmocka programs one after another; prints each failing one's output and the totals.
set -u
# As tight as a Mac: 256 descriptors, and 512 KiB of stack for a thread, which takes its size from this limit here.
# shellcheck disable=SC3045  # every sh that we meet has them
ulimit -n 256
# shellcheck disable=SC3045
case ${1:-} in build/asan/* | build/tsan/*) ;; *) ulimit -s 512 ;; esac
passed=0 failed=0
for t in "$@"; do
	if out=$("$t" 2>&1); then
		n=$(printf '%s\n' "$out" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' | awk '{s += $1} END {print s + 0}')
		passed=$((passed + n))
	else
		printf '%s\n--- %s failed\n' "$out" "$t"
		n=$(printf '%s\n' "$out" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' | awk '{s += $1} END {print s + 0}')
		passed=$((passed + n))
		n=$(printf '%s\n' "$out" | grep -c '^\[  FAILED  \] [a-z]')
		[ "$n" -gt 0 ] || n=1
		failed=$((failed + n))
	fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" = 0 ]
