#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# DOC: Theory of operation
#
# See a program run on another node: two nodes on this machine, an encoder that knows nothing of them, natively and on
# the other node, and what came of it. `make demo` runs it; it builds by itself when run by hand.
#
# Both nodes listen on 127.0.0.1, at ports that were free. So it needs no right and no network, and shows the same to
# root and to an ordinary user. All files are in one temporary directory. Every process it starts carries OM_DEMO=<pid of
# this script> in its environment and is found by it at the end, however the end comes.
#
# Exit status: 0 when all was well, 1 when something was not, 130 after Ctrl-C.

set -u

# All of our own subshells shall carry the mark too
if [ "${OM_DEMO:-}" != $$ ]; then
	OM_DEMO=$$ exec sh "$0" "$@"
fi

TOP=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
BIN=$BUILD/bin
SOUND_SECONDS=180	# about three seconds of work for flac
RUN_LIMIT=120		# seconds that a run may take
DIR=''

say() {
	printf '%s\n' "$*"
}

fail() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# --- what is left behind: nothing --------------------------------------------------------------------------------

# marked SIGNAL: send it to all processes that carry our mark but ourselves; fails when there are none. The list is made
# in a file, because a subshell that made it would be in it
marked() {
	count=0
	grep -lzxsF -e "OM_DEMO=$$" /proc/[0-9]*/environ | cut -d/ -f3 | grep -vx -e "$$" >"$DIR/marked"
	while read -r pid; do
		kill "-$1" "$pid" 2>/dev/null && count=$((count + 1))
	done <"$DIR/marked"
	[ "$count" -gt 0 ]
}

# marked_end SIGNAL: send it, then wait three seconds until there are none; fails when some are left
marked_end() {
	marked "$1"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		marked 0 || return 0
		sleep 0.1
	done
	return 1
}

# clean: end everything and remove everything. Runs once, whatever happens
clean() {
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$DIR" ]; then
		marked_end TERM || marked_end KILL
		rm -rf "$DIR"
	fi
}

trap clean EXIT
trap 'clean; say; say "Interrupted; everything was cleaned up."; exit 130' INT
trap 'clean; exit 143' TERM HUP

# --- the steps ---------------------------------------------------------------------------------------------------

# build: the programs
build() {
	for prog in omd omrun omctl om-remote; do
		[ -x "$BIN/$prog" ] && continue
		say 'Building ...'
		make -C "$TOP" BUILD="$BUILD" all || fail 'the build fails; make deps installs what it needs'
		break
	done
	PATH=$BIN:$PATH
}

# work_make: the temporary directory, in which everything of ours is: the key, the runtime files of the nodes, and two
# small aids: gen makes the sound, lap measures a run
work_make() {
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/om-demo.XXXXXX") || fail 'cannot make a temporary directory'
	cd "$DIR" || fail "cannot enter $DIR"
	mkdir -m 700 run
	export XDG_RUNTIME_DIR="$DIR/run" OPENMOSIX_KEY="$DIR/key"
	for aid in gen lap; do
		${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O2 -o "$aid" "$TOP/bench/$aid.c" || fail "cannot compile bench/$aid.c"
	done
	omctl keygen "$DIR/key" >/dev/null || fail 'omctl keygen fails'
}

# node_answers PORT: is there a node with our key
node_answers() {
	timeout 5 omctl status "127.0.0.1:$1" >/dev/null 2>&1
}

# node_start NAME PORT: start a node on the first free port from PORT on. Sets PORT and NODE_PID
node_start() {
	PORT=$2
	while [ "$PORT" -lt $(($2 + 50)) ]; do
		omd --listen "127.0.0.1:$PORT" --name "$1" </dev/null >>"$1.log" 2>&1 &
		NODE_PID=$!
		tries=0
		while kill -0 "$NODE_PID" 2>/dev/null && [ "$tries" -lt 100 ]; do
			node_answers "$PORT" && return 0
			sleep 0.05
			tries=$((tries + 1))
		done
		kill "$NODE_PID" 2>/dev/null
		grep -q 'in use' "$1.log" || fail "node $1 does not start: $(tail -n 1 "$1.log")"
		PORT=$((PORT + 1))
	done
	fail 'no free port on 127.0.0.1'
}

# encoder_find: the first encoder, or other hard worker, that is installed. Sets ENCODER, and what it makes, and its ARGS,
# both with @ for the name of the run
encoder_find() {
	while read -r ENCODER MAKES ARGS; do
		command -v "$ENCODER" >/dev/null && return 0
	done <<-END
		flac @.flac --silent --best -e -o @.flac sound.wav
		lame @.mp3 --quiet -h sound.wav @.mp3
		xz sound.wav.@.xz -T1 -0 -k -S .@.xz sound.wav
		gzip sound.wav.@.gz -9 -n -k -S .@.gz sound.wav
	END
	fail 'none of flac, lame, xz, gzip is installed; make deps installs flac'
}

# named TEXT NAME: TEXT for the run NAME
named() {
	printf '%s\n' "$1" | sed "s/@/$2/"
}

# encode NAME [PREFIX...]: run the encoder below PREFIX; what lap measures gets to NAME.lap
encode() {
	name=$1
	shift
	set -- "$@" "$ENCODER"
	# shellcheck disable=SC2046
	set -- "$@" $(named "$ARGS" "$name")
	say "   \$ $*"
	./lap "$name.lap" "$RUN_LIMIT" "$@" </dev/null
}

# field N FILE: a field of what lap measured
field() {
	cut -d' ' -f"$1" "$2"
}

# guests NODE: how many guests the node has now
guests() {
	timeout 5 omctl status --json "$1" 2>/dev/null | sed 's/.*"guests":\([0-9]*\).*/\1/'
}

# watch: note in a file what the worker says while the run goes on, until it has had a guest
watch() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		if [ "$(guests worker)" = 1 ]; then
			echo "1 $(guests home)" >"seen"
			return
		fi
		sleep 0.1
	done
}

