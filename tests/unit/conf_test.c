/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration: what struct tp_conf holds after a load, defaults, sources and topics, overrides, and input that is damaged at every
 * byte. What is said about each kind of mistake is tested with the daemon (tests/smoke/cli_test.py).
 */
#include <arpa/inet.h>

#include "conf_check.h"
#include "tp_suggest.h"

static const char full[] =
        "name: edge\n"
        "site: here\n"
        "workers: {count: 2, control_cpu: 0, idle_sleep_us: 7, arena_bytes: 65536}\n"
        "memory:\n"
        "  {hugepages: false, total_mb: 512, mbufs: 8192, batch_bytes: 65536, batches: 33, batch_age_us: 99,\n"
        "   fragment_datagrams: 5, fragment_packets: 6, fragment_timeout_ms: 77}\n"
        "ports:\n"
        "  - {name: a, type: af_xdp, device: eth1, queues: 3, rx_descriptors: 64, tx_descriptors: 128, mtu: 9000,\n"
        "     addresses: [192.0.2.10, '2001:db8::10']}\n"
        "  - {name: b, type: pcap, device: in.pcap, repeat: true}\n"
        "  - {name: c, type: memif, device: /run/c.sock, memif_server: true}\n"
        "groups:\n"
        "  - name: rsus\n"
        "    sources:\n"
        "      - {address: 192.0.2.101, device: rsu-1}\n"
        "      - {address: 198.51.100.0/24, device: rsu-2, site: there, lane: '2'}\n"
        "listeners:\n"
        "  - {name: v2x, port: 46800, format: j2735, groups: [rsus], clamp_past_ms: 5, clamp_future_ms: 6}\n"
        "  - {name: shared, port: 44990, format: j2735, groups: [rsus], topics: [other.bsm],\n"
        "     sources: [{address: '2001:db8::/32', device: rsu-1}, {address: 192.0.2.0/24, device: rsu-1, lane: '1'}]}\n"
        "  - {name: plates, port: 46800, address: '2001:db8::10', format: plate, unknown_sources: accept}\n"
        "topics:\n"
        "  - {name: raw.v2x.bsm.v1, schema_id: 7, keep_payload: true, partitions: 9, replication: 3}\n"
        "  - {name: other.bsm, kind: bsm, encoding: json}\n"
        "  - {name: my.dead, kind: dlq}\n"
        "lists:\n"
        "  - {name: stolen, path: list.csv}\n"
        "rules:\n"
        "  - {name: r1, kind: bsm, regex: '^a', caseless: true, category: c, priority: 4}\n"
        "  - {name: r2, kind: plate_read, field: site, regex: b}\n"
        "  - {name: r3, kind: bsm, field: payload, regex: c}\n"
        "sink:\n"
        "  type: kafka\n"
        "  kafka:\n"
        "    {brokers: 'b:1,c:2', client_id: me, compression: zstd, linger_ms: 1, delivery_timeout_ms: 2000,\n"
        "     connect_timeout_ms: 300, queue_messages: 4000, create_topics: false, partitions: 5, replication: 2,\n"
        "     properties: [socket.keepalive.enable=true]}\n"
        "  file: {directory: /var/records, fsync: batch, fsync_interval_ms: 9}\n"
        "dead_letters: {rate: 11}\n"
        "books: {interval_s: 12, stats_interval_ms: 0}\n"
        "stop: {timeout_ms: 13}\n"
        "log: {dpdk: info}\n";

