# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# gzip: files, pipes, tests, broken and missing input, replacing a file with its times and mode.
. "$LIB"
need gzip
text=$(lines $((4 * SCALE)))
$RUN gzip -n -1 -c "$text" >"$OUT/fast.gz"
$RUN gzip -n -9 <"$text" >"$OUT/small.gz"
$RUN gzip -dc "$OUT/small.gz" | cmp - "$text"
$RUN gzip -t "$OUT/fast.gz"
head -c 200000 "$text" >file
chmod 640 file
touch -d @1000000000 file
$RUN gzip -n -1 file
stat -c '%a %s %Y' file.gz
$RUN gzip -d file.gz
stat -c '%a %s %Y' file
head -c 1000 "$OUT/fast.gz" >broken.gz
status $RUN gzip -t broken.gz
status $RUN gzip -dc missing.gz
status $RUN gzip -dc </dev/null
cat "$text" | $RUN gzip -n -1 | $RUN gzip -d | cksum
