/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reassembly store: a fixed table of datagrams, found through hash chains seeded per store, and two lists by age, so that what is
 * too old is always at a head. A datagram holds its fragments in a list sorted by offset; the links lie in the private area of the
 * packet buffers, which nobody else uses before udp_input. So the store allocates when it is made and never again.
 *
 *   free   unused entries
 *   live   incomplete datagrams, oldest first
 *   dead   given up: they hold no packet, only the reason under which later fragments are counted; oldest first, and the first to be
 *          reused when no entry is free
 *
 * Held fragments are in no counter until their datagram is complete or given up.
 */
#include "fragments.h"

#include <stdlib.h>
#include <sys/queue.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <rte_random.h>

#include "packet.h"
#include "trace.h"

#define LIVE TP_C_received /* verdict of a datagram that was not given up: no drop reason */

/* In the private area of a held packet. */
struct piece {
	struct rte_mbuf *next; /* the piece behind it, not necessarily adjacent */
	uint32_t offset;
	uint32_t length;
	uint16_t header; /* octets that were cut off in front of it */
	uint16_t skip;   /* octets of the packet in front of the payload; 0 but for the first fragment */
	bool more;
};

struct datagram {
	struct tp_fragment_key key;
	LIST_ENTRY(datagram) chain;
	TAILQ_ENTRY(datagram) age; /* free, live or dead list */
	uint64_t born;             /* TSC */
	struct rte_mbuf *first;
	struct rte_mbuf *last;
	uint32_t octets; /* held */
	uint32_t total;  /* octets in all; 0 until the last fragment is here */
	uint16_t count;
	uint16_t verdict; /* enum tp_counter: LIVE or why it was given up */
};

LIST_HEAD(chain_head, datagram);
TAILQ_HEAD(age_head, datagram);

struct tp_fragments {
	struct age_head free, live, dead;
	struct chain_head *chains;
	uint64_t mask; /* chains - 1 */
	uint64_t seed;
	uint64_t timeout_tsc;
	uint32_t packets; /* held */
	uint32_t packet_limit;
	struct datagram *table;
};

static struct piece *fragments_piece(struct rte_mbuf *m)
{
	_Static_assert(sizeof(struct piece) <= sizeof(struct tp_record), "the private area has room for a record");
	return rte_mbuf_to_priv(m);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

struct tp_fragments *tp_fragments_new(uint32_t datagrams, uint32_t packets, uint64_t timeout_tsc)
{
	struct tp_fragments *s = calloc(1, sizeof(*s));
	uint32_t chains = rte_align32pow2(RTE_MAX(datagrams, 1U));

	if (s == NULL)
		return NULL;
	s->chains = calloc(chains, sizeof(*s->chains));
	s->table = calloc(RTE_MAX(datagrams, 1U), sizeof(*s->table));
	if (s->chains == NULL || s->table == NULL) {
		tp_fragments_free(s);
		return NULL;
	}
	TAILQ_INIT(&s->free);
	TAILQ_INIT(&s->live);
	TAILQ_INIT(&s->dead);
	for (uint32_t i = 0; i < datagrams; i++)
		TAILQ_INSERT_TAIL(&s->free, &s->table[i], age);
	s->mask = chains - 1;
	s->seed = rte_rand();
	s->timeout_tsc = timeout_tsc;
	s->packet_limit = packets;
	return s;
}

/* Who asks gets the frame as it came: what was cut off still stands in front of it. */
static void fragments_tell(struct tp_worker *w, struct rte_mbuf *m, enum tp_counter reason)
{
	tp_trace_given_up(w, m, reason);
	if (unlikely(w->given_up) && fragments_piece(m)->header)
		rte_pktmbuf_prepend(m, fragments_piece(m)->header);
	tp_tell_given_up(w, m, NULL, reason, NULL);
}

/* Frees the packets of a datagram and returns how many there were. w: NULL at the end. */
static uint32_t fragments_release(struct tp_fragments *s, struct datagram *d, struct tp_worker *w, enum tp_counter reason)
{
	uint32_t released = d->count;
	struct rte_mbuf *m = d->first;

	while (m != NULL) {
		struct rte_mbuf *next = fragments_piece(m)->next;

		if (w)
			fragments_tell(w, m, reason);
		rte_pktmbuf_free(m);
		m = next;
	}
	s->packets -= released;
	d->first = d->last = NULL;
	d->count = 0;
	return released;
}

void tp_fragments_free(struct tp_fragments *s)
{
	struct datagram *d;

	if (s == NULL)
		return;
	if (s->table != NULL && s->chains != NULL)
		TAILQ_FOREACH(d, &s->live, age)
	fragments_release(s, d, NULL, LIVE);
	free(s->table);
	free(s->chains);
	free(s);
}

/* ---- datagrams ------------------------------------------------------------------------------------------------------------- */

static struct chain_head *fragments_chain(struct tp_fragments *s, const struct tp_fragment_key *key)
{
	_Static_assert(sizeof(*key) == 40, "hashed as it lies in memory");
	return &s->chains[XXH3_64bits_withSeed(key, sizeof(*key), s->seed) & s->mask];
}

static void fragments_close(struct tp_fragments *s, struct datagram *d, struct age_head *list)
{
	LIST_REMOVE(d, chain);
	TAILQ_REMOVE(list, d, age);
	TAILQ_INSERT_HEAD(&s->free, d, age);
}

/* Gives a live datagram up: counts and frees what it holds, and remembers why. */
static void fragments_give_up(struct tp_worker *w, struct datagram *d, enum tp_counter reason)
{
	struct tp_fragments *s = w->fragments;

	w->books[0].c[reason] += fragments_release(s, d, w, reason);
	d->verdict = reason;
	TAILQ_REMOVE(&s->live, d, age);
	TAILQ_INSERT_TAIL(&s->dead, d, age);
}

void tp_fragments_expire(struct tp_worker *w, bool all)
{
	struct tp_fragments *s = w->fragments;
	struct datagram *d;

	while ((d = TAILQ_FIRST(&s->live)) != NULL && (all || w->now_tsc - d->born >= s->timeout_tsc)) {
		w->books[0].c[TP_C_fragment_timeout] += fragments_release(s, d, w, TP_C_fragment_timeout);
		fragments_close(s, d, &s->live);
	}
	while ((d = TAILQ_FIRST(&s->dead)) != NULL && (all || w->now_tsc - d->born >= s->timeout_tsc))
		fragments_close(s, d, &s->dead);
}

static struct datagram *fragments_find(struct tp_fragments *s, const struct tp_fragment_key *key)
{
	struct datagram *d;

