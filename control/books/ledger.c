/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger: how every record ended, by source. Plain counters, because only the control thread touches them. Its sums meet the
 * workers' counters in books.c.
 *
 * A source that the ledger has no line for is counted under source 0: the books of both then show the difference.
 */
#include <errno.h>
#include <stdlib.h>

#include "books.h"
#include "tp_worker.h"

static struct ledger_line *ledger_lines;
static unsigned int ledger_n_lines;

int tp_ledger_init(unsigned int n_sources)
{
	if (n_sources == 0)
		n_sources = 1;
	ledger_lines = calloc(n_sources, sizeof(*ledger_lines));
	if (!ledger_lines)
		return -ENOMEM;
	ledger_n_lines = n_sources;
	return 0;
}

void tp_ledger_fini(void)
{
	free(ledger_lines);
	ledger_lines = NULL;
	ledger_n_lines = 0;
	control_batch_fini();
}

const struct ledger_line *ledger_line(unsigned int source)
{
	return source < ledger_n_lines ? &ledger_lines[source] : NULL;
}

static struct ledger_line *ledger_writable_line(uint16_t source)
{
	return &ledger_lines[source < ledger_n_lines ? source : 0];
}

void tp_ledger_record(uint16_t source, int outcome)
{
	struct ledger_line *line = ledger_writable_line(source);

	if (outcome == TP_DELIVERED)
		line->acknowledged++;
	else
		line->failed[outcome]++;
}

void tp_ledger_covert(uint16_t source, int outcome)
{
	struct ledger_line *line = ledger_writable_line(source);

	if (outcome == TP_DELIVERED)
		line->covert_acknowledged++;
	else
		line->covert_failed[outcome]++;
}

void tp_ledger_batch_delivered(const struct tp_batch *batch)
{
	for (uint8_t i = 0; i < batch->n_traced; i++)
		tp_ledger_traced(batch, batch->traced[i].entry, TP_DELIVERED, -1, -1);
	for (uint32_t i = 0; i < batch->count; i++) {
		struct ledger_line *line = ledger_writable_line(batch->entries[i].source);

		if (batch->covert && batch->entries[i].covert)
			line->covert_acknowledged++;
		else
			line->acknowledged++;
	}
}

void tp_ledger_published(unsigned int n)
{
	ledger_lines[0].published += n;
}

void tp_ledger_batch_done(struct tp_batch *batch)
{
	if (batch->worker == TP_BATCH_OF_CONTROL)
		tp_control_batch_give_back(batch);
	else
		tp_channel_give_back(batch);
}
