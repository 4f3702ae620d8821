/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers, memory and ports: from the options to struct tp_dataplane_spec.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"

static void dataplane_check_cpu(struct conf_build *b, uint32_t i, int cpus)
{
	const struct conf_workers *w = &b->raw->workers;
	const char *path = CONF_PATH("workers.cpus[%u]", i);

	if (w->cpus[i] >= cpus)
		conf_mistake_at(b->doc, path, "found %d, expected a CPU of this machine, 0 to %d", w->cpus[i], cpus - 1);
	for (uint32_t j = 0; j < i; j++)
		if (w->cpus[i] == w->cpus[j])
			conf_mistake_at(b->doc, path, "found %d, which workers.cpus[%u] has already", w->cpus[i], j);
}

static int dataplane_workers(struct conf_build *b)
{
	const struct conf_workers *w = &b->raw->workers;
	struct tp_dataplane_spec *d = &b->conf->dataplane;
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF), *cpu;

	d->n_workers = w->count ? w->count : w->cpus_count ? w->cpus_count : 1;
	if (w->cpus_count && w->cpus_count != d->n_workers)
		conf_mistake_at(b->doc, "workers.cpus", "found %u CPUs, expected one for each of the %u workers", w->cpus_count,
		        d->n_workers);
	if (d->n_workers > TP_MAX_WORKERS)
		conf_mistake_at(b->doc, "workers.cpus", "found %u CPUs, expected at most %d", w->cpus_count, TP_MAX_WORKERS);
	if (w->control_cpu >= cpus)
		conf_mistake_at(b->doc, "workers.control_cpu", "found %d, expected a CPU of this machine, 0 to %d, or -1",
		        w->control_cpu, cpus - 1);
	cpu = conf_alloc(b->owned, d->n_workers, sizeof(*cpu));
	if (!cpu)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->cpus_count; i++)
		dataplane_check_cpu(b, i, cpus);
	for (uint32_t i = 0; i < d->n_workers; i++)
		cpu[i] = i < w->cpus_count ? w->cpus[i] : -1;
	d->worker_cpus = cpu;
	d->control_cpu = w->control_cpu;
	d->idle_sleep_us = w->idle_sleep_us;
	d->arena_bytes = w->arena_bytes;
	return 0;
}

static void dataplane_memory(struct conf_build *b)
{
	static const char *const levels[] = {
	        [CONF_LOG_ERROR] = "error", [CONF_LOG_WARNING] = "warning", [CONF_LOG_INFO] = "info", [CONF_LOG_DEBUG] = "debug"};
	const struct conf_memory *m = &b->raw->memory;
	struct tp_dataplane_spec *d = &b->conf->dataplane;

	b->conf->hugepages_auto = m->hugepages == CONF_HUGEPAGES_AUTO;
	d->hugepages = m->hugepages == CONF_HUGEPAGES_TRUE;
	d->memory_mb = m->total_mb;
	d->mbufs = m->mbufs;
	d->batch_bytes = m->batch_bytes;
	d->batches = m->batches;
	d->fragment_datagrams = m->fragment_datagrams;
	d->fragment_packets = m->fragment_packets;
	d->fragment_timeout_ms = m->fragment_timeout_ms;
	b->conf->name = b->raw->name;
	d->file_prefix = b->raw->name;
	d->eal_log_level = levels[b->raw->log.dpdk];
	d->use_mac_filter = true;
	if (strspn(b->raw->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(b->raw->name))
		conf_mistake_at(b->doc, "name", "found '%s', expected letters, digits, '-', '_' and '.'", b->raw->name);
}

/* ---- ports ----------------------------------------------------------------------------------------------------------------------- */
static bool dataplane_is_pci(const char *text)
{
	unsigned int domain, bus, device, function;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4)
		return false;
	return text[end] == '\0' && strlen(text) == strlen("0000:03:00.0") && device < 32 && function < 8;
}

static int dataplane_device(struct conf_build *b, unsigned int i, struct tp_port_spec *port)
{
	const char *device = b->raw->ports[i].device, *path = CONF_PATH("ports[%u].device", i);

	port->device = device;
	switch (port->type) {
	case TP_PORT_PCI:
		if (!dataplane_is_pci(device))
			conf_mistake_at(b->doc, path, "found '%s', expected a PCI address like 0000:03:00.0", device);
		break;
	case TP_PORT_AF_XDP:
	case TP_PORT_TAP:
		if (strlen(device) >= IF_NAMESIZE || strpbrk(device, "/ ,=:"))
			conf_mistake_at(b->doc, path, "found '%s', expected the name of an interface, at most %d letters", device,
			        IF_NAMESIZE - 1);
		break;
	case TP_PORT_MEMIF:
	case TP_PORT_PCAP:
		port->device = conf_file_path(b->owned, device);
		if (port->device && strchr(port->device, ','))
			conf_mistake_at(b->doc, path, "found '%s', expected a path without a comma", port->device);
		break;
	}
	return port->device ? 0 : -ENOMEM;
}

