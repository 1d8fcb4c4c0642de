# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# What the sets of tests share: a work area that is removed whatever happens, an embedded cluster, ways to run a
# program as somebody, and ways to find what was left over.
#
# Every process that a check starts carries OM_CHECK=<pid of the check> in its environment, its own subshells too, and
# every test's programs carry OM_TEST=<test>.<pid of the check>. So what is left over is found by looking for these marks
# in /proc, on both nodes at once (a second network namespace has no pid namespace of its own), and the cleanup ends
# exactly what this check started.
#
# The worker is an omd in a second network namespace, joined to this one by a veth pair, when we are root and may make
# one; otherwise an omd on 127.0.0.1 and a port of its own. Tests that hurt their worker start one of their own.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
NOBODY=${OM_TEST_UID:-65534}	# whom root becomes to be an ordinary user
GRACE=${OM_TEST_GRACE:-10}	# seconds for deputies and remotes to go after their task

die() {
	printf 'check: %s\n' "$*" >&2
	exit 2
}

# --- the work area ---------------------------------------------------------------------------------------------

# work_make: create $WORK with the binaries (so that a build meanwhile does not hurt), keys and homes
work_make() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/om-check.XXXXXX") || die 'cannot make a work area'
	chmod 711 "$WORK"
	BIN=$WORK/bin
	mkdir -p "$BIN" "$WORK/tests" "$WORK/run" "$WORK/cache" "$WORK/results"
	# What a build with sanitizers finds is written there, or to the log of omd: total() looks for it
	mkdir -m 1777 "$WORK/findings"
	SANITIZERS=("ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$WORK/findings/log"
		"UBSAN_OPTIONS=$UBSAN_OPTIONS")
	cp -a "$BUILD/test/calls" "$BUILD/test/aids" "$WORK/" || die 'no test programs: make test-programs'
	cp -a "$TOP/test/programs" "$WORK/"
	${CC:-cc} -O2 -o "$WORK/aids/gen" "$TOP/bench/gen.c" || die 'cannot compile bench/gen.c'
	[ -n "$NATIVE" ] || cp -a "$BUILD"/bin/* "$BIN/" || die 'no programs: make'
	mkdir -p "$WORK/home.root" "$WORK/home.user"
	if [ -z "$NATIVE" ]; then
		# One cluster has one key; each user has a copy that nobody else can read.
		"$BIN/omctl" keygen "$WORK/home.root/key" >/dev/null || die 'omctl keygen fails'
		cp -p "$WORK/home.root/key" "$WORK/home.user/key"
	fi
	if [ "$(id -u)" = 0 ]; then
		chown -R "$NOBODY:$NOBODY" "$WORK/home.user"
		chmod 1777 "$WORK/cache"
	fi
	find "$WORK/calls" "$WORK/aids" "$WORK/programs" "$BIN" -exec chmod go+rX {} +
}

# work_remove: end everything that carries our mark and remove every trace. Runs once, from the EXIT trap.
work_remove() {
	local ns

	trap - EXIT
	trap '' INT TERM HUP
	[ -n "$WORK" ] || return 0
	exec 2>/dev/null	# the shell's words about the subshells that are killed
	marked_kill "OM_CHECK=$$"
	marked_kill "OM_CHECK=$WORK"
	for ns in $(ip netns list 2>/dev/null | awk -v p="omc$$-" 'index($1, p) == 1 { print $1 }'); do
		ip netns delete "$ns"
	done
	grep -F " $WORK/" /proc/mounts | while read -r _ ns _; do umount -l "$ns"; done
	rm -rf "$WORK"
}

# --- marks in /proc --------------------------------------------------------------------------------------------

# marked MARK: pids of the processes whose environment has exactly MARK, without ourselves
marked() {
	local self=$BASHPID files=(/proc/[0-9]*/environ)

	grep -lzxsF -e "$1" -- "${files[@]}" | cut -d/ -f3 | grep -vx -e "$$" -e "$self"
}

# marked_kill MARK: kill them, until there are none
marked_kill() {
	local pids round

	for round in 1 2 3 4 5 6 7 8 9 10; do
		pids=$(marked "$1")
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086
		kill -9 $pids 2>/dev/null
		sleep 0.0$round
	done
}

