/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One port of the configuration as DPDK wants it named, and what to say when DPDK did not take it. A virtual device is called
 * net_<driver><position of the port in the configuration>.
 */
#include <errno.h>
#include <string.h>

#include "setup.h"

void tp_device_name(const struct tp_port_spec *port, unsigned int i, char *name, size_t len)
{
	static const char *const drivers[] = {[TP_PORT_AF_XDP] = "net_af_xdp",
	        [TP_PORT_TAP] = "net_tap",
	        [TP_PORT_MEMIF] = "net_memif",
	        [TP_PORT_PCAP] = "net_pcap"};
	const char *colon;

	if (port->type != TP_PORT_PCI) {
		snprintf(name, len, "%s%u", drivers[port->type], i);
		return;
	}
	/* The domain may be left out of a PCI address. */
	colon = strchr(port->device, ':');
	snprintf(name, len, "%s%s", colon && strchr(colon + 1, ':') ? "" : "0000:", port->device);
}

/* memif wants the ring size as a power of two's exponent, 1 to 14. */
static unsigned int device_memif_ring(const struct tp_port_spec *port)
{
	unsigned int log2 = rte_log2_u32(port->rx_descriptors);

	if (log2 == 0)
		return 1;
	return log2 > 14 ? 14 : log2;
}

int tp_device_args(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i, char *args, size_t len)
{
	const struct tp_port_spec *port = &spec->ports[i];
	char name[TP_DEVICE_NAME_MAX];
	int n = 0;

	tp_device_name(port, i, name, sizeof(name));
	switch (port->type) {
	case TP_PORT_PCI:
		n = snprintf(args, len, "%s", name);
		break;
	case TP_PORT_AF_XDP:
		n = snprintf(args, len, "%s,iface=%s,start_queue=0,queue_count=%u", name, port->device,
		        tp_port_queues_wanted(spec, host, i));
		break;
	case TP_PORT_TAP:
		n = snprintf(args, len, "%s,iface=%s", name, port->device);
		break;
	case TP_PORT_MEMIF:
		n = snprintf(args, len, "%s,role=%s,socket=%s,socket-abstract=no,rsize=%u", name,
		        port->memif_server ? "server" : "client", port->device, device_memif_ring(port));
		break;
	case TP_PORT_PCAP:
		n = snprintf(args, len, "%s,rx_pcap=%s%s", name, port->device, port->pcap_repeat ? ",infinite_rx=1" : "");
		break;
	}
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

/* What to do when everything that could be checked was in order and the driver still refused. */
static const char *device_hint(enum tp_port_type type)
{
	switch (type) {
	case TP_PORT_PCI:
		return "is it used by another program, and may this user open its /dev/vfio group?";
	case TP_PORT_AF_XDP:
		return "is another XDP program on this interface ('ip link' shows it)?";
	case TP_PORT_TAP:
		return "is there an interface of this name already?";
	case TP_PORT_MEMIF:
		return "is the other side running (the server is started first), and does nobody else use the socket?";
	case TP_PORT_PCAP:
		return "is the file a complete capture?";
	}
	return "";
}

void tp_device_explain(const struct tp_port_spec *port, const char *said, char *err, size_t err_len)
{
	snprintf(err, err_len, "port '%s': '%s' could not be opened: %s%s%s%s", port->name, port->device, device_hint(port->type),
	        *said ? " (DPDK says: " : "", said, *said ? ")" : "");
}
