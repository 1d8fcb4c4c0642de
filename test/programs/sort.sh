# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# sort of a large file, with temporary files when memory is short, checks and merges. One thread.
. "$LIB"
need sort
text=$(lines ${SORT_MB:-$((20 * SCALE))})
$RUN sort --parallel=1 -o "$OUT/sorted" "$text"
$RUN sort -c "$OUT/sorted"
$RUN sort --parallel=1 -S 4M -T . -k2,2 -k1,1r "$text" | cksum
$RUN sort -m "$OUT/sorted" "$OUT/sorted" | cksum
$RUN sort -u --parallel=1 "$text" | wc -l
head -n 20000 "$text" | $RUN sort -R --random-source=/bin/sh | cksum
status $RUN sort -c "$text"
status $RUN sort missing
