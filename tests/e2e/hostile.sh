#!/usr/bin/env bash
# A real guest whose root wants the host (hostile.pl is what he runs): through its shares, network, disks, devices, and
# what the host talks to in it nothing of the host is changed, reached or read, no command waits for ever, and each says
# what is true. docs/security.md has the promises; tests/scripted/hostile.sh has what needs no real guest.
# hostile.sh [GROUP...]: some of them alone. Uses a home of its own, with the results of the usual one; it boots six times.
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
# later NAME WORD... - the same, and nobody waits for it
later() { guest sudo systemd-run -q --collect perl /home/core/hostile.pl "$@" </dev/null; }
field() { "$cooper" status --json 2>/dev/null | sed -n "s/^  \"$1\": \"*\([^\",]*\)\"*,*$/\1/p"; }
seconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000000)); }
# plain FILE - no control characters, in whichever encoding; ssh ends its lines with CR LF
plain() { ! sed 's/\r$//' "$1" | LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' | head -5 | cat -v | grep .; }
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
# megabytes PID - of memory that it has
megabytes() { echo $(($(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status") / 1024)); }
is_ready() { timeout 60 "$cooper" status 2>/dev/null </dev/null | grep -q "is ready"; }
# ready NAME SECONDS - it is so by then
ready() {
	await "$2" is_ready
	result "$1" $?
}
# true_status SECONDS - it ends by then, and says one of what may be: ready, or that the guest does not answer
true_status() {
	local got from
	from=$(seconds)
	timeout -k 5 "$1" "$cooper" status >"$work/out" 2>&1 </dev/null
	got=$?
	took=$(($(seconds) - from))
	plain "$work/out" && case $got in 0) grep -q "is ready" "$work/out" ;; 8) grep -q "answer" "$work/out" ;; *) false ;; esac && return
	echo "exit $got after $took s" && cat "$work/out" && return 1
}
# same_qemu NAME PID - it is still that process
same_qemu() {
	[ "$(field qemu_pid)" = "$2" ]
	result "$1" $?
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# --- the machine ---

secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export HOSTILE_TOKEN=token-$secret
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
mkdir shared given outside "$work/net"
export HOME=$work/user
mkdir -p "$HOME"/{.ssh,bin,Library,src/.git,src/app}
echo "$secret" | tee "$HOME"/{.ssh/id,.profile,bin/tool,Library/id,plain,src/.git/config} >/dev/null
ln -s .ssh "$HOME/link"
[ "$(id -u)" != 0 ] || chown 1000:1000 shared
echo "$secret" >outside/secret && echo given >given/given && chmod 0666 given/given && chmod 0777 given outside
stack_port=$(free_port)
stack() {
	cat >cooper.yaml <<-YAML
		kind: stack
		extends: podman-debian
		machine: { name: hostile, memory: 1GiB, disk: 1GiB }
		run: [$(uname -m)]
		mounts:
		  - { host: ./shared, guest: /mnt/rw, writable: true }
		  - { host: ./shared, guest: /mnt/again, writable: true }
		  - { host: ./given, guest: /mnt/ro }
		  - { host: "~", guest: /mnt/home }
		ports: ["127.0.0.1:$stack_port:22"]
		steps: [{ name: motd, write: { path: /etc/motd, text: "$1" } }]
	YAML
}

# The host's loopback, and an address of the host that a guest may reach.
own=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 -E '^[0-9.]+$')
python3 "$here/hostile.py" listen "$work/net" 127.0.0.1 127.0.0.53 127.1.2.3 ::1 ${own:+"$own"} &
await 60 [ -s "$work/net/port" ] || exit 1
listened=$(cat "$work/net/port")
: >"$work/net/came"

# A share that may be written.
share() {
	attack share /mnt/rw
	none 12
	got=$?
	result "share: setuid, setgid, devices, other owners, capabilities, flags: refused ($(ways) ways)" $got
	python3 "$here/hostile.py" odd shared | tee "$work/out" && [ ! -s "$work/out" ] && [ -f shared/set ]
	result "share: nothing of it is on the host" $?
	kept outside outside
	attack links /mnt/rw /mnt/again "$work/p/outside"
	none 15 && grep -q 'rounds of a race' "$work/said"
	got=$?
	result "share: links, folders that become links, hard links, races: none leads out ($(ways) ways)" $got
	same outside outside
	result "share: what is beside it on the host is as it was" $?
}

# A share that may only be read.
read_only() {
	kept given given
	attack read_only /mnt/ro
	none 11 'mounted to be written: done'
	got=$?
	result "read-only share: remounted, written, cut, renamed, linked: refused ($(ways) ways)" $got
	same given given
	result "read-only share: it is as it was" $?
}

# A home: what of it is not there for him, asked in every way that writes, too.
home() {
	kept home "$HOME"
	attack home /mnt/home cooper3
	none 210 && grep -q "^plain names: 4" "$work/said"
	got=$?
	result "home: hidden names read, made, linked, renamed, removed: refused ($(ways) ways)" $got
	same home "$HOME"
	result "home: it is as it was" $?
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
		find /etc /root /home/core/.ssh /var/lib/cooper -xdev -type f -size -1024k -exec cat {} +' </dev/null 2>/dev/null >"$work/seen"
	grep -aq 'console=' "$work/seen" && grep -aq PRIVATE "$work/seen"
	got=$?
	result "secrets: its own are seen: command line, firmware, environments, files ($(du -m "$work/seen" | cut -f1) MiB)" $got
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
		"$COOPER_HOME"/* | "$work"/p/shared* | "$work"/p/given* | "$work"/user* | socket:* | pipe:* | anon_inode:* | /memfd:* | /dev/null | /dev/kvm | /proc/*/fd/* | "") ;;
		*) odd="$odd $link" ;;
		esac
	done
	[ -z "$odd" ]
	result "QEMU has nothing open but what is its own$odd" $?
}

# --- what may break the guest, and nothing else ---

# Pieces of packets, in orders that no sender sends.
fragments() {
	local qemu before
	qemu=$(field qemu_pid)
	: >"$work/net/came"
	before=$(megabytes "$qemu")
	attack fragments "$listened" 20 10.0.2.2 10.0.2.3 127.0.0.1 127.0.0.53 127.1.2.3 0.0.0.0 255.255.255.255 192.0.2.9
	grep -q 'without an end' "$work/said" || cat "$work/said"
	sleep 1
	! grep -v " ${own:-none}\$" "$work/net/came"
	got=$?
	result "fragments: they reach nothing of the host's loopback ($(cat "$work/said"))" $got
	same_qemu "fragments: QEMU goes on" "$qemu"
	[ $(($(megabytes "$qemu") - before)) -lt 100 ]
	got=$?
	result "fragments: what never ends costs the host little ($before MiB, then $(megabytes "$qemu"))" $got
	ready "fragments: it is ready after that" 60
}

# Frames that say who is who.
arp() {
	local qemu
	qemu=$(field qemu_pid)
	later arp 15
	sleep 2
	true_status 60
	result "arp: while everybody's address is forged status ends, and says what is true ($took s)" $?
	sleep 20
	same_qemu "arp: QEMU goes on" "$qemu"
	ready "arp: it is ready once its own address is told again" 90
}

# Connections and datagrams without end, and a console without end.
floods() {
	local qemu supervisor before
	qemu=$(field qemu_pid) supervisor=$(field pid)
	before=$(megabytes "$qemu")
	later flood 20 10.0.2.2 10.0.2.3 ${own:+"$own"} 192.0.2.9
	sleep 5
	true_status 60
	result "floods: status ends while it opens connections to everywhere ($took s)" $?
	sleep 15
	[ $(($(megabytes "$qemu") - before)) -lt 300 ] && [ "$(megabytes "$supervisor")" -lt 100 ]
	got=$?
	result "floods: they cost the host little (QEMU $before MiB, then $(megabytes "$qemu"), supervisor $(megabytes "$supervisor"))" $got
	same_qemu "floods: QEMU goes on" "$qemu"
	ready "floods: it is ready after that" 90
	later console 20
	sleep 5
	true_status 60
	result "console: status ends while it is flooded" $?
	timeout 20 script -qefc "'$cooper' logs --serial -n 200" /dev/null </dev/null 2>&1 | tr -d '\r' >"$work/out"
	[ -s "$work/out" ] && plain "$work/out"
	result "console: logs on a terminal shows nothing that the terminal obeys" $?
	sleep 17
	within 60 0 "last words" "$cooper" ssh -- sh -c 'sleep 1; echo last words'
	result "console: ssh works after that" $?
	[ "$(du -sm "$machine/log" | cut -f1)" -lt 200 ] && [ "$(megabytes "$supervisor")" -lt 100 ]
	got=$?
	result "console: its log is bounded ($(du -sm "$machine/log" | cut -f1) MiB), and the supervisor ($(megabytes "$supervisor") MiB)" $got
}

# What the machine's processes but QEMU have of the host's memory, the largest.
largest() {
	local pid size most=0
	for pid in $(field pid) $(pgrep -P "$(field pid)" | grep -vx "$(field qemu_pid)"); do
		size=$(megabytes "$pid" 2>/dev/null)
		[ "${size:-0}" -le "$most" ] || most=$size
	done
	echo "$most"
}
# What QEMU listens to: address and port
listening() { ss -Hltnp | grep "pid=$(field qemu_pid)," | awk '{print $4}' | sort; }

# A podman that lies.
podman() {
	local how most
	for how in headers body never binary; do
		later podman $how 12
		sleep 8
		most=$(largest)
		true_status 60 && [ "$most" -lt 100 ]
		result "podman: it answers with $how: status ends ($took s), and it costs little ($most MiB)" $?
		sleep 5
	done
	listening >"$work/before"
	later podman ports 45
	await 40 sh -c "'$cooper' status --json | grep -q '127.9.9.9'"
	result "podman: it publishes tens of thousands of ports: those of the host's loopback come" $?
	sleep 10
	listening >"$work/listening"
	! grep -v '^127\.' "$work/listening" && [ "$(wc -l <"$work/listening")" -le 1026 ]
	got=$?
	result "podman: no other address is listened to, and no more than were promised ($(wc -l <"$work/listening"))" $got
	within 30 0 "no more than 1024 are forwarded" "$cooper" status
	result "podman: status says so, without what a terminal obeys" $?
	timeout 30 "$cooper" status --json >"$work/out" && plain "$work/out" && python3 -c 'import json, sys; json.load(sys.stdin)' <"$work/out"
	result "podman: and --json" $?
	await 90 sh -c "! '$cooper' status --json | grep -q '127.9.9.9'"
	result "podman: they go with the liar" $?
}

# An sshd that is another one.
sshd() {
	local how text
	for how in closes banner key silent; do
		later sshd $how 60
		text="does not answer"
		[ $how != key ] || text="another host key than the one"
		await 60 sh -c "timeout 40 '$cooper' status 2>&1 | grep -qF '$text'"
		within 60 8 "$text" "$cooper" status
		result "sshd: it is replaced ($how): status says so ($took s)" $?
		within 60 255 "" "$cooper" ssh -- true
		result "sshd: ($how) ssh ends, and nothing is believed ($took s)" $?
		if [ $how = silent ]; then
			stack $how
			within 240 8 "" "$cooper" up --yes
			result "sshd: ($how) so does up ($took s)" $?
			within 500 0 "is running" "$cooper" restart
			result "sshd: ($how) restart heals it ($took s)" $?
			stack hello
			continue
		fi
		await 90 is_ready || cat "$work/out"
	done
}

# Its disks begin as images of other formats do, which name a file of the host.
disks() {
	local how
	python3 "$here/hostile.py" opened "$work/p/outside" "$work/opened" &
	await 30 sh -c "cat outside/secret >/dev/null && grep -qx secret '$work/opened'"
	result "disks: who opens the host's file is seen" $?
	: >"$work/opened"
	for how in vmdk cow backing data; do
		attack disks "$work/p/outside/secret" $how
		cat "$work/said" >>"$work/disks"
	done
	cp "$work/disks" "$work/said"
	[ "$(grep -c 'onto os: done\|onto data: done' "$work/said")" -ge 4 ] && ! grep 'emulators: done' "$work/said"
	got=$?
	result "disks: its own are written ($(grep -c ': done' "$work/said") headers), what it only reads is not" $got
	within 150 0 "is stopped" "$cooper" stop
	result "disks: stop" $?
	within 500 0 "is running" "$cooper" start
	result "disks: start" $?
	[ ! -s "$work/opened" ]
	result "disks: nothing of the host was opened" $?
}

# Its clock and its power.
power() {
	local date
	for date in 1970-01-02 2106-01-01; do
		guest sudo date -s $date >/dev/null </dev/null
		within 60 0 "is ready" "$cooper" status
		result "clock: in the year ${date%%-*} it is ready" $?
	done
	guest sudo reboot -f >/dev/null 2>&1 </dev/null
	within 60 0 "'hostile' is" "$cooper" status || within 60 8 "does not answer" "$cooper" status || within 60 0 "'hostile' is" "$cooper" status
	result "power: it resets itself: status ends" $?
	ready "power: and it is ready again" 500
	stack poweroff
	"$cooper" ssh -- sudo systemd-run -q --on-active=1 poweroff -f >/dev/null 2>&1 </dev/null
	within 240 8 "hostile" "$cooper" up --yes
	result "power: it switches itself off during up, which says so" $?
	within 60 0 "is not running" "$cooper" status
	result "power: status says that it does not run" $?
	within 500 0 "runs" "$cooper" up --yes
	result "power: up brings it back" $?
	stack hello
}

# What its drivers never write, then a panic.
devices() {
	local qemu
	qemu=$(field qemu_pid)
	kept devices outside
	later devices 10
	sleep 12
	timeout 60 "$cooper" status >"$work/out" 2>&1
	[ $? != 124 ] && plain "$work/out" && [ -s "$work/out" ]
	result "devices: firmware, ports, configuration: status ends and says something" $?
	[ -z "$(field qemu_pid)" ] || [ "$(field qemu_pid)" = 0 ] || same_qemu "devices: QEMU goes on" "$qemu"
	same devices outside
	result "devices: nothing of the host has changed" $?
	timeout 20 "$cooper" ssh -- sudo sh -c 'echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger' >/dev/null 2>&1 </dev/null
	within 60 8 "does not answer" "$cooper" status
	result "power: it panics: status says that it does not answer" $?
	within 150 0 "is stopped" "$cooper" stop
	result "power: it panicked: stop ends ($took s)" $?
	within 500 0 "runs" "$cooper" up --yes
	result "power: up brings it back" $?
}

groups=(share read_only home network secrets sandbox fragments arp floods podman sshd disks power devices)
[ $# = 0 ] || groups=("$@")
stack hello
exits 0 "$cooper" up --yes
is_up=$?
result "up" $is_up
[ $is_up = 0 ] || { cat "$work/out" && totals; exit 1; }
tar -C "$here" -c hostile.pl hostile | guest sudo tar -xC /home/core --no-same-owner
for group in "${groups[@]}"; do
	from=$(seconds)
	"$group"
	echo "      $group: $(($(seconds) - from)) s"
done
totals
