# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# A bench compares: what it prints is a ratio to a counterpart of the same run, on the same machine, with the same input.
# Machines are noisy, shared and different; so the contestants of a race run in turn (A B C A B C ...), each round gives
# one ratio, and what is printed is the median of the ratios, next to the medians of the figures.
#
# A contestant is a command that prints one number. One that fails is out of its race, with the last line that it said
# as the reason; its rows say so and the others go on. A race stops after the round in which its time is over, and when
# all time is over none is begun.
#
# The cluster, the marks by which processes are found, and the cleanup are those of the tests: test/lib.sh.

# shellcheck source=test/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../test/lib.sh"

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 2
}

MET=0 MISSED=0 FAILED=0	# targets

# --- the work area and the nodes -------------------------------------------------------------------------------

# bench_begin: create $WORK with the binaries, the small programs and a key
bench_begin() {
	local source

	WORK=$(mktemp -d "${TMPDIR:-/tmp}/om-bench.XXXXXX") || die 'cannot make a work area'
	BIN=$WORK/bin AID=$WORK/aid
	mkdir -p "$BIN" "$AID" "$WORK/samples" "$WORK/home.root" "$WORK/home.user" "$WORK/run/home" || die 'cannot fill the work area'
	chmod 700 "$WORK/run/home"
	cp "$BUILD"/bin/* "$BIN/" || die 'no programs: make'
	for source in "$TOP"/bench/*.c; do
		aid_make "$source" || die "cannot compile $source"
	done
	"$BIN/omctl" keygen "$WORK/home.root/key" >/dev/null || die 'omctl keygen fails'
	cp -p "$WORK/home.root/key" "$WORK/home.user/key"
	export OPENMOSIX_KEY=$WORK/home.root/key XDG_RUNTIME_DIR=$WORK/run/home OPENMOSIX_STATS=$WORK/stats LC_ALL=C
	export HOME=$WORK/home.root PATH=$BIN:$PATH
	unset GIT_DIR GIT_WORK_TREE DISPLAY SSH_AUTH_SOCK
}

# aid_make SOURCE: compile a small program. Those named bench_* are made of the project's code, the others only of libc
aid_make() {
	local out=$AID/$(basename "${1%.c}") flags=(-std=gnu17 -D_GNU_SOURCE -O2)

	case $1 in
	*/bench_*)
		# shellcheck disable=SC2046
		${CC:-cc} "${flags[@]}" -I"$TOP/include" -I"$TOP" -o "$out" "$1" "$BUILD/libom.a" \
			$(pkg-config --cflags --libs libuv libsodium) -lpthread
		;;
	*) ${CC:-cc} "${flags[@]}" -o "$out" "$1" -lpthread ;;
	esac
}

# bench_end: the EXIT trap: end and remove everything
bench_end() {
	trap - EXIT
	trap '' INT TERM HUP
	sshfs_end
	home_root_end
	# It has no mark: it writes its title where its environment was
	# shellcheck disable=SC2046
	[ -z "$SSHD_PID" ] || kill $(tree_of "$SSHD_PID")
	[ -z "$SSHD_DIR" ] || rmdir "$SSHD_DIR" 2>/dev/null
	[ -z "$LINK" ] || ip link delete "$LINK" 2>/dev/null
	work_remove
}

