/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two steps, as db.h says. Step one takes as many texts as the buffer holds; a long text, and every text of a channel that cannot
 * be scanned as a vector, is scanned where it lies. It leaves one bit for each rule and text that may match. Step two scans those
 * texts for that rule alone; matches are rare, so it does not count.
 */
#include <string.h>

#include "scan/hits.h"
#include "scan/scratch.h"

struct rule_scan {
	struct tp_pattern_scratch *scratch;
	const struct pattern_channel *channel;
	uint32_t low, high; /* the line of the latest match: [low, high] are the ends of matches within it */
	uint64_t *maybe;    /* its bits */
};

struct rule_match {
	uint64_t from, to;
	bool unordered;
};

static inline void scan_rules_set(uint64_t *maybe, unsigned int rule)
{
	maybe[rule / 64] |= UINT64_C(1) << (rule % 64);
}

static int scan_rules_on_alone(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	(void)from;
	(void)to;
	(void)flags;
	scan_rules_set(context, id);
	return 0;
}

static int scan_rules_on_vector(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	struct rule_scan *s = context;

	(void)from;
	(void)flags;
	if (to < s->low || to > s->high) {
		uint32_t line = scratch_line_at(s->scratch, (uint32_t)to);

		s->low = line == 0 ? 0 : s->scratch->lines[line - 1].end + 1;
		s->high = s->scratch->lines[line].end;
		s->maybe = s->scratch->maybe + (size_t)s->scratch->lines[line].item * s->channel->words;
	}
	scan_rules_set(s->maybe, id);
	return 0;
}

static int scan_rules_on_exact(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	struct rule_match *m = context;

	(void)id;
	(void)flags;
	if (to < m->to || (to == m->to && from < m->from)) {
		m->from = from;
		m->to = to;
	}
	return !m->unordered;
}

/* Step one over as many texts as the buffer holds; returns how many. Bit rows are numbered from the first of them. */
static uint32_t scan_rules_first(struct rule_scan *s, const struct tp_pattern_text *texts, uint32_t n)
{
	struct tp_pattern_scratch *scratch = s->scratch;
	const struct pattern_channel *c = s->channel;
	uint32_t used = 0, i;

	scratch->n_lines = 0;
	for (i = 0; i < n && i < scratch->max_items; i++) {
		uint64_t *maybe = scratch->maybe + (size_t)i * c->words;
		const struct tp_pattern_text *t = &texts[i];

		memset(maybe, 0, c->words * sizeof(*maybe));
		if (t->n == 0)
			continue;
		if (c->vector == NULL || t->n > SCRATCH_ALONE) {
			scratch_scan(scratch, c->alone, t->p, t->n, scan_rules_on_alone, maybe);
			continue;
		}
		if (t->n + 1 > scratch->buffer_size - used)
			break;
		memcpy(scratch->buffer + used, t->p, t->n);
		used += t->n;
		scratch->buffer[used++] = '\n';
		scratch->lines[scratch->n_lines++] = (struct scratch_line){.end = used, .item = i};
	}
	s->low = UINT32_MAX;
	s->high = 0;
	if (scratch->n_lines > 0)
		scratch_scan(scratch, c->vector, scratch->buffer, used, scan_rules_on_vector, s);
	return i;
}

/* Step two for one text. */
static void scan_rules_exact(
        struct rule_scan *s, const struct tp_pattern_text *text, uint32_t item, const uint64_t *maybe, struct hits *hits)
{
	for (uint32_t w = 0; w < s->channel->words; w++) {
		for (uint64_t bits = maybe[w]; bits != 0; bits &= bits - 1) {
			const struct pattern_rule *rule = &s->channel->rules[w * 64 + (uint32_t)__builtin_ctzll(bits)];
			struct rule_match m = {.from = 0, .to = UINT64_MAX, .unordered = rule->unordered};

			scratch_scan(s->scratch, rule->exact, text->p, text->n, scan_rules_on_exact, &m);
			if (m.to != UINT64_MAX)
				hits_add(hits, (struct tp_pattern_hit){.item = item,
				                       .entry = rule->entry,
				                       .from = (uint32_t)m.from,
				                       .to = (uint32_t)m.to});
		}
	}
}

unsigned int tp_pattern_scan_rules(const struct tp_pattern_db *db, struct tp_pattern_scratch *scratch, unsigned int channel,
        const struct tp_pattern_text *texts, unsigned int n, struct tp_pattern_hit *hits, unsigned int max_hits)
{
	struct rule_scan s = {.scratch = scratch};
	struct hits found = {.hit = hits, .room = max_hits};

	if (channel >= db->n_channels || db->channels[channel].n_rules == 0)
		return 0;
	s.channel = &db->channels[channel];
	for (uint32_t first = 0, step; first < n; first += step) {
		step = scan_rules_first(&s, texts + first, n - first);
		for (uint32_t i = 0; i < step; i++)
			scan_rules_exact(&s, &texts[first + i], first + i, scratch->maybe + (size_t)i * s.channel->words, &found);
	}
	return found.n;
}
