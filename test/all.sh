#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: test/all.sh COMMAND...
# Run each command, which ends its output with a line that has `N passed, N failed` in it, and end with one such line
# alone, the sum of all. A command that ends without its line, or fails without a failed test, counts as one failed.

set -u

log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
passed=0 failed=0

# count KIND: the number before KIND in the last line of the log that has both
count() {
	sed -n "s/.*\<\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/passed=\1 failed=\2/p" "$log" |
		tail -n 1 | tr ' ' '\n' | sed -n "s/^$1=//p"
}

for command; do
	printf '== %s\n' "$command"
	{ sh -c "$command" 2>&1 && echo 0 >"$log.status" || echo 1 >"$log.status"; } | tee "$log"
	p=$(count passed) f=$(count failed)
	if [ -z "$p" ] || { [ "$f" = 0 ] && [ "$(cat "$log.status")" != 0 ]; }; then
		printf 'FAIL %s (ends without a result)\n' "$command"
		f=$((${f:-0} + 1))
	fi
	rm -f "$log.status"
	passed=$((passed + ${p:-0})) failed=$((failed + f))
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
