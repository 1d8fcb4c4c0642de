/* SPDX-License-Identifier: GPL-2.0-or-later */
/* futex, robust lists, rseq, file handles, pidfd and process_vm on oneself, kcmp, keys, landlock, and the like. */
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>

#include "show.h"

static void futexes(void)
{
	struct timespec ts = {0, 10000000}, past = {0, 0};
	uint32_t word = 5, *last = edge(4);
	struct {
		uint64_t val, uaddr;
		uint32_t flags, reserved;
	} waiter = {6, (uintptr_t)&word, 2, 0};

	TITLE("futex");
	SHOW(SYS(futex, &word, FUTEX_WAIT, 6, NULL));
	SHOW(SYS(futex, &word, FUTEX_WAIT, 5, &ts));
	SHOW(SYS(futex, &word, FUTEX_WAIT_PRIVATE, 5, &ts));
	SHOW(SYS(futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 5, &past, NULL, -1));
	SHOW(SYS(futex, &word, FUTEX_WAIT_BITSET, 5, &past, NULL, 0));
	SHOW(SYS(futex, &word, FUTEX_WAKE, 1));
	SHOW(SYS(futex, last, FUTEX_WAKE_PRIVATE, 1));
	SHOW(SYS(futex, &word, FUTEX_CMP_REQUEUE, 1, 1, last, 9));
	SHOW(SYS(futex, &word, FUTEX_WAKE_OP, 1, 1, last, 0));
	SHOW(SYS(futex, (char *)&word + 1, FUTEX_WAKE, 1));
	SHOW(SYS(futex, BAD, FUTEX_WAIT, 1, NULL));
	SHOW(SYS(futex, KERNEL_BAD, FUTEX_WAIT, 1, NULL));
	SHOW(SYS(futex, &word, FUTEX_WAIT, 5, BAD));
	SHOW(SYS(futex, &word, 99, 5, NULL));
	ts.tv_nsec = -1;
	SHOW(SYS(futex, &word, FUTEX_WAIT, 5, &ts));
	word = 0;
	SHOW(SYS(futex, &word, FUTEX_LOCK_PI, 0, NULL));
	SHOW_TRUE(word == (uint32_t)gettid());
	SHOW(SYS(futex, &word, FUTEX_TRYLOCK_PI, 0, NULL));
	SHOW(SYS(futex, &word, FUTEX_UNLOCK_PI, 0, NULL));
	SHOW_NUM(word);
	SHOW(SYS(futex, &word, FUTEX_UNLOCK_PI, 0, NULL));
	SHOW(syscall(449, &waiter, 1, 0, NULL, CLOCK_MONOTONIC));
	SHOW(syscall(449, &waiter, 0, 0, NULL, CLOCK_MONOTONIC));
	SHOW(syscall(449, BAD, 1, 0, NULL, CLOCK_MONOTONIC));
}

static void thread_words(void)
{
	void *head = NULL;
	size_t len = 0;

	TITLE("robust list, rseq, tid address");
	SHOW(SYS(get_robust_list, 0, &head, &len));
	SHOW_NUM(len);
	SHOW_TRUE(head != NULL);
	SHOW(SYS(set_robust_list, head, len));
	SHOW(SYS(set_robust_list, head, 5));
	SHOW(SYS(get_robust_list, 0x7ffffff0, &head, &len));
	SHOW(SYS(get_robust_list, 0, BAD, &len));
	SHOW_TRUE(SYS(set_tid_address, &len) == gettid());
	SHOW(SYS(rseq, &len, 5, 0, 0));
	SHOW(SYS(rseq, BAD, 32, 1, 0));
}

static void handles(void)
{
	struct {
		struct file_handle h;
		unsigned char room[128];
	} fh = {.h = {.handle_bytes = 0}};
	int mount_id = -1, fd;

	TITLE("file handles");
	make_file("plain", 10, 1);
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "plain", &fh, &mount_id, 0));
	SHOW_NUM(fh.h.handle_bytes);
	fh.h.handle_bytes = 128;
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "plain", &fh, &mount_id, 0));
	SHOW_NUM(fh.h.handle_bytes);
	SHOW_TRUE(mount_id > 0);
	fd = SHOW(SYS(open_by_handle_at, AT_FDCWD, &fh, O_RDONLY));
	if (fd >= 0)
		close(fd);
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "missing", &fh, &mount_id, 0));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "plain", BAD, &mount_id, 0));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "plain", &fh, BAD, 0));
	SHOW(SYS(name_to_handle_at, AT_FDCWD, "plain", &fh, &mount_id, 1 << 20));
	SHOW(SYS(open_by_handle_at, BADFD, &fh, O_RDONLY));
	SHOW(SYS(open_by_handle_at, AT_FDCWD, BAD, O_RDONLY));
	fh.h.handle_bytes = 1000;
	SHOW(SYS(open_by_handle_at, AT_FDCWD, &fh, O_RDONLY));
}

static volatile int got;

static void on_signal(int sig UNUSED)
{
	got++;
}

