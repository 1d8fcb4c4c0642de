# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Benches of bulk: reads and writes of a file and of a pipe in calls of 1 MiB, against what the channel can carry.

MIB=1048576

# streamed COMMAND: run it; prints the bytes per second that stream says on standard error
streamed() {
	timeout -k 2 "$LIMIT" bash -c "set -o pipefail; $1" 2>"$WORK/stream.err" || {
		cat "$WORK/stream.err" >>"$WORK/err"
		return 1
	}
	tail -n 1 "$WORK/stream.err"
}

bench_stream() {
	local om=${OM[*]} kind channel reader="$AID/stream read $MIB" writer="$AID/stream write $MIB $STREAM"
	local -A native ours

	timeout "$LIMIT" "$AID/stream" write $MIB "$STREAM" >"$WORK/bulk" 2>/dev/null || die 'no room for a file'
	native=([read-file]="$reader <$WORK/bulk" [write-file]="$writer >$WORK/bulk.native"
		[read-pipe]="$writer 2>/dev/null | $reader" [write-pipe]="$writer | $reader 2>/dev/null")
	ours=([read-file]="$om $reader <$WORK/bulk" [write-file]="$om $writer >$WORK/bulk.ours"
		[read-pipe]="$writer 2>/dev/null | $om $reader" [write-pipe]="$om $writer | $reader 2>/dev/null")
	channel="channel_figure channel_stream 100 100 64 1e9"
	for kind in read-file write-file read-pipe write-pipe; do
		race "$ROUNDS" ours "streamed '${ours[$kind]}'" channel "$channel" native "streamed '${native[$kind]}'"
		row "stream/$kind" B/s ours channel '>=0.6'
		row "stream/$kind" B/s ours native -
	done
	stream_channel
	rm -f "$WORK"/bulk*
}

# stream_channel: the channel next to what it is made of
stream_channel() {
	local cipher="channel_figure cipher_open 100 100 64 1e9" tcp="channel_figure tcp_stream 100 100 64 1e9"
	local lower=cipher

	race "$ROUNDS" ours "channel_figure channel_stream 100 100 64 1e9" cipher "$cipher" tcp "$tcp"
	awk -v a="$(middle tcp)" -v b="$(middle cipher)" 'BEGIN { exit !(a + 0 < b + 0) }' && lower=tcp
	row stream/channel B/s ours $lower '>=0.7'
}
