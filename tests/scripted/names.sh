#!/usr/bin/env bash
# Machines by their names, under the scripted machine: from any folder, without the file that made them, while that is
# being edited; restart, ssh and its terminal, logs, cp. Seconds, no network, no root.
# A job in the background of a shell without job control ignores ^C, and so would all that it starts.
if [ -z "${INT_IS_DEFAULT:-}" ] && env --default-signal=INT true 2>/dev/null; then
	INT_IS_DEFAULT=1 exec env --default-signal=INT bash "$0" "$@"
fi
set -u
set -m
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
mkdir -p "$work/src/deep" "$work/empty"
ln -s "$work/src" "$work/link"
settings="mounts: [{ host: $work/link, guest: /var/lib/src }]"
emulator one && image 1 && stack 512MiB
says_not_in() { ! grep -qF -- "$2" "$1"; }
copied() { "$cooper" cp "$@" && echo "done"; }
off_and() { "$cooper" stop dev >/dev/null && "$cooper" "$@"; }
says_nothing_of() { ! grep -qF -- "$1" "$out"; }
printf 'kind: stack\nemulator: tiny\nimage: tiny-os\nmachine: { name: other, accel: tcg }\n' >"$project/recipes/podman-named.yaml"
cd "$project" || exit 1
check "up" ends 0 "$foreign runs" up
settings=

# --- by name, from elsewhere ---

cd "$work/empty" || exit 1
check "status by name, elsewhere" ends 0 "'dev' is ready" "$cooper" status dev
check "ssh by name, its command as with ssh" ends 0 "a -v b" "$cooper" ssh dev echo a -v b
check "and after --" ends 0 "-t x" "$cooper" ssh dev -- echo -t x
check "ssh's exit code" ends 42 left "$cooper" ssh dev -- sh -c 'echo left; exit 42'
check "verify by name" ends 0 "$foreign runs" "$cooper" verify dev
check "stop by name" ends 0 "'dev' is stopped" "$cooper" stop dev
connections=$work/.config/containers/podman-connections.json
rm "$connections"
check "start by name, without a recipe" ends 0 "$foreign runs" "$cooper" start dev
check "podman, which has forgotten it, is told again" grep -q "^dev " "$connections"
check "start of one that runs" ends 0 "'dev' is running" "$cooper" start dev
check "rollback by name has nothing to go back to" ends 1 "'dev' has no earlier generation" "$cooper" rollback dev
check "a word that is no name: nothing is guessed" ends 1 "no machine and no stack is called 'dve'" "$cooper" status dve
check "but offered" grep -q "did you mean 'dev'" "$out"
check "a command in the name's place" ends 1 "no machine and no stack is called 'uptime'" "$cooper" ssh uptime
check "where there is no machine, others are named" ends 0 "there is: dev" "$cooper" status podman-named
check "stop of none" ends 0 "no machine 'other'; there is: dev" "$cooper" stop podman-named
check "verify of none" ends 1 "does not exist" "$cooper" verify podman-named
check "ssh to none" ends 8 "there is: dev" "$cooper" ssh podman-named
check "status of all" ends 0 "'dev' is ready" "$cooper" status --all
check "in JSON, a list" [ "$("$cooper" status --all --json | python3 -c 'import json,sys; print([m["name"] for m in json.load(sys.stdin)])')" = "['dev']" ]
check "a stack's command, with a machine's name, says what made it" ends 1 "made from '$project/cooper.yaml'" "$cooper" plan dev
check "list machines" [ "$("$cooper" list machines | tr -s ' ')" = "dev running" ]

# --- a name that is a stack's as well ---

printf 'kind: stack\nemulator: tiny\nimage: tiny-os\nmachine: { name: other, accel: tcg }\n' >"$project/recipes/dev.yaml"
check "the machine comes first, and that is said" ends 0 "the machine 'dev' is meant" "$cooper" status dev
check "the stack has its path" ends 0 "no machine 'other'" "$cooper" status "$project/recipes/dev.yaml"
rm "$project/recipes/dev.yaml"

