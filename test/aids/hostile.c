/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * hostile MODE [ARG...]: a program that tries to get something of the node that computes for it, or to hurt it. It prints
 * what it got. In the modes `look` and `lookfor` that must be what it gets natively; in the others every line that begins
 * with `GOT` is something that it must not have got; what else it prints does not matter.
 *
 *   look                        who and where am I: namespaces, host name, network, files
 *   lookfor FILE PORT NAME      things that exist on the worker only: a file, a TCP port, an abstract socket
 *   memory HEX...               search all of the own memory for secrets (given with every bit inverted)
 *   denied                      the calls that a guest never gets
 *   abi int80|x32|compat        calls by other entrances
 *   arena                       find memory that is not ours, read it, write it, jump into it
 *   bomb forks|threads|memory|descriptors|calls|signals|maps
 *   fuzz SEED COUNT             calls with nonsense, on descriptors of no value
 *   race SEED                   arguments that change while the call is under way
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096ul

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static void catch_faults(void)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	sigaction(SIGSYS, &sa, NULL);
	sigaction(SIGFPE, &sa, NULL);
}

/* --- look ---------------------------------------------------------------------------------------------------- */

static void show_link(const char *path)
{
	char text[256];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	printf("%s %.*s\n", path, n < 0 ? 1 : (int)n, n < 0 ? "-" : text);
}

/* How a file begins, or the error; of those that change all the time, that it is there */
static void show_file(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, 32) < 0)
		printf("%s %s\n", path, strerror(errno));
	else
		printf("%s %.*s\n", path, strncmp(path, "/proc/net", 9) ? (int)strcspn(text, "\n") : 0, text);
	close(fd);
}

static int look(void)
{
	static const char *const ns[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	static const char *const file[] = {"/etc/hostname",
					   "/etc/passwd",
					   "/proc/self/cgroup",
					   "/proc/net/dev",
					   "/proc/net/route",
					   "/proc/self/uid_map",
					   "/proc/1/cmdline",
					   "/proc/1/environ",
					   "/proc/sys/kernel/random/boot_id",
					   "/root/x",
					   "/init"};
	struct utsname u;
	char path[64];

	uname(&u);
	printf("%s %s\n", u.nodename, u.release);
	for (size_t i = 0; i < sizeof(ns) / sizeof(*ns); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns[i]);
		show_link(path);
	}
	show_link("/proc/self/root");
	show_link("/proc/1/exe");
	for (size_t i = 0; i < sizeof(file) / sizeof(*file); i++)
		show_file(file[i]);
	printf("uid %d gid %d pid is home's %d\n", getuid(), getgid(),
	       getpid() == atoi(realpath("/proc/self", NULL) + 6));
	for (int fd = 3; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("descriptor %d\n", fd);
	}
	return 0;
}

