/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connections: MQTT connections that fit, worker by worker. Each worker copies a few of its own between two walks, so a million connections are looked
 * through in steps: a stream of one line, which is the answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "tp_conf.h"
#include "tp_connections.h"
#include "tp_worker.h"

#define CONNECTIONS_TICK_MS 1
#define CONNECTIONS_LOOKS   32 /* a tick */
#define CONNECTIONS_BATCH   64 /* rows taken at a time */

static const char *const connection_states[] = {
#define CONNECTION_STATE_NAME(name) #name,
        TP_CONNECTION_STATES(CONNECTION_STATE_NAME)};

static const struct api_column connections_columns[] = {
        {"client_id", "client id", TP_UNIT_TEXT},
        {"device", "device", TP_UNIT_TEXT},
        {"user", "user", TP_UNIT_TEXT},
        {"address", "address", TP_UNIT_TEXT},
        {"listener", "listener", TP_UNIT_TEXT},
        {"worker", "worker", TP_UNIT_COUNT},
        {"state", "state", TP_UNIT_TEXT},
        {"protocol", "protocol", TP_UNIT_TEXT},
        {"messages", "messages", TP_UNIT_COUNT},
        {"in_flight", "in flight", TP_UNIT_COUNT},
        {"waiting_for_kafka", "wait for Kafka", TP_UNIT_COUNT},
        {"window", "window", TP_UNIT_OCTETS},
        {"since_s", "since", TP_UNIT_SECONDS},
        {"idle_s", "idle", TP_UNIT_SECONDS},
};

struct connections {
	struct tp_connection_filter filter;
	struct tp_connection batch[CONNECTIONS_BATCH];
	json_t *rows;
	size_t limit;
	unsigned int worker;
	uint32_t at;
	bool more; /* there are others */
};

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------- */
static const char *connections_protocol(const struct tp_connection *c, char *text, size_t len)
{
	const char *version = c->version == 5 ? "MQTT 5" : c->version == 4 ? "MQTT 3.1.1" : c->version == 3 ? "MQTT 3.1" : "-";

	snprintf(text, len, "%s%s", version, c->tls ? ", TLS" : "");
	return text;
}

static void connections_text(json_t *row, const char *key, const char *text)
{
	if (text[0])
		json_object_set_new(row, key, api_json_text(text, strlen(text)));
}

/* One that came with a newer configuration than is looked at here has no name in it. */
static void connections_listener(json_t *row, uint32_t serial)
{
	const struct tp_plan_spec *spec = api_view()->spec;

	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++)
		if (spec->mqtt_listeners[i].serial == serial)
			json_object_set_new(row, "listener", json_string(spec->mqtt_listeners[i].name));
}

static json_t *connections_row(const struct tp_connection *c)
{
	char host[INET6_ADDRSTRLEN] = "?", address[INET6_ADDRSTRLEN + 16], protocol[32];
	json_t *row = json_object();

	inet_ntop(c->family == 4 ? AF_INET : AF_INET6, c->addr, host, sizeof(host));
	snprintf(address, sizeof(address), c->family == 4 ? "%s:%u" : "[%s]:%u", host, c->port);
	connections_text(row, "client_id", c->client_id);
	connections_text(row, "device", c->device);
	connections_text(row, "user", c->user);
	json_object_set_new(row, "address", json_string(address));
	connections_listener(row, c->listener);
	json_object_set_new(row, "worker", json_integer(c->worker));
	json_object_set_new(row, "state", json_string(connection_states[c->state]));
	json_object_set_new(row, "protocol", json_string(connections_protocol(c, protocol, sizeof(protocol))));
	json_object_set_new(row, "tls", json_boolean(c->tls));
	json_object_set_new(row, "messages", api_json_count(c->messages));
	json_object_set_new(row, "in_flight", json_integer(c->in_flight));
	json_object_set_new(row, "waiting_for_kafka", json_integer(c->waiting));
	json_object_set_new(row, "window", json_integer(c->window));
	json_object_set_new(row, "received_octets_modulo_2_32", json_integer(c->received));
	json_object_set_new(row, "sent_octets_modulo_2_32", json_integer(c->sent));
	json_object_set_new(row, "kept_octets", json_integer(c->kept));
	json_object_set_new(row, "unacknowledged_octets", json_integer(c->unsent));
	json_object_set_new(row, "since_s", json_real((double)c->since_us / 1e6));
	json_object_set_new(row, "idle_s", json_real((double)c->idle_us / 1e6));
	return row;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------------------------- */
/* One look at one worker. 0 or -errno. */
static int connections_look(struct connections *c)
{
	size_t room = c->limit - json_array_size(c->rows);
	int n = tp_worker_connections(
	        c->worker, &c->filter, &c->at, c->batch, room < CONNECTIONS_BATCH ? (unsigned int)room + 1 : CONNECTIONS_BATCH);

	if (n < 0)
		return n;
	for (int i = 0; i < n && json_array_size(c->rows) < c->limit; i++)
		json_array_append_new(c->rows, connections_row(&c->batch[i]));
	c->more |= (size_t)n > room;
	if (c->at == UINT32_MAX) {
		c->worker++;
		c->at = 0;
	}
	return 0;
}

static bool connections_done(const struct connections *c)
{
	return c->more || c->worker >= tp_workers_count();
}

static enum api_stream_next connections_tick(struct api_request *r, struct api_error *error)
{
	struct connections *c = r->state;
	json_t *show;
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < CONNECTIONS_LOOKS && !connections_done(c); i++)
		rc = connections_look(c);
	if (rc < 0) {
		api_error_set(error, API_FAILED, "worker %u does not answer: %s", c->worker, strerror(-rc));
		return API_STREAM_FAILED;
	}
	if (!connections_done(c) || !api_may_send(r)) /* it is the answer: nothing of it is left out */
		return API_STREAM_GOES_ON;
	show = api_show();
	api_show_table(show, "connections", NULL, API_COLUMNS(connections_columns));
	api_more(r, json_pack("{s:O, s:b}", "connections", c->rows, "more", c->more), show);
	return API_STREAM_END;
}

static void connections_end(struct api_request *r)
{
	struct connections *c = r->state;

	json_decref(c->rows);
	free(c);
}

static void connections_name(char to[TP_CONNECTION_NAME], const char *text)
{
	snprintf(to, TP_CONNECTION_NAME, "%s", text ? text : "");
}

void api_connections(struct api_request *r)
{
	struct connections *c = calloc(1, sizeof(*c));
	const char *address = api_text(r, "address"), *expected;
	struct tp_prefix prefix = {0};

	if (!c) {
		api_failf(r, API_FAILED, "no memory");
		return;
	}
	expected = address ? tp_conf_prefix(address, &prefix) : NULL;
	if (expected) {
		free(c);
		api_failf(r, API_INVALID, "address: found '%s', expected %s", address, expected);
		return;
	}
	c->filter = (struct tp_connection_filter){.family = prefix.family, .length = prefix.length};
	memcpy(c->filter.addr, prefix.addr, sizeof(c->filter.addr));
	connections_name(c->filter.client_id, api_text(r, "client"));
	connections_name(c->filter.device, api_text(r, "device"));
	c->limit = (size_t)api_number(r, "limit");
	c->rows = json_array();
	r->state = c;
	r->end = connections_end;
	api_stream(r, CONNECTIONS_TICK_MS, connections_tick);
}
