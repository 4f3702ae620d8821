/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_ASKER_FILE_H
#define TP_ASKER_FILE_H
/*
 * Reads a file for somebody who named it to turnpiked. turnpiked may read more than they do, and a message about a file may quote it; so the rights of both count, by
 * owner, group and mode of the file that was opened and of the folders it is in. Root and the user of turnpiked may read whatever turnpiked may.
 */
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#define TP_ASKER_FILE_MAX ((size_t)64 << 20) /* octets */

/* 0 and the text, *n octets and a NUL, the caller's to free, and what its file was (st); or -errno and a line to `out`. Any thread that may wait for a disk. */
int tp_asker_file_read(const char *path, uid_t uid, gid_t gid, char **text, size_t *n, struct stat *st, FILE *out);

#endif
