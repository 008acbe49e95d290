#!/usr/bin/env bash
# Another user of this host while my machine runs: files, sockets, processes, locks, ports. What he tries fails, and
# nothing waits for him. What he puts in my way is in planted.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/users.sh
secret=made-for-nobody-else
key="{ name: key, write: { path: /etc/key, text: $secret } }"
emulator one && image 1 && stack 512MiB "$key" && own
cd "$project" || exit 1

# --- what is in COOPER_HOME, which can be entered here: people make such folders ---

# closed FILE... - none of these can he open, in any way
closed() {
	python "$@" <<-'END'
		import os, sys
		opened = []
		for name in sys.argv[1:]:
		    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT):
		        try:
		            os.close(os.open(name, flags | os.O_NONBLOCK))
		            opened.append(name)
		        except OSError:
		            pass
		print(len(sys.argv) - 1, "tried, opened:", *opened)
		sys.exit(bool(opened) or len(sys.argv) < 2)
	END
}
check "up" ends 0 "runs" up
chmod 0755 "$COOPER_HOME"
mapfile -t files < <(find "$COOPER_HOME" -mindepth 1 ! -name booted)
check "nothing in it can be opened: ${#files[@]} files and folders" closed "${files[@]}"
check "nor made" closed "$COOPER_HOME/new" "$COOPER_HOME/machines/new" "$machine/new" "$COOPER_HOME/store/new"
reads() { me cat "$@" >/dev/null 2>"$out"; }
check "while I can: ssh keys, Ignition, console, records, locks" reads "$machine/ssh/id_ed25519" "$machine/gen-1/config.ign" \
	"$machine/log/serial.log" "$COOPER_HOME"/*.record "$machine/lock" "$COOPER_HOME/up.lock"

# --- its sockets ---

listeners=()
for name in qmp.sock ready.sock api.sock mux-core; do # as QEMU and ssh make them; the supervisor's is there
	"${as_me[@]}" /usr/bin/python3 -S -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); time.sleep(600)' "$machine/$name" &
	listeners+=($!)
	wait_for [ -S "$machine/$name" ]
done
mapfile -t sockets < <(find "$COOPER_HOME" -type s)
# connects COMMAND... - some of the sockets take a connection from the program that the command runs
connects() {
	"$@" -S - "${sockets[@]}" >"$out" 2>&1 <<-'END'
		import socket, sys
		reached = []
		for path in sys.argv[1:]:
		    try:
		        socket.socket(socket.AF_UNIX).connect(path)
		        reached.append(path)
		    except PermissionError:
		        pass
		print("reached:", *reached)
		sys.exit(not reached)
	END
}
check "supervisor's, QMP's, console's, podman's and ssh's socket" [ "${#sockets[@]}" = 5 ]
check "take no connection of his" not connects "${as_him[@]}" python3
check "while I get some" connects "${as_me[@]}" /usr/bin/python3
kill "${listeners[@]}" && wait "${listeners[@]}" 2>/dev/null
for name in qmp.sock ready.sock api.sock mux-core; do rm "$machine/$name"; done

# --- its processes ---

supervisor=$(field pid)
read -r monitor _ <"$machine/guest"
check "signals and the like, to supervisor and monitor" python "$supervisor" "$monitor" <<-'END'
	import ctypes, os, resource, signal, sys
	libc = ctypes.CDLL(None, use_errno=True)
	def call(result):
	    if result < 0:
	        raise OSError(ctypes.get_errno(), "call")
	ways = {
	    "TERM": lambda p: os.kill(p, signal.SIGTERM),
	    "KILL": lambda p: os.kill(p, signal.SIGKILL),
	    "STOP": lambda p: os.kill(p, signal.SIGSTOP),
	    "group": lambda p: os.killpg(os.getpgid(p), signal.SIGKILL),
	    "ptrace": lambda p: call(libc.ptrace(16, p, 0, 0)),
	    "memory": lambda p: open(f"/proc/{p}/mem", "rb"),
	    "environment": lambda p: open(f"/proc/{p}/environ"),
	    "maps": lambda p: open(f"/proc/{p}/maps").read(1),
	    "descriptors": lambda p: os.listdir(f"/proc/{p}/fd"),
	    "current folder": lambda p: os.readlink(f"/proc/{p}/cwd"),
	    "root": lambda p: os.listdir(f"/proc/{p}/root"),
	    "pidfd_getfd": lambda p: call(libc.syscall(438, os.pidfd_open(p), 0, 0)),
	    "limits": lambda p: resource.prlimit(p, resource.RLIMIT_NOFILE, (0, 0)),
	    "affinity": lambda p: os.sched_setaffinity(p, {0}),
	    "priority": lambda p: os.setpriority(os.PRIO_PROCESS, p, 19),
	    "scheduler": lambda p: os.sched_setscheduler(p, os.SCHED_IDLE, os.sched_param(0)),
	}
	for pid in map(int, sys.argv[1:]):
	    for name, way in ways.items():
	        try:
	            way(pid)
	        except OSError as e:
	            print(name, pid, e)
	        else:
	            sys.exit(name + " works")
END
check "the machine is as it was" [ "$(field state)" = ready ]
for step in "cat >|{ name: late, write: { path: /etc/late, text: late-$secret } }" "mktemp|{ name: last, script: ': last-$secret' }"; do
	stack 512MiB "$key" "${step#*|}"
	hang "${step%%|*}"
	start held "$cooper" up
	held=$started
	check "a step is at work in the guest" wait_for hung
	python "$user" <<-'END'
		import glob, os, sys
		for process in glob.glob("/proc/[0-9]*"):
		    try:
		        if os.stat(process).st_uid == int(sys.argv[1]):
		            print(open(process + "/cmdline").read().replace("\0", " "), open(process + "/comm").read())
		    except OSError:
		        pass
	END
	check "he sees its command" grep -q "ssh -F $machine/ssh/config" "$out"
	check "but no content and no key" not grep -qE "$secret|PRIVATE KEY" "$out"
	release
	check "it is done" ended "$held" 0 held
done

# --- locks: every one that he can get, for ever ---

find "$project" "$work"/*.gz "$work"/*.raw "$COOPER_HOME" "$work/program" >"$work/files"
: >"$work/held"
"${as_him[@]}" python3 -S - "$work/files" >"$work/held" 2>&1 <<-'END' &
	import fcntl, os, sys, time
	held = []
	for name in open(sys.argv[1]).read().splitlines():
	    try:
	        fd = os.open(name, os.O_RDONLY)
	        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
	        held.append(fd)
	    except OSError:
	        pass
	print(len(held), "held", flush=True)
	time.sleep(600)
END
locker=$!
check "he holds some" wait_for grep -q '[1-9].* held' "$work/held"
stack 768MiB "$key"
check "up, with them" ends 0 "runs" up
for command in up "gc --yes" verify lint stop start; do
	# shellcheck disable=SC2086  # words of a command
	check "$command" ends 0 "" "$cooper" $command
done
kill "$locker" && wait "$locker" 2>/dev/null

# --- ports ---

port=$(cat "$machine/ssh/port")
"$cooper" stop >"$out" 2>&1
: >"$work/listens"
"${as_him[@]}" python3 -S -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(64)
print("listens", flush=True); time.sleep(600)' "$port" >"$work/listens" &
listener=$!
check "while the machine is off he takes its ssh port" wait_for [ -s "$work/listens" ]
check "up finds another one" ends 0 "runs" up
check "for ssh" [ "$(cat "$machine/ssh/port")" != "$port" ]
check "and for podman" not grep -q ":$port/" "$HOME/connections"
kill "$listener" && wait "$listener" 2>/dev/null
for line in "hostkeyalias cooper-dev" "stricthostkeychecking true" "userknownhostsfile $machine/ssh/known_hosts" \
	"globalknownhostsfile /dev/null" "updatehostkeys false" "forwardagent no" "identitiesonly yes" "connecttimeout 60" \
	"preferredauthentications publickey" "hostkeyalgorithms ssh-ed25519" "identityfile $machine/ssh/id_ed25519"; do
	check "ssh itself reads: ${line%% *}" ends 0 "$line" me env PATH=/usr/bin:/bin ssh -F "$machine/ssh/config" -G cooper-dev
done
check "one key is known of the guest" [ "$(grep -c . "$machine/ssh/known_hosts")" = 1 ]
check "one key may come in" [ "$(grep -o 'sshAuthorizedKeys":\[[^]]*\]' "$machine/gen-1/config.ign" | sort -u | grep -c 'machine dev"\]$')" = 1 ]
check "and no password" not grep -qi 'passwordHash' "$machine/gen-1/config.ign"
sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
if [ -n "$sshd" ]; then
	port=$(cat "$machine/ssh/port")
	ssh-keygen -q -t ed25519 -N "" -f "$shared/his/key" && chown 65533 "$shared/his/key"
	printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $shared/his/key" "PidFile none" "LogLevel DEBUG" >"$work/sshd.conf"
	"${as_him[@]}" "$sshd" -D -e -f "$work/sshd.conf" 2>"$work/sshd" &
	listener=$!
	check "he answers there with a host key of his" wait_for grep -q listening "$work/sshd"
	check "and is not believed" ends 255 "Host key verification failed" me env PATH=/usr/bin:/bin ssh -F "$machine/ssh/config" cooper-dev true
	check "nor told anything" not grep -qi userauth "$work/sshd"
	kill "$listener" && wait "$listener" 2>/dev/null
else
	echo "SKIP   another sshd in its place: none is installed here"
fi
"$cooper" stop >"$out" 2>&1
if unshare -n true 2>/dev/null; then
	# all of a network with ten, and the one that the machine had
	unshare -n bash -s "$cooper" "$machine/ssh/port" "${as_him[@]}" >"$out" 2>&1 <<-'END'
		echo 40000 40009 >/proc/sys/net/ipv4/ip_local_port_range
		cooper=$1 port=$(cat "$2") && shift 2
		exec 3< <(exec "$@" python3 -S -c 'import socket, sys, time
		all = [(socket.socket(), port) for port in [int(sys.argv[1]), *range(40000, 40010)]]
		for s, port in all: s.bind(("127.0.0.1", port)); s.listen(1)
		print("all", flush=True); time.sleep(600)' "$port")
		listener=$! && read -r _ <&3
		"$cooper" start </dev/null
		echo "exit $?"
		kill "$listener"
	END
	check "he has every port that there is: start says so" grep -q "no free port on 127.0.0.1" "$out"
	check "and ends" grep -q '^exit [1-9]$' "$out"
else
	echo "SKIP   every port taken: no network of its own here"
fi
check "destroy" ends 0 "" "$cooper" destroy --yes
echo "$passed passed, $failed failed"
[ $failed = 0 ]
