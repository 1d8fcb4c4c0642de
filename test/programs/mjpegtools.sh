# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# mjpegtools, the steps that are one thread each: pictures to YUV, scale, filter, MPEG video and audio, multiplex.
. "$LIB"
need png2yuv y4mscaler yuvmedianfilter mpeg2enc mp2enc mplex python3
frames=$((12 * SCALE))
python3 - "$frames" <<'END'
import struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def picture(n, w=176, h=144):
    rows = bytearray()
    for y in range(h):
        rows.append(0)
        for x in range(w):
            rows += bytes(((x * 3 + n * 5) & 255, (y * 2 + n * 3) & 255, (x * y // 16 + n) & 255))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))

for n in range(int(sys.argv[1])):
    with open("frame%03d.png" % n, "wb") as f:
        f.write(picture(n))
END
$RUN png2yuv -v 0 -j 'frame%03d.png' -f 25 -I p -n "$frames" >"$OUT/a.y4m"
$RUN y4mscaler -v 0 -I sar=1:1 -O sar=1:1 -O size=352x288 <"$OUT/a.y4m" >"$OUT/b.y4m"
$RUN yuvmedianfilter -v 0 -t 2 <"$OUT/b.y4m" >"$OUT/c.y4m"
$RUN mpeg2enc -v 0 -M 0 -f 1 -o "$OUT/d.m1v" <"$OUT/c.y4m"
$RUN mp2enc -v 0 -o "$OUT/e.mp2" <"$(sound 10)"
$RUN mplex -v 0 -f 1 -o "$OUT/f.mpg" "$OUT/d.m1v" "$OUT/e.mp2"
