# cp, volumes, and folders of the host.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area files

cp_in() {
	idle || return
	mkdir -p "$work/$n/sub" && echo of-host >"$work/$n/a" && printf '#!/bin/sh\necho ran\n' >"$work/$n/sub/x" && chmod 755 "$work/$n/sub/x"
	c cp "$work/$n/a" "$n:/tmp/b" && is "$(c exec "$n" cat /tmp/b)" of-host && c cp "$work/$n" "$n:/tmp/whole" &&
		is "$(c exec "$n" /tmp/whole/sub/x)" ran
}
works "$all" "cp of a file and a folder into a container" cp_in

cp_out() {
	idle && c exec "$n" sh -c 'mkdir -p /d/e && echo of-container >/d/e/f && ln -s f /d/e/g' && c cp "$n:/d" "$work/$n-out" &&
		is "$(cat "$work/$n-out/e/f")" of-container && is "$(readlink "$work/$n-out/e/g")" f
}
works "$all" "cp of a folder out of a container" cp_out

cp_stopped() {
	c create --name "$n" "$busy" cat /etc/put >/dev/null && echo put >"$work/put" && c cp "$work/put" "$n:/etc/put" && is "$(c start -a "$n")" put
}
works "$both" "cp into one that does not run" cp_stopped

cp_streams() {
	idle && tar -C "$work/rootfs-$native_arch/etc" -c passwd | c cp - "$n:/tmp" && c exec "$n" grep -q root /tmp/passwd &&
		c cp "$n:/etc/passwd" - | tar -xO passwd | grep -q root
}
works "$three" "cp - both ways, as a tar archive" cp_streams

volume_stays() {
	c volume create "v$n" >/dev/null && c run --rm -v "v$n:/data" "$busy" sh -c 'echo kept >/data/a' &&
		is "$(c run --rm -v "v$n:/data" "$busy" cat /data/a)" kept && c volume ls -q | grep -qx "v$n" &&
		c volume inspect "v$n" | grep -q Mountpoint && c volume rm "v$n" >/dev/null && ! c volume inspect "v$n" >/dev/null 2>&1
}
works "$all" "a named volume keeps what is in it" volume_stays

volume_of_itself() {
	c run -d --name "$n" -v "w$n:/data" -v /anonymous "$busy" sleep 1000 >/dev/null && c volume ls -q | grep -qx "w$n" &&
		c rm -f -v "$n" >/dev/null && c volume ls -q | grep -qx "w$n"
}
works "$both" "run -v makes one, rm -v leaves it" volume_of_itself

volume_filled() {
	is "$(c run --rm -v "f$n:/etc" "$busy" grep -c root /etc/passwd)" 1 && code 1 c run --rm -v "f$n:/etc:ro" "$busy" touch /etc/x 2>/dev/null
}
works "$both" "an empty volume gets what the image has there; :ro" volume_filled

volumes_from() {
	c create --name "$n" -v "x$n:/data" "$busy" true >/dev/null && c run --rm --volumes-from "$n" "$busy" touch /data/a &&
		c run --rm -v "x$n:/d" "$busy" test -e /d/a
}
works "$both" "--volumes-from" volumes_from

bind() {
	local f
	f=$(folder "$n") && echo of-host >"$f/a" && give "$f" &&
		is "$(c run --rm -v "$f:/src" -w /src "$busy" sh -c 'cat a; echo of-container >b')" of-host && is "$(cat "$f/b")" of-container &&
		is "$(stat -c %u "$f/b")" "$(owner "$f")"
}
# owner FOLDER - of what a container makes there: the user who has the machine; where that is root, whoever it is in the guest
owner() { if [[ $(id -u) = 0 && $client = *-root ]]; then echo 0; else stat -c %u "$1"; fi; }
works "$all" "a shared folder at the same path: both ways, and files are the user's" bind

bind_relative() { (cd "$(folder "$n")" && echo here >a && is "$(c run --rm -v ./:/src "$busy" cat /src/a)" here); }
works "podman5 docker" "a relative path" bind_relative

bind_mount() {
	local f
	f=$(folder "$n") && echo one >"$f/a" &&
		is "$(c run --rm --mount "type=bind,source=$f,target=/src,readonly" "$busy" sh -c 'cat /src/a; touch /src/b 2>/dev/null || echo refused' | tr '\n' ' ')" "one refused "
}
works "$three" "--mount type=bind, readonly" bind_mount

bind_file() {
	local f
	f=$(folder "$n") && echo setting >"$f/conf" && is "$(c run --rm -v "$f/conf:/etc/conf:ro" "$busy" cat /etc/conf)" setting
}
works "$both" "a single file" bind_file

bind_live() {
	local f
	f=$(folder "$n") && echo one >"$f/a" && give "$f" && idle -v "$f:/src" && is "$(c exec "$n" cat /src/a)" one &&
		echo two >"$f/a" && is "$(c exec "$n" cat /src/a)" two && mv "$f/a" "$f/b" && c exec "$n" sh -c 'test -e /src/b && ! test -e /src/a'
}
works "$both" "what the host changes is seen in a container that runs" bind_live

bind_other_user() {
	local f
	f=$(folder "$n") && c run --rm -u user -v "$f:/src" "$busy" touch /src/a
}
fails "$both" "a shared folder, written by a user in the container who is not root" bind_other_user \
	"the files are the login user's: root in the container, or \`--userns keep-id\`" "Permission denied"

bind_keep_id() {
	local f
	f=$(folder "$n") && c run --rm --userns keep-id -v "$f:/src" "$busy" touch /src/a && [ -e "$f/a" ]
}
works "podman podman5" "a shared folder, written by another user, with --userns keep-id" bind_keep_id

bind_not_shared() {
	mkdir -p "$work/not-shared" && echo secret >"$work/not-shared/a" && ! c run --rm -v "$work/not-shared:/src" "$busy" cat /src/a
}
works "$both" "a folder that \`mounts:\` does not have is not in a container" bind_not_shared

bind_not_shared_said() {
	! c run --rm -v "/nowhere/$n:/src" "$busy" true 2>"$work/err" || { echo "it ran"; return 1; }
	grep -q 'no such file' "$work/err"
}
works "podman podman5" "a folder that \`mounts:\` does not have is an error" bind_not_shared_said
fails "docker" "a folder that \`mounts:\` does not have is an error" bind_not_shared_said "for docker podman makes an empty folder in the guest, as docker's own daemon does" '^it ran$'

tmpfs_mount() { c run --rm --mount type=tmpfs,destination=/t "$busy" grep -q ' /t tmpfs' /proc/mounts; }
works "$both" "--mount type=tmpfs" tmpfs_mount

secrets() {
	echo hush | c secret create "s$n" - >/dev/null && is "$(c run --rm --secret "s$n" "$busy" cat "/run/secrets/s$n")" hush &&
		is "$(c run --rm --secret "s$n,type=env,target=S" "$busy" sh -c 'echo $S')" hush && c secret rm "s$n" >/dev/null
}
works "podman podman-root podman5" "secrets, as a file and in the environment" secrets
docker_secrets() { echo hush | c secret create "s$n" - && c run --rm --secret "s$n" "$busy" cat "/run/secrets/s$n"; }
fails "docker" "secrets of \`docker run\`" docker_secrets "docker has them for swarm alone; compose's secrets are files" 'unknown flag: --secret|swarm'
