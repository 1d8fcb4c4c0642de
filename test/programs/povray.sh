# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# POV-Ray (packages povray, povray-examples): render a scene that is shipped with it with one, two and four threads.
. "$LIB"
need povray
scene=/usr/share/doc/povray/examples/advanced/woodbox.pov
[ -e "$scene" ] || { echo 'no povray-examples' >&2; exit 77; }
width=80 height=60
render() {
	$RUN povray "$scene" "+W$width" "+H$height" -D -J +A0.3 "+WT$1" +FP "+O$2.ppm" >log 2>&1 || { tail log; exit 1; }
	# In front of the pixels there is a comment with the date
	tail -c $((width * height * 3)) "$2.ppm" >"$OUT/$2.rgb"
}
render 1 one
render 2 two
render 4 four
cmp "$OUT/one.rgb" "$OUT/four.rgb"
wc -c "$OUT/two.rgb" | cut -d' ' -f1
status $RUN povray missing.pov -D +O"$OUT/missing.png" 2>/dev/null
