# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# A guest that attacks; read by test/check.sh, which runs each function hostile_NAME as a test. The worker of each test has
# things that home does not have: another host name, a file, a service on the loopback of its own network, an abstract
# socket, a word in its environment. The guest looks for them, and for ways out of its sandbox and into the remote. It must
# see what it sees natively, and get nothing of the worker; afterwards the worker must serve as before, with nothing left.
#
# The modes of the guest that may do harm at home, where it has its user's rights, run as an ordinary user.

ME=$([ "$(id -u)" = 0 ] && echo root || echo user)
HOSTILE=$WORK/aids/hostile
WORD=xylophone-of-the-worker	# what is in the environment of the worker's programs

wrong() {
	printf '%s\n' "$*"
	exit 1
}

# worker WHO: a worker with surroundings of its own, its omd run by WHO
worker() {
	cluster_net "$TEST_NR"
	SECRETS=$WORK/run/secrets.$TEST_NR
	if [ "$(id -u)" = 0 ]; then
		mkdir -p "$SECRETS"
		cat >"$WORK/run/surroundings.$TEST_NR" <<-END
			hostname worker-host
			mount -t tmpfs none $SECRETS || exit 1
			echo secret >$SECRETS/file
			exec "\$@"
		END
		OMD_AROUND=(unshare --uts --mount sh "$WORK/run/surroundings.$TEST_NR")
	fi
	OMD_UNDER="env THE_WORD=$WORD $OMD_UNDER"
	omd_start "$1"
	OLD_PID=$OMD_PID
}

# services: things to connect to in the worker's network
services() {
	[ -n "$NS" ] || return 0
	nsenter "--net=/run/netns/$NS" -- env OM_CHECK=$$ timeout 100 python3 -c "
import socket, time
a = socket.socket(); a.bind(('127.0.0.1', 7)); a.listen(5)
b = socket.socket(socket.AF_UNIX); b.bind('\0om-worker-$$'); b.listen(5)
open('$SCENE/listening', 'w').close()
time.sleep(100)" &
	until_true 10 test -e "$SCENE/listening" || wrong 'no services'
}

# attack WHO MODE...: run the guest on the worker
attack() {
	local who=$1

	shift
	scene_make "$TEST" "$who"
	scene_run "$TEST" "$who" 100 '' "$BIN/omrun" -j "$NODE" "$HOSTILE" "$@"
}

# nothing_got: it says that it got nothing
nothing_got() {
	! grep -aq ^GOT "$SCENE/stdout" || wrong "$(grep -a ^GOT "$SCENE/stdout" | head -n 5)"
}

# says TEXT: it came as far as to say so
says() {
	grep -aq "$1" "$SCENE/stdout" ||
		wrong "status $(cat "$SCENE/status"), it says: $(head -c 300 "$SCENE/stdout"; head -n 3 "$SCENE/stderr")"
}

# fine: the worker serves as before, and has nothing left of its guest
fine() {
	local left

	left=$(marked_gone "OM_TEST=$TEST") || wrong "processes left: $(for p in $left; do tr '\0' ' ' <"/proc/$p/cmdline"; done)"
	[ "$OMD_PID" = "$OLD_PID" ] && kill -0 "$OMD_PID" 2>/dev/null || wrong "omd died: $(tail -n 3 "$OMD_LOG")"
	until_true "$GRACE" no_remotes || wrong "remotes left: $(ps -o args= --ppid "$OMD_PID")"
	attack "${1:-$ME}" lookfor /nonexistent 1 none
	[ "$(cat "$SCENE/status")" = 0 ] || wrong "the next guest: status $(cat "$SCENE/status"): $(cat "$SCENE/stderr")"
}

no_remotes() {
	[ -z "$(remotes_of "$OMD_PID")" ]
}

hostile_looks_around() {
	local who

	for who in root user; do
		[ "$who" = "$ME" ] || [ "$ME" = root ] || continue
		worker "$who"
		scene_make "$TEST" "$who"
		scene_run "$TEST" "$who" 60 '' "$HOSTILE" look
		mv "$SCENE/stdout" "$SCENE/native"
		attack "$who" look
		cmp -s "$SCENE/native" "$SCENE/stdout" || wrong "as $who it sees: $(diff "$SCENE/native" "$SCENE/stdout" | head -n 6)"
		fine "$who"
		omd_stop
	done
}

hostile_reaches_out() {
	worker "$ME"
	command -v python3 >/dev/null || { echo 'no python3'; exit 77; }
	scene_make "$TEST" "$ME"
	services
	attack "$ME" lookfor "$SECRETS/file" 7 "om-worker-$$"
	nothing_got
	fine
}

# The key of the cluster and the words of the worker's environment are not in the guest's memory
hostile_searches_memory() {
	local key word

	worker "$ME"
	key=$(od -An -v -tx1 -w1 "$WORK/home.$ME/key" | inverted)
	word=$(printf %s "$WORD" | od -An -v -tx1 -w1 | inverted)
	attack "$ME" memory "$word" "$key"
	says everything
	nothing_got
	fine
}

# inverted: hexadecimal bytes, one per line, to one line with every bit inverted
inverted() {
	local byte

	while read -r byte; do
		printf '%02x' $((255 - 16#$byte))
	done
}

hostile_asks_for_denied_calls() {
	worker "$ME"
	attack "$ME" denied
	says asked
	nothing_got
	fine
}

hostile_uses_other_entrances() {
	local how

	worker "$ME"
	for how in int80 x32 compat; do
		attack "$ME" abi $how
		says "trying $how"
		nothing_got
	done
	fine
}

hostile_looks_for_the_arena() {
	worker "$ME"
	attack "$ME" arena
	says looked
	says tried
	nothing_got
	fine
}

hostile_scribbles() {
	worker "$ME"
	attack "$ME" scribble
	fine
}

hostile_bombs() {
	local how

	worker user
	for how in forks threads memory descriptors calls signals maps; do
		attack user bomb $how
		[ "$(cat "$SCENE/status")" != 124 ] || wrong "bomb $how: no end"
		fine user
	done
}

hostile_talks_nonsense() {
	local seed

	worker user
	for seed in 1 2 3 4; do
		attack user fuzz $seed 10000
		says survived
		fine user
	done
}

hostile_changes_its_mind() {
	worker user
	attack user race
	says survived
	fine user
}
