/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the machine says about the devices of the configuration. DPDK's drivers answer a missing interface or an unreadable file with a
 * log line and no port; so everything that can be known is asked of the kernel first, and the user gets a sentence that says what to do.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "setup.h"

/* An ioctl on a network interface. Returns 0 or a negative errno. */
static int host_interface_ioctl(const char *interface, unsigned long request, struct ifreq *ifr)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (s < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", interface);
	rc = ioctl(s, request, ifr) < 0 ? -errno : 0;
	close(s);
	return rc;
}

/*
 * Receive queues that carry packets now: what ethtool calls combined channels; an interface without channels has one queue. *alone:
 * queues that receive and have no transmit queue to go with them. The AF_XDP driver can take one of those where there is nothing else.
 */
static uint16_t host_channels(const char *interface, uint32_t *alone)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifr = {.ifr_data = (void *)&channels};

	*alone = 0;
	if (host_interface_ioctl(interface, SIOCETHTOOL, &ifr) != 0)
		return 1;
	*alone = channels.rx_count;
	return channels.combined_count ? (uint16_t)channels.combined_count : 1;
}

enum tp_link_state tp_host_link(const char *interface, unsigned int ifindex)
{
	struct ifreq ifr = {0};

	if (if_nametoindex(interface) != ifindex || host_interface_ioctl(interface, SIOCGIFFLAGS, &ifr) != 0)
		return TP_LINK_GONE;
	return (ifr.ifr_flags & IFF_UP) && (ifr.ifr_flags & IFF_RUNNING) ? TP_LINK_UP : TP_LINK_DOWN;
}

/* What the driver would lose without a word: packets in queues that it cannot open, and frames that its buffers cannot hold. */
static int host_check_af_xdp_fit(const struct tp_port_spec *port, uint32_t alone, char *err, size_t err_len)
{
	struct ifreq ifr = {0};
	int most = (int)tp_pool_xdp_mtu();

	if (alone > 1)
		return tp_setup_fail(err, err_len, EINVAL,
		        "port '%s': interface '%s' has %u receive queues that are not combined channels, and an AF_XDP port can "
		        "take one; leave one with 'ethtool -L %s rx 1' (of a veth pair also 'tx 1' at the other end)",
		        port->name, port->device, alone, port->device);
	if (host_interface_ioctl(port->device, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu > most)
		return tp_setup_fail(err, err_len, EMSGSIZE,
		        "port '%s': interface '%s' has an MTU of %d octets, and an AF_XDP port takes at most %d; set it with 'ip "
		        "link set %s mtu %d'",
		        port->name, port->device, ifr.ifr_mtu, most, port->device, most);
	return 0;
}

static int host_check_af_xdp(const struct tp_port_spec *port, uint16_t *channels, char *err, size_t err_len)
{
	struct ifreq ifr = {0};
	uint32_t alone;
	int s;

	if (strlen(port->device) >= IFNAMSIZ || if_nametoindex(port->device) == 0)
		return tp_setup_fail(err, err_len, ENODEV,
		        "port '%s': there is no network interface '%s'; 'ip link' lists those there are", port->name, port->device);
	if (host_interface_ioctl(port->device, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_UP))
		return tp_setup_fail(err, err_len, ENETDOWN,
		        "port '%s': interface '%s' is down; bring it up with 'ip link set %s up'", port->name, port->device,
		        port->device);
	s = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s < 0 && (errno == EPERM || errno == EACCES))
		return tp_setup_fail(err, err_len, EPERM,
		        "port '%s': no permission to open AF_XDP sockets; run as root or with the capabilities CAP_NET_ADMIN, "
		        "CAP_NET_RAW, "
		        "CAP_BPF, CAP_IPC_LOCK and CAP_SYS_ADMIN",
		        port->name);
	if (s < 0)
		return tp_setup_fail(err, err_len, errno,
		        "port '%s': this kernel has no AF_XDP sockets (%s); use a port of another type", port->name,
		        strerror(errno));
	close(s);
	*channels = host_channels(port->device, &alone);
	if (port->queues > *channels)
		return tp_setup_fail(err, err_len, EINVAL,
		        "port '%s': %u queues are asked for, but interface '%s' has %u; add some with 'ethtool -L %s combined %u' "
		        "or ask for "
		        "fewer",
		        port->name, port->queues, port->device, *channels, port->device, port->queues);
	return host_check_af_xdp_fit(port, alone, err, err_len);
}

