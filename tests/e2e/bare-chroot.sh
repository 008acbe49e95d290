#!/usr/bin/env bash
# `make up` in a minimal Debian 12: minbase plus make, git and ca-certificates, so that no package of the
# development machine is silently needed. Needs root and mmdebstrap; minutes. KEEP=DIR keeps the chroot.
set -eu
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
	awk -F'|' '$2 == "Debian" && $3 == "bookworm" {print $1; exit}')
[ -d "$root/usr" ] || mmdebstrap --mode=root --variant=minbase --include=make,git,ca-certificates bookworm "$root" "$mirror"
# The host's own apt configuration, as a newcomer's machine would have it
cp /etc/resolv.conf "$root/etc/resolv.conf"
rm -f "$root/etc/apt/sources.list"
for f in /etc/apt/sources.list.d/debian*.sources /etc/apt/sources.list; do
	[ ! -f "$f" ] || cp "$f" "$root/etc/apt/${f#/etc/apt/}"
done
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"

rm -rf "$root/root/cooper"
git clone -q . "$root/root/cooper"
chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c 'apt-get update -qq && cd /root/cooper && make up'
chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c 'cd /root/cooper && build/release/cooper up && build/release/cooper destroy --all --yes && [ ! -e ~/.local/share/cooper ]'
echo "1 passed, 0 failed"
