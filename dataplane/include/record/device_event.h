/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_DEVICE_EVENT_H
#define TP_RECORD_DEVICE_EVENT_H
/* clang-format off */
/* A device connected or is gone. Made by the gateway, not by the device: a lane that falls silent is an event. */
#define TP_ENUMS_device_event(X) X(device_change) X(device_gone)
#define TP_SYMBOLS_device_change(S, E) S(E, connected) S(E, disconnected)
/* In the order of enum mqtt_gone. */
#define TP_SYMBOLS_device_gone(S, E) \
	S(E, disconnect) S(E, disconnect_with_will) S(E, closed) S(E, reset) S(E, timed_out) S(E, keep_alive) S(E, taken_over) \
	S(E, protocol_error) S(E, refused) S(E, not_reading) S(E, shutting_down)
#define TP_NESTED_device_event(X)
#define TP_FIELDS_device_event(X, K) \
	X(K, REQ, ENUM, event, device_change, "What happened") \
	X(K, OPT, ENUM, why, device_gone, "Why it is gone: it said DISCONNECT, without or with its will; the connection was closed, reset, or found nobody; it was silent for 1.5 times its keep alive; another connection has its client identifier; it broke the protocol; a message of MQTT 3.1.1 could not be acknowledged; it did not read its acknowledgements; the appliance stops") \
	X(K, REQ, STR, listener, _, "MQTT listener") \
	X(K, REQ, STR, client_id, _, "Client identifier, also an assigned one") \
	X(K, OPT, STR, user, _, "User name") \
	X(K, REQ, STR, protocol, _, "MQTT 3.1, MQTT 3.1.1 or MQTT 5") \
	X(K, REQ, BOOL, clean, _, "It asked for a clean session (MQTT 3.1.1) or a clean start (MQTT 5)") \
	X(K, REQ, BOOL, session_present, _, "It found its session again") \
	X(K, REQ, INT, keep_alive, _, "Keep alive as it holds, s; 0: none") \
	X(K, OPT, LONG, messages, _, "Messages it published in this connection, where it is gone") \
	X(K, OPT, LONG, connected_ms, _, "How long it was connected, ms, where it is gone")
/* clang-format on */

#endif
