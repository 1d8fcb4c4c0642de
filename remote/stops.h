/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops and deaths of guest threads, as waitpid reports them. */
#ifndef OM_REMOTE_STOPS_H
#define OM_REMOTE_STOPS_H

#include "remote/guest.h"

/* Take everything that waitpid has */
void stops_drain(struct session *session);
/* Let a stopped thread go on, with signal @signo or none (0) */
void thread_resume(struct thread *thread, int signo);
/* The same, for one that has waited for home; one of a frozen guest stops again at once */
void thread_go_on(struct thread *thread);

#endif
