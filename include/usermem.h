/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measures of a process's memory, on x86-64. */
#ifndef OM_USERMEM_H
#define OM_USERMEM_H

#define PAGE_BYTES 4096u
/* First address that no user can have, with four levels of page tables */
#define USER_END 0x7ffffffff000ull

#endif
