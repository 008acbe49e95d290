#!/bin/sh
# A machine of the scripted monitor: machine SERIAL-LOG READY-FILE DISK MEMORY first|again MOUNTS. Plays the first line of the
# home's file `boots`, which is then removed from it; without one it comes up and runs. The words of a line:
#   up            a whole boot, ready                run       go on until told to stop
#   kernel        the kernel's first line            reset     the guest reboots
#   panic, no-kernel, ignition   fail so             off       the guest powers itself off
#   silent        say nothing, and run               die:N     the monitor ends with status N
#   deaf          ignore the power button            hold      wait until the home's file `go` is there
serial=$1 ready=$2 disk=$3
machine=${serial%/log/serial.log}
home=${machine%/machines/*}
buttons=$machine/buttons
say() { printf '%s\r\n' "$1" >>"$serial"; }
end() {
	rm -f "$machine/guest" "$buttons"
	exit "$1"
}
rm -f "$buttons"
mkfifo "$buttons"
deaf=

# As Fedora CoreOS has them: registered by systemd-binfmt, with flag F alone.
handlers() {
	for arch in aarch64 x86_64; do
		printf ':qemu-%s:M::\\x7fELF:\\xff:/usr/bin/qemu-%s-static:F\n' "$arch" "$arch" >"$disk/usr/lib/binfmt.d/qemu-$arch.conf"
	done
	GUEST=$disk "${0%/*}/systemctl" restart systemd-binfmt.service
}

line='up run'
if [ -s "$home/boots" ]; then
	line=$(sed -n 1p "$home/boots")
	sed 1d "$home/boots" >"$home/boots.new" && mv "$home/boots.new" "$home/boots"
fi
echo "$line: $4 $5 ${disk%/os.qcow2}" >>"$home/booted"
kernel='[    0.000000] Linux version 6.12.0 (scripted)'
for word in $line; do
	case $word in
	kernel) say "$kernel" ;;
	up)
		say 'UEFI firmware (version scripted)'
		say "$kernel"
		[ "$5" != first ] || say '[    0.100000] ignition[321]: Ignition 2.14.0'
		say '[    0.200000] systemd[1]: Reached target initrd-switch-root.target - Switch Root.'
		say '[    0.300000] systemd[1]: Started sshd.service - OpenSSH server daemon.'
		handlers
		echo "$$" >"$disk/proc/sys/kernel/random/boot_id"
		printf '%s' "$6" >"$disk/run/mounts"
		echo "$$ $disk" >"$machine/guest"
		: >"$ready"
		;;
	panic) say "$kernel" && say '[    0.500000] Kernel panic - not syncing: scripted' ;;
	no-kernel) say 'BdsDxe: No bootable option or device was found.' ;;
	ignition) say "$kernel" && say '[    0.400000] ignition[321]: CRITICAL : failed to fetch config: scripted' && end 0 ;;
	silent | run)
		while read -r _ <"$buttons"; do
			[ -n "$deaf" ] || end 0
		done
		;;
	deaf) deaf=1 ;;
	hold) while [ ! -e "$home/go" ]; do sleep 0.02; done ;;
	reset) end 10 ;;
	off) end 0 ;;
	die:*) echo "scripted: dies" >&2 && end "${word#die:}" ;;
	esac
done
end 0
