/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a topic to its route, and whether a client may publish on it. Filters are compiled when a plan is made: of each, how many octets
 * stand in front of its first wildcard, and the last eight of them as one number. One compare of eight octets drops nearly every filter that does
 * not fit; what is left is matched as the standard says. A session remembers the last topic it was allowed, so a device that keeps to
 * one topic comes here once.
 */
#include <stdlib.h>

#include "state.h"

static uint64_t route_load(const uint8_t *p, uint32_t n)
{
	uint64_t octets = 0;

	memcpy(&octets, p, n < 8 ? n : 8);
	return octets;
}

static void route_filter(struct gw_filter *f, struct tp_slice filter, bool names)
{
	uint32_t n = 0;

	while (n < filter.n && filter.p[n] != '+' && filter.p[n] != '#' && !(names && filter.p[n] == '%'))
		n++;
	f->filter = filter;
	f->exact = n == filter.n;
	f->named = names && memchr(filter.p, '%', filter.n) != NULL;
	/* a/# fits a too (4.7.1.2). */
	if (n < filter.n && filter.p[n] == '#' && n)
		n--;
	f->literal = n;
	f->tail = n < 8 ? route_load(filter.p, n) : route_load(filter.p + n - 8, 8);
	f->mask = n < 8 ? (UINT64_C(1) << 8 * n) - 1 : UINT64_MAX;
}

static uint32_t route_filters(const struct tp_mqtt_listener *listeners, unsigned int n_listeners)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < n_listeners; i++)
		n += listeners[i].n_routes + listeners[i].n_may_publish;
	return n;
}

struct mqtt_routes *mqtt_routes_new(const struct tp_mqtt_listener *listeners, unsigned int n_listeners)
{
	struct mqtt_routes *all = calloc(1, sizeof(*all) + route_filters(listeners, n_listeners) * sizeof(struct gw_filter));
	struct gw_filter *f = all ? all->filters : NULL;

	if (all == NULL || n_listeners > TP_MAX_MQTT_LISTENERS) {
		free(all);
		return NULL;
	}
	all->n_listeners = n_listeners;
	for (unsigned int i = 0; i < n_listeners; i++) {
		const struct tp_mqtt_listener *l = &listeners[i];

		all->listeners[i] = (struct gw_listener){.spec = l, .routes = f, .may = f + l->n_routes};
		for (unsigned int r = 0; r < l->n_routes; r++)
			route_filter(f++, tp_slice_of(l->routes[r].filter), false);
		for (unsigned int r = 0; r < l->n_may_publish; r++)
			route_filter(f++, tp_slice_of(l->may_publish[r]), true);
	}
	return all;
}

void mqtt_routes_free(struct mqtt_routes *routes)
{
	free(routes);
}

/* The octets in front of the first wildcard may fit. */
static bool route_may_fit(const struct gw_filter *f, struct tp_slice topic)
{
	uint64_t octets;

	if (topic.n < f->literal || (f->exact && topic.n != f->literal))
		return false;
	octets = f->literal < 8 ? route_load(topic.p, f->literal) : route_load(topic.p + f->literal - 8, 8);
	return (octets & f->mask) == f->tail;
}

uint16_t gw_route(const struct mqtt_gateway *g, uint16_t listener, struct tp_slice topic)
{
	const struct gw_listener *l = &g->listeners[listener];

	for (unsigned int i = 0; i < l->spec->n_routes; i++)
		if (route_may_fit(&l->routes[i], topic) && mqtt_filter_matches(l->routes[i].filter, topic))
			return (uint16_t)i;
	return l->spec->unmapped >= 0 ? GW_UNMAPPED : GW_NO_ROUTE;
}

bool gw_route_allowed(const struct mqtt_gateway *g, const struct mqtt_session *s, struct tp_slice topic)
{
	const struct gw_listener *l = &g->listeners[s->listener];
	struct mqtt_names names;

	if (l->spec->n_may_publish == 0)
		return true;
	gw_session_names(g, s, &names);
	for (unsigned int i = 0; i < l->spec->n_may_publish; i++) {
		const struct gw_filter *f = &l->may[i];

		if (!route_may_fit(f, topic))
			continue;
		if (f->named ? mqtt_filter_matches_names(f->filter, &names, topic) : mqtt_filter_matches(f->filter, topic))
			return true;
	}
	return false;
}

static void route_level(struct tp_slice topic, uint8_t level, uint16_t *at, uint16_t *n)
{
	struct tp_slice text = level ? mqtt_topic_level(topic, level) : (struct tp_slice){NULL, 0};

	*at = text.p && text.p - topic.p < GW_NO_LEVEL ? (uint16_t)(text.p - topic.p) : GW_NO_LEVEL;
	*n = (uint16_t)text.n;
}

struct gw_levels gw_route_levels(const struct mqtt_gateway *g, uint16_t listener, uint16_t route, struct tp_slice topic)
{
	const struct tp_mqtt_route *r = route == GW_UNMAPPED ? NULL : &g->listeners[listener].spec->routes[route];
	struct gw_levels levels;

	route_level(topic, r ? r->site_level : 0, &levels.site_at, &levels.site_n);
	route_level(topic, r ? r->lane_level : 0, &levels.lane_at, &levels.lane_n);
	return levels;
}

void gw_route_message(
        const struct mqtt_gateway *g, uint16_t listener, uint16_t route, const struct gw_levels *levels, struct mqtt_message *m)
{
	const struct tp_mqtt_listener *l = g->listeners[listener].spec;

	if (route == GW_UNMAPPED) {
		m->listener = (uint16_t)l->unmapped;
		return;
	}
	m->route = &l->routes[route];
	m->listener = m->route->listener;
	if (levels->site_at != GW_NO_LEVEL)
		m->site = (struct tp_slice){m->meta.topic.p + levels->site_at, levels->site_n};
	if (levels->lane_at != GW_NO_LEVEL)
		m->lane = (struct tp_slice){m->meta.topic.p + levels->lane_at, levels->lane_n};
}
