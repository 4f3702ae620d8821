/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet identifiers of QoS 2 under way (MQTT-4.3.3-8 to -13, method B: the message is published with its first PUBLISH). An identifier is
 * known from there until its PUBREL; what comes with it meanwhile is answered and makes no record. While its records have not ended it is
 * pending, so that a PUBLISH sent again on another connection is answered when they have, and not before.
 */
#include "state.h"

uint32_t *gw_qos2_find(const struct mqtt_gateway *g, uint32_t block, uint8_t n, uint16_t packet_id)
{
	uint32_t *list = block ? (uint32_t *)gw_octets(&g->arena, block) : NULL;

	for (uint8_t i = 0; i < n; i++)
		if ((uint16_t)list[i] == packet_id)
			return &list[i];
	return NULL;
}

/* 6, 14, 30, 62, 126, 254: whole units of the arena. */
static bool qos2_grow(struct mqtt_gateway *g, uint32_t *block, uint8_t n)
{
	uint32_t room = *block ? gw_block(&g->arena, *block)->n / 4 : 0, more;

	if (n < room)
		return true;
	more = gw_arena_get(&g->arena, 4 * (room ? room * 2 + 2 : 6));
	if (more == 0)
		return false;
	if (n)
		memcpy(gw_octets(&g->arena, more), gw_octets(&g->arena, *block), n * 4u);
	gw_arena_put(&g->arena, block);
	*block = more;
	return true;
}

bool gw_qos2_add(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint32_t entry)
{
	if (*n >= MQTT_QOS2_MAX || !qos2_grow(g, block, *n))
		return false;
	((uint32_t *)gw_octets(&g->arena, *block))[(*n)++] = entry;
	return true;
}

void gw_qos2_remove(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint16_t packet_id)
{
	uint32_t *entry = gw_qos2_find(g, *block, *n, packet_id);

	if (entry == NULL)
		return;
	*entry = ((const uint32_t *)gw_octets(&g->arena, *block))[--*n];
	if (*n == 0)
		gw_arena_put(&g->arena, block);
}

/* Its records have ended: it is kept, or forgotten, so that the message is taken again when it is sent again. */
void gw_qos2_ended(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint16_t packet_id, bool ok)
{
	uint32_t *entry = gw_qos2_find(g, *block, *n, packet_id);

	if (entry == NULL || !(*entry & GW_QOS2_PENDING))
		return;
	*entry = packet_id;
	if (!ok)
		gw_qos2_remove(g, block, n, packet_id);
}

/* MQTT-3.6: PUBCOMP at once; 0x92 for one that is not known. One that has no PUBREC yet cannot be released (MQTT-4.3.3-9). */
void gw_qos2_release(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_ack *ack)
{
	const uint32_t *entry = gw_qos2_find(g, s->qos2, s->n_qos2, ack->packet_id);
	uint8_t out[MQTT_ACK_ROOM];
	uint8_t reason = MQTT_SUCCESS;

	if (entry && *entry & GW_QOS2_PENDING) {
		gw_session_fault(g, s, MQTT_PROTOCOL_ERROR);
		return;
	}
	if (entry == NULL)
		reason = MQTT_ID_NOT_FOUND;
	else if (s->outstanding)
		s->outstanding--;
	if (entry)
		gw_flights_released(g, s, ack->packet_id);
	gw_qos2_remove(g, &s->qos2, &s->n_qos2, ack->packet_id);
	gw_send(g, s, out, (uint32_t)(mqtt_ack_write(out, s->version, MQTT_PUBCOMP, ack->packet_id, reason) - out));
}

/* Pending ones first. */
void gw_qos2_to_note(const struct mqtt_gateway *g, uint32_t block, uint8_t n, struct mqtt_note *note)
{
	const uint32_t *list = block ? (const uint32_t *)gw_octets(&g->arena, block) : NULL;
	uint16_t low = 0, high = n;

	for (uint8_t i = 0; i < n; i++)
		note->qos2[list[i] & GW_QOS2_PENDING ? low++ : --high] = (uint16_t)list[i];
	note->n_qos2 = n;
	note->n_pending = low;
}

bool gw_qos2_from_note(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, const struct mqtt_note *note)
{
	gw_arena_put(&g->arena, block);
	*n = 0;
	for (uint16_t i = 0; i < note->n_qos2 && i < MQTT_QOS2_MAX; i++)
		if (!gw_qos2_add(g, block, n, note->qos2[i] | (i < note->n_pending ? GW_QOS2_PENDING : 0)))
			return false;
	return true;
}
