/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef TP_GUARD_MAP_H
#define TP_GUARD_MAP_H
/*
 * What steering and guard know, as it lies in the maps of the XDP program and in the tables of a worker. Compiled for BPF, for the graph node and
 * for the loader: only kernel types. Addresses and ports are in network order unless a name says otherwise.
 */
#include <linux/types.h>

/*
 * What becomes of a packet: X(name, action, help). KERNEL: the host's. APPLIANCE: goes to the sockets. DROP: ends here. Each packet is counted under
 * one name; no_socket is counted in addition.
 */
/* clang-format off */
#define TP_GUARD_REASONS(X)                                                                                               \
	X(kernel_off, KERNEL, "Frames left to the kernel before the appliance was ready")                                 \
	X(kernel_not_ip, KERNEL, "Frames left to the kernel: neither IP nor an ARP request for an address of the appliance") \
	X(kernel_short, KERNEL, "Frames left to the kernel: they end inside their headers")                               \
	X(kernel_mac, KERNEL, "Frames left to the kernel: to another MAC address")                                        \
	X(kernel_address, KERNEL, "Packets left to the kernel: to an address that is not the appliance's")                \
	X(kernel_port, KERNEL, "Packets left to the kernel: nothing of the appliance listens there")                      \
	X(kernel_fragment, KERNEL, "Fragments left to the kernel as the first one of their datagram was")                 \
	X(kernel_fragment_early, KERNEL, "Fragments left to the kernel because they came before the first one of their datagram, or long after it") \
	X(taken, APPLIANCE, "Packets taken for the appliance")                                                            \
	X(taken_neighbour, APPLIANCE, "ARP requests and neighbour discovery taken for the appliance")                     \
	X(guard_denied, DROP, "Packets dropped: their source is denied")                                                  \
	X(guard_source_rate, DROP, "Packets dropped: above the rate of a source")                                         \
	X(guard_listener_rate, DROP, "Packets dropped: above the rate of their listener")                                 \
	X(guard_syn_rate, DROP, "SYNs dropped: above the rate of all of them")                                            \
	X(guard_fragment, DROP, "Fragments dropped as another one of their datagram was")                                 \
	X(no_socket, KERNEL, "Of the packets taken, those of a queue that has no socket: the kernel got them")
/* clang-format on */

#define TP_GUARD_REASON_ENUM(name, action, help) TP_GUARD_##name,
enum tp_guard_reason { TP_GUARD_REASONS(TP_GUARD_REASON_ENUM) TP_GUARD_REASON_COUNT };

enum tp_guard_action { TP_GUARD_KERNEL, TP_GUARD_APPLIANCE, TP_GUARD_DROP };

/* The second column of the table, as masks of bits: for a table the XDP program would need one more map. */
#define TP_GUARD_DROP_BIT(name, action, help)      | (__u32)(TP_GUARD_##action == TP_GUARD_DROP) << TP_GUARD_##name
#define TP_GUARD_APPLIANCE_BIT(name, action, help) | (__u32)(TP_GUARD_##action == TP_GUARD_APPLIANCE) << TP_GUARD_##name

static inline enum tp_guard_action tp_guard_action_of(__u32 reason)
{
	const __u32 bit = 1U << (reason & 31);

	if (bit & (0 TP_GUARD_REASONS(TP_GUARD_DROP_BIT)))
		return TP_GUARD_DROP;
	return bit & (0 TP_GUARD_REASONS(TP_GUARD_APPLIANCE_BIT)) ? TP_GUARD_APPLIANCE : TP_GUARD_KERNEL;
}
_Static_assert(TP_GUARD_REASON_COUNT <= 32, "reasons are bits of a word");

#define TP_GUARD_ADDRESSES 17   /* 16 of the configuration and the link-local one */
#define TP_GUARD_LISTENERS 2048 /* addresses and ports listened on */
#define TP_GUARD_PREFIXES  16384
#define TP_GUARD_FRAGMENTS 4096 /* datagrams in fragments that are remembered */
#define TP_GUARD_QUEUES    256

/*
 * Seconds that the verdict on a first fragment holds for the others: who puts datagrams together waits no longer (RFC 8200, 4.5; RFC 791, 3.2 asks for 15 at
 * least, RFC 1122, 3.3.2 for 60 to 120). Behind that the number may be another datagram's.
 */
#define TP_GUARD_FRAGMENT_S 60

