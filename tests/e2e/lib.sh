# Sourced by the end-to-end tests that keep a home of their own, from the top of the tree.
# shellcheck shell=bash

cooper=$PWD/build/release/cooper
usual=${COOPER_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper}
passed=0 failed=0
export NO_COLOR=1

# result NAME STATUS - count and say it
result() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1)) && echo "ok    $1"
	else
		failed=$((failed + 1)) && echo "FAIL  $1"
	fi
}

# exits CODE COMMAND... - the command's exit code is CODE; its output is kept in $work/out
exits() {
	local want=$1 got
	shift
	"$@" >"$work/out" 2>&1
	got=$?
	[ $got = "$want" ] || { echo "exit $got instead of $want"; tail -20 "$work/out"; return 1; }
}

# own_home PART... - COOPER_HOME below a new folder $work, with these parts of the usual home (as links, since nothing
# there is ever written to again) and its compiler cache; both go when the script ends. Without a usual home the script ends with SKIP.
own_home() {
	[ -f "$usual/cooper.lock" ] || { echo "SKIP: run \`make up\` first, for its downloads"; exit 0; }
	work=$(mktemp -d)
	trap '"$cooper" destroy --all --yes >/dev/null 2>&1; rm -rf --one-file-system "$work"' EXIT
	export COOPER_HOME=$work/home CCACHE_DIR=$usual/ccache
	mkdir -p "$COOPER_HOME" "$work/p"
	local part
	for part in "$@"; do
		[ ! -e "$usual/$part" ] || cp -al "$usual/$part" "$COOPER_HOME/" 2>/dev/null ||
			cp -a "$usual/$part" "$COOPER_HOME/"
	done
}

# totals - the last line; fails when anything failed
totals() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
