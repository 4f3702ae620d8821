/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_ENVELOPE_H
#define TP_RECORD_ENVELOPE_H
/* clang-format off */
/*
 * The fields every record starts with. They come from the appliance and its configuration, never from the payload; only
 * device_time is what the device claims.
 */
#define TP_ENUMS_envelope(X) X(transport)
#define TP_SYMBOLS_transport(S, E) S(E, udp) S(E, mqtt) S(E, internal)

/* When */
#define TP_FIELDS_ENVELOPE_TIMES(X, K)                                                                                 \
	X(K, REQ, ID, event_id, _, "Hash of source and received bytes: a redelivery of the same bytes collides")       \
	X(K, REQ, TIME, received_at, _, "Arrival at the appliance; also the Kafka timestamp, in ms")                   \
	X(K, REQ, TIME, event_time, _, "Device time held within the configured clamp; arrival where there is none")    \
	X(K, OPT, TIME, device_time, _, "Time as the device gave it, unclamped")
/* Who: the same in every record of a source, see tp_envelope_identity() */
#define TP_FIELDS_ENVELOPE_IDENTITY(X, K)                                                                              \
	X(K, REQ, STR, site, _, "Site of the source, from the configuration")                                          \
	X(K, REQ, STR, device, _, "Device of the source, from the configuration; the key of raw topics")               \
	X(K, OPT, STR, lane, _, "Lane of the source, from the configuration")
/* How */
#define TP_FIELDS_ENVELOPE_ARRIVAL(X, K)                                                                               \
	X(K, REQ, ENUM, transport, transport, "How it arrived")                                                        \
	X(K, REQ, STR, source_ip, _, "Sender's address as text")                                                       \
	X(K, REQ, INT, source_port, _, "Sender's port")                                                                \
	X(K, REQ, INT, flags, _, "Sum of: 1 device time was clamped, 2 unknown source, 4 reassembled from fragments, 8 bytes behind the message, 16 one of several records of its datagram, 32 retained, 64 the will of a connection that died, 128 sent again by the client") \
	X(K, OPT, BYTES, payload, _, "The datagram as received, where the topic keeps it; hex in JSON")

#define TP_FIELDS_envelope(X, K) TP_FIELDS_ENVELOPE_TIMES(X, K) TP_FIELDS_ENVELOPE_IDENTITY(X, K) TP_FIELDS_ENVELOPE_ARRIVAL(X, K)
/* clang-format on */

#endif
