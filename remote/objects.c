/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File objects: see remote/objects.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "log.h"
#include "remote/objects.h"

/* Linux 6.3; Debian 12's headers are older */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/**
 * struct object - Content of a file
 * @next:	Next in the bucket
 * @id:		Its number
 * @size:	Bytes
 * @fd:		memfd, -1 when the content could not be kept
 * @sealed:	A guest may have it
 * @live:	It changes
 * @fd_ro:	Live: the same for reading only, -1 until it is needed
 * @next_live:	Next in the table's list of those that are mapped for writing
 * @map:	In that list: where we have it
 * @copy:	In that list: as home has it
 */
struct object {
	struct object *next;
	uint64_t id;
	uint64_t size;
	int fd;
	bool sealed;
	bool live;
	int fd_ro;
	struct object *next_live;
	uint8_t *map;
	uint8_t *copy;
};

#define PAGE 4096u

int objects_init(struct object_table *table)
{
	struct sysinfo info;

	memset(table, 0, sizeof(*table));
	table->zero = -1;
	if (sysinfo(&info) < 0)
		return -errno;
	table->bytes_max = (uint64_t)info.totalram * info.mem_unit / 2;
	table->zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	return table->zero < 0 ? -errno : 0;
}

/**
 * object_close() - Give the content up; its pages go when no guest maps them
 */
static void object_close(struct object *object)
{
	if (object->fd >= 0)
		close(object->fd);
	object->fd = -1;
	if (object->fd_ro >= 0)
		close(object->fd_ro);
	object->fd_ro = -1;
	if (object->map)
		munmap(object->map, object->size);
	object->map = NULL;
	free(object->copy);
	object->copy = NULL;
}

void objects_clear(struct object_table *table)
{
	for (unsigned int i = 0; i < OBJECT_BUCKETS; i++) {
		while (table->bucket[i]) {
			struct object *object = table->bucket[i];

			table->bucket[i] = object->next;
			object_close(object);
			free(object);
		}
	}
	if (table->zero >= 0)
		close(table->zero);
	table->zero = -1;
}

/**
 * find() - Object with number @id, or NULL
 */
static struct object *find(const struct object_table *table, uint64_t id)
{
	struct object *object = table->bucket[id % OBJECT_BUCKETS];

	while (object && object->id != id)
		object = object->next;
	return object;
}

/**
 * content_create() - Empty content of @size bytes, with a printable form of @name for who looks at /proc on the worker
 * Return: the descriptor or negative errno
 */
