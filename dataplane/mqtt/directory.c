/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The home of client identifiers: whose each is, who is next, and what is kept of its session while nobody has it. A claim of one that is
 * somebody's kicks that one, and is granted when it has released it; so there is never more than one, whatever the order of notes. What
 * the home kept stays until a release brings something newer: a grant that meets a dead connection loses nothing.
 *
 * What is kept: packet identifiers of QoS 2 until the session expires (then MQTT knows nothing of it any more), the window of acknowledged
 * messages even of clean sessions, because clients send again what they did not see acknowledged in those too. A client of which only the
 * window is left gives its place to one that needs it, and so does one whose listener has gone for good (rebind.c): nobody can come back to it.
 */
#include "state.h"

#define DIRECTORY_SEARCH 64 /* places looked at for one that can go */

static struct gw_client *directory_find(const struct mqtt_gateway *g, const struct mqtt_note *note, uint64_t *hash)
{
	struct tp_slice id = {note->client_id, note->client_id_n};

	gw_home(g, note->listener, id, hash);
	for (uint32_t i = g->buckets[*hash & g->bucket_mask]; i; i = g->clients[i - 1].next) {
		struct gw_client *c = &g->clients[i - 1];
		struct tp_slice name;

		if (c->hash != *hash || c->listener != note->listener)
			continue;
		name = gw_text(&g->arena, c->name);
		if (name.n == id.n && memcmp(name.p, id.p, id.n) == 0)
			return c;
	}
	return NULL;
}

/* NULL: its listener was left out, and another one has its index. */
static const struct tp_mqtt_listener *directory_listener(const struct mqtt_gateway *g, const struct gw_client *c)
{
	for (unsigned int i = 0; i < g->spec.n_listeners; i++)
		if (g->listeners[i].spec->serial == c->listener)
			return g->listeners[i].spec;
	return NULL;
}

/* How long the window is kept when nobody has the client any more. */
static uint32_t directory_window_s(const struct mqtt_gateway *g, const struct gw_client *c)
{
	const struct tp_mqtt_listener *l = directory_listener(g, c);

	return l ? l->expiry_max : 0;
}

static void directory_discard(struct mqtt_gateway *g, struct gw_client *c)
{
	gw_arena_put(&g->arena, &c->qos2);
	c->n_qos2 = 0;
	c->kept = false;
}

static void directory_delete(struct mqtt_gateway *g, struct gw_client *c)
{
	uint32_t *link = &g->buckets[c->hash & g->bucket_mask], i = (uint32_t)(c - g->clients) + 1;

	while (*link != i)
		link = &g->clients[*link - 1].next;
	*link = c->next;
	gw_timer_stop(g, gw_client_timer(g, c));
	directory_discard(g, c);
	gw_arena_put(&g->arena, &c->window);
	gw_arena_put(&g->arena, &c->name);
	*c = (struct gw_client){.next = g->client_free};
	g->client_free = i;
	g->n_clients--;
}

/* A place for a new client: of one that can go, where all are taken. */
static struct gw_client *directory_place(struct mqtt_gateway *g)
{
	uint32_t i = g->client_free;

	for (unsigned int n = 0; i == 0 && g->client_fresh >= g->spec.clients && n < DIRECTORY_SEARCH && g->spec.clients; n++) {
		struct gw_client *c = &g->clients[g->hand++ % g->spec.clients];

		if (c->name && !c->owned && !c->claimed && (!c->kept || directory_listener(g, c) == NULL))
			directory_delete(g, c);
		i = g->client_free;
	}
	if (i)
		g->client_free = g->clients[i - 1].next;
	else if (g->client_fresh < g->spec.clients)
		i = ++g->client_fresh;
	return i ? &g->clients[i - 1] : NULL;
}

static struct gw_client *directory_new(struct mqtt_gateway *g, const struct mqtt_note *note, uint64_t hash)
{
	uint32_t name = gw_arena_text(&g->arena, (struct tp_slice){note->client_id, note->client_id_n});
	struct gw_client *c = name ? directory_place(g) : NULL;
	uint32_t *bucket = &g->buckets[hash & g->bucket_mask];

	if (c == NULL) {
		gw_arena_put(&g->arena, &name);
		return NULL;
	}
	*c = (struct gw_client){.hash = hash, .next = *bucket, .name = name, .listener = note->listener};
	*bucket = (uint32_t)(c - g->clients) + 1;
	g->n_clients++;
	return c;
}

