#!/bin/sh
# prepare.sh ROOT: mmdebstrap's essential hook: dpkg and the shell are there, the other packages are not yet.
# Lays the overlay down (configuration has to be there before the packages ask for it) and puts stubs, found first
# in dpkg's PATH, before three programs that are slow under emulation. customize.sh takes them away again.
set -eu
root=$1
here=$(cd "$(dirname "$0")" && pwd)
cp -R -P "$here/overlay/." "$root/"
find "$here/overlay" -mindepth 1 -printf '%P\n' | while IFS= read -r path; do
    chown -h 0:0 "$root/$path"
    if [ -L "$root/$path" ]; then continue; fi
    if [ -d "$root/$path" ] || [ -x "$root/$path" ]; then chmod 755 "$root/$path"; else chmod 644 "$root/$path"; fi
done
chmod 440 "$root/etc/sudoers.d/core"
# the first boot's preset-all decides what is enabled; the certificates are linked once, in customize.sh
for stub in deb-systemd-helper update-rc.d update-ca-certificates; do
    printf '#!/bin/sh\nexit 0\n' > "$root/usr/local/sbin/$stub"
    chmod 755 "$root/usr/local/sbin/$stub"
done
