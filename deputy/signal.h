/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals between the two halves: see deputy/signal.c. */
#ifndef OM_DEPUTY_SIGNAL_H
#define OM_DEPUTY_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct task;
struct thread;
struct wire_default;
struct wire_pass;
struct wire_taken;
struct wire_takes;

void signal_stop(struct deputy *d, struct thread *thread, int signo);
void signal_interrupt(struct deputy *d, uint64_t call); /* the remote wants it back */
void signal_taken(struct deputy *d, const struct wire_taken *msg);
void signal_takes(struct deputy *d, const struct wire_takes *msg);
void signal_pass(struct deputy *d, const struct wire_pass *msg);
int signal_signalfd(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* call_handlers */
int signal_pending(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void signal_child_action(struct task *task, uint64_t handler); /* its handler of SIGCHLD is that */
int signal_action(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void signal_default(struct deputy *d, const struct wire_default *msg);

#endif