static int content_create(const uint8_t *name, size_t name_len, uint64_t size)
{
	char label[80] = "om:";
	size_t len = strlen(label);
	int fd, err;

	for (size_t i = 0; i < name_len && name[i] && len < sizeof(label) - 1; i++)
		label[len++] = isgraph(name[i]) ? (char)name[i] : '?';
	label[len] = '\0';
	fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/**
 * live_map() - Map a live object and take the copy
 * Return: 0 or -ENOMEM
 */
static int live_map(struct object *object)
{
	if (!object->size)
		return 0;
	object->map = mmap(NULL, object->size, PROT_READ | PROT_WRITE, MAP_SHARED, object->fd, 0);
	object->copy = malloc(object->size);
	if (object->map == MAP_FAILED || !object->copy) {
		object->map = object->map == MAP_FAILED ? NULL : object->map;
		return -ENOMEM;
	}
	memcpy(object->copy, object->map, object->size);
	return 0;
}

/**
 * live_resize() - A live object has another size at home
 *
 * What guests have changed was flushed before the call that made home tell this, so a new copy loses nothing.
 */
static int live_resize(struct object_table *table, struct object *object, uint64_t size)
{
	bool listed = object->map != NULL;

	if (size == object->size || object->fd < 0)
		return 0;
	if (listed) {
		munmap(object->map, object->size);
		free(object->copy);
		object->map = NULL;
		object->copy = NULL;
		table->live_bytes += size - object->size;
	}
	object->size = size;
	if (ftruncate(object->fd, (off_t)size) < 0 || (listed && live_map(object) < 0))
		object_close(object);
	return 0;
}

int objects_add(struct object_table *table, const struct wire_object *msg)
{
	struct object *object = find(table, msg->object);

	if (object && object->live && msg->size <= INT64_MAX)
		return live_resize(table, object, msg->size);
	if (object || msg->object == WIRE_OBJECT_ANONYMOUS || msg->size > INT64_MAX || table->nr >= OBJECTS_MAX)
		return -EPROTO;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->id = msg->object;
	object->size = msg->size;
	object->live = msg->flags & WIRE_OBJECT_LIVE;
	object->fd_ro = -1;
	object->fd = content_create(msg->name, sizeof(msg->name), msg->size);
	if (object->fd < 0)
		log_warn("object %llu: cannot keep a file of %llu bytes: %s", (unsigned long long)msg->object,
			 (unsigned long long)msg->size, strerror(-object->fd));
	object->next = table->bucket[msg->object % OBJECT_BUCKETS];
	table->bucket[msg->object % OBJECT_BUCKETS] = object;
	table->nr++;
	return 0;
}

int objects_data(struct object_table *table, const struct wire_object_data *msg, const uint8_t *data, size_t len)
{
	struct object *object = find(table, msg->object);
	size_t done = 0;

	if (!object || object->sealed || msg->offset > object->size || len > object->size - msg->offset)
		return -EPROTO;
	if (object->fd < 0)
		return 0;
	if (object->copy)
		memcpy(object->copy + msg->offset, data, len);
	if (len > table->bytes_max - table->bytes && !object->live) {
		log_warn("object %llu: too much file content for this node's memory", (unsigned long long)msg->object);
		object_close(object);
		return 0;
	}
	table->bytes += object->live ? 0 : len;
	while (done < len) {
		ssize_t n = pwrite(object->fd, data + done, len - done, (off_t)(msg->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_warn("object %llu: %s", (unsigned long long)msg->object, strerror(errno));
			object_close(object);
			return 0;
		}
		done += (size_t)n;
	}
	return 0;
}

/**
 * reopen_read_only() - The memfd @fd again, for reading only; or negative errno
 */
static int reopen_read_only(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/**
 * object_seal() - Make the content unchangeable, before a guest sees it
 *
 * The guest gets a descriptor that is open for reading only: kernels before 6.7 refuse shared mappings of a sealed memfd
 * that is open for writing, also when they are only for reading.
 */
static int object_seal(struct object *object)
{
	int fd;

	if (fcntl(object->fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	fd = reopen_read_only(object->fd);
	if (fd < 0)
		return fd;
	close(object->fd);
	object->fd = fd;
	object->sealed = true;
	return 0;
}

/**
 * live_fd() - A guest maps a live object for writing: from now on it is compared
 * Return: its descriptor or negative errno
 */
static int live_fd(struct object_table *table, struct object *object)
{
	if (object->map || !object->size)
		return object->fd;
	if (object->size > OBJECTS_LIVE_MAX - table->live_bytes)
		return -ENODEV;
	if (live_map(object) < 0) {
		object_close(object);
		return -ENOMEM;
	}
	table->live_bytes += object->size;
	object->next_live = table->live;
	table->live = object;
	return object->fd;
}

void objects_flush(struct object_table *table, void *ctx,
		   void (*send)(void *ctx, uint64_t id, uint64_t offset, const uint8_t *data, size_t len))
{
	for (struct object *object = table->live; object; object = object->next_live) {
		for (uint64_t at = 0; object->map && at < object->size; at += PAGE) {
			size_t len = object->size - at < PAGE ? object->size - at : PAGE;

			if (!memcmp(object->map + at, object->copy + at, len))
				continue;
			/* A guest may go on writing: what is sent is what was copied */
			memcpy(object->copy + at, object->map + at, len);
			send(ctx, object->id, at, object->copy + at, len);
		}
	}
}

int objects_fd(struct object_table *table, uint64_t id, uint32_t kind)
{
	struct object *object;
	int err = 0;

	if (kind == OBJECT_ZERO)
		return table->zero;
	object = find(table, id);
	if (!object || kind > OBJECT_LIVE_READ_ONLY || object->live != (kind >= OBJECT_LIVE))
		return -EPROTO;
	if (object->fd < 0)
		return -ENOMEM;
	if (kind == OBJECT_LIVE)
		return live_fd(table, object);
	if (kind == OBJECT_LIVE_READ_ONLY) {
		if (object->fd_ro < 0)
			object->fd_ro = reopen_read_only(object->fd);
		return object->fd_ro;
	}
	if (!object->sealed)
		err = object_seal(object);
	return err ? err : object->fd;
}
