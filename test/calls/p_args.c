/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and environment of a new program up to the kernel's limits, and one byte beyond. */
#include <sys/resource.h>

#include "show.h"

#define STRINGS 100000

static char *self, *arg[STRINGS + 4], *env[STRINGS + 1];

/* The new program says what it got by its status: the same as it was given? */
static int new_image(int argc, char **argv)
{
	unsigned long sum = 0, count = 0;

	for (int i = 2; i < argc; i++, count++)
		sum += strlen(argv[i]) * (unsigned long)(i % 7 + 1);
	for (char **e = environ; *e; e++, count++)
		sum += strlen(*e);
	return sum == strtoul(argv[1], NULL, 10) && count ? 100 : 101;
}

/* Execute ourselves with so many arguments and variables, the last of each with its own length; status, or errno + 1000 */
static int give(int args, size_t len, size_t last, int vars, size_t var_len)
{
	char *text = malloc(len + 1), *end = malloc(last + 1), *var = malloc(var_len + 3), sum[32];
	unsigned long expected = 0;
	int status;
	pid_t pid;

	memset(text, 'a', len);
	text[len] = '\0';
	memset(end, 'z', last);
	end[last] = '\0';
	memset(var, 'V', var_len + 2);
	var[1] = '=';
	var[var_len + 2] = '\0';
	arg[0] = self;
	arg[1] = sum;
	for (int i = 2; i < args + 2; i++) {
		arg[i] = i == args + 1 ? end : text;
		expected += (i == args + 1 ? last : len) * (unsigned long)(i % 7 + 1);
	}
	arg[args + 2] = NULL;
	for (int i = 0; i < vars; i++)
		env[i] = var;
	env[vars] = NULL;
	expected += (unsigned long)vars * (var_len + 2);
	snprintf(sum, sizeof(sum), "%020lu", expected);
	pid = vfork();
	if (!pid) {
		execve(self, arg, env);
		_exit(errno);
	}
	MUST(waitpid(pid, &status, 0));
	free(text);
	free(end);
	free(var);
	return WEXITSTATUS(status) == 100 ? 0 : WEXITSTATUS(status) == 101 ? -1 : WEXITSTATUS(status);
}

static void tell(const char *what, int ret)
{
	printf("%s: %s\n", what, ret > 0 ? show_errno(ret) : ret ? "something else arrives" : "arrives");
}

/* How many arguments of @len bytes can be given? And how long may one more be then? */
static void limit_find(const char *what, size_t len)
{
	int low = 0, high = (int)((7u << 20) / len);
	size_t short_ = 0, long_ = len;

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (give(middle, len, len, 0, 0))
			high = middle;
		else
			low = middle;
	}
	while (long_ - short_ > 1) {
		size_t middle = (short_ + long_) / 2;

		if (give(low + 1, len, middle, 0, 0))
			long_ = middle;
		else
			short_ = middle;
	}
	/* The name of the program is among the strings, twice, and natively it may be elsewhere */
	printf("%s: %d arguments of %zu bytes and one of %zu\n", what, low, len, short_ + 2 * strlen(self));
	tell("  and a byte more", give(low + 1, len, short_ + 1, 0, 0));
}

static void stack_limit(rlim_t bytes)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = bytes;
	MUST(setrlimit(RLIMIT_STACK, &limit));
}

int main(int argc, char **argv)
{
	struct rlimit before;

	self = argv[0];
	if (argc > 1)
		return new_image(argc, argv);
	MUST(getrlimit(RLIMIT_STACK, &before));
	tell("a string of 131071", give(1, 131071, 131071, 0, 0));
	tell("a string of 131072", give(1, 131072, 131072, 0, 0));
	tell("a variable of 131071", give(0, 0, 0, 1, 131069));
	tell("a variable of 131072", give(0, 0, 0, 1, 131070));
	stack_limit(8 << 20);
	tell("1 MiB", give(10, 100000, 48576, 0, 0));
	tell("1.5 MiB of both", give(8, 100000, 100000, 8, 100000));
	tell("many short ones", give(50000, 10, 10, 50000, 10));
	limit_find("2 MiB", 100000);
	stack_limit(256 << 10);
	limit_find("128 KiB", 10000);
	if (before.rlim_max == RLIM_INFINITY) {
		stack_limit(RLIM_INFINITY);
		limit_find("6 MiB", 131000);
		tell("a great many", give(90000, 1, 1, 90000, 10));
	}
	tell("far too much", give(100, 131000, 131000, 100, 131000));
	arg[0] = self;
	arg[1] = (char *)8;
	SHOW(execve(self, arg, NULL));
	return 0;
}
