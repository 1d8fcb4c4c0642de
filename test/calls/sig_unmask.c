/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signal that is pending already when ppoll, pselect6 or epoll_pwait lets it in: EINTR at once. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "show.h"

static volatile int handled;

static void on_signal(int signo)
{
	(void)signo;
	handled++;
}

/* Have SIGUSR1 pending */
static void raise_blocked(void)
{
	sigset_t pending;

	MUST(kill(getpid(), SIGUSR1));
	do
		sigpending(&pending);
	while (!sigismember(&pending, SIGUSR1));
}

int main(void)
{
	struct { const void *mask; size_t size; } pair;
	struct timespec limit = { 10, 0 };
	struct epoll_event event;
	sigset_t none, usr1;
	int ep = MUST(epoll_create1(0));

	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise_blocked();
	SHOW(SYS(ppoll, NULL, 0, &limit, &none, 8));
	SHOW_NUM(handled);
	raise_blocked();
	limit = (struct timespec){ 10, 0 };
	pair.mask = &none;
	pair.size = 8;
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &limit, &pair));
	SHOW_NUM(handled);
	raise_blocked();
	SHOW(SYS(epoll_pwait, ep, &event, 1, 10000, &none, 8));
	SHOW_NUM(handled);
	raise_blocked();
	limit = (struct timespec){ 0, 1000000 };
	SHOW(SYS(ppoll, NULL, 0, &limit, &usr1, 8));
	SHOW_NUM(handled);
	return 0;
}
