/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOCAL_PORTS_H
#define TP_LOCAL_PORTS_H
/*
 * An af_xdp port that has the host's addresses, or none, takes whatever is sent to a port that somebody listens on. The kernel may have chosen that very port for a
 * connection of the host's own, say a question to a name server; then the answer is taken, and the host waits for it in vain.
 */
#include <stdint.h>

#include "tp_conf.h"

/*
 * Which of n ports the kernel may choose: they are moved to the front, in their order, and it returns how many. range and reserved: what
 * /proc/sys/net/ipv4/ip_local_port_range and ip_local_reserved_ports hold. Pure.
 */
unsigned int tp_local_ports(const char *range, const char *reserved, uint16_t *ports, unsigned int n);

/* Says so in the log, where there are such ports. Control. */
void tp_local_ports_warn(const struct tp_conf *conf);

#endif
