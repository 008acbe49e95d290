#!/bin/sh
# hosts.sh [--rewrite]: what cooper decides for each host of tests/golden/hosts/*.json, on any host: plan, QEMU's command
# line, Ignition, signing commands and doctor's findings, for the stacks that a Mac would use. Keys are masked, for they
# move with every change of a recipe. --rewrite writes the files anew; review the diff. Run from anywhere.
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=build/${CONFIG:-release}/cooper
folder=tests/golden/hosts
rewrite=${1:-}
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
COOPER_HOME=$work/home
export COOPER_HOME
unset COOPER_RECIPES

masked() { # masked COMMAND...: what it prints, its exit status, without what moves
	"$@" >"$work/text" 2>&1
	echo "exit status $?" >>"$work/text"
	sed -E "s,$COOPER_HOME,HOME,g" "$work/text" | sed -E 's/[0-9a-f]{24}-/KEY-/g; s/^(  resolve .*:)[0-9a-f]{12}$/\1SET/; s/because .* to fetch.*/because it is to be fetched/; s/, as [^ ]+ in a box/, as USER in a box/'
}

pretty() { # pretty COMMAND...: JSON that it prints, a member a line, in the order it has
	"$@" >"$work/json" 2>"$work/text" && python3 -c 'import json, sys; json.dump(json.load(sys.stdin), sys.stdout, indent=1); print()' <"$work/json"
	cat "$work/text"
}

show() { # show WHAT STACK HOST
	case $1 in
	plan) masked "$cooper" plan "$2" --host "$3" ;;
	argv) masked "$cooper" tool argv "$2" --host "$3" --first-boot ;;
	ignition) pretty "$cooper" tool ignition "$2" --host "$3" ;;
	sign) masked "$cooper" tool sign "$2" --host "$3" ;;
	doctor) masked "$cooper" doctor "$2" --host "$3" ;;
	esac
}

# podman-2021 against podman 3.4, option by option: each difference has its reason in docs/podman-2021.md
compare_2021() {
	"$cooper" tool argv podman-2021 --host "$folder/m1-macos-14.json" --first-boot >"$work/argv" 2>/dev/null
	python3 tests/golden/podman-2021.py tests/golden/podman-2021/podman-3.4-argv.txt "$work/argv" \
		docs/podman-2021.md >"$work/comparison"
}
if [ "$rewrite" != --rewrite ]; then
	if compare_2021; then passed=1; else failed=1; fi
fi

for host in "$folder"/*.json; do
	for stack in podman podman-2021 podman-debian "$folder/qemu-11.yaml"; do
		for what in plan argv ignition sign doctor; do
			# without a lock there is no machine yet
			case $stack-$what in podman-debian-argv | podman-debian-ignition | podman-debian-sign) continue ;; esac
			name=${stack##*/}
			expected=${host%.json}/${name%.yaml}.$what
			show "$what" "$stack" "$host" >"$work/found"
			if [ "$rewrite" = --rewrite ]; then
				mkdir -p "${host%.json}"
				cp "$work/found" "$expected"
			elif cmp -s "$work/found" "$expected"; then
				passed=$((passed + 1))
			else
				failed=$((failed + 1))
				echo "FAIL: $expected"
				diff "$expected" "$work/found" | head -20
			fi
		done
	done
done
[ "$rewrite" = --rewrite ] && exit
echo "hosts: $passed passed, $failed failed"
[ "$failed" = 0 ]
