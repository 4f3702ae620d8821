/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * workers: the share of their cycles in walks that found packets, and what each node of the graph cost, from the graph's own statistics. A node that is
 * called without packets costs cycles too, so port_rx looks dear on a worker that has little to do.
 */
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define WORKERS_NODES 256

static const struct api_column workers_columns[] = {{"worker", "worker", TP_UNIT_COUNT}, {"cpu", "cpu", TP_UNIT_COUNT},
        {"busy", "busy now", TP_UNIT_SHARE}, {"busy_since_start", "since start", TP_UNIT_SHARE},
        {"walks_rate", "walks/s", TP_UNIT_RATE}};

static const struct api_column workers_node_columns[] = {{"node", "node", TP_UNIT_TEXT}, {"calls", "calls", TP_UNIT_COUNT},
        {"packets", "packets", TP_UNIT_COUNT}, {"packets_a_call", "packets a call", TP_UNIT_RATE},
        {"cycles_a_packet", "cycles a packet", TP_UNIT_RATE}, {"share", "share of cycles", TP_UNIT_SHARE}};

json_t *api_workers_rows(const struct tp_sample *sample)
{
	const struct tp_dataplane_spec *spec = &api_view()->conf->dataplane;
	json_t *rows = json_array();

	for (unsigned int w = 0; w < sample->now.n_workers; w++) {
		const struct tp_worker_load *load = &sample->now.load[w];
		int cpu = spec->worker_cpus && w < spec->n_workers ? spec->worker_cpus[w] : -1;

		json_array_append_new(rows,
		        json_pack("{s:i, s:o, s:f, s:f, s:f}", "worker", (int)w, "cpu", cpu < 0 ? json_null() : json_integer(cpu),
		                "busy", tp_sample_busy(sample, w), "busy_since_start",
		                load->total_cycles ? (double)load->busy_cycles / (double)load->total_cycles : 0.0, "walks_rate",
		                tp_sample_rate(sample, load->walks, sample->before.load[w].walks)));
	}
	return rows;
}

void api_show_workers(json_t *show)
{
	api_show_table(show, "workers", "workers", API_COLUMNS(workers_columns));
}

static double workers_ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

static int workers_order(const void *a, const void *b)
{
	const struct tp_node_cost *x = a, *y = b;

	return x->cycles == y->cycles ? strcmp(x->name, y->name) : x->cycles < y->cycles ? 1 : -1;
}

static json_t *workers_nodes(void)
{
	struct tp_node_cost *costs = calloc(WORKERS_NODES, sizeof(*costs));
	unsigned int n = costs ? tp_workers_node_costs(costs, WORKERS_NODES) : 0;
	json_t *rows = json_array();
	uint64_t all = 0;

	n = n < WORKERS_NODES ? n : WORKERS_NODES;
	for (unsigned int i = 0; i < n; i++)
		all += costs[i].cycles;
	if (n)
		qsort(costs, n, sizeof(*costs), workers_order);
	for (unsigned int i = 0; i < n; i++)
		if (costs[i].calls)
			json_array_append_new(
			        rows, json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:f}", "node", costs[i].name, "calls",
			                      api_json_count(costs[i].calls), "packets", api_json_count(costs[i].objects), "cycles",
			                      api_json_count(costs[i].cycles), "packets_a_call",
			                      workers_ratio(costs[i].objects, costs[i].calls), "cycles_a_packet",
			                      workers_ratio(costs[i].cycles, costs[i].objects), "share",
			                      workers_ratio(costs[i].cycles, all)));
	free(costs);
	return rows;
}

void api_workers(struct api_request *r)
{
	json_t *data = json_object(), *show = api_show();

	json_object_set_new(data, "workers", api_workers_rows(tp_sample()));
	json_object_set_new(data, "nodes", workers_nodes());
	api_show_workers(show);
	api_show_table(show, "nodes", "nodes of the graph, all workers, since the start", API_COLUMNS(workers_node_columns));
	api_answer(r, data, show);
}
