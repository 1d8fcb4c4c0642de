# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# What the children are that omrun --children sends elsewhere or leaves at home, by the load; the results are the same.
. "$LIB"
printf '%s\n' 'for i in 1 2 3; do' '  printf "%s " "$i"; echo "$i$i" | tr 0-9 a-j | sort' 'done' \
	'seq 1 2000 | sort -rn | head -n 2' '(exit 5); echo "status $?"' 'kill -TERM $$' >script
for how in follow home best; do
	echo "--- $how"
	case $RUN in
	'') status sh script ;;
	*) status ${RUN% --} --children=$how -- sh script ;;
	esac
done
