# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# Many files and many children: find and xargs -P, tar through gzip, rsync (package rsync), perl's forks, busybox.
. "$LIB"
need find xargs tar gzip perl
files=$((120 * SCALE))
mkdir -p tree/a/b tree/c
i=0
while [ $i -lt $files ]; do
	echo "content $i" >"tree/a/b/f$i"
	i=$((i + 1))
done
ln -s ../a/b/f1 tree/c/link
ln tree/a/b/f2 tree/c/hard
find tree -exec touch -h -d @1000000000 {} +
$RUN sh -c 'find tree -type f -print0 | xargs -0 -P 4 -n 7 sha1sum | sort -k2 | cksum'
status $RUN xargs -P 3 -n 1 sh -c 'exit $0' <<END
0 1 0 2
END
status $RUN find tree -name f3 -exec false {} \; -o -name f4 -print
$RUN sh -c 'tar -C tree --sort=name --owner=0 --group=0 --numeric-owner -cf - . | gzip -n9 >"$OUT/tree.tar.gz"'
$RUN tar --sort=name --owner=0 --group=0 --numeric-owner -I 'gzip -n1' -C tree -cf "$OUT/fast.tar.gz" .
mkdir unpacked
$RUN sh -c 'gzip -dc "$OUT/tree.tar.gz" | (cd unpacked && tar -xpf -)'
diff -r tree unpacked && stat -c '%h %Y' unpacked/c/hard
if command -v rsync >/dev/null; then
	$RUN rsync -aH --no-owner --no-group tree/ synced/
	echo changed >tree/a/b/f5
	rm tree/a/b/f6
	$RUN rsync -aH --no-owner --no-group --delete --itemize-changes tree/ synced/
	diff -r tree synced
fi
if command -v busybox >/dev/null; then
	$RUN busybox sh -c 'busybox find tree -type f | busybox xargs busybox md5sum | busybox sort | busybox md5sum'
	$RUN busybox sh -c 'busybox tar -cf - tree/c | busybox gzip | busybox zcat | busybox tar -tf - | busybox sort'
	$RUN busybox awk 'BEGIN { while (("seq 1 5" | getline n) > 0) s += n; print s; exit system("exit 6") }' || echo "gave $?"
fi
cat >forks.pl <<'END'
use strict;
use POSIX ":sys_wait_h";
$| = 1;
my @pids;
for my $n (1 .. 10) {
	my $pid = fork // die;
	if (!$pid) { select(undef, undef, undef, 0.01); POSIX::_exit($n) }
	push @pids, $pid;
}
print join(" ", map { waitpid($_, 0) == $_ ? $? >> 8 : "?" } @pids), "\n";
open(my $out, "-|") // do { print "from the child\n" for 1 .. 3; exit 2 };
print "read ", scalar(my @lines = <$out>), "\n";
close($out);
print "status ", $? >> 8, "\n";
open(my $in, "|-", "sort -r") or die;
print $in "$_\n" for qw(b c a);
close($in);
print "backticks ", `echo out; exit 3`, $? >> 8, "\n";
pipe(my $r, my $w);
if (!fork) { close($r); syswrite($w, "x" x 1000) for 1 .. 200; exit }
close($w);
my ($all, $buf) = (0);
$all += length($buf) while sysread($r, $buf, 7777);
wait;
print "pipe $all\n";
my $dead = 0;
local $SIG{CHLD} = sub { $dead++ while waitpid(-1, WNOHANG) > 0 };
for (1 .. 5) { my $pid = fork; exit 0 if !$pid }
select(undef, undef, undef, 0.05) while $dead < 5;
print "reaped $dead\n";
$SIG{CHLD} = "DEFAULT";
my $pid = fork;
if (!$pid) { sleep 100 while 1 }
kill(TERM => $pid);
waitpid($pid, 0);
print "signal ", $? & 127, "\n";
print "system ", system("sh", "-c", "kill -USR1 \$\$") & 127, "\n";
exec("sh", "-c", "echo replaced; exit 9");
END
status $RUN perl forks.pl
