#!/usr/bin/env bash
# The whole life of a stack under the scripted machine: up, nothing to do, changes, failures, rollback, interruptions,
# kill -9 at every step, two at once, destroy. Fetch, unpack, patch, build, image, generation, boot, guest steps,
# handlers, connection and canaries really run; only the virtual machine is a script. Seconds, no network, no root.
# A job in the background of a shell without job control ignores ^C, and so would all that it starts.
if [ -z "${INT_IS_DEFAULT:-}" ] && env --default-signal=INT true 2>/dev/null; then
	INT_IS_DEFAULT=1 exec env --default-signal=INT bash "$0" "$@"
fi
set -u
set -m # without job control a shell's background programs ignore ^C
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
motd='{ name: motd, write: { path: /etc/motd, text: "hello" }, then: { run: [cp, /etc/motd, /etc/then] } }'
extra='{ name: extra, script: "date >>/etc/extra" }'
emulator one && image 1 && stack 512MiB "$motd" "$extra"
mkdir "$work/.docker" && echo '{"auths": {}}' >"$work/.docker/config.json"
cd "$project" || exit 1

says_not() { ! grep -qF -- "$1" "$out"; }

# --- up, and again ---

check "status before there is a machine" ends 0 "no machine 'dev'" "$cooper" status
umask 077 # what is built must not depend on it
check "up" ends 0 "$foreign runs" up
umask 022
check "what is built has the modes of every other host" [ "$(find "$COOPER_HOME"/store/*-tiny-10.2.3-*/share -perm -0044 | wc -l)" = 2 ]
check "the first generation is the current one" [ "$(current)" = 1 ]
check "the patched emulator is in the keg" grep -qx one "$COOPER_HOME"/store/*-tiny-10.2.3-*/share/firmware
check "the guest steps were done, in the guest" [ "$(guest etc/motd) $(guest etc/then)" = "hello hello" ]
check "the handlers' flags were corrected" grep -q '^flags: .*C' "$(disk 1)/proc/sys/fs/binfmt_misc/qemu-$foreign"
connections=$work/.config/containers/podman-connections.json
named() { [ "$(cut -d' ' -f1 "$connections" | tr '\n' ' ')" = "$* " ]; }
check "podman is connected to the machine's sockets" [ "$(cat "$connections")" = "dev unix://$machine/api.sock
dev-root unix://$machine/root.sock" ]
leads() { grep -qF "\"unix://$machine/api.sock\"" "$work"/.docker/contexts/meta/*/meta.json; }
check "docker by a context" leads
if [ ! -e /var/run/docker.sock ]; then
	check "which is the current one, where there was none" grep -q '"currentContext": "cooper-dev"' "$work/.docker/config.json"
fi
asked=$(grep -c . "$work/podman.log")
check "up again: nothing to do" ends 0 "nothing to do" up
check "for which podman is not asked" [ "$(grep -c . "$work/podman.log")" = "$asked" ]
rm "$connections"
check "the connections are lost: plan says so" ends 3 "connect podman" "$cooper" plan
check "up makes them again" ends 0 "podman --connection dev" up
check "and nothing else" says_not canary
echo "mine ssh://me@elsewhere/run/podman.sock" >"$connections"
check "start of a machine that runs makes them, too" ends 0 "is running" "$cooper" start
check "beside the user's own" named mine dev dev-root
sed -i.bak '/^mine/d' "$connections" && rm "$connections.bak"
check "what podman's files hold is looked at" ends 0 "podman --connection dev" up
check "then nothing to do" ends 0 "nothing to do" up
rm -r "$work/.docker/contexts" && echo '{"auths": {}}' >"$work/.docker/config.json"
check "docker's context is lost: plan says so" ends 3 "connect podman and docker" "$cooper" plan
check "up makes it again" ends 0 "docker" up
check "it leads to the machine" leads
echo '{"auths": {}}' >"$work/.docker/config.json"
check "another context is the current one: nothing to do" ends 0 "nothing to do" up
printf '{ "currentContext": "cooper-dev", "auths": {} }' >"$work/.docker/config.json"
printf 'connect: { socket: ~/.run/docker.sock }\n' >>"$project/cooper.yaml"
check "a link to the socket is asked for: plan says so" ends 3 "connect podman and docker and ~/.run/docker.sock" "$cooper" plan
check "up makes it" ends 0 "$work/.run/docker.sock" up
check "it leads to the machine's" [ "$(readlink "$work/.run/docker.sock")" = "$machine/api.sock" ]
check "and there is nothing more to do" ends 0 "nothing to do" up
check "status shows it" ends 0 "socket: $work/.run/docker.sock" "$cooper" status
sed -i.bak 's/^connect:.*/connect: { socket: none }/' "$project/cooper.yaml" && rm "$project/cooper.yaml.bak"
check "it is asked for no more" ends 0 "podman --connection dev" up
check "which says what it removes" grep -q "removed the link '$work/.run/docker.sock'" "$out"
check "and is gone, with its folder" [ ! -e "$work/.run" ]
check "and there is nothing more to do, either" ends 0 "nothing to do" up
rm "$COOPER_HOME"/*.record
check "what is remembered is lost: nothing to do" ends 0 "nothing to do" up
check "and all of it is remembered again" grep -q '"build:tiny"' "$COOPER_HOME"/*.record
check "plan: nothing to do" ends 0 "nothing to do" "$cooper" plan
check "status: ready" ends 0 "'dev' is ready: generation 1" "$cooper" status
check "ssh runs a command in the guest" ends 0 hello "$cooper" ssh -- cat /etc/motd
check "one boot so far" [ "$(boots)" = 1 ]

# --- changes ---

stack 768MiB "$motd" "$extra"
check "plan: memory asks for a restart" ends 3 "memory" "$cooper" plan
check "which takes, runs and opens nothing new" grep -q "^nothing new in what that takes" "$out"
check "and shows nothing of it" says_not "writes /etc/motd"
check "plan --json shows all of it" ends 3 "writes /etc/motd" "$cooper" plan --json
check "up: restart" ends 0 "boot" up
check "the same disk, restarted with more memory" [ "$(current) $(tail -1 "$COOPER_HOME/booted")" = "1 up run: 768M again $machine/gen-1" ]
check "guest steps were not done again" [ "$(guest etc/extra | grep -c .)" = 1 ]
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }' "$extra"
check "plan: of what runs, the changed step alone is shown" ends 3 "(and 1 known from before" "$cooper" plan
check "with what it does now" grep -qx "      bye" "$out"
check "and not the other one" says_not "/etc/extra"
check "a changed guest step is done, without a boot" ends 0 "step:motd" up
check "in the guest" [ "$(guest etc/motd) $(boots)" = "bye 2" ]
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'
check "a guest step that is removed leaves nothing to do" ends 0 "nothing to do" up
image 2
check "another image: a new generation" ends 0 "generation 2" up
check "which is the current one, with its steps done" [ "$(current) $(guest etc/motd)" = "2 bye" ]
check "and the one before is kept" [ -d "$(disk 1)" ]
stack 768MiB '{ name: fails, run: [sh, -c, "echo because >&2; exit 3"] }'
check "a guest step that fails" ends 1 "because" up
stack 768MiB '{ name: half, script: "false\ntouch /etc/half" }'
check "a script whose first line fails, and whose last does not" ends 1 "script" up
check "stopped there" [ ! -e "$(disk 2)/etc/half" ]
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'
check "is repaired by the next up" ends 0 "" up

# --- ports of the stack: the machine that runs is told ---

ports() { settings="ports: [$1]" stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'; }
at=$(boots)
python3 -S -c 'import socket
s = [socket.socket() for i in range(3)]
for i in s: i.bind(("127.0.0.1", 0))
print(*(i.getsockname()[1] for i in s))' >"$work/free"
read -r one two three <"$work/free"
ports "\"$one:80\""
check "plan: a port more is told to the machine" ends 3 "ports none -> 127.0.0.1:$one:80" "$cooper" plan
check "and nothing besides" [ "$(sed -n 's/^  *\([a-z][a-z]*\)   *\([a-z].*\)/\1 \2/p' "$out")" = "forward forward the stack's ports" ]
check "up: without a boot" ends 0 "1 port" up
check "it leads to the guest's" [ "$(cat "$machine/forwards/tcp-127.0.0.1-$one") $(boots)" = ":80 $at" ]
check "and nothing is proved again" says_not canary
check "and there is nothing more to do" ends 0 "nothing to do" up
python3 -S -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(1); print(1, flush=True); time.sleep(600)' "$three" >"$work/listens" &
listener=$!
check "somebody listens" wait_for [ -s "$work/listens" ]
ports "\"$two:80\", \"$three:80\""
check "one of two is taken: plan says so" ends 5 "port $three of this host is in use" "$cooper" plan
check "so does up" ends 5 "port $three of this host is in use" up
check "and the machine has those that it had" [ "$(ls "$machine/forwards") $(boots)" = "tcp-127.0.0.1-$one $at" ]
kill "$listener" && wait "$listener" 2>/dev/null
ports "\"$two:81\", \"$three:80\""
check "it is free: up" ends 0 "2 ports" up
check "these and no others" [ "$(cd "$machine/forwards" && echo *)" = "$(printf 'tcp-127.0.0.1-%s\n' "$two" "$three" | sort | paste -sd' ' -)" ]
ports "\"0.0.0.0:$two:81\", \"$three:80\""
check "at another address" ends 0 "2 ports" up
check "that one" [ -e "$machine/forwards/tcp-0.0.0.0-$two" ]
check "a restart has them, too" ends 0 "" "$cooper" restart
check "and there is nothing to do" ends 0 "nothing to do" up
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'
check "none any more: without a boot" ends 0 "0 ports" up
rm "$machine/gen-2/machine.json"
check "what the machine has is lost: plan says so" ends 3 "cannot be read" "$cooper" plan
check "up writes it again, without a boot" ends 0 "0 ports" up
check "and there is nothing more to do" ends 0 "nothing to do" up
ports "\"$(field ssh_port):80\""
check "the port of ssh to the machine: plan says so" ends 5 "is that of ssh to machine 'dev'" "$cooper" plan
check "so does up" ends 5 "is that of ssh to machine 'dev'" up
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'
check "all are closed" [ "$(ls "$machine/forwards")$(boots)" = $((at + 1)) ]

rm "$(dirname "$(disk 2)")/generation.json"
check "plan, a running machine's generation is lost: a restart" ends 3 "restart   boot the machine" "$cooper" plan
check "up makes it again, and boots it" ends 0 "generation 3" up
image 1
check "back to the first image" ends 0 "generation 1" up
image 2
check "and to a second generation" ends 0 "generation 2" up

# --- folders of the host ---

shares() { settings="mounts: [$1]" stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'; }
mkdir -p "$work/a" "$work/b"
at=$(boots)
shares "{ host: $work/a, guest: /mnt/a, writable: true }"
check "plan: a folder more is a restart" ends 3 "mount /mnt/a is new: $work/a, writable" "$cooper" plan
check "and nothing besides" [ "$(sed -n 's/^  *\([a-z][a-z]*\)   *\([a-z].*\)/\1 \2/p' "$out")" = "restart boot the machine" ]
check "up: it is restarted" ends 0 "boot" up
check "with the disk it had" [ "$(current) $(boots)" = "2 $((at + 1))" ]
check "and the guest is told what to mount" grep -q '^cooper0 trans=virtio,.*,nosuid,nodev /mnt/a$' "$(disk 2)/run/mounts"
shares "{ host: $work/b, guest: /mnt/a }, { host: $work/none, guest: /mnt/none }"
check "a folder that is not there: plan says so" ends 1 "does not exist" "$cooper" plan
check "so does up" ends 1 "does not exist" up
check "and nothing was stopped for it" [ "$(field state) $(boots)" = "ready $((at + 1))" ]
shares "{ host: $work/b, guest: /mnt/a }"
check "another folder is a restart, too" ends 3 "writable -> $work/b, read-only" "$cooper" plan
check "up" ends 0 "boot" up
check "read-only it is" grep -q ',ro,nosuid,nodev /mnt/a$' "$(disk 2)/run/mounts"
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "bye" } }'
check "no folder any more: a restart" ends 3 "mount /mnt/a is gone" "$cooper" plan
check "up" ends 0 "boot" up
check "nothing is mounted" [ "$(current)$(cat "$(disk 2)/run/mounts")" = 2 ]

# --- a generation that does not come up ---

image 3
for boot in no-kernel ignition 'kernel die:3' off panic; do
	echo "$boot" >"$COOPER_HOME/boots"
	case $boot in
	panic) code=8 text='Kernel panic' ;;
	no-kernel) code=8 text='No bootable option' ;;
	ignition) code=8 text='failed to fetch config' ;;
	*die*) code=1 text='scripted: dies' ;;
	off) code=8 text='' ;;
	esac
	check "a new generation with the boot '$boot': exit $code" ends "$code" "$text" up
	cp "$out" "$work/failed"
	check "and the old one stays the current one" [ "$(current)" = 2 ]
	check "which runs again" ends 0 "'dev' is ready: generation 2" "$cooper" status
done
check "up says so" grep -q "starting generation 2 again, which ran before" "$work/failed"
check "and where the log of the other boot is" grep -q "log/serial.log.1" "$work/failed"
check "its log is that of the boot that failed" grep -qs 'Kernel panic' "$machine/log/serial.log.1"
printf 'panic\npanic\n' >"$COOPER_HOME/boots"
check "neither comes up" ends 8 "could not be started again" up
check "nothing runs then" ends 0 "'dev' is not running" "$cooper" status
echo panic >"$COOPER_HOME/boots"
check "what did not run is not started" ends 8 "Kernel panic" up
check "nothing runs then, either" ends 0 "'dev' is not running" "$cooper" status
image 2
check "back to what worked: the same generation again" ends 0 "generation 2" up
check "not a new one" [ "$(current)" = 2 ]

# --- reboots, a dead monitor ---

"$cooper" stop >"$out" 2>&1
check "status while stopped" ends 0 "'dev' is not running" "$cooper" status
printf 'kernel reset\nup run\n' >"$COOPER_HOME/boots"
check "a guest that reboots comes back" ends 0 "" "$cooper" start
read -r monitor _ <"$machine/guest" || exit 1
kill -9 "$monitor"
check "a monitor that dies takes its supervisor along" wait_for ends 0 "'dev' is not running" "$cooper" status
check "with its last words" ends 0 "was ended by signal 9" "$cooper" status
check "in JSON, too" ends 0 '"state": "crashed"' "$cooper" status --json
check "up starts the machine again" ends 0 "runs" up
rm "$machine/proofs.json"
for keg in "$COOPER_HOME"/store/*-tiny-10.2.3-*/; do mv "$keg" "$work/away"; done
check "start checks a machine that runs and was not checked; what it needed to start may be gone" ends 0 "runs" "$cooper" start
mv "$work/away" "$keg"
check "and one that was, it leaves" [ "$("$cooper" start)" = "'dev' is running" ]

# --- a machine that is on and cannot be used ---

at=$(boots)
: >"$machine/stuck" && echo disk-full >"$machine/pause"
check "the host's disk is full: status says so" wait_for ends 7 "'dev' is paused" "$cooper" status
check "and what to do" grep -q 'free at least' "$out"
check "in JSON, too" ends 7 '"state": "paused"' "$cooper" status --json
check "start says so" ends 7 "the host's disk is full" "$cooper" start
check "ssh does not hang" ends 7 "the host's disk is full" "$cooper" ssh -- true
check "plan wants it to go on" ends 3 "resume" "$cooper" plan
check "up says so, and stops nothing" ends 7 "the host's disk is full" up
rm "$machine/stuck"
check "with room it goes on by itself" wait_for ends 0 "'dev' is ready" "$cooper" status
: >"$machine/stuck" && echo paused >"$machine/pause"
check "one that stands still without a reason" wait_for ends 8 "'dev' is paused" "$cooper" status
rm "$machine/stuck"
check "goes on by up" ends 0 "it goes on" up
check "without a boot" [ "$(boots)" = "$at" ]
hang true
start one "$cooper" status
one=$started
check "status asks the guest itself" wait_for hung
release
check "and believes it" ended "$one" 0 one

# --- rollback ---

keg=$(echo "$COOPER_HOME"/store/*-tiny-10.2.3-*)
mv "$keg" "$work/lost"
check "rollback, its emulator is lost" ends 1 "is missing" "$cooper" rollback
check "nothing is stopped for it" [ "$(field state)" = ready ]
mv "$work/lost" "$keg"
check "rollback" ends 0 "generation 1 is now current" "$cooper" rollback
check "the same again is no failure" ends 0 "generation 1 is current already" "$cooper" rollback
check "the disk of the first image" [ "$(current) $(guest etc/os-release | tail -1)" = "1 VERSION_ID=1" ]
check "up goes to the stack's own again" ends 0 "generation 2" up
check "and it is the current one" [ "$(current)" = 2 ]

# --- two at once ---

stack 768MiB "$motd"
hang /etc/motd
start one "$cooper" up
one=$started
check "an up is at work in the guest" wait_for hung
check "up --no-wait does not wait for it" ends 5 "cooper up" up --no-wait
start two "$cooper" up
two=$started
start three "$cooper" rollback
three=$started
check "another up waits, and says for whom" wait_for grep -q "pid $one" "$work/two"
check "rollback waits, too" wait_for grep -q "pid $one" "$work/three"
kill -INT "$three"
check "^C ends its waiting: 130" ended "$three" 130 three
release
check "the first up does it all" ended "$one" 0 one
check "and leaves the second nothing to do" ended "$two" 0 two
check "nothing" grep -q "nothing to do" "$work/two"

# --- interrupted ---

stack 512MiB "$motd"
hang canary-
start one "$cooper" up
one=$started
check "an up is in the canary" wait_for hung
start four "$cooper" fetch
four=$started
check "fetch waits for it" wait_for grep -q "pid $one" "$work/four"
echo 'kind: none' >cooper.yaml
kill -INT "$one"
check "^C there: 130" ended "$one" 130 one
check "and fetch reads what was written while it waited" ended "$four" 2 four
stack 512MiB "$motd"
release
check "and the next up proves the machine" ends 0 "runs" up
stack 768MiB "$motd"
echo silent >"$COOPER_HOME/boots"
start one "$cooper" up
one=$started
check "an up is in the boot" wait_for grep -q '^silent: 768M' "$COOPER_HOME/booted"
kill -INT "$one"
check "^C there: 130" ended "$one" 130 one
"$cooper" stop >"$out" 2>&1
check "and the next up boots the machine" ends 0 "runs" up
check "then nothing to do" ends 0 "nothing to do" up

# --- what the record says was seen to run ---

exposed() { cat "$COOPER_HOME"/*.record | grep -cF "(mode 0644):\\n    $1"; }
stack 512MiB "${motd/hello/bye}"
check "an up is killed when all is done but the record" ends 137 "" env COOPER_KILL_AT="step.done switch" "$cooper" up
check "the next up finds nothing to do" ends 0 "nothing to do" up
check "and notes what ran" [ "$(exposed 'bye') $(exposed 'hello')" = "1 0" ]
stack 512MiB "$motd"
check "another one" ends 0 "" up
"$cooper" stop >"$out" 2>&1
hang "podman manifest"
start one "$cooper" start
one=$started
check "a start is in its last check" wait_for hung
kill -9 "$(field pid)"
check "the machine ends there" wait_for ends 0 "crashed" "$cooper" status
release
check "start does not say that it is running" ended "$one" 8 one
check "but that it ended" grep -q "ended while it was checked" "$work/one"

# --- kill -9 at every step: where it begins, where it has ended, and within guest steps ---

check "destroy" ends 0 "" "$cooper" destroy --yes
check "leaves no machine" [ ! -d "$machine" ]
chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" && mkdir "$COOPER_HOME"
# killed_at STEPS COMMAND... - the command, killed where each step begins, and again where it ends
killed_at() {
	local steps=$1 step place
	shift
	for step in $steps; do
		for place in step.start step.done; do
			start one env COOPER_KILL_AT="$place $step" "$cooper" "$@"
			check "killed at $place of $step" ended "$started" 137 one
		done
	done
}
# the emulator and the image one after the other, since in `up` they are made side by side
killed_at "fetch:tiny source:tiny build:tiny" build
killed_at "fetch:tiny-os-image image:tiny-os" build --image
killed_at "generation boot handlers step:motd canary switch connect" up
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "last" }, then: { run: [cp, /etc/motd, /etc/then] } }'
for place in 'cat >' '1800 cp' '.new &&'; do
	hang "$place"
	start one "$cooper" up
	one=$started
	check "a guest step stands before '$place'" wait_for hung
	kill -9 "$one"
	check "up is killed there" ended "$one" 137 one
	release
done
check "kill -9 at every step, and up again: it converges" ends 0 "" up
check "then nothing to do" ends 0 "nothing to do" up
check "and the machine is as wanted" [ "$(guest etc/motd) $(guest etc/then)" = "last last" ]
kill -9 "$("$cooper" status --json | sed -n 's/.*"pid": \([0-9]*\),*/\1/p' | head -1)"
check "the supervisor is killed: up boots the machine again" wait_for ends 0 "boot" up
check "the store has no damage" ends 0 "" "$cooper" verify
for made in "$COOPER_HOME"/store/*-tiny-10*/share/firmware "$COOPER_HOME"/store/*-tiny-os-*/*.raw; do
	[ ! -f "$made" ] || { chmod u+w "$made" && echo damage >>"$made"; }
done
check "what is damaged is dropped" ends 4 "were damaged" "$cooper" verify --deep
"$cooper" stop >"$out" 2>&1
check "and made again before the machine is started from it" ends 0 "build:tiny" up
rm -rf "$COOPER_HOME"/store/*-tiny-10*
check "the emulator is lost while it runs: nothing needs it" ends 0 "nothing to do" up
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "without" } }'
check "plan, without the emulator" ends 3 "step motd" "$cooper" plan
check "a guest step is done without it" ends 0 "step:motd" up
check "in the guest that runs" [ "$(guest etc/motd)" = without ]
"$cooper" stop >"$out" 2>&1
check "start says what to do" ends 1 "cooper up" "$cooper" start
check "up makes it again" ends 0 "build:tiny" up

# --- a project's own recipes ---

stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "trusted" } }'
shipped=$COOPER_RECIPES && mkdir -p "$work/shipped/recipes" "$work/shipped/vmimages"
export COOPER_RECIPES=$work/shipped
check "up of a project whose recipes nobody has agreed to" ends 2 "      trusted" up
check "which did nothing" ends 2 "nobody has agreed" up
check "plan says what they do" ends 3 "in the guest as root, writes /etc/motd (mode 0644):" "$cooper" plan
check "trust without an answer" ends 2 "give --yes" "$cooper" trust
check "trust" ends 0 "+ recipes/tiny.yaml: install" "$cooper" trust --yes
check "up, now" ends 0 "runs" up
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "changed" } }'
check "what changed is asked about, and nothing else" ends 2 "that were agreed to before" up
check "up --yes agrees" ends 0 "runs" up --yes
stack 512MiB '{ name: motd, write: { path: /etc/motd, text: "changed" } }'
check "memory is nothing to agree to" ends 0 "runs" up
check "untrust" ends 0 "no longer trusted" "$cooper" untrust
stack 768MiB '{ name: motd, write: { path: /etc/motd, text: "changed" } }'
check "and up asks again" ends 2 "nobody has agreed" up
export COOPER_RECIPES=$shipped

# --- the end ---

check "destroy" ends 0 "" "$cooper" destroy --yes
check "nothing of the machine is left" [ ! -e "$machine" ]
check "nor its podman connections" [ ! -e "$connections" ]
check "nor docker's context, which is the current one no longer" [ "$(ls "$work/.docker") $(tr -d ' \n' <"$work/.docker/config.json")" = 'config.json {"auths":{}}' ]

# --- an upgrade while it runs ---

if [ "$(uname)" = Linux ]; then
	mkdir "$work/slow" && cp "$cooper" "$work/copy"
	printf '#!/bin/sh\n: >"%s/asked"\nwhile [ ! -e "%s/go" ]; do sleep 0.02; done\nexec %s "$@"\n' \
		"$work" "$work" "$(command -v ssh-keygen)" >"$work/slow/ssh-keygen"
	printf '#!/bin/sh\nexit 9\n' >"$work/newer" && chmod +x "$work/newer" "$work/slow/ssh-keygen"
	start upgraded env PATH="$work/slow:$PATH" "$work/copy" up
	check "up makes keys" wait_for [ -e "$work/asked" ]
	mv "$work/newer" "$work/copy" && : >"$work/go"
	check "and comes up although its program was replaced" ended "$started" 0 upgraded
	check "as the same program" ends 0 "'dev' is ready" "$cooper" status
	check "destroy" ends 0 "" "$cooper" destroy --yes
fi

# --- what is the user's, and a machine without its file ---

echo "dev ssh://me@elsewhere/run/podman.sock" >"$connections"
check "up, where the user has a connection of that name" ends 0 "podman --connection cooper-dev" up
check "then nothing to do" ends 0 "nothing to do" up
check "all are there" named dev cooper-dev dev-root
echo "cooper-dev ssh://me@elsewhere/run/podman.sock" >>"$connections" && sed -i.bak '2d' "$connections"
check "where both names are the user's, there is none, and a way out" ends 0 "podman --url unix://$machine/api.sock" up
check "which is told once" ends 0 "nothing to do" up
mv cooper.yaml away.yaml
check "without the file, status by the machine's name" ends 0 "'dev' is ready" "$cooper" status dev
check "ssh" ends 0 "" "$cooper" ssh dev -- cat /etc/motd
check "stop" ends 0 "'dev' is stopped" "$cooper" stop dev
check "of no machine" ends 1 "other" "$cooper" stop other
check "destroy" ends 0 "machine 'dev' is gone" "$cooper" destroy --yes dev
check "the user's connection is left" grep -q '^dev ssh://me@elsewhere' "$connections"
check "and no other" named dev cooper-dev
echo "$passed passed, $failed failed"
[ $failed = 0 ]
