/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block that omd hands to om-remote: see include/handover.h. Both run on one machine, from one build. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handover.h"

#define HANDOVER_MAGIC 0x6f6d686fu
#define HANDOVER_MAX   (sizeof(struct handover_head) + SESSION_KEYS_SIZE + HANDOVER_HELLO_MAX + HANDOVER_LEFTOVER_MAX)

/**
 * struct handover_head - Start of the block; the encoded keys, the HELLO and the leftover follow
 * @magic:	HANDOVER_MAGIC
 * @hello_len:	Bytes of the HELLO
 * @leftover_len: Bytes behind it
 * @unused:	Padding
 * @at_ns:	When it was written
 * @ticket:	For a second connection
 */
struct handover_head {
	uint32_t magic;
	uint32_t hello_len;
	uint32_t leftover_len;
	uint32_t unused;
	uint64_t at_ns;
	uint8_t ticket[WIRE_TICKET_LEN];
};

/**
 * wipe() - Overwrite bytes in a way that the compiler cannot drop
 */
static void wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}

/**
 * now_ns() - Nanoseconds of the monotonic clock
 */
static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void handover_wipe(struct handover *block)
{
	session_keys_wipe(&block->keys);
}

int handover_write(int pipe_fd, const struct session_keys *keys, const void *hello, size_t hello_len,
		   const uint8_t *leftover, size_t leftover_len, const uint8_t ticket[static WIRE_TICKET_LEN])
{
	struct handover_head head = { HANDOVER_MAGIC, (uint32_t)hello_len, (uint32_t)leftover_len, 0, now_ns(), { 0 } };
	uint8_t block[HANDOVER_MAX];
	size_t len = 0, sent = 0;
	int err = 0;

	if (hello_len > HANDOVER_HELLO_MAX || leftover_len > HANDOVER_LEFTOVER_MAX)
		return -EMSGSIZE;
	memcpy(head.ticket, ticket, sizeof(head.ticket));
	memcpy(block, &head, sizeof(head));
	len += sizeof(head);
	session_keys_encode(keys, block + len);
	len += SESSION_KEYS_SIZE;
	memcpy(block + len, hello, hello_len);
	len += hello_len;
	if (leftover_len)
		memcpy(block + len, leftover, leftover_len);
	len += leftover_len;
	while (sent < len && !err) {
		ssize_t n = write(pipe_fd, block + sent, len - sent);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			err = -errno;
	}
	wipe(block, sizeof(block));
	return err;
}

/**
 * read_all() - Read up to the end of the pipe, at most @cap bytes
 * Return: the number of bytes, -EPROTO when there are more, or the error of read(2)
 */
static ssize_t read_all(int fd, uint8_t *out, size_t cap)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, out + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return (ssize_t)len;
		len += (size_t)n;
		if (len == cap)
			return -EPROTO;
	}
}

int handover_read(int pipe_fd, struct handover *out)
{
	uint8_t block[HANDOVER_MAX + 1];
	struct handover_head head;
	const uint8_t *at = block + sizeof(head);
	ssize_t len = read_all(pipe_fd, block, sizeof(block));
	int err = -EPROTO;

	if (len < 0 || (size_t)len < sizeof(head) + SESSION_KEYS_SIZE) {
		err = len < 0 ? (int)len : -EPROTO;
		goto out;
	}
	memcpy(&head, block, sizeof(head));
	if (head.magic != HANDOVER_MAGIC || head.hello_len > HANDOVER_HELLO_MAX ||
	    head.leftover_len > HANDOVER_LEFTOVER_MAX ||
	    (size_t)len != sizeof(head) + SESSION_KEYS_SIZE + head.hello_len + head.leftover_len)
		goto out;
	err = session_keys_decode(at, &out->keys);
	if (err)
		goto out;
	at += SESSION_KEYS_SIZE;
	memcpy(out->hello, at, head.hello_len);
	memcpy(out->leftover, at + head.hello_len, head.leftover_len);
	out->hello_len = head.hello_len;
	out->at_ns = head.at_ns;
	out->leftover_len = head.leftover_len;
	memcpy(out->ticket, head.ticket, sizeof(out->ticket));
out:
	wipe(block, sizeof(block));
	return err;
}
