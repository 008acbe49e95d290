#!/usr/bin/env bash
# Emulators that the guest itself has: none; then a package that is installed there; then one whose handler is
# registered as Fedora CoreOS does it, with flag F alone. Needs network to Debian's mirror. About 4 minutes; each `up`
# is bounded.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
own_home cas store accel.json
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
foreign=aarch64 name=arm64
[ "$(uname -m)" != aarch64 ] || foreign=x86_64 name=amd64

stack() { # stack PROVIDER
	cat >cooper.yaml <<-YAML
		kind: stack
		extends: podman-debian
		machine: { name: emulators }
		run: [$name]
		emulation: { provider: $1 }
	YAML
}
up() { timeout 900 "$cooper" up --yes; }
flags() { "$cooper" ssh -- cat "/proc/sys/fs/binfmt_misc/qemu-$foreign" | sed -n 's/^flags: //p'; }

stack guest
exits 8 up && grep -q "no handler for programs of '$foreign'" "$work/out" &&
	grep -q 'provider: package' "$work/out"
result "provider guest, and the image has none: said, with the remedy" $?
stack package
exits 3 "$cooper" plan && [ "$(grep -cE '^  [a-z]' "$work/out")" = 3 ] && grep -q 'register binfmt handlers' "$work/out"
result "another provider: the handlers and the proof, in the running machine" $?
exits 0 up && grep -q 'installing qemu-user-static' "$work/out"
result "provider package: installed in the guest, and proved" $?
cat "$work/out"
[ "$(flags | grep -o '[FPC]' | sort | tr -d '\n')" = CFP ]
result "registered with F, P and C" $?
[ "$("$cooper" ssh -- podman run --rm --arch "$name" localhost/canary 2>/dev/null)" = "$foreign" ]
result "a container of $name, as the rootless user" $?
exits 0 up && grep -q 'nothing to do' "$work/out"
result "then there is nothing to do" $?

line=$("$cooper" ssh -- cat "/usr/lib/binfmt.d/qemu-$foreign.conf")
"$cooper" ssh -- sudo sh -c "rm -f /etc/binfmt.d/zz-cooper-*.conf && cat >/usr/lib/binfmt.d/qemu-$foreign.conf &&
	systemctl restart systemd-binfmt" <<<"${line%:*}:F" && [ "$(flags)" = F ]
result "a handler as Fedora CoreOS ships it, with F alone" $?
stack guest
exits 0 up && grep -q 'handlers: .*corrected' "$work/out"
result "provider guest: corrected, and proved (bare with argv[0] and setuid, and in a container)" $?
[ "$(flags | grep -o '[FPC]' | sort | tr -d '\n')" = CFP ]
result "registered with F, P and C again" $?
"$cooper" ssh -- sudo systemctl restart systemd-binfmt && [ "$(flags | grep -o '[FPC]' | sort | tr -d '\n')" = CFP ]
result "and it stays so" $?
"$cooper" destroy --yes >/dev/null
totals
