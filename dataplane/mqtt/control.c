/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every packet of a connected client but PUBLISH: PUBREL, SUBSCRIBE and UNSUBSCRIBE (refused), PINGREQ, DISCONNECT. What only a server sends,
 * acknowledgements of what was never sent, and AUTH without a method are protocol errors.
 */
#include "state.h"

static void control_ack(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	struct mqtt_ack ack;
	struct mqtt_fault fault;

	if (mqtt_ack_read(s->version, f->type, f->flags, body, f->length, &ack, &fault) != 0)
		gw_session_fault(g, s, (uint8_t)fault.reason);
	else if (f->type == MQTT_PUBREL)
		gw_qos2_release(g, s, &ack);
	else
		gw_session_fault(g, s, MQTT_PROTOCOL_ERROR);
}

static void control_subscribe(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	bool subscribe = f->type == MQTT_SUBSCRIBE;
	uint8_t reason = !subscribe ? MQTT_NO_SUBSCRIPTION : s->version == MQTT_5 ? MQTT_NOT_AUTHORIZED : 0x80;
	uint8_t out[16 + GW_FILTERS_MAX];
	struct mqtt_subscribe packet;
	struct mqtt_fault fault;

	if (mqtt_subscribe_read(s->version, f->type, f->flags, body, f->length, &packet, &fault) != 0) {
		gw_session_fault(g, s, (uint8_t)fault.reason);
		return;
	}
	if (subscribe)
		gw_count(g, 0, TP_C_mqtt_subscribe_refused, packet.filters);
	if ((subscribe && gw_spec(g, s)->subscribe == TP_MQTT_SUBSCRIBE_CLOSE) || packet.filters > GW_FILTERS_MAX) {
		gw_session_close(g, s, MQTT_GONE_REFUSED, packet.filters > GW_FILTERS_MAX ? MQTT_QUOTA : MQTT_NOT_AUTHORIZED);
		return;
	}
	gw_send(g, s, out,
	        (uint32_t)(mqtt_suback_write(out, s->version, subscribe ? MQTT_SUBACK : MQTT_UNSUBACK, packet.packet_id, reason,
	                           packet.filters) -
	                   out));
}

static void control_ping(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f)
{
	uint8_t out[MQTT_PINGRESP_ROOM];
	struct mqtt_fault fault;

	if (mqtt_empty_read(f->flags, f->length, &fault) != 0)
		gw_session_fault(g, s, (uint8_t)fault.reason);
	else
		gw_send(g, s, out, (uint32_t)(mqtt_pingresp_write(out) - out));
}

static void control_disconnect(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	struct mqtt_ack ack;
	struct mqtt_fault fault;

	if (mqtt_ack_read(s->version, MQTT_DISCONNECT, f->flags, body, f->length, &ack, &fault) != 0) {
		gw_session_fault(g, s, (uint8_t)fault.reason);
		return;
	}
	if (s->version == MQTT_5 && MQTT_HAS(&ack.properties, MQTT_P_SESSION_EXPIRY)) {
		uint32_t wanted = ack.properties.session_expiry, max = gw_spec(g, s)->expiry_max;

		if (s->expiry_s == 0 && wanted && !s->expiry_told) { /* 3.14.2.2.2 */
			gw_session_fault(g, s, MQTT_PROTOCOL_ERROR);
			return;
		}
		s->expiry_s = wanted < max ? wanted : max;
	}
	gw_session_close(g, s, s->version == MQTT_5 && ack.reason ? MQTT_GONE_WITH_WILL : MQTT_GONE_DISCONNECT, 0);
}

void gw_control_packet(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	switch (f->type) {
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		control_ack(g, s, f, body);
		break;
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		control_subscribe(g, s, f, body);
		break;
	case MQTT_PINGREQ:
		control_ping(g, s, f);
		break;
	case MQTT_DISCONNECT:
		control_disconnect(g, s, f, body);
		break;
	default: /* CONNECT again (MQTT-3.1.0-2), a server's packets, AUTH (MQTT-4.12.0-7) */
		gw_session_fault(g, s, MQTT_PROTOCOL_ERROR);
		break;
	}
}