/* ---- what a load fills ------------------------------------------------------------------------------------------------------------ */
static void dataplane_is_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_dataplane_spec *d = &conf.dataplane;
	char path[128];

	(void)state;
	load(full, &conf);
	assert_string_equal(conf.path, file);
	assert_int_equal(d->n_workers, 2);
	assert_int_equal(d->worker_cpus[0], -1);
	assert_int_equal(d->worker_cpus[1], -1);
	assert_int_equal(d->control_cpu, 0);
	assert_int_equal(d->idle_sleep_us, 7);
	assert_int_equal(d->arena_bytes, 65536);
	assert_false(d->hugepages);
	assert_false(conf.hugepages_auto);
	assert_int_equal(d->memory_mb, 512);
	assert_int_equal(d->mbufs, 8192);
	assert_int_equal(d->batch_bytes, 65536);
	assert_int_equal(d->batches, 33);
	assert_int_equal(d->fragment_datagrams, 5);
	assert_int_equal(d->fragment_packets, 6);
	assert_int_equal(d->fragment_timeout_ms, 77);
	assert_string_equal(d->file_prefix, "edge");
	assert_string_equal(d->eal_log_level, "info");
	assert_int_equal(d->n_sources, conf.plan.n_sources + 1000); /* memory.sources_reserve */
	assert_int_equal(d->n_ports, 3);
	assert_int_equal(d->ports[0].type, TP_PORT_AF_XDP);
	assert_string_equal(d->ports[0].name, "a");
	assert_string_equal(d->ports[0].device, "eth1");
	assert_int_equal(d->ports[0].queues, 3);
	assert_int_equal(d->ports[0].rx_descriptors, 64);
	assert_int_equal(d->ports[0].tx_descriptors, 128);
	assert_int_equal(d->ports[0].mtu, 9000);
	assert_int_equal(d->ports[0].n_addresses, 2);
	assert_int_equal(d->ports[0].addresses[0].family, 4);
	assert_memory_equal(d->ports[0].addresses[0].addr, "\xc0\x00\x02\x0a", 4);
	assert_int_equal(d->ports[0].addresses[1].family, 6);
	snprintf(path, sizeof(path), "%s/in.pcap", folder);
	assert_string_equal(d->ports[1].device, path);
	assert_true(d->ports[1].pcap_repeat);
	assert_string_equal(d->ports[2].device, "/run/c.sock");
	assert_true(d->ports[2].memif_server);
	tp_conf_free(&conf);
}

static void sinks_are_filled(void **state)
{
	struct tp_conf conf;

	(void)state;
	load(full, &conf);
	assert_string_equal(conf.sink, "kafka");
	assert_string_equal(conf.kafka.brokers, "b:1,c:2");
	assert_string_equal(conf.kafka.client_id, "me");
	assert_string_equal(conf.kafka.compression, "zstd");
	assert_int_equal(conf.kafka.linger_ms, 1);
	assert_int_equal(conf.kafka.delivery_timeout_ms, 2000);
	assert_int_equal(conf.kafka.connect_timeout_ms, 300);
	assert_int_equal(conf.kafka.queue_messages, 4000);
	assert_false(conf.kafka.create_topics);
	assert_int_equal(conf.kafka.partitions, 5);
	assert_int_equal(conf.kafka.replication, 2);
	assert_int_equal(conf.kafka.properties_count, 1);
	assert_string_equal(conf.kafka.properties[0], "socket.keepalive.enable=true");
	assert_string_equal(conf.file.directory, "/var/records");
	assert_int_equal(conf.file.fsync, TP_FSYNC_BATCH);
	assert_int_equal(conf.file.fsync_interval_ms, 9);
	assert_int_equal(conf.plan.dlq_rate, 11);
	assert_int_equal(conf.plan.batch_age_us, 99);
	assert_int_equal(conf.books_interval_s, 12);
	assert_int_equal(conf.stats_interval_ms, 0);
	assert_int_equal(conf.stop_timeout_ms, 13);
	tp_conf_free(&conf);
}

static void defaults_are_filled(void **state)
{
	struct tp_conf conf;
	char path[128];

	(void)state;
	load(small, &conf);
	assert_int_equal(conf.dataplane.n_workers, 1);
	assert_int_equal(conf.dataplane.control_cpu, -1);
	assert_int_equal(conf.dataplane.batch_bytes, 262144);
	assert_int_equal(conf.dataplane.ports[0].mtu, 1500);
	assert_int_equal(conf.dataplane.ports[0].n_addresses, 0);
	assert_true(conf.hugepages_auto);
	assert_true(conf.dataplane.use_mac_filter);
	assert_string_equal(conf.dataplane.file_prefix, "turnpike");
	assert_string_equal(conf.sink, "kafka");
	assert_string_equal(conf.kafka.brokers, "localhost:9092");
	assert_string_equal(conf.kafka.compression, "lz4");
	assert_true(conf.kafka.create_topics);
	assert_int_equal(conf.kafka.delivery_timeout_ms, 120000);
	snprintf(path, sizeof(path), "%s/records", folder);
	assert_string_equal(conf.file.directory, path);
	assert_int_equal(conf.plan.dlq_rate, 1000);
	assert_int_equal(conf.stats_interval_ms, 1000);
	assert_null(conf.patterns);
	assert_int_equal(conf.plan.listeners[0].clamp_past_us, INT64_C(86400000000));
	assert_int_equal(conf.plan.listeners[0].clamp_future_us, 5000000);
	tp_conf_free(&conf);
}

