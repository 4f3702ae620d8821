/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets a trace marks. A frame is judged as it came, before any node has looked at it: what it says counts, right or wrong, so that one with a
 * wrong checksum, to a port nobody listens on or from a source nobody knows is found by what it says. No octet outside of its first segment is
 * read.
 *
 * Later fragments carry no ports: they fit where the first fragment of their datagram did, and by address alone where no port is asked for.
 */
#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "mqtt.h"
#include "trace.h"

/* What a frame says of where it comes from and goes to. */
struct frame_view {
	const uint8_t *from, *to; /* NULL: no IP */
	uint8_t family, protocol;
	bool fragment, later; /* part of a datagram; not the first part */
	uint32_t id;          /* of the fragment's datagram */
	uint16_t port;        /* destination; 0: none */
};

static void view_ports(struct frame_view *v, const uint8_t *p, uint32_t left)
{
	if ((v->protocol == IPPROTO_UDP || v->protocol == IPPROTO_TCP) && left >= 4 && !v->later)
		v->port = (uint16_t)(p[2] << 8 | p[3]);
}

static void view_ip4(struct frame_view *v, const uint8_t *p, uint32_t left)
{
	uint32_t header;
	uint16_t fragment;

	if (left < sizeof(struct rte_ipv4_hdr) || p[0] >> 4 != 4)
		return;
	header = (p[0] & 15u) * 4;
	fragment = (uint16_t)((p[6] << 8 | p[7]) & 0x3fff);
	*v = (struct frame_view){.from = p + 12, .to = p + 16, .family = 4, .protocol = p[9], .id = (uint32_t)(p[4] << 8 | p[5])};
	v->fragment = fragment != 0;
	v->later = (fragment & 0x1fff) != 0;
	if (header >= sizeof(struct rte_ipv4_hdr) && header <= left)
		view_ports(v, p + header, left - header);
}

static bool view_is_extension(uint8_t header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING || header == IPPROTO_DSTOPTS || header == IPPROTO_FRAGMENT;
}

static void view_ip6(struct frame_view *v, const uint8_t *p, uint32_t left)
{
	uint32_t at = sizeof(struct rte_ipv6_hdr);

	if (left < at || p[0] >> 4 != 6)
		return;
	*v = (struct frame_view){.from = p + 8, .to = p + 24, .family = 6, .protocol = p[6]};
	while (view_is_extension(v->protocol) && left >= at + 8) {
		bool fragment = v->protocol == IPPROTO_FRAGMENT;

		if (fragment) {
			v->fragment = true;
			v->later = ((p[at + 2] << 8 | p[at + 3]) & 0xfff8) != 0;
			memcpy(&v->id, p + at + 4, 4);
		}
		v->protocol = p[at];
		at += fragment ? 8 : (p[at + 1] + 1u) * 8;
	}
	if (at <= left)
		view_ports(v, p + at, left - at);
}

static struct frame_view view_of(const uint8_t *p, uint32_t left)
{
	struct frame_view v = {.from = NULL};
	uint32_t at = 12;
	uint16_t type;

	for (int tags = 0; left >= at + 2; at += 4, tags++) {
		type = (uint16_t)(p[at] << 8 | p[at + 1]);
		if (tags < 2 && (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ || type == 0x9100))
			continue;
		if (type == RTE_ETHER_TYPE_IPV4)
			view_ip4(&v, p + at + 2, left - at - 2);
		else if (type == RTE_ETHER_TYPE_IPV6)
			view_ip6(&v, p + at + 2, left - at - 2);
		break;
	}
	return v;
}

/* ---- fragments --------------------------------------------------------------------------------------------------------------------- */
static void first_key(const struct frame_view *v, struct trace_first *first)
{
	uint32_t n = v->family == 4 ? 4 : 16;

	memset(first, 0, sizeof(*first));
	first->key[0] = v->family;
	memcpy(first->key + 4, &v->id, 4);
	memcpy(first->key + 8, v->from, n);
	memcpy(first->key + 24, v->to, n);
}

static void first_remember(struct trace_firsts *firsts, const struct frame_view *v)
{
	first_key(v, &firsts->first[firsts->n++ % TRACE_FIRSTS]);
}

