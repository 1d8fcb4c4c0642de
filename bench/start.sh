# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bench of starting a program that does nothing.

# by_outrun: the same by outrun
by_outrun() {
	timed "${OUTRUN[@]}" /bin/true
}

bench_start() {
	local contestants=(ours "timed ${OM[*]} /bin/true" native 'timed /bin/true' 'omrun at home' "timed $BIN/omrun /bin/true")

	if ssh_start; then
		contestants+=(ssh "timed $SSH /bin/true")
	fi
	race $((ROUNDS * 2)) "${contestants[@]}"
	row start/true s ours ssh '<=1'
	row start/true s ours native -
	row start/home s 'omrun at home' native -
	outrun_row start/true "$OUTRUN_TRUE" by_outrun "timed ${OM[*]} /bin/true"
}
