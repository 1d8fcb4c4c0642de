/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mapping keeps others from, and no longer when it is gone: sealing a memfd, unmounting a file system. */
#include <linux/memfd.h>
#include <sched.h>
#include <sys/mount.h>

#include "show.h"

#define LEN 8192

static char *map(int fd, int prot, int flags)
{
	return (char *)MUST((long)mmap(NULL, LEN, prot, flags, fd, 0));
}

static int memory_file(void)
{
	int fd = MUST(SYS(memfd_create, "sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC));

	MUST(ftruncate(fd, LEN));
	return fd;
}

static void seals(void)
{
	int fd = memory_file(), again;
	char *at, *other, text[6] = "";
	pid_t pid;

	TITLE("mapped shared");
	at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	strcpy(at, "first");
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	other = map(fd, PROT_READ, MAP_SHARED);
	strcpy(at, "later");
	MUST(munmap(at, LEN));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW_STR(other);
	MUST(munmap(other, LEN));

	TITLE("mapped in a child");
	at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		strcpy(at, "child");
		pause();
	}
	MUST(munmap(at, LEN));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0));
	other = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(pread(fd, text, 5, 0));
	strcpy(other + 100, "own");
	SHOW_STR(other + 100);
	SHOW_HEX(fcntl(fd, F_GET_SEALS));
	close(fd);

	TITLE("not sealed against what is mapped");
	fd = memory_file();
	at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	strcpy(at, "still");
	SHOW(pread(fd, text, 5, 0));
	SHOW_STR(text);
	SHOW_OK((long)mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	MUST(munmap(at, LEN));

	TITLE("mapped again");
	again = memory_file();
	for (int i = 0; i < 3; i++) {
		at = map(again, PROT_READ | PROT_WRITE, MAP_SHARED);
		at[i] = (char)('a' + i);
		SHOW(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE));
		MUST(munmap(at, LEN));
		MUST(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	}
	SHOW(pread(again, text, 5, 0));
	SHOW_STR(text);
	SHOW(fcntl(BADFD, F_ADD_SEALS, F_SEAL_WRITE));
}

static void map_file(const char *path, int prot, int flags)
{
	int fd = MUST(open(path, O_RDWR | O_CREAT, 0600));
	char *at;

	MUST(ftruncate(fd, LEN));
	at = map(fd, prot, flags);
	close(fd);
	SHOW_NUM(at[17]);
	if (prot & PROT_WRITE)
		at[17]++;
	SHOW(umount("mnt"));
	MUST(munmap(at, LEN));
}

/* More is written to a mapping than there is room for */
static void overfill(void)
{
	int fd = MUST(open("mnt/large", O_RDWR | O_CREAT, 0600)), status;
	pid_t pid;
	char *at;

	MUST(ftruncate(fd, 1 << 20));
	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		memset(at, 'x', 1 << 20);
		getppid();
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0));
	SHOW_STR(WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "none");
	SHOW(pwrite(fd, "y", 1, 0));
	MUST(ftruncate(fd, 0));
	close(fd);
	unlink("mnt/large");
}

static void mounts(void)
{
	char command[] = "cp /bin/true mnt/program && mnt/program";

	TITLE("file systems");
	MUST(mkdir("mnt", 0700));
	if (getuid() || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "mnt", "tmpfs", 0, "size=256k") < 0) {
		printf("none can be mounted\n");
		return;
	}
	map_file("mnt/file", PROT_READ | PROT_WRITE, MAP_SHARED);
	map_file("mnt/file", PROT_READ, MAP_SHARED);
	map_file("mnt/file", PROT_READ | PROT_WRITE, MAP_PRIVATE);
	overfill();
	SHOW(system(command));
	SHOW(umount("mnt"));
	SHOW(umount("mnt"));
}

int main(void)
{
	seals();
	mounts();
	return 0;
}
