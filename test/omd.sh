# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# The node daemon under load and abuse; read by test/check.sh, which runs each function omd_NAME as a test: one that
# prints what is wrong and fails, or says nothing. Each starts omds of its own on the loopback, with a runtime directory, a key
# and programs of its own. Where the test is about omd alone, om-remote is a script that does what the test needs.
#
# OMD_UNDER is put before omd and omctl, for valgrind.

D=$WORK/tests/$TEST
PORT=$((20000 + BASHPID % 3000 * 4))	# below the ports that the kernel gives to clients

wrong() {
	printf '%s\n' "$*"
	exit 1
}

# place: an empty place with programs, a key and a home; omd finds the om-remote next to it
place() {
	# shellcheck disable=SC2034	# test/check.sh removes it
	SCENE=$D
	mkdir -p "$D/bin" "$D/run" "$D/home/.config/openmosix"
	chmod 700 "$D/run"
	cp "$BIN/omd" "$BIN/omctl" "$D/bin/"
	"$BIN/omctl" keygen "$D/home/.config/openmosix/key" || wrong 'keygen fails'
	remote_is 'exec sleep 1000'
}

# remote_is SCRIPT: what om-remote does from now on
remote_is() {
	printf '#!/bin/sh\n%s\n' "$1" >"$D/bin/om-remote.new"
	chmod 755 "$D/bin/om-remote.new"
	mv "$D/bin/om-remote.new" "$D/bin/om-remote"
}

# What is run in the surroundings of the place; an array, so that $! is the program's own pid
OURS=(env -i PATH="$PATH" HOME="$D/home" XDG_RUNTIME_DIR="$D/run" LC_ALL=C OM_CHECK="$WORK" OM_TEST="$TEST")

# node NAME PORT [ARG...]: start an omd and wait until it is ready; sets NODE_PID and NODE_LOG. By default it has a process
# for who has arrived, and none for who might
node() {
	local name=$1 port=$2

	shift 2
	NODE_LOG=$D/$name.log
	rm -f "$NODE_LOG"
	# shellcheck disable=SC2086
	"${OURS[@]}" $OMD_UNDER "$D/bin/omd" --name "$name" --listen "127.0.0.1:$port" --ready 0 "$@" </dev/null >"$NODE_LOG" 2>&1 &
	NODE_PID=$!
	until_true 20 node_ready || wrong "omd is not ready: $(cat "$NODE_LOG")"
}

node_ready() {
	grep -qs ' ready: ' "$NODE_LOG"
}

# node_end: SIGTERM ends it with status 0, at once, without complaint
node_end() {
	local status

	kill "$NODE_PID"
	wait "$NODE_PID"
	status=$?
	[ $status = 0 ] || wrong "omd ends with status $status: $(tail -n 3 "$NODE_LOG")"
	! grep -q 'ERROR SUMMARY\|Sanitizer\|runtime error' "$NODE_LOG" || wrong "$(cat "$NODE_LOG")"
}

# omctl ARG...: as a user of the place
omctl() {
	# shellcheck disable=SC2086
	"${OURS[@]}" $OMD_UNDER "$D/bin/omctl" "$@"
}

# serves NAME: an honest peer is answered
serves() {
	local said

	said=$(omctl status "$1" 2>&1) || wrong "omd does not serve: $said"
	[[ $said == "node      $1"* ]] || wrong "status says: $said"
}

# refuses STATUS PATTERN CMD...: CMD ends with STATUS and says one line that matches PATTERN
refuses() {
	local status=$1 pattern=$2 said got

	shift 2
	said=$("$@" 2>&1)
	got=$?
	[ $got = "$status" ] || wrong "$*: status $got instead of $status: $said"
	[ "$(wc -l <<<"$said")" = 1 ] || wrong "$*: more than one line: $said"
	[[ $said =~ $pattern ]] || wrong "$*: says: $said"
}

# logged PATTERN: the log has, or soon has, a line that matches
logged() {
	until_true 10 grep -q -- "$1" "$NODE_LOG" || wrong "no line '$1' in the log: $(tail -n 5 "$NODE_LOG")"
}

# children: how many processes omd has started, zombies included
children() {
	wc -w <"/proc/$NODE_PID/task/$NODE_PID/children"
}

