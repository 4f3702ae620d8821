/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_STATE_H
#define TP_MQTT_STATE_H
/*
 * What the files of the gateway share: its tables, and what each file does for the others. Not seen outside of this folder.
 *
 * Everything is one reserved block, cut up by gateway.c. References are indices, not pointers; 0 is "none" for blocks of the arena,
 * GW_NONE for sessions, flights and clients.
 *
 *   session   one a connection. It outlives its connection as long as somebody may still speak of it: a verdict on its login or its claim is
 *             out, its will is not sent, or the home of its client identifier has not taken its state back
 *   flight    one a PUBLISH of QoS 1 or 2 that is not answered; index = waiter. Those of a session are a list in the order of arrival. When
 *             the connection dies they become orphans, which tell the home of the client identifier how they ended
 *   client    what the home of a client identifier knows of it
 */
#include <errno.h>
#include <string.h>

#include "gateway.h"

#define GW_NONE          UINT32_MAX
#define GW_TICK_US       100000u /* of the wheel */
#define GW_SLOTS         4096u   /* of the wheel; what is further away goes round again */
#define GW_TURNS         256u    /* turns of those that wait for room, a call */
#define GW_TURN          32u     /* messages of a session in its turn while others wait for room */
#define GW_PART_STEP     1024u   /* octets of a packet in parts that count as a sign of life */
#define GW_PART_TICKS    600u    /* without keep alive: a packet in parts makes that step in this time */
#define GW_LOGIN_TICKS   1200u   /* a login without verdict is refused as busy */
#define GW_ANSWER_OCTETS 5u      /* of a PUBACK or PUBREC */
#define GW_HELD_MS       120000u /* a peer that finds the window closed asks for it at least so often */
#define GW_CLAIM_TICKS   10u     /* a claim without verdict is repeated */
#define GW_ALIAS_SHORT   256u    /* octets of a topic that an alias may stand for whatever the arena has */
#define GW_NO_ROUTE      0xffffu /* refused */
#define GW_NO_LEVEL      0xffffu
#define GW_UNMAPPED      0xfffeu    /* to the listener's unmapped one */
#define GW_FILTERS_MAX   1000u      /* of a SUBSCRIBE */
#define GW_NEVER         UINT32_MAX /* an expiry */

enum gw_state {
	GW_FREE,
	GW_OPENED, /* its CONNECT has not come */
	GW_LOGIN,  /* user and password are being checked */
	GW_CLAIM,  /* the home of its client identifier was asked */
	GW_UP,
	GW_ENDED,
};

enum gw_hold {
	GW_HOLD_NOT,
	GW_HOLD_VERDICT,
	GW_HOLD_IN_FLIGHT,
	GW_HOLD_ROOM,   /* in the queue of those that wait for room */
	GW_HOLD_MEMORY, /* the same; but the arena was used up */
};

/* Where in a topic the site and the lane stand; _at GW_NO_LEVEL: nowhere, they are as the source has them. */
struct gw_levels {
	uint16_t site_at, site_n, lane_at, lane_n;
};

/* What a PUBLISH touches comes first. */
struct mqtt_session {
	void *conn;
	uint64_t topic_hash; /* of the last topic that it may publish on; 0: none */
	uint64_t messages;
	uint32_t device, client_id, qos2, window, part; /* blocks of the arena */
	uint32_t active;         /* tick: of the last packet; before GW_UP: when it must have come; after: when the will is due */
	uint32_t first, last;    /* flights */
	uint32_t answer;         /* next of those that are answered in this flush */
	struct gw_levels levels; /* of that topic */
	uint16_t route;
	uint16_t flights;
	uint16_t outstanding; /* of MQTT 5: PUBLISHes without PUBACK or PUBCOMP */
	uint16_t listener, source;
	uint8_t state, version, hold, n_qos2;
	uint8_t turn;      /* messages left in its turn */
	uint8_t busy;      /* calls of mqtt_input() it is in */
	bool attached : 1; /* mqtt_closed() has not come */
	bool clean : 1, assigned : 1, will_due : 1, queued : 1, listed : 1, half : 1, present : 1;
	bool keep_alive_told : 1, expiry_told : 1;
	bool connecting : 1;     /* `part` is counted in g->connecting */
	bool resumes : 1;        /* taken over by a CONNECT without Clean Start */
	bool paused : 1;         /* before GW_UP: `active` is the ticks that are left */
	bool held : 1;           /* counted as held since its last message */
	bool login : 1;          /* its verdict is out */
	bool claim : 1;          /* the same */
	bool leaving : 1;        /* its listener has gone: it is closed as soon as it has nothing unacknowledged */
	bool owner : 1;          /* the home says that this session has the client identifier */
	bool release_state : 1;  /* what it kept is newer than what the home has */
	uint8_t head_n, head[5]; /* the start of a fixed header */
	uint16_t keep_alive;
	uint32_t generation;
	uint32_t max_packet; /* the client's */
	uint32_t epoch;      /* of the session state at its home */
	uint32_t expiry_s;
	uint32_t next, prev;        /* of the free list or of the queue for room */
	uint32_t user, will, alias; /* blocks of the arena */
	uint32_t part_have;         /* octets of the packet in `part` */
	uint32_t
	        max_taken; /* octets of a packet from it; this and the next two are what it was told, whatever the listener says later */
	uint16_t in_flight, alias_max;
	uint64_t connected_us;
};

