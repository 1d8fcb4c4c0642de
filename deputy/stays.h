/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that cannot run elsewhere: see deputy/stays.c. */
#ifndef OM_DEPUTY_STAYS_H
#define OM_DEPUTY_STAYS_H

#include <sys/types.h>

const char *stays_home(pid_t pid); /* why the program that @pid has now cannot, or NULL */

#endif
