/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_GATEWAY_H
#define TP_MQTT_GATEWAY_H
/*
 * The MQTT gateway of one worker: sessions over connections it does not know the nature of (TCP, TLS, a test's array). It reads control packets,
 * answers them, hands messages to its host and acknowledges them when their records have ended, in the order of the PUBLISHes of the
 * connection (MQTT-4.6.0-2). A gateway, not a broker: nobody can subscribe.
 *
 * Pure of transport and threads: everything it wants done is a call of struct mqtt_host; everything that happens is a call of a function
 * here. All from the worker's thread. All memory is reserved by mqtt_gateway_new(); nothing is allocated afterwards.
 *
 *   mqtt_opened, mqtt_input, mqtt_ended, mqtt_closed   from the connection
 *   mqtt_login_done                                    the verdict on user and password
 *   mqtt_note                                          another worker's gateway
 *   mqtt_room                                          there is room for messages again
 *   mqtt_tick                                          time
 *   mqtt_flush                                         waiters became ready; the vector is over
 *
 * Sessions and workers. What must outlive a connection (packet identifiers of QoS 2, the window of messages acknowledged lately, the
 * expiry) is kept by the home of its client identifier: worker hash(client id) % n_workers. A CONNECT claims the client identifier at its home,
 * which takes it from the connection that has it, wherever that is (reason 0x8E), and grants it with what is kept. With one worker all of this
 * happens within mqtt_input().
 *
 * Counters (TP_C_mqtt_*) go to books[0], those of messages to the book of their source. A PUBLISH that was understood is counted as `received` of its source, and
 * then exactly once more: by the decoder and what follows, or here under mqtt_duplicate (answered), mqtt_not_authorized, mqtt_unmapped (refused), mqtt_shed (dropped).
 */
#include "packet.h"
#include "tp_connections.h"
#include "tp_mqtt.h"
#include "tp_stats.h"
#include "tp_waiter.h"

#define MQTT_QOS2_MAX   128 /* packet identifiers of QoS 2 a session may have under way */
#define MQTT_WINDOW_MAX 64  /* messages acknowledged lately that a client's memory holds */

struct mqtt_gateway; /* of one worker */
struct mqtt_session; /* of one connection; at most about 400 octets while idle, with a client identifier of 23 */

struct mqtt_spec {
	const struct tp_mqtt_listener *listeners; /* the plan's, which hold until mqtt_rebind() */
	unsigned int n_listeners;
	uint32_t connections;     /* of this worker */
	uint32_t clients;         /* client identifiers this worker is home to, connected or kept */
	uint32_t waiters;         /* messages without acknowledgement, of all connections */
	uint64_t assembly_octets; /* for packets that span segments, wills and names, in all */
	uint16_t window;          /* messages acknowledged lately that are remembered a client, 0..MQTT_WINDOW_MAX */
	uint32_t prefixes;        /* senders' prefixes whose CONNECT rate is kept */
	uint16_t worker, n_workers;
	uint8_t secret[16]; /* of hashes over what clients choose; the same for all workers */
};

/*
 * A message on its way to the decoders. All slices are valid until the next mqtt_flush() begins, or, of one that was handed over within
 * mqtt_flush(), the one after it.
 */
struct mqtt_message {
	void *conn;                        /* NULL: a will whose connection is gone */
	const struct tp_mqtt_route *route; /* NULL: unmapped */
	uint16_t listener;                 /* index into the plan's listeners: format, Kafka topics, clamp */
	uint16_t source;                   /* index into the plan's sources */
	uint8_t flags;                     /* TP_FLAG_RETAINED, TP_FLAG_WILL, TP_FLAG_DUP */
	uint32_t waiter;                   /* index, or TP_NOBODY_WAITS */
	struct tp_slice device;            /* the identity: key of the record */
	struct tp_slice site, lane;        /* from topic levels; p == NULL: as the source has it */
	struct tp_slice payload;           /* never NULL */
	struct tp_mqtt_meta meta;
};

/* User and password to be checked off the packet path. The host copies what it needs and wipes it after use. */
struct mqtt_login {
	uint32_t ticket;   /* for mqtt_login_done() */
	uint16_t listener; /* index into mqtt_spec.listeners */
	struct tp_slice user, password, client_id;
};

/* A device came or went: becomes a record of ops.device.v1. Slices are valid during the call. */
enum mqtt_gone {
	MQTT_GONE_DISCONNECT, /* DISCONNECT in order */
	MQTT_GONE_WITH_WILL,  /* DISCONNECT with reason 0x04 */
	MQTT_GONE_CLOSED,     /* the connection ended without DISCONNECT */
	MQTT_GONE_RESET,
	MQTT_GONE_TIMED_OUT,  /* the connection's retransmissions found nobody */
	MQTT_GONE_KEEP_ALIVE, /* silent for 1.5 times its keep alive */
	MQTT_GONE_TAKEN_OVER, /* another connection has its client identifier */
	MQTT_GONE_PROTOCOL_ERROR,
	MQTT_GONE_REFUSED,     /* a message of 3.1.1 that could not be acknowledged */
	MQTT_GONE_NOT_READING, /* it does not read its acknowledgements */
	MQTT_GONE_SHUTTING_DOWN,
};
struct mqtt_event {
	bool connected;
	enum mqtt_gone why; /* where not connected */
	uint16_t source;
	const struct tp_mqtt_listener *listener;
	struct tp_slice device, client_id, user; /* user.p == NULL: none */
	void *conn;
	uint8_t version;
	bool session_present, clean;
	uint16_t keep_alive;  /* seconds, as it holds; 0: none */
	uint64_t messages;    /* of this connection */
	int64_t connected_ms; /* how long it was there */
};

