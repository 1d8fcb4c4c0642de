#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# DOC: Theory of operation
#
# The oracle is the machine itself: a program is run natively, then on another node, in the same directory, with the
# same environment, and everything that can be seen of it must be the same: standard output, error output, exit
# status, and the files that it leaves behind. The statistics that the deputy writes show that it ran elsewhere indeed.
#
#   calls      test/calls/*.c, programs that make system calls and print what they observe
#   family     those of them named t_* and p_*: threads and process families
#   programs   test/programs/*.sh, real programs from Debian's packages
#   omd        the node daemon under load and abuse          test/omd.sh
#   omps       what is shown of tasks                        test/omps.sh
#   faults     bad input and bad luck                        test/faults.sh
#   hostile    a guest that attacks its worker               test/hostile.sh
#
# A test of the first three sets runs twice: as root and as an ordinary user (root only; others run it as themselves).

# All of our own subshells shall carry the mark too, see test/lib.sh
[ "$OM_CHECK" = $$ ] || OM_CHECK=$$ exec "$BASH" "$0" "$@"

usage() {
	cat <<END
usage: test/check.sh [--only PATTERN] [--list] [--native] [--as WHO] [--jobs N] [SET...]
Run the tests of the sets calls, family, programs, omd, omps, faults, hostile (default: all).
  --only PATTERN  only tests whose name matches the shell pattern, as calls/pipe* or */flac
  --list          print the names of the tests and exit
  --native        compare native with native: shows that the tests themselves are deterministic
  --as WHO        only as root, or only as user
  --jobs N        tests at a time (2)
END
}

NATIVE='' ONLY='*' LIST='' AS='' JOBS=2 SETS=() SCENE_ENV=() OMD_AROUND=()
while [ $# -gt 0 ]; do
	case $1 in
	--only) ONLY=$2; shift ;;
	--as) AS=$2; shift ;;
	--jobs) JOBS=$2; shift ;;
	--list) LIST=1 ;;
	--native) NATIVE=1 ;;
	--help | -h) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) SETS+=("$1") ;;
	esac
	shift
done
[ ${#SETS[@]} -gt 0 ] || SETS=(calls family programs omd omps faults hostile)

# shellcheck source=test/lib.sh
. "$(dirname "$0")/lib.sh"

# --- which tests there are -------------------------------------------------------------------------------------

# names SET: the tests of a set, one per line
names() {
	case $1 in
	calls) sources_of "$TOP/test/calls" '[^tp]*.c' '[tp][^_]*.c' ;;
	family) sources_of "$TOP/test/calls" 't_*.c' 'p_*.c' ;;
	programs) sources_of "$TOP/test/programs" '*.sh' ;;
	omd | omps | faults | hostile)
		[ -n "$NATIVE" ] || sed -n "s/^${1}_\([a-z0-9_]*\)() {.*/\1/p" "$TOP/test/$1.sh"
		;;
	*) die "no such set: $1" ;;
	esac
}

# sources_of DIR PATTERN...: base names without suffix of the files of DIR that match
sources_of() {
	local dir=$1 pattern file

	shift
	for pattern in "$@"; do
		for file in "$dir"/$pattern; do
			[ ! -f "$file" ] || basename "${file%.*}"
		done
	done
}

# all: every wanted test as SET/NAME
all() {
	local set name

	for set in "${SETS[@]}"; do
		for name in $(names "$set"); do
			# shellcheck disable=SC2053
			[[ $set/$name == $ONLY ]] && echo "$set/$name"
		done
	done
}

# header FILE KEY: value of a '# KEY: value' line in the head of a test's source
header() {
	sed -n "1,20s/^\(#\| \*\|\/\/\) $2: *//p" "$1" | head -n 1
}

# passes FILE: as whom the test runs
passes() {
	local only

	only=$(header "$1" AS)
	if [ "$(id -u)" != 0 ]; then
		[ "$only" = root ] || echo user
	elif [ -n "$AS" ]; then
		[ -n "$only" ] && [ "$only" != "$AS" ] || echo "$AS"
	else
		echo "${only:-root user}"
	fi
}

# --- running one -----------------------------------------------------------------------------------------------

# result KIND NAME [WHY]: report one test; a line is written at once, so lines of parallel tests never mix
result() {
	local kind=$1 name=$2 why=$3

	echo "$kind" >"$WORK/results/${name//[\/ ]/_}"
	printf '%s %s%s\n' "$kind" "$name" "${why:+ ($why)}"
}

