# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# One SQLite database and several processes: locks, busy ones, journals and write-ahead logs, also across the border.
. "$LIB"
need sqlite3 python3
export PYTHONDONTWRITEBYTECODE=1
cat >two.py <<'END'
import multiprocessing as mp, os, sqlite3, sys


def add(name, n):
    db = sqlite3.connect(name, timeout=100, isolation_level=None)
    for _ in range(15):
        db.execute("begin immediate")
        (value,) = db.execute("select value from counter").fetchone()
        db.execute("update counter set value = ?", (value + n,))
        db.execute("commit")
    db.close()


def locked(name):
    try:
        sqlite3.connect(name, timeout=0).execute("begin immediate")
    except sqlite3.OperationalError as e:
        print(e, flush=True)


for mode in sys.argv[1:]:
    name = os.environ["OUT"] + "/" + mode + ".db"
    db = sqlite3.connect(name, isolation_level=None)
    print(db.execute("pragma journal_mode = " + mode).fetchone())
    db.execute("create table counter(value integer)")
    db.execute("insert into counter values (0)")
    all = [mp.Process(target=add, args=(name, n)) for n in (1, 100, 10000)]
    for p in all:
        p.start()
    for p in all:
        p.join()
    print([p.exitcode for p in all], db.execute("select value from counter").fetchone())
    db.execute("begin immediate")
    p = mp.Process(target=locked, args=(name,))
    p.start()
    p.join()
    db.execute("rollback")
    db.close()
END
$RUN python3 two.py delete truncate persist
# A writer here and one there
sqlite3 both.db 'create table t(x)'
add() {
	for n in 1 2 3 4 5 6; do
		"$@" sqlite3 -cmd '.timeout 100000' both.db "insert into t values($n);"
	done
}
add $RUN &
add
wait
$RUN sqlite3 both.db 'select count(*), sum(x) from t; pragma integrity_check;'
{
	echo 'begin immediate;'
	echo ".shell sqlite3 both.db 'insert into t values(0);' 2>&1 | grep -o 'database is locked'"
	echo 'rollback;'
} | $RUN sqlite3 both.db
