# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Shells and their children: dash, bash and busybox (package busybox-static, musl or glibc) run the same script.
. "$LIB"
need bash dash
cat >script <<'END'
echo "$0 with $# arguments: $*"
seq 1 2000 | grep 7 | sed 's/7/x/g' | tr x 8 | sort -rn | head -n 5 | while read -r n; do printf '%s ' $((n + 1)); done; echo
cat <<HERE | tr a-z A-Z
a here-document of $(echo "$1" | wc -c) bytes, $((6 * 7))
$(for i in 1 2 3; do (echo "nested $i" | cat); done)
HERE
false || echo "false gave $?"
(exit 3); echo "subshell gave $?"
{ sh -c 'kill -9 $$'; echo "killed one gave $?"; } 2>/dev/null
nonexistent-command 2>/dev/null; echo "missing one gave $?"
for i in 1 2 3; do (exit $i) & pids="$pids $!"; done
for pid in $pids; do wait $pid; echo "background gave $?"; done
trap 'echo "USR1 while $state"' USR1
state=busy; kill -USR1 $$
state=waiting; (kill -USR1 $$) & wait; wait
trap 'echo "end gave $?"' EXIT
(trap 'echo inner end' EXIT; exit 1) || echo "inner gave $?"
mkfifo fifo
cat fifo & echo through the fifo >fifo; wait
rm fifo
exec 3>"$OUT/${0##*/}.$SHELL_NAME"; echo first >&3; (echo second >&3); { echo third; ls /nonexistent; } >&3 2>&1; exec 3>&-
f() { local x=$1; [ "$x" -le 0 ] || { printf '%s ' "$x"; (f $((x - 1))); }; }; f 12; echo
echo "a b  c" | (read -r x y; echo "$y:$x")
set -- $(yes | head -n 300); echo "$# words"
i=0; while [ $i -lt 30 ]; do true | false | true; i=$((i + 1)); done; echo "$i pipelines"
umask 027; >"$OUT/umask.$SHELL_NAME"; cd /; pwd; cd - >/dev/null
env | grep -c '^SHELL_NAME='
find /etc/passwd /etc/nonexistent 2>&1 | sort
exit 5
END
for shell in dash bash 'busybox sh'; do
	command -v "${shell%% *}" >/dev/null || continue
	echo "--- $shell"
	export SHELL_NAME="${shell%% *}"
	# shellcheck disable=SC2086
	status $RUN $shell script one 'two words'
	# shellcheck disable=SC2086
	echo 'echo from standard input; cat; exit 4' | status $RUN $shell -s
	# shellcheck disable=SC2086
	status $RUN $shell -c 'set -e; true; false; echo not reached'
	# shellcheck disable=SC2086
	status $RUN $shell -c 'trap "echo terminated; exit 9" TERM; kill $$; echo not reached'
	# shellcheck disable=SC2086
	status $RUN $shell -c 'exec /bin/echo replaced'
done
cat >bashes <<'END'
diff <(seq 1 5) <(seq 2 6)
paste <(echo a; echo b) <(echo 1; echo 2) > >(tac | cat >tac); until [ -s tac ]; do :; done; cat tac
mapfile -t lines < <(printf '%s\n' x y z); echo "${#lines[@]} ${lines[2]}"
coproc cat; echo coprocess >&"${COPROC[1]}"; read -r -u "${COPROC[0]}" said; echo "$said"
exec {COPROC[1]}>&-; wait
set -o pipefail; false | true; echo "${PIPESTATUS[@]} $?"; false | true || echo pipefail
set -m; sleep 100 & pid=$!; jobs -r | sed 's/^[^ ]* *//'; kill -STOP $pid; until grep -q '^State:.T' /proc/$pid/status; do :; done
kill -CONT $pid; kill $pid; r=147; until [ $r != 147 ]; do wait $pid; r=$?; done; echo "job gave $r"
(sleep 100 & wait) & kill -- -$!; wait $!; echo "group gave $?"
trap 'echo child' CHLD; (exit 2); /bin/true; trap - CHLD
timeout 0.2 sleep 10; echo "timeout gave $?"
cat <<<"here-string $BASH_SUBSHELL $( (echo $BASH_SUBSHELL) )"
for ((i = 0; i < 40; i++)); do (exit $i) & done; wait; echo all
ulimit -n; (ulimit -n 64; ulimit -n)
exec 5<>/dev/null; [ -e /proc/self/fd/5 ] && echo 'descriptor 5'
printf '%s\n' "${!BASH_VERSINFO[@]}" | xargs -n 1 -P 3 echo | sort -n | tr '\n' ' '; echo
END
status $RUN bash --norc bashes 2>&1 | grep -v 'bash: line\|Terminated'
