# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# Tcl (package tcl): children, pipelines, pipes in both directions, events and timers.
. "$LIB"
need tclsh
cat >forks.tcl <<'END'
puts [exec seq 1 50 | sort -rn | head -n 3]
catch {exec sh -c "echo err >&2; exit 5"} said options
puts "$said [lrange [dict get $options -errorcode] 2 2]"
set pipe [open "|cat" r+]
fconfigure $pipe -buffering line
puts $pipe hello
puts [gets $pipe]
close $pipe
set count 0
proc tick {} { global count; if {[incr count] < 5} { after 5 tick } else { set ::done 1 } }
tick
vwait done
puts "ticks $count"
set pipe [open "|sh -c {for i in 1 2 3; do echo \$i; done}" r]
fileevent $pipe readable { if {[gets $pipe line] < 0} { set ::end 1 } else { puts "event $line" } }
vwait end
exit 4
END
status $RUN tclsh forks.tcl
