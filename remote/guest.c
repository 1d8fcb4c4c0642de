/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the guests and their threads: see remote/guest.h. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "log.h"
#include "remote/again.h"
#include "remote/ahead.h"
#include "remote/early.h"
#include "remote/ownfilter.h"
#include "remote/procfiles.h"
#include "remote/returns.h"
#include "remote/guest.h"
#include "remote/image.h"
#include "remote/limits.h"
#include "remote/listener.h"
#include "remote/session.h"
#include "remote/title.h"
#include "remote/shm.h"
#include "remote/sigqueue.h"
#include "remote/timers.h"
#include "remote/waits.h"
#include "tracee.h"

#define BIT(state) (1u << (state))

/* From each state: the states that may follow */
static const unsigned int allowed[THREAD_STATES] = {
	[THREAD_BUILDING] = BIT(THREAD_RUNNING) | BIT(THREAD_STOPPED) | BIT(THREAD_DEAD),
	[THREAD_RUNNING] = BIT(THREAD_CALLING) | BIT(THREAD_STOPPED) | BIT(THREAD_DEAD),
	[THREAD_CALLING] = BIT(THREAD_RUNNING) | BIT(THREAD_DEAD),
	[THREAD_STOPPED] = BIT(THREAD_RUNNING) | BIT(THREAD_DEAD),
	[THREAD_DEAD] = 0,
};

static const char *const state_name[THREAD_STATES] = {
	[THREAD_BUILDING] = "building", [THREAD_RUNNING] = "running", [THREAD_CALLING] = "calling",
	[THREAD_STOPPED] = "stopped",	[THREAD_DEAD] = "dead",
};

/**
 * bucket() - Where the threads with the number @outer are
 */
static struct thread **bucket(struct session *session, pid_t outer)
{
	return &session->guests.by_outer[(unsigned int)outer % GUEST_BUCKETS];
}

void thread_move(struct thread *thread, enum thread_state to)
{
	if (!(allowed[thread->state] & BIT(to)))
		die(EXIT_FAILED, "thread %u: from %s to %s: a state that cannot follow", thread->tid,
		    state_name[thread->state], state_name[to]);
	log_debug("thread %u: %s -> %s", thread->tid, state_name[thread->state], state_name[to]);
	thread->guest->session->guests.calling_nr +=
		(unsigned int)(to == THREAD_CALLING) - (thread->state == THREAD_CALLING);
	thread->state = to;
}

void guests_init(struct guest_table *table)
{
	table->threads_max = limits_threads();
}

void guests_fini(struct guest_table *table)
{
	free(table->thread);
	table->thread = NULL;
	table->index_nr = 0;
}

bool guests_full(const struct guest_table *table)
{
	return table->threads_nr >= table->threads_max;
}

struct guest *guest_new(struct session *session, uint32_t pid)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->session = session;
	guest->pid = pid;
	guest->body.pidfd = -1;
	guest->body.listener = -1;
	guest->next = session->guests.guests;
	guest->prev = &session->guests.guests;
	if (guest->next)
		guest->next->prev = &guest->next;
	session->guests.guests = guest;
	guest->pid_next = session->guests.by_pid[pid % GUEST_BUCKETS];
	session->guests.by_pid[pid % GUEST_BUCKETS] = guest;
	session->guests.guests_nr++;
	return guest;
}

/**
 * index_find() - A free index for a thread; THREADS_MAX when there is none, or no memory
 */
static unsigned int index_find(struct guest_table *table)
{
	unsigned int index = table->index_next, tried = 0;

	if (table->threads_nr >= table->index_nr / 4 * 3 && table->index_nr < THREADS_MAX) {
		unsigned int nr = table->index_nr ? 2 * table->index_nr : 64;
		struct thread **more = reallocarray(table->thread, nr, sizeof(*more));

		if (!more)
			return THREADS_MAX;
		memset(more + table->index_nr, 0, (nr - table->index_nr) * sizeof(*more));
		index = table->index_nr;
		table->thread = more;
		table->index_nr = nr;
	}
	while (tried++ < table->index_nr && table->thread[index])
		index = (index + 1) % table->index_nr;
	return table->thread[index] ? THREADS_MAX : index;
}

struct thread *thread_new(struct guest *guest, uint32_t tid, pid_t outer, enum thread_state state)
{
	struct guest_table *table = &guest->session->guests;
	struct thread *thread, **at;
	unsigned int index = index_find(table);

