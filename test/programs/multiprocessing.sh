# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# Python: threads, processes by fork, spawn and fork server, shared memory, pools, subprocesses, asyncio.
. "$LIB"
need python3
export PYTHONDONTWRITEBYTECODE=1
cat >many.py <<'END'
import asyncio, concurrent.futures as futures, multiprocessing as mp, os, queue, signal, subprocess, sys, threading
from multiprocessing import shared_memory


def square(x):
    return x * x


def count(answers, lock, value, start):
    start.wait()
    for _ in range(50):
        with lock:
            value.value += 1
    answers.put(os.getpid() != os.getppid())


def crash(how):
    os.kill(os.getpid(), how)


def threads():
    work, done, lock, total = queue.Queue(), threading.Barrier(9), threading.Lock(), [0]

    def worker():
        while (n := work.get()) is not None:
            with lock:
                total[0] += n
        done.wait()

    for _ in range(8):
        threading.Thread(target=worker).start()
    for n in range(500):
        work.put(n)
    for _ in range(8):
        work.put(None)
    done.wait()
    print("threads", total[0])
    event, timer = threading.Event(), None
    timer = threading.Timer(0.05, event.set)
    timer.start()
    print("timer", event.wait(20), threading.current_thread().name)


def processes(method):
    mp.set_start_method(method, force=True)
    with mp.Pool(3) as pool:
        print(method, pool.map(square, range(10)), pool.apply_async(square, (9,)).get(30))
    answers, lock, value, start = mp.Queue(), mp.Lock(), mp.Value("i", 0), mp.Event()
    all = [mp.Process(target=count, args=(answers, lock, value, start)) for _ in range(3)]
    for p in all:
        p.start()
    start.set()
    print([answers.get() for _ in all])
    for p in all:
        p.join()
    print(value.value, [p.exitcode for p in all])
    p = mp.Process(target=crash, args=(signal.SIGKILL,))
    p.start()
    p.join()
    print("killed", p.exitcode)


def memory():
    other = """if True:
        from multiprocessing import resource_tracker, shared_memory
        import sys
        m = shared_memory.SharedMemory(sys.argv[1])
        resource_tracker.unregister(m._name, "shared_memory")
        m.buf[0] += 1
        m.close()"""
    m = shared_memory.SharedMemory(create=True, size=4096)
    m.buf[0] = 7
    print("other", subprocess.run([sys.executable, "-c", other, m.name]).returncode, m.buf[0])
    m.close()
    m.unlink()


def children():
    print(subprocess.run("echo out; echo err >&2; exit 3", shell=True, capture_output=True))
    print(len(subprocess.check_output(["cat"], input=b"x" * 300000)))
    try:
        subprocess.run(["sleep", "100"], timeout=0.2)
    except subprocess.TimeoutExpired:
        print("timed out")
    p = subprocess.Popen(["sleep", "100"], start_new_session=True)
    os.killpg(p.pid, signal.SIGTERM)
    print("group", p.wait())
    a = subprocess.Popen(["seq", "1", "10000"], stdout=subprocess.PIPE)
    b = subprocess.Popen(["sort", "-r"], stdin=a.stdout, stdout=subprocess.PIPE)
    a.stdout.close()
    print("pipeline", len(b.communicate()[0]), a.wait())
    try:
        subprocess.run(["/nonexistent/program"])
    except FileNotFoundError as e:
        print(e)
    pid = os.fork()
    if not pid:
        os._exit(42)
    print("fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print("spawn", os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit 6"], os.environ), 0)[1]))


async def loop():
    p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    out, _ = await p.communicate(b"x" * 200000)
    print("asyncio", len(out), p.returncode)

    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, "socket")

    async def client(n):
        reader, writer = await asyncio.open_unix_connection("socket")
        writer.write(b"hello %d\n" % n)
        line = await reader.readline()
        writer.close()
        return line

    print(await asyncio.gather(*map(client, range(10))))
    print(await asyncio.to_thread(square, 5), await asyncio.wait_for(asyncio.sleep(0.01, "slept"), 20))
    hit = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, hit.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await asyncio.wait_for(hit.wait(), 20))
    server.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    threads()
    for method in "fork", "spawn", "forkserver":
        processes(method)
    with futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(square, range(5))))
    with futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(square, range(300))))
    memory()
    children()
    asyncio.run(loop())
END
status $RUN python3 many.py