enum gw_flight_state {
	GW_FLIGHT_FREE,
	GW_FLIGHT_WAITS, /* for its waiter */
	GW_FLIGHT_KNOWN, /* its identifier of QoS 2 was published before: answered as that ended */
	GW_FLIGHT_DONE,
};

struct gw_flight {
	uint64_t hash;
	uint32_t next;    /* in its session, free or late */
	uint32_t session; /* GW_NONE: orphan */
	uint32_t name;    /* orphan: the client identifier's block */
	uint32_t epoch;
	uint32_t listener; /* orphan: the listener's serial */
	uint16_t packet_id, source;
	uint8_t qos, state, reason;
};

struct gw_client {
	uint64_t hash;
	uint32_t next; /* of the same bucket, or free */
	uint32_t name;
	uint32_t qos2, window;                    /* what is kept; blocks of the arena */
	uint32_t session, generation;             /* whose it is */
	uint32_t claim_session, claim_generation; /* who is next */
	uint32_t epoch;
	uint32_t listener; /* its serial */
	uint16_t worker, claim_worker;
	uint8_t n_qos2;
	bool owned : 1, claimed : 1, claim_clean : 1;
	bool kept : 1; /* a session that may be resumed */
};

struct gw_timer {
	uint32_t next, prev, due;
};

/* A route or a pattern, ready to be compared; see route.c. */
struct gw_filter {
	uint64_t tail, mask; /* the last octets in front of the first wildcard */
	uint32_t literal;    /* octets in front of it */
	struct tp_slice filter;
	bool exact, named; /* no wildcard; holds % */
};
struct gw_listener {
	const struct tp_mqtt_listener *spec;
	struct gw_filter *routes, *may;
};
struct mqtt_routes { /* listeners, and their filters behind them */
	unsigned int n_listeners;
	struct gw_listener listeners[TP_MAX_MQTT_LISTENERS];
	struct gw_filter filters[];
};
struct gw_prefix {
	uint64_t key, rate_at;
};

/* Blocks of memory; see arena.c. */
#define GW_UNIT    32u
#define GW_CLASSES 512u
struct gw_area {
	uint64_t bits[GW_CLASSES / 64];
	uint32_t first[GW_CLASSES];
};
struct gw_arena {
	uint8_t *base;
	uint8_t *mark; /* of each unit */
	uint32_t units, fence, used, garbage;
	bool freed;
	struct gw_area area[2]; /* of small blocks, of all others */
};

