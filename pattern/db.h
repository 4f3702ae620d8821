/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_DB_H
#define TP_PATTERN_DB_H
/*
 * What compile/ builds and scan/ reads.
 *
 * Plates: one Hyperscan literal a distinct normal form, with the separator on either side, so that only whole plates match; its id
 * leads to the entries that have this plate.
 *
 * Rules: a scan of many rules first finds which (text, rule) pairs may match, then a database of that rule alone says whether and
 * where. The first scan reads a whole vector of texts, separated by '\n', with the rules compiled for several lines: whatever
 * matches a text alone matches there too, and ends at the same octet. What matches there only (across a separator, at a line's end
 * within a text) does not survive the second scan.
 */
#include <hs/hs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_pattern.h"

struct pattern_arena; /* strings of the entries */

struct pattern_plates {
	hs_database_t *hs; /* "\nPLATE\n" -> id; NULL: no plates */
	uint32_t *first;   /* [n + 1]: the entries of id are members[first[id]] to members[first[id + 1] - 1], ascending */
	uint32_t *members;
	uint32_t n;
};

struct pattern_rule {
	hs_database_t *exact; /* this rule alone, with the start of the match */
	uint32_t entry;
	bool unordered; /* its matches may come in another order than that of their ends */
};

struct pattern_channel {
	hs_database_t *vector; /* all rules, for texts separated by '\n', every match reported; NULL: scan text by text */
	hs_database_t *alone;  /* all rules, for one text, one match a rule reported; NULL: no rules. Ids index `rules` */
	struct pattern_rule *rules;
	uint32_t n_rules;
	uint32_t words; /* of 64 bits, for one bit a rule */
};

struct tp_pattern_db {
	struct tp_pattern_entry *entries;
	uint32_t n_entries, entries_room;
	struct pattern_arena *arena;
	struct pattern_plates plates;
	struct pattern_channel *channels;
	unsigned int n_channels;
	uint32_t n_groups; /* of hits */
};

#endif
