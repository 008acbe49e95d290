#!/bin/sh
# Every shipped stack's Ignition, for every host under hosts/, passes Ignition's own validator (Debian: ignition).
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-build/release/cooper}
passed=0 failed=0
command -v ignition-validate >/dev/null || { echo "SKIP: ignition-validate is missing"; echo "0 passed, 0 failed"; exit 0; }
config=$(mktemp)
trap 'rm -f "$config"' EXIT
for recipe in recipes/*.yaml; do
	grep -q '^kind: stack' "$recipe" || continue
	for host in tests/golden/hosts/*.json; do
		if "$cooper" tool ignition "$(basename "$recipe" .yaml)" --host "$host" >"$config" && ignition-validate "$config"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "FAIL: $recipe for $host"
		fi
	done
done
# It can fail: a version that there is not.
if sed 's/"version": *"3.3.0"/"version": "3.99.0"/' "$config" >"$config.bad" && ! ignition-validate "$config.bad" >/dev/null 2>&1; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	echo "FAIL: a wrong version passes"
fi
rm -f "$config.bad"
echo "ignition: $passed passed, $failed failed"
[ "$failed" = 0 ]
