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

# Both nodes are this machine, so a child on the worker would take the number that the next one at home gets on a machine
# of its own. A pid namespace for the home side gives it numbers of its own (the first process in one is never sent away)
HOME_ALONE=(unshare --pid --fork --mount-proc bash -c '"$@"; exit $?' bash)

# A link on which a message takes FAR_US each way, and the node behind it
FAR_US=1000 FAR_NODE=''

# far_start: put the far link before the node
far_start() {
	FAR_NODE=''
	"$AID/far" 127.0.0.1 "$NODE_IP" "$NODE_PORT" $FAR_US >"$WORK/far" 2>>"$WORK/err" </dev/null &
	FAR_PID=$!
	disown $FAR_PID
	until_true 5 test -s "$WORK/far" && FAR_NODE=127.0.0.1:$(cat "$WORK/far")
}

# births_more NAME TARGET NOTE: what ours costs more than native in the last race, next to a round trip
births_more() {
	if [ -s "$WORK/samples/ours" ]; then
		paste "$WORK/samples/ours" "$WORK/samples/native" | awk 'NF == 2 { print $1 - $2 }' >"$WORK/samples/more"
		row "$1" s more ping "$2" "$3"
	else
		row "$1" s ours ping "$2"
	fi
}

# births_far: the same on a link so slow that round trips are all that counts
births_far() {
	far_start || { failed births/fork-far '<=3' 'no slow link'; return; }
	race "$ROUNDS" ours "seconds_of fork ${HOME_ALONE[*]@Q} $BIN/omrun -j $FAR_NODE --" \
		native "seconds_of fork ${HOME_ALONE[*]@Q}" ping "ping 50 $FAR_NODE"
	births_more births/fork-far '<=3' "the same on a link of $((2 * FAR_US / 1000)) ms"
	kill "$FAR_PID"
}

bench_births() {
	local kind

	NO_FIGURE='not supported yet'
	"${HOME_ALONE[@]}" true 2>>"$WORK/err" || HOME_ALONE=()
	for kind in fork vfork spawn thread; do
		race "$ROUNDS" ours "per_second $kind ${OM[*]}" native "per_second $kind"
		row "births/$kind" /s ours native -
	done
	# What a fork costs more than at home, in round trips, and in calls that do next to nothing
	race "$ROUNDS" ours "seconds_of fork ${HOME_ALONE[*]@Q} ${OM[*]}" native "seconds_of fork ${HOME_ALONE[*]@Q}" \
		ping 'ping 50' call "printed ${OM[*]} $AID/rate getppid $RATE_MS"
	births_more births/fork-more '<=3' 'more than natively, in round trips'
	[ ! -s "$WORK/samples/more" ] || row births/fork-more s more call - 'the same in forwarded calls (getppid)'
	births_far
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
