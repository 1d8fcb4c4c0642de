# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# bzip2: files, pipes, tests, broken and missing input, replacing a file with its times and mode.
. "$LIB"
need bzip2
text=$(lines $((4 * SCALE)))
$RUN bzip2 -1 -c "$text" >"$OUT/fast.bz2"
$RUN bzip2 -9 <"$text" >"$OUT/small.bz2"
$RUN bzip2 -dc "$OUT/small.bz2" | cmp - "$text"
$RUN bzip2 -t "$OUT/fast.bz2"
head -c 200000 "$text" >file
chmod 640 file
touch -d @1000000000 file
$RUN bzip2 -1 file
stat -c '%a %s %Y' file.bz2
$RUN bzip2 -d file.bz2
stat -c '%a %s %Y' file
head -c 1000 "$OUT/fast.bz2" >broken.bz2
status $RUN bzip2 -t broken.bz2
status $RUN bzip2 -dc missing.bz2
status $RUN bzip2 -dc </dev/null
cat "$text" | $RUN bzip2 -1 | $RUN bzip2 -d | cksum
