# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# Programs on a terminal: line editing, end of file, Ctrl-C, Ctrl-\, window size, hang-up.
. "$LIB"
export TERM=vt100
printf '!reads\none\\r\nedited\\x7f\\x7fting\\r\n\\x04\n' >keys
"$AIDS/pty" keys $RUN cat
printf '!reads\n\\x03\n' >keys
"$AIDS/pty" keys $RUN cat
printf '!reads\n\\x1c\n' >keys
"$AIDS/pty" keys $RUN cat
printf '!silent\n\\x03\n' >keys
"$AIDS/pty" keys $RUN sleep 100
printf '!reads\n!close\n' >keys
"$AIDS/pty" keys $RUN cat
printf '!silent\n!close\n' >keys
"$AIDS/pty" keys $RUN sleep 100
printf '!size 30 100\n\\x03\n!size 31 101\n\\x1c\n' >keys
"$AIDS/pty" keys $RUN "$AIDS/listen" read
"$AIDS/pty" keys $RUN "$AIDS/listen" busy
: >keys
"$AIDS/pty" keys $RUN stty size
"$AIDS/pty" keys $RUN stty -a
"$AIDS/pty" keys $RUN ls /
"$AIDS/pty" keys $RUN "$AIDS/die" segv
printf '!reads\n6*7\\r\nquit\\r\n' >keys
"$AIDS/pty" keys $RUN bc -q
printf '!reads\nx = 6 * 7\\r\nprint(x)\\r\n1/0\\r\n\\x04\n' >keys
PYTHON_HISTORY=/dev/null "$AIDS/pty" keys $RUN python3 -E -q -S >screen
grep -c -e '^42' -e ZeroDivisionError screen
tail -n 1 screen
seq 1 100 >text
printf '!reads\n \n/77\\r\nq\n' >keys
LESS= "$AIDS/pty" keys $RUN less text >screen
grep -c 77 screen
tail -n 1 screen
