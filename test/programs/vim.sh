# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# vim, full screen: edit a file by keys, a change of the window's size, undo, a macro, write and quit; then killed.
. "$LIB"
need vim
export TERM=vt100 VIMINIT=
seq 1 60 | sed 's/^/line number /' >"$OUT/text"
cat >keys <<'END'
!reads
dd
3jx
ohello from vim\e
/number 40\r
A, found\e
:%s/line/LINE/g\r
u
qaA!\ejq
5@a
!size 30 100
G
yypp
:set number\r
:1,5sort!\r
gg
:w\r
:r !\\bin
\e
:q!\r
END
"$AIDS/pty" keys $RUN vim -u NONE -N -n -i NONE "$OUT/text" >screen
tail -n 1 screen
# The screen's bytes depend on when keys come in; what is on it in the end does not
tr -cd 'A-Za-z' <screen | grep -o 'hello from vim' | head -n 1
printf '!reads\nihanging up\n!close\n' >keys
"$AIDS/pty" keys $RUN vim -u NONE -N -n -i NONE "$OUT/other" | tail -n 1
status $RUN vim -u NONE -N -n -i NONE -es -c '%s/LINE/x/' -c 'wq! changed' "$OUT/text" </dev/null
cksum changed