/* ---- the plan ------------------------------------------------------------------------------------------------------------------------ */
static const struct tp_prefix *find_prefix(const struct tp_conf *conf, uint16_t listener, const char *addr, uint8_t length)
{
	uint8_t octets[16] = {0};

	assert_int_equal(inet_pton(strchr(addr, ':') ? AF_INET6 : AF_INET, addr, octets), 1);
	for (unsigned int i = 0; i < conf->plan.n_prefixes; i++) {
		const struct tp_prefix *p = &conf->plan.prefixes[i];

		if (p->listener == listener && p->length == length && p->family == (strchr(addr, ':') ? 6 : 4) &&
		        memcmp(p->addr, octets, 16) == 0)
			return p;
	}
	return NULL;
}

static void source_is(const struct tp_conf *conf, const struct tp_prefix *p, const char *device, const char *site, const char *lane)
{
	const struct tp_source *s;

	assert_non_null(p);
	s = &conf->plan.sources[p->source];
	assert_true(is(s->device, device) && is(s->site, site) && is(s->lane, lane));
	assert_false(s->unknown);
}

static void sources_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_source *unknown;

	(void)state;
	load(full, &conf);
	assert_int_equal(conf.plan.n_sources, 5); /* nobody, rsu-1, rsu-2, rsu-1 of lane 1, unknown */
	assert_true(is(conf.plan.sources[0].device, TP_CONF_NOBODY));
	assert_int_equal(conf.plan.n_prefixes, 6);
	source_is(&conf, find_prefix(&conf, 0, "192.0.2.101", 32), "rsu-1", "here", NULL);
	source_is(&conf, find_prefix(&conf, 0, "198.51.100.0", 24), "rsu-2", "there", "2");
	source_is(&conf, find_prefix(&conf, 1, "2001:db8::", 32), "rsu-1", "here", NULL);
	source_is(&conf, find_prefix(&conf, 1, "192.0.2.0", 24), "rsu-1", "here", "1");
	assert_int_equal(find_prefix(&conf, 0, "192.0.2.101", 32)->source, find_prefix(&conf, 1, "192.0.2.101", 32)->source);
	assert_int_equal(find_prefix(&conf, 0, "192.0.2.101", 32)->source, find_prefix(&conf, 1, "2001:db8::", 32)->source);
	assert_int_equal(conf.plan.listeners[0].unknown_source, 0);
	unknown = &conf.plan.sources[conf.plan.listeners[2].unknown_source];
	assert_true(unknown->unknown && is(unknown->device, TP_CONF_UNKNOWN) && is(unknown->site, "here"));
	tp_conf_free(&conf);
}

