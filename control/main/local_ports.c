/* SPDX-License-Identifier: BSD-3-Clause */
#include "local_ports.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_log.h"

#define LOCAL_PORTS_SYSCTL "/proc/sys/net/ipv4/"
#define LOCAL_PORTS_TEXT   4096 /* of a list of ranges; of a longer one the rest is not seen, which is a warning too many */

/* "1,5-7,9" */
static bool local_ports_is_in(const char *ranges, unsigned int port)
{
	while (*ranges) {
		char *end;
		unsigned long first = strtoul(ranges, &end, 10), last = first;

		if (end == ranges)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (port >= first && port <= last)
			return true;
		ranges = *end == ',' ? end + 1 : "";
	}
	return false;
}

unsigned int tp_local_ports(const char *range, const char *reserved, uint16_t *ports, unsigned int n)
{
	unsigned int first, last, found = 0;

	if (sscanf(range, "%u %u", &first, &last) != 2)
		return 0;
	for (unsigned int i = 0; i < n; i++)
		if (ports[i] >= first && ports[i] <= last && !local_ports_is_in(reserved, ports[i]))
			ports[found++] = ports[i];
	return found;
}

/* Of one that cannot be read: "". */
static void local_ports_read(const char *name, char text[LOCAL_PORTS_TEXT])
{
	char path[128];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), LOCAL_PORTS_SYSCTL "%s", name);
	file = fopen(path, "re");
	n = file ? fread(text, 1, LOCAL_PORTS_TEXT - 1, file) : 0;
	text[n] = '\0';
	if (file)
		fclose(file);
}

static unsigned int local_ports_of(const struct tp_plan_spec *plan, uint16_t *ports)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < plan->n_listeners; i++)
		if (plan->listeners[i].port) /* 0: of an MQTT route */
			ports[n++] = plan->listeners[i].port;
	for (unsigned int i = 0; i < plan->n_mqtt_listeners; i++)
		if (!plan->mqtt_listeners[i].retired)
			ports[n++] = plan->mqtt_listeners[i].port;
	return n;
}

/* The port on which it matters, or NULL. */
static const struct tp_port_spec *local_ports_where(const struct tp_dataplane_spec *dp)
{
	for (unsigned int i = 0; i < dp->n_ports; i++)
		if (dp->ports[i].type == TP_PORT_AF_XDP && (dp->ports[i].shared_with_host || dp->ports[i].n_addresses == 0))
			return &dp->ports[i];
	return NULL;
}

void tp_local_ports_warn(const struct tp_conf *conf)
{
	const struct tp_port_spec *where = local_ports_where(&conf->dataplane);
	char range[LOCAL_PORTS_TEXT], reserved[LOCAL_PORTS_TEXT], text[512] = "";
	uint16_t ports[TP_MAX_LISTENERS + TP_MAX_MQTT_LISTENERS];
	size_t used = 0;
	unsigned int n;

	if (!where)
		return;
	local_ports_read("ip_local_port_range", range);
	local_ports_read("ip_local_reserved_ports", reserved);
	n = tp_local_ports(range, reserved, ports, local_ports_of(&conf->plan, ports));
	for (unsigned int i = 0; i < n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i ? "," : "", ports[i]);
	if (n)
		tp_log_at(TP_LOG_WARNING,
		        "port %s: the kernel may choose %s for connections of the host's own, and their answers would be taken for "
		        "the listeners; add them to net.ipv4.ip_local_reserved_ports",
		        where->name, text);
}
