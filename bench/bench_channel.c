// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * What the channel costs next to what it is made of, all in one run: the cipher alone in memory, plain TCP over loopback,
 * and the channel over the same loopback. Two processes; the child answers. Rounds of each measurement are interleaved,
 * and the best round counts, so that what else the machine does falls on all alike.
 *
 * Prints lines `name value unit ratio`: the ratio is to the counterpart (`-` where there is none), for latencies how many
 * times the counterpart's, for throughputs which part of the lower of cipher and TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "channel.h"
#include "common/record.h"
#include "log.h"

#define BLOCK_BYTES (1u << 20)	 /* of a streaming write */
#define TAKE_BYTES  (256u << 10) /* of a plain TCP read */
#define ROUNDS	    5

/**
 * struct figures - Best of all rounds
 * @seal_gbs:	Cipher alone, encrypting
 * @open_gbs:	Cipher alone, decrypting
 * @tcp_us:	Plain TCP, round trip, sleeping in recv()
 * @tcp_spin_us: The same, spinning
 * @tcp_gbs:	Plain TCP, one way
 * @channel_us:	Channel, round trip, sleeping in the event loop
 * @channel_spin_us: The same, spinning in channel_poll()
 * @channel_gbs: Channel, one way
 */
struct figures {
	double seal_gbs, open_gbs, tcp_us, tcp_spin_us, tcp_gbs, channel_us, channel_spin_us, channel_gbs;
};

/**
 * struct bench - One end of a measurement over a channel
 * @loop:	Event loop
 * @ch:		Channel
 * @left:	Round trips, or blocks, that are left
 * @tail:	Bytes of one
 * @tail_len:	Their number
 * @answers:	This end answers each message
 * @done:	This end has nothing more to say: however the other one ends is fine
 */
struct bench {
	uv_loop_t loop;
	struct channel *ch;
	unsigned int left;
	uint8_t *tail;
	size_t tail_len;
	bool answers;
	bool done;
};

static struct session_keys keys_home, keys_worker;

/**
 * now() - Monotonic clock in seconds
 */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/**
 * keep_min(), keep_max() - Keep the best round
 * @best:	Best so far, 0 for none
 * @value:	This round's
 */
static void keep_min(double *best, double value)
{
	if (*best == 0 || value < *best)
		*best = value;
}

static void keep_max(double *best, double value)
{
	if (value > *best)
		*best = value;
}

/**
 * make_keys() - Keys of a session, without a handshake
 * @cipher:	Cipher
 */
static void make_keys(uint32_t cipher)
{
	memset(&keys_home, 0, sizeof(keys_home));
	keys_home.version = HANDSHAKE_VERSION;
	keys_home.cipher = cipher;
	randombytes_buf(keys_home.tx_key, KEY_LEN);
	randombytes_buf(keys_home.rx_key, KEY_LEN);
	keys_worker = keys_home;
	memcpy(keys_worker.tx_key, keys_home.rx_key, KEY_LEN);
	memcpy(keys_worker.rx_key, keys_home.tx_key, KEY_LEN);
}

/**
 * tcp_pair() - Two connected TCP sockets over loopback
 * @fd:		Sockets
 */
static void tcp_pair(int fd[2])
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t len = sizeof(sin);

	if (listener < 0 || bind(listener, (struct sockaddr *)&sin, len) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) < 0)
		die(EXIT_FAILED, "listen: %s", strerror(errno));
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (fd[0] < 0 || connect(fd[0], (struct sockaddr *)&sin, sizeof(sin)) < 0)
		die(EXIT_FAILED, "connect: %s", strerror(errno));
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		die(EXIT_FAILED, "accept: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
}

/**
 * start_child() - Fork, and connect the halves
 * @fd:		Our socket
 *
 * Return: as fork().
 */
static pid_t start_child(int *fd)
{
	int pair[2];
	pid_t pid;

	tcp_pair(pair);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die(EXIT_FAILED, "fork: %s", strerror(errno));
	*fd = pair[pid == 0];
	close(pair[pid != 0]);
	return pid;
}

/**
 * receive() - Receive so many bytes
 * @fd:		Socket
 * @buf:	Destination
 * @len:	How many
 * @flags:	Of recv(); MSG_DONTWAIT to spin
 *
 * Return: 1, or 0 when the other side is done.
 */