static void topics_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_topic *bsm;

	(void)state;
	load(full, &conf);
	bsm = topic_of(&conf, 0, TP_KIND_bsm);
	assert_string_equal(bsm->name, "raw.v2x.bsm.v1");
	assert_int_equal(bsm->schema_id, 7);
	assert_true(bsm->keep_payload);
	assert_int_equal(bsm->encoding, TP_ENCODING_AVRO);
	assert_int_equal(conf.topics[conf.plan.listeners[0].topic[TP_KIND_bsm]].partitions, 9);
	assert_int_equal(conf.topics[conf.plan.listeners[0].topic[TP_KIND_bsm]].replication, 3);
	assert_string_equal(topic_of(&conf, 1, TP_KIND_bsm)->name, "other.bsm");
	assert_int_equal(topic_of(&conf, 1, TP_KIND_bsm)->encoding, TP_ENCODING_JSON);
	assert_string_equal(topic_of(&conf, 1, TP_KIND_spat)->name, "raw.v2x.spat.v1");
	assert_string_equal(topic_of(&conf, 0, TP_KIND_dlq)->name, "my.dead");
	assert_string_equal(topic_of(&conf, 2, TP_KIND_dlq)->name, "my.dead");
	assert_string_equal(topic_of(&conf, 2, TP_KIND_plate_read)->name, "raw.plate.read.v1");
	assert_string_equal(topic_of(&conf, 2, TP_KIND_alert_match)->name, "alert.match.v1");
	/* Nothing is made that nobody sends to: no toll listener, no statistics, dlq.v1 replaced. */
	assert_false(has_topic(&conf, "raw.toll.passage.v1"));
	assert_false(has_topic(&conf, "ops.edge.stats.v1"));
	assert_false(has_topic(&conf, "dlq.v1"));
	tp_conf_free(&conf);
	load(small, &conf);
	assert_true(has_topic(&conf, "ops.edge.stats.v1"));
	tp_conf_free(&conf);
}

static void listeners_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_listener *l;

	(void)state;
	load(full, &conf);
	l = conf.plan.listeners;
	assert_int_equal(conf.plan.n_listeners, 3);
	assert_string_equal(l[0].name, "v2x");
	assert_int_equal(l[0].port, 46800);
	assert_int_equal(l[0].family, 0);
	assert_string_equal(l[0].decoder->name, "j2735");
	assert_int_equal(l[0].clamp_past_us, 5000);
	assert_int_equal(l[0].clamp_future_us, 6000);
	assert_int_equal(l[2].family, 6);
	assert_memory_equal(l[2].addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x10", 16);
	tp_conf_free(&conf);
}

static void patterns_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_pattern_spec *p;
	char path[128];

	(void)state;
	load(full, &conf);
	p = conf.patterns;
	assert_non_null(p);
	snprintf(path, sizeof(path), "%s/list.csv", folder);
	assert_int_equal(p->n_lists, 1);
	assert_string_equal(p->lists[0].path, path);
	assert_string_equal(p->lists[0].name, "stolen");
	assert_int_equal(p->n_rules, 3);
	assert_string_equal(p->rules[0].regex, "^a");
	assert_true(p->rules[0].caseless);
	assert_string_equal(p->rules[0].category, "c");
	assert_int_equal(p->rules[0].priority, 4);
	assert_null(p->rules[1].category);
	assert_int_equal(p->n_channels, 2); /* r1 and r3 look at the same */
	assert_int_equal(conf.plan.n_channels, 2);
	assert_int_equal(p->rules[0].channel, p->rules[2].channel);
	assert_null(conf.plan.channels[p->rules[0].channel].field);
	assert_int_equal(conf.plan.channels[p->rules[1].channel].kind, TP_KIND_plate_read);
	assert_string_equal(conf.plan.channels[p->rules[1].channel].field->name, "site");
	assert_true(conf.plan.channels[p->rules[1].channel].in_envelope);
	tp_conf_free(&conf);
}

/* ---- overrides ----------------------------------------------------------------------------------------------------------------------- */
static void sink_is_replaced(void **state)
{
	struct tp_conf conf;

	(void)state;
	load(full, &conf);
	assert_int_equal(tp_conf_sink(&conf, "file", err, sizeof(err)), 0);
	assert_string_equal(conf.sink, "file");
	for (unsigned int i = 0; i < conf.plan.n_topics; i++)
		assert_int_equal(conf.plan.topics[i].encoding, TP_ENCODING_JSON);
	assert_int_equal(tp_conf_sink(&conf, "null", err, sizeof(err)), 0);
	assert_int_equal(topic_of(&conf, 0, TP_KIND_bsm)->encoding, TP_ENCODING_AVRO);
	assert_int_equal(tp_conf_sink(&conf, "kafak", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "did you mean 'kafka'?"));
	assert_string_equal(conf.sink, "null");
	tp_conf_free(&conf);
}

