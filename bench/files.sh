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

# tree_race COMMAND: the command natively, on the worker, and in sshfs
tree_race() {
	local COMMAND=$1 contestants=(native "in_tree $WORK/tree.native" ours "in_tree $WORK/tree.ours '${OM[*]}'")

	[ -z "$TREE_SSHFS" ] || contestants+=(sshfs in_sshfs)
	race "$TREE_ROUNDS" "${contestants[@]}"
}

# tree_row NAME [OUTRUN]: the rows of the race that was; OUTRUN: seconds that outrun is published to take
tree_row() {
	local calls=''

	[ ! -s "$WORK/samples/ours" ] || calls="$(calls_of_last) calls"
	row "files/$1" s ours native - "$calls"
	[ ! -s "$WORK/samples/ours" ] || row "files/$1" s ours sshfs '<=1'
	[ ! -s "$WORK/samples/ours" ] || [ -z "$2" ] || row_number "files/$1" s ours 'outrun*' "$2" '<=0.1'
}

bench_files() {
	local kind TREE_ROUNDS=$((ROUNDS < 5 ? ROUNDS : 5)) TREE_SSHFS='' scaled

	for kind in native ours sshfs; do
		tree_make "$WORK/tree.$kind"
	done
	sshfs_start "$WORK/tree.sshfs" && TREE_SSHFS=1
	tree_race 'find tree -type f'
	tree_row find
	scaled=$(awk -v n="$TREE_FILES" -v t="$OUTRUN_FILE" 'BEGIN { print n * t }')
	tree_race 'cat tree/d*/*'
	tree_row cat "$scaled"
	tree_race 'cp -r tree copy'
	tree_row cp-r "$(awk -v n="$TREE_FILES" -v t="$OUTRUN_CP" 'BEGIN { print n / 2000 * t }')"
	same_copy || failed files/cp-r - 'the copy differs from the tree'
	NO_FIGURE='not supported yet'
	tree_race 'git -C repository status'
	tree_row git-status
	tree_race 'gcc -O2 -o hello hello.c'
	tree_row gcc-hello
	sshfs_end
	rm -rf "$WORK"/tree.*
}

# same_copy: what our cp -r has made is what it was to make
same_copy() {
	[ ! -d "$WORK/tree.ours/copy" ] || diff -r -q "$WORK/tree.ours/tree" "$WORK/tree.ours/copy" >/dev/null
}
