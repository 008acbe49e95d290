#!/usr/bin/env bash
# A guest's root against cooper on the host, as far as that needs no real guest: what it says, what it never stops
# saying, what it puts into a folder that it may write, and that it does not end. tests/e2e/hostile.sh has the rest.
set -u
set -m
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
motd='{ name: motd, write: { path: /etc/motd, text: "hello" } }'
mkdir -p "$work/bin"
# The guest's sshd is the attacker's: what the home's file `says` names, in place of an answer.
cat >"$work/bin/ssh" <<SSH
#!/usr/bin/env bash
case "\$(cat "\$COOPER_HOME/says" 2>/dev/null) \$*" in
*" -N "*) ;;
key*) printf '%s\n' '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @' 'Host key verification failed.' >&2 && exit 255 ;;
stdout*) exec yes ;;
stderr*) exec yes >&2 ;;
escapes*) printf 'runs=\033]0;x\007\033[31m\302\2331m\177\r\n' && printf '\033]0;x\007\033[31m\302\2331m\r\n' >&2 && exit \$(cat "\$COOPER_HOME/ends") ;;
esac
exec '$scripted/host-bin/ssh' "\$@"
SSH
chmod +x "$work/bin/ssh"
export PATH=$work/bin:$PATH

emulator one && image 1 && stack 512MiB "$motd"
cd "$project" || exit 1
says() { if [ $# -gt 0 ]; then echo "$1" >"$COOPER_HOME/says"; else rm -f "$COOPER_HOME/says"; fi; }
# plain COMMAND... - what it prints holds no control characters, in whichever encoding
plain() {
	"$@" >"$out" 2>&1 </dev/null
	[ -s "$out" ] && ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$out"
}
step() { printf '{ name: %s, run: [sh, -c, "exit 0"] }' "$1"; }

# --- a guest that does not shut down: another machine of another home, since it takes its time ---

check "up" ends 0 "runs" up
other=$work/home2
env COOPER_HOME="$other" sh -c "'$cooper' up && '$cooper' stop && echo 'up deaf run' >'$other/boots' && '$cooper' start &&
	exec '$cooper' stop" >"$work/deaf" 2>&1 </dev/null &
deaf=$!

# --- what it says ---

for ends in 0 3 255; do
	echo $ends >"$COOPER_HOME/ends"
	says escapes
	stack 512MiB "$motd" "$(step said$ends)"
	for command in status 'status --json' verify "up --yes --events=$work/events" 'up --yes --verbose' start plan; do
		# shellcheck disable=SC2086
		check "it answers with escape sequences and exit status $ends: $command" plain "$cooper" $command
	done
	check "the file of events" plain cat "$work/events"
	says
	check "up, when it answers as it should" ends 0 "" up --yes
done
"$cooper" stop >"$out" 2>&1
rm -f "$COOPER_HOME/go"
echo 'kernel hold panic' >"$COOPER_HOME/boots"
start panic "$cooper" up --yes
panic=$started
wait_for grep -qs Linux "$machine/log/serial.log"
python3 -S - "$machine/log/serial.log" <<'END'
import sys
with open(sys.argv[1], "ab") as f:
    f.write(b"\x1b]0;x\x07\x1b[31m\xc2\x9b1m\x7f\xff\xfe EXT4-fs error " + "\u00e9\u202e".encode() * 400 + b"\r\n")
    f.write(b"Kernel panic - not syncing: \x1b]0;x\x07\xc2\x9b1m" + b"\xf0\x9f" * 300 + b"\r\n" + b"endless " * (1 << 20))
END
: >"$COOPER_HOME/go"
check "a console of escape sequences, broken characters and an endless line" ended "$panic" 8 panic
check "its words are shown, and nothing else of it" plain cat "$work/panic"
check "nor by status" plain "$cooper" status
check "and again without them" ends 0 "runs" up --yes
cut_short() { [ "$(wc -c <"$machine/log/serial.log")" -lt 70000000 ]; }
head -c 90000000 /dev/zero >>"$machine/log/serial.log"
check "a console that is faster than anybody reads is cut" wait_for cut_short

# --- what it does not stop saying ---

for flood in stdout stderr; do
	says $flood
	stack 512MiB "$motd" "$(step $flood)"
	[ $flood = stderr ] || check "an endless answer: status" ends 8 "does not answer as it should" "$cooper" status
	check "an endless $flood: verify does not wait for its end" ends 8 "printed more than" "$cooper" verify
	check "an endless $flood: nor does up" ends 8 "printed more than" up --yes
	says
done
check "up, when it answers as it should" ends 0 "" up --yes
records=$(disk "$(current)")/var/lib/cooper/steps
truncate -s 1T "$records/endless"
mkfifo "$records/pipe"
stack 512MiB "$motd" "$(step records)"
check "its notes of what was done are endless, or a pipe" ends 0 "step:records" up --yes
rm "$records/endless" "$records/pipe"

# --- another guest in its place ---

says key
check "another host key: status says that" ends 8 "another host key than the one that the machine was made with" "$cooper" status
check "and what to do" grep -qF "remove '$machine/gen-$(current)'" "$out"
check "verify does not go on" ends 8 "another host key" "$cooper" verify
stack 512MiB "$motd" "$(step key)"
check "nor does up" ends 8 "another host key" up --yes
says
"$cooper" stop >"$out" 2>&1
rm -r "$machine/gen-$(current)"
check "what status says to do is right" ends 0 "runs" up --yes
check "all of it" ends 0 "nothing to do" up --yes

# --- lies about what was done ---

records=$(disk "$(current)")/var/lib/cooper/steps
stack 512MiB "$motd" "$(step key)" '{ name: lie, write: { path: /etc/lie, text: "true" } }'
check "up" ends 0 "step:lie" up --yes
rm "$(disk "$(current)")/etc/lie"
echo s390x >"$(disk "$(current)")/says"
check "every note says done, and foreign programs do not run: verify is not deceived" ends 8 "instead of '$foreign'" "$cooper" verify
check "nor is up after it" ends 8 "instead of '$foreign'" up --yes
check "nor does status show what was proved before" [ "$("$cooper" status --json | grep -c '"canaries"')" = 0 ]
"$cooper" stop >"$out" 2>&1
check "nor is up after that, of a boot that was proved before" ends 8 "instead of '$foreign'" up --yes
rm "$(disk "$(current)")/says"
check "up, when they run" ends 0 "runs" up --yes

# --- what it puts into a folder that it may write: here the project itself ---

from() { stack 512MiB "$motd" "$(step key)" "{ name: from, write: { path: /etc/from, from: $1 } }"; }
echo one >good
truncate -s 1T endless
mkfifo pipe
ln -s /etc/hostname absolute
ln -s ../home/machines/dev/ssh/id_ed25519 up
ln -s good link
for bad in 'endless:is larger than 4.0 GiB' 'pipe:neither a file nor a folder' 'absolute:leads out of' 'up:leads out of'; do
	from "${bad%%:*}"
	check "a file that a step writes: ${bad%%:*}" ends 2 "${bad#*:}" "$cooper" plan
	check "the same by up" ends 2 "${bad#*:}" up --yes
done
from link
check "a link to its neighbour" ends 0 "step:from" up --yes
check "was written" [ "$(guest etc/from)" = one ]
from good
echo two >good
"$cooper" plan >"$out" 2>&1
rm good && ln -s ../home/machines/dev/ssh/id_ed25519 good
check "a link that takes a file's place after plan" ends 2 "leads out of" up --yes
rm good && echo two >good
stack 512MiB "$motd" "$(step key)"
mkdir below
for kind in fifo folder loop endless; do
	rm -rf below/cooper.yaml
	case $kind in
	fifo) mkfifo below/cooper.yaml ;;
	folder) mkdir below/cooper.yaml ;;
	loop) ln -s cooper.yaml below/cooper.yaml ;;
	endless) truncate -s 1T below/cooper.yaml ;;
	esac
	for command in status plan 'destroy --yes'; do
		# shellcheck disable=SC2086
		check "a folder whose cooper.yaml is of the kind $kind: $command takes nothing else" \
			sh -c "cd below && ! '$cooper' $command >'$out' 2>&1 </dev/null && grep -q 'cooper.yaml' '$out'"
	done
done
rm -r below
check "the machine is there" ends 0 "is ready" "$cooper" status
mkdir share
python3 -S -c '
import os
for folder in "share", "recipes", "vmimages", ".":
    for i in range(20000):
        os.close(os.open(f"{folder}/\x1b[31m{i}", os.O_CREAT | os.O_WRONLY))'
settings='mounts: [{ host: ./share, guest: /mnt/share, writable: true }]'
stack 512MiB "$motd" "$(step key)"
check "a share, and a project, full of names" ends 0 "runs" up --yes
check "up again: nothing to do" ends 0 "nothing to do" up --yes
check "what is listed holds none of them" plain "$cooper" list
check "lint" plain "$cooper" lint
if command -v strace >/dev/null; then
	strace -f -o "$work/trace" -e trace=getdents64 -y "$cooper" plan >"$out" 2>&1
	check "the share itself is not listed by anything" [ "$(grep -c "$project/share" "$work/trace")" = 0 ]
else
	echo "SKIP: no strace here"
fi

# --- the guest that does not shut down ---

check "stop of a guest that ignores the power button, and says so for ever, ends" ended "$deaf" 0 deaf
check "it is stopped" grep -q "'dev' is stopped" "$work/deaf"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
