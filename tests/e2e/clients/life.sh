# What happens to a container while it is there: health, restarts, events, figures.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area life

health_is() { [ "$(c inspect -f '{{.State.Health.Status}}' "$n")" = "$1" ]; }
healthy() {
	idle --health-cmd 'test -e /tmp/well' --health-interval 2s --health-retries 2 --health-timeout 5s && await 60 health_is unhealthy &&
		c exec "$n" touch /tmp/well && await 60 health_is healthy && c ps --filter "name=$n" | grep -q healthy
}
works "$all" "--health-cmd: unhealthy, then healthy" healthy

health_of_image() {
	context <<-EOF
		FROM $busy
		HEALTHCHECK --interval=2s --timeout=5s CMD test -e /etc/passwd
		CMD ["sleep", "1000"]
	EOF
	c_build "${as_docker[@]}" && c run -d --name "$n" "localhost/$n" >/dev/null && await 60 health_is healthy
}
health_of_docker_image() { local as_docker=(); health_of_image; }
works "docker" "HEALTHCHECK of an image" health_of_docker_image
health_of_podman_image() { local as_docker=(--format docker); health_of_image; }
works "podman podman5" "HEALTHCHECK of an image (build --format docker)" health_of_podman_image

restarted() { [ "$(c inspect -f '{{.RestartCount}}' "$n")" -ge "$1" ]; }
restart_always() {
	c run -d --name "$n" --restart always "$busy" sh -c 'sleep 1; exit 1' >/dev/null && await 60 restarted 2 && c stop -t 0 "$n" >/dev/null && await 20 is_down "$n"
}
works "$both" "--restart always: again and again, until stop" restart_always

restart_limited() {
	c run -d --name "$n" --restart on-failure:2 "$busy" false >/dev/null && await 60 restarted 2 && await 20 is_down "$n" && sleep 3 && is "$(c inspect -f '{{.RestartCount}}' "$n")" 2
}
works "$both" "--restart on-failure:2: twice" restart_limited

paused() {
	idle && c pause "$n" >/dev/null && is "$(c inspect -f '{{.State.Status}}' "$n")" paused && c unpause "$n" >/dev/null && is "$(c exec "$n" echo on)" on
}
works "$both" "pause and unpause" paused

renamed() { idle && c rename "$n" "other-$n" && running "other-$n" && c rm -f "other-$n" >/dev/null; }
works "$both" "rename, rm -f" renamed

waited() { c run -d --name "$n" "$busy" sh -c 'sleep 3; exit 4' >/dev/null && is "$(c wait "$n")" 4; }
works "$both" "wait" waited

events_past() {
	local from
	from=$(date +%s)
	c run --rm --name "$n" "$busy" true && c events --since "$from" --until "$(date +%s)" --filter "container=$n" >"$work/o" &&
		grep -q start "$work/o" && grep -qE 'died|die' "$work/o"
}
works "$both" "events of the past, with a filter" events_past

events_live() {
	local words_of pid
	to_client
	timeout 60 "${words_of[@]}" events --filter "event=start" >"$work/o" &
	pid=$!
	sleep 3
	c run --rm --name "$n" "$busy" true && await 20 grep -q "$n" "$work/o"
	local status=$?
	kill $pid
	return $status
}
works "$three" "events as they happen" events_live

figures() { idle && c stats --no-stream "$n" | tail -1 | grep -qE "$n.*[0-9.]+ ?[kM]i?B"; }
works "$both" "stats --no-stream" figures

inspected() {
	idle -e A=1 --label of=us -v "i$n:/data" && is "$(c inspect -f '{{.Name}} {{.Config.Labels.of}} {{(index .Mounts 0).Destination}} {{.State.Running}}' "$n" | sed 's,^/,,')" "$n us /data true" &&
		code 1 c inspect "no-$n" >/dev/null 2>&1
}
works "$three" "inspect -f; one that is missing" inspected

listed() {
	idle --label "l$n=x" && is "$(c ps -q --no-trunc --filter "label=l$n")" "$(c inspect -f '{{.Id}}' "$n")" && c stop -t 0 "$n" >/dev/null &&
		is "$(c ps -aq --filter "label=l$n" --filter status=exited | wc -l)" 1
}
works "$both" "ps by label and status" listed

changed() { idle && c exec "$n" touch /etc/new && c diff "$n" | grep -q 'A /etc/new'; }
works "$both" "diff" changed

updated() { idle --memory 64m && c update --memory 96m --memory-swap 96m "$n" >/dev/null && is "$(c exec "$n" cat /sys/fs/cgroup/memory.max)" 100663296; }
works "podman5 docker" "update --memory" updated

about() { c version >"$work/o" && grep -qi server "$work/o" && c info >"$work/o" && c system df | grep -qi images; }
works "$all" "version, info, system df" about

many() {
	local i
	for i in 1 2 3 4 5 6; do c run --rm "$busy" echo "$i" >"$work/many-$i" & done
	wait
	is "$(cat "$work"/many-[1-6] | sort | tr '\n' ' ')" "1 2 3 4 5 6 "
}
works "$both" "six clients at once" many