/* Reads the file to its end: a capture that is cut off is refused here, since the driver would report an error for ever at its end. */
static int host_check_pcap(const struct tp_port_spec *port, uint64_t *packets, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *pcap;
	int rc, link;

	if (access(port->device, R_OK) != 0)
		return tp_setup_fail(err, err_len, errno, "port '%s': cannot read capture file '%s': %s", port->name, port->device,
		        strerror(errno));
	pcap = pcap_open_offline(port->device, why);
	if (pcap == NULL)
		return tp_setup_fail(
		        err, err_len, EINVAL, "port '%s': '%s' is not a packet capture: %s", port->name, port->device, why);
	*packets = 0;
	while ((rc = pcap_next_ex(pcap, &header, &data)) == 1)
		++*packets;
	link = pcap_datalink(pcap);
	if (rc == PCAP_ERROR)
		rc = tp_setup_fail(err, err_len, EINVAL, "port '%s': capture file '%s' is damaged behind packet %llu: %s",
		        port->name, port->device, (unsigned long long)*packets, pcap_geterr(pcap));
	else if (link != DLT_EN10MB)
		rc = tp_setup_fail(err, err_len, EINVAL,
		        "port '%s': capture file '%s' holds frames of link type %s, expected Ethernet", port->name, port->device,
		        pcap_datalink_val_to_name(link) ? pcap_datalink_val_to_name(link) : "unknown");
	else if (*packets == 0 && port->pcap_repeat)
		rc = tp_setup_fail(
		        err, err_len, EINVAL, "port '%s': capture file '%s' holds no packet to repeat", port->name, port->device);
	else
		rc = 0;
	pcap_close(pcap);
	return rc;
}

/* Drivers with which a device can stay bound to its kernel driver, and those that hand it to user space. */
static bool host_pci_driver_fits(const char *driver)
{
	static const char *const fits[] = {"vfio-pci", "uio_pci_generic", "igb_uio", "mlx4_core", "mlx5_core"};

	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		if (strcmp(driver, fits[i]) == 0)
			return true;
	}
	return false;
}

static int host_check_pci(const struct tp_port_spec *port, char *err, size_t err_len)
{
	char name[TP_DEVICE_NAME_MAX], path[128], target[256];
	const char *driver;
	ssize_t n;

	tp_device_name(port, 0, name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	if (strchr(name, '/') || access(path, F_OK) != 0)
		return tp_setup_fail(err, err_len, ENODEV,
		        "port '%s': there is no PCI device '%s'; 'lspci -D' lists those there are", port->name, port->device);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	driver = strrchr(target, '/') ? strrchr(target, '/') + 1 : "";
	if (host_pci_driver_fits(driver))
		return 0;
	return tp_setup_fail(err, err_len, EBUSY,
	        "port '%s': PCI device '%s' is bound to %s%s%s, expected vfio-pci; bind it with 'dpdk-devbind.py --bind=vfio-pci "
	        "%s'",
	        port->name, port->device, *driver ? "driver '" : "no driver", driver, *driver ? "'" : "", name);
}

static int host_check_tap(const struct tp_port_spec *port, char *err, size_t err_len)
{
	if (strlen(port->device) >= IFNAMSIZ)
		return tp_setup_fail(err, err_len, EINVAL,
		        "port '%s': interface name '%s' is too long, expected at most %d characters", port->name, port->device,
		        IFNAMSIZ - 1);
	if (access("/dev/net/tun", R_OK | W_OK) != 0 || geteuid() != 0)
		return tp_setup_fail(err, err_len, EPERM, "port '%s': no permission to create TAP interface '%s'; run as root",
		        port->name, port->device);
	return 0;
}

static int host_check_memif(const struct tp_port_spec *port, char *err, size_t err_len)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	if (strlen(port->device) >= sizeof(folder))
		return tp_setup_fail(err, err_len, ENAMETOOLONG,
		        "port '%s': socket path '%s' is too long, expected at most %zu characters", port->name, port->device,
		        sizeof(folder) - 1);
	snprintf(folder, sizeof(folder), "%s", port->device);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return tp_setup_fail(err, err_len, EINVAL, "port '%s': socket path '%s' is not absolute", port->name, port->device);
	slash[slash == folder] = '\0';
	if (access(folder, W_OK | X_OK) != 0)
		return tp_setup_fail(err, err_len, errno, "port '%s': the folder of socket '%s' cannot be used: %s", port->name,
		        port->device, strerror(errno));
	return 0;
}

/* Commas and white space separate arguments in a device string and cannot be escaped. */
static int host_check_text(const struct tp_port_spec *port, char *err, size_t err_len)
{
	if (port->device == NULL || *port->device == '\0')
		return tp_setup_fail(err, err_len, EINVAL, "port '%s': it has no device", port->name);
	if (strpbrk(port->device, ",\t\n \"'[]"))
		return tp_setup_fail(err, err_len, EINVAL,
		        "port '%s': device '%s' has a comma, quote, bracket or white space in its name, which DPDK cannot take; "
		        "use another name or "
		        "a link",
		        port->name, port->device);
	return 0;
}