/*
 * A token bucket as one number, the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371): `interval` is the time a packet
 * costs, `tolerance` what a full bucket holds. In ticks of the clock of whoever decides: nanoseconds in the kernel, the TSC in a worker.
 */
struct tp_guard_rate {
	__u64 interval;  /* 0: no limit */
	__u64 tolerance; /* burst * interval */
};

enum tp_guard_flags {
	TP_GUARD_ON = 1,  /* 0: everything is the kernel's */
	TP_GUARD_OWN = 2, /* the addresses are the appliance's own: all that comes to them is; else only what is listened for */
	TP_GUARD_ANY_ADDRESS = 4, /* there are no addresses: what is listened for, to whatever destination */
	TP_GUARD_MAC = 8,         /* frames to other MAC addresses are not looked at */
	TP_GUARD_HAS_PREFIXES = 16,
};

/* One port. */
struct tp_guard_config {
	struct tp_guard_rate source; /* of each IPv4 address and each /64 of IPv6 */
	struct tp_guard_rate syn;    /* of all SYNs */
	__u64 fragment;              /* ticks that the verdict on a first fragment holds */
	__u32 flags;                 /* enum tp_guard_flags */
	__u32 n_ip4, n_ip6;
	__u32 ip4[TP_GUARD_ADDRESSES];
	__u32 ip6[TP_GUARD_ADDRESSES][4];
	__u8 mac[6];
	__u8 unused[6];
};

/* Key of a prefix, as the kernel's LPM trie has it. A family of its own in front keeps IPv4 and IPv6 apart. */
struct tp_guard_prefix {
	__u32 length; /* bits: 8 of the family and those of the prefix */
	__u8 family;  /* 4 or 6 */
	__u8 addr[16];
	__u8 unused[3];
};
enum tp_guard_prefix_verdict { TP_GUARD_NO_PREFIX, TP_GUARD_ALLOW, TP_GUARD_DENY };

struct tp_guard_target {
	__u8 protocol; /* of IP */
	__u8 family;   /* 0: any address, addr is 0; 4 or 6 */
	__u16 port;
	__u32 addr[4]; /* IPv4: the first */
};

struct tp_guard_listener {
	struct tp_guard_rate rate;
	__u32 bucket; /* index of its token bucket, from 1; 0 is that of SYNs */
	__u32 unused;
};

/* A datagram in fragments. */
struct tp_guard_datagram {
	__u32 from[4], to[4]; /* IPv4: the first, others 0 */
	__u32 id;
	__u8 family, protocol; /* protocol: of IPv4 only, RFC 791 and RFC 8200, 4.5 */
	__u8 unused[2];
};

/* What became of its first fragment, and when that came. */
struct tp_guard_first {
	__u64 at;      /* ticks */
	__u32 verdict; /* enum tp_guard_reason */
	__u32 unused;
};

/* ---- what is told of packets that go no further --------------------------------------------------------------------------------- */
/* Who may ask to be told, each with a ring and a bound of its own. */
enum tp_guard_watcher { TP_GUARD_CAPTURE, TP_GUARD_TRACE, TP_GUARD_WATCHERS };

#define TP_GUARD_SNAP       256          /* octets of a packet that are told: its headers, and what a trace looks at */
#define TP_GUARD_RING       (512 * 1024) /* octets of a ring: about 1,800 packets */
#define TP_GUARD_EVENT_RATE 5000         /* packets a second that a port tells a watcher of at most */
#define TP_GUARD_EVENTS     1000         /* and how many at once */

/* What a watcher is told. One that was told nothing of a packet finds it in guard_unseen. */
struct tp_guard_event {
	__u64 at;     /* nanoseconds, CLOCK_MONOTONIC */
	__u32 n;      /* octets of the frame */
	__u32 kept;   /* of which are here, 1..TP_GUARD_SNAP */
	__u32 queue;  /* of the interface */
	__u32 reason; /* enum tp_guard_reason */
	__u8 octets[TP_GUARD_SNAP];
};

/*
 * Of a watcher. The reasons it wants to be told of are in guard_watched, so that a packet meets one word where nobody watches. Of packets from elsewhere or to other ports it
 * is told where the program does not understand them: who watches looks again.
 */
struct tp_guard_watch {
	struct tp_guard_rate rate; /* of events; for what is dropped and for what is the kernel's, each */
	__u64 bucket[2];           /* of what is the kernel's, of what is dropped */
	__u32 from[4], mask[4];    /* senders */
	__u16 port;                /* destination; 0: any */
	__u8 family;               /* of senders; 0: any */
	__u8 unused[5];
};

#endif