# --- while the file is being edited, and when it is gone ---

cd "$project" || exit 1
mkdir sub
cp cooper.yaml whole.yaml
for text in 'machine: { nam: x }' 'machine: { name: x' 'emulator: nix'; do
	printf 'kind: stack\n%s\n' "$text" >cooper.yaml
	check "status, with the mistake '$text'" ends 0 "'dev' is ready" "$cooper" status
done
check "in a folder below" ends 0 hello sh -c "cd sub && '$cooper' ssh -- echo hello"
check "said as a warning" grep -q "its machine 'dev' is meant" "$out"
check "stop" ends 0 "'dev' is stopped" "$cooper" stop
check "start" ends 0 "$foreign runs" "$cooper" start
check "verify" ends 0 "$foreign runs" "$cooper" verify
check "up refuses" ends 2 "cooper.yaml" up
mv cooper.yaml broken.yaml
check "a file that made no machine yet is still an error" ends 2 "broken.yaml" "$cooper" status broken.yaml
mv whole.yaml cooper.yaml

# --- restart ---

at=$(boots) port=$(cat "$machine/ssh/port")
check "restart" ends 0 "$foreign runs" "$cooper" restart
check "is one boot more" [ "$(boots)" = $((at + 1)) ]
check "with the same port" [ "$(cat "$machine/ssh/port")" = "$port" ]
keg=$(echo "$COOPER_HOME"/store/*-tiny-10.2.3-*)
mv "$keg" "$work/lost"
check "restart of what could not start again" ends 1 "is missing" "$cooper" restart dev
check "stops nothing" [ "$(field state) $(boots)" = "ready $((at + 1))" ]
mv "$work/lost" "$keg"
"$cooper" stop >"$out" 2>&1
check "restart of one that is off starts it" ends 0 "$foreign runs" "$cooper" restart dev

# --- ssh: terminal, folder, configuration ---

# in_terminal FOLDER COMMAND... - what it prints there, with a terminal of its own
in_terminal() {
	(cd "$1" && shift && python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null)
}
printf '#!/bin/sh\npwd\n' >"$work/shell" && chmod +x "$work/shell"
export SHELL=$work/shell
mkdir -p "$(disk 1)/var/lib/src/deep"
check "a shell begins in the same folder, where that is shared" [ "$(in_terminal "$work/src/deep" "$cooper" ssh dev | tr -d '\r')" = "$(disk 1)/var/lib/src/deep" ]
check "also by the link that the stack names" [ "$(in_terminal "$work/link" "$cooper" ssh dev | tr -d '\r')" = "$(disk 1)/var/lib/src" ]
rmdir "$(disk 1)/var/lib/src/deep"
check "and elsewhere where the guest has none such" ends 0 "" in_terminal "$work/src/deep" "$cooper" ssh dev
check "quietly" says_nothing_of "cd"
check "a command with -t has a terminal" ends 0 "with -t" env SHOW_TTY=1 "$cooper" ssh dev -t htop
check "and none without" ends 0 "with -T" env SHOW_TTY=1 "$cooper" ssh dev htop
check "ssh-config" ends 0 "Host cooper-dev" "$cooper" ssh-config dev
check "is what ssh takes" grep -q "Port $port" "$out"
check "with the line that follows it" grep -qF "# Include \"$machine/ssh/config\"" "$out"
check "of none" ends 1 "does not exist" "$cooper" ssh-config podman-named

# --- logs ---

cd "$work/empty" || exit 1
serial=$machine/log/serial.log
same_as() { "$cooper" logs dev ${2+"$2"} >"$out" && cmp "$out" "$1"; }
check "logs" same_as "$machine/log/supervisor.log"
printf 'one\r\n\033[31mred \302\233\r\nlast' >>"$serial"
check "logs of the console, elsewhere than on a terminal byte for byte" same_as "$serial" --serial
check "the last lines" [ "$("$cooper" logs dev --serial -n 2 | cksum)" = "$(printf '\033[31mred \302\233\r\nlast' | cksum)" ]
check "none of them" [ -z "$("$cooper" logs dev --serial -n 0)" ]
check "on a terminal nothing of it drives that" [ "$(in_terminal . "$cooper" logs dev --serial -n 3 | tr -d '\r')" = "$(printf 'one\n\\x1b[31mred \\xc2\\x9b\nlast')" ]
start log "$cooper" logs dev --serial --follow --lines=0
log=$started
sleep 0.3 # it stands at the end by then; later all of it would be new
echo ' goes on' >>"$serial"
check "it is followed" wait_for grep -q "goes on" "$work/log"
check "from its end" says_not_in "$work/log" "one"
mv "$serial" "$serial.1" && echo 'another boot' >"$serial"
check "into the next boot's" wait_for grep -q "another boot" "$work/log"
: >"$serial" && echo emptied >>"$serial"
check "and what was emptied" wait_for grep -q "emptied" "$work/log"
kill -INT "$log"
check "until ^C: 130" ended "$log" 130 log
mkdir "$COOPER_HOME/machines/bare"
check "of a machine that never was on" ends 1 "has no log yet" "$cooper" logs bare
rmdir "$COOPER_HOME/machines/bare"
check "of none" ends 1 "does not exist" "$cooper" logs podman-named
check "lines that are no number" ends 2 "not a number" "$cooper" logs dev -n many

# --- cp ---

odd="-a [1]*{x}? \$(touch PWNED) \"q\" \\b"
echo odd >"./$odd"
mkdir -p tree/in && echo deep >tree/in/f && echo colon >./a:b
check "cp of a name that a shell or scp would take apart" ends 0 "" copied -- "$odd" dev:/etc/
check "is there" [ "$(guest "etc/$odd")" = odd ]
check "and back" ends 0 "" copied "dev:/etc/$odd" back
check "is the same" [ "$(cat back) $(find "$work" -name PWNED | wc -l)" = "odd 0" ]
check "cp of a folder and a file, to the home" ends 0 "" copied tree ./a:b dev:
check "all of it" [ "$(guest home/tree/in/f) $(guest home/a:b)" = "deep colon" ]
check "a home by its tilde" ends 0 "" copied "dev:~/a:b" here
check "is the guest's" [ "$(cat here)" = colon ]
check "a name with a colon is a machine's, unless it says ./" ends 1 "no machine and no stack is called 'a'" "$cooper" cp a:b tree
check "what is not there: scp's exit code" ends 1 "none" copied dev:/etc/none there
check "two files of this host" ends 2 "one side has to be on this host" "$cooper" cp tree there
check "two machines" ends 2 "in one machine" "$cooper" cp dev:a other:b there
check "without a name, this folder's machine" ends 0 "" sh -c "cd '$project' && '$cooper' cp :/etc/then here 2>&1; echo done"
check "cp with a machine that is off" ends 8 "cooper start dev" off_and cp tree dev:

# --- a machine whose folder was put elsewhere ---

"$cooper" stop >"$out" 2>&1
mv "$machine" "$work/elsewhere" && ln -s "$work/elsewhere" "$machine"
check "status of a machine whose folder is a link" ends 0 "'dev' is not running" "$cooper" status dev
check "destroy says what is left" ends 0 "its disks and keys are still in '$work/elsewhere'" "$cooper" destroy dev --yes
check "and it is" [ -d "$work/elsewhere/ssh" ]
mv "$work/elsewhere" "$machine"

# --- the end ---

check "destroy asks about that machine" ends 2 "nothing was removed" "$cooper" destroy dev
rm "$project/cooper.yaml"
check "destroy, without the file" ends 0 "machine 'dev' is gone" "$cooper" destroy dev --yes
check "nothing of it is left" [ ! -e "$machine" ]
check "status of all: none" ends 0 "no machines" "$cooper" status --all
echo "$passed passed, $failed failed"
[ $failed = 0 ]