static int look_for(char **arg)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(atoi(arg[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = open(arg[0], O_RDONLY);

	if (fd >= 0)
		printf("GOT the file %s\n", arg[0]);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (!connect(fd, (void *)&sa, sizeof(sa)))
		printf("GOT through to port %s\n", arg[1]);
	snprintf(un.sun_path + 1, 100, "%s", arg[2]);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!connect(fd, (void *)&un, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(arg[2])))
		printf("GOT through to the socket %s\n", arg[2]);
	return 0;
}

/* --- memory -------------------------------------------------------------------------------------------------- */

/* Is a page there and readable; asked of ourselves, so that it is the guest's memory that is asked about */
static int readable(uintptr_t addr)
{
	volatile char c;

	if (sigsetjmp(back, 1))
		return 0;
	c = *(volatile char *)addr;
	(void)c;
	return 1;
}

/* Call @fn for each readable page in the places where programs, libraries, stacks and arenas are */
static long each_page(void (*fn)(uintptr_t page, void *ctx), void *ctx)
{
	unsigned char vec;
	long count = 0;
	uintptr_t here = (uintptr_t)&each_page, stack = (uintptr_t)&vec, libc = (uintptr_t)&strlen;
	uintptr_t from[] = {0x10000, here - (64ul << 20), libc - (1ul << 30), stack - (64ul << 20)};
	uintptr_t to[] = {1ul << 30, here + (256ul << 20), libc + (256ul << 20), stack + (256ul << 20)};

	for (int area = 0; area < 4; area++) {
		for (uintptr_t p = from[area] & ~(PAGE - 1); p < to[area] && p < 0x7ffffffff000; p += PAGE) {
			/* Cheap where nothing is; asked natively by the guest's own kernel */
			if (syscall(SYS_mincore, p, PAGE, &vec) < 0 && errno == ENOMEM)
				continue;
			if (!readable(p))
				continue;
			count++;
			fn(p, ctx);
		}
	}
	return count;
}

struct search {
	unsigned char needle[64];
	size_t len;
	char **arg;
};

static void search_page(uintptr_t page, void *ctx)
{
	struct search *s = ctx;

	/* Our own inverted copy does not match; what we invert on the way is not kept */
	for (size_t i = 0; i + s->len <= PAGE; i++) {
		const unsigned char *p = (unsigned char *)page + i;
		size_t k = 0;

		while (k < s->len && p[k] == (unsigned char)~s->needle[k])
			k++;
		if (k == s->len)
			printf("GOT a secret in memory\n");
	}
}

static int memory(char **arg)
{
	long count = 0;

	catch_faults();
	for (; *arg; arg++) {
		struct search s = {.len = strlen(*arg) / 2};

		if (s.len > sizeof(s.needle))
			s.len = sizeof(s.needle);
		for (size_t i = 0; i < s.len; i++) {
			unsigned int v;

			sscanf(*arg + i * 2, "%2x", &v);
			s.needle[i] = v;
		}
		count = each_page(search_page, &s);
	}
	printf("searched %s\n", count > 100 ? "everything" : "too little");
	return 0;
}

/* --- denied -------------------------------------------------------------------------------------------------- */

static int denied(void)
{
	struct perf_event_attr perf = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(perf), .config = PERF_COUNT_SW_CPU_CLOCK};
	union bpf_attr bpf = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	char params[256] = {0};
	const struct {
		const char *name;
		long ret;
	} row[] = {
		{"ptrace", syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)},
		{"ptrace seize", syscall(SYS_ptrace, PTRACE_SEIZE, 1, 0, 0)},
		{"bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &bpf, sizeof(bpf))},
		{"perf_event_open", syscall(SYS_perf_event_open, &perf, 0, -1, -1, 0)},
		{"userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC)},
		{"io_uring_setup", syscall(SYS_io_uring_setup, 4, params)},
		{"memfd_secret", syscall(SYS_memfd_secret, 0)},
		{"iopl", syscall(SYS_iopl, 3)},
		{"ioperm", syscall(SYS_ioperm, 0x80, 1, 1)},
		{"kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0)},
		{"no such call", syscall(5000)},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (row[i].ret >= 0)
			printf("GOT %s: %ld\n", row[i].name, row[i].ret);
	}
	/* A listener for one's own calls, or a filter, must not undo the sandbox's */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL) >= 0)
		printf("GOT a seccomp listener\n");
	printf("asked\n");
	return 0;
}

/* --- other entrances ----------------------------------------------------------------------------------------- */

