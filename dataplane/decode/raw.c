/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * raw: a message as it came. Nothing is looked into, so nothing is refused: any octets, any length, also none. What an MQTT PUBLISH said
 * about the message goes along; a datagram has nothing of that.
 */
#include "tp_decoder.h"
#include "tp_mqtt.h"

static void raw_mqtt(struct tp_mqtt_message *m, const struct tp_mqtt_meta *meta)
{
	m->topic = meta->topic;
	m->client_id = meta->client_id;
	m->content_type = meta->content_type;
	m->response_topic = meta->response_topic;
	m->correlation = meta->correlation;
	TP_SET(m, mqtt_message, qos, meta->qos);
	if (meta->packet_id)
		TP_SET(m, mqtt_message, packet_id, meta->packet_id);
	if (meta->text >= 0)
		TP_SET(m, mqtt_message, text, meta->text != 0);
	if (meta->expiry_s >= 0)
		TP_SET(m, mqtt_message, expiry_s, meta->expiry_s);
}

static int raw_decode(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	struct tp_mqtt_message *m = &rec->mqtt_message;

	(void)arena;
	(void)verdict;
	rec->kind = TP_KIND_mqtt_message;
	rec->has_device_time = 0;
	rec->trailing = 0;
	*m = (struct tp_mqtt_message){.body = rec->payload};
	if (rec->transport == TP_transport_mqtt)
		raw_mqtt(m, rec->mqtt);
	return 1;
}

const struct tp_decoder tp_decoder_raw = {
        .name = "raw",
        .help = "Anything, of any length, also nothing: the message as it came, with what MQTT said about it",
        .kinds = 1u << TP_KIND_mqtt_message,
        .decode = raw_decode,
};
