/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aids of the tests that work with real bodies in a sandbox. Whatever fails here fails the test. */
#ifndef OM_TEST_BODIES_H
#define OM_TEST_BODIES_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "remote/sandbox.h"

#define WANTED_PID 23456
#define ARENA_ADDR 0x200000000000ull
#define SLOTS	   2u

/* The sandbox of the running test */
extern struct sandbox *sb;

/* Start it; false when this system does not allow the kind to this user, or this process (valgrind) */
bool bodies_start(unsigned int flags);
struct guest_body body_spawn(pid_t pid);
/* Kill a body, see it die, forget it */
void body_end(struct guest_body *body);

/* A batch: begin, add calls, run (it goes on by itself), finish (wait for its end), look at a call's result */
void body_begin(const struct guest_body *body);
void body_add(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);
void body_run(const struct guest_body *body);
void body_finish(const struct guest_body *body);
int64_t body_ret(const struct guest_body *body, unsigned int call);
/* All of it with one call, which must not notify */
int64_t body_make(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2);
/* Wait for the body's next notification, which must be of call @nr */
struct seccomp_notif body_notified(const struct guest_body *body, int nr);

/* Only arena and vDSO are mapped, and they are where @body says */
void body_check_maps(const struct guest_body *body);
/* What is behind @name in /proc/PID/status; valid until the next call */
const char *body_status(pid_t pid, const char *name);
/* Number of entries of a directory below /proc/PID; -1 when it cannot be read */
int proc_entries(pid_t pid, const char *what);
/* Nanoseconds of one of this process's clocks */
int64_t bodies_clock_ns(clockid_t clock);

#endif
