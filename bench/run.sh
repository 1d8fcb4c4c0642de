#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measure. Each row has a figure, its counterpart of the same run, and their ratio; see bench/lib.sh for how.

# All of our own subshells shall carry the mark too, see test/lib.sh
[ "$OM_CHECK" = $$ ] || OM_CHECK=$$ exec "$BASH" "$0" "$@"

ALL=(compute local forward shared members stream start files deputy tasks memory mapping sort births make)

usage() {
	cat <<END
usage: bench/run.sh [--quick] [NAME...]
Run the benches NAME (default: all): ${ALL[*]}
  --quick  fewer rounds and smaller inputs: all in less than three minutes
END
}

QUICK='' NAMES=()
while [ $# -gt 0 ]; do
	case $1 in
	--quick) QUICK=1 ;;
	--help | -h) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) NAMES+=("$1") ;;
	esac
	shift
done
[ ${#NAMES[@]} -gt 0 ] || NAMES=("${ALL[@]}")
for name in "${NAMES[@]}"; do
	[[ " ${ALL[*]} " = *" $name "* ]] || { usage >&2; exit 2; }
done

# What depends on --quick. Sizes in bytes, times in seconds where not said otherwise
# shellcheck disable=SC2034
if [ -n "$QUICK" ]; then
	ROUNDS=3 RACE_SECONDS=7 ALL_SECONDS=150 LIMIT=12 RATE_MS=90 SPIN_SECONDS=0.2 STREAM=33554432
	TREE_FILES=500 TASKS=50 HOLD_MIB=512 MAPPED=134217728 SORT=50000000 BIRTHS=30 UNITS=6 ROUND_TRIPS=300 MEMBERS=200
else
	ROUNDS=7 RACE_SECONDS=90 ALL_SECONDS=2400 LIMIT=120 RATE_MS=300 SPIN_SECONDS=0.7 STREAM=268435456
	TREE_FILES=2000 TASKS=200 HOLD_MIB=2048 MAPPED=268435456 SORT=500000000 BIRTHS=200 UNITS=24 ROUND_TRIPS=2000 MEMBERS=1000
fi

# Published by others, measured on a machine like this over ssh to a namespace; constants, so only the order counts
# shellcheck disable=SC2034
OUTRUN_FILE=0.0045 OUTRUN_CP=37 OUTRUN_TRUE=1.3

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"
for part in calls stream start files memory family; do
	# shellcheck source=/dev/null
	. "$TOP/bench/$part.sh"
done

WORK='' NS='' LINK='' NO_FIGURE='fails'
trap bench_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

bench_begin
worker_start
printf '%s, %d CPUs, Linux %s; %s; load %s\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
	"$(uname -r)" "$([ -n "$NS" ] && echo 'worker in a network namespace' || echo 'worker on loopback')" \
	"$(cut -d' ' -f1 /proc/loadavg)"
awk -v cpus="$(nproc)" '$1 > cpus / 2 { print "This machine has other work: ratios of few CPUs suffer from it, times even more" }' /proc/loadavg
printf 'ours: with omrun on the other node; outrun*: published figure, not of this run, if outrun is not installed\n\n'
head_line
for name in "${NAMES[@]}"; do
	NO_FIGURE='fails'
	"bench_$name"
	worker_check
done
printf '\n%d targets met, %d missed, %d without a figure; %d s, load now %s\n' "$MET" "$MISSED" "$FAILED" $SECONDS \
	"$(cut -d' ' -f1 /proc/loadavg)"