descriptors() {
	find "/proc/$NODE_PID/fd" -mindepth 1 | wc -l
}

descriptors_below() {
	[ "$(descriptors)" -lt "$1" ]
}

# say_to PORT: send standard input to the port, print what comes back as hex, up to the end
say_to() {
	(
		exec 9<>"/dev/tcp/127.0.0.1/$1" || exit
		cat >&9 2>/dev/null
		timeout 5 od -An -v -tx1 <&9 | tr -d ' \n'
	) 2>/dev/null
}

# flood PORT COUNT BYTES: open connections that say BYTES bytes and then nothing; until flood_end
flood() {
	rm -f "$D/flood.out"
	mkfifo "$D/flood.in"
	"${OURS[@]}" "$WORK/aids/flood" 127.0.0.1 "$1" "$2" "$3" <"$D/flood.in" >>"$D/flood.out" 2>&1 &
	FLOOD_PID=$!
	exec 8>"$D/flood.in"
	until_true 60 grep -q . "$D/flood.out" || wrong 'the flood does not come'
	grep -q '^open' "$D/flood.out" || wrong "$(cat "$D/flood.out")"
}

# flood_left: how many of them omd has not closed
flood_left() {
	: >"$D/flood.out"
	echo >&8
	until_true 10 grep -q '^open' "$D/flood.out"
	sed -n 's/^open //p' "$D/flood.out"
}

flood_end() {
	exec 8>&-
	wait "$FLOOD_PID"
	rm -f "$D/flood.in"
}

no_flood_left() {
	[ "$(flood_left)" = 0 ]
}

# --- honest use --------------------------------------------------------------------------------------------------

omd_names() {
	place
	node alpha $PORT
	serves alpha
	serves_as "alpha:$PORT"
	serves_as "127.0.0.1:$PORT"
	echo "beta 127.0.0.1:$PORT # another name for it" >"$D/home/.config/openmosix/nodes"
	serves_as beta
	refuses 125 'gamma: ' omctl status gamma
	node_end
	[ ! -e "$D/run/openmosix/nodes/alpha" ] || wrong 'the name stays'
	refuses 125 '^omctl: ' omctl status alpha
}

# serves_as NODE: the node answers under another name
serves_as() {
	omctl status "$1" >/dev/null || wrong "not found as $1"
}

omd_same_name_twice() {
	local first

	place
	node alpha $PORT
	first=$NODE_PID
	NODE_LOG=$D/second.log
	node alpha $((PORT + 1))
	logged 'another omd has this name'
	serves alpha
	serves_as "127.0.0.1:$((PORT + 1))"
	node_end
	serves alpha
	NODE_PID=$first NODE_LOG=$D/alpha.log
	node_end
}

omd_status_json() {
	place
	node alpha $PORT
	omctl status --json alpha | python3 -c '
import json, sys
s = json.load(sys.stdin)
assert s["node"] == "alpha" and s["guests"] == 0 and s["cpus"] > 0 and len(s["load"]) == 3, s
assert 0 < s["memory_available_bytes"] <= s["memory_total_bytes"] and s["uptime_s"] >= 0, s
assert s["cache"] == {"contents": 0, "bytes": 0, "bytes_max": s["cache"]["bytes_max"], "hits": 0, "misses": 0}, s
' || wrong 'not the JSON that is expected'
	node_end
}

omd_status_cache() {
	place
	node alpha $PORT --cache 64M
	omctl status alpha | grep -qx 'cache     0 contents, 0.0 MiB of at most 64.0 MiB; 0 hits, 0 misses' ||
		wrong "it says: $(omctl status alpha)"
	node_end
	node alpha $PORT --cache 0
	omctl status alpha | grep -qx 'cache     none' || wrong "it says: $(omctl status alpha)"
	node_end
}

omd_ipv6() {
	place
	grep -qs ' lo$' /proc/net/if_inet6 || { echo 'no IPv6 here'; return 77; }
	node alpha $PORT --listen "[::1]:$PORT"
	serves alpha
	serves_as "[::1]:$PORT"
	node_end
	node beta $PORT --listen "[::]:$PORT"
	serves beta
	serves_as "127.0.0.1:$PORT"
	serves_as "[::1]:$PORT"
	node_end
}

