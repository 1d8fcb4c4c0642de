# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# What omps shows of tasks that run on the other node; read by test/check.sh, which runs each function omps_NAME as a
# test: one that prints what is wrong and fails, or says nothing. Each has runtime directories of its own, for root and
# for an ordinary user, and looks only at the tasks that it has started: others may have theirs on this machine.

D=$WORK/tests/$TEST
ME=$([ "$(id -u)" = 0 ] && echo root || echo user)

wrong() {
	printf '%s\n' "$*"
	exit 1
}

# place: runtime directories, and what to remove at the end
place() {
	# shellcheck disable=SC2034	# test/check.sh removes it
	SCENE=$D
	mkdir -p "$D/run.root" "$D/run.user"
	chmod 755 "$D"
	chmod 700 "$D"/run.*
	[ "$ME" = user ] || chown "$NOBODY:$NOBODY" "$D/run.user"
}

# as WHO CMD...: run a command as root or user; replaces the shell that calls it
as() {
	local who=$1

	shift
	become "$who"
	exec "${BECOME[@]}" env -i PATH="$BIN:$PATH" HOME="$WORK/home.$who" LC_ALL=C OM_CHECK="$WORK" OM_TEST="$TEST" \
		OPENMOSIX_KEY="$WORK/home.$who/key" XDG_RUNTIME_DIR="$D/run.$who" "$@"
}

# task WHO CMD...: start a command on the other node; sets TASK to its pid and DEPUTY to its deputy's. OPTIONS: omrun's
task() {
	local who=$1

	# shellcheck disable=SC2086
	(as "$who" omrun -j "${NODES[$who]}" $OPTIONS -- "${@:2}") </dev/null >"$D/out" 2>&1 &
	TASK=$!
	until_true 10 row "$who" '1 - ' || wrong "task $TASK is not shown: $(cat "$D/out"; omps "$who")"
	DEPUTY=$(sed -n 's/^TracerPid:\t//p' "/proc/$TASK/status")
}

# omps WHO [ARG...]: what omps shows to somebody
omps() {
	(as "$1" omps "${@:2}") 2>&1
}

# row WHO PATTERN: the line of the task that was started last matches
row() {
	omps "$1" --no-headers | grep -Eq "^ *$TASK .*$2"
}

no_row() {
	! row "$1" ''
}

# member KEY: a member of its JSON object
member() {
	omps "$ME" --json | grep -o "{\"pid\":$TASK,[^}]*}" | sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"
}

# sockets_gone DIR: no socket is left in a runtime directory
sockets_gone() {
	! compgen -G "$1/deputy-*" >/dev/null
}

# --- what is shown ---------------------------------------------------------------------------------------------

omps_family() {
	local child

	place
	task "$ME" sh -c 'sleep 1000; :'
	until_true 10 row "$ME" 'wait4\(\) ' || wrong "no wait4(): $(omps "$ME")"
	row "$ME" ' wait4\(\) +1 +0:00\.[0-9]+ +[0-9.]+[KM] +[0-9]+ +1 - +sh -c sleep 1000; :$' || wrong "$(omps "$ME")"
	child=$(pgrep -P "$TASK") || wrong 'no child'
	omps "$ME" --tree | grep -A1 "^ *$TASK " | grep -Eq "^ *$child .* \\\\_ sleep 1000$" || wrong "$(omps "$ME" --tree)"
	[ "$(member ppid)" = "$(ps -o ppid= "$TASK" | tr -d ' ')" ] || wrong "ppid is $(member ppid)"
	[ "$(member deputy)" = "$DEPUTY" ] || wrong "deputy is $(member deputy)"
	[ "$(member call)" = wait4 ] || wrong "call is $(member call)"
	kill "$TASK" "$child"
	until_true 10 no_row "$ME" || wrong "still there: $(omps "$ME")"
	until_true 10 sockets_gone "$D/run.$ME/openmosix" || wrong "left: $(ls -A "$D/run.$ME/openmosix")"
}

