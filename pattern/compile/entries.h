/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_ENTRIES_H
#define TP_PATTERN_ENTRIES_H
/* The entries of a database and their strings. Strings are kept in chunks that never move; entries only while none is added. */
#include "db.h"

/* A copy with a NUL behind it, NULL without memory. The bytes hold no NUL. */
const char *entries_string(struct tp_pattern_db *db, const uint8_t *p, size_t n);
int entries_add(struct tp_pattern_db *db, const struct tp_pattern_entry *entry); /* 0 or -ENOMEM */
int entries_group(struct tp_pattern_db *db); /* when all are there: the group of each; 0 or -ENOMEM */
void entries_free(struct tp_pattern_db *db);
size_t entries_memory(const struct tp_pattern_db *db);

#endif
