#!/bin/sh
# customize.sh ROOT: last changes to the guest's tree, run by mmdebstrap as a customize hook, outside the chroot,
# with /proc, /sys and /dev mounted in it. No network. SOURCE_DATE_EPOCH is set.
set -eu
root=$1

rm -f "$root/usr/local/sbin/deb-systemd-helper" "$root/usr/local/sbin/update-rc.d" \
      "$root/usr/local/sbin/update-ca-certificates"

# What update-ca-certificates does, without a thousand forks under emulation
(cd "$root/usr/share/ca-certificates" && find mozilla -name '*.crt' | LC_ALL=C sort) > "$root/tmp/certs"
: > "$root/etc/ssl/certs/ca-certificates.crt"
while IFS= read -r cert; do
    name=${cert##*/}
    ln -sf "/usr/share/ca-certificates/$cert" "$root/etc/ssl/certs/${name%.crt}.pem"
    cat "$root/usr/share/ca-certificates/$cert" >> "$root/etc/ssl/certs/ca-certificates.crt"
    echo >> "$root/etc/ssl/certs/ca-certificates.crt"
done < "$root/tmp/certs"
chroot "$root" openssl rehash /etc/ssl/certs

# Packages ran with INITRD=No: this is the only run of dracut.
kernel=$(ls "$root/lib/modules")
depmod -b "$root" "$kernel" # the host's own: the format is the same for every architecture
# Its device nodes can be made by root alone, outside of containers: without them it is the same whoever makes the image;
# the kernel brings its own console, systemd mounts the rest.
DRACUT_NO_MKNOD=1 chroot "$root" dracut --force --quiet --tmpdir /var/tmp "/boot/initrd.img-$kernel" "$kernel"

# What must be there, or the first boot fails where nobody can see it
chroot "$root" lsinitrd "/boot/initrd.img-$kernel" > "$root/var/tmp/initrd.list"
for file in usr/bin/ignition usr/sbin/mkfs.ext4 usr/sbin/useradd usr/sbin/setfiles etc/selinux/config \
            usr/bin/journalctl usr/bin/grep usr/bin/cut usr/bin/tail usr/bin/sed \
            /virtio_blk.ko /qemu_fw_cfg.ko ignition-complete.target \
            etc/systemd/system.conf.d/cooper.conf; do
    grep -q -- "$file" "$root/var/tmp/initrd.list" || { echo "the initramfs lacks $file" >&2; exit 1; }
done
rm -f "$root/var/tmp/initrd.list"

# Never the same on two machines, or not in an image at all
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/var/lib/dbus/machine-id" "$root/etc/resolv.conf"
rm -f "$root/etc/.resolv.conf.systemd-resolved.bak" "$root/var/lib/systemd/random-seed" "$root/etc/.pwd.lock" "$root"/etc/*- "$root"/var/cache/debconf/*-old
rm -f "$root/var/lib/dpkg/status-old" "$root/var/cache/ldconfig/aux-cache" "$root/etc/apt/sources.list"
rm -rf "$root"/var/log/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/tmp/* "$root"/run/*
# all but mmdebstrap's own apt configuration, which it removes last: without it its apt would work on the host's files
find "$root/tmp" -mindepth 1 -maxdepth 1 ! -name 'mmdebstrap.*' -exec rm -rf {} +
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
: > "$root/etc/apt/sources.list"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
# how the packages were installed here is nobody's business in the guest; what is left out stays left out there
sed -i '/^force-/d' "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
sed -i '/Sandbox\|DPkg::Path/d' "$root/etc/apt/apt.conf.d/99mmdebstrap"

# Nothing is out of date on the first boot: spares sysusers, the catalogue and ldconfig a run under emulation
for dir in etc var; do
    printf 'TIMESTAMP_NSEC=%s000000000\n' "$SOURCE_DATE_EPOCH" > "$root/$dir/.updated"
done
: > "$root/etc/subuid"
: > "$root/etc/subgid"
