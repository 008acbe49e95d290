#!/usr/bin/env bash
# torture.sh [SECONDS [SEED [POINTS [PATTERN]]]] - the commands of a small real project under the scripted machine; each place where our code
# calls libc fails once with each errno that the kernel gives there, and is killed once (faults.c). Then the same command
# again, and the same state is demanded, byte for byte. A command that ends with 0 in spite of the fault must have reached
# it already. Whatever does not fit into SECONDS (180) or POINTS is left out: SEED chooses what comes first. PATTERN (grep -E)
# chooses among the points, as they are printed: 'gc readdir', or the whole of one that failed.
# `outside.sh` is the same for the system calls of a release build.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-180} seed=${2:-1} most=${3:-1000000} pattern=${4:-.} way=${FAULT_WAY:-inside}
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
lanes=$((processors * 3)) # each mostly waits for its children
case $way in
inside) "${MAKE:-make}" -s -j"$processors" CONFIG=fault scripted || exit 1 ;;
outside) "${MAKE:-make}" -s -j"$processors" scripted build/release/tests/fault/outside || exit 1 ;;
esac
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((lane = 0; lane < lanes; lane++)); do
	bash tests/fault/lane.sh "$way" $lane "$lanes" "$seconds" "$seed" "$most" "$results" "$pattern" >/dev/null 2>&1 &
done
wait
grep '^WRONG' "$results"
points=$(sed -n 's/^points //p' "$results")
tried=$(grep -cE '^(ok|WRONG)' "$results")
wrong=$(grep -c '^WRONG' "$results")
echo "$tried of $points points tried, $(grep -c '^unreached' "$results") not reached again: seed $seed"
[ "$tried" -gt 0 ] || wrong=1 tried=1
echo "$((tried - wrong)) passed, $wrong failed"
[ "$wrong" = 0 ]
