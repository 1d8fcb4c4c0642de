# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Benches of process families: births of processes and threads, programs that a shell runs, a build.

# per_second KIND [PREFIX...]: births per second
per_second() {
	local kind=$1

	shift
	printed "$@" "$AID/births" "$kind" "$BIRTHS" | awk '{ print 1 / $1 }'
}

# seconds_of KIND [PREFIX...]: seconds for one
seconds_of() {
	local kind=$1

	shift
	printed "$@" "$AID/births" "$kind" "$BIRTHS"
}

bench_births() {
	local kind

	NO_FIGURE='not supported yet'
	for kind in fork vfork spawn thread; do
		race "$ROUNDS" ours "per_second $kind ${OM[*]}" native "per_second $kind"
		row "births/$kind" /s ours native -
	done
	# What a fork costs more than at home, in round trips
	race "$ROUNDS" ours "seconds_of fork ${OM[*]}" native 'seconds_of fork' \
		ping 'ping 50'
	if [ -s "$WORK/samples/ours" ]; then
		paste "$WORK/samples/ours" "$WORK/samples/native" | awk 'NF == 2 { print $1 - $2 }' >"$WORK/samples/more"
		row births/fork-more s more ping '<=3' 'more than natively, in round trips'
	else
		row births/fork-more s ours ping '<=3'
	fi
	births_shell
}

# births_shell: a shell on the other node runs a program
births_shell() {
	local contestants=(ours "in_shell ${OM[*]}" native in_shell)

	ssh_start && contestants+=(ssh "timed $SSH /bin/true")
	race "$ROUNDS" "${contestants[@]}"
	row births/shell s ours ssh '<=0.1' 'true from a shell there'
	row births/shell s ours native -
}

# in_shell [PREFIX...]: seconds for one run of true from a shell that runs already
in_shell() {
	# shellcheck disable=SC2016
	printed "$@" bash -c 's=$EPOCHREALTIME; for ((i = 0; i < $0; i++)); do /bin/true || exit; done
		e=$EPOCHREALTIME; echo "${s/./} ${e/./} $0"' "$BIRTHS" | awk '{ print ($2 - $1) / $3 / 1e6 }'
}

# make_in DIR [PREFIX...]: build the project in DIR anew; the seconds
make_in() {
	local dir=$1

	shift
	rm -f "$dir"/*.o "$dir/program"
	timed "$@" make -s -j4 -C "$dir"
}

bench_make() {
	local kind

	NO_FIGURE='not supported yet'
	for kind in native ours; do
		mkdir -p "$WORK/project.$kind"
		"$AID/gen" project "$WORK/project.$kind" "$UNITS"
	done
	race $((ROUNDS < 3 ? ROUNDS : 3)) native "make_in $WORK/project.native" ours "make_in $WORK/project.ours ${OM[*]}"
	row make-j4 s ours native - "$UNITS files, $(calls_of_last) calls"
	make_same || failed make-j4 - 'the objects differ'
	rm -rf "$WORK"/project.*
}

# make_same: if we have built, we have built the same
make_same() {
	local object

	[ -s "$WORK/samples/ours" ] || return 0
	for object in "$WORK"/project.native/*.o; do
		cmp -s "$object" "$WORK/project.ours/$(basename "$object")" || return 1
	done
}
