# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# Git: a repository with a history made for this test, cloned by copy and by protocol, merged, rebased, packed, checked.
. "$LIB"
need git
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='2005-04-07T22:13:13 +0200' GIT_COMMITTER_DATE='2005-04-07T22:13:13 +0200'
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_PAGER=cat
$RUN git -c init.defaultBranch=main init -q repo
mkdir repo/dir
for n in 1 2 3 4; do
	seq $n 60 >"repo/file$n"
	seq $n 7 90 >"repo/dir/$n"
	$RUN git -C repo add .
	$RUN git -C repo commit -q -m "Commit $n"
done
$RUN git -C repo log --stat
$RUN git -C repo checkout -q -b side HEAD~2
echo side >>repo/file1
$RUN git -C repo commit -q -a -m Side
$RUN git -C repo checkout -q main
$RUN git -C repo merge -q --no-edit side
$RUN git -C repo log --graph --oneline --all
echo change >>repo/file2
$RUN git -C repo diff
$RUN git -C repo stash -q
$RUN git -C repo status --short
$RUN git -C repo rebase -q HEAD~1 side
$RUN git -C repo checkout -q main
$RUN git -C repo gc -q
$RUN git -C repo fsck --strict
$RUN git -C repo count-objects -v | grep -v size
$RUN git clone -q repo copy
$RUN git clone -q --no-local "file://$PWD/repo" protocol
$RUN git -C protocol log --format='%H %s' >log
$RUN git -C copy log --format='%H %s' | cmp - log
$RUN git -C copy tag -a -m Release v1
$RUN git -C copy push -q origin v1
$RUN git -C repo describe
$RUN git -C protocol fetch -q --tags
$RUN git -C protocol tag
$RUN git -C protocol grep -c 55
$RUN git -C protocol blame -s file1 | tail -n 3
$RUN git -C protocol archive HEAD | cksum
status $RUN git -C repo commit -q -m nothing
status $RUN git clone -q missing nowhere
cp repo/.git/HEAD "$OUT/"
