// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * Heartbeat. Whatever comes in is a sign of life and costs one look at the clock per read, no timer. The timer is set for
 * the moment when silence would have lasted idle_us; if it has not, it is set again for the rest. If it has, a PING goes
 * out, and the peer has dead_us - idle_us to say anything at all. The clock for that starts with the PING, not with the
 * last word: a process that was stopped for a minute must ask before it declares the others dead, and it reads what has
 * come meanwhile before it gives up.
 */
#include <errno.h>

#include "channel_io.h"

/**
 * channel_beat_init() - Begin with the usual times
 * @ch:		Channel
 */
void channel_beat_init(struct channel *ch)
{
	ch->rx.last_us = ch->io->now_us(ch);
	channel_heartbeat_set(ch, CHANNEL_IDLE_MS, CHANNEL_DEAD_MS);
}

/**
 * channel_heartbeat_set() - Set the times
 * @ch:		Channel
 * @idle_ms:	Silence before a PING; 0 for no heartbeat
 * @dead_ms:	Silence before the peer counts as dead
 */
void channel_heartbeat_set(struct channel *ch, unsigned int idle_ms, unsigned int dead_ms)
{
	struct channel_beat *beat = &ch->beat;

	beat->idle_us = idle_ms * 1000ull;
	beat->dead_us = (dead_ms > idle_ms ? dead_ms : idle_ms + 1) * 1000ull;
	if (idle_ms == 0)
		beat->dead_us = 0;
	beat->pinged = false;
	if (ch->state == CHANNEL_OPEN)
		ch->io->timer(ch, idle_ms);
}

/**
 * arm() - Set the timer
 * @ch:		Channel
 * @us:		To run out so much later, at least
 */
static void arm(struct channel *ch, uint64_t us)
{
	ch->io->timer(ch, us / 1000 + 1);
}

/**
 * ping() - Ask for a sign of life
 * @ch:		Channel
 * @now:	The time
 */
static void ping(struct channel *ch, uint64_t now)
{
	struct wire_ping msg = { .stamp = now };

	ch->beat.pinged = true;
	ch->beat.ping_us = now;
	ch->beat.ping_rx_bytes = ch->stats.rx_bytes;
	channel_rx_trim(ch);
	channel_tx_trim(ch);
	channel_send(ch, WIRE_PING, &msg, NULL, 0);
}

/**
 * heard() - Has anything come in since the PING?
 * @ch:		Channel
 */
static bool heard(const struct channel *ch)
{
	return ch->stats.rx_bytes != ch->beat.ping_rx_bytes;
}

/**
 * check_answer() - The PING's time is up
 * @ch:		Channel
 */
static void check_answer(struct channel *ch)
{
	bool more;

	channel_rx_once(ch, &more);
	if (ch->state != CHANNEL_OPEN)
		return;
	if (heard(ch)) {
		ch->beat.pinged = false;
		arm(ch, ch->beat.idle_us);
		return;
	}
	channel_fail(ch, -ETIMEDOUT, "nothing heard from the other side for %u s",
		     (unsigned int)((ch->io->now_us(ch) - ch->rx.last_us + 500000) / 1000000));
}

/**
 * channel_beat_tick() - The timer has run out
 * @ch:		Channel
 */
void channel_beat_tick(struct channel *ch)
{
	struct channel_beat *beat = &ch->beat;
	uint64_t now = ch->io->now_us(ch), answer_us = beat->dead_us - beat->idle_us;
	uint64_t silence = now - ch->rx.last_us;

	if (ch->state == CHANNEL_FINISHING) {
		if (now < beat->finish_us)
			arm(ch, beat->finish_us - now);
		else
			channel_fail(ch, -ETIMEDOUT, "the other side does not close the connection");
		return;
	}
	if (beat->idle_us == 0)
		return;
	if (beat->pinged && heard(ch))
		beat->pinged = false;
	if (silence < beat->idle_us) {
		arm(ch, beat->idle_us - silence);
	} else if (!beat->pinged) {
		/* Look again soon: what is heard meanwhile starts a new silence */
		ping(ch, now);
		arm(ch, beat->idle_us < answer_us ? beat->idle_us : answer_us);
	} else if (now - beat->ping_us < answer_us) {
		arm(ch, answer_us - (now - beat->ping_us));
	} else {
		check_answer(ch);
	}
}

/**
 * channel_beat_message() - Handle PING and PONG
 * @ch:		Channel
 * @type:	Type of the message
 * @msg:	The message
 *
 * Return: false when it is another message.
 */
bool channel_beat_message(struct channel *ch, enum wire_type type, const union wire_any *msg)
{
	struct wire_pong pong;

	switch (type) {
	case WIRE_PING:
		pong.stamp = msg->ping.stamp;
		channel_send(ch, WIRE_PONG, &pong, NULL, 0);
		return true;
	case WIRE_PONG:
		if (ch->beat.pinged && msg->pong.stamp == ch->beat.ping_us)
			ch->stats.rtt_us = ch->io->now_us(ch) - ch->beat.ping_us;
		return true;
	default:
		return false;
	}
}
