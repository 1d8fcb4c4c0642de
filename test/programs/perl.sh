# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# Perl: text, hashes, files, directories, sockets, signals, sprintf, sort, in-place editing.
. "$LIB"
need perl
text=$(lines $((2 * SCALE)))
export PERL_HASH_SEED=0
cat >work.pl <<'END'
use strict; use warnings;
use POSIX qw(floor strftime); use File::Find; use File::Path qw(make_path remove_tree); use Digest::SHA qw(sha1_hex);
use IO::Socket::UNIX; use Time::HiRes qw(setitimer ITIMER_REAL usleep); use Data::Dumper; use List::Util qw(sum);
$Data::Dumper::Sortkeys = 1;
my ($file, $out) = @ARGV;
open my $in, '<', $file or die "$file: $!";
my (%first, $n, $bytes);
while (<$in>) { $n++; $bytes += length; $first{substr $_, 0, 2}++ if /^\w/ }
print "$n lines, $bytes bytes\n";
print join(' ', map { "$_=$first{$_}" } (sort { $first{$b} <=> $first{$a} || $a cmp $b } keys %first)[0 .. 9]), "\n";
seek $in, 0, 0; local $/ = undef; my $all = <$in>; $/ = "\n";
print sha1_hex($all), ' ', scalar(() = $all =~ /(\d+)/g), "\n";
make_path("t/a/b", "t/c"); for my $i (1 .. 30) { open my $f, '>', "t/c/$i" or die; printf $f "%05.2f\n", $i / 7; close $f }
my @found; find(sub { push @found, $File::Find::name }, 't'); print scalar(@found), ' ', (sort @found)[5], "\n";
rename 't/c/1', 't/a/one' or die; unlink 't/c/2' or die; print join(' ', sort map { (stat)[7] } glob 't/c/*'), "\n";
remove_tree('t'); print -e 't' ? "there\n" : "gone\n";
socketpair(my $x, my $y, AF_UNIX, SOCK_STREAM, 0) or die; syswrite $x, 'hello' x 100; sysread $y, my $buf, 1000; print length $buf, "\n";
my $ticks = 0; $SIG{ALRM} = sub { $ticks++ }; setitimer(ITIMER_REAL, 0.02, 0.02); usleep(1_000_000) while $ticks < 3; setitimer(ITIMER_REAL, 0);
print "ticked\n"; print strftime('%c', gmtime 1e9), "\n"; print Dumper({ a => [1 .. 3], b => { c => undef } });
open my $o, '>', "$out/sorted" or die; print $o sort split /(?<=\n)/, substr $all, 0, 300_000; close $o;
print floor(-2.5), ' ', sum(1 .. 100), ' ', sprintf('%.15g %e %x', 1 / 3, 1e100, 255), "\n";
eval { die { code => 42 } }; print "caught $@->{code}\n"; $! = 2; print "$!\n"; exit 5;
END
status $RUN perl work.pl "$text" "$OUT"
head -n 1000 "$text" >edit
$RUN perl -pi.bak -e 's/(\w+)/<$1>/' edit
cp edit edit.bak "$OUT/"
seq 1 50000 | $RUN perl -ne '$s += $_; END { print "$s\n" }'
status $RUN perl -e 'kill 9, $$'
status $RUN perl -e 'die "on purpose\n"'
