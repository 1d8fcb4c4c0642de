/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io_setup, io_submit, io_getevents, io_pgetevents, io_cancel, io_destroy. */
#include <linux/aio_abi.h>
#include <sys/eventfd.h>

#include "show.h"

static void show_events(const struct io_event *ev, long n)
{
	for (long i = 0; i < n; i++)
		printf("  data %llu res %lld res2 %lld\n", (long long)ev[i].data, (long long)ev[i].res,
		       (long long)ev[i].res2);
}

int main(void)
{
	char *buf = pages(8192), *back = pages(8192);
	struct iovec v[2] = {{back, 100}, {back + 4096, 200}};
	struct iocb cb[4], *list[5] = {&cb[0], &cb[1], &cb[2], &cb[3], BAD};
	struct io_event ev[8];
	struct timespec ts = {0, 20000000};
	unsigned long ctx = 0, other = 0;
	uint64_t count = 0;
	int fd, efd;

	TITLE("set up");
	SHOW(SYS(io_setup, 8, &ctx));
	SHOW_TRUE(ctx != 0);
	SHOW_TRUE(*(volatile uint32_t *)ctx < UINT32_MAX); /* as libaio looks at the ring */
	SHOW(SYS(io_setup, 8, &ctx));
	SHOW(SYS(io_setup, 0, &other));
	SHOW(SYS(io_setup, 8, BAD));
	SHOW(SYS(io_setup, -1, &other));
	fd = MUST(open("file", O_CREAT | O_RDWR, 0600));
	efd = MUST(eventfd(0, EFD_NONBLOCK));
	fill(buf, 8192, 7);
	TITLE("write");
	memset(cb, 0, sizeof(cb));
	cb[0] = (struct iocb){.aio_data = 11,
			      .aio_lio_opcode = IOCB_CMD_PWRITE,
			      .aio_fildes = fd,
			      .aio_buf = (uintptr_t)buf,
			      .aio_nbytes = 8192,
			      .aio_flags = IOCB_FLAG_RESFD,
			      .aio_resfd = efd};
	SHOW(SYS(io_submit, ctx, 1, list));
	SHOW(SYS(io_getevents, ctx, 1, 8, ev, BAD));
	SHOW(SYS(io_getevents, ctx, 1, 8, ev, NULL));
	show_events(ev, 1);
	SHOW(read(efd, &count, 8));
	SHOW_NUM(count);
	show_file("file");
	TITLE("read");
	cb[0] = (struct iocb){.aio_data = 21,
			      .aio_lio_opcode = IOCB_CMD_PREAD,
			      .aio_fildes = fd,
			      .aio_buf = (uintptr_t)back,
			      .aio_nbytes = 4096,
			      .aio_offset = 4000};
	SHOW(SYS(io_submit, ctx, 1, list));
	SHOW(SYS(io_getevents, ctx, 1, 1, ev, NULL));
	show_events(ev, 1);
	show_bytes("back", back, 4096);
	cb[0] = (struct iocb){.aio_data = 31,
			      .aio_lio_opcode = IOCB_CMD_PREADV,
			      .aio_fildes = fd,
			      .aio_buf = (uintptr_t)v,
			      .aio_nbytes = 2,
			      .aio_offset = 10};
	SHOW(SYS(io_submit, ctx, 1, list));
	SHOW(SYS(io_getevents, ctx, 1, 1, ev, NULL));
	show_events(ev, 1);
	show_bytes("back", back, 100);
	show_bytes("back", back + 4096, 200);
	TITLE("several");
	for (int i = 0; i < 3; i++)
		cb[i] = (struct iocb){.aio_data = 41,
				      .aio_lio_opcode = IOCB_CMD_PREAD,
				      .aio_fildes = fd,
				      .aio_buf = (uintptr_t)(back + i * 1000),
				      .aio_nbytes = 1000,
				      .aio_offset = i * 50};
	SHOW(SYS(io_submit, ctx, 3, list));
	SHOW(SYS(io_getevents, ctx, 3, 8, ev, NULL));
	show_events(ev, 3);
	show_bytes("back", back, 3000);
	cb[0] = (struct iocb){.aio_data = 51, .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = fd};
	SHOW_OK(SYS(io_submit, ctx, 1, list));
	/* It may take longer than that */
	long early = SYS(io_getevents, ctx, 0, 8, ev, &ts);
	SHOW_OK(early);
	SHOW(early + (early ? 0 : SYS(io_getevents, ctx, 1, 8, ev, NULL)));
	SHOW(SYS(io_getevents, ctx, 1, 8, ev, &ts));
	SHOW(SYS(io_pgetevents, ctx, 1, 8, ev, &ts, NULL));
	TITLE("errors");
	cb[0] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = BADFD};
	SHOW(SYS(io_submit, ctx, 1, list));
	cb[0] = (struct iocb){.aio_lio_opcode = 99, .aio_fildes = fd};
	SHOW(SYS(io_submit, ctx, 1, list));
	cb[0] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd, .aio_buf = 8, .aio_nbytes = 100};
	SHOW(SYS(io_submit, ctx, 1, list));
	if (SYS(io_getevents, ctx, 0, 1, ev, &ts) == 1)
		show_events(ev, 1);
	SHOW(SYS(io_submit, ctx, 0, list));
	SHOW(SYS(io_submit, ctx, -1, list));
	SHOW(SYS(io_submit, ctx, 1, BAD));
	SHOW(SYS(io_submit, ctx, 1, list + 4));
	SHOW(SYS(io_submit, 12345, 1, list));
	SHOW(SYS(io_getevents, ctx, 1, 0, ev, NULL));
	SHOW(SYS(io_getevents, ctx, -1, 1, ev, NULL));
	SHOW(SYS(io_getevents, 12345, 0, 1, ev, NULL));
	SHOW(SYS(io_getevents, ctx, 0, 1, ev, BAD));
	SHOW(SYS(io_cancel, ctx, &cb[0], ev));
	SHOW(SYS(io_cancel, 12345, &cb[0], ev));
	SHOW(SYS(io_destroy, ctx));
	SHOW(SYS(io_destroy, ctx));
	SHOW(SYS(io_destroy, 0));
	return 0;
}
