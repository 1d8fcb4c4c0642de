/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Between two trapped calls the remote sleeps. Whoever makes the next one wakes it, and the kernel is asked to do that on
 * the CPU that the caller leaves (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP): to wake another CPU, which has gone idle, costs
 * several times what the call itself does. But that holds only for who waits at the listener itself: epoll, in which libuv
 * sleeps, wakes as it likes. So the loop is turned without sleeping, and what sleeps is a poll(2) of the listener from which the
 * last call came, and of libuv's epoll, which knows of everything else, of other listeners too.
 *
 * What libuv is to watch it tells the kernel at the beginning of its next turn, not before: so there is a turn behind each new
 * listener, and behind each call that home was told of, for the socket may have had no room. Behind a call that was answered here
 * there need be none; so up to CALLS_MAX of these are served in a row.
 */
#ifndef OM_REMOTE_SLEEP_H
#define OM_REMOTE_SLEEP_H

struct listener;
struct session;

/* Turn the loop until the session has ended */
void session_turn(struct session *session);

#endif
