#!/usr/bin/env bash
# The default stack of a Mac, as far as it goes without one: an aarch64 guest under the QEMU just built starts through
# UEFI firmware with both flash banks, is set up by the very Ignition that Fedora CoreOS gets, runs an x86_64 container,
# and offers podman's API on a socket of the host. The guest is a Debian with Fedora CoreOS's places: /home -> /var/home,
# the group wheel. It differs in its package manager. Two boots: the first, and one from inside.
# Uses COOPER_HOME as it is (results are kept by content): about 5 minutes, and 15 more the first time.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
. tests/e2e/lib.sh
work=$(mktemp -d)
trap '"$cooper" destroy --yes "$work/p/uefi.yaml" >/dev/null 2>&1; rm -rf --one-file-system "$work"' EXIT
mkdir -p "$work/p"
cp -a recipes patches vmimages "$work/p/"
cd "$work/p" || exit 1
[ ! -f "$usual/cooper.lock" ] || cp "$usual/cooper.lock" .

# --- the guest: vmimages/debian.yaml through firmware, which its recipe calls a Fedora CoreOS
image=vmimages/fedora-coreos-debian
cp -a vmimages/debian $image
cat >>$image/customize.sh <<'SH'

# Homes where Fedora CoreOS has them
mv "$root/home" "$root/var/home"
ln -s var/home "$root/home"
# ... and its group of administrators
chroot "$root" groupadd --system wheel
rm -f "$root"/etc/*- "$root/etc/.pwd.lock"
SH
sed -e 's/^name: debian$/name: fedora-coreos-debian/; s/^  files: debian$/  files: fedora-coreos-debian/' \
	-e 's/^os: debian$/os: fedora-coreos/; s/^  mode: kernel$/  mode: uefi/' vmimages/debian.yaml >$image.yaml
stack() { # stack IMAGE MACHINE
	printf 'kind: stack\nextends: podman-debian\nimage: %s\nmachine: { name: %s }\n' "$1" "$2"
	printf 'steps: [{ name: motd, write: { path: /etc/motd, text: hello } }]\n'
	printf 'mounts: [{ host: ./shared, guest: /home/core/shared, writable: true }]\n'
	printf 'ports: ["127.0.0.1:%s:22"]\nignition: mine.ign\n' "$port"
}
# Files of the share belong to whom they belong outside: root's are not the guest user's to change.
mkdir shared && { [ "$(id -u)" != 0 ] || chown 1000:1000 shared; } && echo outside >shared/from-host
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
cat >mine.ign <<'JSON'
{ "ignition": { "version": "3.2.0" },
  "passwd": { "users": [{ "name": "core", "groups": ["video"] }] },
  "storage": { "files": [{ "path": "/etc/of-the-user", "contents": { "source": "data:,mine" } }] } }
JSON
stack fedora-coreos-debian uefi >uefi.yaml
stack fedora-coreos uefi >coreos.yaml
stack debian uefi >debian.yaml

stacked() { local verb=$1; shift; "$cooper" "$verb" --guest-arch aarch64 "$@" uefi.yaml; }
guest() { "$cooper" ssh uefi.yaml --guest-arch aarch64 -- "$@"; }
ignition() { "$cooper" tool ignition --guest-arch aarch64 "$1.yaml"; }
field() { stacked status --json | sed -n "s/^  \"$1\": \"\\{0,1\\}\\([^\",]*\\).*/\\1/p"; }

stacked destroy --yes >/dev/null 2>&1
exits 0 stacked up --yes
is_up=$?
result "up: firmware, Ignition, a guest step, foreign containers" $is_up
cat "$work/out"
if [ $is_up != 0 ]; then
	tail -n 80 "$usual/machines/uefi/log/serial.log"
	totals
	exit 1
fi
ignition coreos >"$work/coreos" && ignition uefi >"$work/uefi" && ignition debian >"$work/debian" &&
	cmp "$work/coreos" "$work/uefi" && ! cmp -s "$work/debian" "$work/uefi"
