#!/bin/sh
# Every quick test: unit tests under gcc, clang and the sanitizers, golden files, the command line, lint.
# Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
results=$(mktemp)
trap 'rm -f "$results"' EXIT

run() { # run NAME COMMAND...: adds the "N passed, N failed" that the command ends with, or its exit status
	name=$1
	shift
	printf '== %s\n' "$name"
	out=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$out" | tail -40
	line=$(printf '%s\n' "$out" | grep -oE '[0-9]+ passed, [0-9]+ failed' | tail -1)
	if [ -n "$line" ]; then
		echo "$line" | sed 's/ passed, / /; s/ failed//' >>"$results"
		case $line in *' 0 failed') [ $status = 0 ] || echo "0 1" >>"$results" ;; esac
	elif [ $status = 0 ]; then
		echo "1 0" >>"$results"
	else
		echo "0 1" >>"$results"
	fi
}

make=${MAKE:-make}
run "compile, gcc, release" "$make" -s -j"$jobs" CONFIG=release CC=gcc WERROR=-Werror
run "compile, clang, debug" "$make" -s -j"$jobs" CONFIG=debug CC=clang WERROR=-Werror
run "unit tests, address and undefined-behaviour sanitizers" "$make" -s -j"$jobs" CONFIG=asan CC=gcc WERROR=-Werror check-unit
run "unit tests, clang" "$make" -s -j"$jobs" CONFIG=debug CC=clang WERROR=-Werror check-unit
run "messages for bad recipes" sh tests/golden/errors.sh
run "decisions for other hosts" sh tests/golden/hosts.sh
run "Ignition of every stack" sh tests/golden/ignition-validate.sh
run "hostile archives" sh tests/archives/run.sh
run "fuzzers, on their corpora" env FUZZ_SECONDS=0 sh tests/fuzz/run.sh
run "updates and downloaded images" bash tests/e2e/update.sh
run "command line" bats --formatter tap tests/cli
run "patches to QEMU" sh tests/qemu/apply.sh
run "schema" sh tests/schema/run.sh
run "workflows, formula" sh tests/workflows/run.sh
run "downloads, against nginx" bash tests/net/nginx.sh
run "downloads, against faulty servers" bash tests/net/faulty.sh
run "lint" sh tests/lint/run.sh

awk '{p += $1; f += $2} END {printf "%d passed, %d failed\n", p, f; exit f > 0}' "$results"
