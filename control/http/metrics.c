/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /metrics, in Prometheus' text format, from the tables in which things are counted: a new counter is here without a line of its own. Labels are ports, workers, nodes
 * and names of counters, of which there are only so many, and where it is asked for those of lists and rules; a device is never one. What the workers count is of the last look of tp_sample.h, once a second, so that a scrape
 * costs the same however many devices there are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http.h"
#include "tls.h"
#include "tp_admin.h"
#include "tp_conf.h"
#include "tp_pattern.h"
#include "tp_sample.h"
#include "tp_view.h"
#include "tp_worker.h"

#define METRICS_NODES_MAX                  128
#define METRICS_REASON(name, action, help) #name,

static void metrics_family(struct evbuffer *to, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(to, "# HELP turnpike_%s %s\n# TYPE turnpike_%s %s\n", name, help, name, type);
}

static void metrics_counter(struct evbuffer *to, const char *name, uint64_t value, const char *help)
{
	char full[128];

	snprintf(full, sizeof(full), "%s_total", name);
	metrics_family(to, full, "counter", help);
	evbuffer_add_printf(to, "turnpike_%s %" PRIu64 "\n", full, value);
}

static void metrics_gauge(struct evbuffer *to, const char *name, double value, const char *help)
{
	metrics_family(to, name, "gauge", help);
	evbuffer_add_printf(to, "turnpike_%s %.17g\n", name, value);
}

/* A label's value: names come from the configuration. */
static void metrics_label(struct evbuffer *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			evbuffer_add(to, "\\", 1);
		evbuffer_add(to, *text == '\n' ? "\\n" : text, *text == '\n' ? 2 : 1);
	}
}

static void metrics_labelled(struct evbuffer *to, const char *name, const char *label, const char *of, uint64_t value)
{
	evbuffer_add_printf(to, "turnpike_%s{%s=\"", name, label);
	metrics_label(to, of);
	evbuffer_add_printf(to, "\"} %" PRIu64 "\n", value);
}

/* ---- the books ------------------------------------------------------------------------------------------------------------------- */
static void metrics_flow(struct evbuffer *to, const struct tp_account *total)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == TP_CLASS_FLOW)
			metrics_counter(to, tp_counter_descs[i].name, total->c[i], tp_counter_descs[i].help);
	metrics_counter(to, "acknowledged", total->acknowledged, "Records delivered: replicated, where the sink is Kafka");
	metrics_counter(to, "published", total->published, "Records that turnpiked made itself");
	metrics_counter(to, "spooled", total->spooled, "Records kept on disk");
	metrics_gauge(to, "in_workers", (double)total->in_workers, "Packets and records that workers hold");
	metrics_gauge(to, "in_flight", (double)total->in_flight, "Records between a batch and their end");
}

static void metrics_class(struct evbuffer *to, const struct tp_account *total, const char *name, enum tp_counter_class a,
        enum tp_counter_class b, const char *help)
{
	metrics_family(to, name, "counter", help);
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == a || tp_counter_descs[i].class == b)
			metrics_labelled(to, name, "reason", tp_counter_descs[i].name, total->c[i]);
}

static void metrics_books(struct evbuffer *to, const struct tp_account *total)
{
	metrics_flow(to, total);
	metrics_class(to, total, "answered_total", TP_CLASS_ANSWERED, TP_CLASS_ANSWERED,
	        "Packets that turnpiked answered or kept itself");
	metrics_class(to, total, "refused_total", TP_CLASS_REFUSED, TP_CLASS_REFUSED_BY_DECODER, "Input understood and not wanted");
	metrics_class(to, total, "dropped_total", TP_CLASS_DROPPED, TP_CLASS_DROPPED, "Input dropped below the decoders");
	metrics_class(to, total, "malformed_total", TP_CLASS_MALFORMED, TP_CLASS_MALFORMED, "Input that a decoder rejected");
	metrics_family(to, "failed_total", "counter", "Records that were not delivered");
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		metrics_labelled(to, "failed_total", "reason", tp_failure_names[i], total->failed[i]);
}

/* ---- lists and rules ---------------------------------------------------------------------------------------------------------------- */
static void metrics_lists(struct evbuffer *to, const struct tp_pattern_db *db, const uint64_t *hits)
{
	static struct tp_pattern_list rows[TP_PATTERN_LISTS + 1];

	tp_pattern_lists(db, 0, rows);
	metrics_family(to, "list_hits_total", "counter",
	        "Plates found on a list since lists and rules were compiled; none that is covert");
	for (unsigned int i = 1; i <= TP_PATTERN_LISTS; i++) /* "(others)" is no list's name */
		if (rows[i].entries && !rows[i].covert)
			metrics_labelled(to, "list_hits_total", "list", rows[i].name, hits[rows[i].group]);
}