static long int80(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/*
 * Code of 32 bits, entered through the segment 0x23 and left through 0x33. All of it is in the first 4 GiB, the stack too:
 * 64-bit code jumps far to `int $0x80`, which jumps far to a plain return.
 */
static long compat(long nr, long a, long b, long c)
{
	unsigned char *low = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t base = (uintptr_t)low, at;
	long ret;

	if (low == MAP_FAILED)
		return -ENOMEM;
	/* 0: int $0x80; ljmp 0x33:base+16 */
	memcpy(low, "\xcd\x80\xea", 3);
	at = base + 16;
	memcpy(low + 3, &at, 4);
	memcpy(low + 7, "\x33\x00", 2);
	/* 16: ret;  32: ljmp *base+64;  64: 0x23:base */
	low[16] = 0xc3;
	memcpy(low + 32, "\xff\x2c\x25", 3);
	at = base + 64;
	memcpy(low + 35, &at, 4);
	memcpy(low + 64, &base, 4);
	memcpy(low + 68, "\x23\x00", 2);
	asm volatile("mov %%rsp, 128(%[low]); lea 8192(%[low]), %%rsp; lea 32(%[low]), %%rsi; call *%%rsi; mov "
		     "128(%[low]), %%rsp"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), [low] "D"(low)
		     : "memory", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
	return (int)ret;
}

static int abi(const char *how)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long (*call)(long, long, long, long) = !strcmp(how, "compat") ? compat : int80;
	long ret = -1;

	catch_faults();
	printf("trying %s\n", how);
	fflush(stdout);
	strcpy(low, "/");
	if (sigsetjmp(back, 1)) {
		printf("faulted\n");
		return 0;
	}
	if (!strcmp(how, "x32"))
		ret = syscall(0x40000000 | SYS_open, low, O_RDONLY);
	else
		ret = call(5, (long)low, O_RDONLY, 0); /* open */
	if (ret >= 0)
		printf("GOT a directory open by %s: %ld\n", how, ret);
	if (!strcmp(how, "x32"))
		ret = syscall(0x40000000 | SYS_getpid);
	else
		ret = call(20, 0, 0, 0); /* getpid */
	if (ret > 0)
		printf("GOT a pid by %s\n", how);
	printf("refused\n");
	return 0;
}

/* --- arena --------------------------------------------------------------------------------------------------- */

struct found {
	uintptr_t insn[4096];
	int nr;
	uintptr_t own_start, own_end;
};

/* Every syscall instruction that is not in our program or in libraries we know of */
static void find_calls(uintptr_t page, void *ctx)
{
	struct found *f = ctx;

	for (size_t i = 0; i + 1 < PAGE && f->nr < 4096; i++) {
		const unsigned char *p = (unsigned char *)page + i;

		if (p[0] == 0x0f && p[1] == 0x05)
			f->insn[f->nr++] = page + i;
	}
}

static volatile long trapped_rax;
static volatile uintptr_t trap_insn;
static volatile int trap_seen;

/* Steps until the call has been made; then its result is in rax. The trap after it comes one instruction late */
static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	if (!trap_seen++ && (uintptr_t)r[REG_RIP] == trap_insn)
		return;
	trapped_rax = r[REG_RAX];
	siglongjmp(back, 1);
}

/* Make a call by the instruction at @insn, whatever follows it: the trap flag brings us back. -1000: it cannot be told */
static long call_at(uintptr_t insn, long nr, long a, long b, long c)
{
	trap_insn = insn;
	trapped_rax = -1000;
	trap_seen = 0;
	if (sigsetjmp(back, 1))
		return trapped_rax;
	asm volatile("pushf; orq $0x100, (%%rsp); popf; jmp *%[insn]"
		     :
		     : "a"(nr), "D"(a), "S"(b), "d"(c), [insn] "r"(insn)
		     : "memory", "rcx", "r11");
	return -1000;
}

static int arena(void)
{
	static struct found f;
	struct sigaction sa = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	long honest, count;
	int made = 0;

	catch_faults();
	sigaction(SIGTRAP, &sa, NULL);
	count = each_page(find_calls, &f);
	printf("%s\n", count > 100 && f.nr > 10 ? "looked" : "saw too little");
	for (int i = 0; i < f.nr; i++) {
		long fd;

		/* Of no use where the instruction that follows changes the result */
		if (call_at(f.insn[i], SYS_getpid, 0, 0, 0) != getpid())
			continue;
		made++;
		honest = open("/", O_RDONLY);
		close(honest);
		/* By any instruction it is the same call: it goes home and gives the same descriptor */
		fd = call_at(f.insn[i], SYS_open, (long)"/", O_RDONLY, 0);
		if (fd != honest)
			printf("GOT a descriptor of another table: %ld at %d\n", fd, i);
		close(fd);
		if (call_at(f.insn[i], SYS_getppid, 0, 0, 0) != getppid())
			printf("GOT another parent at %d\n", i);
		if (call_at(f.insn[i], SYS_io_uring_setup, 4, 8, 0) >= 0)
			printf("GOT an io_uring at %d\n", i);
	}
	printf("%s\n", made > 10 ? "tried" : "tried too little");
	return 0;
}

