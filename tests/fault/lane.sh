#!/usr/bin/env bash
# lane.sh LANE LANES SECONDS SEED POINTS FILE - one lane of torture.sh: every LANES-th of the first POINTS of the shuffled
# points, each written to FILE as "ok|WRONG SCENARIO CALL PLACE ACTION: what came of it". Compile with CONFIG=fault first.
set -u
cd "$(dirname "$0")/../.." || exit 1
lane=$1 lanes=$2 seconds=$3 seed=$4 most=$5 results=$6
export CONFIG=fault
. tests/scripted/lib.sh
. tests/fault/errnos.sh
. tests/fault/state.sh
step='{ name: motd, write: { path: /etc/motd, text: "hello" }, then: { run: [cp, /etc/motd, /etc/then] } }'
snapshots=$work/snapshots places=$work/places
mkdir -p "$snapshots" "$places"
emulator one && image 1 && stack 512MiB "$step"
cd "$project" || exit 1
cp -a "$project" "$work/project.one"

quietly() { timeout 60 "$cooper" "$@" >"$out" 2>&1 </dev/null; }

# By a hash of each line with the seed: one point more or less moves no other.
shuffled() {
	awk -v seed="$seed" '
		BEGIN { for (i = 32; i < 127; i++) code[sprintf("%c", i)] = i }
		{
			text = seed $2 $3 $4
			for (i = hash = 1; i <= length(text); i++) hash = (hash * 69069 + code[substr(text, i, 1)] * 7919) % 2147483647
			printf "%010d\t%s\n", hash, $0
		}' | sort | cut -f2-
}

# take NAME, restore NAME - the home of a stopped machine
take() { quietly stop && cp -a "$COOPER_HOME" "$snapshots/$1"; }
restore() {
	chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" "$work/connections" && cp -a "$snapshots/$1" "$COOPER_HOME"
}

# What a command that was cut short leaves for nobody is gc's to remove.
settle() { quietly stop && quietly gc --yes; }

# A scenario: from which home, the command, and what makes it whole when it was cut short.
scenarios='up noop start change image gc verify stop destroy rollback'
prepare() {
	rm -rf "$project/recipes" "$project/vmimages" "$project/patches" && cp -a "$work/project.one/." "$project/"
	case $1 in
	up) restore empty ;;
	gc | rollback) restore two ;;
	*) restore one ;;
	esac
	case $1 in
	noop | stop) quietly start ;;
	change) stack 768MiB "${step/hello/bye}" ;;
	image) image 2 ;;
	gc) image 2 ;;
	rollback) image 2 ;;
	esac
}
command_of() {
	case $1 in
	up | noop | change | image) echo up ;;
	gc) echo gc --yes ;;
	verify) echo verify --deep ;;
	destroy) echo destroy --yes ;;
	*) echo "$1" ;;
	esac
}

mkdir "$snapshots/empty"
quietly up && take one
image 2 && quietly up && take two
all=$work/all
for scenario in $scenarios; do
	prepare "$scenario"
	# shellcheck disable=SC2046
	COOPER_FAULT_LOG=$places/$scenario quietly $(command_of "$scenario")
	settle
	state >"$work/state.$scenario"
	sort "$places/$scenario" | sed "s/^/$scenario /"
done | awk '!seen[$2 $3]++' >"$work/unique"
while read -r scenario call place _; do
	for action in $(errnos_of "$call") kill; do
		echo "$scenario $call $place $action"
	done
done <"$work/unique" | shuffled >"$all"
[ "$lane" != 0 ] || echo "points $(grep -c . "$all")" >>"$results"

# try SCENARIO CALL PLACE ACTION - what came of it, in $verdict; empty if it is right
try() {
	local scenario=$1 number code words
	number=$(number_of "$4")
	rm -f "$work/fired"
	prepare "$scenario"
	# shellcheck disable=SC2046
	COOPER_FAULT_LOG=$work/fired COOPER_FAULT="$2 $3 $number" quietly $(command_of "$scenario")
	code=$?
	words=$(tail -3 "$out" | tr '\n' ' ' | cut -c1-300)
	verdict=
	grep -q fired "$work/fired" 2>/dev/null || { verdict=none && quietly stop && return; }
	case $code in
	0) ;;
	124) verdict="hangs: $words" ;;
	137) [ "$4" = kill ] || verdict="killed: $words" ;;
	1 | 5 | 8) ;;
	7) case $4 in ENOSPC | EDQUOT | EFBIG) ;; *) verdict="exit 7 for $4: $words" ;; esac ;;
	*) verdict="exit $code: $words" ;;
	esac
	case $words in *bug:*) verdict="a bug: $words" ;; esac
	[ $code = 0 ] || [ "$4" = kill ] || grep -q 'cooper: ' "$out" || verdict="exit $code without a word: $words"
	if [ $code != 0 ]; then
		# shellcheck disable=SC2046
		quietly $(command_of "$scenario") || verdict="${verdict:+$verdict; }again: exit $?: $(tail -2 "$out" | tr '\n' ' ' | cut -c1-300)"
	fi
	settle
	state >"$work/state"
	cmp -s "$work/state" "$work/state.$scenario" ||
		verdict="${verdict:+$verdict; }exit $code ($words), then another state: $(diff "$work/state.$scenario" "$work/state" | grep '^[<>]' | head -4 | tr '\n' ' ')"
	words=$(left_running)
	[ -z "$words" ] || verdict="${verdict:+$verdict; }left running: $words"
}

ends=$(($(date +%s) + seconds)) number=0
while read -r scenario call place action; do
	number=$((number + 1))
	[ $((number % lanes)) = "$lane" ] || continue
	[ "$(date +%s)" -lt $ends ] || break
	[ $number -le "$most" ] || break
	try "$scenario" "$call" "$place" "$action"
	case $verdict in
	'') echo "ok $scenario $call $place $action" ;;
	none) echo "unreached $scenario $call $place $action" ;;
	*) echo "WRONG $scenario $call $place $action: $verdict" ;;
	esac >>"$results"
done <"$all"
