#!/usr/bin/env bash
# The topology of an M1 Mac, here: an aarch64 guest under the QEMU just built, an x86_64 container in it.
# Uses COOPER_HOME as it is (results are kept by content); the machine is made anew each time.
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=build/release/cooper
arch=${GUEST_ARCH:-aarch64}
passed=0 failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

check() { # check NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$out/last" 2>&1; then
		passed=$((passed + 1))
		printf 'ok    %s\n' "$name"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s (exit %d)\n' "$name" $?
		tail -30 "$out/last" | sed 's/^/      /'
	fi
}
says() { # says TEXT COMMAND...: the command succeeds and prints TEXT
	local text=$1
	shift
	"$@" >"$out/says" 2>&1 || { cat "$out/says"; return 1; }
	grep -qF -- "$text" "$out/says" || { cat "$out/says"; return 1; }
}
exits() { # exits CODE COMMAND...
	local code=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$code" ] || { echo "exit $got instead of $code"; return 1; }
}
guest() { "$cooper" ssh --guest-arch "$arch" -- "$@"; }
up() { "$cooper" up --yes --guest-arch "$arch" "$@"; }

"$cooper" destroy --yes >/dev/null 2>&1
check "up: from recipes to a foreign container" bash -c "set -o pipefail; '$cooper' up --yes --guest-arch $arch | tee '$out/up'"
cat "$out/up"
check "up again: nothing to do" says "nothing to do" up
check "no child process and no connection on a no-op" bash -c \
	"strace -f -o '$out/trace' -e trace=connect,execve,fork,vfork,clone,clone3 '$cooper' up --guest-arch $arch && [ \$(grep -cE 'connect|execve|fork|clone' '$out/trace') = 1 ]"
check "the guest's processor is $arch" says "$arch" guest uname -m
check "Ignition ran once" says 1 guest sh -c "sudo journalctl -q -o cat -u ignition-files.service | grep -c 'Ignition finished successfully'"
check "an amd64 container runs as the rootless user" says x86_64 guest podman run --rm --arch amd64 localhost/canary
check "an arm64 container runs as the rootless user" says aarch64 guest podman run --rm --arch arm64 localhost/canary
check "the canaries again" says x86_64 "$cooper" verify --guest-arch "$arch"
boot_of() { guest cat /proc/sys/kernel/random/boot_id; }
rebooted() { # the guest reboots by itself; another boot answers within 5 minutes
	local before i
	before=$(boot_of)
	guest sudo systemctl reboot
	for ((i = 0; i < 100; i++)); do
		sleep 3
		[ "$(boot_of 2>/dev/null || echo "$before")" = "$before" ] || return 0
	done
	return 1
}
check "a reboot from inside" rebooted
check "after the reboot an amd64 container runs" says x86_64 guest podman run --rm --arch amd64 localhost/canary
check "stop" "$cooper" stop --guest-arch "$arch"
check "start" "$cooper" start --guest-arch "$arch"
check "stop and start keep emulation" says x86_64 guest podman run --rm --arch amd64 localhost/canary
check "Ignition did not run again" says 0 guest sh -c "sudo journalctl -q -b -o cat -u ignition-files.service | grep -c 'Ignition finished' || true"
home=${COOPER_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper}
sed 's/memory: 2GiB/memory: 3GiB/' recipes/podman-debian.yaml >"$out/podman-debian.yaml"
cp "$home/cooper.lock" "$out/"
check "more memory is a restart, and nothing else but the proof after it" bash -c \
	"'$cooper' plan --guest-arch $arch '$out/podman-debian.yaml' >'$out/plan'; [ \$? = 3 ] &&
	 grep -q 'restart   boot the machine' '$out/plan' && grep -q 'memory 2.0 GiB -> 3.0 GiB' '$out/plan' &&
	 [ \$(grep -c '^  [a-z]' '$out/plan') = 1 ]"
cat "$out/plan"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
