# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# FFmpeg with threads (package ffmpeg): generated pictures and sound to MPEG and MPEG-4, filters, back to pictures, pipes.
. "$LIB"
need ffmpeg
convert() {
	$RUN ffmpeg -nostdin -hide_banner -loglevel error -threads 4 "$@" </dev/null
}
exact='-flags +bitexact -fflags +bitexact -map_metadata -1'
size=176x144 frames=$((20 * SCALE))
convert -f lavfi -i "testsrc=size=$size:rate=25" -frames:v $frames -f image2 frame%03d.ppm
# shellcheck disable=SC2086
convert -f image2 -framerate 25 -i frame%03d.ppm -i "$(sound 10)" -t 0.8 -c:v mpeg2video -threads:v 4 -b:v 800k -c:a mp2 \
	$exact -f mpeg "$OUT/all.mpg"
# shellcheck disable=SC2086
convert -i "$OUT/all.mpg" -vf scale=88:72,hflip -c:v mpeg4 -threads:v 4 -an $exact "$OUT/small.avi"
convert -i "$OUT/small.avi" -f rawvideo -pix_fmt yuv420p - | cksum
convert -i "$OUT/all.mpg" -f framemd5 -
convert -i "$OUT/all.mpg" -vn -f s16le - | cksum
status convert -i missing.mpg -f null - 2>err
sed 's/ @ 0x[0-9a-f]*//' err >&2	# newer ones say where something is in memory
rm err
