# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# How a program ends: every kind of exit status and of death by a signal, as the shell sees it.
. "$LIB"
for n in 0 1 77 124 127 128 255 256 -1; do
	status $RUN "$AIDS/die" exit $n
done
status $RUN "$AIDS/die" _exit 3
status $RUN "$AIDS/die" exit-call 4
status $RUN "$AIDS/die" return 5
exec 3>&2 2>/dev/null
for n in 1 2 3 4 6 7 8 9 10 11 12 13 14 15 24 25 26 27 29 30 31 34 50 64; do
	status $RUN "$AIDS/die" raise $n
	status $RUN "$AIDS/die" kill $n
done
for n in 17 18 23 28; do
	status $RUN "$AIDS/die" raise $n
done
for how in abort segv ill trap fpe overflow pipe alarm alarm-busy alarm-read cpu size blocked-fault ignored-fault; do
	status $RUN "$AIDS/die" $how
done
for n in 1 2 11 15; do
	status $RUN "$AIDS/die" handler $n
	status $RUN "$AIDS/die" blocked $n
done
exec 2>&3
