# Through the folders that the host shares. A part of hostile.pl.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :mode);

sub setxattr {
    my ($path, $name, $value) = @_;
    chomp(my $machine = `uname -m`);
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

# Every way to a name of the first level of $dir, a home, that is not there for the guest; $tag is its share's.
sub attack_home {
    my ($dir, $tag) = @_;
    my $mine = qr/^(?:\.(?!\.?$)|(?:applications|bin|library)$)/i;
    chdir $dir or die "$dir: $!\n";
    print "plain names: ", scalar(grep { -e } qw(plain src/app src/.git src/.git/config)), "\n";
    opendir my $d, '.' or die "$dir: $!\n";
    try("listed", scalar grep { $_ =~ $mine } readdir $d);
    my @odd = ("\xe2\x80\x8c.ssh", ".\xe2\x80\xaessh", "\xef\xbb\xbfbin", "bi\xe2\x81\xaan", "L\xe2\x80\x8fibrary");
    for my $name (qw(.ssh .SSH .profile .new bin BIN Library lIBRARY applications), @odd) {
        (my $shown = $name) =~ s/([^!-~])/sprintf '%%%02x', ord $1/ge;
        try("$shown: seen", lstat $name);
        try("$shown: read", slurp("$name/id") . slurp($name) ne '');
        try("$shown: entered", chdir($name) && chdir $dir);
        try("$shown: made", sysopen(my $f, $name, O_CREAT | O_EXCL | O_WRONLY, 0666));
        try("$shown: written", spill($name, "x\n") || spill("$name/new", "x\n"));
        try("$shown: a folder", mkdir $name);
        try("$shown: a link", symlink 'plain', $name);
        try("$shown: a hard link", link 'plain', $name);
        try("$shown: a fifo", run("mknod '$name' p"));
        try("$shown: a file renamed to it", rename 'plain', $name);
        try("$shown: a folder renamed to it", rename 'src', $name);
        try("$shown: renamed", rename $name, 'moved');
        try("$shown: removed", unlink($name) || rmdir $name);
        try("$shown: a mode, a time, a length", chmod(0777, $name) || utime(0, 0, $name) || truncate $name, 0);
        try("$shown: from below", slurp("src/../$name/id") ne '' || rename('src/app', "src/../$name"));
    }
    try("through a link", slurp('link/id') ne '');
    chdir '/';
    mkdir '/mnt/other';
    my $mount = "mount -t 9p -o trans=virtio,msize=512000,ro";
    for my $how ("mount --bind $dir", "$mount,version=9p2000.L,aname=/.ssh $tag", "$mount,version=9p2000.u $tag",
        "$mount,version=9p2000.L,access=any,uname=root $tag", "$mount,version=9p2000.L,cache=loose $tag") {
        run("umount $dir") if $how =~ /9p/; # one mount of a tag at a time
        if (!run("$how /mnt/other")) {
            print "$how: not mounted\n";
            next;
        }
        try("$how: read", slurp('/mnt/other/.ssh/id') . slurp('/mnt/other/id') ne '');
        opendir my $other, '/mnt/other' or die "/mnt/other: $!\n";
        try("$how: listed", scalar grep { $_ =~ $mine } readdir $other);
        closedir $other;
        run('umount /mnt/other') or die "$how: not let go of\n";
    }
    run("$mount,version=9p2000.L,cache=mmap $tag $dir") or die "$dir: not mounted again\n";
}

1;