# worker_start: a node to run on: in a network namespace when we may make one, else on loopback
worker_start() {
	# A network that nobody else has, in case that a check runs at the same time
	for _ in 1 2 3 4 5; do
		cluster_net $((RANDOM % 10000))
		[ -n "$LINK" ] && [ "$(ip -o -4 addr | grep -c " ${NODE_IP%.*}\.$((${NODE_IP##*.} - 1))/")" != 1 ] || break
		ip link delete "$LINK"
		ip netns delete "$NS"
	done
	omd_start root
	# shellcheck disable=SC2034
	OM=("$BIN/omrun" -j "$NODE" --)
	ENTER=()
	[ -z "$NS" ] || ENTER=(nsenter "--net=/run/netns/$NS" --)
}

# worker_check: a worker that has ended is an accident to be told, and there must be another for the next bench
worker_check() {
	omd_gone || return 0
	printf 'bench: the worker has ended; its log ends: %s\n' "$(tail -n 1 "$OMD_LOG")" >&2
	omd_start root
}

# tree_of PID: pids of a process and everything below it
tree_of() {
	ps -e -o pid= -o ppid= | awk -v top="$1" '
		{ parent[$1] = $2 }
		END { for (p in parent) { for (q = p; q in parent && q != top; q = parent[q]) ; if (q == top) print p } }'
}

# --- ssh and sshfs, the ways that people have ------------------------------------------------------------------

SSHD_DIR='' SSHD_PID='' SSH='' SSHFS='' OUTRUN=()

# ssh_start: an sshd of our own where the worker is: own host key, own key, no multiplexing, no PAM. Sets SSH. Tried once
ssh_start() {
	local dir=$WORK/ssh port=$((NODE_PORT + 1)) sshd

	[ ! -d "$dir" ] || { [ -n "$SSH" ]; return; }
	sshd=$(PATH=$PATH:/usr/sbin command -v sshd) && command -v ssh >/dev/null || return 1
	mkdir -p -m 700 "$dir"
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host" && ssh-keygen -q -t ed25519 -N '' -f "$dir/user" || return 1
	if [ "$(id -u)" = 0 ] && [ ! -d /run/sshd ]; then
		SSHD_DIR=/run/sshd
		mkdir -m 755 "$SSHD_DIR"
	fi
	cat >"$dir/sshd_config" <<-END
		ListenAddress $NODE_IP:$port
		HostKey $dir/host
		AuthorizedKeysFile $dir/user.pub
		PidFile none
		UsePAM no
		StrictModes no
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		MaxStartups 100
		Subsystem sftp internal-sftp
	END
	cat >"$dir/config" <<-END
		Host node
		HostName $NODE_IP
		Port $port
		User $(id -un)
		IdentityFile $dir/user
		IdentitiesOnly yes
		UserKnownHostsFile $dir/known_hosts
		StrictHostKeyChecking no
		BatchMode yes
		ControlMaster no
		LogLevel ERROR
	END
	"${ENTER[@]}" "$sshd" -D -e -f "$dir/sshd_config" </dev/null >"$dir/log" 2>&1 &
	SSHD_PID=$!
	disown $SSHD_PID
	until_true 5 ssh -F "$dir/config" node true 2>/dev/null || return 1
	SSH="ssh -F $dir/config node"
}

# sshfs_start DIR: mount DIR, seen through sshfs, on $WORK/mnt. Sets SSHFS
sshfs_start() {
	ssh_start && command -v sshfs >/dev/null && [ -w /dev/fuse ] || return 1
	sshfs_end
	mkdir -p "$WORK/mnt"
	sshfs -F "$WORK/ssh/config" "node:$1" "$WORK/mnt" </dev/null >"$WORK/err" 2>&1 || return 1
	SSHFS=$WORK/mnt
}

sshfs_end() {
	[ -n "$SSHFS" ] || return 0
	fusermount3 -u -z "$SSHFS" 2>/dev/null || umount -l "$SSHFS" 2>/dev/null
	SSHFS=''
}

# outrun_start: a node for outrun, if it is installed: it needs root, another network and, for each file, its time. Sets OUTRUN
outrun_start() {
	OUTRUN=()
	[ -z "$QUICK" ] && [ -n "$NS" ] && [ "$(id -u)" = 0 ] && command -v outrun >/dev/null && ssh_start || return
	printf '[cache]\npath=%s\n' "$WORK/outrun" >"$WORK/outrun.config"
	OUTRUN=(outrun "--config=$WORK/outrun.config" "--ssh=-F $WORK/ssh/config" node)
}

# outrun_row NAME SECONDS COMMAND OURS: compare OURS, a contestant, with outrun: COMMAND as it is typed there, or if it is not to be
# had, the SECONDS that it is published to take
outrun_row() {
	if outrun_start; then
		race 3 ours "$4" outrun "$3"
		row "$1" s ours outrun '<=0.1'
	else
		row_number "$1" s ours 'outrun*' "$2" '<=0.1'
	fi
}

# --- races -----------------------------------------------------------------------------------------------------

# race ROUNDS NAME COMMAND [NAME COMMAND]...: let the commands run in turn; each prints a number
race() {
	local rounds=$1 round end=$((SECONDS + RACE_SECONDS)) contestants name

	shift
	rm -rf "$WORK/samples"
	mkdir "$WORK/samples"
	: >"$WORK/stats"
	[ $SECONDS -lt "$ALL_SECONDS" ] || return 0
	for ((round = 0; round < rounds; round++)); do
		contestants=("$@")
		while [ ${#contestants[@]} -gt 0 ]; do
			name=${contestants[0]}
			[ -e "$WORK/samples/$name.out" ] || lap_of "$name" "${contestants[1]}"
			contestants=("${contestants[@]:2}")
		done
		[ $SECONDS -lt $end ] || return 0
	done
}

# lap_of NAME COMMAND: one turn of a contestant
lap_of() {
	local value

	: >"$WORK/err"
	if value=$(eval "$2" 2>>"$WORK/err" </dev/null) && [[ $value =~ ^[0-9.e+-]+$ ]]; then
		echo "$value" >>"$WORK/samples/$1"
	else
		why_of >"$WORK/samples/$1.out"
		rm -f "$WORK/samples/$1"
	fi
}

# why_of: the last line of what a failed command said
why_of() {
	grep -v '^ *$' "$WORK/err" | tail -n 1 | cut -c1-100 | grep . || echo 'no reason given'
}

# timed COMMAND...: how long it takes, in seconds; fails when it fails or takes longer than $LIMIT
timed() {
	"$AID/lap" "$WORK/lap" "$LIMIT" "$@" >/dev/null 2>>"$WORK/err" </dev/null
	[ "$(cut -d' ' -f4 "$WORK/lap")" = 0 ] || {
		echo "status $(cut -d' ' -f4 "$WORK/lap"): $(why_of)" >>"$WORK/err"
		return 1
	}
	cut -d' ' -f1 "$WORK/lap"
}

# printed COMMAND...: the number that it prints itself
printed() {
	timeout -k 2 "$LIMIT" "$@" 2>>"$WORK/err" </dev/null || {
		echo "status $?: $(why_of)" >>"$WORK/err"
		return 1
	}
}

# calls_of_last: how many calls were forwarded in the last run, when its deputy has said so
calls_of_last() {
	until_true 2 test -s "$WORK/stats" && tail -n 1 "$WORK/stats" | sed -n 's/.* calls=\([0-9]*\).*/\1/p'
}

# median: of the numbers on standard input
median() {
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# middle NAME: the median of a contestant's numbers; fails when it has none
middle() {
	[ -s "$WORK/samples/$1" ] && median <"$WORK/samples/$1"
}

# --- rows ------------------------------------------------------------------------------------------------------

# human NUMBER UNIT: with the prefix that fits. UNIT: s, B/s, B, /s, or a word
human() {
	awk -v n="$1" -v unit="$2" '
	function scaled(v, step, names, k, list, i) {
		k = split(names, list, " ")
		for (i = 1; i < k && v >= step; i++)
			v /= step
		return sprintf(v < 10 ? "%.2f %s" : v < 100 ? "%.1f %s" : "%.0f %s", v, list[i])
	}
	BEGIN {
		if (unit == "s") print n < 1 ? scaled(n * 1e9, 1000, "ns us ms s") : scaled(n, 1e9, "s")
		else if (unit == "B/s") print scaled(n, 1000, "B/s kB/s MB/s GB/s")
		else if (unit == "B") print scaled(n, 1024, "B KiB MiB GiB")
		else if (unit == "/s") print scaled(n, 1e9, "/s")
		else print n " " unit
	}'
}

# line NAME OURS COUNTERPART RATIO TARGET [NOTE]: print a row; texts
line() {
	printf '%-18s %11s   %-24s %8s  %-8s %s\n' "$@"
}

head_line() {
	line name ours counterpart ratio target ''
}

# judge RATIO TARGET: "ok" or "MISS" for a target as <=1.01 or >=0.6
judge() {
	awk -v r="$1" -v t="$2" 'BEGIN {
		limit = substr(t, 3) + 0
		print (substr(t, 1, 2) == "<=" ? r <= limit : r >= limit) ? "ok" : "MISS" }'
}

# result NAME OURS COUNTERPART RATIO TARGET [NOTE]: print a row and count its target (- for none)
result() {
	local verdict=''

	if [ "$5" != - ]; then
		verdict=$(judge "$4" "$5")
		if [ "$verdict" = ok ]; then MET=$((MET + 1)); else MISSED=$((MISSED + 1)); fi
	fi
	line "$1" "$2" "$3" "$(awk -v r="$4" 'BEGIN { printf r < 0.01 ? "%.4f" : r < 10 ? "%.3f" : "%.1f", r }')" "$5" \
		"$verdict${6:+ $6}"
}

# failed NAME TARGET WHY: print the row of something that has no figure
failed() {
	FAILED=$((FAILED + 1))
	printf '%-18s %s (%s)\n' "$1" "$NO_FIGURE" "$3"
}

# row NAME UNIT CONTESTANT COUNTERPART TARGET [NOTE]: compare two contestants of the last race
row() {
	local name=$1 unit=$2 ours=$3 other=$4 target=$5 ratio

	if [ -s "$WORK/samples/$ours.out" ]; then
		failed "$name" "$target" "$(cat "$WORK/samples/$ours.out")"
	elif [ ! -s "$WORK/samples/$ours" ]; then
		failed "$name" "$target" 'no time was left for it'
	elif [ ! -s "$WORK/samples/$other" ]; then
		line "$name" "$(human "$(middle "$ours")" "$unit")" "${other%%-*} has no figure" - "$target" \
			"$(cat "$WORK/samples/$other.out" 2>/dev/null || echo 'not available here')"
	else
		ratio=$(paste "$WORK/samples/$ours" "$WORK/samples/$other" | awk 'NF == 2 { print $1 / $2 }' | median)
		result "$name" "$(human "$(middle "$ours")" "$unit")" "${other%%-*} $(human "$(middle "$other")" "$unit")" "$ratio" \
			"$target" "$6"
	fi
}

# row_number NAME UNIT CONTESTANT LABEL NUMBER TARGET [NOTE]: compare a contestant with a number from elsewhere
row_number() {
	local ours

	if ours=$(middle "$3"); then
		result "$1" "$(human "$ours" "$2")" "$4 $(human "$5" "$2")" "$(awk -v a="$ours" -v b="$5" 'BEGIN { print a / b }')" \
			"$6" "$7"
	else
		failed "$1" "$6" "$(cat "$WORK/samples/$3.out" 2>/dev/null || echo 'no time was left for it')"
	fi
}
