/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process_vm_readv and process_vm_writev between processes of a family; mappings of the zero device. */
#include <sys/prctl.h>

#include "show.h"

static char shared_name[64] = "as it was before the fork";

static struct iovec piece(void *at, size_t len)
{
	return (struct iovec){at, len};
}

/* What @reader can do to the memory of @pid, which has the same addresses */
static void reach(pid_t pid)
{
	static char got[64];
	struct iovec here = piece(got, sizeof(got)), there = piece(shared_name, sizeof(shared_name));
	struct iovec none = piece(BAD, 8), parts[2] = {piece(got, 3), piece(got + 10, 5)};

	memset(got, 0, sizeof(got));
	SHOW(SYS(process_vm_readv, pid, &here, 1, &there, 1, 0));
	SHOW_STR(got);
	memset(got, 0, sizeof(got));
	SHOW(SYS(process_vm_readv, pid, parts, 2, &there, 1, 0));
	SHOW_STR(got + 10);
	SHOW(SYS(process_vm_readv, pid, &here, 1, &none, 1, 0));
	SHOW(SYS(process_vm_readv, pid, &none, 1, &there, 1, 0));
	SHOW(SYS(process_vm_readv, pid, &here, 1, &there, 1, 1));
	strcpy(got, "written");
	SHOW(SYS(process_vm_writev, pid, &here, 1, &there, 1, 0));
}

/* A child that waits, and then says what is in its memory */
static pid_t child_begin(int go[2], void (*prepare)(void))
{
	int ready[2];
	char c;
	pid_t pid;

	MUST(pipe(go));
	MUST(pipe(ready));
	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		strcpy(shared_name, "as the child has it");
		if (prepare)
			prepare();
		MUST(write(ready[1], "r", 1));
		MUST(read(go[0], &c, 1));
		SHOW_STR(shared_name);
		fflush(stdout);
		_exit(0);
	}
	MUST(read(ready[0], &c, 1));
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void child_end(pid_t pid, int go[2])
{
	MUST(write(go[1], "g", 1));
	MUST(waitpid(pid, NULL, 0));
	close(go[0]);
	close(go[1]);
}

static void undumpable(void)
{
	MUST(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

static void family(void)
{
	struct iovec here = piece(&(char[8]){0}, 8), there = piece(shared_name, 8);
	int go[2];
	pid_t pid;

	TITLE("parent and child");
	pid = child_begin(go, NULL);
	reach(pid);
	child_end(pid, go);
	SHOW(SYS(process_vm_readv, pid, &here, 1, &there, 1, 0));

	TITLE("siblings");
	pid = child_begin(go, NULL);
	if (!fork()) {
		reach(pid);
		fflush(stdout);
		_exit(0);
	}
	MUST(wait(NULL));
	child_end(pid, go);

	TITLE("not to be dumped");
	pid = child_begin(go, undumpable);
	if (getuid())
		SHOW(SYS(process_vm_readv, pid, &here, 1, &there, 1, 0));
	child_end(pid, go);

	TITLE("of another user");
	pid = child_begin(go, NULL);
	if (!getuid() && !fork()) {
		MUST(setuid(1234));
		SHOW(SYS(process_vm_readv, pid, &here, 1, &there, 1, 0));
		SHOW(SYS(process_vm_writev, pid, &here, 1, &there, 1, 0));
		fflush(stdout);
		_exit(0);
	}
	if (!getuid())
		MUST(wait(NULL));
	child_end(pid, go);
}

static void zero_device(void)
{
	int fd = MUST(open("/dev/zero", O_RDONLY));
	char *at;

	TITLE("zero device, open for reading");
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	SHOW_TRUE(at != MAP_FAILED && !at[4095]);
	SHOW(mprotect(at, 4096, PROT_READ | PROT_WRITE));
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	SHOW_TRUE(at != MAP_FAILED && !at[4095]);
	at[0] = 1;
	close(fd);
}

int main(void)
{
	family();
	zero_device();
	return 0;
}