static bool first_known(const struct trace_firsts *firsts, const struct frame_view *v)
{
	struct trace_first key;

	first_key(v, &key);
	for (uint32_t i = 0; i < RTE_MIN(firsts->n, (uint32_t)TRACE_FIRSTS); i++)
		if (memcmp(&key, &firsts->first[i], sizeof(key)) == 0)
			return true;
	return false;
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------ */
static bool filter_prefix(const struct tp_trace_filter *f, uint8_t family, const uint8_t *addr)
{
	return tp_prefix_holds(f->family, f->length, f->addr, family, addr);
}

static bool filter_is(const char *name, struct tp_slice text)
{
	return name[0] == '\0' || tp_slice_is(text, name);
}

/* The listener and the device of a datagram, as the plan has them. */
static bool filter_names(const struct tp_plan *plan, const struct tp_trace_filter *f, const struct frame_view *v)
{
	const struct tp_plan_spec *spec;
	uint16_t listener, source;

	if (f->listener[0] == '\0' && f->device[0] == '\0')
		return true;
	if (v->protocol != IPPROTO_UDP)
		return false;
	spec = tp_plan_spec(plan);
	listener = tp_plan_listener(plan, v->family, v->to, v->port);
	if (listener == TP_NO_LISTENER || !filter_is(f->listener, tp_slice_of(spec->listeners[listener].name)))
		return false;
	source = tp_plan_source(plan, listener, v->family, v->from);
	return f->device[0] == '\0' || (source && filter_is(f->device, spec->sources[source].device));
}

static bool filter_frame(
        const struct tp_trace_filter *f, const struct tp_plan *plan, const struct trace_firsts *firsts, const struct frame_view *v)
{
	if (f->topic[0])
		return false;
	if (!v->from)
		return f->family == 0 && f->port == 0 && f->listener[0] == '\0' && f->device[0] == '\0';
	if (!filter_prefix(f, v->family, v->from))
		return false;
	if (v->later && (f->port || f->listener[0] || f->device[0]))
		return first_known(firsts, v);
	return (f->port == 0 || f->port == v->port) && filter_names(plan, f, v);
}

bool tp_trace_octets_fit(
        const struct tp_trace_filter *f, const struct tp_plan *plan, struct trace_firsts *firsts, const uint8_t *p, uint32_t n)
{
	struct frame_view v = view_of(p, n);

	if (!filter_frame(f, plan, firsts, &v))
		return false;
	if (v.fragment && !v.later)
		first_remember(firsts, &v);
	return true;
}

bool tp_trace_frame_fits(struct tp_trace *t, const struct rte_mbuf *m)
{
	return __atomic_load_n(&t->shared->left, __ATOMIC_RELAXED) > 0 &&
	       tp_trace_octets_fit(
	               &t->shared->filter, t->worker->plan, &t->firsts, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
}

uint8_t tp_trace_sender(const uint8_t *p, uint32_t n, uint8_t addr[16])
{
	struct frame_view v = view_of(p, n);

	memset(addr, 0, 16);
	if (v.from)
		memcpy(addr, v.from, v.family == 4 ? 4 : 16);
	return v.family;
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------- */
/* Whether messages of that entry of the plan come in by the port. */
static bool filter_message_port(const struct tp_plan_spec *spec, uint16_t port, uint16_t listener)
{
	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &spec->mqtt_listeners[i];

		for (unsigned int r = 0; l->port == port && r < l->n_routes; r++)
			if (l->routes[r].listener == listener)
				return true;
		if (l->port == port && l->unmapped == listener)
			return true;
	}
	return false;
}

bool tp_trace_message_fits(const struct tp_trace *t, const struct tp_record *rec)
{
	const struct tp_trace_filter *f = &t->shared->filter;
	const struct tp_worker *w = t->worker;

	/* A message that the gateway takes no further has no listener of the plan. */
	if (rec->listener == TP_NO_LISTENER && (f->listener[0] || f->port))
		return false;
	return filter_prefix(f, rec->source_family, rec->source_addr) &&
	       (rec->listener == TP_NO_LISTENER || filter_is(f->listener, tp_slice_of(w->spec->listeners[rec->listener].name))) &&
	       filter_is(f->device, tp_source_of(w, rec)->device) &&
	       (f->port == 0 || filter_message_port(w->spec, f->port, rec->listener)) &&
	       (t->shared->topic.n == 0 || mqtt_filter_matches(t->shared->topic, rec->mqtt->topic));
}
