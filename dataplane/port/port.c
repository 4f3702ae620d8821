/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: ethdev configured, started, read. Each port gets what it can do and the configuration asks for; what a driver cannot do (a file
 * has no checksum offload, an AF_XDP socket no RSS) is left to the graph.
 *
 * With several queues the port spreads by IP addresses alone, without UDP ports: so one device always meets one worker, and the
 * fragments of a datagram, of which only the first has ports, meet each other.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "setup.h"
#include "xdp.h"

#define PORT_RSS                                                                                                                   \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 |    \
	        RTE_ETH_RSS_NONFRAG_IPV6_OTHER | RTE_ETH_RSS_IPV6_EX)

struct tp_port tp_ports[TP_MAX_PORTS];
struct tp_port *tp_port_by_id[RTE_MAX_ETHPORTS];
static unsigned int ports_count;
static uint64_t port_packets[TP_MAX_PORTS];          /* in the file of a pcap port */
static struct tp_xdp_sockets port_xdp[TP_MAX_PORTS]; /* of an AF_XDP port */

unsigned int tp_ports_count(void)
{
	return ports_count;
}

/* ---- configuration ---------------------------------------------------------------------------------------------------------- */
static int port_fail(const struct tp_port *port, const char *step, int rc, char *err, size_t err_len)
{
	const char *said = tp_eal_said();

	return tp_setup_fail(err, err_len, -rc, "port '%s': cannot %s of '%s': %s%s%s%s", port->spec.name, step, port->spec.device,
	        strerror(-rc), *said ? " (DPDK says: " : "", said, *said ? ")" : "");
}

static uint64_t port_rx_offloads(const struct tp_port *port, const struct rte_eth_dev_info *info)
{
	uint64_t want = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	uint32_t room = rte_pktmbuf_data_room_size(tp_packet_pool()) - RTE_PKTMBUF_HEADROOM;

	if (port->spec.mtu + (uint32_t)RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN > room)
		want |= RTE_ETH_RX_OFFLOAD_SCATTER;
	return want & info->rx_offload_capa;
}

static void port_conf(const struct tp_port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint16_t mtu = port->spec.mtu ? port->spec.mtu : RTE_ETHER_MTU;

	memset(conf, 0, sizeof(*conf));
	mtu = RTE_MIN(mtu, info->max_mtu);
	conf->rxmode.mtu = RTE_MAX(mtu, info->min_mtu);
	conf->rxmode.offloads = port_rx_offloads(port, info);
	conf->txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info->tx_offload_capa;
	if (port->rx_queues > 1 && (info->flow_type_rss_offloads & PORT_RSS)) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & PORT_RSS;
	}
}

/* Descriptors a queue, within what the driver allows; AF_XDP rings are powers of two but the driver does not say so. */
static void port_descriptors(const struct tp_port *port, uint16_t *rx, uint16_t *tx)
{
	*rx = port->spec.rx_descriptors;
	*tx = port->spec.tx_descriptors;
	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, rx, tx);
	if (port->spec.type == TP_PORT_AF_XDP)
		*rx = (uint16_t)RTE_MIN(rte_align32pow2(*rx), 32768u);
}

static int port_setup_queues(struct tp_port *port, const struct rte_eth_dev_info *info, const struct rte_eth_conf *conf)
{
	struct rte_eth_rxconf rxconf = info->default_rxconf;
	struct rte_eth_txconf txconf = info->default_txconf;
	int socket = rte_eth_dev_socket_id(port->id), rc = 0;
	uint16_t rx, tx;

	rxconf.offloads = conf->rxmode.offloads;
	txconf.offloads = conf->txmode.offloads;
	port_descriptors(port, &rx, &tx);
	for (uint16_t q = 0; rc == 0 && q < port->tx_queues; q++)
		rc = rte_eth_tx_queue_setup(port->id, q, tx, (unsigned int)socket, &txconf);
	for (uint16_t q = 0; rc == 0 && q < port->rx_queues; q++)
		rc = rte_eth_rx_queue_setup(port->id, q, rx, (unsigned int)socket, &rxconf, tp_packet_pool());
	return rc;
}

