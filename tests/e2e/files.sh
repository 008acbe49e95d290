#!/usr/bin/env bash
# Folders of the host in a real guest: what programs ask of a file system on a share, both sides' changes seen, a folder
# more by a restart without a new OS disk, mounted before anything of the login user's runs.
# Uses a home of its own, with the results of the usual one; about 5 minutes where the guest is emulated.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
here=$PWD/tests/e2e
own_home cas store accel.json
cp -a recipes patches vmimages "$work/p/"
cd "$work/p" || exit 1
cp "$usual/cooper.lock" .
mkdir -p "$work/a" "$work/b"
# what root runs has another login user
[ "$(id -u)" != 0 ] || chown 1000 "$work/a" "$work/b"
stack() { # stack MOUNTS
	cat >cooper.yaml <<-YAML
		kind: stack
		extends: podman-debian
		machine: { name: files }
		mounts: [$1]
		steps: [{ name: sqlite, packages: [sqlite3] }]
	YAML
}
guest() { "$cooper" ssh -- "$@"; }
in_guest() { "$cooper" ssh -- sh -c "$1"; }

stack "{ host: $work/a, guest: /home/core/one/a, writable: true }"
exits 0 "$cooper" up --yes
result "up" $?
[ "$(in_guest 'stat -c %U /home/core/one')" = core ]
result "the folder above the mount point is the user's" $?
in_guest 'cd /home/core/one/a && sqlite3 t.db "pragma journal_mode=wal; create table a(b); insert into a values (7)"' | grep -qx wal
result "SQLite has its write-ahead log, which maps a file shared" $?
[ "$(in_guest 'cd /home/core/one/a && sqlite3 t.db "select b from a"')" = 7 ]
result "and reads what it wrote" $?
# watched FOLDER - what is told to who watches it of a change in it by the guest itself; docs/files.md says which
watched() { guest perl - "/home/core/one/a/$1" "/home/core/one/a/$1/file" <"$here/inotify.pl"; }
in_guest 'mkdir -p /home/core/one/a/below && touch /home/core/one/a/file /home/core/one/a/below/file'
[ "$(watched .)" = file ]
result "inotify: the guest's own change, of the shared folder itself" $?
[ "$(watched below)" = nothing ]
result "and of one below it: not told, as the list of what works says" $?
by_turns() {
	local i
	guest touch /home/core/one/a/both
	for i in 1 2 3; do
		echo "host $i" >"$work/a/both"
		[ "$(guest cat /home/core/one/a/both)" = "host $i" ] || return
		in_guest "echo guest $i >/home/core/one/a/both"
		[ "$(cat "$work/a/both")" = "guest $i" ] || return
	done
}
by_turns
result "each side sees what the other one wrote before it opens the file" $?

stack "{ host: $work/a, guest: /home/core/one/a, writable: true }, { host: $work/b, guest: /home/core/one/a/in/it }"
mkdir -p "$work/a/in/it"
echo b >"$work/b/b"
exits 3 "$cooper" plan
[ "$(grep -E '^  [a-z]+  ' "$work/out" | sed -E 's/^ +//; s/ +/ /')" = "restart boot the machine" ]
result "a folder more: plan wants a restart, and no more" $?
exits 0 "$cooper" up --yes && "$cooper" status | grep -q 'generation 1'
result "up: the same OS disk" $?
[ "$(guest cat /home/core/one/a/in/it/b)" = b ]
result "the folder is there, inside of the other one" $?
! in_guest 'touch /home/core/one/a/in/it/c' 2>/dev/null && [ ! -e "$work/b/c" ]
result "and cannot be written" $?
began() { in_guest "systemctl show -P $2 $1"; }
[ "$(began cooper-mounts.service ActiveEnterTimestampMonotonic)" -lt "$(began 'user@*.service' ExecMainStartTimestampMonotonic | head -1)" ]
result "all was mounted before anything of the user's began" $?
stack ""
exits 0 "$cooper" up --yes && "$cooper" status | grep -q 'generation 1' && [ "$(in_guest 'grep -c " 9p " /proc/mounts')" = 0 ]
result "no folder any more: nothing is mounted, on the same OS disk" $?

export HOME=$work/ann
mkdir -p "$HOME/src" "$HOME/.ssh"
echo mine | tee "$HOME/src/file" >"$HOME/.ssh/id"
stack "{ host: '~' }"
exits 0 "$cooper" up --yes && grep -qx "shared: $HOME, read-only, without \.\*:Applications:bin:Library" "$work/out"
result "the home: up says how it is shared" $?
[ "$(guest cat "$HOME/src/file")" = mine ] && [ "$(in_guest "ls -A $HOME")" = src ]
result "it is at its own path, without its hidden names" $?

totals
