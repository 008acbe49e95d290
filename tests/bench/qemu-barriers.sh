#!/usr/bin/env bash
# Host barriers per guest load and store in programs with threads, counted in the code that an arm64 qemu-x86_64 makes,
# as it comes and with our patch 0003. Counts, not times: they are the same on every machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck disable=SC2016  # Markdown, not commands
{
	echo '## Barriers in emulated x86-64 programs with threads'
	echo
	echo 'An arm64 `qemu-x86_64` makes a host barrier for almost every load and store of an x86-64 program that has a'
	echo 'second thread. Patch 0003 leaves them out where the machine keeps x86 memory order (docs/qemu-patches.md).'
	echo '"Made" counts each block of code once, "executed" as often as it ran.'
	echo
}
if [ ! -e build/qemu/build-patched-aarch64/done ]; then
	# shellcheck disable=SC2016  # Markdown
	echo 'SKIP: `sh tests/qemu/run.sh user` builds the emulators first.'
	exit 0
fi
table=$(sh tests/qemu/run.sh table)
printf '%s\n' "$table"
# Asked: one and more barriers for two accesses as it comes, one in a hundred with the switch.
printf '%s\n' "$table" | awk -F'|' '$4 ~ /executed/ && $3 ~ /comes/ && $10 < 0.5 {bad = 1}
	$4 ~ /executed/ && $3 ~ /tso on/ && $10 > 0.01 {bad = 1} $4 ~ /executed/ {n++} END {exit bad || n != 6}'
