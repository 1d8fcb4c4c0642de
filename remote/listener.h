/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seccomp listener in the event loop. A process that a guest forks has its parent's, so they are counted. */
#ifndef OM_REMOTE_LISTENER_H
#define OM_REMOTE_LISTENER_H

struct listener;
struct session;

/* Watch @fd, of which the listener keeps a copy of its own; NULL when there is no memory or no descriptor */
struct listener *listener_new(struct session *session, int fd);
struct listener *listener_get(struct listener *listener);
/* Let go; the last one stops watching. NULL is allowed. */
void listener_put(struct listener *listener);
int listener_fd(const struct listener *listener);

#endif
