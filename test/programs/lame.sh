# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# LAME: constant and variable bit rates, and back.
. "$LIB"
need lame
wav=$(sound $((10 * SCALE)))
$RUN lame --silent -b 128 "$wav" "$OUT/cbr.mp3"
$RUN lame --silent -V 4 "$wav" "$OUT/vbr.mp3"
$RUN lame --silent -f -m m - - <"$wav" >"$OUT/pipe.mp3"
$RUN lame --silent --decode "$OUT/cbr.mp3" "$OUT/back.wav"
status $RUN lame --silent missing.wav "$OUT/none.mp3"
