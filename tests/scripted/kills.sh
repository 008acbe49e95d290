#!/usr/bin/env bash
# kill -9 of `up`, `start`, `stop`, the supervisor and the monitor at scripted points, and `up` again: the same end, and
# never a second boot of a machine that comes up by itself. What a machine that runs is not stopped for.
set -u
set -m
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
motd='{ name: motd, write: { path: /etc/motd, text: "hello" } }'
disk_size=2GiB
emulator one && image 1 && stack 512MiB "$motd"
cd "$project" || exit 1

# converges - up ends with a proved machine, after which there is nothing to do
converges() { ends 0 "runs" up && ends 0 "nothing to do" up && [ "$(guest etc/motd) $(field state)" = "hello ready" ]; }
is() { [ "$(field "$1")" = "$2" ]; }
# held COMMAND... - the command, up to the kernel of a boot that waits for the file `go`
held() {
	rm -f "$COOPER_HOME/go"
	echo 'kernel hold up run' >"$COOPER_HOME/boots"
	start held "$cooper" "$@"
	held=$started
	wait_for is phase kernel
}
go() { : >"$COOPER_HOME/go"; }

check "up" converges

# --- who started the machine is killed: it is adopted ---

"$cooper" stop >"$out" 2>&1
at=$(boots)
check "start, up to the kernel" held start
kill -9 "$held"
check "is killed" ended "$held" 137 held
go
check "the machine comes up nevertheless" wait_for is state ready
check "plan does not want a boot" ends 3 "canaries" "$cooper" plan
check "nor does it say so" [ "$(grep -c 'boot the machine' "$out")" = 0 ]
check "up adopts it" converges
check "one boot" [ "$(boots)" = $((at + 1)) ]
image 2
at=$(boots)
check "up to a new generation, up to the kernel" held up
kill -9 "$held"
check "is killed" ended "$held" 137 held
check "plan: it is awaited" ends 3 "await" "$cooper" plan
start two "$cooper" up
two=$started
check "the next up follows the boot" wait_for grep -q 'kernel' "$work/two"
go
check "and finishes it" ended "$two" 0 two
check "all of it" ends 0 "nothing to do" up
check "one boot, and the new generation" [ "$(boots) $(current)" = "$((at + 1)) 2" ]

# --- the supervisor, the monitor, stop ---

stack 768MiB "$motd"
check "up to other settings, up to the kernel" held up
kill -9 "$(field pid)"
check "the supervisor is killed: up says so" ended "$held" 1 held
check "by its signal" grep -q 'ended by signal 9' "$work/held"
check "status tells" ends 0 "its supervisor is gone without a word: it was killed, or" "$cooper" status
check "up again" converges
"$cooper" stop >"$out" 2>&1
check "one that was stopped did not crash" [ "$(field state)" = stopped ]
check "up again" converges
stack 512MiB "$motd"
check "up, up to the kernel" held up
kill -9 "$(field qemu_pid)"
check "the monitor is killed: up says so" ended "$held" 1 held
check "by its signal" grep -q 'ended by signal 9' "$work/held"
check "up again" converges
echo 'up deaf run' >"$COOPER_HOME/boots"
"$cooper" stop >"$out" 2>&1
check "a guest that ignores the power button" converges
start three "$cooper" stop
three=$started
check "status, while it is stopped" wait_for ends 0 "'dev' is stopping" "$cooper" status
check "in JSON, too" ends 0 '"state": "stopping"' "$cooper" status --json
kill -9 "$three"
check "stop is killed" ended "$three" 137 three
kill -9 "$(field qemu_pid)" 2>/dev/null
check "up again" converges

# --- what is judged before a machine that runs is stopped ---

at=$(boots)
# refused CODE TEXT - up, plan and doctor say so, and the machine goes on
refused() {
	ends "$1" "$2" up && ends "$1" "$2" "$cooper" plan && ends 1 "$2" "$cooper" doctor && [ "$(field state) $(boots)" = "ready $at" ]
}
python3 -S -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1); print(s.getsockname()[1], flush=True); time.sleep(600)' >"$work/port" &
listener=$!
check "somebody listens" wait_for [ -s "$work/port" ]
port=$(cat "$work/port")
settings="ports: [\"$port:80\"]" && stack 512MiB "$motd"
check "a port is taken" refused 5 "port $port of this host is in use"
settings='ports: ["192.0.2.1:8080:80"]' && stack 512MiB "$motd"
check "an address that the host does not have" refused 2 "no address '192.0.2.1'"
settings='mounts: [{ host: ./nowhere, guest: /mnt/x }]' && stack 512MiB "$motd"
check "a folder is missing" refused 1 "nowhere"
: >nowhere
check "it is a file" refused 2 "is not a folder"
rm nowhere
settings="" disk_size=1GiB && stack 512MiB "$motd"
check "a smaller disk" refused 2 "disks only grow"
disk_size=2GiB && stack 512GiB "$motd"
check "more memory than there is" ends 2 "memory" up
check "and the machine goes on" [ "$(field state) $(boots)" = "ready $at" ]
stack 768MiB "$motd"
check "no ssh on this host" ends 1 "program 'ssh' is not installed" env PATH= "$cooper" up
check "and the machine goes on" [ "$(field state) $(boots)" = "ready $at" ]
kill "$listener" && wait "$listener" 2>/dev/null
settings="ports: [\"$port:80\"]" && stack 512MiB "$motd"
check "the port is free: up" ends 0 "1 port" up
python3 -S -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(1); time.sleep(600)' "$port" &
listener=$!
stack 768MiB "$motd"
check "a port that its own machine holds is free for it" converges
kill "$listener" && wait "$listener" 2>/dev/null

# --- a supervisor that hangs ---

kill -STOP "$(field pid)"
start mute "$cooper" status
mute=$started
sleep 1 # the stop wakes it
check "its stop" ends 0 "is stopped" "$cooper" stop
check "to status it was an error, not a blank" ended "$mute" 1 mute
check "of a process that is named" grep -q 'process [0-9]*) does not answer' "$work/mute"
check "up again" converges
check "destroy" ends 0 "" "$cooper" destroy --yes
echo "$passed passed, $failed failed"
[ $failed = 0 ]
