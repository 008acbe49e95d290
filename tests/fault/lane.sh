#!/usr/bin/env bash
# lane.sh WAY LANE LANES SECONDS SEED POINTS FILE PATTERN - one lane of torture.sh: its share of the first POINTS of the
# shuffled points that PATTERN matches, each written to FILE as "ok|WRONG SCENARIO CALL PLACE ACTION: what came of it". Compiled
# first; WAY is inside (CONFIG=fault: a call of our own code fails, or is killed there) or outside (CONFIG=release: a system
# call fails).
set -u
cd "$(dirname "$0")/../.." || exit 1
way=$1 lane=$2 lanes=$3 seconds=$4 seed=$5 most=$6 results=$7 pattern=$8
export CONFIG=fault
[ "$way" = inside ] || CONFIG=release
. tests/scripted/lib.sh
. tests/fault/errnos.sh
. tests/fault/state.sh
exported=$work/dev.tar
step='{ name: motd, write: { path: /etc/motd, text: "hello" }, then: { run: [cp, /etc/motd, /etc/then] } }'
snapshots=$work/snapshots places=$work/places
mkdir -p "$snapshots" "$places"
emulator one && image 1 && stack 512MiB "$step"
cd "$project" || exit 1
cp -a "$project" "$work/project.one"

quietly() { timeout 60 "$cooper" "$@" >"$out" 2>&1 </dev/null; }
# faulty FILE FAULT COMMAND... - where one place fails, or none, as outside.c and faults.c read it
tracer=
[ "$way" = inside ] || tracer=$(dirname "$scripted")/../build/release/tests/fault/outside
faulty() {
	local file=$1 fault=$2
	shift 2
	# shellcheck disable=SC2086
	env COOPER_FAULT_LOG="$file" ${fault:+COOPER_FAULT="$fault"} timeout 60 $tracer "$cooper" "$@" >"$out" 2>&1 </dev/null
}

# RANK SCENARIO CALL PLACE ACTION, in the order of their ranks, and within each of a hash of the line with the seed: one
# point more or less moves no other, to no other lane either, which is the first word of what is printed.
shuffled() {
	awk -v seed="$seed" -v lanes="$lanes" '
		BEGIN { for (i = 32; i < 127; i++) code[sprintf("%c", i)] = i }
		{
			text = seed $2 $3 $4 $5
			for (i = hash = 1; i <= length(text); i++) hash = (hash * 69069 + code[substr(text, i, 1)] * 7919) % 2147483647
			printf "%d%010d\t%d %s\n", $1, hash, hash % lanes, $0
		}' | sort | cut -f2- | cut -d" " -f1,3-
}

# take NAME, restore NAME - the home of a stopped machine
take() { quietly stop && cp -a "$COOPER_HOME" "$snapshots/$1"; }
restore() {
	chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" && no_clients && cp -a "$snapshots/$1" "$COOPER_HOME"
}

# What a command that was cut short leaves for nobody is gc's to remove.
settle() { { quietly stop || quietly stop; } && quietly gc --yes; }

# A scenario: from which home, the command, and what makes it whole when it was cut short. Those that are quick come first:
# a place is tried in the first one that comes by.
scenarios='verify gc snapshot revert delete clone export import build stop destroy start noop network up change rollback image'
prepare() {
	rm -rf "$project/recipes" "$project/vmimages" "$project/patches" && cp -a "$work/project.one/." "$project/"
	rm -f "$exported"*
	unset https_proxy
	case $1 in
	build | up) restore empty ;;
	gc | rollback) restore two ;;
	*) restore one ;;
	esac
	case $1 in
	noop | stop) quietly start ;;
	network) quietly start && export https_proxy=http://proxy.example:3128 ;;
	revert | delete) quietly snapshot create s && printf more >>"$machine/data.qcow2" ;;
	import) quietly export "$exported" ;;
	change) stack 768MiB "${step/hello/bye}" ;;
	image) image 2 ;;
	gc) image 2 ;;
	rollback) image 2 ;;
	esac
}
command_of() {
	case $1 in
	up | noop | network | change | image) echo up ;;
	gc) echo gc --yes ;;
	verify) echo verify --deep ;;
	destroy) echo destroy --yes ;;
	snapshot) echo snapshot create s ;;
	revert) echo snapshot restore s --yes ;;
	delete) echo snapshot delete s ;;
	clone) echo clone twin ;;
	export) echo export "$exported" ;;
	import) echo import "$exported" twin ;;
	*) echo "$1" ;;
	esac
}
# What cannot be done twice was done by the first one.
done_before() {
	case $1 in
	snapshot | clone | export | import) grep -q already "$out" ;;
	delete) grep -q "has no snapshot" "$out" ;;
	*) false ;;
	esac
}
# Whether the machine runs after a command that ended with 0, or says why it does not.
runs() {
	case $1 in up | noop | network | start | change | image | rollback) ;; *) return 0 ;; esac
	[ "$(field state)" = ready ] || grep -q 'cooper: ' "$machine/log/supervisor.log"
}