omd_fifty_at_once() {
	local i

	place
	node alpha $PORT
	for i in {1..50}; do
		{ "${OURS[@]}" "$D/bin/omctl" status alpha >"$D/out.$i" 2>&1 || echo "$i" >>"$D/failed"; } &
	done
	# shellcheck disable=SC2046
	wait $(jobs -p | grep -vx "$NODE_PID")
	[ ! -e "$D/failed" ] || wrong "$(wc -l <"$D/failed") of 50 were not served: $(cat "$D/out.$(head -n 1 "$D/failed")")"
	node_end
}

# --- bad input ---------------------------------------------------------------------------------------------------

omd_bad_arguments() {
	place
	refuses 125 '^omd: --nonsense: ' "${OURS[@]}" "$D/bin/omd" --nonsense
	refuses 125 '^omd: -x: ' "${OURS[@]}" "$D/bin/omd" -x
	refuses 125 '^omd: --key: needs a value' "${OURS[@]}" "$D/bin/omd" --key
	refuses 125 '^omd: --cache 5X: a size is' "${OURS[@]}" "$D/bin/omd" --cache 5X
	refuses 125 '^omd: --cache -1: a size is' "${OURS[@]}" "$D/bin/omd" --cache -1
	refuses 125 '^omd: --cache 99999999999G: a size is' "${OURS[@]}" "$D/bin/omd" --cache 99999999999G
	refuses 125 '^omd: --ready x: not a number' "${OURS[@]}" "$D/bin/omd" --ready x
	refuses 125 '^omd: --ready 17: not a number' "${OURS[@]}" "$D/bin/omd" --ready 17
	refuses 125 '^omd: extra: ' "${OURS[@]}" "$D/bin/omd" extra
	refuses 125 '^omd: --listen 127.0.0.1:99999: ' "${OURS[@]}" "$D/bin/omd" --listen 127.0.0.1:99999
	refuses 125 '^omd: ' "${OURS[@]}" "$D/bin/omd" --listen '[::1'
	refuses 125 '^omd: 192.0.2.1:' "${OURS[@]}" "$D/bin/omd" --listen "192.0.2.1:$PORT"
	refuses 125 '^omd: --name a/b: ' "${OURS[@]}" "$D/bin/omd" --name a/b
	refuses 125 '^omd: --name : ' "${OURS[@]}" "$D/bin/omd" --name ''
	refuses 125 '^omctl: ' omctl
	refuses 125 '^omctl: nonsense: ' omctl nonsense
	refuses 125 '^omctl: ping: usage: ' omctl ping
	refuses 125 '^omctl: ping: usage: ' omctl ping --count 0 alpha
	refuses 125 '^omctl: ping: usage: ' omctl ping --size 99999999 alpha
	refuses 125 '^omctl: status: usage: ' omctl status a b
	refuses 125 '^omctl: keygen: usage: ' omctl keygen
	[ "$("${OURS[@]}" "$D/bin/omd" --help | head -n 1 | cut -c 1-10)" = 'usage: omd' ] || wrong 'no help'
	[[ $("${OURS[@]}" "$D/bin/omd" --version) == 'omd '[0-9]* ]] || wrong 'no version'
	[[ $(omctl --version) == 'omctl '[0-9]* ]] || wrong 'no version of omctl'
}

omd_bad_keys() {
	local key

	place
	key=$D/home/.config/openmosix/key
	refuses 125 '^omd: key /nonexistent: ' "${OURS[@]}" "$D/bin/omd" --key /nonexistent
	refuses 125 '^omctl: key .*exists' omctl keygen "$key"
	[ "$(stat -c %a "$key")" = 600 ] || wrong 'the key is not for its owner only'
	chmod 640 "$key"
	refuses 125 '^omd: key .*others can' "${OURS[@]}" "$D/bin/omd"
	refuses 125 '^omctl: key .*others can' omctl status "127.0.0.1:$PORT"
	chmod 600 "$key"
	echo nonsense >"$D/bad"
	chmod 600 "$D/bad"
	refuses 125 '^omd: key .*not a key' "${OURS[@]}" "$D/bin/omd" --key "$D/bad"
	refuses 125 '^omd: key .*not a regular' "${OURS[@]}" "$D/bin/omd" --key "$D"
	rm "$key"
	[ -e /etc/openmosix/key ] || refuses 125 '^omd: no key: ' "${OURS[@]}" "$D/bin/omd"
	omctl keygen "$D/deep/er/key" || wrong 'directories are not made'
	refuses 125 '^omctl: /proc/nonsense/key: ' omctl keygen /proc/nonsense/key
}

