/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports as people look at them: link, queues, the driver's own counters. Nothing of it is on the way of a packet. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "setup.h"

/* The AF_XDP driver says "up" whatever the interface is, so the kernel is asked. */
static enum tp_link_state look_link(const struct tp_port *p, const struct rte_eth_link *link)
{
	if (p->spec.type == TP_PORT_AF_XDP)
		return tp_host_link(p->spec.device, p->ifindex);
	return link->link_status == RTE_ETH_LINK_UP ? TP_LINK_UP : TP_LINK_DOWN;
}

enum tp_link_state tp_port_link(unsigned int port)
{
	struct rte_eth_link link;

	if (port >= tp_ports_count() || rte_eth_link_get_nowait(tp_ports[port].id, &link) != 0)
		return TP_LINK_DOWN;
	return look_link(&tp_ports[port], &link);
}

int tp_port_look(unsigned int port, struct tp_port_look *look)
{
	const struct tp_port *p = &tp_ports[port];
	struct rte_eth_dev_info info;
	struct rte_eth_link link;

	if (port >= tp_ports_count())
		return -ENODEV;
	*look = (struct tp_port_look){.rx_queues = p->rx_queues, .tx_queues = p->tx_queues};
	memcpy(look->mac, p->mac.addr_bytes, sizeof(look->mac));
	if (rte_eth_link_get_nowait(p->id, &link) == 0) {
		look->link = look_link(p, &link);
		look->mbit = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	}
	if (rte_eth_dev_info_get(p->id, &info) == 0)
		snprintf(look->driver, sizeof(look->driver), "%s", info.driver_name);
	rte_eth_dev_get_mtu(p->id, &look->mtu);
	return 0;
}

int tp_port_xstats(unsigned int port, struct tp_port_xstat *to, unsigned int max)
{
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;
	uint16_t id;
	int n, k;

	if (port >= tp_ports_count())
		return -ENODEV;
	id = tp_ports[port].id;
	n = rte_eth_xstats_get_names(id, NULL, 0);
	if (n <= 0)
		return n;
	names = calloc((size_t)n, sizeof(*names));
	values = calloc((size_t)n, sizeof(*values));
	k = names && values ? rte_eth_xstats_get_names(id, names, (unsigned int)n) : -ENOMEM;
	if (k >= 0)
		k = rte_eth_xstats_get(id, values, (unsigned int)n);
	if (k > n) /* it has become more since */
		k = -EAGAIN;
	for (int i = 0; i < k && (unsigned int)i < max; i++) {
		snprintf(to[i].name, sizeof(to[i].name), "%s", names[values[i].id].name);
		to[i].value = values[i].value;
	}
	free(names);
	free(values);
	return k;
}