mkdir "$snapshots/empty"
quietly up && take one
image 2 && quietly up && take two
all=$work/all
for scenario in $scenarios; do
	prepare "$scenario"
	# shellcheck disable=SC2046
	faulty "$places/$scenario" "" $(command_of "$scenario")
	settle
	state >"$work/state.$scenario"
	[ "$way" = inside ] || wait_for grep -qx end "$places/$scenario"
	case $way in
	inside) sort "$places/$scenario" | sed "s/^/0 $scenario /" | cut -d" " -f1-4 ;;
	# what the loader does before is not ours
	outside) awk -v scenario="$scenario" '$3 != "00000000" { ours = 1 } ours && NF == 3 { print 0, scenario, $1, $2, $3 }' "$places/$scenario" ;;
	esac
done >"$work/each"
# Each place in the first scenario that comes by; those outside that look like another one come later.
case $way in
inside) awk '!seen[$3 $4]++' "$work/each" ;;
outside) awk '{ print (seen[$3 $5]++ ? 1 : 0), $2, $3, $4 }' "$work/each" ;;
esac >"$work/unique"
while read -r call; do
	actions=$(errnos_of "$call")
	[ "$way" = outside ] || actions="$actions kill"
	for action in $actions; do
		echo "$call $action"
	done
done < <(cut -d" " -f3 "$work/unique" | sort -u) >"$work/actions"
awk 'NR == FNR { actions[$1] = actions[$1] " " $2; next } { n = split(actions[$3], a); for (i = 1; i <= n; i++) print $0, a[i] }' \
	"$work/actions" "$work/unique" | shuffled | grep -E -- "$pattern" >"$all"
[ "$lane" != 0 ] || echo "points $(grep -c . "$all")" >>"$results"

# try SCENARIO CALL PLACE ACTION - what came of it, in $verdict; empty if it is right
try() {
	local scenario=$1 number code words later=
	number=$(number_of "$4")
	rm -f "$work/fired"
	prepare "$scenario"
	# shellcheck disable=SC2046
	faulty "$work/fired" "$2 $3 $number" $(command_of "$scenario")
	code=$?
	[ $code != 0 ] || grep -q fired "$work/fired" 2>/dev/null || later=yes
	words=$(tail -3 "$out" | tr '\n' ' ' | cut -c1-300)
	verdict=
	case $code in
	0) ;;
	124) verdict="hangs: $words" ;;
	137) [ "$4" = kill ] || verdict="killed: $words" ;;
	1 | 5 | 8) ;;
	4) case $4 in ELOOP) ;; *) verdict="exit 4 for $4: $words" ;; esac ;; # a link where a tree is written: an archive's doing
	7) case $4 in ENOSPC | EDQUOT | EFBIG) ;; *) verdict="exit 7 for $4: $words" ;; esac ;;
	*) verdict="exit $code: $words" ;;
	esac
	case $words in *bug:*) verdict="a bug: $words" ;; esac
	[ $code = 0 ] || [ "$4" = kill ] || grep -q 'cooper: ' "$out" || verdict="exit $code without a word: $words"
	[ $code != 0 ] || runs "$scenario" || verdict="exit 0, and the machine is $(field state)"
	if [ $code != 0 ]; then
		# shellcheck disable=SC2046
		quietly $(command_of "$scenario") || done_before "$scenario" ||
			verdict="${verdict:+$verdict; }again: exit $?: $(tail -2 "$out" | tr '\n' ' ' | cut -c1-300)"
	fi
	settle || verdict="${verdict:+$verdict; }stop and gc: exit $?: $(tail -2 "$out" | tr '\n' ' ' | cut -c1-300)"
	# It came true after the command, at the machine's end: the next life is as any other.
	if [ -n "$later" ] && grep -q fired "$work/fired" 2>/dev/null; then
		# shellcheck disable=SC2046
		quietly $(command_of "$scenario") && settle
	fi
	state >"$work/state"
	cmp -s "$work/state" "$work/state.$scenario" ||
		verdict="${verdict:+$verdict; }exit $code ($words), then another state: $(diff "$work/state.$scenario" "$work/state" | grep '^[<>]' | head -4 | tr '\n' ' ')"
	words=$(left_running)
	# shellcheck disable=SC2086
	[ -z "$words" ] || { verdict="${verdict:+$verdict; }left running: $(ps -o pid=,args= -p ${words//$'\n'/,} | tr '\n' ' ')" && kill -9 $words; }
	[ -n "$verdict" ] || grep -q fired "$work/fired" 2>/dev/null || verdict=none
}

ends=$(($(date +%s) + seconds)) number=0
while read -r whose scenario call place action; do
	number=$((number + 1))
	[ "$whose" = "$lane" ] || continue
	[ "$(date +%s)" -lt $ends ] || break
	[ $number -le "$most" ] || break
	try "$scenario" "$call" "$place" "$action"
	case $verdict in
	'') echo "ok $scenario $call $place $action" ;;
	none) echo "unreached $scenario $call $place $action" ;;
	*) echo "WRONG $scenario $call $place $action: $verdict" ;;
	esac >>"$results"
done <"$all"
