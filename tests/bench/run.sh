#!/usr/bin/env bash
# make bench: every tests/bench/*.sh; each prints a Markdown section with a table of medians and ratios against the
# tools that people would use instead, measured in one run. Writes docs/performance.md.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export COOPER=${COOPER:-$PWD/build/release/cooper}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# shellcheck disable=SC2016  # Markdown, not commands
{
	echo '# Performance'
	echo
	echo '`make bench` writes this page. Ratios are of medians, cooper'\''s time over the other tool'\''s, the two run'
	echo 'in turn within one run; below 1 means that cooper is faster.'
	echo
	printf 'Measured on %s, %s processors, %s.\n' "$(uname -sm)" "$(getconf _NPROCESSORS_ONLN)" "$(date +%Y-%m-%d)"
} >"$out"
failed=0 passed=0
for bench in tests/bench/*.sh; do
	case $bench in */run.sh | */lib.sh) continue ;; esac
	if section=$(bash "$bench"); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	printf '\n%s\n' "$section" | tee -a "$out"
done
cp "$out" docs/performance.md
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
