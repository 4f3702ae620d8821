/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <stdlib.h>

#include "mqtt_trace.h"
#include "tp_clock.h"

static struct tp_capture_packet *capture_slot(struct tp_capture *c, uint32_t i)
{
	return (struct tp_capture_packet *)(c->ring + (size_t)(i % c->slots) * c->slot_octets);
}

/* ---- the worker's side --------------------------------------------------------------------------------------------------------------- */
/* Takes one of those that may be captured; false: there are enough. */
static bool capture_wanted(struct tp_capture_shared *shared)
{
	return __atomic_load_n(&shared->left, __ATOMIC_RELAXED) > 0 && __atomic_fetch_sub(&shared->left, 1, __ATOMIC_RELAXED) > 0;
}

static bool capture_room(const struct tp_capture *c)
{
	return c->head - __atomic_load_n(&c->tail, __ATOMIC_ACQUIRE) < c->slots;
}

/* The octets of a chain, as many as there is room for. */
static uint32_t capture_frame(uint8_t *to, uint32_t most, const struct rte_mbuf *m)
{
	uint32_t n = 0;

	for (; m && n < most; m = m->next) {
		uint32_t part = RTE_MIN(most - n, (uint32_t)m->data_len);

		memcpy(to + n, rte_pktmbuf_mtod(m, const void *), part);
		n += part;
	}
	return n;
}

static void capture_fill(struct tp_capture_packet *p, uint32_t most, const struct rte_mbuf *m, const struct tp_record *rec)
{
	p->message = rec && rec->transport == TP_transport_mqtt && rec->mqtt;
	p->port = m ? m->port : 0;
	if (p->message) {
		p->n = rec->payload.n;
		p->kept = RTE_MIN(p->n, most);
		memcpy(p->octets, rec->payload.p, p->kept);
	} else {
		p->n = m->pkt_len;
		p->kept = capture_frame(p->octets, most, m);
	}
	p->source = rec ? rec->source : 0;
	p->listener = rec ? rec->listener : TP_NO_LISTENER;
}

static void capture_packet(struct tp_worker *w, const struct rte_mbuf *m, const struct tp_record *rec, enum tp_counter reason,
        const struct tp_verdict *verdict)
{
	struct tp_capture *c = w->capture;
	struct tp_capture_packet *p;

	if (!c->shared->filter.reason[reason])
		return;
	if (!capture_room(c) || !capture_wanted(c->shared)) {
		__atomic_store_n(&c->lost[reason], c->lost[reason] + 1, __ATOMIC_RELAXED);
		return;
	}
	p = capture_slot(c, c->head);
	p->at_us = tp_clock_us(CLOCK_REALTIME);
	p->reason = (uint16_t)reason;
	p->stage = verdict ? (uint16_t)verdict->stage : TP_CAPTURE_NO_STAGE;
	p->offset = verdict ? verdict->offset : 0;
	p->worker = w->id;
	p->xdp = -1;
	capture_fill(p, c->shared->filter.snap, m, rec);
	__atomic_store_n(&c->head, c->head + 1, __ATOMIC_RELEASE);
}

void tp_capture_install(struct tp_worker *w, struct tp_capture *c)
{
	w->capture = c;
	w->given_up = capture_packet;
	tp_mqtt_trace_set(w);
}

void tp_capture_remove(struct tp_worker *w)
{
	w->given_up = NULL;
	w->capture = NULL;
	tp_mqtt_trace_set(w);
}

/* ---- control's side ------------------------------------------------------------------------------------------------------------------ */
struct tp_capture *tp_capture_new(struct tp_capture_shared *shared)
{
	uint32_t octets = RTE_ALIGN_CEIL((uint32_t)sizeof(struct tp_capture_packet) + shared->filter.snap, 64U);
	uint32_t slots = RTE_MIN(CAPTURE_RING_OCTETS / octets, CAPTURE_SLOTS_MOST);
	size_t size = sizeof(struct tp_capture) + (size_t)slots * octets;
	struct tp_capture *c = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(size));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->shared = shared;
	c->slots = rte_align32prevpow2(slots);
	c->slot_octets = octets;
	return c;
}

void tp_capture_free(struct tp_capture *c)
{
	free(c);
}

const struct tp_capture_packet *tp_capture_next(struct tp_capture *c)
{
	if (c->held)
		__atomic_store_n(&c->tail, c->tail + 1, __ATOMIC_RELEASE);
	c->held = __atomic_load_n(&c->head, __ATOMIC_ACQUIRE) != c->tail;
	return c->held ? capture_slot(c, c->tail) : NULL;
}
