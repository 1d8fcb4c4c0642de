# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 300
# make -j4 of a C project of several files with gcc, ar, ld; again after a change; a broken file. The objects are the same.
. "$LIB"
need make gcc ar
files=$((8 * SCALE))
mkdir src
i=0
while [ $i -lt $files ]; do
	cat >"src/part$i.c" <<END
#include <stdio.h>
#include <string.h>
#include "project.h"
static const char *const words[] = { "one", "two", "part $i", __FILE__ };
int part$i(int n)
{
	int sum = $i;
	for (int k = 0; k < n; k++)
		sum = sum * 31 + (int)strlen(words[k % 4]) + square(k);
	return sum;
}
END
	echo "int part$i(int n);"
	i=$((i + 1))
done >src/parts.h
cat >src/project.h <<'END'
#ifndef PROJECT_H
#define PROJECT_H
#include "parts.h"
static inline int square(int n) { return n * n; }
#endif
END
{
	printf '%s\n' '#include <stdio.h>' '#include "project.h"' 'int main(void)' '{'
	i=0
	while [ $i -lt $files ]; do
		printf '\tprintf("%%d\\n", part%d(%d));\n' $i $((i * 3 + 5))
		i=$((i + 1))
	done
	printf '\treturn 0;\n}\n'
} >src/main.c
cat >Makefile <<'END'
OBJ = $(patsubst src/%.c,out/%.o,$(wildcard src/*.c))
out/project: out/main.o out/libparts.a
	gcc -o $@ $^
out/libparts.a: $(filter-out out/main.o,$(OBJ))
	ar rcD $@ $^
out/%.o: src/%.c
	gcc -O2 -g -Wall -MMD -c -o $@ $<
-include $(OBJ:.o=.d)
END
$RUN make -s -j4
./out/project
$RUN make -j4
echo '/* changed */' >>src/project.h
$RUN make -j4 -Oline | sort
echo 'int broken(' >src/part1.c
status $RUN make -s -k -j4 2>&1 | grep -c error
$RUN ./out/project | cksum
