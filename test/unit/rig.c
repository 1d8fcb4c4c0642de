/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A deputy in a test's hands: see test/unit/rig.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "executor.h"
#include "fdpass.h"
#include "handover.h"
#include "test/unit/rig.h"
#include "test/unit/unit.h"

/* How long anything may take */
#define PATIENCE_MS 20000
#define STACK_SIZE  (32 * (uint64_t)RIG_PAGE)

/* clang-format off */
asm(".pushsection .rodata\n"
    ".global rig_exits, rig_spins, rig_writes, rig_faults, rig_maps, rig_holds, rig_sleeps, rig_forks\n"
    ".global rig_reads\n"
    "rig_exits:  mov $110, %eax; syscall; mov %eax, %edi; mov $231, %eax; syscall; hlt\n"
    "rig_spins:  jmp rig_spins\n"
    "rig_writes: mov $1, %edi; lea 1f(%rip), %rsi; mov $4, %edx; mov $1, %eax; syscall\n"
    "            mov %eax, %edi; mov $231, %eax; syscall; hlt\n"
    "1:          .ascii \"text\"\n"
    "rig_faults: mov 8, %rax; hlt\n"
    "rig_maps:   xor %edi, %edi; mov $4096, %esi; mov $1, %edx; mov $2, %r10d; mov $5, %r8d; xor %r9d, %r9d\n"
    "            mov $9, %eax; syscall; movzbl (%rax), %edi; mov $231, %eax; syscall; hlt\n"
    "rig_holds:  xor %edi, %edi; mov $4096, %esi; mov $1, %edx; mov $2, %r10d; mov $5, %r8d; xor %r9d, %r9d\n"
    "            mov $9, %eax; syscall; mov $110, %eax; syscall; hlt\n"
    "rig_sleeps: mov $34, %eax; syscall; jmp rig_sleeps\n"
    "rig_forks:  mov $57, %eax; syscall; mov %eax, %edi; mov $231, %eax; syscall; hlt\n"
    "rig_reads:  xor %edi, %edi; lea -128(%rsp), %rsi; mov $3, %edx; xor %eax, %eax; syscall\n"
    "            movzbl -127(%rsp), %edi; mov $231, %eax; syscall; hlt\n"
    ".fill 2048, 1, 0xcc\n"
    ".popsection\n");
/* clang-format on */

/**
 * struct rig_message - A message that has come
 * @type:	What it is
 * @msg:	Its fields
 * @tail_len:	Bytes of its tail
 * @tail:	Its tail
 */
struct rig_message {
	enum wire_type type;
	union wire_any msg;
	size_t tail_len;
	uint8_t tail[];
};

static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct rig_message *message;
	struct rig *rig = ctx;

	if (type == WIRE_USAGE || type == WIRE_TAKEN)
		return;
	ck_assert_uint_lt(rig->queued, sizeof(rig->queue) / sizeof(*rig->queue));
	message = malloc(sizeof(*message) + tail_len);
	ck_assert_ptr_nonnull(message);
	message->type = type;
	message->msg = *msg;
	message->tail_len = tail_len;
	memcpy(message->tail, tail, tail_len);
	rig->queue[rig->queued++] = message;
	uv_stop(&rig->loop);
}

static void on_closed(void *ctx, int error, const char *why)
{
	struct rig *rig = ctx;

	(void)error;
	(void)why;
	channel_close(rig->channel);
	rig->channel = NULL;
	uv_stop(&rig->loop);
}

static const struct channel_ops ops = { on_message, on_closed, NULL };

static void on_timeout(uv_timer_t *timer)
{
	(void)timer;
	ck_abort_msg("nothing happens");
}

/* Become om-remote; the test's own binary lies in test/ beside bin/ */
static void become_remote(int link_fd)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 32];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		_exit(99);
	snprintf(path, sizeof(path), "%s/../bin/om-remote", dirname(self));
	link_fd = fcntl(link_fd, F_DUPFD, 10); /* dup2() of a number to itself would leave it close-on-exec */
	dup2(link_fd, HANDOVER_LINK_FD);
	close_range(HANDOVER_CACHE_FD, UINT_MAX, 0);
	setenv("OPENMOSIX_LOG", "error", 1);
	execl(path, path, (char *)NULL);
	_exit(98);
}

struct wire_hello rig_hello(void)
{
	struct wire_hello hello = { .purpose = WIRE_PURPOSE_ARRIVAL };
	struct cpu_features cpu;
	struct timespec t;

	cpu_collect(&cpu);
	cpu_encode(&cpu, hello.cpu);
	clock_gettime(CLOCK_MONOTONIC, &t);
	hello.clock_mono_ns = hello.clock_boot_ns = (uint64_t)t.tv_sec * 1000000000u;
	return hello;
}

