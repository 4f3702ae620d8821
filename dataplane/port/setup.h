/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PORT_SETUP_H
#define TP_PORT_SETUP_H
/*
 * Between the files of port/ only: the steps from a specification to running ports.
 *
 *   host.c    asks the machine (CPUs, interfaces, capture files): everything after it is arithmetic
 *   memory.c  how many packet buffers, how much memory
 *   device.c  one port as DPDK wants it named; what is wrong with its device, in words
 *   eal.c     the arguments of the EAL and its log
 *   pool.c    the packet pool
 *   port.c    ethdev: configure, start, statistics
 *   steer.c   the XDP program of an AF_XDP port
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_mempool.h>

#include "port.h"

/* Slots of the ring through which one worker hands datagrams to another. */
#define TP_SPREAD_SLOTS 2048

/* ---- host.c ----------------------------------------------------------------------------------------------------------------- */
struct tp_host {
	bool root;                       /* may use the run-time folder of the system */
	cpu_set_t cpus;                  /* where this process may run */
	uint16_t channels[TP_MAX_PORTS]; /* AF_XDP: receive queues the interface has; else 0 */
	uint64_t packets[TP_MAX_PORTS];  /* pcap: packets in the file; else 0 */
};

/*
 * Fills host. Returns 0, or a negative errno with the sentence for the user in err: a device that is missing, down, unreadable or not
 * permitted is found here, before DPDK is started.
 */
int tp_host_read(const struct tp_dataplane_spec *spec, struct tp_host *host, char *err, size_t err_len);
/* Makes way for what the ports will create: removes the dead sockets of memif servers. Returns 0 or a negative errno like tp_host_read(). */
int tp_host_claim(const struct tp_dataplane_spec *spec, char *err, size_t err_len);

/* Whether the interface has a carrier; TP_LINK_GONE where there is none of its name or it is another one than `ifindex`. */
enum tp_link_state tp_host_link(const char *interface, unsigned int ifindex);

/* ---- memory.c --------------------------------------------------------------------------------------------------------------- */
struct tp_memory {
	uint32_t mbufs;       /* packet buffers */
	uint32_t mbufs_least; /* below this the ports cannot even fill their queues */
	uint64_t eal;         /* octets from the EAL: buffers, queues, rings, books, fragments, arenas */
	uint64_t batches;     /* octets from malloc: batches and their entries */
	uint32_t eal_mb;      /* what -m gets */
};

/* Pure but for the size of a packet buffer, which DPDK says. */
void tp_memory_size(const struct tp_dataplane_spec *spec, const struct tp_host *host, struct tp_memory *memory);
/* Receive queues wanted of port i. */
uint16_t tp_port_queues_wanted(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i);

/* ---- device.c --------------------------------------------------------------------------------------------------------------- */
#define TP_DEVICE_NAME_MAX 64

/* The name under which ethdev knows port i. */
void tp_device_name(const struct tp_port_spec *port, unsigned int i, char *name, size_t len);
/* The argument of --vdev (or -a for PCI) that creates port i. Returns 0 or -ENAMETOOLONG. */
int tp_device_args(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i, char *args, size_t len);
/* The sentence for a port that DPDK did not accept; `said` is the last thing DPDK logged. */
void tp_device_explain(const struct tp_port_spec *port, const char *said, char *err, size_t err_len);

/* ---- eal.c ------------------------------------------------------------------------------------------------------------------ */
#define TP_EAL_ARGS_MAX (32 + 2 * TP_MAX_PORTS)

struct tp_eal_args {
	uint32_t memory_mb; /* what -m says, MiB */
	int argc;
	char *argv[TP_EAL_ARGS_MAX + 1]; /* NULL-terminated; each from malloc */
};

/* Builds the argument list; pure. Returns 0 or a negative errno with the sentence in err. tp_eal_args_free() in both cases. */
int tp_eal_args_build(const struct tp_dataplane_spec *spec, const struct tp_host *host, uint32_t memory_mb,
        struct tp_eal_args *args, char *err, size_t err_len);
void tp_eal_args_free(struct tp_eal_args *args);
/* rte_eal_init() with its log kept back. Returns 0 or a negative errno with the sentence in err. */
int tp_eal_start(const struct tp_dataplane_spec *spec, const struct tp_eal_args *args, char *err, size_t err_len);
/* The last error that DPDK logged, without its line end; "" where there was none. Valid until the next call. */
const char *tp_eal_said(void);
/* Adds a warning of a library below DPDK to DPDK's log. */
void tp_eal_log(const char *text);
/* From here on DPDK's log goes to the standard error output. */
void tp_eal_log_open(void);

/* ---- pool.c ----------------------------------------------------------------------------------------------------------------- */
struct tp_pool_layout {
	uint32_t element;   /* octets of mbuf, private area and data room */
	uint32_t total;     /* octets an element takes, DPDK's header and padding included */
	uint16_t priv;      /* octets of the private area */
	uint16_t data;      /* octets of the data room, headroom included */
	unsigned int flags; /* RTE_MEMPOOL_F_ */
};

void tp_pool_layout(const struct tp_dataplane_spec *spec, struct tp_pool_layout *layout);
/* The largest IP packet that, behind two VLAN tags, fits into the buffer of an AF_XDP port. */
uint32_t tp_pool_xdp_mtu(void);
int tp_pool_create(const struct tp_dataplane_spec *spec, uint32_t mbufs, char *err, size_t err_len);
void tp_pool_free(void);

/* ---- steer.c ---------------------------------------------------------------------------------------------------------------- */
/* Puts the XDP program on the interface of an AF_XDP port, in front of its sockets. Returns 0 or a negative errno with the sentence in err. */
int tp_port_steer(const struct tp_dataplane_spec *spec, unsigned int port, char *err, size_t err_len);
/* Takes it off; nothing where there is none. */
void tp_port_unsteer(unsigned int port);
/* Fills counts, with 0 where there is none. Returns 0 or a negative errno. */
int tp_port_steer_counts(unsigned int port, uint64_t counts[TP_GUARD_REASON_COUNT]);
/* "native XDP", ...; "" where there is none. */
const char *tp_port_steer_mode(unsigned int port);

/* ---- port.c ----------------------------------------------------------------------------------------------------------------- */
int tp_port_start(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i, char *err, size_t err_len);
void tp_ports_stop(void);
/* fe80::/64 with the interface identifier made from the MAC address (RFC 4291, appendix A). */
void tp_port_link_local(const struct rte_ether_addr *mac, uint8_t addr[16]);

/* Writes the sentence and returns -code. */
__attribute__((format(printf, 4, 5))) static inline int tp_setup_fail(char *err, size_t err_len, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, err_len, format, ap);
	va_end(ap);
	return -code;
}

#endif
