# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# bc: long computations from a pipe, from a file, with the library.
. "$LIB"
need bc
echo 'scale=300; 4*a(1)' | $RUN bc -l
cat >fib.bc <<'END'
define f(n) { auto a, b, t; a = 0; b = 1; while (n > 0) { t = a + b; a = b; b = t; n = n - 1 }; return a }
f(3000)
2^4096
sqrt(2 * 10^200)
quit
END
$RUN bc -q fib.bc >"$OUT/fib"
cksum "$OUT/fib"
echo '1/0' | status $RUN bc
echo 'for (i = 0; i < 20000; i++) s += i * i; s' | $RUN bc