omps_states() {
	place
	task "$ME" sleep 1000
	until_true 10 row "$ME" ' running ' || wrong "not running: $(omps "$ME")"
	kill -STOP "$TASK"
	until_true 10 row "$ME" ' stopped ' || wrong "not stopped: $(omps "$ME")"
	kill -CONT "$TASK"
	until_true 10 row "$ME" ' running ' || wrong "not running again: $(omps "$ME")"
	kill "$TASK"
}

# Time and memory are those used on the other node; its home has next to none
omps_usage() {
	local used

	place
	task "$ME" sh -c 'while :; do :; done'
	until_true 10 row "$ME" ' 0:0[1-9]' || wrong "no time used: $(omps "$ME")"
	used=$(awk '{ print $14 }' "/proc/$TASK/stat")
	[ "$used" -lt 50 ] || wrong "at home it used $used ticks"
	[ "$(member rss_bytes)" -gt 100000 ] || wrong "memory $(member rss_bytes)"
	[ "$(member utime_us)" -ge 1000000 ] || wrong "time $(member utime_us)"
	[ "$(member migrations)" = 1 ] || wrong "migrations $(member migrations)"
	kill "$TASK"
}

omps_calls() {
	local before

	place
	task "$ME" sh -c 'while :; do umask 022; : </dev/null; done'
	until_true 10 row "$ME" ' [0-9]{3,} +1 - ' || wrong "no calls: $(omps "$ME")"
	before=$(member calls)
	[ "$(member calls)" -gt "$before" ] || wrong "calls stay at $before"
	kill -STOP "$TASK"
	until_true 10 row "$ME" ' 0 +1 - ' || wrong "calls when stopped: $(omps "$ME")"
	kill -KILL "$TASK"
}

# other WHO: the node of the other user, who has the same key
other() {
	echo "${NODES[$([ "$1" = root ] && echo user || echo root)]}"
}

# Members of one pipeline on two nodes and at home, all children of one shell
omps_nodes() {
	local said who

	[ "$ME" = root ] || { echo 'needs root for a second node'; exit 77; }
	place
	for who in root user; do
		task "$who" sh -c "omrun -j $(other "$who") -- sleep 1000 | sleep 1000 | omrun -j home sleep 1000"
		until_true 10 members_there "$who" || wrong "as $who: $(omps "$who" --tree)"
		said=$(pgrep -P "$TASK" | wc -l)
		[ "$said" = 3 ] || wrong "$said children"
		pkill -P "$TASK"
		until_true 10 no_row "$who" || wrong "still there: $(omps "$who")"
	done
}

# members_there WHO: the shell and one child on its node, one on the other
members_there() {
	local said

	said=$(omps "$1" --tree --no-headers)
	[ "$(grep -c "^ *[0-9]* ${NODES[$1]} .*\\\\_ sleep 1000$" <<<"$said")" = 1 ] &&
		[ "$(grep -c "^ *[0-9]* $(other "$1") .*\\\\_ sleep 1000$" <<<"$said")" = 1 ]
}