struct scribble {
	long written;
	uintptr_t keep[3];
};

/* Overwrite what is writable and not needed to go on: not our stack, not libc's data */
static void scribble_page(uintptr_t page, void *ctx)
{
	struct scribble *s = ctx;

	for (int i = 0; i < 3; i++) {
		if (page + (4ul << 20) > s->keep[i] && page < s->keep[i] + (4ul << 20))
			return;
	}
	if (sigsetjmp(back, 1))
		return;
	memset((void *)page, 0x41, PAGE);
	s->written++;
}

static int scribble(void)
{
	char here;
	struct scribble s = {.keep = {(uintptr_t)&here, (uintptr_t)&scribble, (uintptr_t)stdout}};

	catch_faults();
	each_page(scribble_page, &s);
	/* Libraries lost their data: only plain calls from here on */
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
	if (write(1, "scribbled\n", 10) < 0)
		_exit(1);
	_exit(0);
}

/* --- bombs --------------------------------------------------------------------------------------------------- */

static void *idle(void *arg)
{
	pause();
	return arg;
}

static volatile long ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void bomb_forks(void)
{
	static pid_t pid[200];
	int n = 0;

	while (n < 200) {
		pid[n] = fork();
		if (pid[n] == 0) {
			pause();
			_exit(0);
		}
		if (pid[n] < 0)
			break;
		n++;
	}
	printf("%s\n", n ? "forked" : strerror(errno));
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void bomb_threads(void)
{
	pthread_t t;
	int n = 0;

	while (n < 500 && !pthread_create(&t, NULL, idle, NULL))
		n++;
	printf("%s\n", n ? "threads" : strerror(errno));
}

static void bomb_memory(void)
{
	size_t total = 0;

	/* Bounded, so that the machine of the test survives where nothing else bounds it */
	while (total < 600ul << 20) {
		char *p = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		memset(p, 1, 32 << 20);
		total += 32 << 20;
	}
	printf("memory\n");
}

static void bomb_descriptors(void)
{
	int n = 0;

	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	printf("descriptors %d\n", n);
	while (syscall(SYS_memfd_create, "x", 0) >= 0)
		n++;
}

static void bomb_calls(void)
{
	static const long nr[] = {SYS_getppid, SYS_read, SYS_lseek, SYS_close, SYS_fstat, SYS_poll};

	for (long i = 0; i < 100000; i++)
		syscall(nr[i % 6], 900 + i % 50, 8, i);
	printf("calls\n");
}

static void bomb_signals(void)
{
	struct itimerval it = {{0, 100}, {0, 100}};

	signal(SIGALRM, on_tick);
	signal(SIGUSR1, on_tick);
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < 2000; i++) {
		kill(getpid(), SIGUSR1);
		sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = i});
	}
	it = (struct itimerval){0};
	setitimer(ITIMER_REAL, &it, NULL);
	printf("signals\n");
}

static void bomb_maps(void)
{
	int fd = open("/proc/self/exe", O_RDONLY), n = 0;

	/* Each second page, so that nothing merges */
	for (long i = 0; i < 40000; i++) {
		if (mmap((void *)(0x100000000 + i * 2 * PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
			 i % 2 ? fd : -1, 0) != MAP_FAILED)
			n++;
		if (mmap((void *)(0x300000000 + i * 2 * PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
			 -1, 0) != MAP_FAILED)
			n++;
	}
	printf("maps\n");
}

static int bomb(const char *how)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} row[] = {
		{"forks", bomb_forks},	 {"threads", bomb_threads},
		{"memory", bomb_memory}, {"descriptors", bomb_descriptors},
		{"calls", bomb_calls},	 {"signals", bomb_signals},
		{"maps", bomb_maps},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (!strcmp(row[i].name, how)) {
			row[i].fn();
			fflush(stdout);
			_exit(0);
		}
	}
	return 2;
}

/* --- fuzz ---------------------------------------------------------------------------------------------------- */

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static char *room;