	thread = index < THREADS_MAX ? calloc(1, sizeof(*thread)) : NULL;
	if (!thread)
		return NULL;
	table->index_next = index + 1 < table->index_nr ? index + 1 : 0;
	table->threads_nr++;
	table->calling_nr += state == THREAD_CALLING;
	thread->guest = guest;
	thread->index = index;
	thread->tid = tid;
	thread->outer = outer;
	thread->state = state;
	table->thread[index] = thread;
	for (at = &guest->threads; *at; at = &(*at)->next)
		place_forget(guest, -1); /* it is not alone any more */
	*at = thread;
	thread->hash_next = *bucket(guest->session, outer);
	*bucket(guest->session, outer) = thread;
	thread->tid_next = table->by_tid[tid % GUEST_BUCKETS];
	table->by_tid[tid % GUEST_BUCKETS] = thread;
	return thread;
}

/**
 * thread_unlink() - Take a thread out of all tables and free it
 */
static void thread_unlink(struct thread *thread)
{
	struct session *session = thread->guest->session;
	struct thread **at;

	if (thread->call.planned)
		sysplan_release(&thread->call.plan);
	ahead_drop(thread);
	again_drop(thread);
	waits_forget(thread);
	free(thread->born);
	early_forget(thread);
	procfiles_drop(thread);
	ownfilter_forget(thread);
	returns_forget(thread);
	session->guests.thread[thread->index] = NULL;
	session->guests.threads_nr--;
	session->guests.calling_nr -= thread->state == THREAD_CALLING;
	for (at = &thread->guest->threads; *at != thread; at = &(*at)->next)
		;
	*at = thread->next;
	for (at = bucket(session, thread->outer); *at != thread; at = &(*at)->hash_next)
		;
	*at = thread->hash_next;
	for (at = &session->guests.by_tid[thread->tid % GUEST_BUCKETS]; *at != thread; at = &(*at)->tid_next)
		;
	*at = thread->tid_next;
	free(thread);
}

void guest_forget(struct guest *guest)
{
	struct guest_table *table = &guest->session->guests;
	struct guest **at;

	while (guest->threads)
		thread_unlink(guest->threads);
	*guest->prev = guest->next;
	if (guest->next)
		guest->next->prev = guest->prev;
	for (at = &table->by_pid[guest->pid % GUEST_BUCKETS]; *at != guest; at = &(*at)->pid_next)
		;
	*at = guest->pid_next;
	table->guests_nr--;
	sigqueue_clear(guest);
	timers_clear(guest);
	shm_clear(guest);
	title_clear(guest);
	image_free(guest);
	listener_put(guest->listener);
	sandbox_body_release(&guest->body);
	free(guest);
}

bool thread_gone(struct thread *thread)
{
	struct guest *guest = thread->guest;

	thread_move(thread, THREAD_DEAD);
	thread_unlink(thread);
	if (guest->threads)
		return false;
	guest_forget(guest);
	return true;
}

struct guest *guest_by_pid(const struct session *session, uint32_t pid)
{
	for (struct guest *g = session->guests.by_pid[pid % GUEST_BUCKETS]; g; g = g->pid_next)
		if (g->pid == pid && g->state != GUEST_DYING)
			return g;
	return NULL;
}

struct guest *guest_dying(const struct session *session, uint32_t pid)
{
	for (struct guest *g = session->guests.by_pid[pid % GUEST_BUCKETS]; g; g = g->pid_next)
		if (g->pid == pid && g->state == GUEST_DYING)
			return g;
	return NULL;
}

struct thread *thread_by_tid(const struct session *session, uint32_t tid)
{
	for (struct thread *t = session->guests.by_tid[tid % GUEST_BUCKETS]; t; t = t->tid_next)
		if (t->tid == tid && t->guest->state != GUEST_DYING)
			return t;
	return NULL;
}

struct thread *thread_by_outer(const struct session *session, pid_t outer)
{
	struct thread *t = session->guests.by_outer[(unsigned int)outer % GUEST_BUCKETS];

	while (t && t->outer != outer)
		t = t->hash_next;
	return t;
}

const struct thread *guest_execs(const struct guest *guest)
{
	const struct thread *t = guest->threads;

	while (t &&
	       !(t->state == THREAD_CALLING && t->call.id && (t->call.nr == SYS_execve || t->call.nr == SYS_execveat)))
		t = t->next;
	return t;
}

void guest_kill(struct guest *guest)
{
	guest->state = GUEST_DYING;
	if (guest->outer > 0) /* else it has not come to life */
		kill(guest->outer, SIGKILL);
}

/**
 * death_await() - Wait for the death of a thread that has been killed
 */
static void death_await(const struct thread *thread)
{
	int status;

	while (!tracee_wait(thread->outer, &status))
		;
}

void guest_reap(struct guest *guest)
{
	/* The leader's death is reported behind those of the others */
	for (struct thread *thread = guest->threads->next, *next; thread; thread = next) {
		next = thread->next;
		death_await(thread);
		thread_gone(thread);
	}
	death_await(guest->threads);
	thread_gone(guest->threads);
}