static int port_configure(const struct tp_dataplane_spec *spec, struct tp_port *port, uint16_t queues, char *err, size_t err_len)
{
	struct tp_xdp_sockets before;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int rc = rte_eth_dev_info_get(port->id, &info);

	if (rc < 0)
		return port_fail(port, "read the capabilities", rc, err, err_len);
	port->rx_queues = RTE_MIN(queues, info.max_rx_queues);
	port->tx_queues = RTE_MIN(port->rx_queues, info.max_tx_queues);
	port_conf(port, &info, &conf);
	rc = rte_eth_dev_configure(port->id, port->rx_queues, port->tx_queues, &conf);
	if (rc < 0)
		return port_fail(port, "set the number of queues", rc, err, err_len);
	rc = tp_port_steer(spec, (unsigned int)(port - tp_ports), err, err_len);
	if (rc < 0)
		return rc;
	tp_xdp_sockets_find(&before);
	rc = port_setup_queues(port, &info, &conf);
	if (rc < 0) {
		tp_device_explain(&port->spec, tp_eal_said(), err, err_len);
		return rc;
	}
	tp_xdp_sockets_find_new(&before, &port_xdp[port - tp_ports]);
	port->rx_ip4_checksum = conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	port->rx_udp_checksum = conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	return 0;
}

/* ---- addresses -------------------------------------------------------------------------------------------------------------- */
void tp_port_link_local(const struct rte_ether_addr *mac, uint8_t addr[16])
{
	const uint8_t *m = mac->addr_bytes;
	const uint8_t identifier[8] = {m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};

	memset(addr, 0, 16);
	addr[0] = 0xfe;
	addr[1] = 0x80;
	memcpy(addr + 8, identifier, sizeof(identifier));
}

static void port_addresses(struct tp_port *port)
{
	port->accept_any = port->spec.n_addresses == 0;
	for (unsigned int i = 0; i < port->spec.n_addresses; i++) {
		const struct tp_address *a = &port->spec.addresses[i];

		if (a->family == 4)
			memcpy(&port->ip4[port->n_ip4++], a->addr, 4);
		else if (port->n_ip6 < TP_MAX_ADDRESSES)
			memcpy(port->ip6[port->n_ip6++], a->addr, 16);
	}
	if (!port->accept_any && port->n_ip6 < TP_MAX_ADDRESSES)
		tp_port_link_local(&port->mac, port->ip6[port->n_ip6++]);
}

/*
 * Neighbour solicitations come by multicast. The AF_XDP driver cannot ask for all of it, so the interface is asked; it keeps the flag
 * afterwards, which does no harm. Where it fails, the interface passes what it passes.
 */
static void port_accept_multicast(const struct tp_port *port)
{
	struct ifreq ifr = {0};
	int s;

	if (port->spec.type == TP_PORT_PCAP || port->n_ip6 == 0 || port->spec.shared_with_host)
		return;
	if (rte_eth_allmulticast_enable(port->id) == 0 || port->spec.type != TP_PORT_AF_XDP)
		return;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", port->spec.device);
	if (ioctl(s, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_ALLMULTI)) {
		ifr.ifr_flags |= IFF_ALLMULTI;
		(void)ioctl(s, SIOCSIFFLAGS, &ifr);
	}
	close(s);
}