static void metrics_rules(struct evbuffer *to, const struct tp_pattern_db *db, const uint64_t *hits)
{
	metrics_family(to, "rule_hits_total", "counter",
	        "Records that a rule fits since lists and rules were compiled; none that is covert");
	for (unsigned int i = 0; i < tp_pattern_entries(db); i++) {
		const struct tp_pattern_entry *e = tp_pattern_entry(db, i);

		if (!e->list && !e->covert)
			metrics_labelled(to, "rule_hits_total", "rule", e->entry, hits[e->group]);
	}
}

/* Not while workers take another configuration over: a count without theirs would be a new beginning for Prometheus. */
static void metrics_hits(struct evbuffer *to, const struct tp_pattern_db *db)
{
	uint64_t *hits = db ? calloc(tp_pattern_groups(db), sizeof(*hits)) : NULL;

	if (hits && tp_workers_pattern_count(db, hits)) {
		metrics_lists(to, db, hits);
		metrics_rules(to, db, hits);
	}
	free(hits);
}

/* ---- ports, workers, nodes ---------------------------------------------------------------------------------------------------------- */
#define METRICS_PORT(X)                                                                                                            \
	X(received, "Packets that the port gave")                                                                                  \
	X(missed, "Packets dropped by the port because they were not taken in time")                                               \
	X(no_mbuf, "Packets dropped because no buffer was free")                                                                   \
	X(errors, "Packets that came broken")                                                                                      \
	X(sent, "Packets sent")

