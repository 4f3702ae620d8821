/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MQTT on the packet path of one worker, also under a flood of SYNs, beside UDP with the same payloads; run by mqtt_perf.py, prints one JSON object.
 *
 *   mqtt_path CONNECTIONS FORMAT PAYLOADS OCTETS RUNS SECONDS CPU
 *
 * PAYLOADS is a file of messages of OCTETS octets each, without anything between them. Clients and worker take turns in one thread (wire_rig.h). First all clients connect,
 * which is measured; then, RUNS times, SECONDS of the worker's time each go to datagrams, to QoS 0, to QoS 1, and to QoS 1
 * with FLOOD SYNs of nobody for each message. SECONDS 0: clients connect and stay, and each of
 * them is asked for a sign of life.
 *
 * Up to LISTED clients are devices of the plan, with a source each, for MQTT by name and for UDP by address; where there are more, none is, and they share
 * the source of unknown ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "mqtt_clients.h"
#include "tp_decoder.h"
#include "tp_stats.h"

#define LISTED    60000u
#define FLOOD     15u /* rounds of SYNs for each round of messages */
#define NODES_MAX 64
#define RUNS_MAX  101

enum { MODE_UDP, MODE_QOS0, MODE_QOS1, MODE_FLOOD, MODES };
static const char *const mode_names[MODES] = {"udp", "qos0", "qos1", "flood"};

struct arguments {
	uint32_t connections;
	const char *format;
	uint8_t *payloads;
	uint32_t payload_n, payloads_n;
	int runs;
	double seconds;
	int cpu;
};

struct mode {
	double rate[RUNS_MAX];
	uint64_t messages, syns, ns;
	struct {
		char name[64];
		uint64_t calls, objects, cycles;
	} node[NODES_MAX];
	unsigned int n_nodes;
};

static struct {
	struct arguments a;
	struct tp_dataplane_spec dataplane;
	struct tp_topic topics[TP_KIND_COUNT];
	struct tp_listener listeners[2]; /* of UDP, of the MQTT route */
	struct tp_mqtt_route route;
	struct tp_mqtt_listener mqtt;
	struct tp_source *sources;
	struct tp_prefix *prefixes;
	struct tp_mqtt_name *names;
	char (*ids)[CLIENTS_ID_N];
	uint32_t listed;
	struct tp_plan *plan;
	struct wire wire;
	struct clients clients;
	struct mode mode[MODES];
	struct tp_node_cost cost[NODES_MAX];
	unsigned int n_costs;
} b;

/* ---- what is measured ---------------------------------------------------------------------------------------------------------- */
static void path_payloads(struct arguments *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	long n;

	if (!f || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) <= 0 || n % a->payload_n != 0)
		wire_die("the file of payloads is not there, or not whole");
	rewind(f);
	a->payloads = malloc((size_t)n);
	if (!a->payloads || fread(a->payloads, 1, (size_t)n, f) != (size_t)n)
		wire_die("the file of payloads cannot be read");
	fclose(f);
	a->payloads_n = (uint32_t)n / a->payload_n;
}

static void path_arguments(int argc, char **argv, struct arguments *a)
{
	if (argc != 8)
		wire_die("usage: mqtt_path CONNECTIONS FORMAT PAYLOADS OCTETS RUNS SECONDS CPU");
	a->connections = (uint32_t)atol(argv[1]);
	a->format = argv[2];
	a->payload_n = (uint32_t)atoi(argv[4]);
	a->runs = atoi(argv[5]);
	a->seconds = atof(argv[6]);
	a->cpu = atoi(argv[7]);
	if (a->connections < 1 || a->connections > 16000000 || a->payload_n < 1 || a->payload_n > 1000 || a->runs < 1 ||
	        a->runs > RUNS_MAX)
		wire_die("an argument is out of range");
	path_payloads(a, argv[3]);
}

