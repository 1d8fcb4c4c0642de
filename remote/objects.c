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
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "log.h"
#include "remote/cache.h"
#include "remote/front.h"
#include "remote/live.h"
#include "remote/merge.h"
#include "remote/objects.h"

/* Linux 6.3; Debian 12's headers are older */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

int objects_init(struct object_table *table, struct sandbox *sandbox)
{
	struct sysinfo info;

	memset(table, 0, sizeof(*table));
	table->zero = table->zero_read = -1;
	paging_init(&table->paging, sandbox);
	if (sysinfo(&info) < 0)
		return -errno;
	table->bytes_max = (uint64_t)info.totalram * info.mem_unit / 2;
	table->zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	if (table->zero >= 0)
		table->zero_read = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	return table->zero_read < 0 ? -errno : 0;
}

void object_close(struct object *object)
{
	front_end(object);
	if (object->fd >= 0)
		close(object->fd);
	if (object->fd_read >= 0)
		close(object->fd_read);
	object->fd = object->fd_read = -1;
}

void objects_clear(struct object_table *table)
{
	for (unsigned int i = 0; i < OBJECT_BUCKETS; i++) {
		while (table->bucket[i]) {
			struct object *object = table->bucket[i];

			table->bucket[i] = object->next;
			object_close(object);
			live_unwatch(object);
			free(object);
		}
	}
	if (table->zero >= 0)
		close(table->zero);
	if (table->zero_read >= 0)
		close(table->zero_read);
	table->zero = table->zero_read = -1;
}

struct object *object_find(const struct object_table *table, uint64_t id)
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
 * object_new() - A new object, whose content @msg announces
 */
static int object_new(struct object_table *table, const struct wire_object *msg)
{
	struct object *object;

	if (msg->object == WIRE_OBJECT_ANONYMOUS || table->nr >= OBJECTS_MAX)
		return -EPROTO;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->id = msg->object;
	object->size = msg->size;
	memcpy(object->name, msg->name, sizeof(msg->name));
	object->live = msg->flags & WIRE_OBJECT_LIVE;
	object->fd_read = -1;
	object->fd = content_create(msg->name, sizeof(msg->name), msg->size);
	if (object->fd < 0)
		log_warn("object %llu: cannot keep a file of %llu bytes: %s", (unsigned long long)msg->object,
			 (unsigned long long)msg->size, strerror(-object->fd));
	object->next = table->bucket[msg->object % OBJECT_BUCKETS];
	table->bucket[msg->object % OBJECT_BUCKETS] = object;
	table->nr++;
	return 0;
}

/**
 * paged_update() - A paged object has another size
 */
static int paged_update(struct object *object, uint64_t size)
{
	int err = object->fd_read < 0 ? 0 : paged_resize(object->fd, object->size, size);

	object->size = size;
	return err;
}

int objects_add(struct object_table *table, const struct wire_object *msg)
{
	struct object *object = object_find(table, msg->object);

	if (msg->size > INT64_MAX || (object && !object->live))
		return -EPROTO;
	if (object && object->paged)
		return paged_update(object, msg->size);
	return object ? live_resize(object, msg->size) : object_new(table, msg);
}

/**
 * content_write() - Write to an object; one that cannot keep it is given up
 */
static void content_write(struct object *object, uint64_t offset, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = pwrite(object->fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_warn("object %llu: %s", (unsigned long long)object->id, strerror(errno));
			object_close(object);
			return;
		}
		data += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
}

/**
 * content_account() - Count what an object takes of the node's memory; give it up when that is too much
 */
static void content_account(struct object_table *table, struct object *object)
{
	struct stat st;
	int fd = object->front ? object->front->store : object->fd;
	uint64_t taken = fd >= 0 && !fstat(fd, &st) ? (uint64_t)st.st_blocks * 512 : 0;

	table->bytes += taken - object->taken;
	object->taken = taken;
	if (table->bytes <= table->bytes_max)
		return;
	log_warn("object %llu: too much file content for this node's memory", (unsigned long long)object->id);
	table->bytes -= taken;
	object->taken = 0;
	object_close(object);
}

int objects_data(struct object_table *table, const struct wire_object_data *msg, const uint8_t *data, size_t len)
{
	struct object *object = object_find(table, msg->object);

	if (!object || object->sealed || object->paged || msg->offset > object->size ||
	    len > object->size - msg->offset)
		return -EPROTO;
	if (object->fd < 0)
		return 0;
	if (object->shadow)
		return merge(object, msg->offset, data, len);
	content_write(object, msg->offset, data, len);
	content_account(table, object);
	return 0;
}

/**
 * object_seal() - Make the content unchangeable, before a guest sees it
 *
 * The guest gets a descriptor that is open for reading only: kernels before 6.7 refuse shared mappings of a sealed
 * memfd that is open for writing, also when they are only for reading.
 */
static int object_seal(struct object *object)
{
	int fd;

	if (fcntl(object->fd, F_ADD_SEALS, CACHE_SEALS) < 0)
		return -errno;
	fd = cache_reopen(object->fd);
	if (fd < 0)
		return fd;
	close(object->fd);
	object->fd = fd;
	object->sealed = true;
	return 0;
}

/**
 * read_only_fd() - Descriptor of a live object that cannot write
 */
static int read_only_fd(struct object *object)
{
	if (object->fd_read < 0)
		object->fd_read = cache_reopen(object->fd);
	return object->fd_read;
}

/**
 * live_fd() - Descriptor of a live object, for a mapping that can become writable or that cannot
 */
static int live_fd(struct object_table *table, struct object *object, bool writable)
{
	int err = writable ? live_watch(table, object) : 0;

	if (err)
		return err;
	object->mapped = true;
	return writable ? object->fd : read_only_fd(object);
}