# compare SET/NAME WHO FILE: the oracle
compare() {
	local test=$1 who=$2 file=$3 name="$1 as $2" id=${1//\//-}.$2 limit run=() side why=''

	limit=$(header "$file" LIMIT)
	case $test in
	programs/*) run=(/bin/sh "$WORK/programs/${test#*/}.sh") ;;
	*) run=("$WORK/calls/${test#*/}") ;;
	esac
	for side in native remote; do
		scene_make "$id" "$who"
		compare_side "$side" "$test" "$id" "$who" "${limit:-60}" "${run[@]}"
		if [ "$side:$(cat "$SCENE/$side/status")" = native:77 ]; then
			result skip "$name" "$(tail -n 1 "$SCENE/$side/stderr")"
			rm -rf "$SCENE"
			return
		fi
	done
	for side in status stdout stderr manifest leftover stats; do
		cmp -s "$SCENE/native/$side" "$SCENE/remote/$side" || case $side in
		status) why="status $(cat "$SCENE/remote/status") instead of $(cat "$SCENE/native/status")" ;;
		leftover) why="left over: $(tr '\n' ' ' <"$SCENE/remote/leftover")" ;;
		stats) why='it did not run on the other node' ;;
		*) why="$side differs" ;;
		esac
		[ -z "$why" ] || break
	done
	# The oracle must not fail itself: a program's script ends well, nothing times out or cannot be started
	case ${test%%/*}:$(cat "$SCENE/native/status") in
	programs:0) ;;
	programs:* | *:12[4567] | *:137) why="native run ends with $(cat "$SCENE/native/status")" side=stderr ;;
	esac
	if [ -n "$why" ]; then
		diff -u "$SCENE/native/$side" "$SCENE/remote/$side" >"$SCENE/diff" 2>&1
		rm -rf "$SCENE/cwd" "$SCENE/rundir" "$BUILD/check/$id"
		# Where the tests ran nobody may be able to look afterwards: show where the difference begins
		result FAIL "$name" "$why, see $(keep "$SCENE")
$(sed -n '3,14s/^/    /p' "$SCENE/diff")"
	else
		result ok "$name"
	fi
	rm -rf "$SCENE"
}

# compare_side SIDE TEST ID WHO LIMIT CMD...: run one side and note everything that is compared
compare_side() {
	local side=$1 test=$2 id=$3 who=$4 limit=$5 prefix='' dir=$SCENE/cwd

	shift 5
	if [ "$side" = remote ] && [ -z "$NATIVE" ]; then
		prefix="$BIN/omrun -j ${NODES[$who]} --"
	fi
	case $test in
	programs/*)
		scene_run "$id.$$" "$who" "$limit" "$prefix" "$@"
		dir=$SCENE/cwd/out
		;;
	*)
		# shellcheck disable=SC2086
		scene_run "$id.$$" "$who" "$limit" "$prefix" $prefix "$@"
		;;
	esac
	mkdir -p "$SCENE/$side"
	{
		marked_gone "OM_TEST=$id.$$"
		find "$SCENE/rundir" -type s -o -type f
	} >"$SCENE/$side/leftover"
	marked_kill "OM_TEST=$id.$$"
	manifest "$dir" >"$SCENE/$side/manifest"
	ran_remotely "$side" >"$SCENE/$side/stats"
	mv "$SCENE/status" "$SCENE/stdout" "$SCENE/stderr" "$SCENE/$side/"
}

# ran_remotely SIDE: prints nothing when there is proof, or nothing to prove
ran_remotely() {
	[ "$1" = remote ] && [ -z "$NATIVE" ] || return 0
	grep -q '^node=.* calls=[1-9]' "$SCENE/stats" || { echo 'no line with calls > 0 in the statistics:'; cat "$SCENE/stats"; }
}

# single SET NAME: a test that is a function: it prints what is wrong, or nothing
single() {
	local set=$1 name=$2 why id="$1-$2"

	why=$(
		trap 'omd_stop; scene_drop' EXIT
		OMD_PID='' NS='' LINK='' SCENE=''
		TEST=$id.$$	# a mark of its own, should this test run somewhere else at the same time
		# shellcheck source=/dev/null
		. "$TOP/test/$set.sh"
		"${set}_$name" 2>&1
	)
	case $? in
	0) result ok "$set/$name" ;;
	77) result skip "$set/$name" "$(tail -n 1 <<<"$why")" ;;
	*) result FAIL "$set/$name" "$(tr '\n' ' ' <<<"$why")" ;;
	esac
}

# scene_drop: remove the scene of a single test
scene_drop() {
	marked_kill "OM_TEST=$TEST"
	[ -z "$SCENE" ] || rm -rf "$SCENE"
}

# one SET/NAME: all passes of a test, one after the other
one() {
	local set=${1%%/*} name=${1#*/} file who

	case $set in
	programs) file=$TOP/test/programs/$name.sh ;;
	calls | family) file=$TOP/test/calls/$name.c ;;
	*) single "$set" "$name"; return ;;
	esac
	for who in $(passes "$file"); do
		compare "$1" "$who" "$file"
	done
}

# --- all of them -----------------------------------------------------------------------------------------------

# cluster_all: a worker for each of root and user; NODES[who] is what -j takes
cluster_all() {
	declare -gA NODES
	[ -z "$NATIVE" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		cluster_net 1
		omd_start root
		NODES[root]=$NODE
	fi
	cluster_net 2
	omd_start user
	NODES[user]=$NODE
}

# total: count the results and print the last line
total() {
	local ok fail skip file

	for file in $(grep -l 'Sanitizer\|runtime error' "$WORK"/findings/* "$WORK"/omd.*.log 2>/dev/null); do
		result FAIL "sanitizers/${file##*/}" "$(grep -m 1 'Sanitizer\|runtime error' "$file"), see $(keep "$file")"
	done
	ok=$(cat "$WORK"/results/* 2>/dev/null | grep -cx ok)
	fail=$(cat "$WORK"/results/* 2>/dev/null | grep -cx FAIL)
	skip=$(cat "$WORK"/results/* 2>/dev/null | grep -cx skip)
	printf '%d passed, %d failed, %d skipped\n' "$ok" "$fail" "$skip"
	[ "$fail" = 0 ] && [ "$ok" -gt 0 ]
}

main() {
	local test running=0

	TEST_NR=10	# a number of its own for each test, for networks and ports
	if [ -n "$LIST" ]; then
		all
		exit 0
	fi
	WORK=''
	trap work_remove EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	work_make
	cluster_all
	for test in $(all); do
		if [ $running -ge "$JOBS" ]; then
			wait -n
			running=$((running - 1))
		fi
		TEST_NR=$((TEST_NR + 1))
		one "$test" &
		running=$((running + 1))
	done
	wait
	total
}

# Read to its end before it starts, so that the script may be edited while it runs
{
	main
	exit
}
