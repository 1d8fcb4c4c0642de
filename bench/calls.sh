# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Benches of what a program does most: compute, calls that stay on the worker, calls that go home.

bench_compute() {
	local rounds

	rounds=$(awk -v t="$(printed "$AID/spin" 4000)" -v want="$SPIN_SECONDS" 'BEGIN { printf "%d", 4000 * want / t + 1 }')
	race $((ROUNDS + 2)) native "printed $AID/spin $rounds" ours "printed ${OM[*]} $AID/spin $rounds"
	row compute s ours native '<=1.01'
}

# rate_race CALL [FILE]: the same call natively and on the worker
rate_race() {
	race "$ROUNDS" native "printed $AID/rate $1 $RATE_MS $2" ours "printed ${OM[*]} $AID/rate $1 $RATE_MS $2"
}

bench_local() {
	local call

	for call in clock realtime; do
		rate_race $call
		row "vdso/$call" s ours native '<=1.2'
	done
	for call in yield wake getpid sigmask; do
		rate_race $call
		row "local/$call" s ours native '<=3'
	done
}

# channel_run FIGURE FACTOR BYTES ROUND_TRIPS MIB: measure the channel by itself; print FIGURE times FACTOR
channel_run() {
	local figure=$1 factor=$2

	shift 2
	printed "$AID/bench_channel" "$@" >"$WORK/channel" && channel_said "$figure" "$factor"
}

# channel_said FIGURE FACTOR: a figure of the last channel_run, times FACTOR
channel_said() {
	awk -v name="$1" -v factor="$2" '$1 == name { print $2 * factor }' "$WORK/channel"
}

# ping BYTES [NODE]: the median round trip over the channel that omctl has with the node
ping() {
	printed "$BIN/omctl" ping --count 500 --size "$1" --json "${2:-$NODE}" |
		sed -n 's/.*"median_ms":\([0-9.]*\).*/\1/p' | awk '{ print $1 / 1000 }'
}

bench_forward() {
	local call size=50	# of the tail of an ECHO that is as long as a CALL and a RESULT of getppid on average

	# The ping is the counterpart: the same link, a median too. bench_channel has the best of its rounds, on loopback
	race "$ROUNDS" ours "printed ${OM[*]} $AID/rate getppid $RATE_MS" ping "ping $size" \
		channel "channel_run channel_pingpong 1e-6 $size $ROUND_TRIPS 4" \
		'channel, spinning' 'channel_said channel_pingpong_spin 1e-6' native "printed $AID/rate getppid $RATE_MS"
	row forward/getppid s ours ping '<=2.0'
	row forward/getppid s ours channel -
	row forward/getppid s ours 'channel, spinning' -
	row forward/getppid s ours native -
	for call in read write stat; do
		rate_race $call
		row "forward/$call" s ours native -
	done
	forward_file
}

# outrun_file: the same by outrun
outrun_file() {
	printed "${OUTRUN[@]}" "$AID/rate" file "$RATE_MS" "$WORK/one/file"
}

# forward_file: open, read 4 kB, close
forward_file() {
	mkdir -p "$WORK/one"
	head -c 4096 /dev/urandom >"$WORK/one/file"
	if sshfs_start "$WORK/one"; then
		race "$ROUNDS" native "printed $AID/rate file $RATE_MS $WORK/one/file" \
			ours "printed ${OM[*]} $AID/rate file $RATE_MS $WORK/one/file" \
			sshfs "printed $AID/rate file $RATE_MS $SSHFS/file"
	else
		rate_race file "$WORK/one/file"
	fi
	row forward/file s ours native -
	row forward/file s ours sshfs '<=1'
	outrun_row forward/file "$OUTRUN_FILE" outrun_file "printed ${OM[*]} $AID/rate file $RATE_MS $WORK/one/file"
	sshfs_end
}

# Two processes that share 8 MiB of a file: from one to the other and back; and what a call costs after a page was written
bench_shared() {
	rate_race turn
	row shared/turn s ours native -
	race "$ROUNDS" ours "printed ${OM[*]} $AID/rate dirty $RATE_MS" 'not shared' "printed ${OM[*]} $AID/rate getppid $RATE_MS" \
		native "printed $AID/rate dirty $RATE_MS"
	row shared/dirty s ours 'not shared' -
	row shared/dirty s ours native -
}

# What a call and a fork cost in a family whose other members sleep, and alone
bench_members() {
	local call

	for call in getppid fork; do
		race "$ROUNDS" family "printed ${OM[*]} $AID/rate $call $RATE_MS none $MEMBERS" \
			alone "printed ${OM[*]} $AID/rate $call $RATE_MS" \
			native "printed $AID/rate $call $RATE_MS none $MEMBERS"
		row "members/$call" s family alone "$([ $call = getppid ] && echo '<=1.2' || echo -)" "$MEMBERS members sleep"
		row "members/$call" s family native -
	done
}
