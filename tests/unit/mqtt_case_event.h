/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CASE_EVENT_H
#define TP_TEST_MQTT_CASE_EVENT_H
/*
 * Events of devices as a case keeps them. Whatever a case is about, they come in pairs: a client identifier that connected is gone once before it
 * connects again, and the event that it is gone says the same of it as the first, and how long it was there.
 */
#include <stdio.h>
#include <string.h>

#include "gateway.h"

struct case_event {
	bool connected, paired; /* paired: it is known to be gone */
	uint64_t at_us;
	struct mqtt_event said; /* its slices point into text */
	char text[3][TP_MQTT_NAME_MAX + 1];
};

static inline void case_event_copy(struct case_event *e, unsigned int i, struct tp_slice *s)
{
	if (s->p == NULL)
		return;
	snprintf(e->text[i], sizeof(e->text[i]), "%.*s", (int)s->n, (const char *)s->p);
	s->p = (const uint8_t *)e->text[i];
}

static inline bool case_event_same_text(struct tp_slice a, struct tp_slice b)
{
	return a.n == b.n && (a.p == NULL) == (b.p == NULL) && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Of the same connection, the second `us` after the first. */
static inline bool case_event_same(const struct mqtt_event *a, const struct mqtt_event *b, uint64_t us)
{
	return case_event_same_text(a->device, b->device) && case_event_same_text(a->user, b->user) && a->source == b->source &&
	       a->listener == b->listener && a->version == b->version && a->session_present == b->session_present &&
	       a->clean == b->clean && a->keep_alive == b->keep_alive && b->connected_ms == (int64_t)(us / 1000);
}

/* Keeps an event at list[n]. NULL, or what is wrong with it behind those before. */
static inline const char *case_event_keep(struct case_event *list, unsigned int n, const struct mqtt_event *event, uint64_t now_us)
{
	struct case_event *e = &list[n], *open = NULL;

	*e = (struct case_event){.connected = event->connected, .at_us = now_us, .said = *event};
	case_event_copy(e, 0, &e->said.device);
	case_event_copy(e, 1, &e->said.client_id);
	case_event_copy(e, 2, &e->said.user);
	for (unsigned int i = 0; i < n; i++)
		if (list[i].connected && !list[i].paired && case_event_same_text(list[i].said.client_id, e->said.client_id))
			open = &list[i];
	if (e->connected)
		return open ? "a device connected that is connected" : NULL;
	if (open == NULL)
		return "a device is gone that was not connected";
	open->paired = true;
	return case_event_same(&open->said, &e->said, now_us - open->at_us)
	               ? NULL
	               : "two events of a connection say different things of it";
}

/* Whether all that connected are gone. */
static inline bool case_event_all_gone(const struct case_event *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].connected && !list[i].paired)
			return false;
	return true;
}

#endif
