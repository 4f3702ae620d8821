/* SPDX-License-Identifier: BSD-3-Clause */
/* From specification to database: read the lists, check the rules, say all that is wrong at once, and only then compile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/databases.h"
#include "compile/entries.h"
#include "compile/list.h"

size_t database_octets(const hs_database_t *hs)
{
	size_t octets = 0;

	if (hs != NULL && hs_database_size(hs, &octets) != HS_SUCCESS)
		return 0;
	return octets;
}

static int compile_read(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, struct mistakes *m)
{
	int rc = 0;

	if (hs_valid_platform() != HS_SUCCESS)
		mistakes_add(m, -ENOTSUP, "patterns: found a CPU without SSSE3, Hyperscan needs it");
	for (unsigned int i = 0; i < spec->n_lists && rc == 0; i++)
		rc = list_load(db, &spec->lists[i], m);
	rules_check(spec, m);
	return rc;
}

static int compile_all(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, struct mistakes *m)
{
	int rc = compile_read(db, spec, m);

	if (rc != 0 || m->n > 0)
		return rc;
	rc = plates_compile(db, m);
	rc = rc != 0 ? rc : rules_compile(db, spec, m);
	return rc != 0 ? rc : entries_group(db);
}

int tp_pattern_compile(const struct tp_pattern_spec *spec, struct tp_pattern_db **db, char *err, size_t err_len)
{
	struct mistakes *m = calloc(1, sizeof(*m));
	int rc = -ENOMEM;

	*db = calloc(1, sizeof(**db));
	if (m != NULL && *db != NULL)
		rc = compile_all(*db, spec, m);
	if (rc == -ENOMEM)
		snprintf(err, err_len, "patterns: out of memory");
	else
		rc = mistakes_report(m, err, err_len);
	if (rc != 0) {
		tp_pattern_free(*db);
		*db = NULL;
	}
	free(m);
	return rc;
}

void tp_pattern_free(struct tp_pattern_db *db)
{
	if (db == NULL)
		return;
	rules_free(db);
	plates_free(&db->plates);
	entries_free(db);
	free(db);
}

size_t tp_pattern_memory(const struct tp_pattern_db *db)
{
	return sizeof(*db) + entries_memory(db) + plates_memory(&db->plates) + rules_memory(db);
}

unsigned int tp_pattern_entries(const struct tp_pattern_db *db)
{
	return db->n_entries;
}

const struct tp_pattern_entry *tp_pattern_entry(const struct tp_pattern_db *db, uint32_t entry)
{
	return &db->entries[entry];
}

unsigned int tp_pattern_groups(const struct tp_pattern_db *db)
{
	return db->n_groups;
}

bool tp_pattern_has_lists(const struct tp_pattern_db *db)
{
	return db->plates.hs != NULL;
}
