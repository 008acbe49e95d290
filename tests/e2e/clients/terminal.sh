# What a person at a terminal does: -it, resizing, detaching; logs. The prompt comes before a client has its terminal raw
# and hears of its size: 'wait' is for that, since ^Q to a terminal that is not raw goes nowhere. Keys to detach are typed
# one by one: podman takes no others.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area terminal

run_tty() {
	at_tty "40 100" '# ' 'tty; stty size; exit 5\n' -- run -it --rm "$busy" sh >"$work/o"
	is $? 5 && grep -q '^/dev/pts/' "$work/o" && grep -qx '40 100' "$work/o"
}
works "$both" "run -it: a terminal of the host's size, and the exit code" run_tty

exec_tty() {
	idle || return
	at_tty "33 77" '# ' 'stty size; exit 4\n' -- exec -it "$n" sh >"$work/o"
	is $? 4 && grep -qx '33 77' "$work/o"
}
works "$all" "exec -it: a terminal of the host's size, and the exit code" exec_tty

resized() {
	idle || return
	at_tty "33 77" '# ' 'wait 4' '' 'resize 50 120' '' 'sleep 2; stty size; exit\n' -- exec -it "$n" sh >"$work/o"
	grep -qx '50 120' "$work/o" || { cat "$work/o"; return 1; }
}
works "$three" "a terminal that becomes larger" resized

interrupt() {
	at_tty "24 80" '# ' 'sleep 500\n' 'sleep 500' '\x03' '# ' 'exit 0\n' -- run -it --rm "$busy" sh >"$work/o"
	is $? 0
}
works "$both" "^C ends the command, not the shell" interrupt

interrupt_main() {
	at_tty "24 80" 'ready' '\x03' -- run -it --rm "$busy" sh -c 'trap "exit 130" INT; echo ready; while :; do sleep 0.1; done' >"$work/o"
	is $? 130
}
works "$both" "^C to a container's only program" interrupt_main

detached() {
	at_tty "24 80" '# ' 'wait 4' '' '\x10' '' 'wait 1' '' '\x11' -- run -it --name "$n" "$busy" sh >"$work/o" && running "$n" &&
		at_tty "24 80" '' 'wait 5' '' '\n' '# ' 'exit 3\n' -- attach "$n" >"$work/o"
	is $? 3 || { cat "$work/o"; return 1; }
}
works "$both" "^P ^Q leaves it running, attach comes back" detached

exec_plain() {
	idle -e A=of-run || return
	is "$(c exec -e B=of-exec -w /tmp -u user "$n" sh -c 'echo $A $B $PWD; id -u' | tr '\n' ' ')" "of-run of-exec /tmp 1000 " &&
		code 6 c exec "$n" sh -c 'exit 6' && is "$(echo in | c exec -i "$n" cat)" in
}
works "$both" "exec: -e, -w, -u, -i and the exit code" exec_plain

exec_behind() { idle && c exec -d "$n" touch /tmp/was-here && await 20 c exec "$n" test -e /tmp/was-here; }
works "$both" "exec -d" exec_behind

logs_whole() {
	c run --name "$n" "$busy" sh -c 'echo one; echo two >&2; sleep 2; echo three' >/dev/null 2>&1
	c logs "$n" >"$work/o" 2>"$work/e" && is "$(tr '\n' ' ' <"$work/o")" "one three " && is "$(cat "$work/e")" two &&
		is "$(c logs --tail 1 "$n" 2>/dev/null)" three
}
works "$three" "logs: both outputs apart, --tail" logs_whole

logs_follow() {
	c run -d --name "$n" "$busy" sh -c 'for i in 1 2 3 4; do echo line $i; sleep 1; done' >/dev/null
	is "$(c logs -f "$n" | wc -l)" 4
}
works "$all" "logs -f: follows, and ends with the container" logs_follow

logs_times() {
	c run --name "$n" "$busy" echo one >/dev/null && c logs -t "$n" | grep -qE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T.* one' &&
		is "$(c logs --since 1h "$n")" one && is "$(c logs --until "$(date -u -d '-1 hour' +%FT%TZ)" "$n")" ""
}
works "$both" "logs -t, --since, --until" logs_times

top_and_ps() {
	idle && c top "$n" | grep -q 'sleep 1000' && c ps --filter "name=$n" --format '{{.Names}} {{.Status}}' | grep -q "^$n Up"
}
works "$both" "top; ps with a filter and a format" top_and_ps
