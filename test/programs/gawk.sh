# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# gawk: count words, compute, write several files, read from pipes.
. "$LIB"
need gawk
text=$(lines $((3 * SCALE)))
$RUN gawk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { PROCINFO["sorted_in"] = "@val_num_desc"; for (w in n) if (++k <= 10) print n[w]; print length(n) }' "$text"
$RUN gawk -v out="$OUT" '{ print length($0), $1 > (out "/part" NR % 5) }' "$text"
seq 1 20000 | $RUN gawk '{ s += sqrt($1) } END { printf "%.6f\n", s }'
$RUN gawk 'BEGIN { srand(7); for (i = 0; i < 5; i++) print int(rand() * 1000); print strftime("%F", 1e9, 1); print toupper("done") }'
status $RUN gawk 'BEGIN { while ((getline line < "missing") > 0) n++; print n + 0; exit 9 }'
status $RUN gawk '{ syntax'
