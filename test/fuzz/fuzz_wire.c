// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a message: what is decoded must encode to the same bytes; what is not must be refused for a reason. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "wire.h"
#include "test/fuzz/fuzz.h"

/**
 * check_body() - A BODY's tail is an array of mappings
 * @tail:	Tail
 * @len:	Its length
 */
static void check_body(const uint8_t *tail, size_t len)
{
	for (size_t at = 0; at + WIRE_VMA_SIZE <= len; at += WIRE_VMA_SIZE) {
		uint8_t again[WIRE_VMA_SIZE];
		struct wire_vma vma;
		int err = wire_vma_decode(tail + at, &vma);

		wire_vma_encode(&vma, again);
		need(memcmp(again, tail + at, WIRE_VMA_SIZE) == 0);
		need(err == -EPROTO ||
		     (err == 0 && vma.start < vma.end && vma.offset + (vma.end - vma.start) < INT64_MAX));
	}
}

/**
 * check_address() - Any text as a node's address: what is read must print as something that reads the same
 * @data:	Text
 * @size:	Its length
 */
static void check_address(const uint8_t *data, size_t size)
{
	char text[NODE_TEXT_MAX + 16], again[NODE_TEXT_MAX], why[512];
	struct node_addr one, two;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (node_parse(text, &one, why, sizeof(why)) < 0)
		return;
	node_format(&one, again);
	need(node_parse(again, &two, why, sizeof(why)) == 0 && memcmp(&one, &two, sizeof(one)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_FIXED_MAX];
	const uint8_t *tail = NULL;
	enum wire_type type;
	union wire_any msg;
	size_t tail_len = 0;
	int err, len;

	if (size < 1)
		return 0;
	check_address(data, size);
	err = wire_decode(data + 1, size - 1, data[0] & 3, data[0] >> 2, &msg, &type, &tail, &tail_len);
	if (err) {
		need(err == -ENOMSG || err == -EPERM || err == -EPROTO || err == -EBADMSG);
		return 0;
	}
	need(tail + tail_len == data + size && tail_len <= wire_tail_max(type));
	len = wire_encode(type, &msg, again, sizeof(again));
	need(len > 0 && (size_t)len == wire_size(type) && data + 1 + len == tail);
	need(memcmp(again, data + 1, len) == 0);
	if (type == WIRE_BODY)
		check_body(tail, tail_len);
	return 0;
}
