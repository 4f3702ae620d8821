/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet path of one worker by itself: a capture kept in memory and repeated for ever, through the whole graph into batches, which
 * are counted and given back. Run by the *_perf.py scripts beside it; it prints one JSON object.
 *
 *   udp_path CAPTURE FORMAT PORT PREFIX SECONDS CPU [PLATES.csv]
 *
 * One listener of FORMAT on UDP port PORT knows every host of the IPv4 PREFIX (a.b.c.d/n, at most 256 hosts) as a device of its own. All
 * topics are Avro and keep the payload. With a plate list, reads are matched against it.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "tp_pattern.h"
#include "tp_port.h"
#include "tp_worker.h"

#define HOSTS_MAX     256
#define WARM_UP_S     0.5
#define WORKER_THREAD "rte-worker-1" /* as the EAL calls it */
#define NODES_MAX     64
#define PAUSE_US      50 /* between looks at the channel */

struct options {
	const char *capture, *format, *plates;
	uint16_t port;
	uint8_t network[4];
	unsigned int bits;
	double seconds;
	int cpu;
};

struct path {
	struct tp_port_spec port;
	struct tp_dataplane_spec dataplane;
	struct tp_topic topics[TP_KIND_COUNT];
	struct tp_source sources[HOSTS_MAX + 1];
	struct tp_prefix prefixes[HOSTS_MAX];
	char names[HOSTS_MAX][32];
	unsigned int hosts;
	struct tp_listener listener;
	struct tp_pattern_db *patterns;
	struct tp_plan *plan;
};

/* What is measured between two moments. */
struct reading {
	uint64_t tsc;
	uint64_t cpu_ns;                     /* CPU time of the worker's thread */
	uint64_t counters[TP_COUNTER_COUNT]; /* of all sources */
	struct tp_worker_load load;
	struct tp_node_cost nodes[NODES_MAX];
	unsigned int n_nodes;
	uint64_t batches, records, octets; /* given back */
};

static void path_die(const char *what)
{
	fprintf(stderr, "udp_path: %s\n", what);
	exit(1);
}

static void path_options(int argc, char **argv, struct options *o)
{
	char *slash;

	if (argc < 7)
		path_die("usage: udp_path CAPTURE FORMAT PORT PREFIX SECONDS CPU [PLATES.csv]");
	o->capture = argv[1];
	o->format = argv[2];
	o->port = (uint16_t)atoi(argv[3]);
	slash = strchr(argv[4], '/');
	if (!slash)
		path_die("the prefix has no length");
	*slash = '\0';
	o->bits = (unsigned int)atoi(slash + 1);
	if (inet_pton(AF_INET, argv[4], o->network) != 1 || o->bits < 24 || o->bits > 32)
		path_die("the prefix is not an IPv4 prefix of 24 to 32 bits");
	o->seconds = atof(argv[5]);
	o->cpu = atoi(argv[6]);
	o->plates = argc > 7 ? argv[7] : NULL;
}

static void path_ports(struct path *p, const struct options *o)
{
	p->port = (struct tp_port_spec){.type = TP_PORT_PCAP,
	        .name = "bench",
	        .device = o->capture,
	        .pcap_repeat = true,
	        .rx_descriptors = 1024,
	        .tx_descriptors = 512,
	        .mtu = 1500};
	p->dataplane = (struct tp_dataplane_spec){.ports = &p->port,
	        .n_ports = 1,
	        .n_workers = 1,
	        .worker_cpus = &o->cpu,
	        .control_cpu = -1,
	        .batch_bytes = 1 << 18,
	        .batches = 64,
	        .fragment_datagrams = 64,
	        .fragment_packets = 256,
	        .fragment_timeout_ms = 1000,
	        .arena_bytes = 1 << 20,
	        .file_prefix = "turnpike_udp_path",
	        .n_sources = HOSTS_MAX + 1};
}

static void path_sources(struct path *p, const struct options *o)
{
	p->hosts = 1u << (32 - o->bits);
	p->sources[0] = (struct tp_source){.device = TP_SLICE(""), .site = TP_SLICE("")};
	for (unsigned int i = 0; i < p->hosts; i++) {
		snprintf(p->names[i], sizeof(p->names[i]), "rsu-%03u", i);
		p->sources[i + 1] = (struct tp_source){.device = tp_slice_of(p->names[i]), .site = TP_SLICE("site-1")};
		p->prefixes[i] = (struct tp_prefix){.family = 4, .length = 32, .source = (uint16_t)(i + 1)};
		memcpy(p->prefixes[i].addr, o->network, 4);
		p->prefixes[i].addr[3] = (uint8_t)(p->prefixes[i].addr[3] + i);
	}
}

static void path_patterns(struct path *p, const struct options *o)
{
	struct tp_list_spec list = {.path = o->plates, .name = "bench"};
	struct tp_pattern_spec spec = {.lists = &list, .n_lists = 1};
	char err[1024] = "";

	if (o->plates && tp_pattern_compile(&spec, &p->patterns, err, sizeof(err)) != 0)
		path_die(err);
}

