# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Compressors with several threads: pigz and xz -T2, on files and in pipes.
. "$LIB"
need pigz xz
text=$(lines $((4 * SCALE)))
$RUN pigz -n -p 4 -c "$text" >"$OUT/four.gz"
$RUN pigz -n -p 2 -1 <"$text" >"$OUT/fast.gz"
$RUN pigz -n -p 4 -b 32 -i -c "$text" >"$OUT/independent.gz"
$RUN pigz -d -c -p 4 "$OUT/four.gz" | cmp - "$text"
$RUN pigz -t "$OUT/independent.gz"
gzip -dc "$OUT/independent.gz" | cmp - "$text"
$RUN xz -T2 -0 --block-size=500000 -c "$text" >"$OUT/two.xz"
$RUN xz -T4 -1 --block-size=300000 <"$text" >"$OUT/four.xz"
$RUN xz -T4 -dc "$OUT/four.xz" | cmp - "$text"
$RUN xz -l "$OUT/two.xz" | tail -n 1 | awk '{ print $1, $2 }'
head -c 100000 "$OUT/four.gz" >broken.gz
status $RUN pigz -t broken.gz
head -c 50000 "$OUT/two.xz" >broken.xz
status $RUN xz -T2 -t broken.xz
cat "$text" | $RUN pigz -n -p 3 | $RUN pigz -d | cksum