/* The image that rig_program() starts with */
static void image_default(struct rig *rig)
{
	struct user_regs_struct regs = { 0 };
	uint64_t mm[12] = { RIG_CODE,	RIG_CODE + RIG_PAGE, RIG_CODE,		 RIG_CODE + RIG_PAGE,
			    0x10000000, 0x10000000,	     RIG_STACK + 0x1000, RIG_STACK,
			    RIG_STACK,	RIG_STACK,	     RIG_STACK,		 0 };

	regs.rip = RIG_CODE;
	regs.rsp = RIG_STACK + STACK_SIZE - 4096;
	regs.cs = 0x33;
	regs.ss = 0x2b;
	regs.eflags = 0x202;
	regs.orig_rax = (unsigned long long)-1;
	rig->body = (struct wire_body){
		.pid = RIG_PID, .tid = RIG_PID, .arena_addr = RIG_ARENA, .arena_size = arena_size(1), .comm = "rig"
	};
	memcpy(rig->body.regs, &regs, sizeof(regs));
	memcpy(rig->body.mm, mm, sizeof(mm));
	rig->vmas[0] =
		(struct wire_vma){ RIG_CODE, RIG_CODE + RIG_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, 0,
				   0 };
	rig->vmas[1] = (struct wire_vma){ RIG_STACK,
					  RIG_STACK + STACK_SIZE,
					  PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | WIRE_VMA_STACK,
					  0,
					  0 };
	rig->vma_nr = 2;
}

/* The other end's view of a session's keys */
static struct session_keys keys_turned(const struct session_keys *keys)
{
	struct session_keys turned = *keys;

	memcpy(turned.tx_key, keys->rx_key, sizeof(turned.tx_key));
	memcpy(turned.rx_key, keys->tx_key, sizeof(turned.rx_key));
	return turned;
}

bool rig_start(struct rig *rig, const struct wire_hello *hello)
{
	struct session_keys keys = { .version = HANDSHAKE_VERSION, .cipher = SESSION_CHACHA20_POLY1305 };
	struct wire_hello ordinary = rig_hello();
	struct handover block = { 0 };
	int pair[2], join[2], len;

	memset(rig, 0, sizeof(*rig));
	image_default(rig);
	ck_assert_int_ge(sodium_init(), 0);
	randombytes_buf(keys.tx_key, sizeof(keys.tx_key));
	randombytes_buf(keys.rx_key, sizeof(keys.rx_key));
	block.keys = keys_turned(&keys);
	len = wire_encode(WIRE_HELLO, hello ? hello : &ordinary, block.hello, sizeof(block.hello));
	ck_assert_int_gt(len, 0);
	block.hello_len = (size_t)len;
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, join), 0);
	rig->remote = fork();
	if (!rig->remote)
		become_remote(join[1]);
	rig->join = join[0];
	close(join[1]);
	ck_assert_int_eq(handover_send(rig->join, &block, pair[1]), 0);
	close(pair[1]);
	ck_assert_int_eq(uv_loop_init(&rig->loop), 0);
	uv_timer_init(&rig->loop, &rig->timer);
	rig->channel = channel_open(&rig->loop, pair[0], &keys, WIRE_HOME, &ops, rig);
	ck_assert_ptr_nonnull(rig->channel);
	if (hello)
		return true;
	if (!rig_wait(rig, WIRE_ACCEPT))
		ck_abort_msg("not accepted");
	channel_phase_set(rig->channel, PH_RUN);
	return true;
}

/* Of the second connection */
static void on_pages_closed(void *ctx, int error, const char *why)
{
	struct rig *rig = ctx;

	(void)error;
	(void)why;
	channel_close(rig->pages);
	rig->pages = NULL;
}

static const struct channel_ops pages_ops = { on_message, on_pages_closed, NULL };

void rig_join(struct rig *rig)
{
	struct session_keys keys = { .version = HANDSHAKE_VERSION, .cipher = SESSION_CHACHA20_POLY1305 };
	static struct handover block;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	randombytes_buf(keys.tx_key, sizeof(keys.tx_key));
	randombytes_buf(keys.rx_key, sizeof(keys.rx_key));
	block.keys = keys_turned(&keys);
	ck_assert_int_eq(fdpass_send(rig->join, &block, sizeof(block), pair[1], MSG_DONTWAIT), 0);
	close(pair[1]);
	rig->pages = channel_open(&rig->loop, pair[0], &keys, WIRE_HOME, &pages_ops, rig);
	ck_assert_ptr_nonnull(rig->pages);
	ck_assert(rig_wait(rig, WIRE_ACCEPT));
	channel_phase_set(rig->pages, PH_PAGES);
}

