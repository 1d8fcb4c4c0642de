# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 300
# Java (package default-jdk-headless): the compiler and a program with threads, a pool, files, children, garbage, exceptions.
. "$LIB"
need javac java
cat >Hello.java <<'END'
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Hello {
	static synchronized void add(int[] sum, int n) { sum[0] += n; }

	public static void main(String[] args) throws Exception {
		int[] sum = new int[1];
		Thread[] threads = new Thread[12];
		for (int i = 0; i < threads.length; i++) {
			int n = i;
			threads[i] = new Thread(() -> { for (int k = 0; k < 1000; k++) add(sum, n); });
			threads[i].start();
		}
		for (Thread t : threads)
			t.join();
		System.out.println("hello " + Arrays.toString(args) + " " + sum[0]);
		ExecutorService pool = Executors.newFixedThreadPool(4);
		List<Future<Long>> all = new ArrayList<>();
		for (int i = 0; i < 8; i++) {
			long n = i;
			all.add(pool.submit(() -> LongStream.range(0, 50000).map(k -> k * n % 7).sum()));
		}
		for (Future<Long> f : all)
			System.out.print(f.get() + " ");
		pool.shutdown();
		System.out.println(pool.awaitTermination(30, TimeUnit.SECONDS));
		System.out.println(IntStream.range(0, 100000).parallel().filter(k -> k % 3 == 0).count());
		Path file = Path.of(System.getenv("OUT"), "java.txt");
		Files.write(file, List.of("first", "second"));
		System.out.println(Files.readAllLines(file) + " " + Files.size(file));
		Process child = new ProcessBuilder("sh", "-c", "cat; exit 5").redirectErrorStream(true).start();
		child.getOutputStream().write("to the child\n".getBytes());
		child.getOutputStream().close();
		System.out.print(new String(child.getInputStream().readAllBytes()));
		System.out.println(child.waitFor());
		long garbage = 0;
		for (int i = 0; i < 3000; i++)
			garbage += new byte[20000].length;
		System.gc();
		System.out.println(garbage);
		try {
			Object nothing = null;
			nothing.toString();
		} catch (NullPointerException e) {
			System.out.println("null");
		}
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		System.exit(3);
	}
}
END
$RUN javac -d classes Hello.java
cp classes/Hello.class "$OUT/"
status $RUN java -Xshare:auto -Xmx128m -cp classes Hello one "two words"
status $RUN java -cp classes Missing 2>&1 | head -n 1
