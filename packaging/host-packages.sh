#!/bin/sh
# host-packages.sh [build|test|bench|darwin] - install what compiling (and testing) cooper needs and the host lacks.
# Debian: apt. macOS: the Brewfile. Nothing is reinstalled; nothing else is changed.
set -eu
what=${1:-build}
cd "$(dirname "$0")/.."

debian_packages() {
	echo gcc make libc6-dev pkg-config libcurl4-openssl-dev libgit2-dev libyaml-dev libssl-dev libarchive-dev liblzma-dev \
		libjansson-dev zlib1g-dev libutf8proc-dev ca-certificates gpgv curl xz-utils
	if [ "$what" = bench ]; then
		echo nginx-light aria2 libarchive-tools git patch python3 openssl dpkg-dev
	fi
	if [ "$what" = darwin ]; then
		echo clang-14 lld-14 llvm-14 nodejs npm python3 binutils file
	fi
	if [ "$what" = test ]; then
		echo ccache libcmocka-dev bats clang python3 patch diffutils git podman openssh-client qemu-utils dpkg-dev bzip2 \
			zstd zip openssl gpg gpg-agent gpgv nodejs npm procps strace xfsprogs btrfs-progs shellcheck nginx-light libarchive-tools ignition \
			libglib2.0-dev libc6-dev-arm64-cross
	fi
}

install_debian() {
	missing=
	for p in $(debian_packages); do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed) ;;
		*) missing="$missing $p" ;;
		esac
	done
	# A node that came from elsewhere serves as well as Debian's.
	if command -v npm >/dev/null 2>&1; then missing=$(echo "$missing" | sed 's/ nodejs//; s/ npm//'); fi
	if command -v python3 >/dev/null 2>&1; then missing=$(echo "$missing" | sed 's/ python3//'); fi
	[ -n "$missing" ] || return 0
	echo "installing:$missing"
	as_root=
	[ "$(id -u)" = 0 ] || as_root=sudo
	export DEBIAN_FRONTEND=noninteractive
	# Another apt is waited for.
	install="$as_root apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing"
	$install >/dev/null 2>&1 || { $as_root apt-get update -qq && $install; }
}

case $(uname -s) in
Darwin)
	PATH=$PATH:/opt/homebrew/bin:/usr/local/bin
	command -v brew >/dev/null 2>&1 || { echo "Homebrew is needed: see https://brew.sh" >&2; exit 1; }
	brew bundle check --file=Brewfile >/dev/null 2>&1 || brew bundle install --file=Brewfile
	[ "$what" != test ] || printf 'brew "%s"\n' cmocka bats-core shellcheck bash zstd jq |
		brew bundle install --no-upgrade --file=- ;;
Linux) if command -v apt-get >/dev/null 2>&1; then install_debian; else
	echo "install: a C compiler, make, pkg-config and the libraries curl git2 yaml openssl archive lzma jansson zlib utf8proc" >&2; fi ;;
esac
sh packaging/liblzma.sh
