# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Small programs over many files: list, copy, move, remove, count, link, change, find, compare, archive.
. "$LIB"
mkdir tree
"$AIDS/gen" tree tree $((200 * SCALE)) 2000
ln -s nowhere tree/dangling
$RUN ls -R tree | cksum
$RUN ls -lan --time-style=+ tree | sed 's/ *[0-9]* *\./ ./' | cksum
$RUN find tree -type f -size +1 -name '*1*' | sort | cksum
$RUN cp -a tree "$OUT/copy"
$RUN diff -r --no-dereference tree "$OUT/copy"
find tree -type f | sort | xargs $RUN cat | cksum
find tree -type f | sort | xargs $RUN sha256sum | cksum
$RUN du -a --apparent-size tree | sort | cksum
$RUN tar cf - --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner tree >"$OUT/tree.tar"
mkdir unpacked
$RUN tar xf "$OUT/tree.tar" -C unpacked
diff -r --no-dereference tree unpacked/tree
$RUN mv unpacked/tree unpacked/moved
$RUN rm -r unpacked/moved
ls unpacked
$RUN chmod -R go-rwx tree
find tree -perm /077 ! -type l | wc -l
$RUN touch -d @1000000000 tree
$RUN stat -c '%n %F %a %Y' tree
$RUN ln tree/dangling tree/hard || true
$RUN truncate -s 1M "$OUT/large"
$RUN fallocate -l 100000 "$OUT/space"
$RUN split -b 30000 -d "$OUT/large" "$OUT/part"
$RUN comm -12 /etc/passwd /etc/passwd | wc -l
$RUN grep -c root /etc/passwd
$RUN sed -i 's/a/b/g' "$OUT/space"
$RUN od -A d -t x1z /etc/hostname | head -n 1
$RUN date -u -d @1e9 +%FT%T 2>/dev/null || $RUN date -u -d @1000000000 +%FT%T
$RUN id -u
$RUN uname -n
$RUN hostname
$RUN /bin/pwd | sed 's,.*/,,'
$RUN /bin/true
status $RUN /bin/false
status $RUN ls missing
$RUN sleep 0.1
$RUN nproc | grep -c '[0-9]'
$RUN /usr/bin/test -f tree/dangling || echo dangling
$RUN seq 1 1000000 | cksum
$RUN factor 1000000007 123456789012345678
$RUN mktemp -u | cut -c1-9
