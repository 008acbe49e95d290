# Containers that start, answer and end.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area run

exit_codes() { code 0 c run --rm "$busy" true && code 7 c run --rm "$busy" sh -c 'exit 7' && code 125 c run --rm --nosuch "$busy"; }
works "$all podman5" "exit codes: the container's, and 125" exit_codes
no_command() { code 127 c run --rm "$busy" nosuch && code 126 c run --rm "$busy" /etc; }
works "podman podman-root podman5" "exit codes 126 and 127: a command that cannot be run, or is not there" no_command
fails "docker docker-root" "exit codes 126 and 127: a command that cannot be run, or is not there" no_command \
	"it is 1, and \`docker run -d\` says why: podman answers so to who attaches before the start" "exit 1 instead of 127"

no_image() { code 125 c run --rm --pull never localhost/nosuch true 2>"$work/err" && grep -qiE 'no such image|not known' "$work/err"; }
works "$both" "an image that is missing is said" no_image

outputs_apart() {
	c run --rm "$busy" sh -c 'echo out; echo err >&2' >"$work/o" 2>"$work/e" && is "$(cat "$work/o")" out && grep -qx err "$work/e"
}
works "$three" "standard output and errors stay apart" outputs_apart

environment() {
	printf 'B=from file\nC\n' >"$work/env"
	is "$(C=of-host c run --rm -e A=1 -e D --env-file "$work/env" "$busy" sh -c 'echo $A,$B,$C,$D')" "1,from file,of-host,"
}
works "$both" "-e and --env-file" environment

place_and_user() { is "$(c run --rm -w /tmp -u 1000:1000 "$busy" sh -c 'pwd; id -u; id -g; id -un' | tr '\n' ' ')" "/tmp 1000 1000 user "; }
works "$both" "-w and -u" place_and_user

stdin_through() {
	head -c 1000000 /dev/urandom >"$work/in"
	is "$(c run -i --rm "$busy" sha256sum <"$work/in" | cut -c1-64)" "$(sha256sum <"$work/in" | cut -c1-64)"
}
works "$three" "1 MB of standard input, which ends" stdin_through

much_output() { is "$(c run --rm "$busy" sh -c 'head -c 5000000 /dev/zero' | wc -c)" 5000000; }
works "$both" "5 MB of output, all of it" much_output

removed() { c run --rm --name "$n" "$busy" true && is "$(c ps -aq --filter "name=$n")" ""; }
works "$both" "--rm leaves nothing" removed

signal_through() {
	local words_of pid i
	to_client
	"${words_of[@]}" run --rm --name "$n" "$busy" sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$work/o" &
	pid=$!
	for ((i = 0; i < 200; i++)); do grep -q ready "$work/o" && break; sleep 0.2; done
	kill -TERM $pid
	wait $pid
	is $? 9
}
works "$three" "a signal to the client is the container's" signal_through

stop_asks_first() {
	c run -d --name "$n" "$busy" sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done' >/dev/null && sleep 1 &&
		c stop -t 20 "$n" >/dev/null && is "$(c inspect -f '{{.State.ExitCode}}' "$n")" 9
}
works "$both" "stop asks with SIGTERM" stop_asks_first

stop_then_kills() { idle && c stop -t 1 "$n" >/dev/null && is "$(c inspect -f '{{.State.ExitCode}}' "$n")" 137; }
works "$both" "stop kills who does not go" stop_then_kills

other_stop_signal() {
	c run -d --name "$n" --stop-signal USR1 "$busy" sh -c 'trap "exit 8" USR1; while :; do sleep 0.1; done' >/dev/null && sleep 1 &&
		c stop -t 20 "$n" >/dev/null && is "$(c inspect -f '{{.State.ExitCode}}' "$n")" 8
}
works "$both" "--stop-signal" other_stop_signal

kill_signal() {
	c run -d --name "$n" "$busy" sh -c 'trap "exit 6" USR2; while :; do sleep 0.1; done' >/dev/null && sleep 1 &&
		c kill -s USR2 "$n" >/dev/null && is "$(c wait "$n")" 6
}
works "$both" "kill -s, and wait says the exit code" kill_signal

entrypoint_and_names() {
	is "$(c run --rm --entrypoint /bin/cat --hostname there "$busy" /etc/hostname)" there &&
		c run --rm --add-host here:10.1.2.3 "$busy" cat /etc/hosts | grep -q '10.1.2.3.*here'
}
works "$both" "--entrypoint, --hostname, --add-host" entrypoint_and_names

limits() {
	is "$(c run --rm --memory 64m --pids-limit 50 --cpus 0.5 "$busy" sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max' | tr '\n' ' ')" \
		"67108864 50 50000 100000 "
}
works "$all" "--memory, --cpus, --pids-limit" limits

read_only() {
	c run --rm --read-only --tmpfs /scratch "$busy" sh -c 'touch /scratch/a && ! touch /etc/a 2>/dev/null'
}
works "$both" "--read-only and --tmpfs" read_only

with_init() { c run --rm --init "$busy" sh -c 'cat /proc/1/comm' | grep -qE 'init|catatonit'; }
works "$both" "--init" with_init

keep_id() { is "$(c run --rm --userns keep-id "$busy" id -u)" 1000; }
works "podman podman5" "--userns keep-id" keep_id

capabilities() {
	code 1 c run --rm --cap-drop all "$busy" chown 1000 /tmp 2>/dev/null && c run --rm --privileged "$busy" mount -t tmpfs none /tmp
}
works "$both" "--cap-drop and --privileged" capabilities

host_pid() { [ "$(c run --rm --pid host "$busy" ps | wc -l)" -gt 20 ]; }
works "podman-root docker-root" "--pid host" host_pid

attached_start() {
	c create --name "$n" "$busy" sh -c 'echo again; exit 3' >/dev/null && is "$(c start -a "$n"; echo $?)" "again
3" && is "$(c start -a "$n"; echo $?)" "again
3"
}
works "$both" "create, and start -a twice" attached_start

foreign_run() { is "$(c run --rm --platform "linux/$foreign_arch" "$foreign" uname -m)" "$foreign_machine"; }
works "$all" "an image of the other architecture" foreign_run

foreign_many() {
	is "$(c run --rm "$foreign" sh -c 'for i in 1 2 3; do (uname -m | tr a-z A-Z) & done; wait' 2>/dev/null | sort -u)" "${foreign_machine^^}"
}
works "$both" "an image of the other architecture: processes and pipes" foreign_many

foreign_exec() {
	c run -d --name "$n" "$foreign" sleep 1000 >/dev/null 2>&1 && is "$(c exec "$n" uname -m)" "$foreign_machine"
}
works "$both" "an image of the other architecture: exec" foreign_exec

wrong_arch() { code 125 c run --rm --pull never --platform "linux/s390x" "$busy" true; }
works "docker" "an architecture that there is no image of is refused" wrong_arch

no_registry() { code 125 c run --rm 127.0.0.1:9/nosuch true 2>"$work/err" && grep -q 'connection refused' "$work/err"; }
works "$both" "a registry that does not answer is said" no_registry
