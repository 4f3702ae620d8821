/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet path of one worker by itself: a capture kept in memory and repeated for ever, through the whole graph into batches, which
 * are counted and given back. Run by the *_perf.py scripts beside it; it prints one JSON object.
 *
 *   udp_path CAPTURE FORMAT PORT PREFIX SECONDS CPU [PLATES.csv|-] [payload]
 *
 * Topics are Avro. With a plate list, reads are matched against it; with "payload" the received bytes travel with each record.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "path_rig.h"

#define WARM_UP_S     0.5
#define WORKER_THREAD "rte-worker-1" /* as the EAL calls it */
#define NODES_MAX     64
#define PAUSE_US      50 /* between looks at the channel */

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

static void path_stop(struct path *p, struct reading *last)
{
	tp_workers_stop_rx();
	while (!tp_workers_drained())
		path_drain(last, 0.001);
	path_drain(last, 0.001);
	path_end(p);
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
	struct path_options o = {0};

	if (argc < 7)
		path_die("usage: udp_path CAPTURE FORMAT PORT PREFIX SECONDS CPU [PLATES.csv|-] [payload]");
	path_arguments(argv, &o);
	o.cpu = atoi(argv[6]);
	o.plates = argc > 7 && strcmp(argv[7], "-") != 0 ? argv[7] : NULL;
	o.keep_payload = argc > 8;
	path_start(&p, &o);
	path_drain(&from, WARM_UP_S);
	path_read(&p, &from);
	to = from;
	path_drain(&to, atof(argv[5]));
	path_read(&p, &to);
	if (to.cpu_ns == from.cpu_ns)
		path_die("the worker's thread was not found");
	path_print(&from, &to);
	path_stop(&p, &to);
	return 0;
}