static int host_check_port(const struct tp_port_spec *port, uint16_t *channels, uint64_t *packets, char *err, size_t err_len)
{
	int rc = host_check_text(port, err, err_len);

	if (rc < 0)
		return rc;
	switch (port->type) {
	case TP_PORT_PCI:
		return host_check_pci(port, err, err_len);
	case TP_PORT_AF_XDP:
		return host_check_af_xdp(port, channels, err, err_len);
	case TP_PORT_TAP:
		return host_check_tap(port, err, err_len);
	case TP_PORT_MEMIF:
		return host_check_memif(port, err, err_len);
	case TP_PORT_PCAP:
		return host_check_pcap(port, packets, err, err_len);
	}
	return tp_setup_fail(err, err_len, EINVAL, "port '%s': its type is unknown", port->name);
}

/*
 * A CPU that is isolated from the scheduler (isolcpus) is in no mask that a process is born with, yet a thread may ask for it; only a cpuset keeps
 * a process off a CPU. So a CPU outside of the mask is tried.
 */
static bool host_may_run_on(int cpu, const cpu_set_t *born)
{
	cpu_set_t one;

	if (cpu >= CPU_SETSIZE)
		return false;
	if (CPU_ISSET(cpu, born))
		return true;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		return false;
	sched_setaffinity(0, sizeof(*born), born);
	return true;
}

static int host_check_cpus(const struct tp_dataplane_spec *spec, const struct tp_host *host, char *err, size_t err_len)
{
	for (unsigned int i = 0; spec->worker_cpus && i < spec->n_workers; i++) {
		int cpu = spec->worker_cpus[i];

		if (cpu >= 0 && !host_may_run_on(cpu, &host->cpus))
			return tp_setup_fail(
			        err, err_len, EINVAL, "worker %u: CPU %d is not among the CPUs this process may run on", i, cpu);
	}
	if (spec->control_cpu >= 0 && !host_may_run_on(spec->control_cpu, &host->cpus))
		return tp_setup_fail(
		        err, err_len, EINVAL, "control: CPU %d is not among the CPUs this process may run on", spec->control_cpu);
	return 0;
}

int tp_host_read(const struct tp_dataplane_spec *spec, struct tp_host *host, char *err, size_t err_len)
{
	int rc;

	memset(host, 0, sizeof(*host));
	host->root = geteuid() == 0;
	if (spec->n_ports > TP_MAX_PORTS || spec->n_workers == 0 || spec->n_workers > TP_MAX_WORKERS)
		return tp_setup_fail(err, err_len, EINVAL, "%u ports and %u workers: expected at most %d ports and 1 to %d workers",
		        spec->n_ports, spec->n_workers, TP_MAX_PORTS, TP_MAX_WORKERS);
	if (sched_getaffinity(0, sizeof(host->cpus), &host->cpus) != 0)
		return tp_setup_fail(err, err_len, errno, "cannot read the CPUs this process may run on: %s", strerror(errno));
	rc = host_check_cpus(spec, host, err, err_len);
	for (unsigned int i = 0; rc == 0 && i < spec->n_ports; i++)
		rc = host_check_port(&spec->ports[i], &host->channels[i], &host->packets[i], err, err_len);
	return rc;
}

/*
 * The socket a server will listen on. One that a killed process left behind would keep the driver from starting for ever: it is removed,
 * when nobody answers on it.
 */
static int host_claim_memif(const struct tp_port_spec *port, char *err, size_t err_len)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;
	int s, rc;

	if (lstat(port->device, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return tp_setup_fail(
		        err, err_len, EEXIST, "port '%s': '%s' is there already and is no socket", port->name, port->device);
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s < 0)
		return tp_setup_fail(err, err_len, errno, "port '%s': no socket: %s", port->name, strerror(errno));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", port->device);
	rc = connect(s, (const struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : errno;
	close(s);
	if (rc == ECONNREFUSED && unlink(port->device) == 0)
		return 0;
	return tp_setup_fail(err, err_len, rc ? rc : EADDRINUSE, "port '%s': socket '%s' cannot be used: %s", port->name,
	        port->device, rc ? strerror(rc) : "another process listens on it");
}

int tp_host_claim(const struct tp_dataplane_spec *spec, char *err, size_t err_len)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < spec->n_ports; i++) {
		if (spec->ports[i].type == TP_PORT_MEMIF && spec->ports[i].memif_server)
			rc = host_claim_memif(&spec->ports[i], err, err_len);
	}
	return rc;
}
