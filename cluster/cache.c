// SPDX-License-Identifier: GPL-2.0-or-later
/* Contents of files, kept for those who come later; see cluster/cache.h for the theory of operation. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/cache.h"
#include "cluster/nodestat.h"
#include "fdpass.h"
#include "log.h"

/* Share of the memory that a cache is at most by default, and share that has to be available for it to stay */
#define DEFAULT_SHARE 8
#define SHORT_SHARE   16
/* A content is at most this share of the cache */
#define CONTENT_SHARE 4
/* Of omd's descriptors, it has this share at most */
#define FD_SHARE 4
#define LOOK_MS	 5000
#define PIECE	 65536

/**
 * struct job - A content that is being hashed
 * @work:	The thread's work
 * @cache:	Where it is to go
 * @entry:	It, without hash yet
 * @error:	0, or why it could not be read
 */
struct job {
	uv_work_t work;
	struct cache *cache;
	struct cache_entry *entry;
	int error;
};

/**
 * entry_free() - Free an entry that is in no list
 * @entry:	The entry
 */
static void entry_free(struct cache_entry *entry)
{
	close(entry->fd);
	free(entry);
}

/**
 * entry_take() - Find a content and take it off the list
 * @cache:	The cache
 * @hash:	Its hash
 */
static struct cache_entry *entry_take(struct cache *cache, const uint8_t hash[static CACHE_HASH_LEN])
{
	for (struct cache_entry **at = &cache->first; *at; at = &(*at)->next) {
		struct cache_entry *entry = *at;

		if (memcmp(entry->hash, hash, CACHE_HASH_LEN) != 0)
			continue;
		*at = entry->next;
		cache->nr--;
		cache->bytes -= entry->bytes;
		return entry;
	}
	return NULL;
}

/**
 * entry_put() - Put a content in front
 * @cache:	The cache
 * @entry:	It
 */
static void entry_put(struct cache *cache, struct cache_entry *entry)
{
	entry->next = cache->first;
	cache->first = entry;
	cache->nr++;
	cache->bytes += entry->bytes;
}

/**
 * drop_last() - Give up what was not used for the longest time
 * @cache:	The cache, not empty
 */
static void drop_last(struct cache *cache)
{
	struct cache_entry **at = &cache->first;

	while ((*at)->next)
		at = &(*at)->next;
	cache->bytes -= (*at)->bytes;
	cache->nr--;
	entry_free(*at);
	*at = NULL;
}

/**
 * fit() - Keep within bounds, and out of the way when memory is short
 * @cache:	The cache
 */
static void fit(struct cache *cache)
{
	uint64_t total, available, freed = 0, wanted;

	nodestat_memory(&total, &available);
	wanted = available && available < total / SHORT_SHARE ? total / SHORT_SHARE - available : 0;
	while (cache->first && (cache->bytes > cache->bytes_max || cache->nr > cache->nr_max || freed < wanted)) {
		freed += cache->bytes;
		drop_last(cache);
		freed -= cache->bytes;
	}
	if (!cache->first)
		uv_timer_stop(&cache->look);
}

/**
 * on_look() - It is time to see whether memory is short
 * @timer:	The timer
 */
static void on_look(uv_timer_t *timer)
{
	fit(timer->data);
}

/**
 * hash_content() - The thread's part: read a content
 * @work:	The job's work
 */
static void hash_content(uv_work_t *work)
{
	struct job *job = work->data;
	crypto_generichash_state state;
	uint8_t piece[PIECE];
	ssize_t n;

	crypto_generichash_init(&state, NULL, 0, CACHE_HASH_LEN);
	for (uint64_t at = 0; at < job->entry->bytes; at += (uint64_t)n) {
		n = pread(job->entry->fd, piece, sizeof(piece), (off_t)at);
		if (n <= 0) {
			job->error = n < 0 ? -errno : -EIO;
			return;
		}
		crypto_generichash_update(&state, piece, (unsigned long long)n);
	}
	crypto_generichash_final(&state, job->entry->hash, CACHE_HASH_LEN);
}

/**
 * on_hashed() - A content's hash is known: keep it, unless it is there already
 * @work:	The job's work
 * @status:	0, or it was not done
 */
static void on_hashed(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct cache *cache = job->cache;
	struct cache_entry *before;

	cache->jobs--;
	if (status || job->error || cache->remote_fd < 0) {
		entry_free(job->entry);
	} else {
		before = entry_take(cache, job->entry->hash);
		if (before)
			entry_free(job->entry);
		entry_put(cache, before ? before : job->entry);
		uv_timer_start(&cache->look, on_look, LOOK_MS, LOOK_MS);
		fit(cache);
		log_debug("cache: %u contents, %llu MiB; %llu hits, %llu misses", cache->nr,
			  (unsigned long long)cache->bytes >> 20, (unsigned long long)cache->hits,
			  (unsigned long long)cache->misses);
	}
	free(job);
}