/**
 * paged_fd() - Descriptor of a paged object, whose file is made when it is mapped first
 */
static int paged_fd(const struct object_table *table, struct object *object)
{
	int fd, err;

	if (object->fd_read >= 0)
		return object->fd_read;
	err = paged_create(&table->paging, object->id, object->size, &fd, &object->fd_read);
	if (err) {
		log_warn("object %llu: %s", (unsigned long long)object->id, strerror(-err));
		return -ENOMEM;
	}
	close(object->fd);
	object->fd = fd;
	return object->fd_read;
}

int objects_offer(struct object_table *table, const struct wire_offer *msg, uint32_t *wanted)
{
	struct object *object = object_find(table, msg->object);
	int fd;

	if (!object || object->sealed || object->taken || object->fd_read >= 0 || (object->live && msg->named))
		return -EPROTO;
	object->paged = false;
	*wanted = object->fd >= 0 ? WIRE_WANTED_ALL : WIRE_WANTED_NOT;
	fd = *wanted && msg->named ? cache_get(msg->hash, object->size) : -ENOENT;
	if (fd >= 0) {
		close(object->fd);
		object->fd = fd;
		object->sealed = true;
		*wanted = WIRE_WANTED_NOT;
	} else if (*wanted && msg->paged && paging_wanted(&table->paging, msg->bytes)) {
		object->paged = true;
		*wanted = WIRE_WANTED_PAGES;
	} else if (*wanted && (msg->bytes > table->bytes_max || table->bytes > table->bytes_max - msg->bytes)) {
		log_warn("object %llu: %llu bytes of file content are too much for this node's memory",
			 (unsigned long long)object->id, (unsigned long long)msg->bytes);
		object_close(object);
		*wanted = WIRE_WANTED_NOT;
	}
	return 0;
}

int objects_keep(struct object_table *table, const struct wire_keep *msg)
{
	struct object *object = object_find(table, msg->object);

	if (!object || object->live || object->paged)
		return -EPROTO;
	if (object->fd < 0)
		return 0;
	if (!object->sealed && object_seal(object))
		return 0;
	cache_keep(object->fd);
	return 0;
}

int objects_seen(struct object_table *table, const struct wire_seen *msg)
{
	if (msg->written > table->written)
		return -EPROTO;
	merge_seen(table, msg->written);
	return 0;
}

int objects_zero(struct object_table *table, const struct wire_object_zero *msg)
{
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct object *object = object_find(table, msg->object);

	if (!object || !object->live || object->paged || msg->offset > object->size ||
	    msg->len > object->size - msg->offset)
		return -EPROTO;
	if (object->fd < 0 || !msg->len)
		return 0;
	if (object->shadow)
		return merge_zeros(object, msg->offset, msg->len);
	return fallocate(object->fd, punch, (off_t)msg->offset, (off_t)msg->len) < 0 ? -errno : 0;
}

int objects_stale(struct object_table *table, const struct wire_object_stale *msg)
{
	const struct object *object = object_find(table, msg->object);

	if (!object || !object->paged || msg->offset > object->size || msg->len > object->size - msg->offset)
		return -EPROTO;
	return object->fd_read < 0 ? 0 : paged_stale(object->fd, msg->offset, msg->len);
}

int objects_image_fd(struct object_table *table, uint64_t id)
{
	const struct object *object = object_find(table, id);

	return objects_fd(table, id, object && object->live ? OBJECT_LIVE_READ_ONLY : OBJECT_FILE);
}

uint32_t objects_kind_to_read(struct object_table *table, uint64_t id, uint32_t kind)
{
	const struct object *object = kind == OBJECT_LIVE ? object_find(table, id) : NULL;

	return object && object->fd >= 0 && !object->shadow && live_is_large(object) ? OBJECT_LIVE_READ_ONLY : kind;
}

int objects_fd(struct object_table *table, uint64_t id, uint32_t kind)
{
	struct object *object;
	int err = 0;

	if (kind == OBJECT_ZERO)
		return table->zero;
	if (kind == OBJECT_ZERO_READ_ONLY)
		return table->zero_read;
	object = kind <= OBJECT_LIVE_READ_ONLY ? object_find(table, id) : NULL;
	if (!object || object->live != (kind != OBJECT_FILE))
		return -EPROTO;
	if (object->fd < 0)
		return -ENOMEM;
	if (object->paged)
		return kind == OBJECT_LIVE ? -ENODEV : paged_fd(table, object);
	if (object->live)
		return live_fd(table, object, kind == OBJECT_LIVE);
	if (!object->sealed)
		err = object_seal(object);
	return err ? err : object->fd;
}

int objects_segment_fd(struct object_table *table, uint64_t id, bool writable)
{
	struct object *object = object_find(table, id);

	if (!object || !object->live || object->paged)
		return -EPROTO;
	if (object->fd < 0)
		return -ENOMEM;
	return writable ? object->fd : read_only_fd(object);
}

void objects_remove(struct object_table *table, struct object *object)
{
	struct object **at = &table->bucket[object->id % OBJECT_BUCKETS];

	while (*at != object)
		at = &(*at)->next;
	*at = object->next;
	table->nr--;
	table->bytes -= object->taken;
	object_close(object);
	free(object);
}

const char *objects_name(const struct object_table *table, dev_t dev, uint64_t inode)
{
	struct stat st;

	for (unsigned int i = 0; i < OBJECT_BUCKETS; i++)
		for (const struct object *o = table->bucket[i]; o; o = o->next)
			if (o->fd >= 0 && !fstat(o->fd, &st) && st.st_ino == inode && st.st_dev == dev)
				return o->name;
	return NULL;
}
