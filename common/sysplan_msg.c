/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages: struct msghdr, and arrays of struct mmsghdr.
 *
 * Of a header that was received, the kernel writes three fields back: the lengths of name and control data, and the
 * flags. These travel as outputs of their own; the header as a whole does not, since its pointers are the home side's.
 * Descriptors in control data stay what they are: all descriptors are the home process's.
 */
#include "common/sysplan_walk.h"

/* Fields of struct msghdr, and of struct mmsghdr after it */
#define MSG_NAME       0
#define MSG_NAMELEN    8
#define MSG_IOV	       16
#define MSG_IOVLEN     24
#define MSG_CONTROL    32
#define MSG_CONTROLLEN 40
#define MSG_FLAGS      48
#define MSG_SIZE       56
#define MMSG_LEN       56
#define MMSG_SIZE      64

/* Longest socket address (struct sockaddr_storage): what is longer, the kernel cuts */
#define NAME_MAX_LEN 128u
/* Most control data that is sent or received at once */
#define CONTROL_SEND_MAX (128u << 10)
#define CONTROL_RECV_MAX (64u << 10)

/**
 * struct message - A message that is being walked
 * @head:	Its header
 * @addr:	Where the header is in the guest
 * @at:		Home: where it is in the data area
 * @dir:	DIR_IN: to be sent; DIR_OUT: to be received
 * @index:	Number in an array of messages, from 1; 0: it is alone
 */
struct message {
	uint8_t *head;
	uint64_t addr;
	uint32_t at;
	unsigned int dir;
	uint16_t index;
};

/**
 * name_walk() - The address of a message
 */
static int name_walk(struct walk *w, const struct message *m)
{
	const struct trim trim = { TRIM_LEN, 4, m->index, 1, m->at + MSG_NAMELEN };
	uint32_t len = get_u32(m->head + MSG_NAMELEN);
	struct placed name = { 0 };
	int err;

	if (len > INT32_MAX)
		len = 0; /* negative: the kernel will say so */
	else if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	err = walk_span(w, get_u64(m->head + MSG_NAME), len, m->dir, &trim, &name);
	walk_point(w, m->head + MSG_NAME, &name);
	return err;
}

/**
 * data_walk() - The data of a message
 */
static int data_walk(struct walk *w, const struct message *m)
{
	const struct trim alone = { .how = TRIM_RET, .unit = 1 };
	const struct trim listed = { TRIM_LEN, 4, m->index, 1, m->at + MMSG_LEN };
	uint64_t nr = get_u64(m->head + MSG_IOVLEN);
	struct placed array = { 0 };
	int err = walk_vector(w, get_u64(m->head + MSG_IOV), &nr, m->dir, m->index ? &listed : &alone, &array);

	put_u64(m->head + MSG_IOVLEN, nr);
	walk_point(w, m->head + MSG_IOV, &array);
	return err;
}

/**
 * control_walk() - The control data of a message; it goes with the first part of a larger one
 */
static int control_walk(struct walk *w, const struct message *m)
{
	const struct trim trim = { TRIM_CMSG, 8, m->index, 1, m->at + MSG_CONTROLLEN };
	uint64_t len = get_u64(m->head + MSG_CONTROLLEN);
	struct placed control = { 0 };
	int err;

	if (w->p->done) {
		put_u64(m->head + MSG_CONTROL, 0);
		put_u64(m->head + MSG_CONTROLLEN, len = 0);
	}
	if (m->dir == DIR_OUT && len > CONTROL_RECV_MAX)
		put_u64(m->head + MSG_CONTROLLEN, len = CONTROL_RECV_MAX);
	else if (len > CONTROL_SEND_MAX)
		len = UINT64_MAX; /* ENOBUFS, which the kernel says before it looks */
	err = walk_span(w, get_u64(m->head + MSG_CONTROL), len, m->dir, &trim, &control);
	walk_point(w, m->head + MSG_CONTROL, &control);
	return err;
}

/**
 * field_output() - A field of the header that the kernel writes
 */
static int field_output(struct walk *w, const struct message *m, uint32_t offset, uint32_t len)
{
	const struct trim trim = { .how = TRIM_ALL, .index = m->index };

	return walk_output(w, m->addr + offset, m->at + offset, len, &trim, false);
}

/**
 * message_walk() - All of a message but the header itself
 */
static int message_walk(struct walk *w, const struct message *m)
{
	bool named = get_u64(m->head + MSG_NAME) != 0;
	int err = name_walk(w, m);

	if (!err)
		err = data_walk(w, m);
	if (!err)
		err = control_walk(w, m);
	if (!err && m->index)
		err = field_output(w, m, MMSG_LEN, 4);
	if (err || m->dir == DIR_IN)
		return err;
	if (named)
		err = field_output(w, m, MSG_NAMELEN, 4);
	if (!err)
		err = field_output(w, m, MSG_CONTROLLEN, 8);
	if (!err)
		err = field_output(w, m, MSG_FLAGS, 4);
	return err;
}

int shape_message(struct walk *w, const struct sysarg *arg)
{
	struct placed *head = &w->arg[w->now];
	uint64_t addr = w->p->arg[w->now];
	int err = w->ops->span(w, addr, MSG_SIZE, DIR_IN, head);

	if (err || !head->bytes || !head->whole)
		return err;
	return message_walk(w, &(struct message){ head->bytes, addr, head->at, arg->dir, 0 });
}

int shape_messages(struct walk *w, const struct sysarg *arg)
{
	struct placed *array = &w->arg[w->now];
	uint64_t addr = w->p->arg[w->now], nr = plan_number(w->p, arg->unit);
	int err;

	if (nr > VECTOR_MAX)
		nr = VECTOR_MAX;
	err = w->ops->span(w, addr, nr * MMSG_SIZE, DIR_IN, array);
	if (err || array->good < MMSG_SIZE)
		return err;
	if (!array->whole && w->home)
		return -EPROTO;
	/* Fewer messages than asked for are a success; so many whole headers there are */
	nr = array->good / MMSG_SIZE;
	if (!array->whole)
		w->ops->rewind(w, w->used, w->p->span_nr, array, (uint32_t)nr * MMSG_SIZE);
	for (uint64_t i = 0; i < nr && !err; i++) {
		uint32_t offset = (uint32_t)i * MMSG_SIZE, spans = w->p->span_nr;
		size_t used = w->used;

		err = message_walk(w, &(struct message){ array->bytes + offset, addr + offset, array->at + offset,
							 arg->dir, (uint16_t)(i + 1) });
		if (err == -ENOMEM && i > 0 && !w->home) {
			/* No room for this one any more */
			w->ops->rewind(w, used, spans, array, offset);
			nr = i;
			err = 0;
		}
	}
	w->p->arg[arg->unit] = nr;
	return err;
}