static void ports_are_replaced(void **state)
{
	struct tp_conf conf;

	(void)state;
	load(full, &conf);
	assert_int_equal(tp_conf_replay(&conf, "some.pcap", err, sizeof(err)), 0);
	assert_int_equal(conf.dataplane.n_ports, 1);
	assert_int_equal(conf.dataplane.ports[0].type, TP_PORT_PCAP);
	assert_string_equal(conf.dataplane.ports[0].device, "some.pcap");
	assert_false(conf.dataplane.ports[0].pcap_repeat);
	assert_int_equal(conf.dataplane.ports[0].n_addresses, 0);
	assert_false(conf.dataplane.use_mac_filter);
	assert_false(conf.dataplane.hugepages || conf.hugepages_auto);
	assert_string_not_equal(conf.dataplane.file_prefix, "edge");
	assert_int_equal(tp_conf_replay(&conf, "a,b", err, sizeof(err)), -EINVAL);
	tp_conf_free(&conf);
}

/* ---- what is printed loads ------------------------------------------------------------------------------------------------------------- */
static void dump_loads(void **state)
{
	struct tp_conf conf;
	FILE *out = fopen(file, "w");

	(void)state;
	assert_non_null(out);
	tp_conf_dump(out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(tp_conf_load(file, &conf, err, sizeof(err)), 0);
	assert_string_equal(conf.sink, "kafka");
	assert_int_equal(conf.plan.listeners[0].port, 44990);
	tp_conf_free(&conf);
}

/* ---- damage ------------------------------------------------------------------------------------------------------------------------------ */
static void every_truncation(void **state)
{
	(void)state;
	truncations(full, sizeof(full) - 1);
}

static void changed_bytes(void **state)
{
	(void)state;
	changes(full, sizeof(full) - 1);
}

static void short_message_buffer(void **state)
{
	static const char wrong[] = "wrong: 1\nwrong2: 2\n";
	struct tp_conf conf;

	(void)state;
	write_text(wrong, strlen(wrong));
	for (size_t n = 1; n < 300; n++) {
		char *exact = malloc(n);

		assert_non_null(exact);
		memset(exact, 'x', n);
		assert_int_equal(tp_conf_load(file, &conf, exact, n), -EINVAL);
		assert_true(strnlen(exact, n) < n);
		free(exact);
	}
}

/* ---- suggestions --------------------------------------------------------------------------------------------------------------------------- */
static void distances(void **state)
{
	(void)state;
	assert_int_equal(tp_edit_distance("format", "format"), 0);
	assert_int_equal(tp_edit_distance("format", "FORMAT"), 0);
	assert_int_equal(tp_edit_distance("format", "ofrmat"), 1); /* neighbours swapped */
	assert_int_equal(tp_edit_distance("format", "ormat"), 1);
	assert_int_equal(tp_edit_distance("format", "formats"), 1);
	assert_int_equal(tp_edit_distance("format", "forzat"), 1);
	assert_int_equal(tp_edit_distance("kitten", "sitting"), 3);
	assert_int_equal(tp_edit_distance("", "abc"), 3);
	assert_int_equal(tp_edit_distance("a", ""), 1);
}

static void suggestions(void **state)
{
	struct tp_suggestion s = tp_suggest_for("broekrs");

	(void)state;
	tp_suggest_try(&s, "books");
	tp_suggest_try(&s, "brokers");
	tp_suggest_try(&s, "stop");
	assert_string_equal(s.best, "brokers");
	s = tp_suggest_for("colour");
	tp_suggest_try(&s, "name");
	tp_suggest_try(&s, "ports");
	assert_null(s.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(dataplane_is_filled),
	        cmocka_unit_test(sinks_are_filled),
	        cmocka_unit_test(defaults_are_filled),
	        cmocka_unit_test(sources_are_filled),
	        cmocka_unit_test(topics_are_filled),
	        cmocka_unit_test(listeners_are_filled),
	        cmocka_unit_test(patterns_are_filled),
	        cmocka_unit_test(sink_is_replaced),
	        cmocka_unit_test(ports_are_replaced),
	        cmocka_unit_test(dump_loads),
	        cmocka_unit_test(every_truncation),
	        cmocka_unit_test(changed_bytes),
	        cmocka_unit_test(short_message_buffer),
	        cmocka_unit_test(distances),
	        cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
