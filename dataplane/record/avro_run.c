/* SPDX-License-Identifier: BSD-3-Clause */
/* The constants of runs, see avro_run.h, and their fields one by one. Built for every processor. */
#include "avro_run.h"

#include "tp_avro.h"

static unsigned int run_octets(const struct avro_row *row)
{
	return row->type == TP_TYPE_ENUM ? 1 : row->type == TP_TYPE_INT ? 4 : 8;
}

static unsigned int run_lanes(const struct avro_row *row)
{
	return row->wide || run_octets(row) == 8 ? 2 : 1;
}

/* A number of one or two lanes from `lane` on. */
static void run_set_lanes(struct avro_run *run, unsigned int lane, const struct avro_row *row)
{
	unsigned int lanes = run_lanes(row), octets = 4 * lanes, at = 4 * lane;

	for (unsigned int i = 0; i < run_octets(row); i++) {
		run->pick[at + i] = (uint8_t)(row->offset - run->offset + i);
		run->picked |= UINT64_C(1) << (at + i);
	}
	for (unsigned int i = 0; i < octets; i++) {
		run->groups[at + i] = (uint8_t)(32 * (lane & 1) + 7 * i);
		run->next1 |= (uint64_t)(i + 1 < octets) << (at + i);
		run->next2 |= (uint64_t)(i + 2 < octets) << (at + i);
		run->next4 |= (uint64_t)(i + 4 < octets) << (at + i);
	}
	run->first |= UINT64_C(1) << at;
	if (lanes == 1)
		run->over[lane] = 0xf0000000;
	if (run_octets(row) == 8) {
		run->over[lane + 1] = 0xff000000;
		run->longs |= (uint8_t)(1 << lane / 2);
	}
}

/* One vector of as many of `count` fields as it can hold. */
static void run_make_vector(struct avro_run *run, const struct avro_row *rows, unsigned int count, unsigned int size)
{
	unsigned int lane = 0;

	memset(run->groups, 56,
	        sizeof(run->groups)); /* of lanes without a number: the highest octet of the upper lane, which is 0 then */
	run->rows = rows;
	run->offset = (uint16_t)(rows[0].offset + AVRO_WINDOW <= size ? rows[0].offset : size - AVRO_WINDOW);
	for (; run->count < count; run->count++) {
		const struct avro_row *row = &rows[run->count];

		lane += lane & (run_lanes(row) - 1); /* a pair of lanes begins with an even one */
		if (lane + run_lanes(row) > AVRO_RUN_LANES || row->offset + run_octets(row) > run->offset + AVRO_WINDOW)
			break;
		run_set_lanes(run, lane, row);
		lane += run_lanes(row);
	}
	run->more = run->count < count;
}

static struct avro_run *run_make(struct avro_run *run, const struct avro_struct *s, unsigned int from)
{
	unsigned int to = from + 1;

	while (to < s->count && avro_place(s->set, to) == AVRO_BEHIND)
		to++;
	s->at[from] = run;
	do {
		run_make_vector(run, &s->rows[from], to - from, s->size);
		from += run->count;
		run++;
	} while (from < to);
	return run;
}

void avro_runs_make(struct avro_runs *runs)
{
	struct avro_run *next = runs->vectors;

	for (uint32_t i = 0; i < runs->n_structs; i++)
		for (uint32_t f = 0; f < runs->structs[i].count; f++)
			if (avro_place(runs->structs[i].set, f) == AVRO_FIRST)
				next = run_make(next, &runs->structs[i], f);
}

uint8_t *avro_run_plain(uint8_t *p, const void *record, const struct avro_run *run)
{
	for (uint32_t i = 0; i < run->count; i++) {
		const uint8_t *field = (const uint8_t *)record + run->rows[i].offset;
		int64_t v = 0;

		if (run->rows[i].type == TP_TYPE_INT) {
			int32_t v32;

			memcpy(&v32, field, sizeof(v32));
			v = v32;
		} else {
			memcpy(&v, field, run_octets(&run->rows[i]));
		}
		p = tp_avro_long(p, v);
	}
	return p;
}
