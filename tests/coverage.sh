#!/bin/sh
# What share of cmd/'s lines the quick tests run: unit tests, the scripted machine's, the command line, golden files.
# Ends with a line for each room and one for lib; fails below LEAST per cent of lib (85).
set -u
cd "$(dirname "$0")/.." || exit 1
least=${1:-85}
# An object of another folder would count there.
export CCACHE_DISABLE=1 CONFIG=cov
make=${MAKE:-make}
"$make" -s -j2 CONFIG=cov all scripted || exit 1
find build/cov -name '*.gcda' -delete
log=build/cov/tests.log
: >"$log"
quietly() { "$@" >>"$log" 2>&1 || echo "note: failed, its lines count all the same: $*"; }
quietly "$make" -s -j2 CONFIG=cov check-unit
quietly sh tests/golden/errors.sh
quietly sh tests/golden/hosts.sh
for script in life names kills damage snapshots export network; do
	quietly bash "tests/scripted/$script.sh"
done
quietly bash tests/store/reads.sh
quietly bats --formatter tap tests/cli
find build/cov/cmd -name '*.gcda' | while read -r data; do
	gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null | awk '
		/^File / { file = substr($2, 2, length($2) - 2) }
		/^Lines executed:/ && file ~ /^cmd\/.*\.c$/ { split($2, part, ":"); print file, part[2] + 0, $4; file = "" }'
done >build/cov/files
find cmd -name '*.c' | sort >build/cov/sources
awk -v least="$least" '
	FNR == NR { covered[$1] += $2 * $3 / 100; lines[$1] = $3; next }
	{
		room = $1; sub(/\/[^\/]*$/, "", room)
		if (!($1 in lines)) { if (!/os_darwin|vmm_list/) print "no test runs any of " $1; next }
		run[room] += covered[$1]; all[room] += lines[$1]
		if (room ~ /lib/) { lib_run += covered[$1]; lib_all += lines[$1] }
	}
	END {
		for (room in all) printf "%-18s %5.1f %% of %5d lines\n", room, 100 * run[room] / all[room], all[room] | "sort"
		close("sort")
		share = lib_all ? 100 * lib_run / lib_all : 0
		printf "%-18s %5.1f %% of %5d lines\n", "cmd/lib", share, lib_all
		print (share >= least) ? "1 passed, 0 failed" : "0 passed, 1 failed"
		exit share < least
	}' build/cov/files build/cov/sources
