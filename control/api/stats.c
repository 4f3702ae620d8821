/* SPDX-License-Identifier: BSD-3-Clause */
/* stats: the counters of tp_stats.h by name, those of the ledger, of the ports and of the control socket. */
#include <string.h>

#include "api.h"
#include "devices.h"
#include "tp_books.h"
#include "tp_port.h"
#include "tp_worker.h"

static const struct api_column stats_columns[] = {{"counter", "counter", TP_UNIT_TEXT}, {"class", "class", TP_UNIT_TEXT},
        {"count", "count", TP_UNIT_COUNT}, {"help", "what it counts", TP_UNIT_TEXT}};

static const char *const stats_classes[] = {[TP_CLASS_FLOW] = "flow",
        [TP_CLASS_ANSWERED] = "answered",
        [TP_CLASS_REFUSED] = "refused",
        [TP_CLASS_REFUSED_BY_DECODER] = "refused",
        [TP_CLASS_DROPPED] = "dropped",
        [TP_CLASS_MALFORMED] = "malformed"};

struct stats_list {
	json_t *rows;
	bool all; /* those that are 0 too */
};

static void stats_add(struct stats_list *list, const char *name, const char *class, uint64_t count, const char *help)
{
	if (count || list->all)
		json_array_append_new(list->rows, json_pack("{s:s, s:s, s:o, s:s}", "counter", name, "class", class, "count",
		                                          api_json_count(count), "help", help));
}

static void stats_account(struct stats_list *list, const struct tp_account *a)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class != TP_CLASS_COVERT)
			stats_add(list, tp_counter_descs[i].name, stats_classes[tp_counter_descs[i].class], a->c[i],
			        tp_counter_descs[i].help);
	stats_add(list, "published", "ledger", a->published, "Records that control made itself");
	stats_add(list, "acknowledged", "ledger", a->acknowledged, "Records delivered");
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		stats_add(list, tp_failure_names[i], "failed", a->failed[i], tp_failure_helps[i]);
}

static void stats_ports(struct stats_list *list)
{
	struct tp_port_stats sum = {.received = 0}, one;

	for (unsigned int port = 0; port < TP_MAX_PORTS && tp_port_stats(port, &one) == 0; port++) {
		sum.received += one.received;
		sum.missed += one.missed;
		sum.no_mbuf += one.no_mbuf;
		sum.errors += one.errors;
		sum.sent += one.sent;
	}
	stats_add(list, "port_received", "port", sum.received, "Packets that all ports gave or would have given");
	stats_add(list, "port_missed", "port", sum.missed, "Packets that ports had to drop because they were not taken in time");
	stats_add(list, "port_no_mbuf", "port", sum.no_mbuf, "Packets that ports dropped because no buffer was free");
	stats_add(list, "port_errors", "port", sum.errors, "Packets that came broken");
	stats_add(list, "port_sent", "port", sum.sent, "Packets sent");
}

/* What never reached a worker, by the names that the books have for it. */
static void stats_xdp(struct stats_list *list)
{
#define STATS_XDP(name, action, help) {"xdp_" #name, help},
	static const struct {
		const char *name, *help;
	} reasons[TP_GUARD_REASON_COUNT] = {TP_GUARD_REASONS(STATS_XDP)};
	uint64_t sum[TP_GUARD_REASON_COUNT] = {0};
	struct tp_port_stats one;

	for (unsigned int port = 0; port < TP_MAX_PORTS && tp_port_stats(port, &one) == 0; port++)
		for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
			sum[i] += one.guard[i];
	for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
		stats_add(list, reasons[i].name, "xdp", sum[i], reasons[i].help);
}

static void stats_control(struct stats_list *list)
{
	for (unsigned int i = 0; i < TP_CONTROL_COUNTER_COUNT; i++)
		stats_add(list, tp_control_counter_descs[i].name, "control", tp_control_counters[i],
		        tp_control_counter_descs[i].help);
}

void api_stats(struct api_request *r)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	const char *device = api_text(r, "device");
	int source = device ? api_device(spec, device) : -1;
	struct stats_list list = {.all = api_flag(r, "all")};
	json_t *show = api_show();
	struct tp_account account;

	if (device && source < 0) {
		json_decref(show);
		api_failf(r, API_UNKNOWN, "device: found '%s', expected a device of the configuration, or nobody", device);
		return;
	}
	list.rows = json_array();
	if (device)
		tp_books_line(&account, (unsigned int)source);
	else
		tp_books_sum(&account, spec->n_sources);
	stats_account(&list, &account);
	if (!device) {
		stats_ports(&list);
		stats_xdp(&list);
		stats_control(&list);
	}
	api_show_table(show, "counters", NULL, API_COLUMNS(stats_columns));
	api_answer(r, json_pack("{s:s, s:o}", "of", device ? device : "total", "counters", list.rows), show);
}
