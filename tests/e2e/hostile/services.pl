# What the host talks to in a guest, replaced: its console, podman, sshd. A part of hostile.pl.
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use Socket;

# For SECONDS, onto the console.
sub attack_console {
    my ($seconds) = @_;
    open my $c, '>', '/dev/console' or die "/dev/console: $!\n";
    my $until = time + $seconds;
    my $sent = 0;
    while (time < $until) {
        my $noise = join '', map { chr int rand 256 } 1 .. 4096;
        for my $text ("\e]0;title\a\e[31m\e[2J\xc2\x9b1m\x9b1m\x7f\b\b\r\n", "endless " x 8192, $noise, "\n" x 512, "\e[" x 2048) {
            $sent += syswrite($c, $text) // 0;
        }
    }
    syswrite $c, "\r\n\eP1;1|\e[5n\e]52;c;aGk=\a last words\r\n";
    print "$sent bytes\n";
}

# --- podman ---

my $chunk = "x" x 65536;
my %answers = (
    headers => sub { my ($c) = @_; print $c "HTTP/1.1 200 OK\r\n"; 1 while print $c "X-A: $chunk\r\n" },
    body => sub { my ($c) = @_; print $c "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["; 1 while print $c $chunk },
    never => sub { sleep 3600 },
    binary => sub { my ($c) = @_; my $noise = join '', map { chr int rand 256 } 1 .. 65536; print $c $noise },
    ports => sub { my ($c) = @_; my $list = ports(); print $c "HTTP/1.1 200 OK\r\nContent-Length: " . length($list) . "\r\n\r\n$list" },
);

# More ports than there are, of the system and of others; addresses that are not the guest's; names that a terminal obeys.
sub ports {
    my @ports = map { "{\"host_ip\":\"$_->[0]\",\"host_port\":$_->[1],\"range\":$_->[2],\"protocol\":\"tcp\",\"container_port\":1}" }
        ['', 1, 30], ['', 2222, 1], ['0.0.0.0', 30000, 20], ['::', 30100, 20], ['8.8.8.8', 30200, 5], ['10.0.0.1', 30300, 5], ['::1', 30400, 5],
        ['127.9.9.9', 30500, 5], ['127.0.0.1 -x', 30600, 5], ['127.0.0.1:1-:2\\n', 30700, 5], ['', 40000, 20000], ['', -5, 70000], ['', 65535, 9];
    my $name = '\\u001b]0;x\\u0007\\u001b[31m\\u009b1m' . 'n' x 200;
    return "[{\"Id\":\"\\u001b[2Jx\",\"Names\":[\"$name\"],\"Ports\":[" . join(',', @ports) . "]}]";
}

sub listens {
    my ($name) = @_;
    socket(my $s, $name =~ m,^/, ? AF_UNIX : AF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
    unlink $name;
    bind $s, $name =~ m,^/, ? pack_sockaddr_un($name) : pack_sockaddr_in($name, INADDR_ANY) or die "$name: $!\n";
    listen $s, 128;
    chmod 0666, $name if $name =~ m,^/,;
    return $s;
}

# Each who comes until then is served by a process of his own.
sub serve {
    my ($until, $answer, @sockets) = @_;
    local $SIG{CHLD} = 'IGNORE';
    my $all = IO::Select->new(@sockets);
    my @children;
    while (time < $until) {
        for my $s ($all->can_read(1)) {
            accept my $c, $s or next;
            my $child = fork // next;
            push @children, $child if $child;
            next if $child;
            $SIG{PIPE} = 'DEFAULT';
            $c->autoflush(1);
            $answer->($c);
            exit;
        }
    }
    kill 9, @children;
}

# For SECONDS podman is a liar, for root and for the user; something happens all the time.
sub attack_podman {
    my ($how, $seconds) = @_;
    my @names = ('/run/podman/podman.sock', '/run/user/1000/podman/podman.sock');
    run('systemctl stop podman.socket podman.service');
    run('systemctl --user -M core@ stop podman.socket podman.service');
    my $until = time + $seconds;
    my $events = fork // die "fork: $!\n";
    if (!$events) {
        while (time < $until) {
            open my $l, '|-', 'logger --journald' or last;
            print $l "MESSAGE=\e[31mevent\nPODMAN_EVENT=start\nPODMAN_NAME=\e]0;x\a\n";
            close $l;
            pause(0.5);
        }
        exit;
    }
    serve($until, sub { my ($c) = @_; sysread $c, my $asked, 4096; $answers{$how}->($c) }, map { listens($_) } @names);
    unlink @names;
    run('systemctl start podman.socket');
    run('systemctl --user -M core@ start podman.socket');
}

# --- sshd ---

my %greetings = (
    silent => sub { sleep 3600 },
    closes => sub { },
    mute => sub { my ($c) = @_; print $c "SSH-2.0-OpenSSH_9.9\r\n"; sleep 3600 },
    banner => sub { my ($c) = @_; while (1) { print $c "\e]0;x\a\e[31m\xc2\x9b1m hello\r\n" or last; pause(0.01) } },
);

# For SECONDS sshd is another one, and whoever was connected is not any more.
sub attack_sshd {
    my ($how, $seconds) = @_;
    run('systemctl stop ssh.socket ssh.service');
    run('pkill -9 -x sshd; pkill -9 sshd-');
    if ($how eq 'key') {
        run('rm -f /run/other*; ssh-keygen -q -t ed25519 -N "" -f /run/other; mkdir -p /run/sshd');
        run("timeout $seconds /usr/sbin/sshd -D -o HostKey=/run/other");
    } else {
        serve(time + $seconds, $greetings{$how}, listens(22));
    }
    run('pkill -9 -x sshd; pkill -9 sshd-');
    run('systemctl restart ssh.service');
}

1;
