/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tell the service manager that started us how we are (the protocol of sd_notify(3), without its library). */
#ifndef OM_CLUSTER_NOTIFY_H
#define OM_CLUSTER_NOTIFY_H

/* Send one state, such as "READY=1", to $NOTIFY_SOCKET; nothing when nobody asked for it */
void notify_state(const char *state);

#endif
