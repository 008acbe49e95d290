#!/usr/bin/env bash
# crowd.sh [SECONDS [SEED]] - eight processes at once on one home, for two projects with an emulator and a machine each and
# one source and one image in common. Each does at random what people do: build, boot, change a step, stop, collect the
# garbage, verify, and lose results that others need. Every command has to end within a minute with an exit code that is
# right there, nothing may be called damaged, and in the end `up` of both reaches the state that it reaches alone.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-20} seed=${2:-1}
[ -x "build/${CONFIG:-release}/tests/cooper-scripted" ] || "${MAKE:-make}" -s -j2 scripted || exit 1
. tests/scripted/lib.sh
. tests/fault/state.sh
step() { echo "{ name: motd, write: { path: /etc/motd, text: $1 }, then: { run: [cp, /etc/motd, /etc/then] } }"; }
emulator one && image 1
mkdir -p "$work/shipped/recipes" "$work/shipped/vmimages" "$work/lost" "$work/said"
export COOPER_RECIPES=$work/shipped
cp -R "$project" "$work/two"
mv "$work/two/recipes/tiny.yaml" "$work/two/recipes/small.yaml"
sed -i.old -e 's/^name: tiny/name: small/' -e 's/expect: "one"/expect: "two"/' "$work/two/recipes/small.yaml"
sed -i.old -e 's/^+one/+two/' "$work/two/patches/tiny/words.patch"
rm -f "$work"/two/recipes/*.old "$work"/two/patches/tiny/*.old

# write PROJECT TEXT - its stack, by one rename: there is always a whole one
write() {
	local project=$work/$1.new.$BASHPID
	mkdir -p "$project" && stack 512MiB "$(step "$2")"
	[ "$1" = project ] || sed -i.old -e 's/emulator: tiny/emulator: small/' -e 's/name: dev/name: two/' "$project/cooper.yaml"
	mv "$project/cooper.yaml" "$work/$1/cooper.yaml"
}

# lose PATTERN - a result or an object of the home goes, as one that somebody removed while nobody works
lose() {
	local found=() n=$RANDOM
	mapfile -t found < <(compgen -G "$COOPER_HOME/$1" | sort)
	[ ${#found[@]} = 0 ] || flock "$COOPER_HOME/up.lock" mv -T "${found[n % ${#found[@]}]}" "$work/lost/$BASHPID.$n" 2>/dev/null
}

# both COMMAND... - for both projects
both() { (cd "$work/project" && "$cooper" "$@") && (cd "$work/two" && "$cooper" "$@"); }
settle() {
	write project hello && write two hello
	both untrust
	both up --yes && both fetch && both build && both build --image --yes && both verify --deep && "$cooper" gc --yes && both up --yes && both stop && "$cooper" gc --yes
}
settled() { settle >"$out" 2>&1 </dev/null; }

# allowed CODE COMMAND... - whether the command may end so, with what it said in $said
allowed() {
	local code=$1
	shift
	grep -qE '(is|was|were|[1-9][0-9]*) damaged|bug:|Sanitizer' "$said" && return 1
	case "$code $*" in
	0\ *) true ;;
	3\ plan) true ;;
	5\ *--no-wait) true ;;
	1\ start) grep -q 'the emulator .* is missing' "$said" ;;
	2\ up) grep -q 'nobody has agreed\|agreed to before' "$said" ;;
	*) false ;;
	esac
}

# one person: PROJECT NUMBER, at random until the time is over
person() {
	local where=$1 number=$2 said=$work/said/$2 code from
	cd "$work/$where" || return
	RANDOM=$((seed * 100 + number))
	while [ "$(date +%s)" -lt "$ends" ]; do
		set --
		case $((RANDOM % 20)) in
		0 | 1 | 2) set -- up --yes ;;
		3) set -- up --yes --no-wait ;;
		4) set -- up ;;
		5) set -- build ;;
		6) set -- build --image --yes ;;
		7) set -- fetch ;;
		8) set -- gc --yes ;;
		9) set -- verify --deep ;;
		10 | 11) set -- plan ;;
		12) set -- status ;;
		13) set -- start ;;
		14) set -- stop ;;
		15) set -- trust --yes ;;
		16) set -- untrust ;;
		17) lose 'store/*' ;;
		18) lose 'cas/sha256/*/*' ;;
		19) write "$where" "word$((RANDOM % 2))" ;;
		esac
		[ $# != 0 ] || continue
		from=$(date +%s%N) code=0
		timeout 60 "$cooper" "$@" >"$said" 2>&1 </dev/null || code=$?
		echo "$((($(date +%s%N) - from) / 1000000)) $code $*" >>"$work/done.$number"
		allowed $code "$@" || { echo "$where: $*: exit $code" && tail -5 "$said" | cut -c1-300; } >>"$work/wrong.$number"
	done
}

check "alone, both come up" settled
state >"$work/state.alone"
chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" && no_clients && mkdir "$COOPER_HOME"
write project hello && write two hello
both up --yes >"$out" 2>&1
ends=$(($(date +%s) + seconds)) people=
for number in 1 2 3 4 5 6 7 8; do
	if [ $((number % 2)) = 0 ]; then person project $number & else person two $number & fi
	people="$people $!"
done
# shellcheck disable=SC2086
wait $people
cat "$work"/wrong.* >"$out" 2>/dev/null || : >"$out"
check "every command ended as it may" [ ! -s "$out" ]
check "then both come up" settled
state >"$work/state.crowd"
diff "$work/state.alone" "$work/state.crowd" >"$out"
check "in the same state as alone" [ ! -s "$out" ]
left_running >"$out"
check "nothing is left running" [ ! -s "$out" ]
cat "$work"/done.* | sort -n | awk -v seed="$seed" '
	{ count[$3]++; last = $0 }
	END { printf "%d commands, seed %d:", NR, seed; for (name in count) printf " %s %d", name, count[name]; printf "; the longest: %s (ms, exit code)\n", last }'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
