# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# DOC: Theory of operation
#
# Bad input and bad luck; read by test/check.sh, which runs each function faults_NAME as a test: one that prints what is
# wrong and fails, or says nothing. Each has to end with one clear line on standard error, the documented status, and
# nothing left over: no process on either node that carries this test's mark, no file in the runtime directory.

ME=$([ "$(id -u)" = 0 ] && echo root || echo user)
SHARED=${NODES[$ME]}	# the worker that all tests use; those that hurt it start their own

wrong() {
	printf '%s\n' "$*"
	exit 1
}

skip() {
	printf '%s\n' "$*"
	exit 77
}

# --- running ---------------------------------------------------------------------------------------------------

# stage [WHO]: an empty scene
stage() {
	scene_make "$TEST" "${1:-$ME}"
}

# omrun ARG...: run it to its end
omrun() {
	scene_run "$TEST" "${WHO:-$ME}" 50 '' "$BIN/omrun" "$@"
}

# ends STATUS PATTERN: it has ended with STATUS, said one line that matches PATTERN, and left nothing
ends() {
	local status

	status=$(cat "$SCENE/status")
	[ "$status" = "$1" ] || wrong "status $status instead of $1: $(cat "$SCENE/stderr")"
	[ "$(wc -l <"$SCENE/stderr")" = 1 ] || wrong "not one line on standard error: $(cat "$SCENE/stderr")"
	grep -Eq -- "$2" "$SCENE/stderr" || wrong "standard error says: $(cat "$SCENE/stderr")"
	clean
}

# clean: nothing is left
clean() {
	local left

	left=$(marked_gone "OM_TEST=$TEST") || wrong "processes left: $(for p in $left; do tr '\0' ' ' <"/proc/$p/cmdline"; done)"
	left=$(find "$SCENE/rundir" -type s -o -type f)
	[ -z "$left" ] || wrong "files left: $left"
}

# own: a worker of this test's own; sets NODE and OMD_PID
own() {
	cluster_net "$TEST_NR"
	omd_start "$ME"
}

# begin ARG...: start omrun in the background and wait until its program, which is listen, has said `ready`; sets JOB, and
# TASK, which is the process that the program is
begin() {
	stage
	: >"$SCENE/cwd/pid"
	chmod 666 "$SCENE/cwd/pid"
	omrun "$@" &
	JOB=$!
	until_true 20 ready || wrong "the task does not start: $(cat "$SCENE/stderr")"
	TASK=$(cat "$SCENE/cwd/pid")
}

ready() {
	grep -qs ready "$SCENE/stdout"
}

task_gone() {
	! kill -0 "$TASK" 2>/dev/null
}

# deputy: pid of the deputy of the task
deputy() {
	sed -n 's/^TracerPid:\t//p' "/proc/$TASK/status"
}

# remotes: pids of what our omd has started for who has arrived, blanks between
remotes() {
	remotes_of "$OMD_PID"
}

# --- no way to the node ----------------------------------------------------------------------------------------

faults_unknown_node() {
	stage
	omrun -j no-such-node.invalid "$WORK/aids/die" exit 0
	ends 125 '^omrun: no-such-node.invalid: [^:]*$'
	stage
	omrun -j 'not an address' true
	ends 125 '^omrun: '
	stage
	omrun -j 127.0.0.1:99999 true
	ends 125 '^omrun: '
}

faults_refused() {
	stage
	omrun -j 127.0.0.1:1 true
	ends 125 '^omrun: 127.0.0.1 port 1: .*refused'
}

faults_unreachable() {
	cluster_net "$TEST_NR"
	[ -n "$NS" ] || skip 'needs a network namespace'
	ip -n "$NS" link set eth0 down
	stage
	omrun -j "$NODE" true
	ends 125 "^omrun: $NODE port "
}

# peer SCRIPT: a node that is none: python makes one connection and does what SCRIPT says with it; sets NODE
peer() {
	command -v python3 >/dev/null || skip 'no python3'
	stage
	env OM_CHECK=$$ OM_TEST="$TEST.peer" timeout 60 python3 -c "
import os, socket, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(5)
with open('$SCENE/port.new', 'w') as f:
    f.write(str(s.getsockname()[1]))
os.rename('$SCENE/port.new', '$SCENE/port')
c = s.accept()[0]
$1" >"$SCENE/peer.log" 2>&1 &
	until_true 10 test -e "$SCENE/port" || wrong "the peer does not listen: $(cat "$SCENE/peer.log")"
	NODE=127.0.0.1:$(cat "$SCENE/port")
}

faults_peer_closes() {
	peer 'c.close()'
	omrun -j "$NODE" true
	ends 125 '^omrun: '
}

faults_peer_talks_nonsense() {
	peer 'c.sendall(b"220 mail.example.org ESMTP ready\r\n" * 100); time.sleep(30)'
	omrun -j "$NODE" true
	ends 125 '^omrun: '
}

faults_peer_is_silent() {
	peer 'time.sleep(50)'
	omrun -j "$NODE" true
	ends 125 '^omrun: .*(time|answer)'
}

# --- keys ------------------------------------------------------------------------------------------------------

faults_wrong_key() {
	stage
	"$BIN/omctl" keygen "$SCENE/cwd/other" >/dev/null
	[ "$ME" = user ] || chown 0 "$SCENE/cwd/other"
	omrun -j "$SHARED" --key "$SCENE/cwd/other" true
	ends 125 '^omrun: .*key'
}

