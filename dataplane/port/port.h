/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PORT_PRIVATE_H
#define TP_PORT_PRIVATE_H
/*
 * Ports as nodes and workers see them: written by port/ at start, read-only from then on.
 */
#include <rte_ether.h>
#include <rte_mempool.h>

#include "tp_port.h"
#include "tp_xdp_guard.h"

struct tp_port {
	uint16_t id;          /* ethdev port id */
	unsigned int ifindex; /* AF_XDP: of the interface, as it was at the start */
	uint16_t rx_queues;   /* configured; queue q belongs to worker q % n_workers */
	uint16_t tx_queues;   /* configured; worker w sends on queue w where it has an rx queue of that port */
	bool accept_any;      /* no addresses configured: every destination is ours */
	bool mac_filter;      /* drop frames to other MAC addresses */
	bool rx_ip4_checksum; /* the port checks IPv4 header checksums: RTE_MBUF_F_RX_IP_CKSUM_* is valid */
	bool rx_udp_checksum; /* the port checks UDP checksums: RTE_MBUF_F_RX_L4_CKSUM_* is valid */
	struct rte_ether_addr mac;
	uint8_t n_ip4, n_ip6;
	uint32_t ip4[TP_MAX_ADDRESSES];    /* network order */
	uint8_t ip6[TP_MAX_ADDRESSES][16]; /* configured ones and the link-local address made from the MAC */
	struct tp_port_spec spec;
};

/* Indexed by position in the configuration; n from tp_ports_count(). */
extern struct tp_port tp_ports[TP_MAX_PORTS];
unsigned int tp_ports_count(void);
/* By ethdev id (mbuf->port). */
extern struct tp_port *tp_port_by_id[RTE_MAX_ETHPORTS];
/* What tp_dataplane_init() was given. */
const struct tp_dataplane_spec *tp_dataplane(void);
/*
 * The rules of port i, one of AF_XDP, to its XDP program. config.flags, addresses and the MAC address are filled in here. Returns 0 or a negative errno.
 * Control.
 */
int tp_port_guard_apply(unsigned int i, const struct tp_guard_tables *tables);
/* What a port is to steering and guard: flags, addresses and MAC address; the rest of config stays as it is. */
void tp_port_guard_config(const struct tp_port *port, struct tp_guard_config *config);
/*
 * What the XDP programs of all AF_XDP ports drop or leave to the kernel, one port after the other; see tp_xdp_guard.h. Fine where there are none. Each watcher one
 * thread at a time, while workers run.
 */
int tp_ports_watch(enum tp_guard_watcher watcher,
        const struct tp_xdp_watch *of); /* 0 or a negative errno; then nothing is watched. No reasons: nothing is */
bool tp_ports_event(
        enum tp_guard_watcher watcher, unsigned int *port, struct tp_guard_event *event); /* port: its index in tp_ports */
uint64_t tp_ports_unseen(enum tp_guard_watcher watcher, enum tp_guard_reason reason);     /* since they were watched */
void tp_ports_unwatch(enum tp_guard_watcher watcher);
/* Packet buffers: private area = struct tp_record, data room for one frame of the largest MTU up to 2 KiB, chained above. */
struct rte_mempool *tp_packet_pool(void);

#endif
