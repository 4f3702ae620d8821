/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session and the home of its client identifier: it claims, is granted or refused, is kicked, and gives back what must outlive it. Notes to
 * other workers may be turned away: a claim without verdict and a release are repeated until they got through, and the home treats a
 * repeated claim as such. Every note names a session and its generation, so none can meet the session that has its place now.
 */
#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint16_t gw_home(const struct mqtt_gateway *g, uint32_t serial, struct tp_slice client_id, uint64_t *hash)
{
	*hash = XXH3_64bits_withSeed(client_id.p, client_id.n, g->seed_hi + serial);
	return (uint16_t)((*hash >> 32) % g->spec.n_workers);
}

/* The lists stay as they are: their lengths say how much of them counts. */
void gw_note_name(struct mqtt_note *note, uint8_t type, uint32_t serial, struct tp_slice client_id)
{
	note->type = type;
	note->clean = note->present = note->n_window = note->reason = 0;
	note->from = note->n_qos2 = note->n_pending = 0;
	note->session = MQTT_NO_SESSION;
	note->generation = note->epoch = note->expiry_s = 0;
	note->listener = serial;
	note->client_id_n = (uint8_t)client_id.n;
	memcpy(note->client_id, client_id.p, client_id.n);
}

int gw_note_post(struct mqtt_gateway *g, uint16_t worker, struct mqtt_note *note)
{
	note->from = g->spec.worker;
	if (worker != g->spec.worker)
		return g->host.post(g->host.ctx, worker, note);
	mqtt_note(g, note, g->now_us);
	return 0;
}

static void claim_note(const struct mqtt_gateway *g, const struct mqtt_session *s, uint8_t type, struct mqtt_note *note)
{
	gw_note_name(note, type, gw_spec(g, s)->serial, gw_text(&g->arena, s->client_id));
	note->session = gw_index(g, s);
	note->generation = s->generation;
	note->clean = s->clean;
	note->expiry_s = s->expiry_s;
}

static int claim_post(struct mqtt_gateway *g, struct mqtt_note *note)
{
	uint64_t hash;
	uint16_t home = gw_home(g, note->listener, (struct tp_slice){note->client_id, note->client_id_n}, &hash);

	return gw_note_post(g, home, note);
}

int gw_claim(struct mqtt_gateway *g, struct mqtt_session *s, bool repeat)
{
	struct mqtt_note note;
	int rc;

	claim_note(g, s, MQTT_NOTE_CLAIM, &note);
	note.present = repeat;
	if (repeat)
		gw_session_arm(g, s);
	s->busy++;
	rc = claim_post(g, &note);
	s->busy--;
	return rc;
}

void gw_release(struct mqtt_gateway *g, struct mqtt_session *s)
{
	struct mqtt_note note;

	claim_note(g, s, MQTT_NOTE_RELEASE, &note);
	note.present = s->release_state;
	gw_qos2_to_note(g, s->qos2, s->n_qos2, &note);
	gw_window_to_note(g, s->window, &note);
	s->owner = false;
	if (claim_post(g, &note) == 0)
		return;
	s->owner = true;
	gw_timer_start(g, gw_session_timer(g, s), gw_due(g, GW_TICK_US));
}

int gw_ended_tell(struct mqtt_gateway *g, struct mqtt_note *note)
{
	uint64_t hash;
	uint16_t home = gw_home(g, note->listener, (struct tp_slice){note->client_id, note->client_id_n}, &hash);

	note->session = MQTT_NO_SESSION;
	note->from = g->spec.worker;
	if (home != g->spec.worker)
		return g->host.post(g->host.ctx, home, note);
	return gw_directory_ended(g, note);
}

/* ---- what the home says ------------------------------------------------------------------------------------------------------------------ */

static struct mqtt_session *claim_session(const struct mqtt_gateway *g, const struct mqtt_note *note)
{
	struct mqtt_session *s = note->session < g->session_fresh ? &g->sessions[note->session] : NULL;

	return s && s->state != GW_FREE && s->generation == note->generation ? s : NULL;
}

static void claim_granted(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_note *note)
{
	s->claim = false;
	s->owner = true;
	s->epoch = note->epoch;
	if (s->state != GW_CLAIM) {
		gw_release(g, s); /* its connection did not live to see it */
	} else if (!gw_qos2_from_note(g, &s->qos2, &s->n_qos2, note)) {
		gw_accept_refuse(g, s, MQTT_QUOTA); /* the home still has them */
	} else {
		gw_window_from_note(g, &s->window, note);
		gw_accept_granted(g, s, note->present);
	}
}

static void claim_kicked(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_note *note)
{
	if (s->state == GW_ENDED) {
		gw_will_cancel(g, s, note->clean);
		gw_release(g, s);
		return;
	}
	gw_count(g, 0, TP_C_mqtt_taken_over, 1);
	s->resumes = !note->clean;
	gw_session_close(g, s, MQTT_GONE_TAKEN_OVER, MQTT_TAKEN_OVER);
}

/* Records of a message of an earlier connection of this client have ended. */
static void claim_ended(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_note *note)
{
	if (note->n_qos2 && note->epoch == s->epoch)
		gw_qos2_ended(g, &s->qos2, &s->n_qos2, note->qos2[0], note->reason == 0);
	if (note->n_window)
		gw_window_add(g, &s->window, note->window[0], false);
	gw_answer(g, s);
}

static void claim_session_note(struct mqtt_gateway *g, const struct mqtt_note *note)
{
	struct mqtt_session *s = claim_session(g, note);
	struct mqtt_note answer;

	if (s && (note->type == MQTT_NOTE_GRANT || note->type == MQTT_NOTE_REFUSE ? s->claim : s->owner)) {
		if (note->type == MQTT_NOTE_GRANT) {
			claim_granted(g, s, note);
		} else if (note->type == MQTT_NOTE_KICK) {
			claim_kicked(g, s, note);
		} else if (note->type == MQTT_NOTE_ACKNOWLEDGED) {
			claim_ended(g, s, note);
		} else {
			s->claim = false;
			if (s->state == GW_CLAIM)
				gw_accept_refuse(g, s, note->reason);
		}
		gw_session_settle(g, s);
		return;
	}
	if (note->type == MQTT_NOTE_KICK) { /* its release was sent before this answer is */
		answer = *note;
		answer.type = MQTT_NOTE_KICKED;
		gw_note_post(g, note->from, &answer);
	} else if (note->type == MQTT_NOTE_ACKNOWLEDGED) {
		answer = *note;
		if (gw_ended_tell(g, &answer) != 0)
			gw_stash_add(g, note);
	}
}

void mqtt_note(struct mqtt_gateway *g, const struct mqtt_note *note, uint64_t now_us)
{
	g->now_us = now_us;
	if (note->type == MQTT_NOTE_CLAIM || note->type == MQTT_NOTE_RELEASE || note->type == MQTT_NOTE_KICKED ||
	        (note->type == MQTT_NOTE_ACKNOWLEDGED && note->session == MQTT_NO_SESSION))
		gw_directory_note(g, note);
	else
		claim_session_note(g, note);
}
