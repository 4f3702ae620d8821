/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_ROLLBACK_H
#define TP_ROLLBACK_H
/* The configuration that was in force before: what rollback returns to. One step back; a rollback swaps the two, so a second one undoes the first. */
#include <stdbool.h>
#include <stddef.h>

struct tp_rollback {
	char *path, *text; /* NULL: none */
	size_t n;          /* octets of text, without the NUL behind it */
};

/*
 * path, text: the configuration that was replaced; next_...: the one that is in force now. The same text of the same file is no other configuration (a reload because of
 * certificates): what is before it stays. Where there is no memory there is none before: never an older one than said.
 */
void tp_rollback_remember(struct tp_rollback *b, const char *path, const char *text, size_t n, const char *next_path,
        const char *next_text, size_t next_n);
/* A copy. 0, -ENOENT: none, -ENOMEM. */
int tp_rollback_copy(const struct tp_rollback *b, char **path, char **text, size_t *n);
void tp_rollback_free(struct tp_rollback *b);

#endif