/**
 * keep() - Take a content, if it is one
 * @cache:	The cache
 * @fd:		The content; ours now
 */
static void keep(struct cache *cache, int fd)
{
	struct job *job = calloc(1, sizeof(*job));
	struct cache_entry *entry = calloc(1, sizeof(*entry));
	struct stat st;

	if (!job || !entry || cache->jobs >= CACHE_JOBS_MAX || !cachelink_is_sealed(fd) || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size > cache->bytes_max / CONTENT_SHARE)
		goto refuse;
	entry->fd = fd;
	entry->bytes = (uint64_t)st.st_size;
	job->cache = cache;
	job->entry = entry;
	job->work.data = job;
	if (uv_queue_work(cache->loop, &job->work, hash_content, on_hashed) == 0) {
		cache->jobs++;
		return;
	}
refuse:
	free(job);
	free(entry);
	close(fd);
}

/**
 * get() - Answer a remote that asks for a content
 * @cache:	The cache
 * @hash:	Its hash
 * @answer:	Where the answer goes; ours now
 */
static void get(struct cache *cache, const uint8_t hash[static CACHE_HASH_LEN], int answer)
{
	struct cache_entry *entry = entry_take(cache, hash);
	const uint8_t found = entry != NULL;

	if (entry) {
		entry_put(cache, entry);
		cache->hits++;
	} else {
		cache->misses++;
	}
	/* One that has gone meanwhile, or that sends us what is no socket, does without */
	fdpass_send(answer, &found, sizeof(found), entry ? entry->fd : -1, MSG_DONTWAIT);
	close(answer);
}

/**
 * on_request() - Remotes have asked for something
 * @poll:	The poll handle
 * @status:	0 or an error of the socket
 * @events:	Readable
 */
static void on_request(uv_poll_t *poll, int status, int events)
{
	struct cache *cache = poll->data;
	struct cache_request request;
	int fd, err;

	(void)events;
	while (!status &&
	       (err = fdpass_receive(cache->request_fd, &request, sizeof(request), &fd, MSG_DONTWAIT)) != -EAGAIN) {
		if (err == -EPROTO || err == -EPIPE || (!err && fd < 0))
			continue;
		if (err)
			return;
		if (request.op == CACHE_GET)
			get(cache, request.hash, fd);
		else if (request.op == CACHE_KEEP)
			keep(cache, fd);
		else
			close(fd);
	}
}

uint64_t cache_default(void)
{
	uint64_t total, available;

	nodestat_memory(&total, &available);
	return total / DEFAULT_SHARE < CACHE_BYTES_MAX ? total / DEFAULT_SHARE : CACHE_BYTES_MAX;
}

int cache_init(struct cache *cache, uv_loop_t *loop, uint64_t bytes_max)
{
	struct rlimit nofile;
	int pair[2], err;

	*cache = (struct cache){ .loop = loop, .bytes_max = bytes_max, .request_fd = -1, .remote_fd = -1 };
	if (!bytes_max)
		return 0;
	cache->nr_max = CACHE_ENTRIES_MAX;
	if (!getrlimit(RLIMIT_NOFILE, &nofile) && nofile.rlim_cur / FD_SHARE < cache->nr_max)
		cache->nr_max = (unsigned int)(nofile.rlim_cur / FD_SHARE);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	err = uv_poll_init(loop, &cache->requests, pair[0]);
	if (err) {
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	uv_timer_init(loop, &cache->look);
	cache->requests.data = cache->look.data = cache;
	cache->request_fd = pair[0];
	cache->remote_fd = pair[1];
	return uv_poll_start(&cache->requests, UV_READABLE, on_request);
}

void cache_tell(const struct cache *cache, struct wire_status *out)
{
	if (cache->remote_fd < 0)
		return;
	out->cache_contents = cache->nr;
	out->cache_bytes = cache->bytes;
	out->cache_bytes_max = cache->bytes_max;
	out->cache_hits = cache->hits;
	out->cache_misses = cache->misses;
}

void cache_close(struct cache *cache)
{
	if (cache->remote_fd < 0)
		return;
	uv_close((uv_handle_t *)&cache->requests, NULL);
	uv_close((uv_handle_t *)&cache->look, NULL);
	close(cache->request_fd);
	close(cache->remote_fd);
	cache->remote_fd = -1;
	while (cache->first)
		drop_last(cache);
}
