/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries sorted by normal form; one literal for each run of equal ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/databases.h"

struct plate_key {
	uint8_t literal[TP_PLATE_NORMAL_MAX + 2]; /* "\nPLATE\n", zeros behind it */
	uint16_t n;
	uint32_t entry;
};

struct plate_literals {
	const char **text;
	size_t *length;
	unsigned int *flags, *ids;
};

static int plates_compare(const void *a, const void *b)
{
	const struct plate_key *x = a, *y = b;
	int order = memcmp(x->literal, y->literal, sizeof(x->literal));

	return order != 0 ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

static struct plate_key *plates_keys(const struct tp_pattern_db *db)
{
	struct plate_key *keys = calloc(db->n_entries, sizeof(*keys));

	for (uint32_t i = 0; keys != NULL && i < db->n_entries; i++) {
		struct tp_pattern_text plate = {
		        .p = (const uint8_t *)db->entries[i].entry, .n = (uint32_t)strlen(db->entries[i].entry)};
		uint8_t normal[TP_PLATE_NORMAL_MAX];
		unsigned int n = tp_plate_normal(plate, normal);

		keys[i].entry = i;
		keys[i].n = (uint16_t)(n + 2);
		keys[i].literal[0] = '\n';
		memcpy(keys[i].literal + 1, normal, n);
		keys[i].literal[n + 1] = '\n';
	}
	if (keys != NULL)
		qsort(keys, db->n_entries, sizeof(*keys), plates_compare);
	return keys;
}

/* One literal for each distinct key; members and first lead from it to the entries. */
static void plates_group(struct pattern_plates *p, const struct plate_key *keys, uint32_t n_keys, struct plate_literals *l)
{
	for (uint32_t i = 0; i < n_keys; i++) {
		p->members[i] = keys[i].entry;
		if (i > 0 && memcmp(keys[i].literal, keys[i - 1].literal, sizeof(keys[i].literal)) == 0)
			continue;
		p->first[p->n] = i;
		l->text[p->n] = (const char *)keys[i].literal;
		l->length[p->n] = keys[i].n;
		l->ids[p->n] = p->n;
		p->n++;
	}
	p->first[p->n] = n_keys;
}

static int plates_hyperscan(struct pattern_plates *p, const struct plate_literals *l, struct mistakes *m)
{
	hs_compile_error_t *error = NULL;

	if (hs_compile_lit_multi(l->text, l->flags, l->ids, l->length, p->n, HS_MODE_BLOCK, NULL, &p->hs, &error) != HS_SUCCESS)
		mistakes_add(m, -ENOMEM, "plate lists: Hyperscan cannot compile %u plates: %s", p->n, error->message);
	hs_free_compile_error(error);
	return 0;
}

int plates_compile(struct tp_pattern_db *db, struct mistakes *m)
{
	struct pattern_plates *p = &db->plates;
	uint32_t n = db->n_entries;
	struct plate_literals l;
	struct plate_key *keys;
	int rc = -ENOMEM;

	if (n == 0)
		return 0;
	keys = plates_keys(db);
	l = (struct plate_literals){.text = calloc(n, sizeof(*l.text)),
	        .length = calloc(n, sizeof(*l.length)),
	        .flags = calloc(n, sizeof(*l.flags)),
	        .ids = calloc(n, sizeof(*l.ids))};
	p->first = calloc((size_t)n + 1, sizeof(*p->first));
	p->members = calloc(n, sizeof(*p->members));
	if (keys != NULL && l.text != NULL && l.length != NULL && l.flags != NULL && l.ids != NULL && p->first != NULL &&
	        p->members != NULL) {
		plates_group(p, keys, n, &l);
		rc = plates_hyperscan(p, &l, m);
	}
	free(l.ids);
	free(l.flags);
	free(l.length);
	free(l.text);
	free(keys);
	return rc;
}

void plates_free(struct pattern_plates *plates)
{
	hs_free_database(plates->hs);
	free(plates->members);
	free(plates->first);
}

size_t plates_memory(const struct pattern_plates *plates)
{
	size_t members = plates->n > 0 ? plates->first[plates->n] : 0;

	return database_octets(plates->hs) + 2 * members * sizeof(*plates->members);
}