	LIST_FOREACH(d, fragments_chain(s, key), chain)
	if (memcmp(&d->key, key, sizeof(*key)) == 0)
		return d;
	return NULL;
}

/* A new datagram, or NULL where the table is full of live ones. */
static struct datagram *fragments_open(struct tp_worker *w, const struct tp_fragment_key *key)
{
	struct tp_fragments *s = w->fragments;
	struct datagram *d;

	if (TAILQ_EMPTY(&s->free) && !TAILQ_EMPTY(&s->dead))
		fragments_close(s, TAILQ_FIRST(&s->dead), &s->dead);
	d = TAILQ_FIRST(&s->free);
	if (d == NULL)
		return NULL;
	TAILQ_REMOVE(&s->free, d, age);
	*d = (struct datagram){.key = *key, .born = w->now_tsc, .verdict = LIVE};
	LIST_INSERT_HEAD(fragments_chain(s, key), d, chain);
	TAILQ_INSERT_TAIL(&s->live, d, age);
	return d;
}

/* ---- fragments of a datagram ----------------------------------------------------------------------------------------------- */

/* The piece that lies last in front of offset (or at it), or NULL. Fragments mostly arrive in order: the end is tried first. */
static struct rte_mbuf *fragments_before(struct datagram *d, uint32_t offset)
{
	struct rte_mbuf *m = d->last, *before = NULL;

	if (m != NULL && fragments_piece(m)->offset <= offset)
		return m;
	for (m = d->first; m != NULL && fragments_piece(m)->offset <= offset; m = fragments_piece(m)->next)
		before = m;
	return before;
}

/* Are n octets at off_a of a and at off_b of b the same? Both are that long. */
static bool fragments_equal(const struct rte_mbuf *a, uint32_t off_a, const struct rte_mbuf *b, uint32_t off_b, uint32_t n)
{
	while (n > 0) {
		uint32_t part;

		for (; off_a >= a->data_len; a = a->next)
			off_a -= a->data_len;
		for (; off_b >= b->data_len; b = b->next)
			off_b -= b->data_len;
		part = RTE_MIN(a->data_len - off_a, b->data_len - off_b);
		part = RTE_MIN(part, n);
		if (memcmp(rte_pktmbuf_mtod_offset(a, void *, off_a), rte_pktmbuf_mtod_offset(b, void *, off_b), part) != 0)
			return false;
		off_a += part;
		off_b += part;
		n -= part;
	}
	return true;
}

static bool fragments_is_duplicate(struct rte_mbuf *held, const struct rte_mbuf *m, const struct tp_fragment *f)
{
	const struct piece *p = fragments_piece(held);

	return p->offset == f->offset && p->length == f->length && p->more == f->more &&
	       fragments_equal(held, p->skip, m, f->header, f->length);
}

static bool fragments_overlaps(const struct datagram *d, struct rte_mbuf *before, const struct tp_fragment *f)
{
	struct rte_mbuf *behind = before ? fragments_piece(before)->next : d->first;

	if (before && fragments_piece(before)->offset + fragments_piece(before)->length > f->offset)
		return true;
	return behind && f->offset + f->length > fragments_piece(behind)->offset;
}

/* Does it say otherwise about the end of the datagram than what is held? */
static bool fragments_contradicts(const struct datagram *d, const struct tp_fragment *f)
{
	uint32_t end = f->offset + f->length;
	const struct piece *last = d->last ? fragments_piece(d->last) : NULL;

	if (f->more)
		return d->total != 0 && end >= d->total;
	return (d->total != 0 && end != d->total) || (last && last->offset + last->length > end);
}

static void fragments_insert(
        struct tp_fragments *s, struct datagram *d, struct rte_mbuf *before, struct rte_mbuf *m, const struct tp_fragment *f)
{
	struct piece *p = fragments_piece(m);