# stat_of KEY: a value of the line that the deputy has written about the run
stat_of() {
	sed "s/.*\<$1=\([^ ]*\).*/\1/" stats
}

# megabytes BYTES: for people
megabytes() {
	awk -v n="$1" 'BEGIN { printf n < 1e6 ? "%d kB" : "%.1f MB", n / (n < 1e6 ? 1e3 : 1e6) }'
}

run_native() {
	say "3. $ENCODER here"
	encode native || fail "$ENCODER fails natively"
	native_s=$(field 1 native.lap)
	awk -v t="$native_s" 'BEGIN { printf "   %.2f seconds\n\n", t }'
}

run_remote() {
	say "4. The same on the other node"
	watch &
	export OPENMOSIX_STATS="$DIR/stats"
	encode remote omrun -j worker
	status=$?
	[ $status = 0 ] || fail "$ENCODER ends with status $status on the other node; its log: $(tail -n 3 "worker.log")"
	remote_s=$(field 1 remote.lap)
	awk -v t="$remote_s" -v n="$native_s" 'BEGIN { printf "   %.2f seconds, %.2f times as long as here\n\n", t, t / n }'
	# The deputy outlives the program by a moment
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s stats ] && return
		sleep 0.1
	done
	fail 'the deputy has left no statistics'
}

compare() {
	say '5. What came of it'
	native=$(named "$MAKES" native) remote=$(named "$MAKES" remote)
	cmp "$native" "$remote" || fail 'the outputs differ'
	size=$(wc -c <"$native")
	[ "$size" -gt 0 ] || fail 'the outputs are empty'
	say "   output     identical: $(megabytes "$size"), sha256 $(sha256sum <"$remote" | cut -c1-16)..."
	say "   it ran on  $(stat_of node)"
	if [ -s "seen" ]; then
		read -r at_worker at_home <"seen"
		say "              (asked meanwhile: node worker had $at_worker guest, node home $at_home)"
	fi
	awk -v n="$(field 2 native.lap)" -v r="$(field 2 remote.lap)" 'BEGIN {
		printf "   at home    it used %.2f s of processor time for its own code, %.2f s when it ran here\n", r, n }'
	say "   forwarded  $(stat_of calls) system calls, with $(megabytes "$(stat_of bytes_in)") to and" \
		"$(megabytes "$(stat_of bytes_out)") from its files, which stayed home"
	case $(stat_of calls):$(stat_of node) in
	0:* | *:home) fail 'it did not run on the other node' ;;
	*:worker) ;;
	*) fail 'the statistics are not understood' ;;
	esac
}

main() {
	build
	work_make
	encoder_find
	say 'A program runs on another node, as if it ran here'
	say
	say '1. Two nodes on this machine, with a key of their own'
	first=$((20000 + $$ % 20000))
	node_start home "$first"
	say "   node home     127.0.0.1:$PORT   process $NODE_PID"
	node_start worker $((PORT + 1))
	say "   node worker   127.0.0.1:$PORT   process $NODE_PID"
	say
	./gen sound "$SOUND_SECONDS" >sound.wav || fail 'no room for the sound'
	say "2. A sound to encode: $SOUND_SECONDS seconds of stereo, $(megabytes "$(wc -c <sound.wav)")"
	say
	run_native
	run_remote
	compare
	say
	say 'All is well.'
}

main