struct mqtt_gateway {
	struct mqtt_spec spec;
	struct mqtt_host host;
	const struct mqtt_watch *watch; /* NULL: nobody */
	struct tp_book *books;
	const struct gw_listener *listeners; /* of routes */
	struct mqtt_session *sessions;
	struct gw_flight *flights;
	struct gw_client *clients;
	uint32_t *buckets;
	uint32_t bucket_mask;
	struct gw_prefix *prefixes;
	struct gw_timer *timers;        /* none, slots, sessions, clients */
	struct mqtt_routes *own_routes; /* those it was made with */
	struct tp_waiters waiters;
	struct gw_arena arena;
	uint64_t start_us, now_us;
	uint64_t seed, seed_hi; /* of hashes */
	uint64_t bound;         /* even; another one with every plan: what sessions remember of routes is of one plan only */
	uint64_t rate_at[TP_MAX_MQTT_LISTENERS];     /* see rate.c */
	uint32_t sessions_of[TP_MAX_MQTT_LISTENERS]; /* written by atomic stores: others look */
	uint64_t assigned;                           /* client identifiers made */
	uint32_t epoch;
	uint32_t tick; /* the wheel has turned up to here */
	uint32_t session_free, session_fresh, flight_free, flight_fresh, client_free, client_fresh;
	uint32_t n_sessions, n_flights, n_clients;
	uint32_t room_first, room_last, room_n;
	uint32_t answer_first;
	uint32_t late_first;  /* orphans whose end the home could not be told yet */
	uint32_t stash_first; /* ends of orphans that an owner could not be told yet: blocks of the arena */
	uint32_t connecting;  /* octets of the arena in packets of those that are not GW_UP */
	uint32_t hand;        /* of the search for a client that can go */
	uint32_t sweep;       /* sessions looked at since the plan changed; see rebind.c */
	bool refused, in_room, waiters_short, memory_short, stopping;
};

static inline uint32_t gw_tick_of(const struct mqtt_gateway *g, uint64_t us)
{
	return (uint32_t)((us - g->start_us) / GW_TICK_US);
}
static inline uint32_t gw_index(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return (uint32_t)(s - g->sessions);
}
static inline const struct tp_mqtt_listener *gw_spec(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return g->listeners[s->listener].spec;
}
/* PUBLISHes without acknowledgement that a session may have. MQTT 5 is told this one number for QoS 1 and 2: so it may not be more than can be remembered. */
static inline uint16_t gw_in_flight(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	(void)g;
	return s->version == MQTT_5 && s->in_flight > MQTT_QOS2_MAX ? MQTT_QOS2_MAX : s->in_flight;
}
static inline void gw_count(struct mqtt_gateway *g, uint16_t source, enum tp_counter counter, uint64_t n)
{
	g->books[source].c[counter] += n;
}

/* ---- arena.c: blocks with a count of references; what is put back stays readable until gw_arena_flush() ------------------------------ */
struct gw_block {
	uint32_t refs; /* in the garbage: the next one */
	uint32_t n;    /* octets behind this */
};
uint64_t gw_arena_mark_octets(uint64_t octets); /* of the table beside it */
void gw_arena_new(struct gw_arena *a, uint8_t *base, uint8_t *mark, uint64_t octets);
uint32_t gw_arena_get(struct gw_arena *a, uint32_t n); /* 0: no room */
void gw_arena_hold(struct gw_arena *a, uint32_t block);
void gw_arena_put(struct gw_arena *a, uint32_t *block); /* and forgets it; 0 is fine */
void gw_arena_flush(struct gw_arena *a);
static inline struct gw_block *gw_block(const struct gw_arena *a, uint32_t block)
{
	return (struct gw_block *)(a->base + (uint64_t)block * GW_UNIT);
}
static inline uint8_t *gw_octets(const struct gw_arena *a, uint32_t block)
{
	return (uint8_t *)(gw_block(a, block) + 1);
}
/* p == NULL for block 0. */
static inline struct tp_slice gw_text(const struct gw_arena *a, uint32_t block)
{
	return block ? (struct tp_slice){gw_octets(a, block), gw_block(a, block)->n} : (struct tp_slice){NULL, 0};
}
uint32_t gw_arena_text(struct gw_arena *a, struct tp_slice text);

/* ---- wheel.c --------------------------------------------------------------------------------------------------------------------------- */
void gw_wheel_new(struct mqtt_gateway *g);
void gw_timer_stop(struct mqtt_gateway *g, uint32_t timer);
void gw_timer_start(struct mqtt_gateway *g, uint32_t timer, uint32_t due); /* tick; also moves it */
static inline uint32_t gw_session_timer(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return 1 + GW_SLOTS + gw_index(g, s);
}
static inline uint32_t gw_client_timer(const struct mqtt_gateway *g, const struct gw_client *c)
{
	return 1 + GW_SLOTS + g->spec.connections + (uint32_t)(c - g->clients);
}
/* Ticks until `seconds` have passed for certain. */
static inline uint32_t gw_due(const struct mqtt_gateway *g, uint64_t after_us)
{
	uint64_t due = (g->now_us - g->start_us + after_us + GW_TICK_US - 1) / GW_TICK_US;

	return due < UINT32_MAX ? (uint32_t)due : UINT32_MAX - 1;
}

