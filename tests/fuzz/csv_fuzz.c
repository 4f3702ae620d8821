/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any octets as a plate list. Every entry that comes out must keep what the rest relies on: a plate that has a normal form, a list name, a
 * window of time that is not empty.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compile/list.h"
#include "compile/mistakes.h"
#include "tp_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void csv_fuzz_check(const struct tp_pattern_entry *e)
{
	uint8_t normal[TP_PLATE_NORMAL_MAX];
	struct tp_pattern_text plate = {.p = (const uint8_t *)e->entry, .n = (uint32_t)strlen(e->entry)};

	if (tp_plate_normal(plate, normal) == 0 || e->list == NULL || e->valid_from_us >= e->valid_to_us)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mistakes mistakes;
	struct tp_list_spec spec = {.path = "fuzz.csv", .name = "fuzz"};
	struct tp_pattern_db *db = calloc(1, sizeof(*db));
	uint8_t *copy = malloc(size);
	char err[4096];

	if (db == NULL || (copy == NULL && size > 0))
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	mistakes.n = 0;
	if (list_parse(db, &spec, copy, size, &mistakes) != 0)
		abort();
	for (uint32_t i = 0; i < tp_pattern_entries(db); i++)
		csv_fuzz_check(tp_pattern_entry(db, i));
	mistakes_report(&mistakes, err, sizeof(err));
	tp_pattern_free(db);
	free(copy);
	return 0;
}