/* ---- start and stop --------------------------------------------------------------------------------------------------------- */
int tp_port_start(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i, char *err, size_t err_len)
{
	struct tp_port *port = &tp_ports[i];
	char name[TP_DEVICE_NAME_MAX];
	int rc;

	memset(port, 0, sizeof(*port));
	port->spec = spec->ports[i];
	if (port->spec.type == TP_PORT_AF_XDP)
		port->ifindex = if_nametoindex(port->spec.device);
	tp_device_name(&port->spec, i, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, &port->id) != 0) {
		tp_device_explain(&port->spec, tp_eal_said(), err, err_len);
		return -ENODEV;
	}
	tp_port_by_id[port->id] = port;
	port_packets[i] = port->spec.pcap_repeat ? UINT64_MAX : host->packets[i];
	ports_count = i + 1;
	rc = port_configure(spec, port, tp_port_queues_wanted(spec, host, i), err, err_len);
	if (rc < 0)
		return rc;
	if (port->spec.mtu > 0 && (port->spec.type == TP_PORT_PCI || port->spec.type == TP_PORT_TAP))
		(void)rte_eth_dev_set_mtu(port->id, port->spec.mtu);
	rte_eth_macaddr_get(port->id, &port->mac);
	/* A port without addresses answers nobody, so nobody can know its MAC address: it takes what is there, as behind a mirror port. */
	port->mac_filter = spec->use_mac_filter && port->spec.type != TP_PORT_PCAP && port->spec.n_addresses > 0;
	port_addresses(port);
	rc = rte_eth_dev_start(port->id);
	if (rc < 0) {
		tp_device_explain(&port->spec, tp_eal_said(), err, err_len);
		return rc;
	}
	port_accept_multicast(port);
	if (port->accept_any && port->spec.type != TP_PORT_PCAP)
		(void)rte_eth_promiscuous_enable(port->id);
	return 0;
}

void tp_ports_stop(void)
{
	while (ports_count > 0) {
		struct tp_port *port = &tp_ports[--ports_count];

		tp_port_unsteer(ports_count); /* first: the driver would take off whatever program is there */
		rte_eth_dev_stop(port->id);
		rte_eth_dev_close(port->id);
		tp_port_by_id[port->id] = NULL;
	}
}

/* ---- statistics ------------------------------------------------------------------------------------------------------------- */
int tp_port_stats(unsigned int port, struct tp_port_stats *stats)
{
	struct rte_eth_stats eth;
	uint64_t missed;
	int rc;

	if (port >= ports_count)
		return -ENODEV;
	rc = rte_eth_stats_get(tp_ports[port].id, &eth);
	if (rc < 0)
		return rc;
	missed = eth.imissed;
	if (tp_ports[port].spec.type == TP_PORT_AF_XDP)
		missed = tp_xdp_sockets_missed(&port_xdp[port]);
	*stats = (struct tp_port_stats){
	        .received = eth.ipackets, .missed = missed, .errors = eth.ierrors, .no_mbuf = eth.rx_nombuf, .sent = eth.opackets};
	return tp_port_steer_counts(port, stats->guard);
}

bool tp_port_ended(unsigned int port)
{
	struct tp_port_stats s;

	if (port >= ports_count || tp_ports[port].spec.type != TP_PORT_PCAP || tp_port_stats(port, &s) != 0)
		return false;
	return s.received + s.no_mbuf + s.errors >= port_packets[port];
}

void tp_port_describe(unsigned int port, char *text, size_t len)
{
	static const char *const types[] = {[TP_PORT_PCI] = "PCI device",
	        [TP_PORT_AF_XDP] = "AF_XDP on interface",
	        [TP_PORT_TAP] = "TAP interface",
	        [TP_PORT_MEMIF] = "memif socket",
	        [TP_PORT_PCAP] = "capture file"};
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	const struct tp_port *p = &tp_ports[port];

	if (port >= ports_count) {
		snprintf(text, len, "no such port");
		return;
	}
	rte_ether_format_addr(mac, sizeof(mac), &p->mac);
	snprintf(text, len, "%s %s %s, %u receive queue%s%s%s", mac, types[p->spec.type], p->spec.device, p->rx_queues,
	        p->rx_queues == 1 ? "" : "s", *tp_port_steer_mode(port) ? ", " : "", tp_port_steer_mode(port));
}