/* A value that programs get wrong: small, huge, a pointer into or over the edge of something, a descriptor */
static uint64_t value(void)
{
	static const uint64_t odd[] = {0,
				       1,
				       -1,
				       8,
				       0x7fffffff,
				       0x80000000,
				       0xffffffff,
				       1ull << 32,
				       1ull << 63,
				       0x7fffffffffffffff,
				       4095,
				       4096,
				       4097,
				       65536,
				       1441792,
				       1441793,
				       0x7ffffffff000};

	switch (next() % 8) {
	case 0:
		return odd[next() % (sizeof(odd) / sizeof(*odd))];
	case 1:
		return next() % 64;
	case 2:
		return 40 + next() % 8; /* a descriptor */
	case 3:
		return (uintptr_t)room + 16 * PAGE - next() % 64; /* at the edge */
	case 4:
	case 5:
		return (uintptr_t)room + next() % (16 * PAGE);
	case 6:
		return next();
	default:
		return next() % 5000;
	}
}

/*
 * Calls that can do no harm on such descriptors whoever makes them, and whose wire form has something to get wrong. None
 * of them blocks for good: a timer interrupts.
 */
static const short fuzzed[] = {
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_preadv,
	SYS_pwritev,
	SYS_preadv2,
	SYS_pwritev2,
	SYS_pread64,
	SYS_pwrite64,
	SYS_poll,
	SYS_ppoll,
	SYS_select,
	SYS_pselect6,
	SYS_epoll_wait,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_recvmmsg,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_accept4,
	SYS_getcwd,
	SYS_readlink,
	SYS_getdents64,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_fcntl,
	SYS_ioctl,
	SYS_getgroups,
	SYS_getresuid,
	SYS_getrlimit,
	SYS_uname,
	SYS_sysinfo,
	SYS_times,
	SYS_getrusage,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_timerfd_gettime,
	SYS_timer_gettime,
	SYS_getitimer,
	SYS_rt_sigpending,
	SYS_rt_sigtimedwait,
	SYS_sched_getaffinity,
	SYS_sched_getattr,
	SYS_getxattr,
	SYS_fgetxattr,
	SYS_flistxattr,
	SYS_lseek,
	SYS_io_submit,
	SYS_io_getevents,
	SYS_process_vm_readv,
	SYS_mincore,
	SYS_splice,
	SYS_tee,
	SYS_vmsplice,
	SYS_capget,
	SYS_name_to_handle_at,
	SYS_openat2,
	SYS_faccessat2,
	SYS_mq_timedreceive,
	SYS_msgrcv,
	SYS_semtimedop,
	SYS_getrandom,
	SYS_futex,
	SYS_get_robust_list,
	SYS_inotify_add_watch,
	SYS_signalfd4,
	SYS_eventfd2,
	SYS_sendfile,
	SYS_copy_file_range,
	SYS_clone3,
	SYS_execve,
	SYS_wait4,
	SYS_waitid,
	SYS_kcmp,
	SYS_get_mempolicy,
};

/* Whom a descriptor sends signals to is not left to chance */
static void fuzz_command(long nr, uint64_t cmd)
{
	static const unsigned int signals[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, FIOSETOWN, SIOCSPGRP};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if ((unsigned int)cmd == signals[i])
			return;
	}
	syscall(nr, 40 + next() % 8, cmd, value());
}

