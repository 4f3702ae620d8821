/* SPDX-License-Identifier: BSD-3-Clause */
/* ports: how they are and what went through them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define PORTS_XSTATS 1024

static const struct api_column ports_columns[] = {{"port", "port", TP_UNIT_TEXT}, {"type", "type", TP_UNIT_TEXT},
        {"device", "device", TP_UNIT_TEXT}, {"link", "link", TP_UNIT_TEXT}, {"mac", "MAC", TP_UNIT_TEXT},
        {"mtu", "MTU", TP_UNIT_COUNT}, {"rx_queues", "queues", TP_UNIT_COUNT}, {"received", "received", TP_UNIT_COUNT},
        {"rate", "packets/s", TP_UNIT_RATE}, {"missed", "missed", TP_UNIT_COUNT}, {"no_mbuf", "no buffer", TP_UNIT_COUNT},
        {"errors", "broken", TP_UNIT_COUNT}, {"sent", "sent", TP_UNIT_COUNT}, {"addresses", "addresses", TP_UNIT_TEXT}};

static const struct api_column ports_rate_columns[] = {{"port", "port", TP_UNIT_TEXT}, {"rate", "packets/s", TP_UNIT_RATE},
        {"missed_rate", "missed/s", TP_UNIT_RATE}, {"received", "received", TP_UNIT_COUNT}, {"missed", "missed", TP_UNIT_COUNT},
        {"no_mbuf", "no buffer", TP_UNIT_COUNT}, {"errors", "broken", TP_UNIT_COUNT}, {"sent", "sent", TP_UNIT_COUNT}};

static const struct api_column ports_xstat_columns[] = {
        {"port", "port", TP_UNIT_TEXT}, {"counter", "counter", TP_UNIT_TEXT}, {"count", "count", TP_UNIT_COUNT}};

static const char *const ports_types[] = {[TP_PORT_PCI] = "pci",
        [TP_PORT_AF_XDP] = "af_xdp",
        [TP_PORT_TAP] = "tap",
        [TP_PORT_MEMIF] = "memif",
        [TP_PORT_PCAP] = "pcap"};

static json_t *ports_counters(const struct tp_sample *sample, unsigned int i)
{
	const struct tp_port_stats *before = &sample->before.port[i];
	struct tp_port_stats now = sample->now.port[i];

	return json_pack("{s:s, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "port", api_view()->conf->dataplane.ports[i].name, "rate",
	        tp_sample_rate(sample, now.received, before->received), "missed_rate",
	        tp_sample_rate(sample, now.missed, before->missed), "received", api_json_count(now.received), "missed",
	        api_json_count(now.missed), "no_mbuf", api_json_count(now.no_mbuf), "errors", api_json_count(now.errors), "sent",
	        api_json_count(now.sent));
}

json_t *api_ports_rates(const struct tp_sample *sample)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < sample->now.n_ports && i < api_view()->conf->dataplane.n_ports; i++)
		json_array_append_new(rows, ports_counters(sample, i));
	return rows;
}

void api_show_ports_rates(json_t *show)
{
	api_show_table(show, "ports", "ports", API_COLUMNS(ports_rate_columns));
}

static json_t *ports_addresses(const struct tp_port_spec *port)
{
	char text[TP_MAX_ADDRESSES * (INET6_ADDRSTRLEN + 1)] = "any", one[INET6_ADDRSTRLEN];
	size_t used = 0;

	for (unsigned int i = 0; i < port->n_addresses; i++) {
		inet_ntop(port->addresses[i].family == 4 ? AF_INET : AF_INET6, port->addresses[i].addr, one, sizeof(one));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", one);
	}
	return json_string(text);
}

static void ports_look(json_t *row, unsigned int i)
{
	const struct tp_port_spec *port = &api_view()->conf->dataplane.ports[i];
	struct tp_port_look look;
	char mac[18], link[32];

	json_object_set_new(row, "type", json_string(ports_types[port->type]));
	json_object_set_new(row, "device", api_json_text(port->device, strlen(port->device)));
	json_object_set_new(row, "addresses", ports_addresses(port));
	if (tp_port_look(i, &look))
		return;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", look.mac[0], look.mac[1], look.mac[2], look.mac[3], look.mac[4],
	        look.mac[5]);
	snprintf(link, sizeof(link), look.mbit ? "up, %u Mbit/s" : "up", look.mbit);
	json_object_set_new(row, "mac", json_string(mac));
	json_object_set_new(row, "up", json_boolean(look.link == TP_LINK_UP));
	json_object_set_new(row, "mbit", json_integer(look.mbit));
	json_object_set_new(row, "link", json_string(look.link == TP_LINK_UP ? link : tp_link_names[look.link]));
	json_object_set_new(row, "mtu", json_integer(look.mtu));
	json_object_set_new(row, "driver", json_string(look.driver));
	json_object_set_new(row, "rx_queues", json_integer(look.rx_queues));
	json_object_set_new(row, "tx_queues", json_integer(look.tx_queues));
}

static void ports_xstats(json_t *rows, unsigned int i)
{
	struct tp_port_xstat *stats = calloc(PORTS_XSTATS, sizeof(*stats));
	int n = stats ? tp_port_xstats(i, stats, PORTS_XSTATS) : 0;

	for (int k = 0; k < n && k < PORTS_XSTATS; k++)
		if (stats[k].value)
			json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "port", api_view()->conf->dataplane.ports[i].name,
			                                    "counter", stats[k].name, "count", api_json_count(stats[k].value)));
	free(stats);
}

/* A port that was asked for by name and is not there. */
static bool ports_unknown(const struct tp_sample *sample, const char *name)
{
	for (unsigned int i = 0; name && i < sample->now.n_ports; i++)
		if (strcmp(api_view()->conf->dataplane.ports[i].name, name) == 0)
			return false;
	return name != NULL;
}

void api_ports(struct api_request *r)
{
	const struct tp_sample *sample = tp_sample();
	const char *name = api_text(r, "port");
	json_t *data, *rows, *xstats, *show;

	if (ports_unknown(sample, name)) {
		api_failf(r, API_UNKNOWN, "port: found '%s', expected a port of the configuration", name);
		return;
	}
	rows = json_array();
	xstats = json_array();
	for (unsigned int i = 0; i < sample->now.n_ports; i++) {
		json_t *row;

		if (name && strcmp(api_view()->conf->dataplane.ports[i].name, name) != 0)
			continue;
		row = ports_counters(sample, i);
		ports_look(row, i);
		json_array_append_new(rows, row);
		if (api_flag(r, "xstats"))
			ports_xstats(xstats, i);
	}
	data = json_pack("{s:o}", "ports", rows);
	show = api_show();
	api_show_table(show, "ports", NULL, API_COLUMNS(ports_columns));
	if (api_flag(r, "xstats")) {
		json_object_set(data, "xstats", xstats);
		api_show_table(show, "xstats", "counters of the drivers that are not 0", API_COLUMNS(ports_xstat_columns));
	}
	json_decref(xstats);
	api_answer(r, data, show);
}
