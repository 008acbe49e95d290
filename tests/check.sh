#!/bin/sh
# Every quick test: compiled by gcc and clang, unit tests under the sanitizers, golden files, the command line, lint.
# Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() { # count NAME STATUS FILE: adds the "N passed, N failed" that the output ends with, or its exit status
	printf '== %s\n' "$1"
	lines=40
	[ "$2" = 0 ] || lines=400
	tail -n "$lines" "$3"
	line=$(grep -oE '[0-9]+ passed, [0-9]+ failed' "$3" | tail -1)
	if [ -n "$line" ]; then
		echo "$line" | sed 's/ passed, / /; s/ failed//' >>"$work/results"
		case $line in *' 0 failed') [ "$2" = 0 ] || echo "0 1" >>"$work/results" ;; esac
	elif [ "$2" = 0 ]; then
		echo "1 0" >>"$work/results"
	else
		echo "0 1" >>"$work/results"
	fi
}

run() { # run NAME COMMAND...
	name=$1
	shift
	from=$(date +%s)
	"$@" >"$work/out" 2>&1
	count "$name ($(($(date +%s) - from)) s)" $? "$work/out"
}

make=${MAKE:-make}
run "compile, release" "$make" -s -j"$jobs" CONFIG=release WERROR=-Werror all scripted
run "compile, clang, debug" "$make" -s -j"$jobs" CONFIG=debug CC=clang WERROR=-Werror
run "unit tests, address and undefined-behaviour sanitizers" "$make" -s -j"$jobs" CONFIG=asan CC=gcc WERROR=-Werror check-unit
run "messages for bad recipes" sh tests/golden/errors.sh
run "decisions for other hosts" sh tests/golden/hosts.sh
run "Ignition of every stack" sh tests/golden/ignition-validate.sh
run "life of a stack, scripted" bash tests/scripted/life.sh
run "machines by name, scripted" bash tests/scripted/names.sh
run "snapshots and clones, scripted" bash tests/scripted/snapshots.sh
run "export and import, scripted" bash tests/scripted/export.sh
run "proxies and authorities, scripted" bash tests/scripted/network.sh
run "killed and adopted, scripted" bash tests/scripted/kills.sh
run "damaged machines, scripted" bash tests/scripted/damage.sh
run "errors of the disk, scripted" bash tests/store/reads.sh
sh tests/archives/run.sh >"$work/archives" 2>&1 &
archives=$!
bash tests/build/box.sh >"$work/box" 2>&1 &
box=$!
bash tests/scripted/second-user.sh >"$work/second" 2>&1 &
second=$!
bash tests/scripted/planted.sh >"$work/planted" 2>&1 &
planted=$!
bash tests/scripted/hostile.sh >"$work/hostile" 2>&1 &
hostile=$!
run "fuzzers, on their corpora" env FUZZ_SECONDS=0 sh tests/fuzz/run.sh
run "updates and downloaded images" bash tests/e2e/update.sh
run "command line" bats --formatter tap tests/cli
run "patches to QEMU" sh tests/qemu/apply.sh
run "schema" sh tests/schema/run.sh
run "workflows, formula" sh tests/workflows/run.sh
run "downloads, against nginx" bash tests/net/nginx.sh
run "downloads, against faulty servers" bash tests/net/faulty.sh
wait $archives
count "hostile archives" $? "$work/archives"
wait $box
count "ways out of the box of a build" $? "$work/box"
wait $hostile
count "a hostile guest, scripted" $? "$work/hostile"
wait $second
count "another user of this host, scripted" $? "$work/second"
wait $planted
count "what another user puts in the way, scripted" $? "$work/planted"
run "lint" sh tests/lint/run.sh

awk '{p += $1; f += $2} END {printf "%d passed, %d failed\n", p, f; exit f > 0}' "$work/results"