/* ---- the plan ------------------------------------------------------------------------------------------------------------------ */
static void path_sources(void)
{
	b.listed = b.a.connections <= LISTED ? b.a.connections : 0;
	b.sources = calloc(b.listed + 2, sizeof(*b.sources));
	b.prefixes = calloc(b.listed + 1, sizeof(*b.prefixes));
	b.names = calloc(b.listed + 1, sizeof(*b.names));
	b.ids = calloc(b.listed + 1, sizeof(*b.ids));
	if (!b.sources || !b.prefixes || !b.names || !b.ids)
		wire_die("no memory for the sources");
	b.sources[0] = (struct tp_source){.device = TP_SLICE(""), .site = TP_SLICE("")};
	b.sources[1] = (struct tp_source){.device = TP_SLICE("unknown"), .site = TP_SLICE("site-1"), .unknown = true};
	for (uint32_t i = 0; i < b.listed; i++) {
		uint32_t addr = __builtin_bswap32(CLIENTS_ADDRESS + i);
		struct tp_slice name = {(const uint8_t *)b.ids[i], CLIENTS_ID_N};

		clients_id(i, b.ids[i]);
		b.sources[i + 2] = (struct tp_source){.device = name, .site = TP_SLICE("site-1")};
		b.names[i] = (struct tp_mqtt_name){.source = (uint16_t)(i + 2), .name = name};
		b.prefixes[i] = (struct tp_prefix){.family = 4, .length = 32, .source = (uint16_t)(i + 2)};
		memcpy(b.prefixes[i].addr, &addr, 4);
	}
}

static void path_listeners(void)
{
	for (int i = 0; i < 2; i++) {
		b.listeners[i] = (struct tp_listener){.name = i ? "route" : "datagrams",
		        .port = i ? 0 : CLIENTS_UDP_PORT,
		        .decoder = tp_decoder_by_name(b.a.format),
		        .unknown_source = i ? 0 : 1,
		        .clamp_past_us = INT64_C(3600000000),
		        .clamp_future_us = INT64_C(60000000)};
		if (!b.listeners[i].decoder)
			wire_die("there is no decoder of that format");
		for (unsigned int k = 0; k < TP_KIND_COUNT; k++)
			b.listeners[i].topic[k] = (uint16_t)k;
	}
	for (unsigned int k = 0; k < TP_KIND_COUNT; k++)
		b.topics[k] = (struct tp_topic){.name = tp_schema_of_kind[k].topic,
		        .kind = (enum tp_kind)k,
		        .encoding = TP_ENCODING_AVRO,
		        .schema_id = k + 1};
	b.route = (struct tp_mqtt_route){.filter = CLIENTS_FILTER, .listener = 1};
	b.mqtt = (struct tp_mqtt_listener){.name = "mqtt",
	        .port = CLIENTS_TCP_PORT,
	        .versions = TP_MQTT_3_1_1 | TP_MQTT_5,
	        .anonymous = true,
	        .routes = &b.route,
	        .n_routes = 1,
	        .unmapped = -1,
	        .unknown_source = 1,
	        .max_packet = 65536,
	        .in_flight = 64,
	        .alias_max = 16,
	        .keep_alive_max = 3600,
	        .expiry_max = 86400,
	        .connect_timeout_ms = 10000};
}

static void path_plan(void)
{
	struct tp_plan_spec spec = {.listeners = b.listeners,
	        .n_listeners = 2,
	        .sources = b.sources,
	        .n_sources = b.listed + 2,
	        .prefixes = b.prefixes,
	        .n_prefixes = b.listed,
	        .topics = b.topics,
	        .n_topics = TP_KIND_COUNT,
	        .mqtt_listeners = &b.mqtt,
	        .n_mqtt_listeners = 1,
	        .mqtt_names = b.names,
	        .n_mqtt_names = b.listed,
	        .dlq_rate = 100,
	        .batch_age_us = 5000};
	char err[256] = "";

	if (tp_plan_build(&spec, &b.plan, err, sizeof(err)) != 0)
		wire_die(err);
}