omd_no_remote() {
	place
	rm "$D/bin/om-remote"
	refuses 125 '^omd: om-remote: ' "${OURS[@]}" "$D/bin/omd" --listen "127.0.0.1:$PORT"
}

omd_second_on_the_port() {
	place
	node alpha $PORT
	refuses 125 "^omd: 127.0.0.1:$PORT: in use" "${OURS[@]}" "$D/bin/omd" --name beta --listen "127.0.0.1:$PORT"
	refuses 125 "^omd: .*:$PORT: in use" "${OURS[@]}" "$D/bin/omd" --name beta --listen "0.0.0.0:$PORT"
	serves alpha
	node_end
}

omd_wrong_key() {
	place
	node alpha $PORT
	"$BIN/omctl" keygen "$D/other"
	refuses 125 "^omctl: .*another key" "${OURS[@]}" OPENMOSIX_KEY="$D/other" "$D/bin/omctl" status alpha
	refuses 125 "^omctl: .*another key" "${OURS[@]}" OPENMOSIX_KEY="$D/other" "$D/bin/omctl" ping alpha
	logged '127.0.0.1:[0-9]*: .*key'
	[ "$(children)" = 0 ] || wrong 'a stranger cost a process'
	serves alpha
	node_end
}

omd_key_read_again() {
	place
	node alpha $PORT
	rm "$D/home/.config/openmosix/key"
	kill -HUP "$NODE_PID"
	logged 'the old key stays'
	"$BIN/omctl" keygen "$D/home/.config/openmosix/key"
	refuses 125 'another key' omctl status alpha
	kill -HUP "$NODE_PID"
	logged 'the key was read again'
	serves alpha
	node_end
}

# --- abuse -------------------------------------------------------------------------------------------------------

omd_garbage() {
	local said sort before after

	place
	node alpha $PORT
	before=$(descriptors)
	for sort in nothing zeros noise letters http tls much; do
		said=$(case $sort in
			nothing) : ;;
			zeros) head -c 500 /dev/zero ;;
			noise) head -c 777 /dev/urandom ;;
			letters) printf 'hello, who is there?' ;;
			http) printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' ;;
			tls) printf '\026\003\001\002\000\001\000\001\374\003\003%0500d' 0 ;;
			much) head -c 8000000 /dev/zero ;;
		esac | say_to $PORT)
		[ -z "$said" ] || wrong "$sort: omd answers $said"
	done
	logged "does not speak openMosix's protocol"
	[ "$(children)" = 0 ] || wrong 'garbage cost a process'
	serves alpha
	# "nothing" still waits for its time to be up
	after=$(descriptors)
	[ "$after" -le $((before + 1)) ] || wrong "$before descriptors have become $after"
	node_end
}

omd_right_beginning_then_garbage() {
	local i

	place
	node alpha $PORT
	for i in 1 2 3; do
		{ printf 'oMosix\r\n\001\000\001\000\000\000\000\000'; head -c 64 /dev/urandom; } | say_to $PORT >/dev/null
	done
	logged '127.0.0.1:[0-9]*: .*key'
	# A version that nobody has: the answer is our version block, so that the other side can say what is wrong
	printf 'oMosix\r\n\377\377\377\377\000\000\000\000' | say_to $PORT >"$D/said"
	[[ $(cat "$D/said") == 6f4d6f7369780d0a* ]] || wrong "no version block: $(cat "$D/said")"
	logged 'versions 65535 to 65535'
	serves alpha
	node_end
}

