# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# Python: interpreter start, many modules, files, sockets, signals, mmap, numbers, errors. No children, no threads.
. "$LIB"
need python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
cat >work.py <<'END'
import array, bisect, collections, csv, decimal, fcntl, fractions, hashlib, heapq, io, json, math, mmap, os, random, re
import select, selectors, shutil, signal, socket, sqlite3, stat, statistics, string, struct, sys, tempfile, time, zlib

out = os.environ["OUT"]
random.seed(42)
print(sys.version_info[:2], sys.argv, sys.stdin.isatty(), os.getcwd() == os.environ["PWD"])
words = ["".join(random.choices(string.ascii_lowercase, k=random.randint(2, 9))) for _ in range(20000)]
print(collections.Counter(w[0] for w in words).most_common(5))
print(hashlib.sha256(" ".join(sorted(words)).encode()).hexdigest())
print(zlib.crc32(json.dumps({w: i for i, w in enumerate(words)}, sort_keys=True).encode()))
print(decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113) ** 3, math.fsum(1 / n for n in range(1, 10000)))
print(statistics.mean(len(w) for w in words), 2 ** 500 % 1000007, 3 ** 2000 % 10 ** 20)
with open(out + "/words.csv", "w", newline="") as f:
    csv.writer(f).writerows([w, len(w)] for w in words)
with open(out + "/words.csv", "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
    print(m.size(), m.find(b"zz"), len(re.findall(rb"[aeiou]{3}", m)))
for depth in range(5):
    os.makedirs(os.path.join("tree", *"abcde"[:depth + 1]), exist_ok=True)
    for n in range(20):
        with open(os.path.join("tree", *"abcde"[:depth + 1], "f%d" % n), "w") as f:
            f.write(words[n] * n)
print(sorted((os.path.relpath(d), len(s), len(f)) for d, s, f in os.walk("tree")))
shutil.copytree("tree", "copy")
print(sum(os.path.getsize(os.path.join(d, n)) for d, _, f in os.walk("copy") for n in f))
shutil.rmtree("copy")
a, b = socket.socketpair()
a.sendall(b"x" * 100000)
a.shutdown(socket.SHUT_WR)
print(len(b"".join(iter(lambda: b.recv(4096), b""))))
sel = selectors.DefaultSelector()
r, w = os.pipe()
sel.register(r, selectors.EVENT_READ)
print(sel.select(0.01))
os.write(w, b"ready")
print([k.fd == r for k, _ in sel.select()], os.read(r, 10))
hits = []
signal.signal(signal.SIGALRM, lambda s, f: hits.append(s))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
while len(hits) < 5:
    time.sleep(1)
signal.setitimer(signal.ITIMER_REAL, 0)
print(hits[:5])
db = sqlite3.connect(out + "/py.db")
db.execute("create table w(w text, n int)")
db.executemany("insert into w values (?, ?)", ((w, len(w)) for w in words))
db.commit()
print(db.execute("select n, count(*) from w group by n order by n").fetchall())
with tempfile.TemporaryDirectory() as d:
    print(os.path.isdir(d), stat.filemode(os.stat(d).st_mode))
for bad in ("/nonexistent", "/etc/passwd/x", "\0"):
    try:
        open(bad)
    except (OSError, ValueError) as e:
        print(type(e).__name__, e)
print(time.strftime("%Y-%m-%d", time.gmtime(1e9)), time.monotonic() > 0)
sys.stdout.flush()
os.write(1, b"raw\n")
sys.exit(3)
END
PWD=$(pwd) status $RUN python3 work.py one "two words" ''
echo 'import sys; print(sum(map(int, sys.stdin)))' >sum.py
seq 1 100000 | $RUN python3 sum.py
status $RUN python3 -c 'raise RuntimeError("on purpose")'
status $RUN python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'
status $RUN python3 -m json.tool <<END
{"b": [1, 2, {"c": null}], "a": "\u00e9"}
END
$RUN python3 -I -S -c 'import sys; print(len(sys.argv), sys.flags.isolated)'
