/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What omd and om-remote have to know alike of contents: see include/cachelink.h. */
#include <fcntl.h>

#include "cachelink.h"

bool cachelink_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & CACHE_SEALS) == CACHE_SEALS;
}
