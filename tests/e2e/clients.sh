#!/usr/bin/env bash
# What people do with their container clients, from the host with a real guest: podman 4 and 5 by the connections, docker by
# its context, as the login user and as root; compose, buildx, testcontainers and devcontainers on top of them. No registry
# is asked: the images are made of busybox.
# clients.sh [AREA|WORDS...]: some of them alone; --list: what is tried, with whom, and why it does not work where it does
# not, which is the table of docs/clients.md (clients/table.sh).
# Uses a home of its own, with the results of the usual one; about 30 minutes. KEEP=FOLDER leaves the machine there, for
# another run.
# shellcheck disable=SC2034,SC2016 # names for the other files; a text for a Containerfile
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/tests/e2e/clients
. tests/e2e/lib.sh
. tests/e2e/clients/lib.sh
mode=run words=("$@") skipped=0 seq=0 client='' area=''
[ "${1:-}" != --list ] || mode=list
cases() {
	local file
	for file in run terminal build files networks life images pods compose programs boot; do
		# shellcheck disable=SC1090
		. "$here/$file.sh"
	done
}
[ $mode != list ] || { cases; exit; }

tools=${XDG_CACHE_HOME:-$HOME/.cache}/cooper-clients-test
bash "$here/tools.sh" "$tools"
export PATH=$tools/bin:$PATH
unset DOCKER_HOST DOCKER_CONTEXT CONTAINER_HOST
if [ -n "${KEEP:-}" ] && [ -d "$KEEP/home" ]; then
	work=$KEEP
	export COOPER_HOME=$work/home CCACHE_DIR=$usual/ccache
else
	own_home cas store accel.json
	cp -a recipes patches vmimages "$work/p/" && cp "$usual/cooper.lock" "$work/p/"
	[ -z "${KEEP:-}" ] || { mkdir -p "$(dirname "$KEEP")" && mv "$work" "$KEEP" && work=$KEEP COOPER_HOME=$KEEP/home; }
fi
[ -z "${KEEP:-}" ] || trap - EXIT
shared=$work/shared
cd "$work/p" || exit 1

# --- the machine, the clients' own settings, and the images ---

export XDG_CONFIG_HOME=$work/config DOCKER_CONFIG=$work/docker
plugins=$tools/root/usr/libexec/docker/cli-plugins
mkdir -p "$XDG_CONFIG_HOME" "$DOCKER_CONFIG/cli-plugins" "$work/with-buildx/cli-plugins" "$shared"
give "$shared"
ln -sf "$plugins/docker-compose" "$DOCKER_CONFIG/cli-plugins/"
cat >cooper.yaml <<YAML
kind: stack
extends: podman-debian
machine: { name: clients }
boot: { timeout: 20m }
mounts: [{ host: $shared, writable: true }]
YAML
exits 0 "$cooper" up --yes
is_up=$?
result "up" $is_up
[ $is_up = 0 ] || { cat "$work/out"; totals; exit 1; }
cp -a "$DOCKER_CONFIG"/. "$work/with-buildx/" && ln -sf "$plugins/docker-buildx" "$work/with-buildx/cli-plugins/"
eval "$("$cooper" env --shell sh | sed -n 's/^export DOCKER_HOST=unix:/socket=/p')"
eval "$("$cooper" env --shell sh --rootful | sed -n 's/^export DOCKER_HOST=unix:/root_socket=/p')"
socket=/${socket#///} root_socket=/${root_socket#///}

busy=localhost/busy foreign=localhost/busy-foreign
native_arch=amd64 foreign_arch=arm64 foreign_machine=aarch64
[ "$(uname -m)" != aarch64 ] || native_arch=arm64 foreign_arch=amd64 foreign_machine=x86_64
rootfs() { # rootfs ARCHITECTURE - the files of an image, as a tar archive
	local root=$work/rootfs-$1 applet
	mkdir -p "$root"/{bin,etc,tmp,root,home/user,usr/bin,var,proc,sys,dev}
	cp "$tools/busybox-$1/usr/bin/busybox" "$root/bin/"
	for applet in $("$tools/busybox-$native_arch/usr/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
	done
	ln -sf ../../bin/env "$root/usr/bin/env"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
	printf 'ID=busybox\nVERSION_ID=1\n' >"$root/etc/os-release"
	tar -C "$root" --owner 0 --group 0 -c .
}
make_images() {
	local name
	mkdir -p "$work/image"
	[ -e "$work/image/done" ] && return
	rootfs amd64 >"$work/image/rootfs-amd64.tar" && rootfs arm64 >"$work/image/rootfs-arm64.tar" || return
	printf 'FROM scratch\nARG TARGETARCH\nADD rootfs-${TARGETARCH}.tar /\nENV PATH=/bin:/usr/bin\nCMD ["sh"]\n' >"$work/image/Containerfile"
	for name in clients clients-root; do
		for arch in "$native_arch:$busy" "$foreign_arch:$foreign"; do
			timeout 900 podman --remote --connection "$name" build -q --platform "linux/${arch%%:*}" -t "${arch#*:}" "$work/image" || return
		done
	done
	touch "$work/image/done"
}
exits 0 make_images
is_made=$?
result "images, from files of the host" $is_made
[ $is_made = 0 ] || { totals; exit 1; }
docker --version
podman --version
"$tools/bin/podman5" --version
"$tools/bin/docker-compose" version

cases
[ $skipped = 0 ] || echo "$skipped skipped: see SKIP above"
totals
