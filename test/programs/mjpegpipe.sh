# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# mjpegtools as they are meant: one pipeline from pictures to a film, the encoders with threads of their own.
. "$LIB"
need ppmtoy4m y4mscaler y4mdenoise yuvmedianfilter mpeg2enc mp2enc mplex
frames=$((10 * SCALE))
awk -v frames=$frames 'BEGIN {
	for (n = 0; n < frames; n++) {
		printf "P3\n96 72\n255\n"
		for (y = 0; y < 72; y++)
			for (x = 0; x < 96; x++)
				print (x * 3 + n * 5) % 256, (y * 2 + n * 3) % 256, int(x * y / 16 + n) % 256
	}
}' >plain.ppm
# The tools want binary pictures
python3 - <<'END'
words = open("plain.ppm").read().split()
with open("film.ppm", "wb") as f:
    for at in range(0, len(words), 4 + 96 * 72 * 3):
        f.write(b"P6\n96 72\n255\n" + bytes(map(int, words[at + 4:at + 4 + 96 * 72 * 3])))
END
cat >pipeline <<'END'
set -e
# What they say at the same time comes in any order: to each a file of its own
ppmtoy4m -v 0 -F 25:1 -S 420mpeg2 film.ppm 2>"$OUT/said.1" |
	y4mscaler -v 0 -I sar=1:1 -O sar=1:1 -O size=176x144 2>"$OUT/said.2" |
	yuvmedianfilter -v 0 -t 2 2>"$OUT/said.3" | y4mdenoise -v 0 -t 2 -p 1 2>"$OUT/said.4" | tee "$OUT/film.y4m" | mpeg2enc -v 0 -M 3 -f 1 -o "$OUT/film.m1v"
mp2enc -v 0 -o "$OUT/film.mp2" <"$1" &
wait $!
mplex -v 0 -f 1 -o "$OUT/film.mpg" "$OUT/film.m1v" "$OUT/film.mp2"
END
$RUN sh pipeline "$(sound 10)"
$RUN mpeg2enc -v 0 -M 1 -f 3 -b 1500 -o "$OUT/film.m2v" <"$OUT/film.y4m"