static int receive(int fd, uint8_t *buf, size_t len, int flags)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = recv(fd, buf + got, len - got, flags);

		if (n > 0)
			got += n;
		else if (n == 0)
			return 0;
		else if (errno != EAGAIN)
			die(EXIT_FAILED, "recv: %s", strerror(errno));
	}
	return 1;
}

/**
 * send_all() - Send so many bytes
 * @fd:		Socket
 * @buf:	Bytes
 * @len:	How many
 */
static void send_all(int fd, const uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0)
			die(EXIT_FAILED, "send: %s", strerror(errno));
		buf += n;
		len -= n;
	}
}

/**
 * tcp_round_trip() - Microseconds of a round trip over plain TCP
 * @size:	Bytes each way
 * @count:	Round trips
 * @flags:	0, or MSG_DONTWAIT to spin
 */
static double tcp_round_trip(size_t size, unsigned int count, int flags)
{
	uint8_t *buf = calloc(1, size);
	double start, end;
	pid_t pid;
	int fd;

	pid = start_child(&fd);
	if (pid == 0) {
		while (receive(fd, buf, size, flags))
			send_all(fd, buf, size);
		_exit(0);
	}
	start = now();
	for (unsigned int i = 0; i < count; i++) {
		send_all(fd, buf, size);
		receive(fd, buf, size, flags);
	}
	end = now();
	close(fd);
	waitpid(pid, NULL, 0);
	free(buf);
	return (end - start) / count * 1e6;
}

/**
 * tcp_stream() - Throughput of plain TCP
 * @blocks:	MiB to send
 */
static double tcp_stream(unsigned int blocks)
{
	uint8_t *buf = calloc(1, BLOCK_BYTES);
	double start, end;
	pid_t pid;
	int fd;

	pid = start_child(&fd);
	if (pid == 0) {
		uint64_t got = 0;

		while (got < (uint64_t)blocks * BLOCK_BYTES) {
			ssize_t n = recv(fd, buf, TAKE_BYTES, 0);

			if (n <= 0)
				_exit(1);
			got += n;
		}
		send_all(fd, buf, 1);
		_exit(0);
	}
	start = now();
	for (unsigned int i = 0; i < blocks; i++)
		send_all(fd, buf, BLOCK_BYTES);
	receive(fd, buf, 1, 0);
	end = now();
	close(fd);
	waitpid(pid, NULL, 0);
	free(buf);
	return (double)blocks * BLOCK_BYTES / (end - start) / 1e9;
}

/**
 * seal_records() - Throughput of the cipher in memory, encrypting
 * @count:	Records to make
 */
static double seal_records(unsigned int count)
{
	static struct record_cipher seal;
	static uint8_t plain[CHANNEL_RECORD_MAX], record[CHANNEL_RECORD_MAX + RECORD_OVERHEAD];
	double start = now();

	if (record_init(&seal, keys_home.cipher, keys_home.tx_key, 0))
		die(EXIT_FAILED, "%s: not on this CPU", session_cipher_name(keys_home.cipher));
	for (unsigned int i = 0; i < count; i++)
		record_seal(&seal, CHANNEL_RECORD_MAX, plain, CHANNEL_RECORD_MAX, record);
	return (double)count * CHANNEL_RECORD_MAX / (now() - start) / 1e9;
}

/**
 * open_records() - Throughput of the cipher in memory, decrypting
 * @count:	Records to open: the same one again and again
 */
static double open_records(unsigned int count)
{
	static struct record_cipher seal, open;
	static uint8_t plain[CHANNEL_RECORD_MAX], record[CHANNEL_RECORD_MAX + RECORD_OVERHEAD];
	double start;

	record_init(&seal, keys_home.cipher, keys_home.tx_key, 0);
	record_init(&open, keys_home.cipher, keys_home.tx_key, 0);
	record_seal(&seal, CHANNEL_RECORD_MAX, plain, CHANNEL_RECORD_MAX, record);
	start = now();
	for (unsigned int i = 0; i < count; i++) {
		open.count = 0;
		if (record_open(&open, record, CHANNEL_RECORD_MAX, plain))
			die(EXIT_FAILED, "cipher does not decrypt what it has encrypted");
	}
	return (double)count * CHANNEL_RECORD_MAX / (now() - start) / 1e9;
}

/**
 * cipher_alone() - Throughput of the cipher in memory, in records as the channel makes them
 * @fig:	Figures
 * @blocks:	MiB
 *
 * One process encrypts while the other decrypts, as they do at the two ends of a channel: what two busy CPUs take from each
 * other falls on both measurements.
 */