faults_unreadable_key() {
	stage
	omrun -j "$SHARED" --key "$SCENE/cwd/missing" true
	ends 125 '^omrun: .*missing'
	stage
	cp "$WORK/home.$ME/key" "$SCENE/cwd/open"
	chmod 644 "$SCENE/cwd/open"
	omrun -j "$SHARED" --key "$SCENE/cwd/open" true
	ends 125 '^omrun: .*open'
	stage
	echo nonsense >"$SCENE/cwd/bad"
	chmod 600 "$SCENE/cwd/bad"
	omrun -j "$SHARED" --key "$SCENE/cwd/bad" true
	ends 125 '^omrun: .*bad'
	stage
	mkdir "$SCENE/cwd/dir"
	omrun -j "$SHARED" --key "$SCENE/cwd/dir" true
	ends 125 '^omrun: .*dir'
}

faults_no_key() {
	stage
	SCENE_ENV=(OPENMOSIX_KEY= HOME="$SCENE/cwd")
	[ ! -e /etc/openmosix/key ] || skip 'this machine has a key in /etc/openmosix'
	omrun -j "$SHARED" true
	ends 125 '^omrun: .*key'
}

# --- programs --------------------------------------------------------------------------------------------------

faults_not_found() {
	stage
	omrun -j "$SHARED" no-such-program
	ends 127 '^omrun: no-such-program'
	stage
	omrun -j "$SHARED" ./missing/program
	ends 127 '^omrun: ./missing/program'
	stage
	omrun no-such-program
	ends 127 '^omrun: no-such-program'
}

faults_not_executable() {
	stage
	echo text >"$SCENE/cwd/text"
	omrun -j "$SHARED" ./text
	ends 126 '^omrun: ./text'
	stage
	omrun -j "$SHARED" /etc
	ends 126 '^omrun: /etc'
}

faults_no_command() {
	stage
	omrun -j "$SHARED"
	[ "$(cat "$SCENE/status")" = 125 ] || wrong "status $(cat "$SCENE/status")"
	stage
	omrun --no-such-option true
	[ "$(cat "$SCENE/status")" = 125 ] || wrong "status $(cat "$SCENE/status")"
}

# A 32-bit program runs at home, and one line says so when a node was asked for
faults_program_of_32_bits() {
	stage
	cat >"$SCENE/p.s" <<-'END'
		.globl _start
		_start: mov $4, %eax
		mov $1, %ebx
		mov $text, %ecx
		mov $12, %edx
		int $0x80
		mov $1, %eax
		mov $42, %ebx
		int $0x80
		.data
		text: .ascii "thirty-two\n\n"
	END
	as --32 -o "$SCENE/p.o" "$SCENE/p.s" 2>/dev/null && ld -m elf_i386 -o "$SCENE/p32" "$SCENE/p.o" 2>/dev/null ||
		skip 'no assembler for 32 bits'
	"$SCENE/p32" >/dev/null 2>&1
	[ $? = 42 ] || skip 'this kernel runs no 32-bit programs'
	omrun -j "$SHARED" "$SCENE/p32"
	ends 42 '^omrun: .*p32'
	grep -q thirty-two "$SCENE/stdout" || wrong 'it did not run'
}

# A set-user-ID program runs at home, with its rights, and one line says so
faults_set_uid_program() {
	local uid

	[ "$ME" = root ] || skip 'needs root to make one'
	WHO=user
	stage user
	install -m 4755 "$(command -v id)" "$SCENE/id-suid"
	[ "$(setpriv --reuid="$NOBODY" --clear-groups -- "$SCENE/id-suid" -u)" = 0 ] || skip 'this file system has no set-user-ID'
	omrun -j "${NODES[user]}" "$SCENE/id-suid" -u
	uid=$(cat "$SCENE/stdout")
	[ "$uid" = 0 ] || wrong "it runs as $uid"
	ends 0 '^omrun: .*id-suid'
}

# A program that traces others runs at home, and one line says so; from a shell on the node, too
faults_program_that_traces() {
	stage
	omrun -j "$SHARED" "$WORK/aids/tracer"
	ends 0 '^omrun: .*tracer'
	"$WORK/aids/tracer" | cmp - "$SCENE/stdout" || wrong "it says: $(cat "$SCENE/stdout")"
	stage
	omrun -j "$SHARED" sh -c "$WORK/aids/tracer; exit 42"
	[ "$(cat "$SCENE/status")" = 42 ] || wrong "status $(cat "$SCENE/status")"
	"$WORK/aids/tracer" | cmp - "$SCENE/stdout" || wrong "from a shell it says: $(cat "$SCENE/stdout")"
	clean
}

# So does one with a leak checker, which stops and reads the program at its end
faults_program_with_leak_checker() {
	stage
	echo 'int main(void) { return 0; }' | cc -fsanitize=address -x c -o "$SCENE/checked" - 2>/dev/null &&
		"$SCENE/checked" 2>/dev/null || skip 'no AddressSanitizer'
	omrun -j "$SHARED" "$SCENE/checked"
	ends 0 '^omrun: .*checked'
}