omd_slow_loris() {
	local i start took

	place
	node alpha $PORT
	flood $PORT 500 5
	start=$(date +%s%N)
	for i in {1..20}; do
		serves alpha
	done
	took=$((($(date +%s%N) - start) / 20000000))
	[ -n "$OMD_UNDER" ] || [ $took -lt 500 ] || wrong "serving takes $took ms"
	[ "$(children)" = 0 ] || wrong 'idle connections cost processes'
	until_true 30 no_flood_left || wrong 'idle connections are never closed'
	flood_end
	logged 'no handshake in time'
	serves alpha
	[ "$(grep -c 'no handshake' "$NODE_LOG")" -lt 100 ] || wrong 'strangers fill the log'
	node_end
}

omd_ten_thousand() {
	local rss start took left hard

	hard=$(ulimit -Hn)
	[ "$hard" = unlimited ] || [ "$hard" -ge 11000 ] || { echo "only $hard descriptors can be had"; return 77; }
	place
	node alpha $PORT
	flood $PORT 10000 5
	rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$NODE_PID/status")
	[ -n "$OMD_UNDER$(nm -D "$D/bin/omd" 2>/dev/null | grep -m 1 __asan)" ] || [ "$rss" -lt 20480 ] ||
		wrong "omd has grown to $rss KiB"
	start=$(date +%s%N)
	serves alpha
	took=$((($(date +%s%N) - start) / 1000000))
	[ -n "$OMD_UNDER" ] || [ $took -lt 1000 ] || wrong "serving takes $took ms"
	left=$(flood_left)
	flood_end
	until_true 10 descriptors_below 50 || wrong "$(descriptors) descriptors stay ($left were open)"
	serves alpha
	node_end
}

omd_few_descriptors() {
	local few

	[ -z "$OMD_UNDER" ] || { echo 'not under a debugger'; return 77; }
	place
	# With 64 the table's maximum is reached first, with 20 the descriptors
	for few in 64 20; do
		OMD_UNDER="prlimit --nofile=$few:$few --" node alpha $PORT
		flood $PORT 300 5
		logged 'pushed out'
		serves alpha
		[ "$(flood_left)" -lt $few ] || wrong "more connections than descriptors"
		flood_end
		until_true 10 descriptors_below 18 || wrong "$(descriptors) descriptors stay"
		serves alpha
		node_end
	done
}

# --- remotes -----------------------------------------------------------------------------------------------------

# arrive: somebody comes, and waits for the remote to say something
arrive() {
	"${OURS[@]}" "$D/bin/omctl" ping alpha >"$D/ping.out" 2>&1 &
	CLIENT_PID=$!
}

has_children() {
	[ "$(children)" = "$1" ]
}

# nothing_left: no process of this test is left but us
nothing_left() {
	[ -z "$(marked "OM_TEST=$TEST")" ]
}

omd_remote_gets_its_own_only() {
	local fds

	place
	remote_is 'exec 9>&1 1>&2; readlink /proc/$$/fd/9; exec 9>&-; exec ls -l /proc/self/fd'
	exec 7</dev/null	# as a careless parent of omd would
	node alpha $PORT
	exec 7<&-
	arrive
	wait "$CLIENT_PID"
	until_true 5 has_children 0 || wrong 'the remote is not reaped'
	fds=$(sed -n 's/.* \([0-9]*\) -> \([a-z/]*\).*/\1=\2/p' "$NODE_LOG" | tr '\n' ' ')
	# The last is what ls reads
	[[ $fds =~ ^'0=/dev/null 1='[a-z/]*' 2='[a-z/]*' 3=socket 4=socket 5=/proc/'[a-z/]*' '$ ]] ||
		wrong "descriptors: $fds"
	grep -qx /dev/null "$NODE_LOG" || wrong 'standard output is not /dev/null'
	node_end
}

omd_remote_crashes() {
	place
	node alpha $PORT
	remote_is 'kill -SEGV $$'
	arrive
	logged "om-remote [0-9]* (omctl of .*): killed by signal 11"
	wait "$CLIENT_PID"
	[ $? = 125 ] || wrong "the client does not hear of it: $(cat "$D/ping.out")"
	remote_is 'exit 3'
	arrive
	logged 'om-remote [0-9]* (omctl of .*): ended with status 3'
	remote_is 'sleep 1000 & sleep 1000 & kill -KILL $$'
	arrive
	logged 'om-remote [0-9]* (omctl of .*): killed by signal 9'
	wait "$CLIENT_PID"
	until_true 5 has_children 0 || wrong 'what the remote started is still there, or a zombie is'
	rm "$D/bin/om-remote"
	arrive
	logged 'om-remote: No such file'
	serves alpha
	node_end
	until_true 5 nothing_left || wrong "left over: $(marked "OM_TEST=$TEST")"
}

