# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# SQLite: create, fill, index and query a database on disk; rollback, journals, vacuum, integrity.
. "$LIB"
need sqlite3
rows=$((20000 * SCALE))
$RUN sqlite3 "$OUT/data.db" <<END
PRAGMA page_size=4096;
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, weight REAL, kind INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < $rows)
INSERT INTO item SELECT i, 'item ' || (i * 7919 % 100003), i * 0.25, i % 17 FROM n;
COMMIT;
CREATE INDEX by_name ON item(name);
CREATE INDEX by_kind ON item(kind, weight);
END
$RUN sqlite3 -header -column "$OUT/data.db" \
	'SELECT kind, count(*), sum(weight), min(name), max(name) FROM item GROUP BY kind ORDER BY kind;'
$RUN sqlite3 "$OUT/data.db" "SELECT * FROM item WHERE name BETWEEN 'item 100' AND 'item 1010' ORDER BY name LIMIT 20;"
$RUN sqlite3 "$OUT/data.db" 'BEGIN; DELETE FROM item; ROLLBACK; SELECT count(*) FROM item;'
$RUN sqlite3 "$OUT/data.db" 'UPDATE item SET weight = weight * 2 WHERE kind = 3; SELECT total(weight) FROM item; PRAGMA integrity_check;'
$RUN sqlite3 "$OUT/data.db" .dump >"$OUT/dump.sql"
$RUN sqlite3 "$OUT/again.db" <"$OUT/dump.sql"
$RUN sqlite3 "$OUT/data.db" 'VACUUM; PRAGMA quick_check; PRAGMA page_count;'
$RUN sqlite3 "$OUT/wal.db" 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3); SELECT sum(x) FROM t;'
$RUN sqlite3 "$OUT/map.db" 'PRAGMA mmap_size=100000000; CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3); SELECT sum(x) FROM t;'
# Databases that are mapped and not read as a whole
sqlite3 "$OUT/large.db" <<END
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, text TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 40000)
INSERT INTO item SELECT i, 'item ' || (i * 7919 % 100003), hex(zeroblob(1000)) || i FROM n;
CREATE INDEX by_name ON item(name);
END
for mode in -readonly -batch; do
	$RUN sqlite3 $mode "$OUT/large.db" 'PRAGMA mmap_size=300000000;' \
		'SELECT id, name, length(text), substr(text, -5) FROM item WHERE id % 997 = 5;' \
		"SELECT id FROM item WHERE name BETWEEN 'item 100' AND 'item 1010' ORDER BY name LIMIT 20;"
done
$RUN sqlite3 "$OUT/large.db" 'PRAGMA mmap_size=300000000;' 'SELECT sum(id), max(name) FROM item;' \
	"UPDATE item SET text = text || 'changed' WHERE id % 1009 = 7;" 'SELECT id, substr(text, -12) FROM item WHERE id % 1009 = 7;' \
	'DELETE FROM item WHERE id > 35000;' 'VACUUM;' 'SELECT count(*), sum(length(text)) FROM item;' 'PRAGMA integrity_check;'
status $RUN sqlite3 "$OUT/data.db" 'SELECT nonsense;'
status $RUN sqlite3 /nonexistent/x.db 'CREATE TABLE t(x);'
