# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Benches of memory, and of many tasks at once. Tasks here hold memory until their standard input ends.

# pss PID...: the memory of processes, shared pages divided among their users, in bytes
pss() {
	local pid

	for pid; do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { sum += $2 } END { print sum * 1024 }'
}

# rss PID: resident memory in bytes
rss() {
	awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"
}

# available: memory that is available on this machine, in bytes
available() {
	awk '/^MemAvailable:/ { print $2 * 1024 }' /proc/meminfo
}

# deputies: pids of the deputies of this bench
deputies() {
	local pid

	for pid in $(marked "OM_CHECK=$$"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != om-deputy ] || echo "$pid"
	done
}

# hold_start COUNT MIB: start tasks on the worker, wait until all hold their memory. Sets HOLD_PIDS; HOLD_FD ends them
hold_start() {
	local count=$1 end=$((SECONDS + LIMIT)) i

	rm -f "$WORK/hold.in" "$WORK"/hold.out.*
	mkfifo "$WORK/hold.in"
	HOLD_PIDS=()
	for ((i = 0; i < count; i++)); do
		"${OM[@]}" "$AID/hold" "$2" <"$WORK/hold.in" >"$WORK/hold.out.$i" 2>>"$WORK/err" &
		HOLD_PIDS+=($!)
	done
	exec {HOLD_FD}>"$WORK/hold.in"
	while [ "$(cat "$WORK"/hold.out.* 2>/dev/null | grep -c ready)" != "$count" ]; do
		[ $SECONDS -lt $end ] && kill -0 "${HOLD_PIDS[0]}" 2>/dev/null || return 1
		sleep 0.05
	done
}

# hold_end: let them end; prints how many ended well
hold_end() {
	local pid well=0

	exec {HOLD_FD}>&-
	for pid in "${HOLD_PIDS[@]}"; do
		wait "$pid" && well=$((well + 1))
	done
	HOLD_WELL=$well
}

# hold_failed: after a start that failed: end them all
hold_failed() {
	exec {HOLD_FD}>&-
	kill -9 "${HOLD_PIDS[@]}" 2>/dev/null
	wait "${HOLD_PIDS[@]}" 2>/dev/null
}

# limit NAME OURS LIMIT TARGET [NOTE]: a row of bytes against a limit
limit() {
	result "$1" "$(human "$2" B)" "limit $(human "$3" B)" "$(awk -v a="$2" -v b="$3" 'BEGIN { print a / b }')" "$4" "$5"
}

bench_deputy() {
	local pid=''

	: >"$WORK/err"
	hold_start 1 1 && pid=$(deputies) && [ -n "$pid" ] || {
		hold_failed
		failed deputy/memory - "$(why_of)"
		return
	}
	limit deputy/rss "$(rss "$pid")" 8388608 '<=1'
	limit deputy/pss "$(pss "$pid")" 8388608 '<=1'
	hold_end
}

bench_tasks() {
	local start=$EPOCHREALTIME end each home worker

	: >"$WORK/err"
	hold_start "$TASKS" 1 || {
		failed "tasks/$TASKS" - "$(cat "$WORK"/hold.out.* | grep -c ready) run: $(why_of)"
		hold_failed
		return
	}
	end=$EPOCHREALTIME
	# shellcheck disable=SC2046
	home=$(pss $(deputies)) worker=$(pss $(tree_of "$OMD_PID"))
	hold_end
	each=$(awk -v a="$start" -v b="$end" -v n="$TASKS" 'BEGIN { print (b - a) / n }')
	result "tasks/$TASKS" "$HOLD_WELL" "started $TASKS" "$(awk -v a="$HOLD_WELL" -v b="$TASKS" 'BEGIN { print a / b }')" \
		'>=1' "$(human "$each" s) each to start"
	limit tasks/deputy "$(awk -v a="$home" -v n="$TASKS" 'BEGIN { print a / n }')" 8388608 '<=1' 'each, Pss'
	limit tasks/worker "$(awk -v a="$worker" -v n="$TASKS" 'BEGIN { print a / n }')" 1048576 - 'each, Pss, of 1 MiB held'
}

