# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Programs that make terminals for others: script(1), tmux (package tmux) with shells inside.
. "$LIB"
need script tmux
export PS1='$ ' SHELL=/bin/sh
$RUN script -qec 'echo inside; tty | tr -d 0-9; stty size; exit 3' log </dev/null || echo "script gave $?"
tr -d '\r' <log | grep -v '^Script'
cat >session <<'END'
unset TMUX
t() { tmux -f /dev/null -S ./tmux.sock "$@"; }
# shown PATTERN: wait until a line of the screen matches
shown() {
	until t capture-pane -p | grep -q "^$1"; do sleep 0.05; done
}
t new-session -d -s test -x 80 -y 24 'exec sh'
shown '\$'
t send-keys 'echo $((6 * 7)) in tmux; stty size' Enter
shown '24 80'
t capture-pane -p | grep -v '^$'
t split-window -d -h 'exec cat'
t list-panes -F '#{pane_width}x#{pane_height}'
t send-keys 'stty size' Enter
shown '24 40'
t send-keys 'cat' Enter typed Enter
shown typed
t send-keys C-d
# running COMMAND: wait until it is what the pane shows
running() {
	until [ "$(t display-message -p '#{pane_current_command}')" = "$1" ]; do sleep 0.05; done
}
running sh
t send-keys 'sleep 100' Enter
running sleep
t send-keys C-c
running sh
t send-keys 'echo ended with $?' Enter
shown 'ended with 130'
t new-window -d 'echo bye'
t has-session -t test; echo "session: $?"
t kill-server
t has-session -t test 2>/dev/null; echo "session: $?"
END
$RUN sh session