static void cipher_alone(struct figures *fig, unsigned int blocks)
{
	unsigned int count = blocks * (BLOCK_BYTES / CHANNEL_RECORD_MAX);
	double open_gbs = 0;
	pid_t pid;
	int fd;

	pid = start_child(&fd);
	if (pid == 0) {
		open_gbs = open_records(count);
		send_all(fd, (const uint8_t *)&open_gbs, sizeof(open_gbs));
		_exit(0);
	}
	keep_max(&fig->seal_gbs, seal_records(count));
	receive(fd, (uint8_t *)&open_gbs, sizeof(open_gbs), 0);
	keep_max(&fig->open_gbs, open_gbs);
	close(fd);
	waitpid(pid, NULL, 0);
}

/**
 * send_echo() - Send one message
 * @bench:	Our end
 * @len:	Length of the tail
 */
static void send_echo(struct bench *bench, size_t len)
{
	struct iovec iov = {.iov_base = bench->tail, .iov_len = len};
	struct wire_echo echo = {.reply_size = len};

	if (channel_send(bench->ch, WIRE_ECHO, &echo, &iov, 1) < 0)
		die(EXIT_FAILED, "channel_send failed");
}

static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct bench *bench = ctx;

	(void)type, (void)msg, (void)tail;
	if (bench->left > 0)
		bench->left--;
	if (bench->answers)
		send_echo(bench, tail_len);
}

static void on_closed(void *ctx, int error, const char *why)
{
	struct bench *bench = ctx;

	if (error && !bench->done)
		die(EXIT_FAILED, "channel: %s", why);
	bench->left = 0;
	channel_close(bench->ch);
	bench->ch = NULL;
}

/* Send blocks until enough wait for the socket */
static void on_drained(void *ctx)
{
	struct bench *bench = ctx;

	while (bench->left > 0 && !bench->answers && channel_backlog(bench->ch) == 0) {
		bench->left--;
		send_echo(bench, bench->tail_len);
	}
}

/**
 * open_end() - Open our end of a channel
 * @bench:	Our end
 * @fd:		Socket
 * @self:	Side
 * @streams:	Call on_drained()
 */
static void open_end(struct bench *bench, int fd, enum wire_sender self, bool streams)
{
	static const struct channel_ops echo_ops = {.message = on_message, .closed = on_closed};
	static const struct channel_ops stream_ops = {
		.message = on_message, .closed = on_closed, .drained = on_drained};

	uv_loop_init(&bench->loop);
	bench->ch = channel_open(&bench->loop, fd, self == WIRE_HOME ? &keys_home : &keys_worker, self,
				 streams ? &stream_ops : &echo_ops, bench);
	if (!bench->ch)
		die(EXIT_FAILED, "channel_open: %s", strerror(errno));
	channel_phase_set(bench->ch, PH_ECHO);
}

/**
 * close_end() - Close it
 * @bench:	Our end
 */
static void close_end(struct bench *bench)
{
	if (bench->ch)
		channel_close(bench->ch);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	uv_loop_close(&bench->loop);
	free(bench->tail);
}

/**
 * answer() - Child: answer each message until the other side closes
 * @bench:	Our end
 * @spin:	Spin instead of sleeping
 */
static void answer(struct bench *bench, bool spin)
{
	bench->answers = bench->done = true;
	while (bench->ch) {
		if (!spin)
			uv_run(&bench->loop, UV_RUN_ONCE);
		else if (channel_poll(bench->ch) < 0)
			break;
	}
	_exit(0);
}

/**
 * channel_round_trip() - Microseconds of a round trip over the channel
 * @size:	Bytes of the tail each way
 * @count:	Round trips
 * @spin:	Spin instead of sleeping
 */
static double channel_round_trip(size_t size, unsigned int count, bool spin)
{
	struct bench bench = {.tail = calloc(1, size), .tail_len = size};
	double start, end;
	pid_t pid;
	int fd;

	pid = start_child(&fd);
	open_end(&bench, fd, pid ? WIRE_HOME : WIRE_WORKER, false);
	if (pid == 0)
		answer(&bench, spin);
	start = now();
	for (unsigned int i = 0; i < count; i++) {
		bench.left = 1;
		send_echo(&bench, size);
		while (bench.left > 0) {
			if (spin)
				channel_poll(bench.ch);
			else
				uv_run(&bench.loop, UV_RUN_ONCE);
		}
	}
	end = now();
	close_end(&bench);
	waitpid(pid, NULL, 0);
	return (end - start) / count * 1e6;
}