/* Between the gateways of workers, by value. The host delivers them in order for each pair of workers. */
enum mqtt_note_type {
	MQTT_NOTE_CLAIM,
	MQTT_NOTE_GRANT,
	MQTT_NOTE_REFUSE,
	MQTT_NOTE_KICK,
	MQTT_NOTE_KICKED,
	MQTT_NOTE_RELEASE,
	MQTT_NOTE_ACKNOWLEDGED
};
#define MQTT_NO_SESSION UINT32_MAX
struct mqtt_note {
	uint8_t type;
	uint8_t clean;
	uint8_t present; /* GRANT: a session is resumed. CLAIM: asked again. RELEASE: what follows is newer than what the home has */
	uint8_t n_window;
	uint8_t reason;             /* REFUSE: enum mqtt_reason. ACKNOWLEDGED: not 0 where the records were not all delivered */
	uint16_t from;              /* worker */
	uint16_t n_qos2, n_pending; /* identifiers; the first n_pending of them wait for their records */
	uint32_t session;           /* the asking connection, and its generation: neither is looked into by others */
	uint32_t generation;
	uint32_t epoch; /* of the session state, so that what belongs to a discarded one is told apart */
	uint32_t expiry_s;
	uint32_t listener; /* its serial */
	uint8_t client_id_n;
	uint8_t client_id[TP_MQTT_CLIENT_ID_MAX];
	uint16_t qos2[MQTT_QOS2_MAX];
	uint64_t window[MQTT_WINDOW_MAX]; /* hashes of packet identifier and event id */
};

/* What the gateway asks of its worker. */
struct mqtt_host {
	/* Octets for the peer. 0 or -ENOBUFS: it does not read; the gateway then closes the connection (MQTT_GONE_NOT_READING) or holds, as it says. */
	int (*send)(void *ctx, void *conn, const uint8_t *p, uint32_t n);
	/* Close after what was sent, or at once. mqtt_closed() comes for it, from within or later. */
	void (*close)(void *ctx, void *conn, bool at_once);
	/* mqtt_input() took less than it was given; now it takes more: give it the rest, from within or later. */
	void (*resume)(void *ctx, void *conn);
	/* 0: on its way. -EAGAIN: no room now; mqtt_room() will say when. What happens then is the route's policy. */
	int (*publish)(void *ctx, const struct mqtt_message *message);
	/* 0, or -EBUSY: answered as busy. */
	int (*login)(void *ctx, const struct mqtt_login *login);
	/* 0, or -EBUSY where the other worker does not keep up: the CONNECT is answered as busy; a RELEASE is tried again. */
	int (*post)(void *ctx, uint16_t worker, const struct mqtt_note *note);
	void (*event)(void *ctx, const struct mqtt_event *event);
	/* Identity of the client's certificate; as tls_peer_name(). */
	int (*certificate)(void *ctx, void *conn, unsigned int which, char *text, size_t len);
	/* The source of a device at that listener (index into mqtt_spec.listeners); 0: not known. */
	uint16_t (*source)(void *ctx, unsigned int listener, struct tp_slice name);
	/* Sender's address as in a packet (4 or 16 octets), for the rate of CONNECTs; returns family. */
	uint8_t (*address)(void *ctx, void *conn, uint8_t addr[16]);
	/* Milliseconds since anything was heard of the peer, its requests for a closed window included. */
	uint32_t (*silence_ms)(void *ctx, void *conn);
	/*
	 * Sees to it that the next n octets given to send() find memory, however much others take; 0: none are kept any more. 0, or -EAGAIN: there
	 * is none now, mqtt_room() will say when to try again.
	 */
	int (*reserve)(void *ctx, void *conn, uint32_t n);
	void *ctx;
};

/* Who watches single messages, while somebody does. Called from within the functions below. */
struct mqtt_watch {
	/* The answer of a message was written: PUBREC where `recorded`, else PUBACK, with a reason of MQTT 5. Its connection ended before. */
	void (*answered)(void *ctx, uint32_t waiter, bool recorded, uint16_t packet_id, uint8_t reason);
	void (*gone)(void *ctx, uint32_t waiter);
	/* A PUBLISH that becomes no message, and the counter that says why. Of the message, what the gateway knows: not route and listener. */
	void (*ended)(void *ctx, const struct mqtt_message *message, enum tp_counter why);
	void *ctx;
};

