#!/usr/bin/env bash
# An uncooperative recipe tries its ways out of the box of its build, at each level that a host may have, as this user
# and, for root, as another one too: what gets through is exactly what the level says it does not keep.
# Seconds; Linux. Ends with "N passed, N failed".
# shellcheck disable=SC2016  # what recipes and inner shells expand
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "$(uname)" = Linux ] || { echo "SKIP: the ways are Linux's"; echo "0 passed, 0 failed"; exit 0; }
cooper=$PWD/build/${CONFIG:-release}/cooper
here=$PWD/tests/build
work=$(mktemp -d) passed=0 failed=0 pids=
finish() {
	# shellcheck disable=SC2086  # a list
	kill $pids 2>/dev/null
	chmod -R u+w "$work" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
unset COOPER_MIRROR COOPER_OFFLINE COOPER_BOX XDG_DATA_HOME XDG_CONFIG_HOME CCACHE_DIR
export NO_COLOR=1 COOPER_RECIPES=$work/shipped TMPDIR=$work/tmp
chmod 755 "$work"

ok() { # ok NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		passed=$((passed + 1)) && echo "ok     $name"
	else
		failed=$((failed + 1)) && echo "not ok $name" && sed 's/^/  | /' "$work/said" | tail -30
	fi
}

# --- the project and its victims ---
mkdir -p "$work/shipped/recipes" "$work/p/recipes" "$work/p/vmimages" "$work/tree/s" "$work/user/.ssh" "$work/tmp"
cp "$here/attack.py" "$here/bomb.c" "$work/tree/s/"
tar -C "$work/tree" -cf "$work/s.tar" s
echo "PRIVATE KEY" >"$work/user/.ssh/id" && chmod 600 "$work/user/.ssh/id"
echo "another's" >"$work/tmp/other"
python3 "$here/victims.py" "$work" & pids="$pids $!"
sleep 300 & pids="$pids $!" victim=$!
for _ in $(seq 100); do
	[ -e "$work/ready" ] && break
	sleep 0.05
done
# shellcheck disable=SC1091
. "$work/ready"
: "${port:?}" "${abstract:?}" "${shm:?}"
mark=$((100000 + RANDOM)).$$
other=$((54900 + $$ % 500)) # a user without other processes: they count together

cat >"$work/p/vmimages/none.yaml" <<END
kind: image
name: none
version: "1"
os: debian
source: [{ url: "file:///none.qcow2", sha256: "$(printf '%064d' 1)" }]
format: qcow2
boot: { mode: uefi }
user: core
END
printf 'kind: stack\nemulator: tiny\nimage: none\n' >"$work/p/cooper.yaml"

# recipe HOME SCRIPT [INSTALL] - what its build and its installation run
recipe() {
	local keg install=${3:-'install -m 755 ./bomb ${prefix}/; chmod 6755 ${prefix}/bomb || true'}
	keg=$1/store/0123-first-x86_64
	cat >"$work/p/recipes/tiny.yaml" <<-END
		kind: build
		name: tiny
		version: "1"
		license: MIT
		source: [{ url: "file://$work/s.tar", sha256: $(sha256sum "$work/s.tar" | cut -d' ' -f1) }]
		env:
		  V_PORT: "$port"
		  V_ABSTRACT: $abstract
		  V_AGENT: $work/agent
		  V_SECRET: $work/user/.ssh/id
		  V_HOME: $work/user
		  V_STORE: $1/store
		  V_KEG: $keg/program
		  V_CAS: $1/cas
		  V_OTHER: $1/build/other
		  V_TEMP: $work/tmp/other
		  V_PID: "$victim"
		  V_SHM: "$shm"
		  V_MARK: "$mark"
		build: [{ script: '$2' }]
		install: [{ script: '$install' }]
	END
}

# as USER COMMAND... - of an empty name: as this user
as() {
	local user=$1
	shift
	if [ -n "$user" ]; then setpriv --reuid "$user" --regid "$user" --clear-groups "$@"; else "$@"; fi
}

# through HOME - the ways that got through, as the log has them
through() { sed -n 's/^THROUGH \([a-z-]*\).*/\1/p' "$1"/log/build-*.log | sort | tr '\n' ' '; }
attack='cc -O -o bomb ${source}/bomb.c; python3 ${source}/attack.py'

# build HOME LEVEL USER [--yes] - what it says and its exit code are in build.out
build() {
	local home=$1 level=$2 user=$3
	shift 3
	(
		cd "$work/p" && exec 50<"$work/user/.ssh/id"
		COOPER_HOME=$home HOME=$work/user COOPER_BOX=$level SSH_AUTH_SOCK=$work/agent SECRET_TOKEN=x \
			as "$user" "$cooper" build "$@"
	) >"$work/build.out" 2>&1 </dev/null
	echo "exit $?" >>"$work/build.out"
}

# tries NAME LEVEL USER EXPECTED - "" = nothing gets through
tries() {
	local name=$1 level=$2 user=$3 expected=$4 home=$work/home-$2-$3
	mkdir -p "$home/store/0123-first-x86_64" "$home/build/other" "$home/cas"
	echo program >"$home/store/0123-first-x86_64/program"
	[ -z "$user" ] || chown -R "$user" "$home" "$work/user" "$work/tmp"
	recipe "$home" "$attack"
	if [ -n "$level" ]; then
		build "$home" "$level" "$user"
		ok "$name: nobody has agreed" sh -c 'cat "$1"; tail -1 "$1" | grep -qx "exit 2" && grep -q "does not keep its commands from" "$1"' - "$work/build.out"
		ok "$name: nothing has run" sh -c 'ls "$1"/log "$1"/build; ! ls "$1"/log/build-*.log' - "$home"
	fi
	build "$home" "$level" "$user" ${level:+--yes}
	ok "$name: builds" sh -c 'cat "$1"; tail -1 "$1" | grep -qx "exit 0"' - "$work/build.out"
	ok "$name: every way was tried" grep -qx "tried everything" "$home"/log/build-*.log
	if [ "$expected" = any ]; then
		for way in agent-in-environment daemon descriptors-inherited huge-file own-home-has-settings; do
			ok "$name: held: $way" grep -qE "^held $way( |\$)" "$home"/log/build-*.log
		done
	else
		echo "through: $(through "$home")expected: $expected" >"$work/ways"
		ok "$name: what gets through" sh -c 'cat "$1"; [ "$2" = "$3" ]' - "$work/ways" "$(through "$home")" "${expected:+$expected }"
	fi
	ok "$name: no daemon goes on" sh -c '! pgrep -f "sleep $1"' - "$mark"
	ok "$name: nothing setuid in the keg" sh -c 'ls -d "$1"/store/*-tiny-1-*/bomb && [ -z "$(find "$1/store" -perm /6000)" ]' - "$home"
	[ -z "$user" ] || chown -R "$(id -u)" "$work/user" "$work/tmp"
	rm -f "$work/tmp/other.moved" "$work/user/.profile"
	echo "another's" >"$work/tmp/other" && chmod 644 "$work/tmp/other"
}
# lets LEVEL USER - what this host does not keep there, as doctor says it
lets() {
	(
		cd "$work/p" && mkdir -p "$work/home-facts-$2" && { [ -z "$2" ] || chown "$2" "$work/home-facts-$2"; }
		COOPER_HOME=$work/home-facts-$2 HOME=$work/user COOPER_BOX=$1 as "$2" "$cooper" tool facts |
			sed -n 's/.*"box_lets": "\(.*\)".*/\1/p'
	)
}

# at NAME LEVEL USER - what gets through is what doctor says
at() {
	local missing expected=''
	recipe "$work/home-facts-$3" true
	missing=$(lets "$2" "$3")
	case $missing in *"reading homes"*) echo "SKIP   $1: this host has none" && return ;; esac
	if [ -z "$2" ]; then
		case $missing in *"times of files"*) echo "SKIP   $1: this host denies them" && return ;; esac
	fi
	case $missing in *"any number of processes"*) expected="any-number-of-processes" ;; esac
	case $missing in *"times of files"*) expected="$expected mode-of-a-file" ;; esac
	case $missing in *"signals to"*) expected="$expected process-is-killed-by-pidfd process-is-signalled" ;; esac
	tries "$1" "$2" "$3" "${expected# }"
}

