/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the command line to a plan: configuration, what the command line puts in its place, lists and rules, the look-up tables.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "tls.h"
#include "tp_clock.h"
#include "tp_log.h"
#include "tp_worker.h"

#define MIB (1024.0 * 1024.0)

static char configure_err[16384];

static int configure_fail(int status)
{
	tp_log_unkept(TP_LOG_ERROR, configure_err);
	return status;
}

/* memory.hugepages: auto. Yes where the free ones hold all that is needed and this process may use them. */
static bool configure_hugepages(const struct tp_dataplane_spec *spec)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned long long pages = 0;

	if (!file)
		return false;
	if (fscanf(file, "%llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages > 0 && pages * 2 * 1024 * 1024 >= tp_dataplane_memory(spec);
}

static int configure_replay(struct tp_daemon *d)
{
	const char *path = d->command_line.replay;

	if (tp_capture_scan(path, &d->capture, configure_err, sizeof(configure_err)))
		return configure_fail(TP_EXIT_FAILED);
	if (tp_conf_replay(&d->conf, path, configure_err, sizeof(configure_err)))
		return configure_fail(TP_EXIT_CONFIGURATION);
	return TP_EXIT_OK;
}

static uint64_t configure_mqtt_memory(const struct tp_dataplane_spec *dp)
{
	uint64_t per_connection;

	return tp_workers_mqtt_memory(dp, &per_connection);
}

/* Everything is reserved at start, so what the machine does not have is a mistake in the file. */
static int configure_memory(const struct tp_conf *conf)
{
	uint64_t need = tp_dataplane_memory(&conf->dataplane) + configure_mqtt_memory(&conf->dataplane);
	uint64_t have = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (need <= have)
		return TP_EXIT_OK;
	snprintf(configure_err, sizeof(configure_err),
	        "%s:%u: memory: found settings that need %.0f MiB for %u workers, expected at most the %.0f MiB of this machine; "
	        "lower batches, batch_bytes, mbufs, tcp.connections or workers.count",
	        conf->path, tp_conf_line(conf, "memory"), (double)need / MIB, conf->dataplane.n_workers, (double)have / MIB);
	return configure_fail(TP_EXIT_CONFIGURATION);
}

int tp_daemon_configure(struct tp_daemon *d)
{
	const struct tp_command_line *cl = &d->command_line;
	int status = TP_EXIT_OK;

	if (tp_conf_load(cl->config, &d->conf, configure_err, sizeof(configure_err)))
		return configure_fail(TP_EXIT_CONFIGURATION);
	if (cl->sink && tp_conf_sink(&d->conf, cl->sink, configure_err, sizeof(configure_err)))
		status = configure_fail(TP_EXIT_CONFIGURATION);
	if (status == TP_EXIT_OK && cl->replay)
		status = configure_replay(d);
	if (status == TP_EXIT_OK)
		status = configure_memory(&d->conf);
	if (status != TP_EXIT_OK)
		tp_conf_free(&d->conf);
	else if (d->conf.hugepages_auto)
		d->conf.dataplane.hugepages = configure_hugepages(&d->conf.dataplane);
	return status;
}

int tp_daemon_compile(struct tp_daemon *d)
{
	const struct tp_pattern_spec *spec = d->conf.patterns;
	int64_t begin = tp_clock_ms(CLOCK_MONOTONIC);
	struct tp_log_unkept mistakes;
	int rc;

	if (!spec)
		return TP_EXIT_OK;
	tp_notify_status("compiling lists and rules");
	if (!d->command_line.check)
		tp_log("compiling %u plate lists and %u rules", spec->n_lists, spec->n_rules);
	tp_log_unkept_open(&mistakes);
	rc = tp_patterns_get(&d->conf, NULL, &d->patterns, mistakes.out);
	tp_log_unkept_close(&mistakes, TP_LOG_ERROR);
	if (rc)
		return TP_EXIT_CONFIGURATION;
	if (!d->command_line.check)
		tp_log("compiled %u list entries and rules in %.1f s: %.1f MiB", tp_pattern_entries(d->patterns->db),
		        (double)(tp_clock_ms(CLOCK_MONOTONIC) - begin) / 1000, (double)tp_pattern_memory(d->patterns->db) / MIB);
	d->conf.plan.patterns = d->patterns->db;
	return TP_EXIT_OK;
}

/* What the first setup is made of has been made by the steps before. */
static void configure_setup(struct tp_daemon *d, struct tp_setup *first)
{
	first->conf = d->conf;
	first->conf_stays = true;
	first->patterns = d->patterns;
	memcpy(first->users, d->users, sizeof(first->users));
	memset(d->users, 0, sizeof(d->users));
	d->patterns = NULL;
	d->now = first;
	d->spec = tp_plan_spec(first->plan);
}

int tp_daemon_plan(struct tp_daemon *d)
{
	struct tp_setup *first = calloc(1, sizeof(*first));
	struct tp_log_unkept mistake;
	int ret = first ? tp_plan_build(&d->conf.plan, &first->plan, configure_err, sizeof(configure_err)) : -ENOMEM;

	if (ret == 0) {
		configure_setup(d, first);
		return TP_EXIT_OK;
	}
	free(first);
	tp_log_unkept_open(&mistake);
	fprintf(mistake.out, "%s: %s\n", d->conf.path, ret == -ENOMEM ? "out of memory for the plan" : configure_err);
	tp_log_unkept_close(&mistake, TP_LOG_ERROR);
	return ret == -ENOMEM ? TP_EXIT_FAILED : TP_EXIT_CONFIGURATION;
}

/* Octets that are reserved for one connection more, with its share of what all of them use while they are busy. */
static uint64_t configure_connection_octets(const struct tp_dataplane_spec *dp, uint64_t mqtt)
{
	struct tp_dataplane_spec twice = *dp;
	uint64_t idle;

	twice.tcp.connections *= 2;
	twice.tcp.time_wait *= 2;
	twice.tcp.chunks *= 2;
	twice.mqtt.clients *= 2;
	twice.mqtt.waiters *= 2;
	twice.mqtt.assembly_octets *= 2;
	return (tp_workers_mqtt_memory(&twice, &idle) - mqtt) / ((uint64_t)dp->tcp.connections * dp->n_workers) + 1;
}

/* What TCP and MQTT take, and how many connections more this machine's memory would hold. */
static void configure_print_connections(const struct tp_dataplane_spec *dp, uint64_t all)
{
	uint64_t have = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), per_connection;
	uint64_t mqtt = tp_workers_mqtt_memory(dp, &per_connection), reserved;

	if (mqtt == 0)
		return;
	reserved = configure_connection_octets(dp, mqtt);
	printf("  TCP and MQTT             %10.1f MiB\n", (double)mqtt / MIB);
	printf("connections %u on each of %u workers, %llu octets reserved for each, of which one that is idle and plain uses "
	       "%llu; this machine's memory holds %llu more\n",
	        dp->tcp.connections, dp->n_workers, (unsigned long long)reserved, (unsigned long long)per_connection,
	        (unsigned long long)(have > all ? (have - all) / reserved : 0));
}

