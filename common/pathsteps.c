/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See include/pathsteps.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pathsteps.h"

#define LINKS_MAX 40 /* symbolic links on one path, as the kernel has it (MAXSYMLINKS) */

/**
 * struct way - How far one has come
 * @here:	Where one is; "" at the root
 * @len:	The length of that path
 * @kind:	What is there
 * @links:	Symbolic links so far
 * @rest:	What is left
 */
struct way {
	struct path_end *here;
	size_t len;
	int kind, links;
	char rest[PATHSTEPS_MAX];
};

/**
 * is_dots() - Is the component, of @len bytes, "." or ".."?
 */
static bool is_dots(const char *name, size_t len)
{
	return len <= 2 && !strncmp(name, "..", len);
}

/**
 * link_follow() - Go on from the link that one is at, which was found in the directory of @len bytes
 */
static bool link_follow(struct way *way, size_t len)
{
	const char *target = way->here->target;
	char joined[2 * PATHSTEPS_MAX];
	size_t rest = (size_t)snprintf(joined, sizeof(joined), "%s/%s", target, way->rest);

	if (!target[0] || rest >= sizeof(way->rest) || ++way->links > LINKS_MAX)
		return false;
	memcpy(way->rest, joined, rest + 1);
	way->len = target[0] == '/' ? 0 : len;
	way->here->at[way->len] = '\0';
	return true;
}

/**
 * step() - Go on by the first component of what is left, which has @name_len bytes; PATH_UNKNOWN or negative errno: that is all
 */
static int step(struct way *way, const char *name, size_t name_len, bool follow, path_look look, void *ctx)
{
	char dir[PATHSTEPS_MAX] = "/", *at = way->here->at;
	size_t len = way->len;
	bool dots = is_dots(name, name_len);
	int kind;

	if (way->kind != PATH_DIR)
		return -ENOTDIR;
	if (len)
		memcpy(dir, at, len + 1);
	if (dots) {
		while (name_len == 2 && way->len && at[--way->len] != '/')
			;
	} else if (len + 1 + name_len < PATHSTEPS_MAX) {
		at[len] = '/';
		memcpy(at + len + 1, name, name_len);
		way->len = len + 1 + name_len;
	} else {
		return PATH_UNKNOWN;
	}
	at[way->len] = '\0';
	memmove(way->rest, name + name_len, strlen(name + name_len) + 1);
	way->here->target[0] = '\0';
	kind = look(ctx, dir, dots ? NULL : at, way->here->target);
	if (kind == PATH_LINK && (follow || way->rest[0]))
		return link_follow(way, len) ? PATH_DIR : PATH_UNKNOWN;
	return kind;
}

int path_steps(const char *path, bool follow, struct path_end *end, path_look look, void *ctx)
{
	struct way way = { .here = end, .kind = PATH_DIR };

	end->at[0] = '\0';
	if (path[0] != '/' || strlen(path) >= sizeof(way.rest))
		return PATH_UNKNOWN;
	strcpy(way.rest, path);
	while (way.rest[strspn(way.rest, "/")] && way.kind > PATH_UNKNOWN) {
		const char *name = way.rest + strspn(way.rest, "/");

		way.kind = step(&way, name, strcspn(name, "/"), follow, look, ctx);
	}
	if (!end->at[0])
		strcpy(end->at, "/");
	return way.kind;
}

bool path_is_below(const char *path, const char *top, size_t len)
{
	return len == 1 || (!strncmp(path, top, len) && (!path[len] || path[len] == '/'));
}

unsigned int path_hash(const char *path, size_t len)
{
	unsigned int h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)path[i]) * 16777619u;
	return h;
}
