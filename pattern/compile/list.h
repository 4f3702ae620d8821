/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_LIST_H
#define TP_PATTERN_LIST_H
/* Plate lists: file -> CSV records -> entries. What is wrong is added to the mistakes; the return is 0, or -ENOMEM. */
#include "compile/mistakes.h"
#include "db.h"

int list_load(struct tp_pattern_db *db, const struct tp_list_spec *spec, struct mistakes *m);
/* The same from memory; spec->path only names it in messages. The data are changed (quotes are taken off). */
int list_parse(struct tp_pattern_db *db, const struct tp_list_spec *spec, uint8_t *data, size_t n, struct mistakes *m);

#endif
