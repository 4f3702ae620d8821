/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_DATABASES_H
#define TP_PATTERN_DATABASES_H
/* Entries and rules into Hyperscan databases. What is wrong is added to the mistakes; the return is 0, or -ENOMEM. */
#include "compile/mistakes.h"
#include "db.h"

int plates_compile(struct tp_pattern_db *db, struct mistakes *m); /* all entries so far */
void plates_free(struct pattern_plates *plates);
size_t plates_memory(const struct pattern_plates *plates);

/* Checks every rule, so that all mistakes are known before the slow part. */
void rules_check(const struct tp_pattern_spec *spec, struct mistakes *m);
int rules_compile(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, struct mistakes *m); /* and adds their entries */
void rules_free(struct tp_pattern_db *db);
size_t rules_memory(const struct tp_pattern_db *db);

size_t database_octets(const hs_database_t *hs); /* NULL: 0 */

#endif
