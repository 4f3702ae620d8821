/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker reserves for TCP and MQTT. Where no MQTT listener is, nothing; where one is, what the file leaves at 0 is derived from the number
 * of connections, so that one number fits a configuration to a machine.
 */
#include "conf.h"

#define CHUNK_DATA       448 /* octets of data a chunk of 512 holds at least */
#define CHUNKS_LEAST     8192
#define TIME_WAIT_LEAST  1024
#define WAITERS_LEAST    16384
#define ASSEMBLY_LEAST   (UINT64_C(4) << 20)
#define ASSEMBLY_EACH    256 /* octets a connection: name, user, and a small will */
#define ASSEMBLY_PACKETS 16  /* packets of the largest size at the same time */
#define PREFIXES         4096
#define IP4_TCP_HEADER   40
#define IP6_TCP_HEADER   60

static uint32_t budgets_least(uint64_t value, uint32_t least)
{
	return value < least ? least : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Segments leave through any port, so the smallest MTU counts. */
static void budgets_mss(const struct conf_build *b, struct tp_tcp_budget *tcp)
{
	uint16_t mtu = UINT16_MAX;

	for (unsigned int i = 0; i < b->conf->dataplane.n_ports; i++)
		if (b->conf->dataplane.ports[i].mtu < mtu)
			mtu = b->conf->dataplane.ports[i].mtu;
	tcp->mss4 = (uint16_t)(mtu - IP4_TCP_HEADER);
	tcp->mss6 = (uint16_t)(mtu - IP6_TCP_HEADER);
}

static void budgets_tcp(struct conf_build *b, struct tp_tcp_budget *tcp)
{
	const struct conf_tcp *raw = &b->raw->tcp;
	uint32_t one = (raw->receive_window + raw->send_octets) / CHUNK_DATA + 2;

	*tcp = (struct tp_tcp_budget){.connections = raw->connections,
	        .half_open = raw->half_open,
	        .time_wait = raw->time_wait ? raw->time_wait : budgets_least(raw->connections / 4, TIME_WAIT_LEAST),
	        .chunks = raw->chunks ? raw->chunks : budgets_least(raw->connections / 2, CHUNKS_LEAST),
	        .receive_window = raw->receive_window,
	        .reassembly_octets = raw->reassembly_octets ? raw->reassembly_octets : raw->receive_window,
	        .reassembly_gaps = raw->reassembly_gaps,
	        .send_octets = raw->send_octets,
	        .max_retries = raw->max_retries,
	        .syn_retries = raw->syn_retries,
	        .time_wait_ms = raw->time_wait_ms,
	        .fin_wait_2_ms = raw->fin_wait_2_ms,
	        .challenge_rate = raw->challenge_rate,
	        .reset_rate = raw->reset_rate};
	budgets_mss(b, tcp);
	if (raw->reassembly_octets > raw->receive_window)
		conf_mistake_at(b->doc, "tcp.reassembly_octets", "found %u, expected at most receive_window (%u)",
		        raw->reassembly_octets, raw->receive_window);
	if (raw->chunks && raw->chunks < one)
		conf_mistake_at(b->doc, "tcp.chunks",
		        "found %u, expected 0 or at least %u, which receive_window and send_octets of one connection take",
		        raw->chunks, one);
}

/* The largest of each over the listeners. */
struct budgets_largest {
	uint32_t max_packet;
	uint32_t in_flight;
	uint32_t rate_prefix;
};

static struct budgets_largest budgets_largest(const struct tp_plan_spec *plan)
{
	struct budgets_largest most = {0};

	for (unsigned int i = 0; i < plan->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &plan->mqtt_listeners[i];

		most.max_packet = l->max_packet > most.max_packet ? l->max_packet : most.max_packet;
		most.in_flight = l->in_flight > most.in_flight ? l->in_flight : most.in_flight;
		most.rate_prefix = l->connect_rate_prefix > most.rate_prefix ? l->connect_rate_prefix : most.rate_prefix;
	}
	return most;
}

static uint64_t budgets_assembly(const struct conf_turnpike *raw, const struct budgets_largest *most)
{
	uint64_t octets = (uint64_t)raw->tcp.connections * ASSEMBLY_EACH + (uint64_t)most->max_packet * ASSEMBLY_PACKETS;

	if (raw->memory.mqtt_assembly_bytes)
		return raw->memory.mqtt_assembly_bytes;
	return octets < ASSEMBLY_LEAST ? ASSEMBLY_LEAST : octets;
}

static void budgets_mqtt(struct conf_build *b, struct tp_mqtt_budget *mqtt)
{
	const struct conf_memory *raw = &b->raw->memory;
	struct budgets_largest most = budgets_largest(&b->conf->plan);
	uint32_t connections = b->raw->tcp.connections;
	uint64_t packet = (uint64_t)most.max_packet * 3 / 2; /* a quarter is for what is small */

	*mqtt = (struct tp_mqtt_budget){.clients = raw->mqtt_clients ? raw->mqtt_clients : connections + connections / 4,
	        .waiters = raw->mqtt_waiters ? raw->mqtt_waiters : budgets_least((uint64_t)connections * 2, WAITERS_LEAST),
	        .assembly_octets = budgets_assembly(b->raw, &most),
	        .window = (uint16_t)raw->mqtt_window,
	        /* Also where no listener needs them yet: the next configuration may. */
	        .prefixes = raw->mqtt_prefixes ? raw->mqtt_prefixes
	                    : most.rate_prefix ? PREFIXES
	                                       : 0};
	if (raw->mqtt_prefixes && raw->mqtt_prefixes < TP_MQTT_PREFIXES_LEAST)
		conf_mistake_at(b->doc, "memory.mqtt_prefixes", "found %u, expected 0 or at least %u", raw->mqtt_prefixes,
		        TP_MQTT_PREFIXES_LEAST);
	if (raw->mqtt_clients && raw->mqtt_clients < connections)
		conf_mistake_at(b->doc, "memory.mqtt_clients",
		        "found %u, expected 0 or at least tcp.connections (%u): every connection has a client identifier",
		        raw->mqtt_clients, connections);
	if (raw->mqtt_waiters && raw->mqtt_waiters < most.in_flight)
		conf_mistake_at(b->doc, "memory.mqtt_waiters", "found %u, expected 0 or at least in_flight of one connection (%u)",
		        raw->mqtt_waiters, most.in_flight);
	if (mqtt->assembly_octets < packet)
		conf_mistake_at(b->doc, "memory.mqtt_assembly_bytes",
		        "found %u, expected 0 or at least %u, so that a packet of max_packet (%u) fits beside names",
		        raw->mqtt_assembly_bytes, (uint32_t)packet, most.max_packet);
}

int conf_build_budgets(struct conf_build *b)
{
	if (b->raw->mqtt_count == 0)
		return 0;
	budgets_tcp(b, &b->conf->dataplane.tcp);
	budgets_mqtt(b, &b->conf->dataplane.mqtt);
	return 0;
}
