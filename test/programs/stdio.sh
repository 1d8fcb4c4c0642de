# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# Standard streams as pipes, files, the same file twice, closed, devices; other descriptors; a reader that goes away.
. "$LIB"
text=$(lines $((3 * SCALE)))
$RUN cat <"$text" | $RUN cat | cksum
$RUN cat "$text" >"$OUT/copy"
cksum <"$OUT/copy"
head -c 3000 "$text" | $RUN tr a-z A-Z | tail -n 3
{ $RUN head -n 2; $RUN head -n 2; cat; } <"$text" | cksum
$RUN yes | head -n 100000 | cksum
$RUN sed -n 5p "$text"
$RUN cat <&- || echo "status $?"
$RUN /bin/echo text >&- || echo "status $?"
$RUN ls missing 2>&- || echo "status $?"
cp "$text" copy
$RUN cat 0<>copy >/dev/null
status $RUN dd if=/dev/zero of=/dev/full bs=64k count=1 status=none
status $RUN dd if="$text" of="$OUT/dd" bs=100001 count=7 skip=3 seek=1 status=none
$RUN dd if=/dev/zero bs=3M count=4 status=none | $RUN wc -c
$RUN tee "$OUT/tee1" "$OUT/tee2" <"$text" | cksum
$RUN cat >"$OUT/appended" <<END
here
END
$RUN cat >>"$OUT/appended" <<END
and there
END
{ $RUN /bin/echo first; $RUN /bin/echo second; } >"$OUT/shared"
mkfifo fifo
cat fifo >"$OUT/fifo" &
$RUN cp "$text" /dev/stdout >fifo
wait
$RUN /usr/bin/printf '%s %d %x\n' words 42 255