# And one that watches what others do to files
faults_program_that_watches_files() {
	stage
	printf '%s\n' '#include <sys/fanotify.h>' 'int main(void) { return fanotify_init(~0u, 0) + 8; }' |
		cc -x c -o "$SCENE/watcher" -
	omrun -j "$SHARED" "$SCENE/watcher"
	ends 7 '^omrun: .*watcher'
}

# --- the connection, the daemons, the processes ----------------------------------------------------------------

# sever: the connection is gone: the cable is pulled where there is one, else the remote dies
sever() {
	if [ -n "$NS" ]; then
		ip -n "$NS" link set eth0 down
	else
		# shellcheck disable=SC2046
		kill -9 $(remotes)
	fi
}

faults_cut_while_computing() {
	own
	begin -j "$NODE" "$WORK/aids/listen" busy
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

faults_cut_in_a_call() {
	own
	begin -j "$NODE" "$WORK/aids/listen" read
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

faults_cut_between_calls() {
	own
	begin -j "$NODE" "$WORK/aids/listen" calls
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

# Signals that the program catches come all the time, also when nobody is there any more to catch them
faults_cut_under_signals() {
	own
	# shellcheck disable=SC2016
	begin -j "$NODE" bash -c 'trap : USR1 CHLD; echo $$ >pid; sleep 1000 & echo ready; while :; do (exit 1); done'
	while kill -USR1 "$TASK" 2>/dev/null; do :; done &
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

# There is no leader any more who could end the process
faults_cut_without_leader() {
	own
	begin -j "$NODE" "$WORK/aids/listen" others
	until_true 10 grep -q '^State:	Z' "/proc/$TASK/status" || wrong 'the leader does not end'
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

# Nobody reads what it says: it must end nevertheless
faults_cut_unheard() {
	own
	stage
	: >"$SCENE/cwd/pid"
	chmod 666 "$SCENE/cwd/pid"
	mkfifo -m 666 "$SCENE/cwd/deaf"
	exec 7<>"$SCENE/cwd/deaf"
	dd if=/dev/zero of="$SCENE/cwd/deaf" bs=4096 count=1000 oflag=nonblock 2>/dev/null
	scene_run "$TEST" "$ME" 50 '' sh -c "exec $BIN/omrun -j $NODE $WORK/aids/listen read 2>deaf" &
	JOB=$!
	until_true 20 ready || wrong 'the task does not start'
	sever
	wait "$JOB"
	[ "$(cat "$SCENE/status")" = 125 ] || wrong "status $(cat "$SCENE/status")"
	exec 7>&-
	clean
}

faults_remote_killed() {
	own
	begin -j "$NODE" "$WORK/aids/listen" sleep
	# shellcheck disable=SC2046
	kill -9 $(remotes)
	wait "$JOB"
	ends 125 '^omrun: .*(lost|closed|connection)'
	omd_ready || wrong 'omd does not answer'
}

# The guest's body dies on the worker by another's hand: the task ends, with a line that says so
faults_guest_killed() {
	local guest

	own
	begin -j "$NODE" "$WORK/aids/listen" busy
	for guest in $(marked "OM_TEST=$TEST"); do
		# It computes: the only one of this test's processes that does
		[ "$guest" != "$TASK" ] && [ "$(cut -d' ' -f3 "/proc/$guest/stat")" = R ] && kill -9 "$guest"
	done
	wait "$JOB"
	ends '125' '^omrun: '
	omd_ready || wrong 'omd does not answer'
}

# A task goes on without the daemon that let it in, or ends with a line; a new one is refused
faults_omd_killed() {
	own
	begin -j "$NODE" "$WORK/aids/listen" read
	kill -9 "$OMD_PID"
	until_true 10 omd_gone
	if until_true 3 task_gone; then
		wait "$JOB"
		ends 125 '^omrun: .*(lost|closed|connection)'
	else
		kill -USR1 "$TASK"
		until_true 10 grep -qs 'got 10' "$SCENE/stdout" || wrong "the task does not go on: $(cat "$SCENE/stderr")"
		kill -9 "$TASK"
		wait "$JOB"
		[ "$(cat "$SCENE/status")" = 137 ] || wrong "status $(cat "$SCENE/status")"
		clean
	fi
	stage
	omrun -j "$NODE" true
	ends 125 '^omrun: '
}

# SIGTERM ends omd and its guests
faults_omd_ends() {
	own
	begin -j "$NODE" "$WORK/aids/listen" read
	kill "$OMD_PID"
	until_true 10 omd_gone || wrong 'omd does not end'
	wait "$JOB"
	ends 125 '^omrun: '
}

# Nobody is there to say a word: the task must not go on with half of itself
faults_deputy_killed() {
	own
	begin -j "$NODE" "$WORK/aids/listen" read
	kill -9 "$(deputy)"
	wait "$JOB"
	case $(cat "$SCENE/status") in
	125 | 137) ;;
	*) wrong "status $(cat "$SCENE/status")" ;;
	esac
	# Its socket goes with the next one that looks there
	omrun -j "$NODE" "$WORK/aids/die" exit 7
	[ "$(cat "$SCENE/status")" = 7 ] || wrong "afterwards: status $(cat "$SCENE/status")"
	clean
}

faults_task_killed() {
	local how

	own
	for how in busy read sleep calls; do
		begin -j "$NODE" "$WORK/aids/listen" $how
		kill -9 "$TASK"
		wait "$JOB"
		[ "$(cat "$SCENE/status")" = 137 ] || wrong "$how: status $(cat "$SCENE/status")"
		[ ! -s "$SCENE/stderr" ] || wrong "$how: standard error says: $(cat "$SCENE/stderr")"
		clean
	done
	until_true "$GRACE" test -z "$(remotes)" || wrong "remotes left: $(remotes)"
}

# Many at once lose their worker
faults_many_cut() {
	local i jobs=()

	own
	stage
	for i in 1 2 3 4 5 6 7 8 9 10; do
		mkdir -p "$SCENE/$i"
		{ scene_exec "$TEST" "$ME" 50 '' "$BIN/omrun" -j "$NODE" "$WORK/aids/listen" read; } 2>/dev/null &
		jobs+=($!)
	done
	until_true 30 all_here 10 || wrong "only $(remotes | wc -w) tasks started"
	sever
	all_lost "${jobs[@]}"
}

# all_lost JOB...: all of them end as who has lost the node, and leave nothing
all_lost() {
	local job status

	for job in "$@"; do
		wait "$job"
		status=$?
		[ $status = 125 ] || wrong "status $status"
	done
	clean
}

# The node dies while shells start one program after the other, at any point of that: all end, and so do their children
faults_omd_killed_amid_execs() {
	local round i jobs

	cluster_net "$TEST_NR"
	for round in 1 2 3 4 5 6 7 8; do
		omd_start "$ME"
		stage
		jobs=()
		for i in 1 2 3 4; do
			{ scene_exec "$TEST" "$ME" 50 '' "$BIN/omrun" -j "$NODE" \
				sh -c 'while :; do /bin/true; printf . >>"$0"; done' "dots.$i"; } 2>/dev/null &
			jobs+=($!)
		done
		until_true 30 all_print $((10 + 7 * round)) || wrong 'the shells do not get on'
		kill -9 "$OMD_PID"
		all_lost "${jobs[@]}"
		until_true 10 omd_gone
	done
}

all_print() {
	local file

	for file in "$SCENE"/cwd/dots.{1,2,3,4}; do
		[ -e "$file" ] && [ "$(wc -c <"$file")" -ge "$1" ] || return 1
	done
}

all_here() {
	[ "$(remotes | wc -w)" -ge "$1" ]
}

# --- resources -------------------------------------------------------------------------------------------------

faults_disk_full() {
	local side file=big

	if [ "$ME" = root ]; then
		stage
		mount -t tmpfs -o size=256k,mode=777 none "$SCENE/cwd/out" || skip 'no tmpfs can be mounted'
	else
		stage
		file=full
		ln -s /dev/full "$SCENE/cwd/out/$file"
	fi
	for side in '' "-j $SHARED"; do
		rm -f "$SCENE/cwd/out/big"
		# shellcheck disable=SC2086
		omrun $side dd if=/dev/zero "of=out/$file" bs=100k count=10
		[ "$(cat "$SCENE/status")" = 1 ] || wrong "'$side': status $(cat "$SCENE/status")"
		grep -q 'No space left' "$SCENE/stderr" || wrong "'$side': $(cat "$SCENE/stderr")"
		sed -n 's/ bytes.*//p' "$SCENE/stderr" >"$SCENE/said$side"
		stat -c %s "$SCENE"/cwd/out/big >>"$SCENE/said$side" 2>/dev/null
	done
	cmp -s "$SCENE/said" "$SCENE/said-j $SHARED" || wrong "$(cat "$SCENE"/said*)"
	clean
	umount "$SCENE/cwd/out" 2>/dev/null
	return 0
}

# A write fails that the program has taken for done, because a limit was set from outside: whoever looks learns of it with
# the next write, and who never looks is told at the end
faults_write_fails_late() {
	local how

	own
	begin -j "$NODE" "$WORK/aids/scribe" careful
	prlimit --pid "$TASK" --fsize=1000000000:1000000000 || skip 'no limits can be set'
	until_true 20 test -s "$SCENE/cwd/out/lines" || wrong 'nothing is written'
	prlimit --pid "$TASK" --fsize=1500000:1500000
	wait "$JOB"
	[ "$(cat "$SCENE/status")" = 3 ] || wrong "status $(cat "$SCENE/status"): $(cat "$SCENE/stderr")"
	grep -q '^File too large' "$SCENE/stdout" || wrong "it says: $(cat "$SCENE/stdout")"
	clean
	begin -j "$NODE" "$WORK/aids/scribe" careless
	until_true 20 test -s "$SCENE/cwd/out/lines" || wrong 'nothing is written'
	prlimit --pid "$TASK" --fsize=1500000:1500000
	until_true 20 full || wrong "the file has $(stat -c %s "$SCENE/cwd/out/lines") bytes"
	: >"$SCENE/cwd/out/stop"
	wait "$JOB"
	case $(cat "$SCENE/status") in
	0) [ ! -s "$SCENE/stderr" ] || wrong "it says: $(cat "$SCENE/stderr")" ;; # it had looked just then
	*) ends 125 '^omrun: .*a write that the program took for done has failed: File too large' ;;
	esac
	for how in once bare; do
		clean
		rm -f "$SCENE/cwd/out/stop"
		begin -j "$NODE" "$WORK/aids/scribe" $how
		until_true 20 written || wrong "the file has $(stat -c %s "$SCENE/cwd/out/lines") bytes"
		prlimit --pid "$TASK" --fsize=50000:50000
		: >"$SCENE/cwd/out/stop"
		wait "$JOB"
		ends 125 '^omrun: .*a write that the program took for done has failed: File too large'
	done
}

written() {
	[ "$(stat -c %s "$SCENE/cwd/out/lines")" -ge 50000 ]
}

full() {
	[ "$(stat -c %s "$SCENE/cwd/out/lines")" -ge 1000000 ]
}

# Somebody else makes and removes what a task has looked for in vain, and says so: it sees that at once
faults_listing_stale() {
	local dir round

	own
	stage
	dir=$SCENE/cwd/names
	mkdir -p "$dir/deep/er" "$SCENE/other/er"
	: >"$SCENE/other/er/thing"
	mkfifo "$dir/ask" "$dir/answer"
	chmod -R a+rwX "$SCENE/cwd" "$SCENE/other"
	# shellcheck disable=SC2016
	omrun -j "$NODE" -- bash -c 'exec 3<"$0/ask" 4>"$0/answer"
		while read -r name <&3; do
			for look in 1 2 3; do is=absent; [ -e "$0/$name" ] && is=there; done
			echo $is >&4
		done
		until [ -e "$0/late" ]; do :; done
		echo end' "$dir" &
	JOB=$!
	exec 5>"$dir/ask" 6<"$dir/answer"
	for round in {1..12}; do
		asks thing absent
		: >"$dir/thing"
		asks thing there
		rm "$dir/thing"
		asks thing absent
		asks deep/er/thing absent
		mv "$dir/deep" "$SCENE/aside"
		asks deep/er/thing absent
		mv "$SCENE/other" "$dir/deep"
		asks deep/er/thing there
		mv "$dir/deep" "$SCENE/other"
		mv "$SCENE/aside" "$dir/deep"
		ln -s deep "$dir/link"
		asks link/er/thing absent
		: >"$dir/deep/er/thing"
		asks link/er/thing there
		rm "$dir/link" "$dir/deep/er/thing"
	done
	exec 5>&- 6<&-
	: >"$dir/late"
	wait "$JOB"
	[ "$(cat "$SCENE/stdout")" = end ] || wrong "it says: $(cat "$SCENE/stdout" "$SCENE/stderr")"
}

# asks NAME WANTED [WHEN]: what the task finds of that name
asks() {
	local answer

	echo "$1" >&5
	read -r -t 20 answer <&6
	[ "$answer" = "$2" ] || wrong "$1 is $2 ${3:-}and the task finds it ${answer:-gone}, round $round"
}

# says NAME WANTED WHY: what the task that follows reads from the file, each of four times
says() {
	asks "$1" "$2 $2 $2 $2" "when $3 "
}

# A file that a task opens again and again is as it is, whoever changes it
faults_promise_retracted() {
	local dir round

	own
	stage
	dir=$SCENE/cwd/files
	mkdir -p "$dir/sub" "$SCENE/other"
	echo other >"$SCENE/other/text"
	mkfifo "$dir/ask" "$dir/answer"
	chmod -R a+rwX "$SCENE/cwd" "$SCENE/other"
	# shellcheck disable=SC2016
	OPENMOSIX_PROMISE_AGE_S=0 omrun -j "$NODE" -- bash -c 'exec 3<"$0/ask" 4>"$0/answer"
		while read -r name <&3; do
			all=
			for look in 1 2 3 4; do text=none; [ ! -e "$0/$name" ] || read -r text <"$0/$name"; all="$all $text"; done
			echo ${all# } >&4
		done' "$dir" &
	JOB=$!
	exec 5>"$dir/ask" 6<"$dir/answer"
	for round in {1..6}; do
		echo first >"$dir/text"
		says text first 'it is new'
		echo other >"$dir/text"
		says text other 'it was written to'
		dd of="$dir/text" conv=notrunc status=none <<<third
		says text third 'it was overwritten'
		python3 -c 'import mmap, sys
with open(sys.argv[1], "r+b") as f: mmap.mmap(f.fileno(), 5)[:] = b"mmaps"' "$dir/text"
		says text mmaps 'it was written to by memory'
		echo fourth >"$dir/new"
		mv "$dir/new" "$dir/text"
		says text fourth 'it was replaced'
		ln -s text "$dir/link"
		says link fourth 'it is a link'
		echo target >"$dir/target"
		ln -sf target "$dir/link"
		says link target 'the link leads elsewhere'
		echo deep >"$dir/sub/text"
		says sub/text deep 'it is in a directory'
		mv "$dir/sub" "$SCENE/aside"
		mv "$SCENE/other" "$dir/sub"
		says sub/text other 'the directory is another'
		mv "$dir/sub" "$SCENE/other"
		mv "$SCENE/aside" "$dir/sub"
		says sub/text deep 'the directory is back'
		rm "$dir/text" "$dir/link"
		says text none 'it is not there'
	done
	exec 5>&- 6<&-
	wait "$JOB" || wrong "status $?: $(cat "$SCENE/stderr")"
}

# Where memory of the worker can be limited: the task ends, the worker does not
faults_worker_out_of_memory() {
	local group

	[ "$ME" = root ] || skip 'needs root to limit memory'
	group=/sys/fs/cgroup/memory/om-check-$$-$TEST_NR
	if mkdir "$group" 2>/dev/null && echo 200M 2>/dev/null >"$group/memory.limit_in_bytes"; then
		:
	else
		rmdir "$group" 2>/dev/null
		group=/sys/fs/cgroup/om-check-$$-$TEST_NR
		mkdir "$group" 2>/dev/null && echo 200M 2>/dev/null >"$group/memory.max" && echo 0 >"$group/memory.swap.max" ||
			{ rmdir "$group" 2>/dev/null; skip 'memory cannot be limited here'; }
	fi
	cluster_net "$TEST_NR"
	# shellcheck disable=SC2016
	OMD_AROUND=(sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group")
	omd_start root
	stage
	omrun -j "$NODE" "$WORK/aids/hog" 500
	ends 125 '^omrun: '
	omd_ready || wrong 'omd does not answer'
	stage
	omrun -j "$NODE" "$WORK/aids/hog" 10
	[ "$(cat "$SCENE/status")" = 0 ] || wrong "a small task afterwards: status $(cat "$SCENE/status"): $(cat "$SCENE/stderr")"
	omd_stop
	rmdir "$group"
}

# Surroundings in which programs are seldom started: it finds itself in the same ones. Some leave too little to move it
# with, then it runs at home.
# A family that has as many members as the worker allows gets no more, of either kind; and more when some have ended
faults_family_is_full() {
	local OMD_UNDER='env OPENMOSIX_THREADS_MAX=40'

	own
	stage
	omrun -j "$NODE" "$WORK/aids/crowd"
	[ "$(cat "$SCENE/status") $(sort "$SCENE/stdout" | uniq -c | tr -s ' \n' ' ')" = \
		'0  2 39 children: Resource temporarily unavailable 2 39 threads: Resource temporarily unavailable ' ] ||
		wrong "$(cat "$SCENE/status" "$SCENE/stdout" "$SCENE/stderr")"
	clean
	omd_ready || wrong 'omd does not answer'
}

faults_odd_surroundings() {
	# shellcheck disable=SC2016
	local around show='ls /proc/self/fd; grep -E "^Sig(Blk|Ign)" /proc/self/status; pwd; umask; ulimit -a; (exit 7); echo $?'

	while read -r around; do
		# A sanitizer takes more address space than that before it begins
		[[ $around = *' -v '* && $(nm -D "$BIN/omrun" 2>/dev/null) = *__asan* ]] && continue
		stage
		scene_run "$TEST" "$ME" 50 '' sh -c "$around" sh sh -c "$show"
		mv "$SCENE/stdout" "$SCENE/native"
		mv "$SCENE/status" "$SCENE/native.status"
		stage
		scene_run "$TEST" "$ME" 50 '' sh -c "$around" sh "$BIN/omrun" -j "$SHARED" sh -c "$show"
		cmp -s "$SCENE/native" "$SCENE/stdout" && cmp -s "$SCENE/native.status" "$SCENE/status" ||
			wrong "$around: $(diff "$SCENE/native" "$SCENE/stdout"), status $(cat "$SCENE/status"): $(cat "$SCENE/stderr")"
		clean
	done <<-'END'
		exec "$@" <&-
		exec "$@" 2>&-
		exec "$@" <&- 2>&-
		exec "$@" 100</ 101</etc/passwd
		mkdir deep && cd deep && rmdir ../deep && exec "$@"
		trap '' CHLD PIPE HUP INT; exec "$@"
		umask 777; exec "$@"
		exec env -i PATH="$PATH" OPENMOSIX_KEY="$OPENMOSIX_KEY" OPENMOSIX_STATS="$OPENMOSIX_STATS" "$@"
		exec env HOME=/proc LC_ALL=nowhere XDG_RUNTIME_DIR=/nonexistent "$@"
		ulimit -s 64; exec "$@"
		ulimit -s unlimited 2>/dev/null; exec "$@"
		ulimit -S -v 16000; exec "$@"
		ulimit -f 100; exec "$@"
		ulimit -l 0; exec "$@"
		exec setsid -w nice -n 5 "$@"
	END
}

# In a container it may be process 1, which the guests have already. With it all are killed there, so a socket may stay.
faults_process_1() {
	stage
	unshare --pid --fork --mount-proc true 2>/dev/null || skip 'no pid namespace can be made'
	scene_run "$TEST" "$ME" 50 '' unshare --pid --fork --mount-proc "$BIN/omrun" -j "$SHARED" "$WORK/aids/die" exit 7
	rm -rf "$SCENE/rundir/openmosix"
	ends 7 '^omrun: .*process 1'
	stage
	# shellcheck disable=SC2016
	scene_run "$TEST" "$ME" 50 '' unshare --pid --fork --mount-proc sh -c '"$@"; exit $?' sh "$BIN/omrun" -j "$SHARED" \
		"$WORK/aids/die" exit 7
	rm -rf "$SCENE/rundir/openmosix"
	[ "$(cat "$SCENE/status")" = 7 ] && [ ! -s "$SCENE/stderr" ] || wrong "$(cat "$SCENE/status" "$SCENE/stderr")"
	clean
}

# --- the cache of contents -------------------------------------------------------------------------------------

# sends: start a program that maps more than a megabyte of libraries; sets SENT to the bytes of files that were sent
sends() {
	omrun -j "$NODE" "${1:-perl}" -e 'print 6 * 7'
	[ "$(cat "$SCENE/status") $(cat "$SCENE/stdout")" = '0 42' ] || wrong "$(cat "$SCENE/status" "$SCENE/stdout" "$SCENE/stderr")"
	SENT=$(sed -n 's/.*contents=//p' "$SCENE/stats" | tail -n 1)
}

# sends_all, sends_little: where a second start sends what the first one did, or next to nothing
sends_all() {
	sends
	[ "$SENT" -gt 1000000 ] || wrong "$SENT bytes of files sent instead of all"
}

sends_little() {
	sends "$@"
	[ "$SENT" -lt 300000 ] || wrong "$SENT bytes of files sent instead of next to none"
}

# A second start of a program does not send it again, whatever becomes of what home remembers
faults_cache() {
	local hashes

	own
	stage
	hashes=$SCENE/cwd/openmosix/hashes
	SCENE_ENV=(XDG_CACHE_HOME="$SCENE/cwd")
	chmod 755 "$SCENE/cwd"
	sends_all
	until_true 20 sends_is_little
	sends_little
	[ "$(stat -c '%a' "$hashes")" = 600 ] || wrong "$(ls -l "$hashes")"
	# Garbage, a part, nothing: as if it were not there
	head -c 524288 /dev/urandom >"$hashes"
	sends_all
	sends_little
	truncate -s 100 "$hashes"
	sends_all
	sends_little
	rm "$hashes"
	ln -s /dev/full "$hashes"
	sends_all
	sends_all
	rm "$hashes"
	sends_all
	# A program that is another one now
	cp "$(command -v perl)" "$SCENE/cwd/perl"
	chmod 755 "$SCENE/cwd/perl"
	until_true 20 is_old "$SCENE/cwd/perl"
	sends "$SCENE/cwd/perl"
	sends_little "$SCENE/cwd/perl"
	cp "$(command -v bash)" "$SCENE/cwd/perl"
	omrun -j "$NODE" "$SCENE/cwd/perl" -c 'echo $((6 * 7))'
	[ "$(cat "$SCENE/stdout")" = 42 ] || wrong "$(cat "$SCENE/stdout" "$SCENE/stderr")"
	clean
}

sends_is_little() {
	sends
	[ "$SENT" -lt 300000 ]
}

is_old() {
	[ $(($(date +%s) - $(stat -c %Z "$1"))) -gt 3 ]
}

# A node that keeps nothing, and one that keeps too little
faults_cache_none() {
	local size

	stage
	SCENE_ENV=(XDG_CACHE_HOME="$SCENE/cwd")
	chmod 755 "$SCENE/cwd"
	cluster_net "$TEST_NR"
	for size in 0 1M; do
		omd_start "$ME" --cache $size
		sends_all
		sends_all
		kill "$OMD_PID"
		until_true 10 omd_gone || wrong 'omd does not end'
	done
	clean
}

# --- memory of a file that two families would share ---------------------------------------------------------

# maps WHAT: a family of its own maps the file, or is told why not
maps() {
	omrun -j "$SHARED" "$WORK/aids/share" data
	[ "$(cat "$SCENE/stdout")" = "$1" ] || wrong "says $(cat "$SCENE/stdout") instead of $1: $(cat "$SCENE/stderr")"
}

faults_shared_by_two() {
	stage
	mkfifo "$SCENE/cwd/end"
	chmod 666 "$SCENE/cwd/end"
	{ scene_exec "$TEST" "$ME" 50 '' "$BIN/omrun" -j "$SHARED" "$WORK/aids/share" data end; } 2>/dev/null &
	JOB=$!
	until_true 20 grep -qs mapped "$SCENE/stdout" || wrong "the first does not map it: $(cat "$SCENE/stderr")"
	maps ENODEV
	maps ENODEV
	: >"$SCENE/cwd/end"
	wait "$JOB" || wrong "status $? of the first"
	maps mapped
	# A family that goes on gives it up with the process that had mapped it
	{ scene_exec "$TEST" "$ME" 50 '' "$BIN/omrun" -j "$SHARED" sh -c \
		'"$AIDS/share" data; "$AIDS/share" other >/dev/null; cat end'; } 2>/dev/null &
	JOB=$!
	until_true 20 grep -qs mapped "$SCENE/stdout" || wrong "the shell's child does not map it: $(cat "$SCENE/stderr")"
	until_true 10 given_up || wrong 'a family keeps what none of it maps'
	: >"$SCENE/cwd/end"
	wait "$JOB" || wrong "status $? of the shell"
	clean
}

given_up() {
	(maps mapped)
}

# --- pages on demand -------------------------------------------------------------------------------------------

# paging [FROM]: an own worker that says how it brings large files, and a file to be large: of 256 MiB, in random bytes
paging() {
	local OMD_UNDER="env OPENMOSIX_LOG=info $1"

	own
	BIG=$WORK/cache/big
	(
		flock 9
		[ -s "$BIG" ] || head -c 256M /dev/urandom >"$BIG"
	) 9>"$WORK/cache/big.lock"
}

# is_paged: does the worker bring files page by page? Where it cannot, it has said so
is_paged() {
	! grep -q 'not brought page by page' "$OMD_LOG"
}

# browses: look at 100 pages of the file; sets SENT
browses() {
	stage
	omrun -j "$NODE" "$WORK/aids/browse" "$BIG" 100
	[ "$(cat "$SCENE/status") $(cat "$SCENE/stdout")" = "0 $("$WORK/aids/browse" "$BIG" 100)" ] ||
		wrong "$(cat "$SCENE/status" "$SCENE/stdout" "$SCENE/stderr")"
	SENT=$(sed -n 's/.*contents=//p' "$SCENE/stats" | tail -n 1)
	clean
}

# sends_pages: who looks at some pages does not pay for all of the file, where there is FUSE for omd's user
sends_pages() {
	browses
	if is_paged; then
		[ "$SENT" -lt 20000000 ] || wrong "$SENT bytes of files sent for 100 pages"
	else
		[ "$SENT" -ge 268435456 ] || wrong "$SENT bytes of files sent instead of all"
	fi
}

faults_paged() {
	paging
	sends_pages
}

# The same for an omd of an ordinary user, for whom /dev/fuse is as it is on most machines
faults_paged_by_user() {
	[ "$ME" = root ] || skip 'needs root, to be an ordinary user'
	OMD_AROUND=(unshare -m sh -c 'mknod -m 666 "$0" c 10 229 && mount --bind "$0" /dev/fuse; exec "$@"' "$WORK/tests/fuse")
	ME=user paging
	sends_pages
}

faults_paged_not() {
	paging OPENMOSIX_PAGED_FROM=0
	browses
	[ "$SENT" -ge 268435456 ] || wrong "$SENT bytes of files sent instead of all"
}

# Where no second connection can be made, because omd does not answer, files come as a whole
faults_paged_not_joined() {
	paging
	begin -j "$NODE" "$WORK/aids/browse" "$BIG" 100 wait
	kill -STOP "$OMD_PID"
	kill -USR1 "$TASK"
	wait "$JOB"
	kill -CONT "$OMD_PID"
	[ "$(cat "$SCENE/status") $(cat "$SCENE/stdout")" = "0 $("$WORK/aids/browse" "$BIG" 100)" ] ||
		wrong "$(cat "$SCENE/status" "$SCENE/stdout" "$SCENE/stderr")"
	SENT=$(sed -n 's/.*contents=//p' "$SCENE/stats" | tail -n 1)
	[ "$SENT" -ge 268435456 ] || wrong "$SENT bytes of files sent instead of all"
	clean
}

# The connection is cut while pages are waited for
faults_paged_cut() {
	paging
	begin -j "$NODE" "$WORK/aids/browse" "$BIG"
	sever
	wait "$JOB"
	ends 125 '^omrun: .*(lost|answer|connection)'
}

# pager: pid of the pager, which is a child of the remote
pager() {
	pgrep -P "$(remotes | tr -d ' ')" om-pager
}

faults_pager_killed() {
	paging
	begin -j "$NODE" "$WORK/aids/browse" "$BIG"
	is_paged || skip 'no FUSE for this user'
	kill -9 "$(pager)" || wrong 'there is no pager'
	wait "$JOB"
	ends 125 '^omrun: .*(lost|closed|connection)'
	omd_ready || wrong 'omd does not answer'
}

# The remote is killed, or omd ended, while guests wait for pages: nothing is left
faults_paged_remote_killed() {
	paging
	begin -j "$NODE" "$WORK/aids/browse" "$BIG"
	# shellcheck disable=SC2046
	kill -9 $(remotes)
	wait "$JOB"
	ends 125 '^omrun: .*(lost|closed|connection)'
	begin -j "$NODE" "$WORK/aids/browse" "$BIG"
	kill "$OMD_PID"
	until_true 10 omd_gone || wrong 'omd does not end'
	wait "$JOB"
	ends 125 '^omrun: .*(lost|closed|connection)'
}

faults_paged_task_killed() {
	paging
	begin -j "$NODE" "$WORK/aids/browse" "$BIG"
	kill -9 "$TASK"
	wait "$JOB"
	[ "$(cat "$SCENE/status")" = 137 ] || wrong "status $(cat "$SCENE/status")"
	clean
}

# --- others talk to the port while a task runs ---------------------------------------------------------------

faults_garbage_while_working() {
	local i

	[ -n "$(command -v python3)" ] || skip 'no python3'
	own
	begin -j "$NODE" "$WORK/aids/listen" calls
	python3 - "$NODE_IP" "$NODE_PORT" <<-'END'
		import os, socket, sys
		held = []
		for i in range(200):
		    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
		    try:
		        s.sendall(os.urandom(i * 37 % 5000) if i % 3 else b"GET / HTTP/1.0\r\n\r\n")
		    except OSError:
		        pass
		    held.append(s)
	END
	kill -USR1 "$TASK"
	until_true 10 grep -qs 'got 10' "$SCENE/stdout" || wrong 'the task does not go on'
	kill "$TASK"
	wait "$JOB"
	[ "$(cat "$SCENE/status")" = 143 ] || wrong "status $(cat "$SCENE/status")"
	clean
	omd_ready || wrong 'omd does not answer'
	for i in 1 2 3; do
		stage
		omrun -j "$NODE" "$WORK/aids/die" exit $i
		[ "$(cat "$SCENE/status")" = $i ] || wrong "status $(cat "$SCENE/status"): $(cat "$SCENE/stderr")"
	done
}
