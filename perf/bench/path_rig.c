/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet path of one worker for benchmarks: its specification, its plan, its start. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path_rig.h"

void path_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

void path_arguments(char **argv, struct path_options *o)
{
	char *slash;

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
}

static void path_ports(struct path *p, const struct path_options *o)
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
	        .paced = o->paced,
	        .idle_sleep_us = o->idle_sleep_us,
	        .file_prefix = program_invocation_short_name,
	        .n_sources = HOSTS_MAX + 1};
}

static void path_sources(struct path *p, const struct path_options *o)
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

static void path_patterns(struct path *p, const struct path_options *o)
{
	struct tp_list_spec list = {.path = o->plates, .name = "bench"};
	struct tp_pattern_spec spec = {.lists = &list, .n_lists = 1};
	char err[1024] = "";

	if (o->plates && tp_pattern_compile(&spec, &p->patterns, err, sizeof(err)) != 0)
		path_die(err);
}

static void path_plan(struct path *p, const struct path_options *o)
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
		p->topics[k] = (struct tp_topic){.name = o->topic && k == 0 ? o->topic : tp_schema_of_kind[k].topic,
		        .kind = (enum tp_kind)k,
		        .encoding = TP_ENCODING_AVRO,
		        .schema_id = k + 1,
		        .keep_payload = o->keep_payload};
		p->listener.topic[k] = (uint16_t)k;
	}
	if (tp_plan_build(&spec, &p->plan, err, sizeof(err)) != 0)
		path_die(err);
}

void path_start(struct path *p, const struct path_options *o)
{
	char err[512] = "";

	path_ports(p, o);
	path_sources(p, o);
	path_patterns(p, o);
	path_plan(p, o);
	if (tp_dataplane_init(&p->dataplane, err, sizeof(err)) != 0 || tp_workers_start(p->plan, err, sizeof(err)) != 0)
		path_die(err);
}

void path_end(struct path *p)
{
	tp_workers_stop();
	tp_dataplane_fini();
	tp_plan_free(p->plan);
	tp_pattern_free(p->patterns);
}