static void self(void)
{
	char from[100] = "process memory", to[100] = "";
	struct iovec l[2] = {{to, 7}, {to + 50, 20}}, r[2] = {{from, 20}, {BAD, 10}};
	int fd, copy;
	pid_t pid;

	TITLE("pidfd of oneself");
	fd = SHOW(SYS(pidfd_open, getpid(), 0));
	SHOW(fcntl(fd, F_GETFD));
	handle(SIGUSR1, on_signal, 0);
	SHOW(SYS(pidfd_send_signal, fd, SIGUSR1, NULL, 0));
	SHOW_NUM(got);
	SHOW(SYS(pidfd_send_signal, fd, 0, NULL, 0));
	SHOW(SYS(pidfd_send_signal, fd, 99, NULL, 0));
	SHOW(SYS(pidfd_send_signal, 1, 0, NULL, 0));
	SHOW(SYS(pidfd_send_signal, BADFD, 0, NULL, 0));
	copy = SHOW(SYS(pidfd_getfd, fd, 1, 0));
	SHOW(write(copy, "through a copy\n", 15));
	SHOW(SYS(pidfd_getfd, fd, BADFD, 0));
	SHOW(SYS(pidfd_getfd, 1, 1, 0));
	SHOW(SYS(pidfd_open, 0x7ffffff0, 0));
	SHOW(SYS(pidfd_open, -1, 0));
	SHOW(SYS(pidfd_open, getpid(), 1 << 20));
	close(copy);
	memset(from, 'x', 20);
	SHOW(syscall(SYS_process_madvise, fd, l, 1, MADV_WILLNEED, 0));
	SHOW(syscall(SYS_process_madvise, fd, l, 1, MADV_WILLNEED, 1));
	SHOW(syscall(SYS_process_madvise, 1, l, 1, MADV_WILLNEED, 0));
	SHOW(syscall(SYS_process_madvise, BADFD, l, 1, MADV_WILLNEED, 0));
	close(fd);
	TITLE("process_vm on oneself");
	SHOW(SYS(process_vm_readv, getpid(), l, 2, r, 1, 0));
	show_bytes("first", to, 7);
	show_bytes("second", to + 50, 13);
	SHOW(SYS(process_vm_writev, getpid(), r, 1, l, 2, 0));
	SHOW(SYS(process_vm_readv, getpid(), l, 2, r, 2, 0));
	SHOW(SYS(process_vm_readv, getpid(), l, 2, r + 1, 1, 0));
	SHOW(SYS(process_vm_readv, getpid(), BAD, 2, r, 1, 0));
	SHOW(SYS(process_vm_readv, 0x7ffffff0, l, 2, r, 1, 0));
	SHOW(SYS(process_vm_readv, getpid(), l, 2, r, 1, 1));
	TITLE("kcmp");
	copy = dup(1);
	SHOW(SYS(kcmp, getpid(), getpid(), KCMP_FILE, 1, copy));
	SHOW_TRUE(SYS(kcmp, getpid(), getpid(), KCMP_FILE, 0, 1) > 0);
	SHOW(SYS(kcmp, getpid(), getpid(), KCMP_VM, 0, 0));
	pid = MUST(fork());
	if (!pid) {
		pause();
		_exit(0);
	}
	SHOW_TRUE(SYS(kcmp, getpid(), pid, KCMP_VM, 0, 0) > 0);
	SHOW_TRUE(SYS(kcmp, getpid(), pid, KCMP_SIGHAND, 0, 0) > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	SHOW(SYS(kcmp, getpid(), getpid(), KCMP_FILE, 1, BADFD));
	SHOW(SYS(kcmp, getpid(), 0x7ffffff0, KCMP_FILE, 1, 1));
	SHOW(SYS(kcmp, getpid(), getpid(), 99, 1, 1));
	close(copy);
}

static void keys(void)
{
	char buf[100] = "";
	long key, ring;

	TITLE("keys");
	ring = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	SHOW_TRUE(ring > 0 || errno);
	key = SYS(add_key, "user", "om-test", "payload", 7, KEY_SPEC_PROCESS_KEYRING);
	SHOW_TRUE(key > 0);
	if (key <= 0) {
		printf("add_key: %s\n", show_errno(errno));
		return;
	}
	SHOW(SYS(keyctl, KEYCTL_READ, key, buf, 100));
	SHOW_STR(buf);
	SHOW(SYS(keyctl, KEYCTL_READ, key, edge(3), 7));
	SHOW(SYS(keyctl, KEYCTL_UPDATE, key, "changed!", 8));
	SHOW(SYS(keyctl, KEYCTL_READ, key, buf, 100));
	SHOW_TRUE(SYS(keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "user", "om-test", 0) == key);
	SHOW(SYS(keyctl, KEYCTL_DESCRIBE, key, buf, 100) > 10);
	SHOW_TRUE(!strncmp(buf, "user;", 5));
	SHOW(SYS(request_key, "user", "om-missing", NULL, 0));
	SHOW(SYS(keyctl, KEYCTL_REVOKE, key));
	SHOW(SYS(keyctl, KEYCTL_READ, key, buf, 100));
	SHOW(SYS(add_key, "nosuchtype", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING));
	SHOW(SYS(add_key, BAD, "x", "y", 1, KEY_SPEC_PROCESS_KEYRING));
	SHOW(SYS(add_key, "user", "x", BAD, 1, KEY_SPEC_PROCESS_KEYRING));
	SHOW(SYS(keyctl, 999, 0));
	SHOW(SYS(keyctl, KEYCTL_READ, 0x7ffffff0, buf, 10));
}

static void rules(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE};
	int fd;

	TITLE("landlock");
	SHOW(SYS(landlock_create_ruleset, NULL, 0, 1));
	fd = SHOW_OK(SYS(landlock_create_ruleset, &attr, sizeof(attr), 0));
	SHOW(SYS(landlock_create_ruleset, BAD, sizeof(attr), 0));
	SHOW(SYS(landlock_add_rule, BADFD, 1, &attr, 0));
	SHOW(SYS(landlock_restrict_self, BADFD, 0));
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	futexes();
	thread_words();
	handles();
	self();
	keys();
	rules();
	return 0;
}
