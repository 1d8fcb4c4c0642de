/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a path, under watch: see deputy/pathwalk.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deputy/dirwatch.h"
#include "deputy/pathwalk.h"

#define LINKS_MAX 40 /* symbolic links on one path, as the kernel has it (MAXSYMLINKS) */

/* Put the target of the link @at in front of what is left of a path; false when that becomes too long */
static bool link_follow(const char *at, char *rest, size_t cap)
{
	char joined[2 * (WIRE_LISTING_PATH_MAX + 1)];
	ssize_t n = readlink(at, joined, WIRE_LISTING_PATH_MAX + 1);

	if (n <= 0 || n > (ssize_t)WIRE_LISTING_PATH_MAX)
		return false;
	snprintf(joined + n, sizeof(joined) - (size_t)n, "/%s", rest);
	if (strlen(joined) >= cap)
		return false;
	strcpy(rest, joined);
	return true;
}

bool pathwalk(struct deputy *d, const char *path, char *at, struct stat *here)
{
	char rest[WIRE_LISTING_PATH_MAX + 1];
	int links = 0;

	at[0] = '\0';
	here->st_mode = S_IFDIR;
	snprintf(rest, sizeof(rest), "%s", path);
	while (rest[strspn(rest, "/")]) {
		const char *name = rest + strspn(rest, "/");
		size_t len = strcspn(name, "/"), end = strlen(at);
		char left[sizeof(rest)];

		snprintf(left, sizeof(left), "%s", name + len);
		if (!S_ISDIR(here->st_mode) || end + 1 + len > WIRE_LISTING_PATH_MAX || !dir_lead(d, at[0] ? at : "/"))
			return false;
		if (len <= 2 && !strncmp(name, "..", len)) {
			if (len == 2 && end)
				*strrchr(at, '/') = '\0';
			memcpy(rest, left, sizeof(rest));
			continue;
		}
		snprintf(at + end, PATHWALK_MAX - end, "/%.*s", (int)len, name);
		if (!dir_note(d, at) || lstat(at, here))
			return false;
		if (S_ISLNK(here->st_mode)) {
			if (++links > LINKS_MAX || !link_follow(at, left, sizeof(left)))
				return false;
			at[left[0] == '/' ? 0 : end] = '\0';
			here->st_mode = S_IFDIR;
		}
		memcpy(rest, left, sizeof(rest));
	}
	if (!at[0])
		strcpy(at, "/");
	return true;
}
