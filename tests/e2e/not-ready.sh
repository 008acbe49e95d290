#!/usr/bin/env bash
# A guest that never gets ready: its kernel panics, it boots and never says that it is ready, or it lacks a shared
# folder. Exit 8, the cause and the remedy, the serial log kept, nothing left running; `up` with the right image then
# converges.
# Uses a home of its own, with the downloads and results of the usual one.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
own_home cas store accel.json
mkdir "$work/p/vmimages"
cp -a vmimages/debian "$work/p/vmimages/"
top=$PWD
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .

project() { # project KERNEL-ARGUMENT TIMEOUT
	sed "s/name: debian/name: broken/; s/cmdline: root=LABEL=root/& $1/" "$top/vmimages/debian.yaml" >vmimages/broken.yaml
	cat >cooper.yaml <<-YAML
		kind: stack
		extends: podman-debian
		image: broken
		machine: { name: never }
		boot: { timeout: $2 }
	YAML
}
never() { # never NAME PART...: `up` exits 8, its output has every part, nothing runs
	local name=$1 got part
	shift
	timeout 600 "$cooper" up --yes >"$work/out" 2>&1
	got=$?
	[ $got = 8 ] || { echo "exit $got instead of 8"; tail -25 "$work/out"; }
	[ $got = 8 ]
	result "$name: exit 8" $?
	for part in "$@"; do
		grep -qF -- "$part" "$work/out" || { echo "missing: $part"; tail -25 "$work/out"; false; }
		result "$name: says '$part'" $?
	done
	sleep 1
	! pgrep -f "$COOPER_HOME" >/dev/null
	result "$name: nothing is left running" $?
}

project "rdinit=\/none" 3m
never "a kernel that panics" "kernel panic" "hint:" "serial"
project "systemd.mask=cooper-ready.service" 5s
never "a guest that stays mute" "did not come up" "timeout" "serial"
"$cooper" status 2>&1 | grep -q "is not running"
result "status says that it is not running" $?
project "cooper.share" 5m
echo 'mounts: [{ host: ., guest: /proc/share }]' >>cooper.yaml
never "a shared folder that cannot be mounted" "did not come up" "Failed to mount" "check mounts in the stack" "serial"
project "quiet" 3m
"$cooper" up --yes >"$work/out" 2>&1
result "and with a sound image \`up\` converges" $?
tail -4 "$work/out"

totals
