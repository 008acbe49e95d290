#!/usr/bin/env bash
# Each mutant of tests/mutation/mutants takes one protection away, in a copy of the tree: the test that its row names
# passes without the change, and fails with it. Names as arguments: those alone. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export PATH=/usr/lib/ccache:$PATH CCACHE_NOHASHDIR=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree table=$work/tree/tests/mutation/table.py
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
passed=0 failed=0
declare -A sound

mkdir "$tree" "$work/tmp"
chmod 755 "$work" # some tests act as another user
git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T - | tar -xf - -C "$tree"
[ ! -d build/liblzma ] || { mkdir -p "$tree/build" && cp -Rp build/liblzma "$tree/build/"; }
export TMPDIR=$work/tmp

# compile KIND WHAT - what the test needs, in the copy
compile() {
	case $1 in
	unit) make -s -C "$tree" -j"$jobs" WERROR=-Werror "build/release/tests/unit/$2" ;;
	*) make -s -C "$tree" -j"$jobs" WERROR=-Werror all scripted ;;
	esac >"$work/compiled" 2>&1
}

# perform KIND WHAT [TEST] - 0 it passes, 1 it fails, 2 it says nothing of the kind
perform() {
	local status=0
	case $1 in
	unit)
		(cd "$tree" && TEST_ONLY=$3 timeout 120 "build/release/tests/unit/$2") >"$work/said" 2>&1 || status=$?
		# a crash names no test, and none but the one is run
		if [ $status = 0 ]; then
			grep -q "^\[       OK \] $3\$" "$work/said" || return 2
		fi
		;;
	bats)
		(cd "$tree" && timeout 300 bats --formatter tap -f "${*:3}" "$2") >"$work/said" 2>&1 </dev/null || status=$?
		grep -qE '^(not )?ok [0-9]' "$work/said" && ! grep -q '# skip' "$work/said" || return 2
		;;
	script) (cd "$tree" && timeout 600 bash "$2") >"$work/said" 2>&1 </dev/null || status=$? ;;
	esac
	[ $status -ne 124 ] || return 2
	[ $status = 0 ]
}

ends() { # ends NAME WHY FILE - the row fails
	failed=$((failed + 1))
	printf 'FAILED: %s: %s\n' "$1" "$2"
	[ -z "${3:-}" ] || tail -15 "$3" | sed 's/^/    /'
}

# Whether the test passes as the code is; asked once.
is_sound() {
	[ -n "${sound[$*]:-}" ] || { compile "$@" && perform "$@" && sound[$*]=yes || sound[$*]=no; }
	[ "${sound[$*]}" = yes ]
}

mutate() { # mutate NAME FILE KIND WHAT [TEST]
	local name=$1 file=$2 why
	shift 2
	is_sound "$@" || { ends "$name" "its test does not pass as the code is: $*" "$work/said"; return; }
	cp "$tree/$file" "$work/kept"
	if ! why=$(python3 "$table" apply "$name" "$tree" 2>&1); then
		ends "$name" "$why"
	elif ! compile "$@"; then
		ends "$name" "it does not compile" "$work/compiled"
	else
		perform "$@"
		case $? in
		0) ends "$name" "no test saw it: $*" ;;
		1) passed=$((passed + 1)) && printf 'ok: %s: seen by %s\n' "$name" "$*" ;;
		2) ends "$name" "its test ended without a verdict: $*" "$work/said" ;;
		esac
	fi
	cp "$work/kept" "$tree/$file"
}

python3 "$table" list "$@" >"$work/rows" || exit 2
while IFS=$'\t' read -r name file test <&3; do
	# shellcheck disable=SC2086  # a test is words
	mutate "$name" "$file" $test
done 3<"$work/rows"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
