#!/usr/bin/perl
# hostile.pl ATTACK WORD...: what a guest's root tries against its host. hostile.sh copies this into the guest, and looks
# at the host. Needs what Debian's perl-base has.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :mode);
use IO::Handle;
use IO::Select;
use Socket qw(:DEFAULT inet_pton inet_ntop);

chomp(my $machine = `uname -m`);

sub pause { select undef, undef, undef, $_[0] }

# --- a share that may be written ---

# try NAME, WHETHER IT WAS DONE
sub try {
    my ($name, $done) = @_;
    print "$name: ", $done ? "done\n" : "refused: $!\n";
    return $done;
}

sub spill {
    my ($path, $text) = @_;
    open my $f, '>', $path or return 0;
    print $f $text;
    return close $f;
}

sub slurp {
    open my $f, '<', $_[0] or return '';
    local $/;
    return <$f> // '';
}

sub run { return system("$_[0] >/dev/null 2>&1") == 0 }

sub setxattr {
    my ($path, $name, $value) = @_;
    my $number = {x86_64 => 188, aarch64 => 5}->{$machine} or die "no number of setxattr(2) for $machine\n";
    return syscall($number, $path, $name, $value, length $value, 0) == 0;
}

# Programs that run as somebody else, devices, files of others, files that cannot be removed.
sub attack_share {
    my ($dir) = @_;
    my $can_all = pack('V5', 0x02000001, 0xffffffff, 0, 0xffffffff, 0); # vfs_cap_data: effective, permitted
    chdir $dir or die "$dir: $!\n";
    umask 0;
    run("cp /bin/true $_") for qw(set cap given fixed);
    try("setuid by chmod", chmod 04755, 'set');
    try("setgid by chmod", chmod(02755, 'set') && (stat 'set')[2] & S_ISGID);
    try("setuid by open", sysopen(my $f, 'opened', O_CREAT | O_WRONLY, 06755) && (stat 'opened')[2] & 06000);
    try("setuid by mkdir", mkdir('made', 04777) && (stat 'made')[2] & 06000);
    try("a character device", run('mknod null c 1 3'));
    try("a block device", run('mknod disk b 8 0'));
    try("given to somebody else", chown 1234, 1234, 'given');
    try("given to a group", chown -1, 4, 'given');
    try("capabilities", setxattr('cap', 'security.capability', $can_all));
    try("a trusted attribute", setxattr('cap', 'trusted.overlay.opaque', 'y'));
    try("immutable", run('chattr +i fixed'));
    try("append only", run('chattr +a fixed'));
}

# $dir is mounted twice, as $dir and as $again; $out, of the host, is beside it. What is open in one is exchanged through
# the other for a link that leads out.
sub attack_links {
    my ($dir, $again, $out) = @_;
    mkdir "$dir/d";
    spill("$dir/d/inside", "inside\n");
    chdir "$dir/d" or die "$dir/d: $!\n";
    rename "$again/d", "$again/e" or die "rename: $!\n";
    symlink $out, "$again/d" or die "symlink: $!\n";
    try("read through a folder that became a link", slurp('secret') ne '');
    try("write there", spill('secret', "overwritten\n"));
    try("make a file there", spill('planted', "planted\n"));
    try("make a folder there", mkdir 'folder');
    try("change a mode there", chmod 0777, 'secret');
    try("rename there", rename 'secret', 'moved');
    try("remove there", unlink 'secret');
    try("a hard link to what is there", link 'secret', "../linked");
    chdir '/';
    unlink "$again/d";
    rename "$again/e", "$again/d";
    (my $beside = $out) =~ s,.*/,../,;
    for my $way ("$out/secret", "$beside/secret", "../../../../../../../../../../..$out/secret") {
        symlink $way, "$again/way";
        try("a link to $way", slurp("$dir/way") ne '');
        try("a hard link to it", link("$dir/way", "$again/linked") && slurp("$again/linked") ne '');
        unlink "$again/way", "$again/linked";
    }
    race($dir, $again, $out);
}

# One process exchanges the folder for the link and back, the other goes through it.
sub race {
    my ($dir, $again, $out) = @_;
    symlink $out, "$again/l";
    my $child = fork // die "fork: $!\n";
    if (!$child) {
        my $until = time + 6;
        while (time < $until) {
            rename "$again/d", "$again/e" and rename "$again/l", "$again/d";
            rename "$again/d", "$again/l" and rename "$again/e", "$again/d";
        }
        exit;
    }
    my ($rounds, $read) = (0, 0);
    while (waitpid($child, 1) == 0) {
        $rounds++;
        $read++ if slurp("$dir/d/secret") ne '';
        spill("$dir/d/planted", "planted\n");
        unlink "$dir/d/secret";
        if (opendir my $d, "$dir/d") { $read += grep { $_ eq 'secret' } readdir $d }
    }
    try("$rounds rounds of a race", $read);
}