	*p = (struct piece){.offset = f->offset, .length = f->length, .skip = f->header, .more = f->more};
	if (f->offset != 0) {
		rte_pktmbuf_adj(m, f->header);
		p->header = f->header;
		p->skip = 0;
	}
	p->next = before ? fragments_piece(before)->next : d->first;
	if (before)
		fragments_piece(before)->next = m;
	else
		d->first = m;
	if (p->next == NULL)
		d->last = m;
	if (!f->more)
		d->total = f->offset + f->length;
	d->octets += f->length;
	d->count++;
	s->packets++;
}

/* Makes one packet of a complete datagram. */
static struct rte_mbuf *fragments_chain_up(struct rte_mbuf *first)
{
	struct rte_mbuf *tail = rte_pktmbuf_lastseg(first), *m;

	for (m = fragments_piece(first)->next; m != NULL; m = fragments_piece(m)->next) {
		tail->next = m;
		tail = rte_pktmbuf_lastseg(m);
		first->nb_segs += m->nb_segs;
		first->pkt_len += m->pkt_len;
	}
	first->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	first->ol_flags |= TP_MBUF_REASSEMBLED;
	return first;
}

static struct rte_mbuf *fragments_complete(struct tp_worker *w, struct datagram *d)
{
	struct tp_fragments *s = w->fragments;
	struct rte_mbuf *m = fragments_chain_up(d->first);

	w->books[0].c[TP_C_fragment_absorbed] += d->count - 1U;
	s->packets -= d->count;
	fragments_close(s, d, &s->live);
	return m;
}

static struct rte_mbuf *fragments_refuse(struct tp_worker *w, struct rte_mbuf *m, enum tp_counter reason)
{
	tp_drop(w, m, reason);
	rte_pktmbuf_free(m);
	return NULL;
}

/* LIVE where the fragment fits in, else why its whole datagram must be given up. */
static enum tp_counter fragments_judge(
        const struct tp_fragments *s, const struct datagram *d, struct rte_mbuf *before, const struct tp_fragment *f)
{
	if (fragments_contradicts(d, f))
		return TP_C_fragment_malformed;
	if (fragments_overlaps(d, before, f))
		return TP_C_fragment_overlap;
	if (d->count == TP_FRAGMENTS_A_DATAGRAM || s->packets >= s->packet_limit)
		return TP_C_fragment_store_full;
	return LIVE;
}

struct rte_mbuf *tp_fragments_add(struct tp_worker *w, struct rte_mbuf *m, const struct tp_fragment *f)
{
	struct tp_fragments *s = w->fragments;
	struct rte_mbuf *before;
	enum tp_counter verdict;
	struct datagram *d;

	tp_fragments_expire(w, false);
	d = fragments_find(s, &f->key);
	if (d == NULL)
		d = fragments_open(w, &f->key);
	if (d == NULL)
		return fragments_refuse(w, m, TP_C_fragment_store_full);
	if (d->verdict != LIVE)
		return fragments_refuse(w, m, d->verdict);
	before = fragments_before(d, f->offset);
	if (before && fragments_is_duplicate(before, m, f))
		return fragments_refuse(w, m, TP_C_fragment_overlap);
	verdict = fragments_judge(s, d, before, f);
	if (verdict != LIVE) {
		fragments_give_up(w, d, verdict);
		return fragments_refuse(w, m, verdict);
	}
	fragments_insert(s, d, before, m, f);
	return d->octets == d->total ? fragments_complete(w, d) : NULL;
}