static void metrics_ports(struct evbuffer *to, const struct tp_sample *s, const struct tp_dataplane_spec *spec)
{
#define METRICS_PORT_FAMILY(field, help)                                                                                           \
	metrics_family(to, "port_" #field "_total", "counter", help);                                                              \
	for (unsigned int i = 0; i < s->now.n_ports && i < spec->n_ports; i++)                                                     \
		metrics_labelled(to, "port_" #field "_total", "port", spec->ports[i].name, s->now.port[i].field);
	METRICS_PORT(METRICS_PORT_FAMILY)
	metrics_family(to, "port_up", "gauge", "1 while the port has a link");
	for (unsigned int i = 0; i < s->now.n_ports && i < spec->n_ports; i++)
		metrics_labelled(to, "port_up", "port", spec->ports[i].name, s->now.link[i] == TP_LINK_UP);
}

/* What the XDP program of an AF_XDP port decided. */
static void metrics_steered(struct evbuffer *to, const struct tp_sample *s, const struct tp_dataplane_spec *spec)
{
	static const char *const reasons[] = {TP_GUARD_REASONS(METRICS_REASON)};
	bool first = true;

	for (unsigned int i = 0; i < s->now.n_ports && i < spec->n_ports; i++) {
		if (spec->ports[i].type != TP_PORT_AF_XDP)
			continue;
		if (first)
			metrics_family(to, "port_steered_total", "counter", "Frames by what the XDP program of the port decided");
		first = false;
		for (unsigned int reason = 0; reason < TP_GUARD_REASON_COUNT; reason++) {
			evbuffer_add_printf(to, "turnpike_port_steered_total{port=\"");
			metrics_label(to, spec->ports[i].name);
			evbuffer_add_printf(to, "\",reason=\"%s\"} %" PRIu64 "\n", reasons[reason], s->now.port[i].guard[reason]);
		}
	}
}

#define METRICS_WORKER(X)                                                                                                          \
	X(walks, "walks", "Walks of the worker's graph")                                                                           \
	X(busy_cycles, "busy_cycles", "Cycles in walks that found packets")                                                        \
	X(total_cycles, "cycles", "Cycles since the start")

static void metrics_workers(struct evbuffer *to, const struct tp_sample *s)
{
	char worker[16];

#define METRICS_WORKER_FAMILY(field, name, help)                                                                                   \
	metrics_family(to, "worker_" name "_total", "counter", help);                                                              \
	for (unsigned int i = 0; i < s->now.n_workers; i++) {                                                                      \
		snprintf(worker, sizeof(worker), "%u", i);                                                                         \
		metrics_labelled(to, "worker_" name "_total", "worker", worker, s->now.load[i].field);                             \
	}
	METRICS_WORKER(METRICS_WORKER_FAMILY)
}

#define METRICS_NODE(X)                                                                                                            \
	X(calls, "Calls of the node, all workers together")                                                                        \
	X(objects, "Packets the node was given")                                                                                   \
	X(cycles, "Cycles the node took")

static struct tp_node_cost metrics_costs[METRICS_NODES_MAX];

/* Asked of the graph as often as there is a sample. How many there are. */
static unsigned int metrics_ask_nodes(int64_t at_us)
{
	static int64_t asked_us;
	static unsigned int n;

	if (at_us != asked_us)
		n = tp_workers_node_costs(metrics_costs, METRICS_NODES_MAX);
	asked_us = at_us;
	return n < METRICS_NODES_MAX ? n : METRICS_NODES_MAX;
}

static void metrics_nodes(struct evbuffer *to, int64_t at_us)
{
	unsigned int n = metrics_ask_nodes(at_us);

#define METRICS_NODE_FAMILY(field, help)                                                                                           \
	metrics_family(to, "node_" #field "_total", "counter", help);                                                              \
	for (unsigned int i = 0; i < n; i++)                                                                                       \
		metrics_labelled(to, "node_" #field "_total", "node", metrics_costs[i].name, metrics_costs[i].field);
	METRICS_NODE(METRICS_NODE_FAMILY)
}

/* ---- sink, logins, sockets ---------------------------------------------------------------------------------------------------------- */
/* What the client library counts is of all records; without it nothing that is left out elsewhere can be worked out. */
static void metrics_sent(struct evbuffer *to, const struct tp_sink_state *sink)
{
	metrics_counter(to, "sink_sent_records", sink->sent_records,
	        "Records the client library has sent; not there once a list or rule was covert");
	metrics_counter(to, "sink_sent_bytes", sink->sent_bytes,
	        "Octets the client library has sent; not there once a list or rule was covert");
}

/* Only of Kafka: a sink without a client library would always say 0, while its records are acknowledged. */
static void metrics_kafka(struct evbuffer *to, const struct tp_sink_state *sink, bool covert)
{
	metrics_gauge(to, "sink_brokers", sink->brokers, "Brokers the sink knows");
	metrics_gauge(to, "sink_brokers_up", sink->brokers_up, "Brokers the sink has a connection to");
	metrics_gauge(to, "sink_round_trip_seconds", sink->rtt_us / 1e6, "Mean round trip of requests lately; 0: not known");
	metrics_gauge(to, "sink_queued_records", (double)sink->queued, "Records handed to the client library");
	if (!covert)
		metrics_sent(to, sink);
}

static void metrics_sink(struct evbuffer *to, const struct tp_pulse *pulse)
{
	const struct tp_sink_state *sink = &pulse->sink;

	metrics_gauge(to, "sink_reachable", sink->reachable, "1 the sink is reachable, 0 it is not, -1 not known");
	metrics_gauge(to, "sink_busy", pulse->sink_busy, "1 while the sink takes no more");
	metrics_gauge(to, "sink_outstanding_records", (double)pulse->outstanding, "Records the sink holds");
	metrics_counter(to, "logins_accepted", pulse->login.accepted, "Passwords found right");
	metrics_counter(to, "logins_refused", pulse->login.refused, "Passwords found wrong");
	metrics_counter(to, "logins_failed", pulse->login.failed, "Passwords that could not be checked");
	metrics_gauge(to, "logins_waiting", pulse->login.waiting, "Passwords being checked");
}

static void metrics_sockets(struct evbuffer *to)
{
	char name[64];

	for (unsigned int i = 0; i < TP_CONTROL_COUNTER_COUNT; i++) {
		snprintf(name, sizeof(name), "control_%s", tp_control_counter_descs[i].name);
		metrics_counter(to, name, tp_control_counters[i], tp_control_counter_descs[i].help);
	}
#define METRICS_HTTP(name, help) metrics_counter(to, "http_" #name, http_counters[HTTP_##name], help);
	HTTP_COUNTERS(METRICS_HTTP)
}

/* ---- certificates ------------------------------------------------------------------------------------------------------------------- */
static void metrics_end(struct evbuffer *to, const char *name, const char *protocol, const char *listener, int64_t end)
{
	evbuffer_add_printf(to, "turnpike_%s{protocol=\"%s\",listener=\"", name, protocol);
	metrics_label(to, listener);
	evbuffer_add_printf(to, "\"} %" PRId64 "\n", end);
}

/* What new connections get; a listener that the configuration has left out gets none. */
static void metrics_certificates(struct evbuffer *to, const struct tp_view *view)
{
	static const char name[] = "tls_certificate_not_after_seconds";
	const struct tp_conf *conf = view->conf;
	int64_t end;

	metrics_family(
	        to, name, "gauge", "When the certificate of a listener ends, or one of its chain where that is sooner, since 1970");
	for (unsigned int i = 0; i < conf->mqtt_count; i++)
		if (conf->mqtt[i].context && !conf->plan.mqtt_listeners[i].retired)
			metrics_end(
			        to, name, "mqtt", conf->plan.mqtt_listeners[i].name, tls_context_not_after(conf->mqtt[i].context));
	if (http_server_not_after(&end))
		metrics_end(to, name, "http", conf->http.listen, end);
}

/* Of MQTT alone: HTTP asks nobody for a certificate. */
static void metrics_revocation_lists(struct evbuffer *to, const struct tp_view *view)
{
	static const char name[] = "tls_revocation_list_next_update_seconds";
	const struct tp_conf *conf = view->conf;
	int64_t end;

	metrics_family(to, name, "gauge", "When the first of the revocation lists of a listener ends (nextUpdate), since 1970");
	for (unsigned int i = 0; i < conf->mqtt_count; i++)
		if (conf->mqtt[i].context && !conf->plan.mqtt_listeners[i].retired &&
		        tls_context_next_update(conf->mqtt[i].context, &end))
			metrics_end(to, name, "mqtt", conf->plan.mqtt_listeners[i].name, end);
}

/* ---- the daemon -------------------------------------------------------------------------------------------------------------------- */
static void metrics_about(struct evbuffer *to, const struct tp_view *view)
{
	unsigned int heard, silent, skewed;
	const char *why;

	metrics_family(to, "build_info", "gauge", "1; the version");
	metrics_labelled(to, "build_info", "version", TP_VERSION, 1);
	metrics_gauge(to, "start_time_seconds", (double)view->started_us / 1e6, "When turnpiked started, since 1970");
	metrics_gauge(to, "configured_time_seconds", (double)view->configured_us / 1e6,
	        "When this configuration came into force, since 1970");
	metrics_gauge(to, "configuration_generation", view->generation, "1 at start, one more with each configuration");
	metrics_gauge(to, "devices", view->devices, "Devices of the configuration");
	http_lookback_counts(&heard, &silent, &skewed);
	metrics_gauge(to, "devices_heard", heard, "Devices heard since the start");
	metrics_gauge(
	        to, "devices_silent", silent, "Devices heard before, and not for three times their longest gap (60 s to 1 h)");
	metrics_gauge(to, "devices_skewed", skewed, "Devices whose clock is off by more than 5 s");
	metrics_gauge(to, "ready", http_is_ready(&why), "1 where /readyz says ok");
}

static void metrics_process(struct evbuffer *to)
{
	unsigned long long pages = 0;
	struct rusage usage;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	getrusage(RUSAGE_SELF, &usage);
	evbuffer_add_printf(to,
	        "# HELP process_resident_memory_bytes Resident memory\n# TYPE process_resident_memory_bytes gauge\n"
	        "process_resident_memory_bytes %llu\n"
	        "# HELP process_cpu_seconds_total CPU time of all threads\n# TYPE process_cpu_seconds_total "
	        "counter\nprocess_cpu_seconds_total %.3f\n",
	        pages * (unsigned long long)sysconf(_SC_PAGESIZE),
	        (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

void http_metrics(struct http_reply *reply)
{
	const struct tp_sample *sample = tp_sample();
	const struct tp_view *view = tp_view_hold();
	struct tp_pulse pulse;
	bool covert, kafka;

	tp_pulse_get(&pulse);
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_about(reply->body, view);
	metrics_books(reply->body, &sample->now.total);
	metrics_ports(reply->body, sample, &view->conf->dataplane);
	metrics_steered(reply->body, sample, &view->conf->dataplane);
	metrics_certificates(reply->body, view);
	metrics_revocation_lists(reply->body, view);
	if (view->conf->http.hits)
		metrics_hits(reply->body, view->spec->patterns);
	covert = view->covert;
	kafka = strcmp(view->conf->sink, "kafka") == 0;
	tp_view_release();
	metrics_workers(reply->body, sample);
	metrics_nodes(reply->body, sample->now.at_us);
	metrics_sink(reply->body, &pulse);
	if (kafka)
		metrics_kafka(reply->body, &pulse.sink, covert);
	metrics_sockets(reply->body);
	metrics_process(reply->body);
}