/* As control/conf/ derives them where the configuration names nothing but the number of connections; the half-open store is larger, for 256 SYNs a round. */
static void path_budgets(void)
{
	uint32_t n = b.a.connections;

	b.dataplane = (struct tp_dataplane_spec){.n_workers = 1,
	        .worker_cpus = &b.a.cpu,
	        .control_cpu = b.a.cpu,
	        .mbufs = 32768,
	        .batch_bytes = 1 << 18,
	        .batches = 256,
	        .fragment_datagrams = 64,
	        .fragment_packets = 256,
	        .fragment_timeout_ms = 1000,
	        .arena_bytes = 1 << 20,
	        .file_prefix = "mqtt_path",
	        .n_sources = b.listed + 2,
	        .tcp = {.connections = n,
	                .half_open = 4096,
	                .time_wait = n / 4 < 1024 ? 1024 : n / 4,
	                .chunks = n + 8192,
	                .receive_window = 16384,
	                .reassembly_octets = 16384,
	                .reassembly_gaps = 8,
	                .send_octets = 8192,
	                .max_retries = 8,
	                .syn_retries = 3,
	                .time_wait_ms = 60000,
	                .fin_wait_2_ms = 10000,
	                .challenge_rate = 1000,
	                .reset_rate = 10000,
	                .mss4 = 1460,
	                .mss6 = 1440},
	        .mqtt = {.clients = n + n / 4,
	                .waiters = n * 2 < 16384 ? 16384 : n * 2,
	                .assembly_octets = (uint64_t)n * 256 + 16 * 65536 < 4 << 20 ? 4 << 20 : (uint64_t)n * 256 + 16 * 65536,
	                .window = 16}};
}