# pids: what omd has started
pids() {
	cat "/proc/$NODE_PID/task/$NODE_PID/children"
}

omd_has_one_ready() {
	local waiting

	place
	node alpha $PORT --ready 2
	until_true 5 has_children 2 || wrong "$(children) are ready"
	waiting=$(pids)
	arrive
	until_true 5 has_children 3 || wrong "$(children) behind an arrival"
	[[ $(pids) = "$waiting"* ]] || wrong "it was not handed to one that waited: $waiting, then $(pids)"
	# shellcheck disable=SC2046
	kill -KILL $(pids)
	logged 'om-remote [0-9]* (ready): killed by signal 9'
	logged 'om-remote [0-9]* (omctl of .*): killed by signal 9'
	wait "$CLIENT_PID"
	until_true 5 has_children 0 || wrong 'one was started for nobody'
	arrive
	until_true 5 has_children 3 || wrong "$(children) behind the next arrival"
	node_end
	until_true 5 nothing_left || wrong "left over: $(marked "OM_TEST=$TEST")"
}

omd_ready_one_has_died() {
	local pid

	place
	cp "$BIN/om-remote" "$D/bin/om-remote"
	node alpha $PORT --ready 1
	until_true 5 is_ready || wrong 'none is ready'
	pid=$(pids)
	# omd hears of the death when there is an arrival already
	kill -STOP "$NODE_PID"
	# shellcheck disable=SC2086
	kill -KILL $pid
	omctl ping -c 3 alpha >"$D/ping.out" 2>&1 &
	until_true 5 zombie $pid || wrong 'it does not die'
	kill -CONT "$NODE_PID"
	wait $! || wrong "the client says: $(cat "$D/ping.out")"
	omctl ping -c 3 alpha >"$D/ping.out" 2>&1 || wrong "the next says: $(cat "$D/ping.out")"
	kill -KILL "$NODE_PID"
	wait "$NODE_PID"
	until_true 5 nothing_left || wrong "left over: $(marked "OM_TEST=$TEST")"
}

# is_ready: what omd has started waits for an arrival
is_ready() {
	# shellcheck disable=SC2046
	grep -qsx om-ready "/proc/$(printf %d $(pids))/comm"
}

# zombie PID: it has ended
zombie() {
	grep -q '^State:.Z' "/proc/$1/status"
}

omd_ready_one_cannot_start() {
	place
	remote_is 'exit 3'
	node alpha $PORT --ready 3
	logged 'om-remote [0-9]* (ready): ended with status 3'
	until_true 5 has_children 0 || wrong 'it is tried again and again'
	arrive
	wait "$CLIENT_PID"
	[ $? = 125 ] || wrong "the client does not hear of it: $(cat "$D/ping.out")"
	until_true 5 has_children 0 || wrong 'it is tried again and again'
	node_end
}

omd_hundred_remotes() {
	local i

	place
	node alpha $PORT
	for i in {1..100}; do
		arrive
	done
	until_true 30 has_children 100 || wrong "$(children) of 100 remotes"
	serves alpha
	node_end
	until_true 5 nothing_left || wrong "left over: $(marked "OM_TEST=$TEST")"
}

omd_no_process_to_be_had() {
	if [ "$(id -u)" != 0 ] || [ -n "$OMD_UNDER" ]; then
		echo 'only as root, and not under a debugger'
		return 77
	fi
	place
	cp "$D/home/.config/openmosix/key" "$D/key"
	chown -R "$NOBODY:$NOBODY" "$D/run" "$D/home"
	chmod 755 "$D"
	# LeakSanitizer would need a process, too
	OMD_UNDER="env ASAN_OPTIONS=detect_leaks=0 setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups --"
	OMD_UNDER="$OMD_UNDER prlimit --nproc=1:1 --" node alpha $PORT
	refuses 125 '^omctl: .*refused: it has all the guests' \
		"${OURS[@]}" OPENMOSIX_KEY="$D/key" "$D/bin/omctl" ping "127.0.0.1:$PORT"
	logged 'all the guests it can take'
	"${OURS[@]}" OPENMOSIX_KEY="$D/key" "$D/bin/omctl" status "127.0.0.1:$PORT" >/dev/null || wrong 'no status'
	node_end
}

