/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>

#include "daemon.h"
#include "local_ports.h"
#include "tls.h"
#include "tp_log.h"
#include "tp_worker.h"

static void announce_ports(const struct tp_daemon *d)
{
	for (unsigned int i = 0; i < d->conf.dataplane.n_ports; i++) {
		const struct tp_port_spec *port = &d->conf.dataplane.ports[i];
		char what[256], addresses[TP_MAX_ADDRESSES * (INET6_ADDRSTRLEN + 1)] = "";
		size_t used = 0;

		tp_port_describe(i, what, sizeof(what));
		for (unsigned int a = 0; a < port->n_addresses; a++) {
			char text[INET6_ADDRSTRLEN];

			inet_ntop(port->addresses[a].family == 4 ? AF_INET : AF_INET6, port->addresses[a].addr, text, sizeof(text));
			used += (size_t)snprintf(addresses + used, sizeof(addresses) - used, " %s", text);
		}
		tp_log("port %s: %s, addresses:%s", port->name, what, port->n_addresses ? addresses : " any");
	}
}

static unsigned int announce_prefixes(const struct tp_plan_spec *spec, unsigned int listener)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spec->n_prefixes; i++)
		n += spec->prefixes[i].listener == listener;
	return n;
}

static void announce_listeners(const struct tp_plan_spec *spec)
{
	for (unsigned int i = 0; i < spec->n_listeners; i++) {
		const struct tp_listener *l = &spec->listeners[i];
		char text[INET6_ADDRSTRLEN] = "any address";

		if (l->port == 0) /* of an MQTT route */
			continue;
		if (l->family)
			inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->addr, text, sizeof(text));
		tp_log("listener %s: UDP port %u on %s, %s, %u prefixes, unknown senders are %s", l->name, l->port, text,
		        l->decoder->name, announce_prefixes(spec, i), l->unknown_source ? "accepted" : "refused");
	}
}

static unsigned int announce_names(const struct tp_plan_spec *spec, unsigned int listener)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spec->n_mqtt_names; i++)
		n += spec->mqtt_names[i].listener == listener;
	return n;
}

static void announce_mqtt(const struct tp_daemon *d)
{
	static const char *const identities[] = {[TP_MQTT_IDENTITY_CLIENT_ID] = "client identifiers",
	        [TP_MQTT_IDENTITY_USER] = "users",
	        [TP_MQTT_IDENTITY_CERTIFICATE] = "certificates"};

	for (unsigned int i = 0; i < d->spec->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &d->spec->mqtt_listeners[i];
		char text[INET6_ADDRSTRLEN] = "any address";

		if (l->family)
			inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->addr, text, sizeof(text));
		tp_log("MQTT listener %s: TCP port %u on %s, %s, versions%s%s%s, %u routes, other topics are %s", l->name, l->port,
		        text, l->tls ? "TLS" : "plain", l->versions & TP_MQTT_3_1 ? " 3.1" : "",
		        l->versions & TP_MQTT_3_1_1 ? " 3.1.1" : "", l->versions & TP_MQTT_5 ? " 5" : "", l->n_routes,
		        l->unmapped < 0 ? "refused" : "kept raw");
		tp_log("MQTT listener %s: devices by %s, %u names, unknown devices are %s, %s%s, packets up to %u octets", l->name,
		        identities[l->identity], announce_names(d->spec, i), l->unknown_source ? "accepted" : "refused",
		        l->check_users ? "users are checked" : "users are not checked",
		        l->anonymous ? ", anonymous clients are accepted" : "", l->max_packet);
	}
}

/* What is reserved for connections, which is none where nothing listens. */
static void announce_budgets(const struct tp_dataplane_spec *dp)
{
	const struct tp_tcp_budget *tcp = &dp->tcp;
	const struct tp_mqtt_budget *mqtt = &dp->mqtt;
	uint64_t per_connection, all = tp_workers_mqtt_memory(dp, &per_connection);

	if (tcp->connections == 0)
		return;
	tp_log("TCP, a worker: %u connections, %u half open, %u in TIME-WAIT, %u chunks", tcp->connections, tcp->half_open,
	        tcp->time_wait, tcp->chunks);
	tp_log("TCP, a connection: window %u octets, %u octets and %u gaps out of order, %u octets to send", tcp->receive_window,
	        tcp->reassembly_octets, tcp->reassembly_gaps, tcp->send_octets);
	tp_log("MQTT, a worker: %u client identifiers with a window of %u messages, %u messages without acknowledgement, %.1f MiB "
	       "for packets in pieces, %u prefixes",
	        mqtt->clients, mqtt->window, mqtt->waiters, (double)mqtt->assembly_octets / (1024 * 1024), mqtt->prefixes);
	tp_log("TCP and MQTT, all workers: %.1f MiB, %llu octets for a connection that is idle and plain",
	        (double)all / (1024 * 1024), (unsigned long long)per_connection);
}

/* OpenSSL takes its memory when a connection comes, so it is told, but not reserved. */
static void announce_tls(const struct tp_plan_spec *spec, const struct tp_dataplane_spec *dp)
{
	uint32_t n = tp_daemon_tls_connections(spec, dp);

	if (n)
		tp_log("TLS, a worker: up to %u connections (tls.connections), %.1f MiB of memory that is not reserved: %u octets "
		       "for "
		       "one that is idle, up to %u more while its handshake is under way",
		        n, (double)n * TLS_IDLE_OCTETS / (1024 * 1024), TLS_IDLE_OCTETS, TLS_KEPT_MAX);
}

static void announce_topics(const struct tp_plan_spec *spec)
{
	for (unsigned int i = 0; i < spec->n_topics; i++) {
		const struct tp_topic *t = &spec->topics[i];

		if (t->encoding == TP_ENCODING_AVRO)
			tp_log("topic %s: %s, Avro, schema id %u%s", t->name, tp_schema_of_kind[t->kind].name, t->schema_id,
			        t->keep_payload ? ", with payload" : "");
		else
			tp_log("topic %s: %s, JSON%s", t->name, tp_schema_of_kind[t->kind].name,
			        t->keep_payload ? ", with payload" : "");
	}
}

void tp_daemon_announce(const struct tp_daemon *d)
{
	const struct tp_dataplane_spec *dp = &d->conf.dataplane;

	announce_ports(d);
	tp_local_ports_warn(&d->now->conf);
	announce_listeners(d->spec);
	announce_mqtt(d);
	announce_topics(d->spec);
	announce_budgets(dp);
	announce_tls(d->spec, dp);
	tp_log("%u workers, %u sources, sink %s, %.0f MiB of %s", tp_workers_count(), d->spec->n_sources - 1, d->ops->name,
	        (double)tp_dataplane_memory(dp) / (1024 * 1024), dp->hugepages ? "hugepages" : "ordinary memory");
}
