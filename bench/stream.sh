# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Benches of bulk: reads and writes of a file and of a pipe in calls of 1 MiB, against what the channel can carry. A pipe
# has room for 64 KiB, unless it was given 1 MiB.

MIB=1048576

# streamed COMMAND: run it; prints the bytes per second that stream says on standard error
streamed() {
	timeout -k 2 "$LIMIT" bash -c "set -o pipefail; $1" 2>"$WORK/stream.err" || {
		cat "$WORK/stream.err" >>"$WORK/err"
		return 1
	}
	tail -n 1 "$WORK/stream.err"
}

# The channel's own throughput is measured on loopback: so the worker is there, too
bench_stream() {
	local NS LINK NODE NODE_IP NODE_PORT OMD_PID='' OMD_LOG

	OM_TEST_LOOPBACK=1 cluster_net 8000
	omd_start root
	stream_race "$BIN/omrun -j $NODE --"
	omd_stop
}

# stream_race OMRUN: the rows
stream_race() {
	local om=$1 in=$WORK/bulk out=$WORK/bulk.out contestants kind lower
	local reader="$AID/stream read $MIB" writer="$AID/stream write $MIB $STREAM"

	timeout "$LIMIT" "$AID/stream" write $MIB "$STREAM" >"$in" 2>/dev/null || die 'no room for a file'
	contestants=(channel 'channel_run channel_stream 1e9 100 100 64'
		cipher 'channel_said cipher_open 1e9' tcp 'channel_said tcp_stream 1e9'
		read-file "streamed '$om $reader <$in'" native-read-file "streamed '$reader <$in'"
		write-file "streamed '$om $writer >$out'" native-write-file "streamed '$writer >$out'"
		read-pipe "streamed '$writer 2>/dev/null | $om $reader'"
		native-read-pipe "streamed '$writer 2>/dev/null | $reader'"
		write-pipe "streamed '$om $writer | $reader 2>/dev/null'"
		native-write-pipe "streamed '$writer | $reader 2>/dev/null'"
		read-pipe-1M "streamed '$writer $MIB 2>/dev/null | $om $reader'"
		native-read-pipe-1M "streamed '$writer $MIB 2>/dev/null | $reader'"
		write-pipe-1M "streamed '$om $writer | $reader $MIB 2>/dev/null'"
		native-write-pipe-1M "streamed '$writer | $reader $MIB 2>/dev/null'")
	race "$ROUNDS" "${contestants[@]}"
	for kind in read-file write-file read-pipe write-pipe read-pipe-1M write-pipe-1M; do
		row "stream/$kind" B/s $kind channel '>=0.6'
		row "stream/$kind" B/s $kind native-$kind -
	done
	lower=cipher
	awk -v a="$(middle tcp)" -v b="$(middle cipher)" 'BEGIN { exit !(a + 0 < b + 0) }' && lower=tcp
	row stream/channel B/s channel $lower '>=0.7'
	rm -f "$WORK"/bulk*
}