result "its Ignition is Fedora CoreOS's, byte for byte" $?
[ "$(guest cat /etc/motd)" = hello ]
result "the guest step was done" $?
[ "$(guest cat shared/from-host)" = outside ] && guest sh -c 'echo inside >shared/from-guest' &&
	[ "$(cat shared/from-guest)" = inside ]
result "a shared folder, both ways" $?
guest sudo sh -c 'cp /bin/true shared/set && ! chmod 4755 shared/set && ! mknod shared/dev c 1 3' &&
	[ -f shared/set ] && [ -z "$(find shared -perm /6000 -o -type b -o -type c)" ]
result "and nothing in it that runs as somebody else, by the guest's root" $?
[ "$(guest cat /etc/of-the-user)" = mine ] && guest groups | grep -qw video
result "an Ignition configuration of the user's, merged" $?
head -c 7 <"/dev/tcp/127.0.0.1/$port" | grep -q SSH-2.0
result "a forwarded port" $?
before=$port monitor=$(field qemu_pid) port=$(free_port)
stack fedora-coreos-debian uefi >uefi.yaml
exits 0 stacked up --yes && [ "$(field qemu_pid)" = "$monitor" ] && head -c 7 <"/dev/tcp/127.0.0.1/$port" | grep -q SSH-2.0 &&
	! (: <"/dev/tcp/127.0.0.1/$before") 2>/dev/null
result "another port in the stack: forwarded instead, without a restart" $?
! guest timeout 10 bash -c "echo >/dev/tcp/10.0.2.2/$port" 2>/dev/null
result "which the guest itself does not reach: the host's loopback is closed" $?
# shellcheck disable=SC2012  # the newest keg
python3 "$top/tests/qemu/loopback.py" "$(ls -t "${COOPER_HOME:-$usual}"/store/*-qemu-*-aarch64/bin/qemu-system-aarch64 | head -1)" >"$work/out" 2>&1
result "nor do frames that its root makes" $?
exits 0 strace -f -o "$work/trace" -e trace=connect,execve,fork,vfork,clone,clone3 "$cooper" up --yes --guest-arch aarch64 uefi.yaml &&
	grep -q "nothing to do" "$work/out" && [ "$(grep -E 'connect|execve|fork|clone' "$work/trace" | grep -cv 'ctl\.sock\|/nscd/')" = 1 ]
result "up again: nothing to do, no child process and no connection but to the supervisor" $?
runs() { # runs NAME ARCHITECTURE: a container of that name runs as the rootless user and says its architecture
	[ "$(guest podman run --rm --arch "$1" localhost/canary 2>/dev/null)" = "$2" ]
}
[ "$(guest uname -m)" = aarch64 ] && runs amd64 x86_64 && runs arm64 aarch64
result "on an arm64 processor, amd64 and arm64 containers run as the rootless user" $?

python3 "$top/tests/e2e/ports.py" "$cooper" uefi.yaml --guest-arch aarch64
result "the ports of containers come and go" $?

