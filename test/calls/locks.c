/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of one process: F_SETLK, open-file-description locks, flock, leases. */
#include <sys/file.h>

#include "show.h"

static long lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return SYS(fcntl, fd, cmd, &fl);
}

static void query(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	errno = 0;
	long r = SYS(fcntl, fd, cmd, &fl);
	printf("query: %ld %s type %d whence %d start %ld len %ld pid %d\n", r, r ? show_errno(errno) : "", fl.l_type,
	       fl.l_whence, (long)fl.l_start, (long)fl.l_len, fl.l_pid > 0 ? 1 : fl.l_pid);
}

static void records(int a, int b)
{
	struct flock fl = {.l_type = F_WRLCK};

	TITLE("record locks");
	SHOW(lock(a, F_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(b, F_SETLK, F_WRLCK, 0, 10));
	query(b, F_GETLK, F_WRLCK, 0, 10);
	SHOW(lock(a, F_SETLKW, F_RDLCK, 5, 0));
	SHOW(lock(a, F_SETLK, F_UNLCK, 0, 0));
	SHOW(lock(a, F_SETLK, 99, 0, 0));
	SHOW(lock(a, F_SETLK, F_WRLCK, -1, 0));
	SHOW(lock(a, F_SETLK, F_WRLCK, 10, -20));
	SHOW(lock(a, F_SETLK, F_WRLCK, 10, -5));
	SHOW(lock(BADFD, F_SETLK, F_WRLCK, 0, 0));
	SHOW(SYS(fcntl, a, F_SETLK, BAD));
	SHOW(SYS(fcntl, a, F_GETLK, BAD));
	fl.l_whence = 9;
	SHOW(SYS(fcntl, a, F_SETLK, &fl));
	int ro = MUST(open("plain", O_RDONLY)), wo = MUST(open("plain", O_WRONLY));
	SHOW(lock(ro, F_SETLK, F_WRLCK, 0, 0));
	SHOW(lock(ro, F_SETLK, F_RDLCK, 0, 0));
	SHOW(lock(wo, F_SETLK, F_RDLCK, 0, 0));
	SHOW(lock(wo, F_SETLK, F_WRLCK, 0, 0));
	close(ro);
	close(wo);
}

static void descriptions(int a, int b)
{
	TITLE("open-file-description locks");
	SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(b, F_OFD_SETLK, F_WRLCK, 10, 10));
	query(b, F_OFD_GETLK, F_WRLCK, 0, 100);
	query(a, F_OFD_GETLK, F_RDLCK, 0, 100);
	SHOW(lock(b, F_SETLK, F_WRLCK, 0, 10));
	query(b, F_GETLK, F_WRLCK, 0, 10);
	SHOW(lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	SHOW(lock(b, F_OFD_SETLKW, F_RDLCK, 0, 0));
	SHOW(lock(a, F_OFD_SETLK, F_RDLCK, 0, 0));
	SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	SHOW(lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	SHOW(lock(b, F_OFD_SETLK, F_UNLCK, 0, 0));
	struct flock fl = {.l_type = F_WRLCK, .l_pid = 5};
	SHOW(SYS(fcntl, a, F_OFD_SETLK, &fl));
}

static void on_alarm(int sig UNUSED)
{
}

static void whole(int a, int b)
{
	TITLE("flock");
	SHOW(SYS(flock, a, LOCK_EX));
	SHOW(SYS(flock, b, LOCK_EX | LOCK_NB));
	SHOW(SYS(flock, b, LOCK_SH | LOCK_NB));
	handle(SIGALRM, on_alarm, 0);
	ticks_start(30);
	SHOW(SYS(flock, b, LOCK_EX));
	SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(b, F_OFD_SETLKW, F_WRLCK, 0, 10));
	ticks_stop();
	SHOW(lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
	SHOW(SYS(flock, a, LOCK_SH));
	SHOW(SYS(flock, b, LOCK_SH | LOCK_NB));
	SHOW(SYS(flock, a, LOCK_EX | LOCK_NB));
	SHOW(SYS(flock, a, LOCK_UN));
	SHOW(SYS(flock, b, LOCK_UN));
	SHOW(SYS(flock, a, 99));
	SHOW(SYS(flock, a, 0));
	SHOW(SYS(flock, BADFD, LOCK_SH));
	/* A duplicate shares the lock and keeps it */
	int d = dup(a);
	SHOW(SYS(flock, a, LOCK_EX));
	close(a);
	SHOW(SYS(flock, b, LOCK_EX | LOCK_NB));
	SHOW(SYS(flock, d, LOCK_UN));
	SHOW(SYS(flock, b, LOCK_EX | LOCK_NB));
	close(d);
}

static volatile int broken;

static void on_break(int sig UNUSED)
{
	broken++;
}

static void leases(void)
{
	int fd, other;

	TITLE("leases");
	make_file("leased", 10, 1);
	fd = MUST(open("leased", O_RDONLY));
	handle(SIGIO, on_break, 0);
	SHOW(fcntl(fd, F_GETLEASE));
	SHOW(fcntl(fd, F_SETLEASE, F_RDLCK));
	SHOW(fcntl(fd, F_GETLEASE));
	SHOW(fcntl(fd, F_SETLEASE, F_WRLCK));
	SHOW(fcntl(fd, F_GETLEASE));
	SHOW(open("leased", O_WRONLY | O_NONBLOCK));
	SHOW_NUM(broken);
	SHOW(fcntl(fd, F_SETLEASE, F_UNLCK));
	other = SHOW(open("leased", O_WRONLY | O_NONBLOCK));
	SHOW(fcntl(fd, F_SETLEASE, F_RDLCK));
	SHOW(fcntl(fd, F_SETLEASE, 99));
	SHOW(fcntl(0, F_SETLEASE, F_RDLCK));
	SHOW(fcntl(BADFD, F_SETLEASE, F_RDLCK));
	close(other);
	close(fd);
}

/* A mapping does not keep a lock once it is gone */
static void mapped(int access)
{
	int fd, flags = access == O_RDWR ? MAP_SHARED : MAP_PRIVATE;

	TITLE(access == O_RDWR ? "flock of what is mapped shared" : "flock of what is mapped private");
	for (int i = 0; i < 2; i++) {
		fd = MUST(open("plain", access));
		SHOW(SYS(flock, fd, LOCK_EX | LOCK_NB));
		char *p = mmap(NULL, 4096, PROT_READ, flags, fd, 0);
		SHOW_NUM(p[99]);
		munmap(p, 4096);
		close(fd);
	}
}

int main(void)
{
	int a, b;

	make_file("plain", 100, 1);
	a = MUST(open("plain", O_RDWR));
	b = MUST(open("plain", O_RDWR));
	records(a, b);
	descriptions(a, b);
	whole(a, b);
	leases();
	close(a);
	close(b);
	mapped(O_RDWR);
	mapped(O_RDONLY);
	return 0;
}