/* Send a message on a connection, if it is there */
static void send_on(struct channel *channel, enum wire_type type, const void *msg, const void *tail, size_t tail_len)
{
	struct iovec piece = { (void *)tail, tail_len };

	if (channel)
		channel_send(channel, type, msg, &piece, tail_len ? 1 : 0);
}

void rig_send(struct rig *rig, enum wire_type type, const void *msg, const void *tail, size_t tail_len)
{
	send_on(rig->channel, type, msg, tail, tail_len);
}

void rig_fetched(struct rig *rig, uint64_t fetch, int error, const void *tail, size_t tail_len)
{
	struct wire_fetched msg = { fetch, error };

	send_on(rig->pages, WIRE_FETCHED, &msg, tail, tail_len);
}

/* Take the oldest message; false when there is none */
static bool message_take(struct rig *rig, enum wire_type wanted)
{
	struct rig_message *message = rig->queue[0];

	if (!rig->queued)
		return false;
	memmove(rig->queue, rig->queue + 1, --rig->queued * sizeof(*rig->queue));
	ck_assert_msg(!wanted || message->type == wanted, "%s came instead of %s", wire_name(message->type),
		      wire_name(wanted));
	rig->type = message->type;
	rig->msg = message->msg;
	rig->tail_len = message->tail_len < sizeof(rig->tail) ? message->tail_len : sizeof(rig->tail) - 1;
	memcpy(rig->tail, message->tail, rig->tail_len);
	rig->tail[rig->tail_len] = '\0';
	free(message);
	return true;
}

bool rig_wait(struct rig *rig, enum wire_type type)
{
	uv_timer_start(&rig->timer, on_timeout, PATIENCE_MS, 0);
	while (rig->channel && !rig->queued)
		uv_run(&rig->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&rig->timer);
	return message_take(rig, type);
}

void rig_wait_end(struct rig *rig)
{
	ck_assert(!rig_wait(rig, WIRE_NONE));
}

void rig_end(struct rig *rig)
{
	int status;

	if (rig->channel)
		channel_close(rig->channel);
	if (rig->pages)
		channel_close(rig->pages);
	close(rig->join);
	while (rig->queued)
		free(rig->queue[--rig->queued]);
	uv_close((uv_handle_t *)&rig->timer, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&rig->loop), 0);
	ck_assert_int_eq(waitpid(rig->remote, &status, 0), rig->remote);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "om-remote ended with %x", status);
	/* We are the reaper of whatever it has left */
	ck_assert_int_eq(waitpid(-1, &status, WNOHANG | __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}

void rig_body(struct rig *rig)
{
	uint8_t rows[sizeof(rig->vmas) / sizeof(*rig->vmas) * WIRE_VMA_SIZE];

	for (unsigned int i = 0; i < rig->vma_nr; i++)
		wire_vma_encode(&rig->vmas[i], rows + i * WIRE_VMA_SIZE);
	rig_send(rig, WIRE_BODY, &rig->body, rows, rig->vma_nr * WIRE_VMA_SIZE);
}

void rig_program(struct rig *rig, const void *code, int error)
{
	struct wire_pages pages = { rig->body.pid, RIG_CODE };
	struct wire_start start = { .pid = rig->body.pid };

	rig_body(rig);
	rig_send(rig, WIRE_PAGES, &pages, code, RIG_PAGE / 2);
	rig_send(rig, WIRE_START, &start, NULL, 0);
	ck_assert(rig_wait(rig, WIRE_STARTED));
	ck_assert_uint_eq(rig->msg.started.pid, rig->body.pid);
	ck_assert_msg(rig->msg.started.error == error, "%d: %s", rig->msg.started.error, (char *)rig->tail);
}

struct wire_call rig_call(struct rig *rig, uint32_t nr)
{
	ck_assert(rig_wait(rig, WIRE_CALL));
	ck_assert_uint_eq(rig->msg.call.nr, nr);
	return rig->msg.call;
}

void rig_result(struct rig *rig, uint64_t call, int64_t ret, const void *tail, size_t tail_len)
{
	struct wire_result msg = { .call = call, .ret = ret };

	rig_send(rig, WIRE_RESULT, &msg, tail, tail_len);
}

void rig_drop(struct rig *rig)
{
	struct wire_drop msg = { rig->body.pid };

	rig_send(rig, WIRE_DROP, &msg, NULL, 0);
}

void rig_check_alive(struct rig *rig)
{
	struct wire_call call;

	image_default(rig);
	rig_program(rig, rig_exits, 0);
	call = rig_call(rig, 110);
	rig_result(rig, call.call, 7, NULL, 0);
	call = rig_call(rig, 231);
	ck_assert_uint_eq(call.arg[0], 7);
	rig_drop(rig);
}