if [ "$(id -u)" = 0 ]; then
	at "namespaces, root" "" ""
	at "namespaces, a user" "" $other
	at "rules, root" rules ""
	at "rules, a user" rules $other
	tries "nothing, root" nothing "" any
else
	at "namespaces" "" ""
	at "rules" rules ""
	tries "nothing" nothing "" any
fi

# --- the end of cooper is the end of what it runs ---
for signal in INT TERM HUP KILL; do
	recipe "$work/home-$signal" "setsid sh -c \"(exec sleep $mark) & exit\" </dev/null >/dev/null 2>&1 & sleep 60"
	(
		cd "$work/p" && COOPER_HOME=$work/home-$signal HOME=$work/user exec env --default-signal=INT,HUP,TERM "$cooper" build --yes
	) >"$work/build.out" 2>&1 &
	cooper_pid=$!
	for _ in $(seq 100); do
		pgrep -f "^sleep $mark" >/dev/null && break
		sleep 0.05
	done
	kill -"$signal" $cooper_pid
	wait $cooper_pid 2>/dev/null
	ok "SIG$signal: its daemon is gone" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do pgrep -f "^sleep $1" >/dev/null || exit 0; sleep 0.1; done; exit 1' - "$mark"
done

# --- a disk that fills up, and the network that a build asks for ---
if [ "$(id -u)" = 0 ] && mkdir -p "$work/small" && mount -t tmpfs -o size=40m tmpfs "$work/small" 2>/dev/null; then
	recipe "$work/small/home" 'while head -c 1000000 /dev/zero >>fill; do :; done; sleep 30'
	code=0
	(cd "$work/p" && COOPER_HOME=$work/small/home "$cooper" build --yes) >"$work/build.out" 2>&1 || code=$?
	ok "a full disk: exit 7, soon" sh -c 'cat "$1"; [ "$2" = 7 ] && grep -q "has filled the disk" "$1"' - "$work/build.out" $code
	ok "and what filled it is gone" sh -c '[ "$(du -sm "$1" | cut -f1)" -lt 5 ]' - "$work/small/home"
	umount "$work/small"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
