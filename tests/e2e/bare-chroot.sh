#!/usr/bin/env bash
# `make up` in a minimal Debian: minbase plus make, git and ca-certificates, so that no package of the development
# machine is silently needed. Needs root and mmdebstrap; minutes. KEEP=DIR keeps the chroot, and what is in it.
# Usage: bare-chroot.sh [SUITE [LOCK]] - LOCK, a cooper.lock, is brought along, and must be the same afterwards; a
# file that is not there yet is written.
set -eu
suite=${1:-bookworm}
lock=${2:+$(realpath -m "$2")}
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root (chroot)"; exit 0; }
command -v mmdebstrap >/dev/null || apt-get install -y -qq mmdebstrap >/dev/null

root=${KEEP:-$(mktemp -d)/root}
mounts="proc sys dev"
cleanup() {
	for m in $mounts; do umount -R -l "$root/$m" 2>/dev/null || true; done
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$(dirname "$root")"
}
trap cleanup EXIT

# shellcheck disable=SC2016  # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(CODENAME)' 'Created-By: Packages' |
	awk -F'|' '$2 == "Debian" && $3 !~ /-security/ {print $1; exit}')
[ -d "$root/usr" ] || mmdebstrap --mode=root --variant=minbase --include=make,git,ca-certificates "$suite" "$root" "$mirror"
# The host's own apt configuration, as a newcomer's machine would have it, for the chroot's suite
host=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
cp /etc/resolv.conf "$root/etc/resolv.conf"
rm -f "$root/etc/apt/sources.list"
for f in /etc/apt/sources.list.d/debian*.sources /etc/apt/sources.list; do
	[ ! -f "$f" ] || sed "s/$host/$suite/g" "$f" >"$root/etc/apt/${f#/etc/apt/}"
done
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"

inside() {
	chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -ec "$1"
}

home=.local/share/cooper
rm -rf "$root/root/cooper"
git clone -q . "$root/root/cooper"
if [ -f "${lock:-/nonexistent}" ]; then install -D -m 644 "$lock" "$root/root/$home/cooper.lock"; fi
inside 'apt-get update -qq && cd /root/cooper && make up'
if [ -n "$lock" ]; then
	[ -f "$lock" ] || cp "$root/root/$home/cooper.lock" "$lock"
	cmp "$lock" "$root/root/$home/cooper.lock"
fi
inside 'cd /root/cooper && build/release/cooper up && build/release/cooper destroy --all --yes && [ ! -e ~/.local/share/cooper ]'
echo "1 passed, 0 failed"
