/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that newer kernels have, by number: where the kernel is older, both runs say ENOSYS. */
#include <linux/futex.h>
#include <sys/xattr.h>

#include "show.h"

#define NR_set_mempolicy_home_node 450
#define NR_cachestat		   451
#define NR_fchmodat2		   452
#define NR_futex_wake		   454
#define NR_futex_wait		   455
#define NR_futex_requeue	   456
#define NR_statmount		   457
#define NR_listmount		   458
#define NR_mseal		   462
#define NR_setxattrat		   463
#define NR_getxattrat		   464
#define NR_listxattrat		   465
#define NR_removexattrat	   466

static void files(void)
{
	struct {
		uint64_t off, len;
	} range = {0, 0};
	struct {
		uint64_t cache, dirty, writeback, evicted, recently;
	} cs = {0};
	struct stat st;
	int fd;

	make_file("plain", 10000, 1);
	MUST(symlink("plain", "link"));
	fd = MUST(open("plain", O_RDONLY));
	TITLE("cachestat");
	SHOW(syscall(NR_cachestat, fd, &range, &cs, 0));
	SHOW_TRUE(cs.cache <= 3);
	SHOW(syscall(NR_cachestat, fd, BAD, &cs, 0));
	SHOW(syscall(NR_cachestat, fd, &range, BAD, 0));
	SHOW(syscall(NR_cachestat, fd, &range, &cs, 99));
	SHOW(syscall(NR_cachestat, BADFD, &range, &cs, 0));
	TITLE("fchmodat2");
	SHOW(syscall(NR_fchmodat2, AT_FDCWD, "plain", 0600, 0));
	SHOW(syscall(NR_fchmodat2, AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
	SHOW(syscall(NR_fchmodat2, fd, "", 0640, AT_EMPTY_PATH));
	SHOW(stat("plain", &st));
	SHOW_HEX(st.st_mode);
	SHOW(syscall(NR_fchmodat2, AT_FDCWD, "missing", 0600, 0));
	SHOW(syscall(NR_fchmodat2, AT_FDCWD, BAD, 0600, 0));
	SHOW(syscall(NR_fchmodat2, BADFD, "plain", 0600, 0));
	SHOW(syscall(NR_fchmodat2, AT_FDCWD, "plain", 0600, 1 << 20));
	close(fd);
}

static void attributes(void)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t) "value", 5, 0};
	char buf[64] = "";

	TITLE("extended attributes by directory");
	SHOW(syscall(NR_setxattrat, AT_FDCWD, "plain", 0, "user.x", &args, sizeof(args)));
	args.flags = XATTR_CREATE;
	SHOW(syscall(NR_setxattrat, AT_FDCWD, "plain", 0, "user.x", &args, sizeof(args)));
	args = (typeof(args)){(uintptr_t)buf, sizeof(buf), 0};
	memset(buf, '.', sizeof(buf));
	SHOW(syscall(NR_getxattrat, AT_FDCWD, "plain", 0, "user.x", &args, sizeof(args)));
	show_bytes("value, and what was there", buf, sizeof(buf));
	args.size = 2;
	SHOW(syscall(NR_getxattrat, AT_FDCWD, "plain", 0, "user.x", &args, sizeof(args)));
	args.value = 8;
	args.size = 64;
	SHOW(syscall(NR_getxattrat, AT_FDCWD, "plain", 0, "user.x", &args, sizeof(args)));
	SHOW(syscall(NR_getxattrat, AT_FDCWD, "plain", 0, "user.x", BAD, sizeof(args)));
	SHOW(syscall(NR_getxattrat, AT_FDCWD, "plain", 0, "user.x", &args, 5));
	SHOW(syscall(NR_listxattrat, AT_FDCWD, "plain", 0, buf, sizeof(buf)));
	SHOW(syscall(NR_removexattrat, AT_FDCWD, "plain", 0, "user.x"));
	SHOW(syscall(NR_removexattrat, AT_FDCWD, "plain", 0, "user.x"));
}

static void memory(void)
{
	char *p = pages(8192);

	TITLE("memory");
	SHOW(syscall(NR_mseal, p, 4096, 99));
	SHOW(syscall(NR_mseal, p + 1, 4096, 0));
	SHOW(syscall(NR_mseal, p, 4096, 0));
	SHOW(mprotect(p + 4096, 4096, PROT_READ));
	SHOW(syscall(NR_set_mempolicy_home_node, p, 4096, 0, 0));
	SHOW(syscall(NR_set_mempolicy_home_node, p + 1, 4096, 0, 0));
}

static void futexes(void)
{
	struct timespec past = {1, 0};
	uint32_t word = 5;

	TITLE("futexes");
	SHOW(syscall(NR_futex_wake, &word, -1, 1, 2));
	SHOW(syscall(NR_futex_wake, &word, 0, 1, 2));
	SHOW(syscall(NR_futex_wait, &word, 6, -1, 2, NULL, CLOCK_MONOTONIC));
	SHOW(syscall(NR_futex_wait, &word, 5, -1, 2, &past, CLOCK_MONOTONIC));
	SHOW(syscall(NR_futex_wait, &word, 5, -1, 99, &past, CLOCK_MONOTONIC));
	SHOW(syscall(NR_futex_requeue, BAD, 0, 1, 1));
}

static void mounts(void)
{
	struct {
		uint32_t size, spare;
		uint64_t mount, param;
	} req = {sizeof(req), 0, -1, 0};
	uint64_t list[64];

	TITLE("mounts");
	SHOW(syscall(NR_listmount, &req, list, 64, 0) != 0);
	SHOW(syscall(NR_listmount, BAD, list, 64, 0));
	req.size = 3;
	SHOW(syscall(NR_listmount, &req, list, 64, 0));
	SHOW(syscall(NR_statmount, &req, list, sizeof(list), 0));
	SHOW(syscall(NR_statmount, BAD, list, sizeof(list), 0));
}

int main(void)
{
	files();
	attributes();
	memory();
	futexes();
	mounts();
	return 0;
}