# ends_with SIGNAL: it ends omd and all below it
ends_with() {
	local start=$SECONDS

	node alpha $PORT
	arrive
	until_true 30 has_children 1 || wrong 'nobody arrives'
	kill "-$1" "$NODE_PID"
	wait "$NODE_PID" || wrong "$1 ends omd with status $?"
	until_true 5 nothing_left || wrong "$1 leaves: $(marked "OM_TEST=$TEST")"
	[ $((SECONDS - start)) -lt 8 ] || wrong "$1 takes $((SECONDS - start)) s"
	[ -z "$(find "$D/run" -type f)" ] || wrong "$1 leaves files: $(find "$D/run" -type f)"
	grep -q 'closed the connection\|ended\|reset\|Broken pipe' "$D/ping.out" || wrong "the client says $(cat "$D/ping.out")"
}

omd_sigterm() {
	place
	ends_with TERM
	ends_with INT
}

omd_sigterm_against_a_stubborn_remote() {
	place
	remote_is 'trap "" TERM; while :; do sleep 1; done'
	ends_with TERM
}

omd_killed() {
	place
	node alpha $PORT
	arrive
	until_true 30 has_children 1 || wrong 'nobody arrives'
	kill -KILL "$NODE_PID"
	wait "$NODE_PID"
	wait "$CLIENT_PID"
	until_true 5 nothing_left || wrong "left over: $(marked "OM_TEST=$TEST")"
	refuses 125 '^omctl: ' omctl status alpha
	node alpha $PORT
	! grep -q 'another omd' "$NODE_LOG" || wrong 'the name is still taken'
	serves alpha
	node_end
}

# --- around it ---------------------------------------------------------------------------------------------------

omd_tells_the_service_manager() {
	place
	"${OURS[@]}" python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print(s.recv(100).decode(), s.recv(100).decode(), flush=True)
' "$D/notify" >"$D/notified" &
	until_true 10 test -S "$D/notify"
	OMD_UNDER="env NOTIFY_SOCKET=$D/notify $OMD_UNDER" node alpha $PORT
	node_end
	wait
	[ "$(cat "$D/notified")" = 'READY=1 STOPPING=1' ] || wrong "it is told: $(cat "$D/notified")"
}

omd_installed() {
	local file

	place
	make -C "$TOP" -s BUILD="$BUILD" DESTDIR="$D/inst" PREFIX=/usr install-built >"$D/make.out" 2>&1 ||
		wrong "$(tail -n 3 "$D/make.out")"
	for file in bin/omrun bin/omd bin/omctl bin/omps libexec/openmosix/om-remote share/man/man8/omd.8 \
		share/man/man1/omrun.1 share/man/man1/omctl.1 share/man/man7/openmosix.7 share/bash-completion/completions/omrun \
		lib/systemd/system/omd.service lib/systemd/user/omd.service; do
		[ -s "$D/inst/usr/$file" ] || wrong "$file is not installed"
	done
	grep -q '^ExecStart=/usr/bin/omd' "$D/inst/usr/lib/systemd/system/omd.service" || wrong 'the unit starts another omd'
	bash -n "$D/inst/usr/share/bash-completion/completions/omctl" || wrong 'the completion is not bash'
	cp "$D/inst/usr/bin/omctl" "$D/bin/"
	rm -f "$D/bin/omd" "$D/bin/om-remote"
	ln -s "$D/inst/usr/bin/omd" "$D/bin/omd"
	node alpha $PORT
	serves alpha
	node_end
	make -C "$TOP" -s BUILD="$BUILD" DESTDIR="$D/inst" PREFIX=/usr uninstall
	[ -z "$(find "$D/inst" -type f)" ] || wrong "uninstall leaves $(find "$D/inst" -type f)"
}
