#!/bin/sh
# Every shipped stack's Ignition, for every host under hosts/, passes Ignition's own validator (Debian: ignition).
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-build/release/cooper}
passed=0 failed=0
command -v ignition-validate >/dev/null || { echo "SKIP: ignition-validate is missing"; echo "0 passed, 0 failed"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
config=$work/config
export COOPER_HOME="$work/home"
mkdir "$COOPER_HOME"

# A lock that has every reference, with digests that stand for any: none is in a first-boot config.
pin_all() {
	printf '{"format": 1, "entries": {' >"$work/lock"
	for host in tests/golden/hosts/*.json; do
		"$cooper" plan podman-debian --host "$host" | sed -n 's/^  resolve  *//p'
	done | sort -u | sed "s/.*/\"&\": {\"version\": \"1\", \"files\": [{\"name\": \"hello_1_all.deb\", \"url\": \"debian:pool\/hello_1_all.deb\", \"sha256\": \"$(printf '%064d' 0)\", \"size\": 1}]}/; \$!s/\$/,/" >>"$work/lock"
	printf '}}\n' >>"$work/lock"
	mv "$work/lock" "$COOPER_HOME/cooper.lock"
}
pin_all
for recipe in recipes/*.yaml; do
	grep -q '^kind: stack' "$recipe" || continue
	for host in tests/golden/hosts/*.json; do
		"$cooper" plan "$(basename "$recipe" .yaml)" --host "$host" >"$config" 2>&1
		case $? in
		0 | 3) ;;
		*) grep -q 'has no apt' "$config" && continue ;; # that stack is none for that host
		esac
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
echo "ignition: $passed passed, $failed failed"
[ "$failed" = 0 ]
