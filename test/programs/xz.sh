# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# xz: files, pipes, tests, broken and missing input, replacing a file with its times and mode.
. "$LIB"
need xz
text=$(lines $((4 * SCALE)))
$RUN xz -T1 -1 -c "$text" >"$OUT/fast.xz"
$RUN xz -T1 -3 <"$text" >"$OUT/small.xz"
$RUN xz -dc "$OUT/small.xz" | cmp - "$text"
$RUN xz -t "$OUT/fast.xz"
head -c 200000 "$text" >file
chmod 640 file
touch -d @1000000000 file
$RUN xz -T1 -1 file
stat -c '%a %s %Y' file.xz
$RUN xz -d file.xz
stat -c '%a %s %Y' file
head -c 1000 "$OUT/fast.xz" >broken.xz
status $RUN xz -t broken.xz
status $RUN xz -dc missing.xz
status $RUN xz -dc </dev/null
cat "$text" | $RUN xz -T1 -1 | $RUN xz -d | cksum
