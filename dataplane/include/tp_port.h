/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PORT_H
#define TP_PORT_H
/*
 * Ports and the EAL, for control. Everything DPDK needs on its command line is derived from here; no DPDK type shows.
 * Control thread only, before the workers start or after they ended.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_guard_map.h"
#include "tp_mqtt.h"

#define TP_MAX_PORTS     16
#define TP_MAX_WORKERS   64
#define TP_MAX_ADDRESSES 16

enum tp_port_type { TP_PORT_PCI, TP_PORT_AF_XDP, TP_PORT_TAP, TP_PORT_MEMIF, TP_PORT_PCAP };

struct tp_address {
	uint8_t family;   /* 4 or 6 */
	uint8_t addr[16]; /* network order */
};

struct tp_port_spec {
	enum tp_port_type type;
	const char *name;        /* of the configuration, for messages and metrics */
	const char *device;      /* PCI address, interface, socket path (memif) or file (pcap) */
	bool memif_server;       /* memif: listen on the socket instead of connecting */
	bool pcap_repeat;        /* pcap: keep the file in memory and repeat it for ever (benchmarks) */
	uint16_t queues;         /* receive queues wanted; 0: as many as workers, if the port has them */
	uint16_t rx_descriptors; /* a queue */
	uint16_t tx_descriptors;
	uint16_t mtu;
	struct tp_address addresses[TP_MAX_ADDRESSES]; /* the appliance's own; none: any destination is ours */
	unsigned int n_addresses;
	bool shared_with_host; /* af_xdp: the addresses are the host's too, whose kernel answers for them */
};

struct tp_dataplane_spec {
	const struct tp_port_spec *ports;
	unsigned int n_ports;
	unsigned int n_workers;
	const int *worker_cpus;      /* n_workers entries, -1: let the scheduler place it */
	int control_cpu;             /* -1: anywhere */
	bool hugepages;              /* false: ordinary memory */
	uint32_t memory_mb;          /* 0: derived from what follows */
	uint32_t mbufs;              /* 0: derived from queues, descriptors and fragments */
	uint32_t batch_bytes;        /* data of one batch, octets */
	uint32_t batches;            /* a worker */
	uint32_t fragment_datagrams; /* reassembled at the same time, a worker */
	uint32_t fragment_packets;   /* fragments held, a worker */
	uint32_t fragment_timeout_ms;
	uint32_t arena_bytes;   /* a worker */
	uint32_t idle_sleep_us; /* a worker that found nothing 64 times in a row sleeps this long; 0: it never sleeps */
	bool paced; /* replay: a worker takes packets only while it has batches for them, so a slow sink loses nothing */
	const char *file_prefix;    /* tells apart several turnpikes on one machine */
	const char *eal_log_level;  /* "error", "warning", "info", "debug" */
	unsigned int n_sources;     /* sizes the books: those of the plan and room for more; fixed for the life of the process */
	bool use_mac_filter;        /* drop frames to other MAC addresses; false for pcap */
	struct tp_tcp_budget tcp;   /* a worker; all zero where nothing listens */
	struct tp_mqtt_budget mqtt; /* a worker */
	uint32_t guard_sources;     /* senders whose rate is kept, a port of AF_XDP or a worker */
};

/* Octets the specification needs, for --check and the start-up lines. */
uint64_t tp_dataplane_memory(const struct tp_dataplane_spec *spec);

/*
 * Starts the EAL, the pools and the ports. Returns 0 or a negative errno; the sentence for the user is in err (err_len octets): it names
 * the port of the configuration and says what to do. Once a process.
 */
int tp_dataplane_init(const struct tp_dataplane_spec *spec, char *err, size_t err_len);
void tp_dataplane_fini(void);

struct tp_port_stats {
	uint64_t received; /* packets the port gave us or would have */
	uint64_t missed;   /* packets the port had to drop because we did not take them */
	uint64_t errors;   /* received broken */
	uint64_t no_mbuf;  /* packets dropped because no buffer was free */
	uint64_t sent;
	uint64_t guard[TP_GUARD_REASON_COUNT]; /* AF_XDP: what its XDP program decided, by reason; others: 0 */
};
/* Any time between init and fini; control and admin. Returns 0 or -errno. */
int tp_port_stats(unsigned int port, struct tp_port_stats *stats);

/* GONE: the interface of an AF_XDP port was removed, whether or not there is one of its name again. Its sockets stay dead: only a start opens others. */
enum tp_link_state { TP_LINK_DOWN, TP_LINK_UP, TP_LINK_GONE };
/* As it is now; a port that there is not: TP_LINK_DOWN. Between init and fini; control and admin. */
enum tp_link_state tp_port_link(unsigned int port);

struct tp_port_look {
	enum tp_link_state link;
	uint32_t mbit; /* megabit a second; 0: not known */
	uint16_t mtu;
	uint8_t mac[6];
	uint16_t rx_queues, tx_queues;
	char driver[32];
};
/* Link, address and queues as they are. Between init and fini; control and admin. 0 or -ENODEV. */
int tp_port_look(unsigned int port, struct tp_port_look *look);
struct tp_port_xstat {
	char name[64];
	uint64_t value;
};
/* The driver's own counters, at most max of them; returns how many there are, or -errno. Between init and fini; control and admin. */
int tp_port_xstats(unsigned int port, struct tp_port_xstat *to, unsigned int max);
/* True once a pcap port without pcap_repeat has handed out (or had to drop) the last packet of its file. Control; others: false. */
bool tp_port_ended(unsigned int port);
/* "aa:bb:cc:dd:ee:ff" and what the port is, for the start-up lines. text: len octets. */
void tp_port_describe(unsigned int port, char *text, size_t len);

#endif
