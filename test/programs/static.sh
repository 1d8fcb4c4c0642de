# SPDX-License-Identifier: GPL-2.0-or-later
# The same program linked in every way: statically, as a static PIE, non-PIE, without relro, and by musl both ways.
. "$LIB"
need cc
try() {
	name=$1
	shift
	if ! "$@" -O1 -o "$name" "$PROGRAMS/plain.c" -lm 2>/dev/null; then
		echo "$name: cannot be built here"
		return
	fi
	status $RUN "./$name" "$OUT/$name" one two <"$PROGRAMS/plain.c"
}
try dynamic cc
try static cc -static
try static-pie cc -static-pie
try no-pie cc -no-pie
try lazy cc -Wl,-z,lazy -Wl,-z,norelro
try now cc -Wl,-z,now -Wl,-z,relro
try big-pages cc -static -Wl,-z,max-page-size=0x200000
try exec-stack cc -z execstack
if command -v musl-gcc >/dev/null; then
	try musl musl-gcc
	try musl-static musl-gcc -static
else
	echo 'no musl-gcc'
fi