/* ---- claims ------------------------------------------------------------------------------------------------------------------------------ */

static bool directory_is_owner(const struct gw_client *c, const struct mqtt_note *note)
{
	return c->owned && c->worker == note->from && c->session == note->session && c->generation == note->generation;
}

static bool directory_is_next(const struct gw_client *c, const struct mqtt_note *note)
{
	return c->claimed && c->claim_worker == note->from && c->claim_session == note->session &&
	       c->claim_generation == note->generation;
}

static void directory_refuse(struct mqtt_gateway *g, const struct mqtt_note *claim, uint8_t reason)
{
	struct mqtt_note note;

	gw_note_name(&note, MQTT_NOTE_REFUSE, claim->listener, (struct tp_slice){claim->client_id, claim->client_id_n});
	note.session = claim->session;
	note.generation = claim->generation;
	note.reason = reason;
	gw_note_post(g, claim->from, &note); /* turned away: the claim is repeated */
}

/* To whoever is next; what is turned away happens when the claim is repeated. */
static void directory_grant(struct mqtt_gateway *g, struct gw_client *c)
{
	struct mqtt_note note;
	struct gw_client was;

	if (c->claim_clean)
		directory_discard(g, c);
	gw_note_name(&note, MQTT_NOTE_GRANT, c->listener, gw_text(&g->arena, c->name));
	note.session = c->claim_session;
	note.generation = c->claim_generation;
	note.present = c->kept;
	note.epoch = c->kept ? c->epoch : ++g->epoch;
	gw_qos2_to_note(g, c->qos2, c->n_qos2, &note);
	gw_window_to_note(g, c->window, &note);
	was = *c;
	c->epoch = note.epoch;
	c->owned = true;
	c->claimed = false;
	c->worker = c->claim_worker;
	c->session = c->claim_session;
	c->generation = c->claim_generation;
	gw_timer_stop(g, gw_client_timer(g, c));
	if (gw_note_post(g, c->claim_worker, &note) != 0)
		*c = was;
}

static void directory_next(struct mqtt_gateway *g, struct gw_client *c)
{
	struct mqtt_note note;

	if (!c->owned) {
		directory_grant(g, c);
		return;
	}
	gw_note_name(&note, MQTT_NOTE_KICK, c->listener, gw_text(&g->arena, c->name));
	note.session = c->session;
	note.generation = c->generation;
	note.clean = c->claim_clean;
	gw_note_post(g, c->worker, &note);
}

static void directory_claim(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	uint64_t hash;
	struct gw_client *c = directory_find(g, note, &hash);

	if (c && directory_is_owner(c, note))
		return; /* asked again while the grant was under way */
	if (c && directory_is_next(c, note)) {
		directory_next(g, c);
		return;
	}
	if (note->present || (c && c->claimed)) { /* refused before; or one at a time */
		directory_refuse(g, note, MQTT_BUSY);
		return;
	}
	if (c == NULL)
		c = directory_new(g, note, hash);
	if (c == NULL) {
		directory_refuse(g, note, MQTT_QUOTA);
		return;
	}
	c->claimed = true;
	c->claim_worker = note->from;
	c->claim_session = note->session;
	c->claim_generation = note->generation;
	c->claim_clean = note->clean;
	directory_next(g, c);
}

/* ---- releases ---------------------------------------------------------------------------------------------------------------------------- */

static void directory_keep(struct mqtt_gateway *g, struct gw_client *c, uint32_t seconds)
{
	if (seconds == GW_NEVER)
		gw_timer_stop(g, gw_client_timer(g, c));
	else
		gw_timer_start(g, gw_client_timer(g, c), gw_due(g, seconds * UINT64_C(1000000)));
}

/* Nobody has it any more. */
static void directory_free(struct mqtt_gateway *g, struct gw_client *c, uint32_t expiry_s)
{
	uint32_t window_s = directory_window_s(g, c);

	c->owned = false;
	c->kept = expiry_s > 0;
	if (!c->kept)
		directory_discard(g, c);
	if (c->claimed)
		directory_next(g, c);
	else if (c->kept)
		directory_keep(g, c, expiry_s);
	else if (c->window && window_s)
		directory_keep(g, c, window_s);
	else
		directory_delete(g, c);
}

