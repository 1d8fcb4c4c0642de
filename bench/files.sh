# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bench of many small files. Each contestant has a tree of its own, because some of the programs write to theirs.

# tree_make DIR: the tree, a repository with the same files, and a small program
tree_make() {
	mkdir -p "$1/tree"
	"$AID/gen" tree "$1/tree" "$TREE_FILES" 2048
	cp -r "$1/tree" "$1/repository"
	printf '#include <stdio.h>\n\nint main(void)\n{\n\tputs("Hello, world");\n\treturn 0;\n}\n' >"$1/hello.c"
	git -C "$1/repository" init -q 2>/dev/null &&
		git -C "$1/repository" add . && git -C "$1/repository" -c user.name=b -c user.email=b@b commit -q -m tree
}

# in_tree DIR PREFIX: run $COMMAND below PREFIX in DIR, names expanded there; the seconds
in_tree() {
	(
		cd "$1" && rm -rf copy hello || exit
		eval "timed $2 $COMMAND"
	)
}

# in_sshfs: the same in a tree that was just mounted, with nothing cached
in_sshfs() {
	rm -rf "$WORK/tree.sshfs/copy"
	sshfs_start "$WORK/tree.sshfs" && in_tree "$SSHFS"
}

# tree_race COMMAND [NAME CONTESTANT]...: the command natively, on the worker, and in sshfs; and what else there is
tree_race() {
	local COMMAND=$1 contestants=(native "in_tree $WORK/tree.native" ours "in_tree $WORK/tree.ours '${OM[*]}'")

	shift
	[ -z "$TREE_SSHFS" ] || contestants+=(sshfs in_sshfs)
	race "$TREE_ROUNDS" "${contestants[@]}" "$@"
}

# by_ssh: the same as it is typed at home: the tree is mounted on the other node, the program is started there by ssh
by_ssh() {
	rm -f "$SSHFS/hello"
	# shellcheck disable=SC2086
	timed $SSH "cd '$SSHFS' && exec $COMMAND"
}

HOME_ROOT='' CHROOT=()

# in_home_root: run $COMMAND with the root of the home node for its own, as it is seen through sshfs; nobody else changes what
# is cached of it
in_home_root() {
	rm -f "$HOME_ROOT$WORK/tree.home/hello"
	timed "${CHROOT[@]}" "$HOME_ROOT" /bin/sh -c "cd '$WORK/tree.home' && exec $COMMAND"
}

# What makes it fast, however old that may be what it shows
HOME_ROOT_FAST=kernel_cache,entry_timeout=600,negative_timeout=600,attr_timeout=600,dcache_timeout=600

# in_new_home_root: the same, just mounted as sshfs does by itself, like the trees of the other races
in_new_home_root() {
	home_root_start rw || return
	in_home_root
	home_root_end
}

# home_root_start OPTIONS: what one does who has a program at home but not on the other node: see all of home there. Sets
# HOME_ROOT and CHROOT
home_root_start() {
	local options=$1

	# Some versions have to be told that links to absolute names are fine
	! sshfs --help 2>&1 | grep -q no_contain_symlinks || options+=,no_contain_symlinks
	CHROOT=(chroot)
	[ "$(id -u)" = 0 ] || CHROOT=(unshare -r chroot)
	HOME_ROOT=$(mktemp -d "${TMPDIR:-/tmp}/om-home.XXXXXX") || return 1 # not below $WORK, which is removed with all in it
	sshfs -F "$WORK/ssh/config" -o "$options" node:/ "$HOME_ROOT" </dev/null >"$WORK/err" 2>&1 && return
	rmdir "$HOME_ROOT"
	HOME_ROOT=''
	return 1
}

home_root_end() {
	[ -n "$HOME_ROOT" ] || return 0
	fusermount3 -u -z "$HOME_ROOT" 2>/dev/null || umount -l "$HOME_ROOT" 2>/dev/null
	rmdir "$HOME_ROOT"
	HOME_ROOT=''
}

# gcc_race COMMAND: against the compiler of the other node, and against the one at home as it can be used there otherwise
gcc_race() {
	local COMMAND=$1 also=()

	# Once before, so that it need not wait for what it will keep
	mkdir -p "$WORK/tree.home"
	cp "$WORK/tree.native/hello.c" "$WORK/tree.home/"
	if [ -n "$TREE_SSHFS" ] && home_root_start "$HOME_ROOT_FAST"; then
		in_home_root >/dev/null
		also=('home by sshfs' in_home_root 'ssh and sshfs' by_ssh)
	fi
	tree_race "$COMMAND" "${also[@]}"
	tree_row gcc-hello # in sshfs: the other node's own compiler, started there
	row files/gcc-hello s ours 'ssh and sshfs' '<=1' 'its own compiler, started from home'
	row files/gcc-hello s ours 'home by sshfs' - "home's compiler, kept there by an earlier run"
	home_root_end
	[ -z "$TREE_SSHFS" ] || race 2 ours "in_tree $WORK/tree.ours '${OM[*]}'" 'home by new sshfs' in_new_home_root
	row files/gcc-hello s ours 'home by new sshfs' '<=1' "home's compiler, mounted like the trees above"
	home_root_end
}

# in_outrun: the same by outrun, as it is typed at home
in_outrun() {
	(
		cd "$WORK/tree.outrun" && rm -rf copy || exit
		# shellcheck disable=SC2086
		timed "${OUTRUN[@]}" $COMMAND
	)
}

# tree_row NAME [COMMAND OUTRUN]: the rows of the race that was, of COMMAND; OUTRUN: seconds that outrun is published to take
tree_row() {
	local COMMAND=$2 calls=''

	[ ! -s "$WORK/samples/ours" ] || calls="$(calls_of_last) calls"
	row "files/$1" s ours native - "$calls"
	[ ! -s "$WORK/samples/ours" ] || row "files/$1" s ours sshfs '<=1'
	[ ! -s "$WORK/samples/ours" ] || [ -z "$3" ] ||
		outrun_row "files/$1" "$3" in_outrun "in_tree $WORK/tree.ours '${OM[*]}'"
}

bench_files() {
	local kind TREE_ROUNDS=$((ROUNDS < 5 ? ROUNDS : 5)) TREE_SSHFS='' scaled

	for kind in native ours sshfs; do
		tree_make "$WORK/tree.$kind"
	done
	! outrun_start || tree_make "$WORK/tree.outrun"
	sshfs_start "$WORK/tree.sshfs" && TREE_SSHFS=1
	tree_race 'find tree -type f'
	tree_row find
	scaled=$(awk -v n="$TREE_FILES" -v t="$OUTRUN_FILE" 'BEGIN { print n * t }')
	tree_race 'cat tree/d*/*'
	tree_row cat 'cat tree/d*/*' "$scaled"
	tree_race 'cp -r tree copy'
	tree_row cp-r 'cp -r tree copy' "$(awk -v n="$TREE_FILES" -v t="$OUTRUN_CP" 'BEGIN { print n / 2000 * t }')"
	same_copy || failed files/cp-r - 'the copy differs from the tree'
	NO_FIGURE='not supported yet'
	tree_race 'git -C repository status'
	tree_row git-status
	gcc_race 'gcc -O2 -o hello hello.c'
	sshfs_end
	rm -rf "$WORK"/tree.*
}

# same_copy: what our cp -r has made is what it was to make
same_copy() {
	[ ! -d "$WORK/tree.ours/copy" ] || diff -r -q "$WORK/tree.ours/tree" "$WORK/tree.ours/copy" >/dev/null
}
