/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors (RFC 5927, RFC 9293 3.9.2.2). They prove nothing about who sent them, so one counts only where it quotes a sequence number
 * that is on its way. Once a handshake is complete none of them aborts (MUST-54..56 for soft ones; RFC 5927 5.2 for hard ones): R2 does, if nothing
 * comes any more. A smaller MTU makes the segments smaller, but not below what every path must carry.
 */
#include "endpoint.h"

#define MIN_MTU4 576
#define MIN_MTU6 1280

static uint32_t icmp_overhead(const struct tcp_conn *c)
{
	return (c->tuple.family == 4 ? 40 : 60) + (c->flags & TCP_F_TS ? TCP_TS_OCTETS : 0);
}

static void icmp_mtu(struct tcp *t, struct tcp_conn *c, uint16_t mtu)
{
	uint32_t mss = tcp_max(mtu, c->tuple.family == 4 ? MIN_MTU4 : MIN_MTU6) - icmp_overhead(c);

	if (mss >= c->snd_mss)
		return;
	c->snd_mss = (uint16_t)mss;
	c->snd_nxt = c->snd_una;
	c->flags &= (uint16_t)~TCP_F_TIMING;
	conn_mark_dirty(t, c);
}

void tcp_icmp(struct tcp *t, const struct tcp_tuple *tuple, uint32_t seq, bool hard, uint16_t mtu, uint64_t now_us)
{
	uint64_t hash = tcp_table_hash(tuple, t->chunks.key);
	uint32_t id = tcp_table_find(&t->conn_table, hash, tuple);

	tcp_clock(t, now_us);
	if (id) {
		struct tcp_conn *c = conn_at(t, id);

		if (mtu && seq_le(c->snd_una, seq) && seq_lt(seq, c->snd_max))
			icmp_mtu(t, c, mtu);
		return;
	}
	id = tcp_table_find(&t->half_table, hash, tuple);
	if (id && hard && seq == t->halves[id - 1].iss)
		tcp_half_free(t, &t->halves[id - 1]);
}
