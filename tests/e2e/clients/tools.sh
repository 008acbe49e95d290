#!/usr/bin/env bash
# tools.sh FOLDER: clients that few hosts have, unpacked below FOLDER, where nothing is fetched twice: from Debian's
# newest suite compose, buildx and podman 5 (with the C library that it wants), and docker where there is none; busybox
# of both architectures for images; from npm the libraries of package.json. What cannot be had is said.
# shellcheck disable=SC2016 # texts for apt and for a script
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
arch=$(dpkg --print-architecture)
mkdir -p "$folder/bin"
cd "$folder"

# The host's own mirror with another suite, checked as apt checks all: by Debian's signature.
sources() {
	local mirror
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | awk '$2 == "Debian" { print $1; exit }')
	[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
	echo "deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main"
}
newest() { # newest TOOL ARGUMENT...
	local tool=$1
	shift
	"$tool" -qq -o Dir::State="$folder/apt" -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt/cache" \
		-o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root \
		-o APT::Architecture="$arch" -o APT::Architectures=amd64 -o APT::Architectures::=arm64 -o Acquire::Languages=none "$@"
}
packages() {
	mkdir -p apt/lists/partial apt/cache/archives/partial deb
	: >apt/status
	sources >apt/sources.list
	newest apt-get update
	(cd deb && newest apt-get download docker-compose docker-buildx docker-cli podman-remote libc6 libsqlite3-0 \
		busybox-static:amd64 busybox-static:arm64)
}
unpack() {
	local deb name
	for deb in deb/*.deb; do
		name=${deb#deb/}
		case $name in
		busybox*) dpkg-deb -x "$deb" "busybox-$(dpkg-deb -f "$deb" Architecture)" ;;
		libc6* | libsqlite3*) dpkg-deb -x "$deb" libraries ;;
		*) dpkg-deb -x "$deb" root ;;
		esac
	done
	rm -rf deb apt
}
programs() {
	local linker libraries
	linker=$(find "$folder/libraries" -type f -name 'ld-linux*' | head -1)
	libraries=$(dirname "$linker")
	printf '#!/bin/sh\nexec %s --argv0 podman --library-path %s %s "$@"\n' "$linker" "$libraries" \
		"$folder/root/usr/bin/podman-remote" >bin/podman5
	chmod +x bin/podman5
	ln -sf ../root/usr/bin/docker-compose bin/docker-compose
	command -v docker >/dev/null || ln -sf ../root/usr/bin/docker bin/docker
}

[ -x bin/podman5 ] || { packages && unpack && programs; } || echo "SKIP: Debian's packages cannot be had"
cmp -s "$here/package-lock.json" package-lock.json && [ -d node_modules/testcontainers ] || {
	cp "$here/package.json" "$here/package-lock.json" . && npm ci --no-audit --no-fund --ignore-scripts --silent
} || echo "SKIP: npm's packages cannot be had"
