/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/entries.h"

#define ARENA_CHUNK 65536

struct pattern_arena {
	struct pattern_arena *older;
	size_t size, used;
	char bytes[];
};

static int entries_chunk(struct tp_pattern_db *db, size_t need)
{
	size_t size = need > ARENA_CHUNK ? need : ARENA_CHUNK;
	struct pattern_arena *a = malloc(sizeof(*a) + size);

	if (a == NULL)
		return -ENOMEM;
	a->older = db->arena;
	a->size = size;
	a->used = 0;
	db->arena = a;
	return 0;
}

const char *entries_string(struct tp_pattern_db *db, const uint8_t *p, size_t n)
{
	char *s;

	if ((db->arena == NULL || db->arena->size - db->arena->used <= n) && entries_chunk(db, n + 1) != 0)
		return NULL;
	s = db->arena->bytes + db->arena->used;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	db->arena->used += n + 1;
	return s;
}

int entries_add(struct tp_pattern_db *db, const struct tp_pattern_entry *entry)
{
	if (db->n_entries == db->entries_room) {
		uint32_t room = db->entries_room == 0 ? 256 : db->entries_room * 2;
		struct tp_pattern_entry *larger = reallocarray(db->entries, room, sizeof(*larger));

		if (larger == NULL)
			return -ENOMEM;
		db->entries = larger;
		db->entries_room = room;
	}
	db->entries[db->n_entries++] = *entry;
	return 0;
}

/* Most entries are of the list of the entry before. */
static uint32_t entries_list(const char **names, uint32_t *n, const char *name, uint32_t last)
{
	uint32_t i;

	if (last && strcmp(names[last - 1], name) == 0)
		return last;
	for (i = 0; i < *n && strcmp(names[i], name) != 0; i++)
		;
	if (i == TP_PATTERN_LISTS)
		return 0;
	if (i == *n)
		names[(*n)++] = name;
	return i + 1;
}

int entries_group(struct tp_pattern_db *db)
{
	const char **names = calloc(TP_PATTERN_LISTS, sizeof(*names));
	uint32_t n = 0, last = 0, rules = 0;

	if (names == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < db->n_entries; i++)
		if (db->entries[i].list != NULL)
			db->entries[i].group = last = entries_list(names, &n, db->entries[i].list, last);
	for (uint32_t i = 0; i < db->n_entries; i++)
		if (db->entries[i].list == NULL)
			db->entries[i].group = 1 + n + rules++;
	db->n_groups = 1 + n + rules;
	free(names);
	return 0;
}

void tp_pattern_lists(const struct tp_pattern_db *db, int64_t now_us, struct tp_pattern_list rows[TP_PATTERN_LISTS + 1])
{
	memset(rows, 0, (TP_PATTERN_LISTS + 1) * sizeof(*rows));
	for (uint32_t i = 0; i < db->n_entries; i++) {
		const struct tp_pattern_entry *e = &db->entries[i];
		struct tp_pattern_list *row = &rows[e->group];

		if (e->list == NULL)
			continue; /* a rule */
		row->name = e->group ? e->list : "(others)";
		row->group = e->group;
		row->entries++;
		row->covert |= e->covert;
		row->valid += e->valid_from_us <= now_us && now_us < e->valid_to_us;
	}
}

void entries_free(struct tp_pattern_db *db)
{
	while (db->arena != NULL) {
		struct pattern_arena *older = db->arena->older;

		free(db->arena);
		db->arena = older;
	}
	free(db->entries);
}

size_t entries_memory(const struct tp_pattern_db *db)
{
	size_t octets = db->entries_room * sizeof(*db->entries);

	for (const struct pattern_arena *a = db->arena; a != NULL; a = a->older)
		octets += sizeof(*a) + a->size;
	return octets;
}
