/* SPDX-License-Identifier: BSD-3-Clause */
/* listeners: UDP listeners and MQTT listeners with their routes, as the configuration in force has them; those that it left out stay in the plan and are not shown. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const struct api_column listeners_columns[] = {{"listener", "listener", TP_UNIT_TEXT},
        {"protocol", "protocol", TP_UNIT_TEXT}, {"address", "address", TP_UNIT_TEXT}, {"port", "port", TP_UNIT_TEXT},
        {"format", "format", TP_UNIT_TEXT}, {"devices", "devices", TP_UNIT_COUNT}, {"unknown", "unknown ones", TP_UNIT_TEXT},
        {"topics", "topics", TP_UNIT_TEXT}};

static const struct api_column listeners_route_columns[] = {{"listener", "listener", TP_UNIT_TEXT},
        {"filter", "filter", TP_UNIT_TEXT}, {"format", "format", TP_UNIT_TEXT}, {"when_slow", "when slow", TP_UNIT_TEXT},
        {"topics", "topics", TP_UNIT_TEXT}};

static json_t *listeners_address(uint8_t family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN] = "any";

	if (family)
		inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
	return json_string(text);
}

/* Topics of the records it makes; those of alerts and dead letters stand behind them. Each once. What stands at other kinds may be any topic. */
static json_t *listeners_topics(const struct tp_plan_spec *spec, const struct tp_listener *l)
{
	uint32_t kinds = l->decoder->kinds | 1U << TP_KIND_alert_match | 1U << TP_KIND_dlq;
	char text[2048] = "";
	size_t used = 0;
	uint64_t seen = 0;

	for (unsigned int k = 0; k < TP_KIND_COUNT; k++) {
		uint16_t topic = l->topic[k];

		if (!(kinds >> k & 1) || topic >= spec->n_topics || seen >> topic & 1)
			continue;
		seen |= UINT64_C(1) << topic;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", spec->topics[topic].name);
		if (used >= sizeof(text))
			break;
	}
	return api_json_text(text, strlen(text));
}

/* Prefixes of each listener, or names of each MQTT listener, counted in one pass. */
static unsigned int *listeners_count(const struct tp_plan_spec *spec, bool mqtt)
{
	unsigned int *n = calloc(TP_MAX_LISTENERS + 1, sizeof(*n));

	for (unsigned int i = 0; n && !mqtt && i < spec->n_prefixes; i++)
		n[spec->prefixes[i].listener % (TP_MAX_LISTENERS + 1)]++;
	for (unsigned int i = 0; n && mqtt && i < spec->n_mqtt_names; i++)
		n[spec->mqtt_names[i].listener % (TP_MAX_LISTENERS + 1)]++;
	return n;
}

static void listeners_udp(json_t *rows, const struct tp_plan_spec *spec)
{
	unsigned int *devices = listeners_count(spec, false);

	for (unsigned int i = 0; i < spec->n_listeners; i++) {
		const struct tp_listener *l = &spec->listeners[i];

		if (l->port == 0) /* of an MQTT route */
			continue;
		json_array_append_new(rows,
		        json_pack("{s:o, s:s, s:o, s:i, s:s, s:i, s:s, s:o}", "listener", api_json_text(l->name, strlen(l->name)),
		                "protocol", "udp", "address", listeners_address(l->family, l->addr), "port", (int)l->port, "format",
		                l->decoder->name, "devices", devices ? (int)devices[i] : 0, "unknown",
		                l->unknown_source ? "accepted" : "refused", "topics", listeners_topics(spec, l)));
	}
	free(devices);
}

static void listeners_mqtt(json_t *rows, const struct tp_plan_spec *spec)
{
	unsigned int *devices = listeners_count(spec, true);

	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &spec->mqtt_listeners[i];

		if (l->retired)
			continue;
		json_array_append_new(rows,
		        json_pack("{s:o, s:s, s:o, s:i, s:s, s:i, s:s, s:i, s:i, s:b}", "listener",
		                api_json_text(l->name, strlen(l->name)), "protocol", l->tls ? "mqtt, tls" : "mqtt", "address",
		                listeners_address(l->family, l->addr), "port", (int)l->port, "format", "by route", "devices",
		                devices ? (int)devices[i] : 0, "unknown", l->unknown_source ? "accepted" : "refused", "routes",
		                (int)l->n_routes, "max_packet", (int)l->max_packet, "check_users", (int)l->check_users));
	}
	free(devices);
}

static json_t *listeners_routes(const struct tp_plan_spec *spec)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &spec->mqtt_listeners[i];

		for (unsigned int k = 0; !l->retired && k < l->n_routes; k++) {
			const struct tp_mqtt_route *route = &l->routes[k];
			const struct tp_listener *to = &spec->listeners[route->listener];

			json_array_append_new(
			        rows, json_pack("{s:o, s:o, s:s, s:s, s:o}", "listener", api_json_text(l->name, strlen(l->name)),
			                      "filter", api_json_text(route->filter, strlen(route->filter)), "format",
			                      to->decoder->name, "when_slow", route->slow == TP_MQTT_HOLD ? "hold" : "shed",
			                      "topics", listeners_topics(spec, to)));
		}
	}
	return rows;
}

void api_listeners(struct api_request *r)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	json_t *rows = json_array(), *data, *show = api_show();

	listeners_udp(rows, spec);
	listeners_mqtt(rows, spec);
	data = json_pack("{s:o, s:o}", "listeners", rows, "routes", listeners_routes(spec));
	api_show_table(show, "listeners", NULL, API_COLUMNS(listeners_columns));
	if (spec->n_mqtt_listeners)
		api_show_table(show, "routes", "routes of MQTT listeners", API_COLUMNS(listeners_route_columns));
	api_answer(r, data, show);
}
