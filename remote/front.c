/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fronts of live objects, as the remote sees them: see remote/front.h. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "remote/front.h"
#include "remote/objects.h"
#include "remote/paged.h"
#include "usermem.h"

/**
 * marks_create() - Memory for marks, none of which is set: its descriptor or negative errno
 */
static int marks_create(struct front *front)
{
	int fd = memfd_create("om:marks", MFD_CLOEXEC), err;
	void *map;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(*front->marks)) < 0)
		goto out;
	map = mmap(NULL, sizeof(*front->marks), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		goto out;
	front->marks = map;
	return fd;
out:
	err = -errno;
	close(fd);
	return err;
}

int front_begin(struct paging *paging, struct object *object)
{
	struct front *front;
	int marks, fd, err;

	if (object->size > FRONT_PAGES_MAX * PAGE_BYTES)
		return -EFBIG;
	front = calloc(1, sizeof(*front));
	if (!front)
		return -ENOMEM;
	marks = marks_create(front);
	if (marks < 0) {
		free(front);
		return marks;
	}
	err = paged_create_front(paging, object->id, object->size, object->fd, marks, &fd, &object->fd_read);
	close(marks);
	if (err) {
		munmap(front->marks, sizeof(*front->marks));
		free(front);
		return err;
	}
	front->store = object->fd;
	object->fd = fd;
	object->front = front;
	return 0;
}

void front_end(struct object *object)
{
	if (!object->front)
		return;
	munmap(object->front->marks, sizeof(*object->front->marks));
	close(object->front->store);
	free(object->front);
	object->front = NULL;
}

int front_flush(struct object *object)
{
	struct front *front = object->front;
	uint64_t changes;

	if (fdatasync(object->fd) < 0)
		return -errno;
	changes = atomic_load(&front->marks->changes);
	if (changes == front->seen)
		return 0;
	front->seen = changes;
	return 1;
}

bool front_next(const struct object *object, uint64_t *at)
{
	uint64_t page = *at / PAGE_BYTES, pages = (object->size + PAGE_BYTES - 1) / PAGE_BYTES;

	while (page < pages) {
		_Atomic uint64_t *word = &object->front->marks->page[page / FRONT_WORD_BITS];
		uint64_t bits = atomic_load(word) >> page % FRONT_WORD_BITS;

		if (!bits) {
			page = (page / FRONT_WORD_BITS + 1) * FRONT_WORD_BITS;
			continue;
		}
		page += (unsigned int)__builtin_ctzll(bits);
		if (page >= pages)
			break;
		atomic_fetch_and(word, ~(1ull << page % FRONT_WORD_BITS));
		*at = page * PAGE_BYTES;
		return true;
	}
	return false;
}

int front_resize(const struct object *object, uint64_t size)
{
	if (size > FRONT_PAGES_MAX * PAGE_BYTES)
		return -EFBIG;
	if (ftruncate(object->front->store, (off_t)size) < 0)
		return -errno;
	return paged_resize(object->fd, object->size, size);
}