# Those who stay at home are shown until they end, with the reason; they go on when the deputy is killed
omps_at_home() {
	local child

	place
	OPTIONS=--children=home
	task "$ME" sh -c 'sleep 1000; :'
	child=$(until_true 10 pgrep -P "$TASK") || wrong 'no child'
	until_true 10 at_home "$child" '--children' || wrong "$(omps "$ME")"
	[ "$(omps "$ME" --json | grep -o "{\"pid\":$child,[^}]*}" | grep -c '"state":"home".*"threads":1,')" = 1 ] ||
		wrong "$(omps "$ME" --json)"
	kill -KILL "$DEPUTY"
	until_true 10 no_row "$ME" || wrong "still there: $(omps "$ME")"
	kill "$child" || wrong 'it ended with the deputy'
}

# at_home PID WHY: it is shown as that
at_home() {
	omps "$ME" --no-headers | grep -Eq "^ *$1 home +home +1 0:00\\.00 +0K +0 +0 $2 +"
}

# Where omrun --children=best sends a program by the load of this machine; nothing: that is too close to say
best_place() {
	awk -v cpus="$(getconf _NPROCESSORS_ONLN)" '$1 >= cpus + 0.2 { print "away" } $1 < cpus - 0.2 { print "home" }' /proc/loadavg
}

# best_shown PID: print where it is shown to be
best_shown() {
	if at_home "$1" '--children'; then
		echo home
	else
		omps "$ME" --no-headers | grep -Eq "^ *$1 ${NODES[$ME]} .* sleep 1000$" && echo away
	fi
}

# Later programs stay at home while a processor is idle, and go away otherwise
omps_best() {
	local before child shown

	place
	OPTIONS=--children=best
	before=$(best_place)
	task "$ME" sh -c 'sleep 1000; :'
	child=$(until_true 10 pgrep -P "$TASK") || wrong 'no child'
	shown=$(until_true 10 best_shown "$child") || wrong "$(omps "$ME")"
	if [ -n "$before" ] && [ "$before" = "$(best_place)" ]; then
		[ "$shown" = "$before" ] || wrong "$shown instead of $before: $(cat /proc/loadavg)"
	fi
	kill "$child"
	until_true 10 no_row "$ME" || wrong "still there: $(omps "$ME")"
}

# Programs with special rights, from the start and later
omps_special_rights() {
	local how

	[ "$ME" = root ] || { echo 'needs root to make one'; exit 77; }
	place
	ME=user
	install -m 4755 "$(command -v sleep)" "$D/special"
	for how in '"$0" 1000' 'sh -c "exec $0 1000"'; do
		(as user sh -c "exec omrun -j ${NODES[user]} -- $how" "$D/special") </dev/null >"$D/out" 2>&1 &
		TASK=$!
		until_true 10 at_home "$TASK" 'a traced program would lose its special rights' ||
			wrong "$how: $(cat "$D/out"; omps user)"
		kill "$TASK"
		until_true 10 no_row user || wrong "still there: $(omps user)"
	done
	until_true 10 sockets_gone "$D/run.user/openmosix" || wrong "left: $(ls -A "$D/run.user/openmosix")"
}

# --- to whom ---------------------------------------------------------------------------------------------------

# Who becomes somebody else goes on there, with new programs, too, though home may not ask the kernel for everything about them
omps_other_ids() {
	[ "$ME" = root ] || { echo 'root alone may change its ids'; exit 77; }
	place
	task root sh -c "setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups sh -c 'sleep 1000; :'; :"
	until_true 10 eval 'omps root | grep -q "sleep 1000$"' || wrong "$(omps root)"
	omps root | grep "sleep 1000$" | grep -Eq " 1 - +sleep 1000$" || wrong "$(omps root)"
	kill "$TASK" "$(omps root --no-headers | awk '/ sleep 1000$/ { print $1 }')"
}

omps_users() {
	local theirs

	[ "$ME" = root ] || { echo 'needs root'; exit 77; }
	place
	rmdir "$D/run.user"	# so that the user's is the one in /tmp, where root looks for it
	task user sleep 1000
	theirs=$TASK
	no_row root || wrong 'root sees it without being asked to'
	omps root --all | grep -Eq "^ *$TASK +(nobody|$NOBODY) " || wrong "root does not see it: $(omps root --all)"
	task root sleep 1001
	! omps user --all | grep -q "^ *$TASK " || wrong "the user sees root's: $(omps user --all)"
	omps user --all | grep -q "^ *$theirs " || wrong "the user does not see his own: $(omps user --all)"
	omps root --all | grep -Eq "^ *$TASK +root " || wrong "root does not see his own: $(omps root --all)"
	kill "$TASK" "$theirs"
	until_true 10 sockets_gone "/tmp/openmosix-$NOBODY" || wrong 'sockets are left'
	rmdir "/tmp/openmosix-$NOBODY/nodes" "/tmp/openmosix-$NOBODY" 2>/dev/null || :
}

# --- bad luck --------------------------------------------------------------------------------------------------

omps_killed_deputy() {
	place
	task "$ME" sleep 1000
	kill -KILL "$DEPUTY"
	until_true 10 no_row "$ME" || wrong "still there: $(omps "$ME")"
	until_true 10 sockets_gone "$D/run.$ME/openmosix" || wrong "left: $(ls -A "$D/run.$ME/openmosix")"
}

# One that does not answer: the others are shown, it is named, and it does not take long
omps_stopped_deputy() {
	local first deaf said status from=$SECONDS

	place
	task "$ME" sleep 1000
	first=$TASK deaf=$DEPUTY
	task "$ME" sleep 1001
	kill -STOP "$deaf"
	said=$(omps "$ME")
	status=$?
	kill -CONT "$deaf"
	[ $status = 1 ] || wrong "status $status: $said"
	[ $((SECONDS - from)) -le 15 ] || wrong 'took long'
	grep -q "^omps: deputy $deaf: does not answer$" <<<"$said" || wrong "$said"
	grep -q "^ *$TASK " <<<"$said" || wrong "the other is not shown: $said"
	kill "$TASK" "$first"
}

# --- how -------------------------------------------------------------------------------------------------------

# Another test may have a task of the same user just then, in the directory that serves without XDG_RUNTIME_DIR
omps_nobody_there() {
	place
	until_true 30 shows_nobody || wrong "status $?: $(omps user)"
}

shows_nobody() {
	local said

	said=$(omps user) && [ "$said" = 'PID NODE STATE THR UTIME RSS CALLS/S MIG WHY COMMAND' ] &&
		[ -z "$(omps user --no-headers)" ] && [ "$(omps user --json)" = '{"deputies":[],"tasks":[]}' ]
}

omps_arguments() {
	local said arg

	place
	for arg in --nonsense --watch=0 --watch=nan --watch=1x --watch= 1 --json=yes; do
		said=$(omps "$ME" "$arg" 2>&1)
		[ $? = 125 ] || wrong "$arg: not refused"
		grep -q "^Try 'omps --help'" <<<"$said" || wrong "$arg: $said"
	done
	omps "$ME" --help | grep -q '^Usage: omps ' || wrong 'no help'
	omps "$ME" -V | grep -q '^omps (openMosix) [0-9]' || wrong 'no version'
	said=$( (as "$ME" omps 3>&1 >/dev/full 2>&3) )
	[ $? = 125 ] || wrong 'a full disk is nothing to it'
	[ "$said" = 'omps: standard output: No space left on device' ] || wrong "$said"
}

omps_watch() {
	local said

	place
	said=$( (as user timeout 2 omps --watch=0.2) | sort | uniq -c)
	[[ $said =~ ^\ *([0-9]+)\ PID ]] || wrong "into a pipe: $said"
	[ "${BASH_REMATCH[1]}" -ge 3 ] || wrong "into a pipe, too slowly: $said"
	[ "$( (as user omps --watch=0.1 --json) | head -n 3 | uniq)" = '{"deputies":[],"tasks":[]}' ] || wrong 'JSON'
}

# On a terminal lines are cut to its width, and redrawn in place
omps_terminal() {
	local said

	command -v script >/dev/null || { echo 'needs script(1)'; exit 77; }
	place
	task "$ME" sleep 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000 1000
	said=$( (as "$ME" script -qc 'stty cols 90 rows 10; omps' /dev/null) </dev/null | tr -d '\r')
	grep -Eq "^ *$TASK .*sleep 1000 .*\+$" <<<"$said" || wrong "not cut: $said"
	[ "$(awk '{ print length }' <<<"$said" | sort -n | tail -n 1)" -le 90 ] || wrong "too wide: $said"
	omps "$ME" | grep -q '1000 1000 1000$' || wrong 'cut where there is no terminal'
	said=$( (as "$ME" script -qc 'stty cols 90 rows 10; timeout 1 omps --watch=0.2' /dev/null) </dev/null)
	[[ $said == *$'\033[2J\033[H'*$'\033[K'*$'\033[J\033[H'* ]] || wrong "not redrawn: $said"
	kill "$TASK"
}
