# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# FLAC: encode at several levels, decode, test, and what it says of a broken file.
. "$LIB"
need flac metaflac
wav=$(sound $((10 * SCALE)))
for level in 0 5 8; do
	$RUN flac --silent -$level -o "$OUT/$level.flac" "$wav"
done
$RUN flac --silent --decode -o "$OUT/back.wav" "$OUT/5.flac"
cmp "$wav" "$OUT/back.wav"
$RUN flac --silent --test "$OUT/8.flac"
$RUN metaflac --list "$OUT/8.flac"
$RUN flac --silent --stdout "$wav" >"$OUT/stdout.flac"
$RUN flac --silent --decode --stdout - <"$OUT/stdout.flac" | cksum
head -c 100000 "$OUT/5.flac" >broken.flac
status $RUN flac --silent --test broken.flac
status $RUN flac --silent --test missing.flac
