#!/usr/bin/perl
# hostile.pl ATTACK WORD...: what a guest's root tries against its host. hostile.sh copies this into the guest with its
# parts, hostile/*.pl, and looks at the host. Needs what Debian's perl-base has.
use strict;
use warnings;

$| = 1;
$SIG{PIPE} = 'IGNORE';

sub pause { select undef, undef, undef, $_[0] }

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

my ($attack, @words) = @ARGV;
(my $parts = $0) =~ s/\.pl$//;
require "$_" for glob "$parts/*.pl";
my $do = __PACKAGE__->can("attack_$attack") or die "no attack '$attack'\n";
$do->(@words);