sub attack_read_only {
    my ($dir) = @_;
    try("mounted to be written", run("mount -o remount,rw $dir"));
    chdir $dir or die "$dir: $!\n";
    try("write", spill('given', "overwritten\n"));
    try("make", spill('planted', "planted\n"));
    try("make a folder", mkdir 'folder');
    try("cut", truncate 'given', 0);
    try("cut by a reader", sysopen(my $f, 'given', O_RDONLY | O_TRUNC) && -s 'given' == 0);
    try("a mode", chmod 0777, 'given');
    try("a time", utime 0, 0, 'given');
    try("rename", rename 'given', 'moved');
    try("remove", unlink 'given');
    try("a link", symlink '/etc/shadow', 'link');
    try("a hard link", link 'given', 'linked');
    try("an attribute", setxattr('given', 'user.x', 'y'));
}

# --- the network ---

my $host_mac = pack 'H*', '52550a000202';

sub own_mac {
    (my $hex = slurp('/sys/class/net/eth0/address')) =~ s/[:\n]//g;
    return pack 'H*', $hex;
}

sub wire {
    socket(my $s, 17, SOCK_RAW, 0) or die "packet socket: $!\n"; # AF_PACKET
    my $to = pack 'S n i S C C a8', 17, 3, slurp('/sys/class/net/eth0/ifindex'), 0, 0, 6, $host_mac;
    return sub { send $s, $_[0], 0, $to };
}

sub checksum {
    my ($data) = @_;
    my $sum = unpack '%32n*', length($data) % 2 ? "$data\0" : $data;
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

# The segment that opens a connection, or a datagram.
sub segment {
    my ($protocol, $src, $dst, $sport, $dport) = @_;
    my $s = $protocol == 6 ? pack('n n N N C C n n n', $sport, $dport, 1000, 0, 5 << 4, 2, 8192, 0, 0)
                           : pack('n n n n a8', $sport, $dport, 16, 0, 'hostile');
    my $pseudo = $src . $dst . (length $src == 16 ? pack('N N', length $s, $protocol) : pack('n n', $protocol, length $s));
    substr $s, $protocol == 6 ? 16 : 6, 2, pack 'n', checksum($pseudo . $s) || 0xffff;
    return $s;
}

sub packet4 {
    my ($protocol, $src, $dst, $id, $options, $payload) = @_;
    my $h = pack('C C n n n C C n', 0x45 + length($options) / 4, 0, 20 + length($options) + length $payload, $id, 0,
                 64, $protocol, 0) . $src . $dst . $options;
    substr $h, 10, 2, pack 'n', checksum($h);
    return $h . $payload;
}

# The frames of one try: plain, with options, as of a virtual network.
sub frames {
    my ($protocol, $from, $to, $sport, $dport) = @_;
    if ($to =~ /:/) {
        my ($src, $dst) = (inet_pton(AF_INET6, $from), inet_pton(AF_INET6, $to));
        my $s = segment($protocol, $src, $dst, $sport, $dport);
        return pack('n', 0x86dd) . pack('N n C C', 6 << 28, length $s, $protocol, 64) . $src . $dst . $s;
    }
    my ($src, $dst) = (inet_pton(AF_INET, $from), inet_pton(AF_INET, $to));
    my @s = map { segment($protocol, $src, $dst, $sport + $_, $dport) } 0 .. 2;
    return (pack('n', 0x800) . packet4($protocol, $src, $dst, $sport, '', $s[0]),
            pack('n', 0x800) . packet4($protocol, $src, $dst, $sport + 1, "\1\1\1\0", $s[1]),
            pack('n n n', 0x8100, 0, 0x800) . packet4($protocol, $src, $dst, $sport + 2, '', $s[2]));
}

# What has $port at each of the addresses, by frames under a name of our own, of the host's and of others.
sub attack_frames {
    my ($port, @targets) = @_;
    my ($send, $mac, $sport) = (wire(), own_mac(), 20000);
    chomp(my $own6 = `ip -6 -o addr show dev eth0 scope global | sed 's/.*inet6 //; s,/.*,,;q'`);
    for my $to (@targets) {
        my @from = $to =~ /:/ ? ($own6 || 'fec0::15', '::1', $to) : ('10.0.2.15', '127.0.0.1', '10.0.2.2', $to);
        for my $from (@from) {
            for my $protocol (6, 17) {
                $send->($host_mac . $mac . $_) for frames($protocol, $from, $to, $sport, $port);
                $sport += 3;
            }
        }
        pause(0.05);
    }
    print "$sport\n";
}

# The same by the kernel's own hand: as any program of the guest.
sub attack_connect {
    my ($port, @targets) = @_;
    for my $to (@targets) {
        my $six = $to =~ /:/;
        my $family = $six ? AF_INET6 : AF_INET;
        my $address = inet_pton($family, $to);
        my $name = $six ? Socket::pack_sockaddr_in6($port, $address) : pack_sockaddr_in($port, $address);
        if (socket my $u, $family, SOCK_DGRAM, 0) {
            setsockopt $u, SOL_SOCKET, SO_BROADCAST, 1;
            send $u, 'hostile', 0, $name;
        }
        socket my $t, $family, SOCK_STREAM, 0 or next;
        $t->blocking(0);
        connect $t, $name;
        my $open = IO::Select->new($t)->can_write(1) && getpeername $t;
        print "$to: ", $open ? "open\n" : "closed\n";
    }
}

my ($attack, @words) = @ARGV;
my $do = __PACKAGE__->can("attack_$attack") or die "no attack '$attack'\n";
$do->(@words);