static void directory_release(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	uint64_t hash;
	struct gw_client *c = directory_find(g, note, &hash);

	if (c == NULL || !directory_is_owner(c, note))
		return;
	if (note->present && note->type == MQTT_NOTE_RELEASE) {
		if (!gw_qos2_from_note(g, &c->qos2, &c->n_qos2, note))
			gw_count(g, 0, TP_C_mqtt_state_lost, 1);
		gw_window_from_note(g, &c->window, note);
	}
	directory_free(g, c, note->expiry_s);
}

void gw_client_due(struct mqtt_gateway *g, struct gw_client *c)
{
	uint32_t window_s = directory_window_s(g, c);

	if (c->owned || c->claimed)
		return;
	if (c->kept && c->window && window_s && window_s != GW_NEVER) {
		directory_discard(g, c);
		directory_keep(g, c, window_s);
	} else {
		directory_delete(g, c);
	}
}

/* ---- ends of orphans --------------------------------------------------------------------------------------------------------------------- */

int gw_directory_ended(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	uint64_t hash;
	struct gw_client *c = directory_find(g, note, &hash);
	struct mqtt_note forward;

	if (c == NULL)
		return 0;
	if (c->owned) {
		gw_note_name(&forward, MQTT_NOTE_ACKNOWLEDGED, c->listener, gw_text(&g->arena, c->name));
		forward.session = c->session;
		forward.generation = c->generation;
		forward.epoch = note->epoch;
		forward.reason = note->reason;
		forward.n_qos2 = note->n_qos2;
		forward.qos2[0] = note->qos2[0];
		forward.n_window = note->n_window;
		forward.window[0] = note->window[0];
		if (gw_note_post(g, c->worker, &forward) != 0)
			return -EBUSY;
	}
	/* The home's own copy too: it counts again if the owner has nothing newer. */
	c = directory_find(g, note, &hash);
	if (c && note->n_qos2 && note->epoch == c->epoch)
		gw_qos2_ended(g, &c->qos2, &c->n_qos2, note->qos2[0], note->reason == 0);
	if (c && note->n_window && !c->owned)
		gw_window_add(g, &c->window, note->window[0], false);
	return 0;
}

/* What could not be told to an owner waits in the arena; there it is one list. */
struct stash {
	uint32_t next;
	uint32_t epoch;
	uint64_t hash;
	uint32_t listener; /* its serial */
	uint16_t packet_id;
	uint8_t qos, reason, client_id_n;
	uint8_t client_id[];
};

void gw_stash_add(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	uint32_t block = gw_arena_get(&g->arena, (uint32_t)sizeof(struct stash) + note->client_id_n);
	struct stash *s;

	if (block == 0) {
		gw_count(g, 0, TP_C_mqtt_state_lost, 1);
		return;
	}
	s = (struct stash *)gw_octets(&g->arena, block);
	*s = (struct stash){g->stash_first, note->epoch, note->window[0], note->listener, note->qos2[0], note->n_qos2 ? 2 : 1,
	        note->reason, note->client_id_n};
	memcpy(s->client_id, note->client_id, note->client_id_n);
	g->stash_first = block;
}

void gw_stash(struct mqtt_gateway *g)
{
	uint32_t block = g->stash_first;

	g->stash_first = 0;
	while (block) {
		struct stash *s = (struct stash *)gw_octets(&g->arena, block);
		uint32_t next = s->next;
		struct mqtt_note note;

		gw_note_name(&note, MQTT_NOTE_ACKNOWLEDGED, s->listener, (struct tp_slice){s->client_id, s->client_id_n});
		note.epoch = s->epoch;
		note.reason = s->reason;
		note.n_qos2 = s->qos == 2;
		note.qos2[0] = s->packet_id;
		note.n_window = s->qos == 1;
		note.window[0] = s->hash;
		if (gw_ended_tell(g, &note) == 0) {
			gw_arena_put(&g->arena, &block);
		} else {
			s->next = g->stash_first;
			g->stash_first = block;
		}
		block = next;
	}
}

void gw_directory_note(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	switch (note->type) {
	case MQTT_NOTE_CLAIM:
		directory_claim(g, note);
		break;
	case MQTT_NOTE_RELEASE:
	case MQTT_NOTE_KICKED:
		directory_release(g, note);
		break;
	default:
		if (gw_directory_ended(g, note) != 0)
			gw_stash_add(g, note);
		break;
	}
}
