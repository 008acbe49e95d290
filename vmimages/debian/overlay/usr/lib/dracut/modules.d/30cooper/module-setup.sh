#!/bin/bash
# Ignition without a network: the config comes over fw_cfg and holds its data in itself, so that the packaged
# module's url-lib and network (curl, DHCP) stay out of the initramfs. The rest of that module is used as it is.

ignition_dir="$dracutbasedir/modules.d/30ignition"

check() {
    return 255
}

depends() {
    echo systemd systemd-initrd udev-rules
}

installkernel() {
    hostonly='' instmods =crypto/crc32c* \
        virtio_pci virtio_mmio virtio_blk virtio_scsi virtio_rng virtio_console virtio_net \
        sd_mod sr_mod qemu_fw_cfg ext4 isofs vfat nls_cp437 nls_ascii overlay dm_mod
}

install() {
    local cooper_dir="$moddir"
    # the packaged install(), in a subshell: it defines functions of the same names
    ( moddir="$ignition_dir"; . "$ignition_dir/module-setup.sh"; install ) || return 1

    # Ignition's disks stage formats the data disk; its relabelling wants these three files
    inst_multiple mkfs.ext4 mke2fs e2fsck blkid useradd groupadd usermod setfiles
    inst_multiple /etc/mke2fs.conf /etc/selinux/config /etc/selinux/none/contexts/files/file_contexts
    inst_multiple journalctl grep cut tail sed # for emergency.sh

    # how long it waits for devices
    inst_simple /etc/systemd/system.conf.d/cooper.conf

    # nobody sits at the console: on failure say why and power off, so that QEMU exits
    inst_simple "$cooper_dir/emergency.service" "$systemdsystemunitdir/emergency.service"
    inst_script "$cooper_dir/emergency.sh" "/usr/lib/cooper/emergency.sh"
}
