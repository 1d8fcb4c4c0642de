/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a pipe from which large pieces are read, before it is read: see deputy/pipes.c. */
#ifndef OM_DEPUTY_PIPES_H
#define OM_DEPUTY_PIPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deputy;

/* Is @fd the end of a pipe in which bytes have no bounds? */
bool pipe_is_stream(int fd);
/* A descriptor that is readable when one of those that are waited for has something; -1: none is */
int pipes_fd(const struct deputy *d);
/* Wait until there is something in the pipe that @fd is the end of; then stock_filled() is called with @index, once */
void pipe_await(struct deputy *d, int fd, uint32_t index);
/* Copy what is in that pipe without taking it out: at most @cap bytes; how many */
size_t pipe_peek(struct deputy *d, int fd, uint8_t *data, size_t cap);
/* See which of them have something; true when one had */
bool pipes_look(struct deputy *d);
void pipes_close(struct deputy *d);

#endif