static int fuzz(char **arg)
{
	struct itimerval it = {{0, 20000}, {0, 20000}};
	struct sigaction sa = {.sa_handler = on_tick};
	long count = atol(arg[1]);
	int s[2];

	state = strtoull(arg[0], NULL, 10) * 0x9e3779b97f4a7c15 + 1;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGURG, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	setitimer(ITIMER_REAL, &it, NULL);
	room = mmap(NULL, 17 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(room + 16 * PAGE, PAGE, PROT_NONE);
	if (room == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, s) || dup2(s[0], 40) < 0 || dup2(s[1], 41) < 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, s) || dup2(s[0], 42) < 0 || dup2(s[1], 43) < 0 || pipe(s) ||
	    dup2(s[0], 44) < 0 || dup2(s[1], 45) < 0)
		return 1;
	dup2(syscall(SYS_memfd_create, "fuzz", 0), 46);
	dup2(syscall(SYS_epoll_create1, 0), 47);
	for (long i = 0; i < count; i++) {
		long nr = fuzzed[next() % (sizeof(fuzzed) / sizeof(*fuzzed))];

		/* Structures with pointers and lengths in them */
		for (int k = 0; k < 32; k++)
			((uint64_t *)room)[next() % (16 * PAGE / 8)] = value();
		for (int k = 0; k < 4; k++)
			((uint64_t *)(room + 16 * PAGE))[-1 - (long)(next() % 16)] = value();
		/* A program to start, or a clone with flags, would leave the test */
		if (nr == SYS_execve)
			syscall(nr, room + 16 * PAGE - next() % 64, value(), value());
		else if (nr == SYS_clone3)
			syscall(nr, 8 + next() % 64, next() % 200);
		else if (nr == SYS_ioctl || nr == SYS_fcntl)
			fuzz_command(nr, next() % 2	   ? value()
					 : nr == SYS_ioctl ? 0x5400 + next() % 0x80
							   : next() % 0x10);
		else
			syscall(nr, next() % 2 ? value() : 40 + next() % 8, value(), value(), value(), value(),
				value());
	}
	if (write(1, "survived\n", 9) < 0)
		_exit(1);
	_exit(0);
}

/* --- race ---------------------------------------------------------------------------------------------------- */

static volatile struct iovec racing[8];
static volatile struct msghdr racing_msg;
static volatile char racing_path[64];
static volatile int stop;

#define RACE_ROUNDS 20000
#define RACE_S	    20 /* a machine that is busy otherwise makes fewer */

/* Change lengths, pointers and names as fast as it goes */
static void *changer(void *arg)
{
	uint64_t n = 0;

	while (!stop) {
		n++;
		racing[n % 8].iov_len = n % 3 ? n % 5000 : n << 20;
		racing[n % 8].iov_base = n % 5 ? room + n % (15 * PAGE) : (void *)(n << 12);
		racing_msg.msg_iovlen = n % 8 ? n % 8 : 1u << 30;
		racing_msg.msg_controllen = n % 7 ? n % 100 : 1u << 31;
		racing_path[n % 32] = n % 9 ? 'a' + n % 20 : 0;
		racing_path[40] = 0;
	}
	return arg;
}

static int race(void)
{
	const time_t end = time(NULL) + RACE_S;
	pthread_t t;
	int s[2];

	signal(SIGPIPE, SIG_IGN);
	room = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s))
		return 1;
	racing_msg.msg_iov = (struct iovec *)racing;
	racing_msg.msg_control = room;
	if (pthread_create(&t, NULL, changer, NULL)) {
		printf("no thread\n");
		return 0;
	}
	for (int i = 0; i < RACE_ROUNDS && time(NULL) < end; i++) {
		syscall(SYS_writev, s[0], racing, 8);
		syscall(SYS_readv, s[1], racing, 8);
		syscall(SYS_sendmsg, s[0], &racing_msg, MSG_DONTWAIT);
		syscall(SYS_recvmsg, s[1], &racing_msg, MSG_DONTWAIT);
		syscall(SYS_access, racing_path, F_OK);
		syscall(SYS_readlink, racing_path, racing, racing[0].iov_len);
	}
	stop = 1;
	pthread_join(t, NULL);
	printf("survived\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "look"))
		return look();
	if (!strcmp(mode, "lookfor") && argc > 4)
		return look_for(argv + 2);
	if (!strcmp(mode, "memory"))
		return memory(argv + 2);
	if (!strcmp(mode, "denied"))
		return denied();
	if (!strcmp(mode, "abi") && argc > 2)
		return abi(argv[2]);
	if (!strcmp(mode, "arena"))
		return arena();
	if (!strcmp(mode, "scribble"))
		return scribble();
	if (!strcmp(mode, "bomb") && argc > 2)
		return bomb(argv[2]);
	if (!strcmp(mode, "fuzz") && argc > 3)
		return fuzz(argv + 2);
	if (!strcmp(mode, "race"))
		return race();
	return 2;
}
