/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See include/plainpath.h. */
#include <string.h>

#include "plainpath.h"
#include "wire.h"

/**
 * dots() - 1 or 2 if the component, of @len bytes, is "." or "..", else 0
 */
static size_t dots(const char *name, size_t len)
{
	return len <= 2 && !strncmp(name, "..", len) ? len : 0;
}

int plainpath_make(const char *path, char *out, int (*is_dir)(void *ctx, const char *dir), void *ctx)
{
	size_t at = 0, len;

	if (path[0] != '/' || strlen(path) > WIRE_LISTING_PATH_MAX)
		return 1;
	for (path += strspn(path, "/"); *path; path += len + strspn(path + len, "/")) {
		len = strcspn(path, "/");
		if (!dots(path, len)) {
			out[at++] = '/';
			memcpy(out + at, path, len);
			at += len;
			continue;
		}
		out[at] = '\0';
		if (at && (dots(path, len) == 2 || path[len])) {
			int err = is_dir(ctx, out);

			if (err)
				return err;
		}
		while (dots(path, len) == 2 && at && out[--at] != '/')
			;
	}
	out[at] = '\0';
	return at ? 0 : 1;
}

unsigned int plainpath_hash(const char *path, size_t len)
{
	unsigned int h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)path[i]) * 16777619u;
	return h;
}
