/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seccomp user notifications: see remote/notify.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/notify.h"

int notify_check(void)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -ENOTSUP;
	if (sizes.seccomp_notif != sizeof(struct seccomp_notif) ||
	    sizes.seccomp_notif_resp != sizeof(struct seccomp_notif_resp) ||
	    sizes.seccomp_data != sizeof(struct seccomp_data))
		return -ENOTSUP;
	return 0;
}

int notify_receive(int listener, struct seccomp_notif *out)
{
	memset(out, 0, sizeof(*out));
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, out) < 0 ? -errno : 0;
}

int notify_answer(int listener, uint64_t id, int64_t ret)
{
	struct seccomp_notif_resp resp = { .id = id };

	if (ret < 0 && ret > -4096)
		resp.error = (int)ret;
	else
		resp.val = ret;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? -errno : 0;
}

int notify_continue(int listener, uint64_t id)
{
	struct seccomp_notif_resp resp = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? -errno : 0;
}

int notify_addfd(int listener, uint64_t id, int source, int target)
{
	struct seccomp_notif_addfd add = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)source,
		.newfd = (uint32_t)target,
		.newfd_flags = O_CLOEXEC,
	};

	int ret;

	/* It waits for the guest to take the descriptor, and a signal of ours may come first */
	do
		ret = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}
