# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Signals from outside to a program that computes, sleeps, blocks, or makes calls all the time: handled, stopped, killed.
. "$LIB"
for how in busy read sleep poll select suspend pause calls; do
	echo "--- $how"
	"$AIDS/oversee" line USR1 line USR2 line HUP line INT line WINCH line USR1 \
		state STOP quiet 100 state CONT line 0 line USR1 group STOP state CONT line 0 state TERM -- $RUN "$AIDS/listen" $how
	"$AIDS/oversee" state KILL -- $RUN "$AIDS/listen" $how
	"$AIDS/oversee" state STOP state KILL -- $RUN "$AIDS/listen" $how
	"$AIDS/oversee" state TSTP state CONT line 0 group KILL -- $RUN "$AIDS/listen" $how
	"$AIDS/oversee" line USR1 state QUIT -- $RUN "$AIDS/listen" $how
	"$AIDS/oversee" state SEGV -- $RUN "$AIDS/listen" $how
done
echo "--- wait"
"$AIDS/oversee" line USR1 line TERM line INT state STOP -- $RUN "$AIDS/listen" wait
echo "--- blocked"
"$AIDS/oversee" state STOP state CONT state KILL -- $RUN "$AIDS/listen" blocked