static void path_plan(struct path *p, const struct options *o)
{
	struct tp_plan_spec spec = {.listeners = &p->listener,
	        .n_listeners = 1,
	        .sources = p->sources,
	        .n_sources = p->hosts + 1,
	        .prefixes = p->prefixes,
	        .n_prefixes = p->hosts,
	        .topics = p->topics,
	        .n_topics = TP_KIND_COUNT,
	        .patterns = p->patterns,
	        .dlq_rate = 100,
	        .batch_age_us = 5000};
	char err[256] = "";

	p->listener = (struct tp_listener){.name = "bench",
	        .port = o->port,
	        .decoder = tp_decoder_by_name(o->format),
	        .clamp_past_us = INT64_C(3600000000),
	        .clamp_future_us = INT64_C(60000000)};
	if (!p->listener.decoder)
		path_die("there is no decoder of that format");
	for (unsigned int k = 0; k < TP_KIND_COUNT; k++) {
		p->topics[k] = (struct tp_topic){.name = tp_schema_of_kind[k].topic,
		        .kind = (enum tp_kind)k,
		        .encoding = TP_ENCODING_AVRO,
		        .schema_id = k + 1,
		        .keep_payload = true};
		p->listener.topic[k] = (uint16_t)k;
	}
	if (tp_plan_build(&spec, &p->plan, err, sizeof(err)) != 0)
		path_die(err);
}

/* CPU time of a thread of this process by its name, ns; 0 where there is none. */
static uint64_t path_thread_ns(const char *name)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned long long ns = 0;

	while (folder && (entry = readdir(folder)) != NULL) {
		char path[320], comm[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (f && fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		if (f)
			fclose(f);
		if (strcmp(comm, name) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", entry->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) != 1)
			ns = 0;
		if (f)
			fclose(f);
	}
	if (folder)
		closedir(folder);
	return ns;
}

static void path_read(const struct path *p, struct reading *r)
{
	for (unsigned int c = 0; c < TP_COUNTER_COUNT; c++) {
		r->counters[c] = 0;
		for (unsigned int s = 0; s <= p->hosts; s++)
			r->counters[c] += tp_book_sum(s, (enum tp_counter)c);
	}
	tp_worker_load(0, &r->load);
	r->n_nodes = tp_workers_node_costs(r->nodes, NODES_MAX);
	r->cpu_ns = path_thread_ns(WORKER_THREAD);
	r->tsc = rte_rdtsc();
}

/* The null sink: takes batches for that long and gives them back. */
static void path_drain(struct reading *r, double seconds)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());

	while (rte_rdtsc() < end) {
		struct tp_batch *batch = tp_channel_take(0);

		if (!batch) {
			usleep(PAUSE_US);
			continue;
		}
		r->batches++;
		r->records += batch->count;
		r->octets += batch->used;
		tp_channel_give_back(batch);
	}
}

static void path_stop(struct reading *last)
{
	tp_workers_stop_rx();
	while (!tp_workers_drained())
		path_drain(last, 0.001);
	path_drain(last, 0.001);
	tp_workers_stop();
	tp_dataplane_fini();
}

static void path_print_nodes(const struct reading *from, const struct reading *to, double packets)
{
	const char *comma = "";

	printf("\"nodes\": [");
	for (unsigned int i = 0; i < to->n_nodes && i < NODES_MAX; i++) {
		uint64_t objects = to->nodes[i].objects - from->nodes[i].objects;
		uint64_t calls = to->nodes[i].calls - from->nodes[i].calls;
		uint64_t cycles = to->nodes[i].cycles - from->nodes[i].cycles;

		if (objects == 0)
			continue;
		printf("%s{\"node\": \"%s\", \"packets\": %" PRIu64
		       ", \"a_call\": %.1f, \"cycles\": %.1f, \"cycles_a_packet\": %.1f}",
		        comma, to->nodes[i].name, objects, (double)objects / (double)calls, (double)cycles / (double)objects,
		        (double)cycles / packets);
		comma = ", ";
	}
	printf("]");
}

static void path_print(const struct reading *from, const struct reading *to)
{
	double seconds = (double)(to->tsc - from->tsc) / (double)rte_get_tsc_hz();
	double packets = (double)(to->counters[TP_C_received] - from->counters[TP_C_received]);
	uint64_t cycles = to->load.busy_cycles - from->load.busy_cycles;
	const char *comma = "";

	printf("{\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"packets\": %.0f, \"packets_s\": %.0f, \"cycles_a_packet\": %.1f, "
	       "\"batches\": %" PRIu64 ", \"records\": %" PRIu64 ", \"octets\": %" PRIu64 ", \"counters\": {",
	        seconds, (double)(to->cpu_ns - from->cpu_ns) / 1e9, packets, packets / seconds, (double)cycles / packets,
	        to->batches - from->batches, to->records - from->records, to->octets - from->octets);
	for (unsigned int c = 0; c < TP_COUNTER_COUNT; c++) {
		if (to->counters[c] == from->counters[c])
			continue;
		printf("%s\"%s\": %" PRIu64, comma, tp_counter_descs[c].name, to->counters[c] - from->counters[c]);
		comma = ", ";
	}
	printf("}, ");
	path_print_nodes(from, to, packets);
	printf("}\n");
}

int main(int argc, char **argv)
{
	static struct path p;
	static struct reading from, to;
	struct options o;
	char err[512] = "";

	path_options(argc, argv, &o);
	path_ports(&p, &o);
	path_sources(&p, &o);
	path_patterns(&p, &o);
	path_plan(&p, &o);
	if (tp_dataplane_init(&p.dataplane, err, sizeof(err)) != 0 || tp_workers_start(p.plan, err, sizeof(err)) != 0)
		path_die(err);
	path_drain(&from, WARM_UP_S);
	path_read(&p, &from);
	to = from;
	path_drain(&to, o.seconds);
	path_read(&p, &to);
	if (to.cpu_ns == from.cpu_ns)
		path_die("the worker's thread was not found");
	path_print(&from, &to);
	path_stop(&to);
	tp_plan_free(p.plan);
	tp_pattern_free(p.patterns);
	return 0;
}