uint64_t mqtt_memory(const struct mqtt_spec *spec); /* octets mqtt_gateway_new() reserves. Pure. */
/* waiters: made by it, written by the host through tp_waiter.h; now_us: monotonic. books: n_sources of the plan. NULL where there is no memory. */
struct mqtt_gateway *mqtt_gateway_new(
        const struct mqtt_spec *spec, const struct mqtt_host *host, struct tp_book *books, uint64_t now_us);
void mqtt_gateway_free(struct mqtt_gateway *g); /* NULL is fine */
struct tp_waiters *mqtt_waiters(struct mqtt_gateway *g);

/* watch: stays valid; NULL: nobody watches any more. */
void mqtt_set_watch(struct mqtt_gateway *g, const struct mqtt_watch *watch);

/* A connection at that listener (index into mqtt_spec.listeners). NULL: no session is free; close it. */
struct mqtt_session *mqtt_opened(struct mqtt_gateway *g, void *conn, unsigned int listener, uint64_t now_us);
/* Before its CONNECT, whose turn it is: the time it has for that runs only while it is the peer's. As it is opened it is. */
void mqtt_await(struct mqtt_gateway *g, struct mqtt_session *s, bool peer, uint64_t now_us);
/*
 * Octets in order, which stay where they are as long as the slices of the messages they become. Returns how many were taken; fewer than n where the session holds (its
 * messages wait, or a verdict does): then host->resume says when to go on.
 */
uint32_t mqtt_input(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n, uint64_t now_us);
/* The peer sends nothing more. */
void mqtt_ended(struct mqtt_gateway *g, struct mqtt_session *s, uint64_t now_us);
/* The connection is gone: one of MQTT_GONE_CLOSED, _RESET, _TIMED_OUT, unless the gateway closed it itself. s must not be used any more. */
void mqtt_closed(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint64_t now_us);
void mqtt_login_done(struct mqtt_gateway *g, uint32_t ticket, bool ok, uint64_t now_us);
void mqtt_note(struct mqtt_gateway *g, const struct mqtt_note *note, uint64_t now_us);
/* Sessions that host->publish refused may try again, in turn, a few hundred a call, until it refuses again. True where some still wait: call again soon. */
bool mqtt_room(struct mqtt_gateway *g, uint64_t now_us);
/* Time-outs that are due, at most `budget`. Returns microseconds until the next, at most 1,000,000. */
uint32_t mqtt_tick(struct mqtt_gateway *g, uint64_t now_us, uint32_t budget);
/*
 * The end of a walk, also of one with nothing but mqtt_tick(), mqtt_note() or mqtt_room(): messages handed over in it have become records or have
 * not, memory of packets put together is free again, waiters that are ready are answered, and who waited for that goes on (host->resume, host->publish).
 */
void mqtt_flush(struct mqtt_gateway *g, uint64_t now_us);
/* An orderly stop: DISCONNECT (0x8B) to those with nothing unacknowledged, then to each as soon as it has nothing. True once none is left. */
bool mqtt_stop(struct mqtt_gateway *g, uint64_t now_us);

/* A session as its operator is shown it. Slices are valid until the next call of a function above; p == NULL: none. */
struct mqtt_shown {
	struct tp_slice client_id, user, device;
	enum tp_connection_state state;
	uint8_t version;    /* protocol level; 0: not known yet */
	uint32_t in_flight; /* PUBLISHes that are not answered */
	uint32_t waiting;   /* of those: their records have not ended */
	uint64_t messages;
	int64_t since_us; /* since its CONNECT was accepted; 0: it was not yet */
	int64_t idle_us;  /* since its last packet, to a tenth of a second */
};
void mqtt_show(const struct mqtt_gateway *g, const struct mqtt_session *s, uint64_t now_us, struct mqtt_shown *shown);

/*
 * Another plan: routes are its listeners', made before by any thread and shared by all gateways; both must outlive what is made from them. A listener has the index that it had before; one that is `retired`
 * takes nobody more, and who is connected there is asked to go. An index has another serial only where it had no sessions. Sessions stay. Between walks; see rebind.c.
 */
struct mqtt_routes;
struct mqtt_routes *mqtt_routes_new(const struct tp_mqtt_listener *listeners, unsigned int n_listeners); /* NULL: no memory */
void mqtt_routes_free(struct mqtt_routes *routes);                                                       /* NULL is fine */
void mqtt_rebind(struct mqtt_gateway *g, const struct mqtt_routes *routes);
/*
 * Places that sessions of a listener have, wills that are still due included. At a listener that every gateway knows as retired it does not grow; where it is 0
 * the index may become another listener's. Any thread.
 */
uint32_t mqtt_sessions_of(const struct mqtt_gateway *g, unsigned int listener);

struct mqtt_usage {
	uint32_t connections, clients, waiters;
	uint64_t assembly_octets; /* in use */
};
void mqtt_usage(const struct mqtt_gateway *g, struct mqtt_usage *usage);

#endif
