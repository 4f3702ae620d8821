/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>

#include "daemon.h"
#include "log.h"
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

		if (l->family)
			inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->addr, text, sizeof(text));
		tp_log("listener %s: UDP port %u on %s, %s, %u prefixes, unknown senders are %s", l->name, l->port, text,
		        l->decoder->name, announce_prefixes(spec, i), l->unknown_source ? "accepted" : "refused");
	}
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
	announce_listeners(d->spec);
	announce_topics(d->spec);
	tp_log("%u workers, %u sources, sink %s, %.0f MiB of %s", tp_workers_count(), d->spec->n_sources - 1, d->ops->name,
	        (double)tp_dataplane_memory(dp) / (1024 * 1024), dp->hugepages ? "hugepages" : "ordinary memory");
}
