/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CONNECTIONS_H
#define TP_CONNECTIONS_H
/*
 * MQTT connections as the worker that has them knows them. The worker itself copies them, between two walks and a few at a time, so nothing is torn and
 * nothing is locked; a connection that comes or goes meanwhile is in the list or not.
 */
#include <stdbool.h>
#include <stdint.h>

#define TP_CONNECTION_NAME 256 /* octets of a name, the end included */

/* X(name) What a connection is doing. */
#define TP_CONNECTION_STATES(X)                                                                                                    \
	X(handshake) /* TLS is not there yet */                                                                                    \
	X(opened)    /* its CONNECT has not come */                                                                                \
	X(login)     /* user and password are being checked */                                                                     \
	X(claim)     /* another worker decides about its client identifier */                                                      \
	X(up)                                                                                                                      \
	X(held_verdict)   /* nothing more is read until a verdict is there */                                                      \
	X(held_in_flight) /* as many messages are unanswered as it may have */                                                     \
	X(held_room)      /* no batch is free: Kafka is slow or away */                                                            \
	X(held_memory)    /* the gateway's memory is used up */                                                                    \
	X(ending)
#define TP_CONNECTION_STATE(name) TP_CONNECTION_##name,
enum tp_connection_state { TP_CONNECTION_STATES(TP_CONNECTION_STATE) TP_CONNECTION_STATE_COUNT };

struct tp_connection {
	char client_id[TP_CONNECTION_NAME], user[TP_CONNECTION_NAME],
	        device[TP_CONNECTION_NAME]; /* octets as the client sent them */
	uint8_t family, addr[16];           /* the peer's; network order */
	uint16_t port;
	uint32_t listener; /* the serial of its MQTT listener */
	uint16_t worker;
	uint8_t state;   /* enum tp_connection_state */
	uint8_t version; /* protocol level: 3, 4, 5; 0: not known yet */
	bool tls, user_known;
	uint32_t in_flight;      /* messages without an answer */
	uint32_t waiting;        /* of those: their records have not ended */
	uint64_t messages;       /* since it came */
	uint32_t received, sent; /* octets of the TCP streams, modulo 2^32 */
	uint32_t window;         /* octets that it may send now */
	uint32_t kept;           /* octets that came and wait to be read */
	uint32_t unsent;         /* octets that it has not acknowledged */
	int64_t since_us;        /* how long it has been there; of one that is not up yet: 0 */
	int64_t idle_us;         /* since its last packet, to a tenth of a second */
};

/* Which are wanted; "" and family 0: any. Names: those that contain it. */
struct tp_connection_filter {
	char client_id[TP_CONNECTION_NAME], device[TP_CONNECTION_NAME];
	uint8_t family, length, addr[16]; /* of a prefix */
};

/*
 * Looks at some connections of a worker from *at on (0 at first) and fills `to` with those that fit, at most `max`; *at moves on and is UINT32_MAX behind the
 * last. The worker is kept for some tens of microseconds. How many, or -ETIMEDOUT: the worker did not answer within a second. Any thread but a worker's.
 */
int tp_worker_connections(
        unsigned int worker, const struct tp_connection_filter *filter, uint32_t *at, struct tp_connection *to, unsigned int max);

#endif
