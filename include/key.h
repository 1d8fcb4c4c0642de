/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's key: 32 random bytes that every node and every user of the cluster has, in a file of one base64 line. */
#ifndef OM_KEY_H
#define OM_KEY_H

#include <stddef.h>
#include <stdint.h>

#define KEY_LEN 32

/*
 * Load the key from @path, or when that is NULL from the first of $OPENMOSIX_KEY, ~/.config/openmosix/key and
 * /etc/openmosix/key that exists (a name in the environment must exist). 0, or negative errno with one line in @why:
 * -ENOENT no key, -EPERM others can read the file or it is neither ours nor root's, -EINVAL it is not a key.
 */
int key_load(const char *path, uint8_t key[static KEY_LEN], char *why, size_t why_len);

/* Write a new key to @path (0600). Never overwrites: -EEXIST. */
int key_generate(const char *path, char *why, size_t why_len);

#endif