/* ---- session.c ------------------------------------------------------------------------------------------------------------------------- */
int gw_send(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n); /* 0, or it has ended */
/* Ends the session: the logic of it. The connection is not touched. */
void gw_session_end(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why);
/* The same with its connection; reason: of a DISCONNECT where the version has it, 0: none. */
void gw_session_close(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint8_t reason);
void gw_session_fault(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t reason); /* protocol error */
void gw_session_settle(struct mqtt_gateway *g, struct mqtt_session *s); /* frees it when nobody may speak of it any more */
void gw_session_due(struct mqtt_gateway *g, struct mqtt_session *s);    /* its timer */
void gw_session_arm(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_session_names(const struct mqtt_gateway *g, const struct mqtt_session *s, struct mqtt_names *names);

/* ---- room.c: who holds, and who goes on ------------------------------------------------------------------------------------------------ */
void gw_hold(struct mqtt_gateway *g, struct mqtt_session *s, enum gw_hold why);
void gw_go_on(struct mqtt_gateway *g, struct mqtt_session *s);
/*
 * Memory for answers: what calls for one is taken in only where the answer will find room, so that a shortage closes windows and not
 * connections. False: there is none now.
 */
bool gw_reserve(struct mqtt_gateway *g, struct mqtt_session *s, uint32_t octets);
void gw_unreserve(struct mqtt_gateway *g, struct mqtt_session *s); /* where nothing is unanswered */
void gw_room_leave(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_room_enter(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_room_turns(struct mqtt_gateway *g);

/* ---- input.c, assembly.c, control.c -------------------------------------------------------------------------------------------------- */
/* false: not taken, the session holds. */
bool gw_packet(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body);
bool gw_fixed_ok(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f);
/* Takes octets of a packet that came in part; how many. */
uint32_t gw_assembly_take(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n);
void gw_assembly_drop(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_control_packet(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body);

/* ---- accept.c, identity.c ---------------------------------------------------------------------------------------------------------------- */
void gw_accept(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body);
void gw_accept_refuse(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t reason);
void gw_accept_identity(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_accept_granted(struct mqtt_gateway *g, struct mqtt_session *s, bool present);
/* 0, or the reason to refuse: sets device and source. */
uint8_t gw_identity(struct mqtt_gateway *g, struct mqtt_session *s);
bool gw_text_plain(struct tp_slice text); /* UTF-8 without control characters, 1..TP_MQTT_NAME_MAX octets */
uint32_t gw_identity_assign(struct mqtt_gateway *g);

/* ---- rebind.c -------------------------------------------------------------------------------------------------------------------------- */
/* Asks who is connected to listeners that have gone to leave, a few a call. */
void gw_sweep(struct mqtt_gateway *g);
/* The source of a session's device in the plan that holds now; false where that does not know the device. */
bool gw_source_again(struct mqtt_gateway *g, struct mqtt_session *s);

/* ---- route.c --------------------------------------------------------------------------------------------------------------------------- */
/* Index of the route, GW_UNMAPPED or GW_NO_ROUTE. */
uint16_t gw_route(const struct mqtt_gateway *g, uint16_t listener, struct tp_slice topic);
bool gw_route_allowed(const struct mqtt_gateway *g, const struct mqtt_session *s, struct tp_slice topic);
/* Fills route, listener, site and lane. */
void gw_route_message(
        const struct mqtt_gateway *g, uint16_t listener, uint16_t route, const struct gw_levels *levels, struct mqtt_message *m);
struct gw_levels gw_route_levels(const struct mqtt_gateway *g, uint16_t listener, uint16_t route, struct tp_slice topic);

/* ---- publish_flow.c, alias.c ----------------------------------------------------------------------------------------------------------- */
bool gw_publish(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body);
/* Sets or looks up. 0, a reason to disconnect; *topic is the one that holds. */
uint8_t gw_alias(struct mqtt_gateway *g, struct mqtt_session *s, uint16_t alias, struct tp_slice *topic);
void gw_alias_drop(struct mqtt_gateway *g, struct mqtt_session *s);

/* ---- ack_order.c ----------------------------------------------------------------------------------------------------------------------- */
uint32_t gw_flight_get(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_publish *p); /* 0: none is free */
void gw_flight_put(struct mqtt_gateway *g, uint32_t i);
void gw_flight_append(struct mqtt_gateway *g, struct mqtt_session *s, uint32_t i);
void gw_flights_orphan(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_flights_released(struct mqtt_gateway *g, const struct mqtt_session *s, uint16_t packet_id); /* by a PUBREL */
void gw_answer(struct mqtt_gateway *g, struct mqtt_session *s);                                     /* what is ready at the front */
void gw_late(struct mqtt_gateway *g); /* tries again what a home could not be told */

/* ---- qos2.c: identifiers under way. An entry is the identifier and GW_QOS2_PENDING while its records have not ended -------------------- */
#define GW_QOS2_PENDING 0x10000u
uint32_t *gw_qos2_find(const struct mqtt_gateway *g, uint32_t block, uint8_t n, uint16_t packet_id); /* NULL: unknown */
bool gw_qos2_add(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint32_t entry);
void gw_qos2_remove(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint16_t packet_id);
void gw_qos2_ended(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, uint16_t packet_id, bool ok);
void gw_qos2_release(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_ack *ack); /* PUBREL */
void gw_qos2_to_note(const struct mqtt_gateway *g, uint32_t block, uint8_t n, struct mqtt_note *note);
bool gw_qos2_from_note(struct mqtt_gateway *g, uint32_t *block, uint8_t *n, const struct mqtt_note *note);

/* ---- window.c: hashes of messages acknowledged lately ---------------------------------------------------------------------------------- */
/* own: acknowledged on the same connection. */
bool gw_window_has(const struct mqtt_gateway *g, uint32_t block, uint64_t hash, bool own);
void gw_window_add(struct mqtt_gateway *g, uint32_t *block, uint64_t hash, bool own);
void gw_window_to_note(const struct mqtt_gateway *g, uint32_t block, struct mqtt_note *note);
void gw_window_from_note(struct mqtt_gateway *g, uint32_t *block, const struct mqtt_note *note);

/* ---- will.c ---------------------------------------------------------------------------------------------------------------------------- */
/* 0, or the reason to refuse the CONNECT. */
uint8_t gw_will_keep(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c);
bool gw_will_refused(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t *reason); /* topic not allowed or of no route */
void gw_will_ended(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why);
void gw_will_cancel(struct mqtt_gateway *g, struct mqtt_session *s, bool clean); /* its client is back */
void gw_will_send(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_will_due(struct mqtt_gateway *g, struct mqtt_session *s);

/* ---- claim.c: the session's side of its home; directory.c: the home -------------------------------------------------------------------- */
uint16_t gw_home(const struct mqtt_gateway *g, uint32_t serial, struct tp_slice client_id, uint64_t *hash);
void gw_note_name(struct mqtt_note *note, uint8_t type, uint32_t serial, struct tp_slice client_id);
int gw_note_post(struct mqtt_gateway *g, uint16_t worker, struct mqtt_note *note);
int gw_claim(struct mqtt_gateway *g, struct mqtt_session *s, bool repeat);
void gw_release(struct mqtt_gateway *g, struct mqtt_session *s);
int gw_ended_tell(struct mqtt_gateway *g, struct mqtt_note *note); /* the end of an orphan, to the home of its client identifier */
void gw_directory_note(struct mqtt_gateway *g, const struct mqtt_note *note);
void gw_client_due(struct mqtt_gateway *g, struct gw_client *c);
int gw_directory_ended(struct mqtt_gateway *g, const struct mqtt_note *note); /* 0, or -EBUSY: the owner could not be told */
void gw_stash_add(struct mqtt_gateway *g, const struct mqtt_note *note);
void gw_stash(struct mqtt_gateway *g);

/* ---- rate.c, stop.c -------------------------------------------------------------------------------------------------------------------- */
bool gw_rate_ok(struct mqtt_gateway *g, struct mqtt_session *s);
void gw_stop_quiet(struct mqtt_gateway *g, struct mqtt_session *s); /* closes it where a stop waits for it */

#endif