static bool dataplane_is_unicast(uint8_t family, const uint8_t *addr)
{
	static const uint8_t none[16];

	if (family == 4)
		return addr[0] != 0 && addr[0] < 224 && addr[0] != 127;
	return family == 6 && addr[0] != 0xff && memcmp(addr, none, 16) != 0;
}

static void dataplane_addresses(struct conf_build *b, unsigned int i, struct tp_port_spec *port)
{
	const struct conf_port *raw = &b->raw->ports[i];

	if (raw->addresses_count > TP_MAX_ADDRESSES) {
		conf_mistake_at(b->doc, CONF_PATH("ports[%u].addresses", i), "found %u addresses, expected at most %d",
		        raw->addresses_count, TP_MAX_ADDRESSES);
		return;
	}
	for (uint32_t k = 0; k < raw->addresses_count; k++) {
		struct tp_address *a = &port->addresses[k];
		const char *path = CONF_PATH("ports[%u].addresses[%u]", i, k);

		a->family = conf_address(raw->addresses[k], a->addr);
		if (!dataplane_is_unicast(a->family, a->addr))
			conf_mistake_at(
			        b->doc, path, "found '%s', expected an IPv4 or IPv6 address of one host", raw->addresses[k]);
		for (uint32_t j = 0; j < k; j++)
			if (memcmp(a, &port->addresses[j], sizeof(*a)) == 0)
				conf_mistake_at(b->doc, path, "found '%s', which addresses[%u] has already", raw->addresses[k], j);
	}
	port->n_addresses = raw->addresses_count;
}

static void dataplane_port_alone(struct conf_build *b, unsigned int i)
{
	const struct conf_port *port = &b->raw->ports[i];

	if (port->memif_server && port->type != TP_PORT_MEMIF)
		conf_mistake_at(b->doc, CONF_PATH("ports[%u].memif_server", i), "found true, expected it for type memif only");
	if (port->repeat && port->type != TP_PORT_PCAP)
		conf_mistake_at(b->doc, CONF_PATH("ports[%u].repeat", i), "found true, expected it for type pcap only");
	if (port->shared_with_host && port->type != TP_PORT_AF_XDP)
		conf_mistake_at(b->doc, CONF_PATH("ports[%u].shared_with_host", i), "found true, expected it for type af_xdp only");
	else if (port->shared_with_host && port->addresses_count == 0)
		conf_mistake_at(b->doc, CONF_PATH("ports[%u].shared_with_host", i),
		        "found true, expected addresses too: those of the host that listeners are reached at");
	for (unsigned int j = 0; j < i; j++) {
		const struct conf_port *other = &b->raw->ports[j];

		if (strcmp(port->name, other->name) == 0)
			conf_mistake_at(
			        b->doc, CONF_PATH("ports[%u].name", i), "found '%s', which ports[%u] has already", port->name, j);
		if (port->type == other->type && strcmp(port->device, other->device) == 0)
			conf_mistake_at(b->doc, CONF_PATH("ports[%u].device", i), "found '%s', which ports[%u] has already",
			        port->device, j);
	}
}

static int dataplane_port(struct conf_build *b, unsigned int i, struct tp_port_spec *port)
{
	const struct conf_port *raw = &b->raw->ports[i];
	int ret;

	port->name = raw->name;
	port->type = (enum tp_port_type)raw->type;
	port->memif_server = raw->memif_server;
	port->pcap_repeat = raw->repeat;
	port->shared_with_host = raw->shared_with_host;
	port->queues = (uint16_t)raw->queues;
	port->rx_descriptors = (uint16_t)raw->rx_descriptors;
	port->tx_descriptors = (uint16_t)raw->tx_descriptors;
	port->mtu = (uint16_t)raw->mtu;
	ret = dataplane_device(b, i, port);
	dataplane_addresses(b, i, port);
	dataplane_port_alone(b, i);
	return ret;
}

int conf_build_dataplane(struct conf_build *b)
{
	struct tp_port_spec *ports = conf_alloc(b->owned, b->raw->ports_count, sizeof(*ports));
	int ret = ports ? dataplane_workers(b) : -ENOMEM;

	dataplane_memory(b);
	for (unsigned int i = 0; i < b->raw->ports_count && ret == 0; i++)
		ret = dataplane_port(b, i, &ports[i]);
	b->conf->dataplane.ports = ports;
	b->conf->dataplane.n_ports = b->raw->ports_count;
	return ret;
}