# marked_gone MARK: wait up to $GRACE seconds until there are none; prints those that stay
marked_gone() {
	local pids end=$((SECONDS + GRACE))

	while pids=$(marked "$1"); [ -n "$pids" ]; do
		if [ $SECONDS -ge $end ]; then
			printf '%s\n' "$pids"
			return 1
		fi
		sleep 0.05
	done
}

# until_true SECONDS CMD...: repeat CMD until it succeeds; fails after SECONDS
until_true() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# --- the cluster -----------------------------------------------------------------------------------------------

# cluster_net N: make network N. Sets NS (empty: loopback), LINK and NODE_IP; NODE is what -j takes
cluster_net() {
	local n=$1 slot base

	NS='' LINK='' NODE_IP=127.0.0.1
	NODE_PORT=$((10000 + ($$ * 64 + n) % 20000)) # below what the kernel gives to clients
	NODE=127.0.0.1:$NODE_PORT
	[ "$(id -u)" = 0 ] && [ -z "$OM_TEST_LOOPBACK" ] || return 0
	NS=omc$$-$n
	# In a chroot it may be possible to make one, but not to use it
	if ! { ip netns add "$NS" && ip -n "$NS" link set lo up; } 2>/dev/null; then
		ip netns delete "$NS" 2>/dev/null
		NS=''
		return 0
	fi
	slot=$((($$ * 64 + n) % 16384))	# a /30 of 198.18.0.0/16, which is set aside for tests
	base=198.18.$((slot / 64)).$((slot % 64 * 4))
	LINK=omc$$h$n
	NODE_IP=${base%.*}.$((${base##*.} + 2))
	NODE_PORT=4660
	NODE=$NODE_IP
	ip link add "$LINK" type veth peer name eth0 netns "$NS" &&
		ip addr add "${base%.*}.$((${base##*.} + 1))/30" dev "$LINK" && ip link set "$LINK" up &&
		ip -n "$NS" addr add "$NODE_IP/30" dev eth0 && ip -n "$NS" link set eth0 up || die "cannot join namespace $NS"
}

# omd_start WHO [ARG...]: start omd on the network made last, as root or user; sets OMD_PID and OMD_LOG. OMD_AROUND is a
# command that is put before it as root, OMD_UNDER (valgrind) directly before it.
omd_start() {
	local who=$1 enter=() rundir

	shift
	[ -z "$NS" ] || enter=(nsenter "--net=/run/netns/$NS" --)
	OMD_LOG=$WORK/omd.$NODE_IP.$NODE_PORT.$who.log
	rundir=$WORK/run/omd.$NODE_IP.$NODE_PORT.$who
	mkdir -p -m 700 "$rundir"
	become "$who"
	[ ${#BECOME[@]} = 0 ] || chown "$NOBODY" "$rundir"
	# With as many descriptors as there are where nobody has asked for more
	# shellcheck disable=SC2086
	(
		ulimit -S -n 1024
		exec "${enter[@]}" "${OMD_AROUND[@]}" "${BECOME[@]}" env -i PATH="$PATH" HOME="$WORK/home.$who" LC_ALL=C \
			OM_CHECK="$$" XDG_RUNTIME_DIR="$rundir" "${SANITIZERS[@]}" $OMD_UNDER "$BIN/omd" \
			--listen "$NODE_IP:$NODE_PORT" --name "check-$$" --key "$WORK/home.$who/key" "$@"
	) </dev/null >>"$OMD_LOG" 2>&1 &
	OMD_PID=$!
	disown "$OMD_PID"	# so that the shell's wait is for tests only
	until_true 10 omd_ready || die "omd is not ready, see $(keep "$OMD_LOG")"
}

# remotes_of PID: what the omd PID has started, but for those that wait for an arrival
remotes_of() {
	local pid name

	for pid in $(cat "/proc/$1/task/$1/children"); do
		read -r name <"/proc/$pid/comm" && [ "$name" = om-ready ] || printf '%s ' "$pid"
	done 2>/dev/null
}

# omd_ready: the node answers; ends the wait for it when omd has died
omd_ready() {
	kill -0 "$OMD_PID" 2>/dev/null || die "omd ended: $(tail -n 1 "$OMD_LOG")"
	OPENMOSIX_KEY=$WORK/home.root/key timeout 5 "$BIN/omctl" ping "$NODE" >/dev/null 2>&1
}

# omd_gone: the omd started last is not running
omd_gone() {
	! kill -0 "$OMD_PID" 2>/dev/null
}

# omd_stop: end omd and everything below it, then its network
omd_stop() {
	[ -z "$OMD_PID" ] || kill "$OMD_PID" 2>/dev/null
	[ -z "$OMD_PID" ] || until_true "$GRACE" omd_gone || kill -9 "$OMD_PID"
	OMD_PID=''
	[ -z "$NS" ] || ip netns delete "$NS" 2>/dev/null
	[ -z "$LINK" ] || ip link delete "$LINK" 2>/dev/null
	NS='' LINK=''
}

# --- running a program -----------------------------------------------------------------------------------------

# become WHO: set BECOME to the prefix that makes us WHO
become() {
	BECOME=()
	if [ "$1" = user ] && [ "$(id -u)" = 0 ]; then
		BECOME=(setpriv "--reuid=$NOBODY" "--regid=$NOBODY" --clear-groups --inh-caps=-all --)
	fi
}

# scene_make ID WHO: an empty working directory for test ID. Sets SCENE (the directory above it)
scene_make() {
	SCENE=$WORK/tests/$1
	rm -rf "$SCENE/cwd" "$SCENE/rundir" "$SCENE/stats" "$SCENE/stdout" "$SCENE/stderr" "$SCENE/status"
	mkdir -p "$SCENE/cwd/out" "$SCENE/rundir"
	chmod 755 "$SCENE"
	: >"$SCENE/stats"
	[ "$2" = user ] && [ "$(id -u)" = 0 ] && chown -R "$NOBODY:$NOBODY" "$SCENE/cwd" "$SCENE/rundir" "$SCENE/stats"
	chmod 700 "$SCENE/rundir"
}

# scene_run MARK WHO LIMIT RUN CMD...: run CMD in the scene made last, marked OM_TEST=MARK. The same surroundings whatever
# RUN is: environment, directory, limits, no terminal. Output, error output and status go to files next to the directory.
scene_run() {
	# What the shell says of a death by a signal is nobody's output
	{ (scene_exec "$@"); } 2>/dev/null
	echo $? >"$SCENE/status"
}

# scene_exec MARK WHO LIMIT RUN CMD...: become the program; SCENE_ENV has further variables for it. Leaks cannot be looked
# for in a process that is traced.
scene_exec() {
	local mark=$1 who=$2 limit=$3 run=$4

	shift 4
	become "$who"
	cd "$SCENE/cwd" || exit 125
	umask 022
	ulimit -S -c 0 -n 1024 -s 8192 2>/dev/null
	exec "${BECOME[@]}" env -i PATH="$BIN:/usr/local/bin:/usr/bin:/bin:/usr/games" HOME="$WORK/home.$who" \
		LC_ALL=C TZ=UTC TERM=xterm SOURCE_DATE_EPOCH=0 XDG_RUNTIME_DIR="$SCENE/rundir" \
		OPENMOSIX_KEY="$WORK/home.$who/key" OPENMOSIX_STATS="$SCENE/stats" OPENMOSIX_PROMISE_AGE_S=0 OM_CHECK="$$" OM_TEST="$mark" \
		RUN="$run" OUT="$SCENE/cwd/out" AIDS="$WORK/aids" CALLS="$WORK/calls" CACHE="$WORK/cache" \
		PROGRAMS="$WORK/programs" LIB="$WORK/programs/common" SCALE="${OM_TEST_SCALE:-1}" "${SCENE_ENV[@]}" \
		"${SANITIZERS[@]}" LSAN_OPTIONS=detect_leaks=0 \
		setsid --wait timeout -k 5 "$limit" "$@" </dev/null >"$SCENE/stdout" 2>"$SCENE/stderr"
}

# manifest DIR: one line per file below DIR: mode, type, size and hash, or where a link points
manifest() {
	(cd "$1" && find . -mindepth 1 \( -type f -printf '%m f %s %p ' -exec sha256sum {} \; -o -printf '%m %y %l %p\n' \)) |
		sed 's/  \S*$//' | sort -k4
}

# keep PATH...: copy what shows a failure to where it survives; prints that place
keep() {
	local place=$BUILD/check

	mkdir -p "$place" && cp -r "$@" "$place/" 2>/dev/null
	echo "$place/$(basename "$1")"
}