static void configure_print_tls(const struct tp_plan_spec *spec, const struct tp_dataplane_spec *dp)
{
	uint32_t n = tp_daemon_tls_connections(spec, dp);

	if (n)
		printf("TLS connections %u on each of %u workers, %u octets more each while idle: %.1f MiB in all that are not "
		       "reserved\n",
		        n, dp->n_workers, TLS_IDLE_OCTETS, (double)n * dp->n_workers * TLS_IDLE_OCTETS / MIB);
}

void tp_daemon_check(const struct tp_daemon *d)
{
	const struct tp_dataplane_spec *dp = &d->conf.dataplane;
	uint64_t all = tp_dataplane_memory(dp), batches = (uint64_t)dp->n_workers * dp->batches * dp->batch_bytes;
	uint64_t patterns = d->now->patterns ? tp_pattern_memory(d->now->patterns->db) : 0;
	uint64_t books = (uint64_t)dp->n_workers * dp->n_sources * sizeof(struct tp_book);
	uint64_t mqtt = configure_mqtt_memory(dp);
	char sources[32];

	snprintf(sources, sizeof(sources), "books of %u sources", dp->n_sources);
	printf("memory %.1f MiB (%s)\n", (double)(all + patterns + mqtt) / MIB, dp->hugepages ? "hugepages" : "ordinary pages");
	printf("  packets, workers, queues %10.1f MiB\n", (double)(all - batches - books) / MIB);
	printf("  batches                  %10.1f MiB\n", (double)batches / MIB);
	printf("  %-24s %10.1f MiB\n", sources, (double)books / MIB);
	printf("  lists and rules          %10.1f MiB\n", (double)patterns / MIB);
	configure_print_connections(dp, all + patterns + mqtt);
	configure_print_tls(d->spec, dp);
	printf("%s: configuration is valid\n", d->conf.path);
}