# --- laptop life
apart() { local d=$(($(guest date +%s) - $(date +%s))); echo "${d#-}"; }
set_right() { # set_right SECONDS - the guest's clock is within two seconds of ours by then
	local until=$((SECONDS + $1))
	while [ "$(apart)" -gt 2 ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 1
	done
}
supervisor=$(field pid)
guest sudo date -s '-300 seconds' >/dev/null
kill -STOP "$supervisor" && sleep 7 && kill -CONT "$supervisor" # to the supervisor a host that was away
set_right 30
result "a clock that is 5 minutes behind after the host was away is put right" $?
resident() { awk '/^VmRSS:/ { print int($2 / 1024) }' "/proc/$(field qemu_pid)/status"; } # MiB
guest sh -c 'head -c 400M /dev/zero >/dev/shm/filled'
full=$(resident)
guest rm /dev/shm/filled
given_back() {
	local i
	for ((i = 0; i < 30; i++)); do
		[ "$(resident)" -gt $((full - 300)) ] || return 0
		sleep 1
	done
	return 1
}
given_back
got=$?
result "memory that the guest freed is the host's again: $full MiB, then $(resident) MiB" $got

# --- firmware
machine=$usual/machines/uefi
pid=$(pgrep -f -- "^$usual/store/.* guest=cooper-uefi ")
mapfile -d '' -t argv <"/proc/$pid/cmdline"
code=$(dirname "$(dirname "${argv[0]}")")/share/qemu/edk2-aarch64-code.fd
vars=$machine/gen-$(field generation)/flash-vars.fd
says() { printf '%s\n' "${argv[@]}" | grep -qxF -- "$1"; }
says "if=pflash,unit=0,format=raw,readonly=on,file=$code" && says "if=pflash,unit=1,format=raw,file=$vars"
result "two flash banks: code from QEMU's own keg, variables of the generation" $?
[ "$(stat -c %s "$code" "$vars" | sort -u)" = 67108864 ]
result "64 MiB each" $?
opened() { # opened FILE: how QEMU has it open, O_ACCMODE
	local fd
	for fd in "/proc/$pid/fd/"*; do
		[ "$(readlink "$fd")" != "$1" ] || sed -n 's/^flags:.*\(.\)$/\1/p' "/proc/$pid/fdinfo/${fd##*/}"
	done | sort -u
}
[ "$(opened "$code")" = 0 ] && [ "$(opened "$vars")" = 2 ]
result "code is open read-only, variables for writing" $?
guest sudo dmesg | grep -qE 'efi: EFI v2[.0-9]* by .*EDK II'
result "the guest's kernel was started by EDK II" $?
grep -a -q 'EFI stub: Exiting boot services' "$machine/log/serial.log"
result "through its own EFI program" $?
[ "$(tr -d '\0' <"$vars" | wc -c)" -gt 1000 ]
result "the firmware wrote its variables" $?
variable=/sys/firmware/efi/efivars/CooperTest-6e2b6d5c-0000-4000-8000-636f6f706572
guest sudo sh -c "{ mountpoint -q /sys/firmware/efi/efivars || mount -t efivarfs none /sys/firmware/efi/efivars; } &&
	printf '\\007\\000\\000\\000kept' >$variable"
result "the guest writes one" $?

# --- Ignition
[ "$(guest sudo sh -c "journalctl -q -o cat -u ignition-files.service | grep -c 'Ignition finished successfully'")" = 1 ]
result "Ignition ran once" $?
[ "$(guest id -nG | tr ' ' '\n' | grep -cE '^(wheel|sudo|adm|systemd-journal)$')" = 4 ]
result "the user's groups" $?
[ "$(guest sh -c 'cd && pwd -P && findmnt -no SOURCE --target .' | tr '\n' ' ')" = "/var/home/core /dev/vdb " ] &&
	guest findmnt -n /var/lib/containers | grep -q /dev/vdb
result "home and containers are on the data disk" $?
[ "$(guest systemctl is-enabled zincati.service rpm-ostree-countme.timer docker.socket 2>/dev/null | sort -u)" = masked ]
result "what Fedora CoreOS must not do by itself is masked" $?
[ "$(guest systemctl is-active podman.socket)" = active ] && [ "$(guest systemctl --user is-active podman.socket)" = active ] &&
	[ "$(guest ls /var/lib/systemd/linger)" = core ]
result "podman's sockets, the system's and the user's" $?
[ "$(guest systemctl is-system-running)" = running ] && [ -z "$(guest systemctl --user --failed --plain --no-legend)" ] &&
	! guest sudo journalctl -q -b -o cat | grep 'ordering cycle'
result "no unit failed, none was left out" $?

# --- the API on the host
socket=$machine/api.sock
[ "$(field api)" = "unix://$socket" ] && "$cooper" env uefi --shell sh | grep -qx "export DOCKER_HOST=unix://$socket"
result "status and env show the API's socket" $?
[ "$(stat -c %a "$socket" "$machine" | tr '\n' ' ')" = "600 700 " ]
result "nobody else can use it" $?
info() { timeout 120 podman --remote "$@" info --format '{{.Host.Arch}} {{.Host.Security.Rootless}}'; }
[ "$(info --url "unix://$socket")" = "arm64 true" ]
result "podman --remote info over the socket" $?
[ "$(info --connection uefi)$(info --connection uefi-root)" = "arm64 truearm64 false" ]
result "podman --remote info by the names of its connections" $?
if command -v docker >/dev/null; then
	DOCKER_HOST=unix://$socket timeout 120 docker version --format '{{.Server.Arch}}' 2>"$work/err" | grep -qx arm64
	result "docker version over the socket" $?
else
	echo "SKIP: no docker client here"
fi
ping() { curl -s --max-time 20 --unix-socket "$socket" http://d/_ping 2>/dev/null; }
await() { # await SECONDS COMMAND...
	local i n=$1
	shift
	for ((i = 0; i < n * 4; i++)); do "$@" && return; sleep 0.25; done
	return 1
}
answers() { [ "$(ping)" = OK ]; }
ssh_of() { pgrep -f -- "ssh .*-L $socket:" | tail -1; }
before=$(ssh_of)
kill -KILL "$before" && await 60 answers && [ "$(ssh_of)" != "$before" ]
result "its ssh killed: another takes over" $?

guest sh -c 'truncate -s 0 ~/.local/share/containers/storage/overlay/*/diff/canary' &&
	exits 0 stacked verify && grep -q 'loading it again' "$work/out"
result "an image that lost its contents with the power: the canaries bring it back" $?

boot_of() { guest cat /proc/sys/kernel/random/boot_id 2>/dev/null; }
before=$(boot_of)
guest sudo systemctl reboot
another() { local now; now=$(boot_of) && [ -n "$now" ] && [ "$now" != "$before" ]; }
await 300 another && await 60 answers && runs amd64 x86_64
result "a reboot from inside, which is a QEMU of its own: the API is back, amd64 containers run" $?
[ "$(guest sudo sh -c "tail -c 4 $variable")" = kept ]
result "the variable is still there" $?
[ "$(guest sudo sh -c "journalctl -q -b -o cat -u ignition-files.service | grep -c 'Ignition finished'")" = 0 ]
result "Ignition did not run again" $?
pid=$(pgrep -f -- "^$usual/store/.* guest=cooper-uefi ")
cp uefi.yaml less.yaml
sed -i 's/name: uefi/&, memory: 3GiB/' uefi.yaml
exits 3 stacked plan && grep -q 'restart   boot the machine' "$work/out" &&
	grep -q 'memory 2.0 GiB -> 3.0 GiB' "$work/out" && [ "$(sed '/^$/,$d' "$work/out" | grep -c '^  [a-z]')" = 1 ]
is_restart=$?
[ $is_restart = 0 ] || cat "$work/out"
result "more memory is a restart, and nothing else but the proof after it" $is_restart
mv less.yaml uefi.yaml

supervisor=$(field pid)
kill -KILL "$supervisor"
gone() { [ ! -d "/proc/$pid" ] && [ -z "$(ssh_of)" ]; }
await 20 gone
result "the supervisor killed: QEMU and ssh end with it" $?
exits 0 stacked stop && [ ! -e "$socket" ]
result "and stop removes the socket that it left" $?

# --- the banks as QEMU sees them
printf 'info block\ninfo mtree\nquit\n' | timeout 60 "${argv[@]}" -S -monitor stdio >"$work/monitor" 2>&1
tr -d '\r' <"$work/monitor" | grep -E "^pflash0 .*edk2-aarch64-code.fd \(raw, read-only\)" &&
	tr -d '\r' <"$work/monitor" | grep -E "^pflash1 .*flash-vars.fd \(raw\)" &&
	grep -E '0000000000000000-0000000003ffffff.*virt.flash0' "$work/monitor" &&
	grep -E '0000000004000000-0000000007ffffff.*virt.flash1' "$work/monitor"
result "info block, info mtree: the two banks at 0 and at 64 MiB" $?
exits 0 stacked destroy --yes && ! podman system connection list --format '{{.Name}}' | grep -q '^uefi'
result "destroy takes the connections away" $?
totals
