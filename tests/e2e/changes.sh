#!/usr/bin/env bash
# What a change makes `up` do in a real guest: a guest step in the running machine; a larger disk and another kernel
# command line by a restart; one patch: the emulator and a new generation, rollback, and what the user kept survives it
# (tests/scripted/life.sh shows the same decisions in seconds).
# Uses a home of its own, with the results of the usual one; about 7 minutes with a warm compiler cache.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
own_home cas store accel.json
cp -a recipes patches vmimages "$work/p/"
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
cat >cooper.yaml <<YAML
kind: stack
extends: podman-debian
machine: { name: changes }
YAML

exits 0 "$cooper" up --yes
result "up" $?
"$cooper" ssh -- sh -c 'echo kept >~/kept'
printf 'steps: [{ name: tree, packages: [tree] }]\n' >>cooper.yaml
exits 0 "$cooper" up --yes && ! grep -qE '^(boot|generation|build|image):' "$work/out"
result "a guest step added: that step and the proof, in the running machine" $?
"$cooper" ssh -- tree --version | grep -q '^tree v'
result "the guest has the package" $?
find . -type f -exec touch {} +
exits 0 "$cooper" plan
result "files touched: nothing to do" $?

sed -i 's/name: changes/&, disk: 21GiB/' cooper.yaml
sed -i 's/cmdline: root=LABEL=root/& cooper.changed/' vmimages/debian.yaml
exits 3 "$cooper" plan
[ "$(grep -E '^  [a-z]' "$work/out" | grep -v 'carry over' | sed -E 's/^ +//; s/ +/ /')" = "restart boot the machine" ] &&
	grep -q 'data disk 20 GiB -> 21 GiB' "$work/out"
result "a larger disk and another kernel command line: a restart" $?

exits 0 "$cooper" up --yes && ! grep -qE '^(generation|build|image|fetch).*started' "$work/out"
result "up: restarted" $?
[ "$("$cooper" ssh -- cat kept)" = kept ]
result "what was in the home folder is still there" $?
"$cooper" ssh -- cat /proc/cmdline | grep -q cooper.changed
result "the kernel has its new command line" $?
[ "$("$cooper" ssh -- df -B1M --output=size /home/core | tail -1)" -gt 20500 ]
result "the file system has grown with its disk" $?
exits 0 "$cooper" plan
result "and then there is nothing to do" $?
patch=patches/qemu-debian/0002-devices-of-one-machine.patch
sed -i '1s/^/A line above the first hunk changes no code.\n/' "$patch"
exits 3 "$cooper" plan
result "one patch changed: something to do" $?
cat "$work/out"
version=$("$cooper" info | sed -n 's|^emulator  *||p')
wanted='run unpack and patch qemu '$version'
run build qemu '$version' for '$(uname -m)'
run create a new OS disk
restart boot the machine
run guest step tree'
[ "$(grep -E '^  [a-z]' "$work/out" | grep -v 'carry over' | sed -E 's/^ +//; s/ +/ /')" = "$wanted" ]
result "the emulator, a new generation with its steps, and nothing else" $?
exits 0 "$cooper" up --yes
result "up again" $?
cat "$work/out"
! grep -qE '^(image|fetch).*(started|done)' "$work/out"
result "rebuilt: the emulator and the generation, not the image" $?
"$cooper" status | grep -q 'generation 2'
result "the machine runs generation 2" $?
[ "$("$cooper" ssh -- cat kept)" = kept ]
result "what was in the home folder is still there" $?
exits 0 "$cooper" plan
result "and then there is nothing to do" $?

exits 0 "$cooper" rollback && "$cooper" status | grep -q 'generation 1' && [ "$("$cooper" ssh -- cat kept)" = kept ]
result "rollback: generation 1 runs, with the same home folder" $?
exits 3 "$cooper" plan && exits 0 "$cooper" up --yes && "$cooper" status | grep -q 'generation 2' && ! grep -q '^generation:' "$work/out"
result "up: generation 2 again, as it was" $?
sed 's/name: changes/name: none/' cooper.yaml >none.yaml
exits 1 "$cooper" rollback none.yaml && grep -q 'no earlier generation' "$work/out"
result "nothing to go back to: says so" $?

totals