bench_memory() {
	local size=$((HOLD_MIB << 20)) before home_pid worker home used

	if awk -v a="$(available)" -v s="$size" 'BEGIN { exit !(a < 2.5 * s) }'; then
		failed memory/worker - "a machine with $(human $((size * 5 / 2)) B) available is needed"
		return
	fi
	: >"$WORK/err"
	before=$(available)
	hold_start 1 "$HOLD_MIB" || {
		hold_failed
		failed memory/worker - "$(why_of)"
		return
	}
	used=$(awk -v a="$before" -v b="$(available)" 'BEGIN { print a - b }')
	home_pid=${HOLD_PIDS[0]}
	# shellcheck disable=SC2046
	worker=$(pss $(tree_of "$OMD_PID")) home=$(pss "$home_pid" $(deputies))
	hold_end
	[ "$HOLD_WELL" = 1 ] || failed memory/content - 'the memory is not what it was'
	memory_row memory/worker "$worker" '<=1.05' 'Pss of all on the worker'
	memory_row memory/home "$home" '<=0.02' 'Pss of home process and deputy'
	memory_row memory/machine "$used" '<=1.1' 'less available while it runs'
}

# memory_row NAME BYTES TARGET NOTE: a row against the size of the task
memory_row() {
	result "$1" "$(human "$2" B)" "task $(human "$size" B)" "$(awk -v a="$2" -v b="$size" 'BEGIN { print a / b }')" "$3" "$4"
}

# A program looks at 1 % of a large file that it maps, here and there; also on a worker that brings all of it
bench_mapping() {
	local NS LINK NODE NODE_IP NODE_PORT OMD_PID='' OMD_LOG whole file=$WORK/mapped pages=$((MAPPED / 4096 / 100)) sent

	aid_make "$TOP/test/aids/browse.c"
	head -c "$MAPPED" /dev/urandom >"$file" || die 'no room for a file to map'
	OM_TEST_LOOPBACK=1 cluster_net 8001
	OMD_UNDER='env OPENMOSIX_PAGED_FROM=0' omd_start root
	whole=$NODE sent=$OMD_PID
	OM_TEST_LOOPBACK=1 cluster_net 8002
	omd_start root
	race "$ROUNDS" native "timed $AID/browse $file $pages" whole "timed $BIN/omrun -j $whole -- $AID/browse $file $pages" \
		ours "timed $BIN/omrun -j $NODE -- $AID/browse $file $pages"
	row mapping s ours native - "$pages pages of $(human "$MAPPED" B)"
	row mapping s ours whole '<=1' 'whole: all of it is sent'
	omd_stop
	OMD_PID=$sent
	omd_stop
	sent=$(sed -n '$s/.* contents=\([0-9]*\).*/\1/p' "$WORK/stats")
	[ -z "$sent" ] || result mapping/sent "$(human "$sent" B)" "file $(human "$MAPPED" B)" \
		"$(awk -v a="$sent" -v b="$MAPPED" 'BEGIN { print a / b }')" '<=0.25'
	rm -f "$file"
}

bench_sort() {
	"$AID/gen" lines "$SORT" >"$WORK/lines" || die 'no room for lines'
	# One thread and a limited buffer: it merges from temporary files, as a large sort does
	local args="-S 100M --parallel=1 -T $WORK -o"
	race $((ROUNDS < 3 ? ROUNDS : 3)) native "timed sort $args $WORK/sorted.native $WORK/lines" \
		ours "timed ${OM[*]} sort $args $WORK/sorted.ours $WORK/lines"
	row sort s ours native - "$(human "$SORT" B), $(calls_of_last) calls"
	[ ! -s "$WORK/samples/ours" ] || cmp -s "$WORK/sorted.native" "$WORK/sorted.ours" || failed sort - 'the outputs differ'
	rm -f "$WORK/lines" "$WORK"/sorted.*
}
