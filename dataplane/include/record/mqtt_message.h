/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_MQTT_MESSAGE_H
#define TP_RECORD_MQTT_MESSAGE_H
/* clang-format off */
/*
 * A message as it came, whatever is in it: of MQTT with what PUBLISH said about it (MQTT 5, 3.3), of UDP the octets alone. That it was
 * retained, a will, or sent again stands in the envelope's flags; user properties travel as headers of the Kafka record.
 */
#define TP_ENUMS_mqtt_message(X)
#define TP_NESTED_mqtt_message(X)
#define TP_FIELDS_mqtt_message(X, K) \
	X(K, OPT, STR, topic, _, "MQTT topic") \
	X(K, OPT, STR, client_id, _, "Client identifier of the sender's connection") \
	X(K, OPT, INT, qos, _, "Quality of service it was published with, 0, 1 or 2") \
	X(K, OPT, INT, packet_id, _, "Packet identifier, of QoS 1 and 2") \
	X(K, OPT, STR, content_type, _, "Content type, MQTT 5") \
	X(K, OPT, BOOL, text, _, "Payload format indicator, MQTT 5: the sender says that it is UTF-8") \
	X(K, OPT, STR, response_topic, _, "Response topic, MQTT 5") \
	X(K, OPT, BYTES, correlation, _, "Correlation data, MQTT 5; hex in JSON") \
	X(K, OPT, LONG, expiry_s, _, "Message expiry interval, MQTT 5, s") \
	X(K, REQ, BYTES, body, _, "The message, of any content and length; hex in JSON")
/* clang-format on */

#endif
