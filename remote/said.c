/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For how long what home has said holds: see remote/said.h. */
#include "remote/said.h"
#include "remote/session.h"

struct said said_now(const struct session *session)
{
	return (struct said){ .news = session->news, .until_ns = uv_hrtime() + SAID_MS * 1000000ull };
}

bool said_is_fresh(const struct said *said, const struct session *session)
{
	return said->news && said->news == session->news && uv_hrtime() <= said->until_ns;
}

bool said_holds(const struct said *said, const struct session *session)
{
	return promise_holds(&session->promises, said->promise) || said_is_fresh(said, session);
}