/**
 * channel_stream() - Throughput of the channel
 * @blocks:	Messages of 1 MiB to send
 */
static double channel_stream(unsigned int blocks)
{
	struct bench bench = {.tail = calloc(1, BLOCK_BYTES), .tail_len = BLOCK_BYTES, .left = blocks};
	double start, end;
	pid_t pid;
	int fd;

	pid = start_child(&fd);
	open_end(&bench, fd, pid ? WIRE_HOME : WIRE_WORKER, pid != 0);
	if (pid == 0) {
		while (bench.left > 0)
			uv_run(&bench.loop, UV_RUN_ONCE);
		send_echo(&bench, 0);
		bench.done = true;
		channel_finish(bench.ch);
		uv_run(&bench.loop, UV_RUN_DEFAULT);
		_exit(0);
	}
	start = now();
	on_drained(&bench);
	while (bench.left > 0)
		uv_run(&bench.loop, UV_RUN_ONCE);
	bench.left = 1;
	while (bench.left > 0)
		uv_run(&bench.loop, UV_RUN_ONCE);
	end = now();
	close_end(&bench);
	waitpid(pid, NULL, 0);
	return (double)blocks * BLOCK_BYTES / (end - start) / 1e9;
}

/**
 * measure() - All rounds
 * @fig:	Figures
 * @size:	Bytes of a ping-pong
 * @count:	Round trips of a round
 * @blocks:	MiB of a stream
 */
static void measure(struct figures *fig, size_t size, unsigned int count, unsigned int blocks)
{
	for (int i = 0; i < ROUNDS; i++) {
		cipher_alone(fig, blocks / 4 + 1);
		keep_max(&fig->tcp_gbs, tcp_stream(blocks));
		keep_max(&fig->channel_gbs, channel_stream(blocks));
		keep_min(&fig->tcp_us, tcp_round_trip(size, count, 0));
		keep_min(&fig->channel_us, channel_round_trip(size, count, false));
		keep_min(&fig->tcp_spin_us, tcp_round_trip(size, count, MSG_DONTWAIT));
		keep_min(&fig->channel_spin_us, channel_round_trip(size, count, true));
	}
}

/**
 * report() - Print the figures
 * @fig:	Figures
 * @size:	Bytes of a ping-pong
 */
static void report(const struct figures *fig, size_t size)
{
	double cipher = fig->seal_gbs < fig->open_gbs ? fig->seal_gbs : fig->open_gbs;
	double lower = cipher < fig->tcp_gbs ? cipher : fig->tcp_gbs;

	printf("# cipher %s, ping-pong of %zu bytes, streams of 1 MiB messages, best of %d rounds\n",
	       session_cipher_name(keys_home.cipher), size, ROUNDS);
	printf("cipher_seal %.2f GB/s -\n", fig->seal_gbs);
	printf("cipher_open %.2f GB/s -\n", fig->open_gbs);
	printf("tcp_stream %.2f GB/s -\n", fig->tcp_gbs);
	printf("channel_stream %.2f GB/s %.2f\n", fig->channel_gbs, fig->channel_gbs / lower);
	printf("tcp_pingpong %.1f us -\n", fig->tcp_us);
	printf("channel_pingpong %.1f us %.2f\n", fig->channel_us, fig->channel_us / fig->tcp_us);
	printf("tcp_pingpong_spin %.1f us -\n", fig->tcp_spin_us);
	printf("channel_pingpong_spin %.1f us %.2f\n", fig->channel_spin_us, fig->channel_spin_us / fig->tcp_spin_us);
}

int main(int argc, char **argv)
{
	struct figures fig = {0};
	uint32_t cipher = SESSION_CHACHA20_POLY1305;
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	unsigned int count = argc > 2 ? strtoul(argv[2], NULL, 10) : 5000;
	unsigned int blocks = argc > 3 ? strtoul(argv[3], NULL, 10) : 512;

	log_init("bench_channel");
	if (argc > 5 || size == 0 || size > WIRE_DATA_MAX || count == 0 || blocks == 0)
		die(2, "usage: bench_channel [BYTES [ROUND_TRIPS [MIB [chacha]]]]");
	if (sodium_init() < 0)
		die(EXIT_FAILED, "libsodium cannot start");
	if (crypto_aead_aes256gcm_is_available() && argc < 5)
		cipher = SESSION_AES_256_GCM;
	make_keys(cipher);
	measure(&fig, size, count, blocks);
	report(&fig, size);
	return 0;
}
