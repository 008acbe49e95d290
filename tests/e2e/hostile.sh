#!/usr/bin/env bash
# A real guest whose root wants the host (hostile.pl is what he runs): through its shares, its network and its monitor
# nothing of the host is changed, reached or read. docs/security.md has the promises; tests/scripted/hostile.sh has what
# needs no real guest.
# hostile.sh [GROUP...]: some of them alone. Uses a home of its own, with the results of the usual one; about 4 minutes.
set -u
set -m
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
here=$PWD/tests/e2e
own_home cas store accel.json

# --- helpers ---

machine=$COOPER_HOME/machines/hostile
guest() { "$cooper" ssh -- "$@"; }
# attack NAME WORD... - by the guest's root; what he says of it is in $work/said
attack() { guest sudo perl /home/core/hostile.pl "$@" >"$work/said" 2>&1 </dev/null; }
field() { "$cooper" status --json 2>/dev/null | sed -n "s/^  \"$1\": \"*\([^\",]*\)\"*,*$/\1/p"; }
seconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000000)); }
# plain FILE - no control characters, in whichever encoding
plain() { ! LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1"; }
# within SECONDS CODE TEXT COMMAND... - it ends by then, with that code, says TEXT, and nothing that a terminal obeys
within() {
	local limit=$1 code=$2 text=$3 got from
	shift 3
	from=$(seconds)
	timeout -k 5 "$limit" "$@" >"$work/out" 2>&1 </dev/null
	got=$?
	took=$(($(seconds) - from))
	[ $got = "$code" ] && grep -qF -- "$text" "$work/out" && plain "$work/out" && return
	echo "exit $got after $took s instead of $code within $limit s, or does not say: $text"
	tail -20 "$work/out"
	return 1
}
await() { # await SECONDS COMMAND...
	local until
	until=$(($(seconds) + $1))
	shift
	until "$@" 2>/dev/null; do
		[ "$(seconds)" -lt $until ] || { echo "not in time: $*" && return 1; }
		sleep 0.3
	done
}
# none COUNT [BUT] - he tried at least so many ways, and none was done, but one that may be
none() {
	[ "$(grep -c ': ' "$work/said")" -ge "$1" ] && ! grep ': done' "$work/said" | grep -v "^${2:-}\$" && return
	cat "$work/said"
	return 1
}
ways() { grep -c ': ' "$work/said"; }
# same NAME FOLDER - the folder of the host is as it was at `kept NAME FOLDER`
listed() { (cd "$1" && find . -printf '%p %M %u %s %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort); }
kept() { listed "$2" >"$work/kept-$1"; }
same() { listed "$2" | diff "$work/kept-$1" -; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# --- the machine ---

secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export HOSTILE_TOKEN=token-$secret
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
mkdir shared given outside "$work/net"
[ "$(id -u)" != 0 ] || chown 1000:1000 shared
echo "$secret" >outside/secret && echo given >given/given && chmod 0666 given/given && chmod 0777 given outside
stack_port=$(free_port)
stack() {
	cat >cooper.yaml <<-YAML
		kind: stack
		extends: podman-debian
		machine: { name: hostile, memory: 1GiB, disk: 1GiB }
		mounts:
		  - { host: ./shared, guest: /mnt/rw, writable: true }
		  - { host: ./shared, guest: /mnt/again, writable: true }
		  - { host: ./given, guest: /mnt/ro }
		ports: ["127.0.0.1:$stack_port:22"]
		steps: [{ name: motd, write: { path: /etc/motd, text: "$1" } }]
	YAML
}

# The host's loopback, and an address of the host that a guest may reach.
own=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 -E '^[0-9.]+$')
python3 "$here/hostile.py" listen "$work/net" 127.0.0.1 127.0.0.53 127.1.2.3 ::1 ${own:+"$own"} &
await 10 [ -s "$work/net/port" ] || exit 1
listened=$(cat "$work/net/port")
: >"$work/net/came"

# A share that may be written.
share() {
	attack share /mnt/rw
	none 12
	result "share: setuid, setgid, devices, other owners, capabilities, flags: refused ($(ways) ways)" $?
	python3 "$here/hostile.py" odd shared | tee "$work/out" && [ ! -s "$work/out" ] && [ -f shared/set ]
	result "share: nothing of it is on the host" $?
	kept outside outside
	attack links /mnt/rw /mnt/again "$work/p/outside"
	none 15 && grep -q 'rounds of a race' "$work/said"
	result "share: links, folders that become links, hard links, races: none leads out ($(ways) ways)" $?
	same outside outside
	result "share: what is beside it on the host is as it was" $?
}

# A share that may only be read.
read_only() {
	kept given given
	attack read_only /mnt/ro
	none 11 'mounted to be written: done'
	result "read-only share: remounted, written, cut, renamed, linked: refused ($(ways) ways)" $?
	same given given
	result "read-only share: it is as it was" $?
}

# The host's loopback, by programs and by frames.
network() {
	local -a to=(10.0.2.2 10.0.2.3 10.0.2.4 10.0.2.15 10.0.2.255 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.254 0.0.0.0
		0.1.2.3 255.255.255.255 224.0.0.1 fec0::2 fec0::3 fe80::2 ::1 :: ::ffff:127.0.0.1 ::127.0.0.1 ff02::1)
	attack connect "$listened" "${to[@]}" ${own:+"$own"} && cp "$work/said" "$work/connects"
	! grep -v " ${own:-none}\$" "$work/net/came"
	result "network: of the host's loopback its programs reach nothing, under ${#to[@]} addresses" $?
	: >"$work/net/came"
	attack frames "$listened" "${to[@]}" ${own:+"$own"} || cat "$work/said"
	sleep 1
	if [ -n "$own" ]; then
		grep -qx "tcp $own" "$work/net/came" && grep -qx "udp $own" "$work/net/came" && grep -qx "$own: open" "$work/connects"
		result "network: programs and frames of its root arrive where the host may be reached" $?
	fi
	! grep -v " ${own:-none}\$" "$work/net/came"
	result "network: of its loopback frames reach nothing, TCP or UDP, from whatever address" $?
	within 20 0 "is ready" "$cooper" status
	result "network: it is ready after that" $?
}

# What there is of the host in the guest.
secrets() {
	local word found=0
	guest sudo sh -c 'env; cat /proc/[0-9]*/environ /proc/cmdline /sys/class/dmi/id/*_* 2>/dev/null
		find /sys/firmware/qemu_fw_cfg/by_name/opt -name raw -exec cat {} +
		find /etc /root /home/core/.ssh /var/lib/cooper -xdev -type f -size -1M -exec cat {} +' </dev/null 2>/dev/null >"$work/seen"
	grep -aq 'console=' "$work/seen" && grep -aq PRIVATE "$work/seen"
	result "secrets: its own are seen: command line, firmware, environments, files ($(du -m "$work/seen" | cut -f1) MiB)" $?
	for word in "$HOSTILE_TOKEN" "$secret" "$work" "$(cat /etc/machine-id 2>/dev/null)" "$(sed -n 3p "$machine/ssh/id_ed25519")"; do
		[ -z "$word" ] || ! grep -aqF -- "$word" "$work/seen" || { echo "seen: $word" && found=1; }
	done
	result "secrets: none of the host's: environment, paths, keys, identity" $found
	! guest sh -c 'env | grep -E "SSH_AUTH_SOCK|COOPER|DISPLAY"' </dev/null
	result "secrets: no agent is forwarded" $?
}

# The process that runs him.
sandbox() {
	local qemu status link odd=""
	qemu=$(field qemu_pid)
	status=$(cat "/proc/$qemu/status")
	grep -qx 'NoNewPrivs:.1' <<<"$status" && grep -qx 'Seccomp:.2' <<<"$status" && ! grep -qx 'Seccomp_filters:.[01]' <<<"$status"
	result "QEMU gains no privileges, and two filters are on it" $?
	tr '\0' ' ' <"/proc/$qemu/cmdline" | grep -qF -- '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
	result "QEMU refuses itself new processes" $?
	# files of the shares (0: owner, 1, 3), ports below 1024 (10)
	[ $((16#$(sed -n 's/^CapEff:.//p' <<<"$status") & ~(1 << 0 | 1 << 1 | 1 << 3 | 1 << 10))) = 0 ]
	result "QEMU has none of root's powers but for shares and ports" $?
	for link in "/proc/$qemu/fd/"*; do
		link=$(readlink "$link")
		case $link in
		"$COOPER_HOME"/* | "$work"/p/shared* | "$work"/p/given* | socket:* | pipe:* | anon_inode:* | /memfd:* | /dev/null | /dev/kvm | /proc/*/fd/* | "") ;;
		*) odd="$odd $link" ;;
		esac
	done
	[ -z "$odd" ]
	result "QEMU has nothing open but what is its own$odd" $?
}

groups=(share read_only network secrets sandbox)
[ $# = 0 ] || groups=("$@")
stack hello
exits 0 "$cooper" up --yes
is_up=$?
result "up" $is_up
[ $is_up = 0 ] || { cat "$work/out" && totals; exit 1; }
guest sudo sh -c 'cat >/home/core/hostile.pl' <"$here/hostile.pl"
for group in "${groups[@]}"; do
	"$group"
done
totals
