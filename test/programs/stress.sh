# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# stress-ng's own verification (package stress-ng) of processors, memory, processes, threads, locks, signals and timers.
. "$LIB"
need stress-ng
while read -r class arguments; do
	echo "$class"
	# shellcheck disable=SC2086
	status $RUN stress-ng --quiet --verify --temp-path . --timeout 60 $arguments
done <<END
processor --cpu 2 --cpu-ops 20
memory --vm 2 --vm-bytes 4M --vm-ops 200
mmap --mmap 1 --mmap-bytes 256K --mmap-ops 4
fork --fork 2 --fork-ops 30
thread --pthread 1 --pthread-ops 20
futex --futex 1 --futex-ops 200
pipe --pipe 1 --pipe-ops 200
signal --signal 1 --signal-ops 200
timer --timer 1 --timer-freq 1000 --timer-ops 50
poll --poll 1 --poll-ops 30
epoll --epoll 1 --epoll-ops 10
semaphore --sem 1 --sem-procs 2 --sem-ops 20000 --timeout 1
sysv --sem-sysv 1 --sem-sysv-ops 200
END
