/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_XDP: the XDP program that says which packets of an interface are the appliance's. It is there before the sockets are, and leaves everything to the
 * kernel until the first rules come.
 */
#include <errno.h>
#include <string.h>

#include "setup.h"

static struct tp_xdp_guard *steer_guard[TP_MAX_PORTS];

int tp_port_steer(const struct tp_dataplane_spec *spec, unsigned int i, char *err, size_t err_len)
{
	const struct tp_port_spec *port = &spec->ports[i];
	const char *instance = spec->file_prefix ? spec->file_prefix : "turnpike";
	char why[512] = "";
	int rc;

	if (port->type != TP_PORT_AF_XDP)
		return 0;
	rc = tp_xdp_guard_attach(instance, port->name, port->device, spec->guard_sources, &steer_guard[i], why, sizeof(why));
	if (rc)
		tp_setup_fail(err, err_len, -rc, "port '%s': %s", port->name, why);
	return rc;
}

void tp_port_unsteer(unsigned int port)
{
	tp_xdp_guard_free(steer_guard[port]);
	steer_guard[port] = NULL;
}

int tp_port_steer_counts(unsigned int port, uint64_t counts[TP_GUARD_REASON_COUNT])
{
	memset(counts, 0, TP_GUARD_REASON_COUNT * sizeof(*counts));
	return steer_guard[port] ? tp_xdp_guard_counts(steer_guard[port], counts) : 0;
}

const char *tp_port_steer_mode(unsigned int port)
{
	return steer_guard[port] ? tp_xdp_guard_mode(steer_guard[port]) : "";
}

void tp_port_guard_config(const struct tp_port *port, struct tp_guard_config *config)
{
	_Static_assert(sizeof(config->ip6) >= sizeof(port->ip6) && sizeof(config->ip4) >= sizeof(port->ip4), "all addresses fit");

	config->flags |= TP_GUARD_ON;
	if (port->accept_any)
		config->flags |= TP_GUARD_ANY_ADDRESS;
	else if (!port->spec.shared_with_host)
		config->flags |= TP_GUARD_OWN;
	if (port->mac_filter)
		config->flags |= TP_GUARD_MAC;
	config->n_ip4 = port->n_ip4;
	config->n_ip6 = port->n_ip6;
	memcpy(config->ip4, port->ip4, sizeof(port->ip4));
	memcpy(config->ip6, port->ip6, sizeof(port->ip6));
	memcpy(config->mac, port->mac.addr_bytes, sizeof(config->mac));
}

int tp_port_guard_apply(unsigned int i, const struct tp_guard_tables *tables)
{
	struct tp_guard_tables own = *tables;

	if (!steer_guard[i])
		return -ENODEV;
	tp_port_guard_config(&tp_ports[i], &own.config);
	return tp_xdp_guard_apply(steer_guard[i], &own);
}

/* ---- watchers ------------------------------------------------------------------------------------------------------------------- */
int tp_ports_watch(enum tp_guard_watcher watcher, const struct tp_xdp_watch *of)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && of->reasons && i < tp_ports_count(); i++)
		if (steer_guard[i])
			rc = tp_xdp_guard_watch(steer_guard[i], watcher, of);
	if (rc)
		tp_ports_unwatch(watcher);
	return rc;
}

bool tp_ports_event(enum tp_guard_watcher watcher, unsigned int *port, struct tp_guard_event *event)
{
	static unsigned int turn[TP_GUARD_WATCHERS];

	for (unsigned int i = 0; i < tp_ports_count(); i++) {
		*port = (turn[watcher] + i) % tp_ports_count();
		if (steer_guard[*port] && tp_xdp_guard_event(steer_guard[*port], watcher, event)) {
			turn[watcher] = *port + 1;
			return true;
		}
	}
	return false;
}

uint64_t tp_ports_unseen(enum tp_guard_watcher watcher, enum tp_guard_reason reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < tp_ports_count(); i++)
		if (steer_guard[i])
			sum += tp_xdp_guard_unseen(steer_guard[i], watcher, reason);
	return sum;
}

void tp_ports_unwatch(enum tp_guard_watcher watcher)
{
	for (unsigned int i = 0; i < tp_ports_count(); i++)
		if (steer_guard[i])
			tp_xdp_guard_unwatch(steer_guard[i], watcher);
}