/* ---- connections --------------------------------------------------------------------------------------------------------------- */
static uint64_t path_resident(void)
{
	unsigned long long all, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%llu %llu", &all, &resident) != 2)
		wire_die("/proc/self/statm cannot be read");
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A round has been given. */
static void path_turn(void)
{
	wire_work(&b.wire);
	wire_acknowledge(&b.wire);
	clients_read(&b.clients);
}

static void path_seal(void)
{
	wire_seal(&b.wire);
	wire_acknowledge(&b.wire);
	path_turn();
}

static void path_connect(void)
{
	uint64_t resident = path_resident(), each, all, began = b.wire.ns, batches = b.wire.batches;
	uint32_t fresh = 0;
	double seconds;

	while (clients_connect(&b.clients, &fresh) || b.clients.connected < b.clients.n)
		path_turn();
	seconds = (double)(b.wire.ns - began) / 1e9;
	path_seal();
	all = tp_workers_mqtt_memory(&b.dataplane, &each);
	printf("\"connect\": {\"connections\": %u, \"rate\": %.0f, \"batches\": %" PRIu64 "}, ", b.clients.n, b.clients.n / seconds,
	        b.wire.batches - batches);
	printf("\"idle\": {\"resident\": %.1f, \"reserved_each\": %" PRIu64 ", \"reserved\": %.1f}",
	        (double)(path_resident() - resident) / b.clients.n, each, (double)all / b.clients.n);
}

/* Every connection is still there. */
static void path_signs_of_life(void)
{
	uint64_t resident = path_resident();
	uint32_t fresh = 0;

	while (clients_ping(&b.clients, &fresh) || b.clients.pings < b.clients.n)
		path_turn();
	printf(", \"alive\": %" PRIu64 ", \"resident_after\": %.1f", b.clients.pings,
	        ((double)path_resident() - (double)resident) / b.clients.n);
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------ */
static void path_costs(struct mode *m, bool add)
{
	static struct tp_node_cost now[NODES_MAX];

	b.n_costs = tp_workers_node_costs(now, NODES_MAX);
	m->n_nodes = b.n_costs;
	for (unsigned int i = 0; add && i < b.n_costs && i < NODES_MAX; i++) {
		memcpy(m->node[i].name, now[i].name, sizeof(now[i].name));
		m->node[i].calls += now[i].calls - b.cost[i].calls;
		m->node[i].objects += now[i].objects - b.cost[i].objects;
		m->node[i].cycles += now[i].cycles - b.cost[i].cycles;
	}
	memcpy(b.cost, now, sizeof(now));
}

static void path_print_counters(void)
{
	for (unsigned int c = 0; c < TP_COUNTER_COUNT; c++) {
		uint64_t n = 0;

		for (uint32_t s = 0; s < b.listed + 2; s++)
			n += tp_book_sum(s, (enum tp_counter)c);
		if (n)
			fprintf(stderr, "  %s %" PRIu64 "\n", tp_counter_descs[c].name, n);
	}
}

/* Every message became a record, and every one of QoS 1 was acknowledged. */
static void path_settled(int mode, uint64_t sent, uint64_t records, uint64_t acknowledged)
{
	uint32_t fresh = 0;

	if (b.wire.records - records != b.clients.sent - sent ||
	        (mode >= MODE_QOS1 && b.clients.acknowledged - acknowledged != b.clients.sent - sent)) {
		fprintf(stderr, "mqtt_path: %s: %" PRIu64 " sent, %" PRIu64 " records, %" PRIu64 " acknowledged\n",
		        mode_names[mode], b.clients.sent - sent, b.wire.records - records, b.clients.acknowledged - acknowledged);
		path_print_counters();
		wire_die("messages were lost");
	}
	while (clients_settle(&b.clients, &fresh))
		path_turn();
}

static unsigned int path_give(int mode)
{
	if (mode == MODE_UDP)
		return clients_datagrams(&b.clients);
	for (unsigned int i = 0; mode == MODE_FLOOD && i < FLOOD; i++) {
		clients_flood(&b.clients);
		path_turn();
	}
	return clients_publish(&b.clients, mode >= MODE_QOS1);
}

static double path_slice(int mode, double seconds)
{
	struct mode *m = &b.mode[mode];
	uint64_t sent = b.clients.sent, records = b.wire.records, acknowledged = b.clients.acknowledged, from = b.wire.ns,
	         syns = b.clients.syns;
	uint64_t end = from + (uint64_t)(seconds * 1e9), ns;

	path_costs(m, false);
	while (b.wire.ns < end) {
		if (path_give(mode) == 0)
			wire_die("no client may send");
		path_turn();
	}
	path_seal();
	ns = b.wire.ns - from;
	path_costs(m, true);
	path_settled(mode, sent, records, acknowledged);
	if (b.clients.syn_acks < b.clients.syns)
		wire_die("SYNs were not answered");
	m->messages += b.clients.sent - sent;
	m->syns += b.clients.syns - syns;
	m->ns += ns;
	return (double)(b.clients.sent - sent) * 1e9 / (double)ns;
}

static void path_print_nodes(const struct mode *m)
{
	const char *comma = "";

	printf("], \"messages\": %" PRIu64 ", \"syns\": %" PRIu64 ", \"cycles\": %.1f, \"nodes\": [", m->messages, m->syns,
	        (double)m->ns / (double)m->messages * (double)rte_get_tsc_hz() / 1e9);
	for (unsigned int i = 0; i < m->n_nodes; i++) {
		if (m->node[i].cycles == 0 || m->node[i].calls == 0)
			continue;
		printf("%s{\"node\": \"%s\", \"a_call\": %.1f, \"cycles_a_message\": %.1f}", comma, m->node[i].name,
		        (double)m->node[i].objects / (double)m->node[i].calls, (double)m->node[i].cycles / (double)m->messages);
		comma = ", ";
	}
	printf("]}");
}

static void path_print(const struct mode *m, const char *name)
{
	printf(", \"%s\": {\"rates\": [", name);
	for (int i = 0; i < b.a.runs; i++)
		printf("%s%.0f", i ? ", " : "", m->rate[i]);
	path_print_nodes(m);
}

static void path_messages(void)
{
	for (int mode = 0; mode < MODES; mode++)
		path_slice(mode, b.a.seconds / 4); /* caches and pages */
	memset(b.mode, 0, sizeof(b.mode));
	for (int i = 0; i < b.a.runs; i++)
		for (int mode = 0; mode < MODES; mode++)
			b.mode[mode].rate[i] = path_slice(mode, b.a.seconds);
	for (int mode = 0; mode < MODES; mode++)
		path_print(&b.mode[mode], mode_names[mode]);
}

int main(int argc, char **argv)
{
	path_arguments(argc, argv, &b.a);
	path_sources();
	path_listeners();
	path_plan();
	path_budgets();
	wire_start(&b.wire, &b.dataplane, b.plan);
	clients_new(&b.clients, &b.wire, b.a.connections, b.a.payloads, b.a.payload_n, b.a.payloads_n);
	printf("{\"hz\": %" PRIu64 ", ", rte_get_tsc_hz());
	path_connect();
	if (b.a.seconds > 0)
		path_messages();
	else
		path_signs_of_life();
	printf("}\n");
	clients_free(&b.clients);
	wire_end(&b.wire);
	tp_plan_free(b.plan);
	return 0;
}
