/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TRACE_H
#define TP_TRACE_H
/*
 * Where is my packet? While a trace is armed, packets that match its filter are marked where they come in, and each worker writes down what becomes
 * of them, step by step: the node, where it sent them, the counters that moved, the records they became and the batch those lie in. Records
 * are followed by the sink to their end (control/books/traced.c).
 *
 * A marked packet goes through each node alone, and what the node decided is read from the books: so a trace cannot say anything else than the
 * books, and a new node or counter is traced without a line of its own. While no trace is armed the graph has no trace code in it.
 *
 * Where the trace is armed, marked datagrams take the long way (eth_input, ip4_input, udp_input), whose result is that of the short one; so do those
 * behind them in their burst.
 *
 * What the XDP program of an AF_XDP port drops or leaves to the kernel never reaches a worker. While a trace is armed, the programs tell of it (tp_xdp_guard.h), and
 * what fits has two steps: it came in, and what became of it. What is the kernel's is looked at only where the filter says which packets are meant: else a trace of all
 * packets would show the host's own.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_plan.h"
#include "tp_stats.h"

#define TP_TRACE_NAME     128  /* octets of a name in a filter, the end included */
#define TP_TRACE_COUNTERS 8    /* that moved in one step; more are not shown */
#define TP_TRACE_HEAD     80   /* octets of a frame that a trace keeps */
#define TP_TRACE_MOST     1000 /* packets of one trace */

/* All that is set must fit. Names are compared as they stand in the plan. */
struct tp_trace_filter {
	uint8_t family; /* of the sender's prefix: 4, 6; 0: any */
	uint8_t length; /* bits */
	uint8_t addr[16];
	uint16_t port;                /* destination, UDP or TCP; 0: any */
	char listener[TP_TRACE_NAME]; /* name; "": any */
	char device[TP_TRACE_NAME];
	char topic[TP_TRACE_NAME]; /* MQTT topic filter; then only MQTT messages fit */
	uint32_t count;            /* packets to mark, 1..TP_TRACE_MOST */
};

enum tp_trace_what {
	TP_TRACE_ARRIVED,  /* came in and was marked */
	TP_TRACE_NODE,     /* went through a node */
	TP_TRACE_RECORD,   /* became a record in a batch */
	TP_TRACE_MESSAGE,  /* an MQTT message begins its way; its part is its number within the segment */
	TP_TRACE_REFUSED,  /* an MQTT message that the gateway takes no further */
	TP_TRACE_ANSWER,   /* its PUBACK or PUBREC was written to the connection */
	TP_TRACE_GONE,     /* its connection ended first */
	TP_TRACE_GIVEN_UP, /* a fragment that waited */
	TP_TRACE_STEERED,  /* the XDP program of its port dropped it, or left it to the kernel */
};

struct tp_trace_step {
	int64_t at_us;     /* wall clock */
	uint32_t trace;    /* number of the packet, of all workers and traces */
	uint8_t what;      /* enum tp_trace_what */
	uint8_t part;      /* of a segment: which message; 0: the packet itself */
	uint8_t result;    /* which record of a datagram */
	uint8_t transport; /* enum tp_transport; valid where source is */
	uint16_t worker;
	uint16_t source;   /* 0: not known yet */
	uint16_t listener; /* TP_NO_LISTENER: not known yet */
	uint16_t n_counters;
	struct {
		uint16_t counter; /* enum tp_counter */
		uint16_t by;
	} counters[TP_TRACE_COUNTERS];
	union {
		struct {
			uint32_t n;     /* octets of the frame */
			uint32_t queue; /* where xdp: of the port */
			uint16_t port;  /* ethdev id; where xdp: the port's place in the configuration */
			bool xdp;       /* no worker saw it: its next step is STEERED */
			uint8_t head[TP_TRACE_HEAD];
		} arrived;
		struct {
			char name[32], next[32]; /* next "": it ends or waits there */
			uint16_t n_next;         /* packets that go on; drop does not count */
			uint16_t to_worker;      /* of spread_tx */
			uint16_t reason, stage;  /* of a decoder; reason TP_COUNTER_COUNT: it did not reject */
			uint32_t offset;         /* first octet of the payload that could not be accepted */
			uint32_t joined;         /* number of the packet that this fragment became part of; 0: none */
			bool waits;              /* kept for the fragments that are missing */
		} node;
		struct {
			uint16_t topic; /* index into the plan's topics */
			uint8_t kind;
			uint8_t followed; /* 0: its end is not reported, too many of one batch are */
			uint32_t batch, entry;
			uint32_t octets; /* of the value */
			uint8_t event_id[16];
		} record;
		struct {
			uint32_t payload_n;
			uint16_t packet_id;
			uint8_t qos;
			uint8_t waits;             /* somebody waits for its acknowledgement */
			uint8_t followed;          /* 0: that is not reported, too many are awaited */
			uint8_t reason;            /* ANSWER: of MQTT 5; 0: success */
			uint8_t recorded;          /* ANSWER: PUBREC and not PUBACK */
			uint8_t topic_n, client_n; /* octets of text: topic, client identifier; both may be cut */
			char text[96];
		} message;
		struct {
			uint32_t queue;
			uint16_t port;  /* its place in the configuration */
			uint8_t reason; /* enum tp_guard_reason */
			uint8_t family; /* of the sender; 0: no IP */
			uint8_t addr[16];
		} steered;
	};
};

/* ---- control's side. One trace at a time; one thread at a time -------------------------------------------------------------------------- */
/*
 * Arms a trace on all workers. 0; -EBUSY: one is armed; -ENOMEM; -ETIMEDOUT: a worker did not take it within a second; -ENOTCONN: no worker
 * runs.
 */
int tp_trace_arm(const struct tp_trace_filter *filter);
/* The next step of any worker or port; false: none now. Steps of one worker come in order. Admin, while it holds the view. */
bool tp_trace_take(struct tp_trace_step *step);
/* Whether a packet's number is of the trace that is armed: what was marked before may still be on its way. */
bool tp_trace_is(uint32_t number);
struct tp_trace_state {
	uint32_t marked; /* packets */
	uint64_t lost;   /* steps for which a worker's ring had no room */
	uint64_t unseen; /* packets that XDP programs dropped or left to the kernel, and had no room to tell of */
};
void tp_trace_state(struct tp_trace_state *state);
/* Back to how it was. What was not taken is gone. */
void tp_trace_disarm(void);

#endif
