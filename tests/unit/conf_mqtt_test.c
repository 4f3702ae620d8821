/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of MQTT: what struct tp_conf holds after a load, the plan made from it, what is derived, and input that is damaged at
 * every byte. What is said about each kind of mistake is tested with the daemon (tests/smoke/cli/broken_mqtt.txt).
 */
#include "conf_check.h"

static const char mqtt[] =
        "site: here\n"
        "workers: {count: 2}\n"
        "tcp:\n"
        "  {connections: 4000, half_open: 11, time_wait: 12, chunks: 1313, receive_window: 4096, reassembly_octets: 2048,\n"
        "   reassembly_gaps: 3, send_octets: 2049, max_retries: 5, syn_retries: 2, time_wait_ms: 1001,\n"
        "   fin_wait_2_ms: 102, challenge_rate: 77, reset_rate: 88}\n"
        "memory: {mqtt_clients: 5000, mqtt_waiters: 600, mqtt_assembly_bytes: 98304, mqtt_window: 7, mqtt_prefixes: 8}\n"
        "ports:\n"
        "  - {name: a, type: tap, device: tp0, mtu: 9000, addresses: [192.0.2.10]}\n"
        "  - {name: b, type: tap, device: tp1, mtu: 1400}\n"
        "groups:\n"
        "  - name: both\n"
        "    sources:\n"
        "      - {address: 192.0.2.101, device: rsu-1}\n"
        "      - {identity: RSU 1, device: rsu-1}\n"
        "      - {identity: cam, device: camera, lane: '2'}\n"
        "listeners:\n"
        "  - {name: udp, port: 1883, format: j2735, groups: [both]}\n"
        "mqtt:\n"
        "  - name: plain\n"
        "    port: 1883\n"
        "    address: 192.0.2.10\n"
        "    versions: [3.1, 5]\n"
        "    users: users.txt\n"
        "    anonymous: true\n"
        "    may_publish: ['a/%d/#', 'b/%u', '%c']\n"
        "    groups: [both]\n"
        "    sources: [{identity: own, device: rsu-1, site: there}]\n"
        "    subscribe: close\n"
        "    unknown_devices: accept\n"
        "    unmapped: raw\n"
        "    routes:\n"
        "      - {filter: plates/+/+, format: plate, topics: [other.plates], site_level: 2, lane_level: 3, when_slow: shed,\n"
        "         keep_properties: true, clamp_past_ms: 5, clamp_future_ms: 6}\n"
        "      - {filter: '#', format: j2735, lane_level: 9}\n"
        "    max_packet: 2048\n"
        "    in_flight: 9\n"
        "    alias_max: 10\n"
        "    keep_alive_max_s: 11\n"
        "    session_expiry_max_s: 4294967294\n"
        "    connect_timeout_ms: 1300\n"
        "    connect_rate: 14\n"
        "    connect_rate_prefix: 13\n"
        "  - name: secret\n"
        "    port: 8883\n"
        "    tls:\n"
        "      {certificate: server.pem, key: server.key, client: required, client_ca: ca.pem, crl: crl.pem, tls12: true,\n"
        "       ciphers: ECDHE+AESGCM, ciphersuites: TLS_AES_128_GCM_SHA256, tickets: false, ticket_key_s: 45, connections: 44}\n"
        "    identity: certificate\n"
        "    certificate_name: san\n"
        "    sources: [{identity: cam, device: camera}]\n"
        "    routes: [{filter: x, format: raw}]\n"
        "topics:\n"
        "  - {name: raw.plate.read.v1}\n"
        "  - {name: other.plates, kind: plate_read, encoding: json}\n"
        "  - {name: my.devices, kind: device_event}\n";

static const char small_mqtt[] = "ports: [{name: p, type: tap, device: tp0}]\n"
                                 "mqtt: [{name: m, port: 1, anonymous: true, unmapped: raw, unknown_devices: accept}]\n";

static void mqtt_is_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_mqtt_listener *l;

	(void)state;
	load(mqtt, &conf);
	assert_int_equal(conf.plan.n_mqtt_listeners, 2);
	assert_int_equal(conf.mqtt_count, 2);
	l = &conf.plan.mqtt_listeners[0];
	assert_string_equal(l->name, "plain");
	assert_int_equal(l->port, 1883);
	assert_int_equal(l->family, 4);
	assert_memory_equal(l->addr, "\xc0\x00\x02\x0a", 4);
	assert_null(l->tls);
	assert_int_equal(l->identity, TP_MQTT_IDENTITY_CLIENT_ID);
	assert_int_equal(l->versions, TP_MQTT_3_1 | TP_MQTT_5);
	assert_true(l->anonymous && l->check_users);
	assert_int_equal(l->subscribe, TP_MQTT_SUBSCRIBE_CLOSE);
	assert_int_equal(l->n_may_publish, 3);
	assert_string_equal(l->may_publish[0], "a/%d/#");
	assert_string_equal(l->may_publish[2], "%c");
	assert_int_equal(l->max_packet, 2048);
	assert_int_equal(l->in_flight, 9);
	assert_int_equal(l->alias_max, 10);
	assert_int_equal(l->keep_alive_max, 11);
	assert_int_equal(l->expiry_max, UINT32_C(4294967294));
	assert_int_equal(l->connect_timeout_ms, 1300);
	assert_int_equal(l->connect_rate, 14);
	assert_int_equal(l->connect_rate_prefix, 13);
	assert_string_equal(strrchr(conf.mqtt[0].users, '/'), "/users.txt");
	assert_null(conf.mqtt[0].tls);
	tp_conf_free(&conf);
}

static void mqtt_tls_is_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_mqtt_listener *l;
	const struct tp_conf_tls *tls;
	char path[128];

	(void)state;
	load(mqtt, &conf);
	l = &conf.plan.mqtt_listeners[1];
	assert_ptr_equal(l->tls, &conf.mqtt[1].context);
	assert_null(*l->tls); /* until control makes one */
	assert_int_equal(l->identity, TP_MQTT_IDENTITY_CERTIFICATE);
	assert_int_equal(l->certificate_name, TP_CONF_NAME_SAN);
	assert_true(l->anonymous); /* the certificate suffices */
	assert_false(l->check_users);
	assert_int_equal(l->family, 0);
	assert_int_equal(l->versions, TP_MQTT_3_1_1 | TP_MQTT_5);
	tls = conf.mqtt[1].tls;
	snprintf(path, sizeof(path), "%s/server.pem", folder);
	assert_string_equal(tls->certificate, path);
	assert_string_equal(strrchr(tls->key, '/'), "/server.key");
	assert_string_equal(strrchr(tls->client_ca, '/'), "/ca.pem");
	assert_string_equal(strrchr(tls->crl, '/'), "/crl.pem");
	assert_string_equal(tls->ciphers, "ECDHE+AESGCM");
	assert_string_equal(tls->ciphersuites, "TLS_AES_128_GCM_SHA256");
	assert_int_equal(tls->client, TP_CONF_TLS_REQUIRED);
	assert_true(tls->tls12 && !tls->tickets);
	assert_int_equal(tls->ticket_key_s, 45);
	assert_int_equal(l->tls_connections, 44);
	assert_null(conf.mqtt[1].users);
	tp_conf_free(&conf);
}

static void mqtt_routes_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_mqtt_listener *l;
	const struct tp_listener *entry;

	(void)state;
	load(mqtt, &conf);
	l = &conf.plan.mqtt_listeners[0];
	assert_int_equal(conf.plan.n_listeners, 1 + 2 + 1 + 1); /* datagrams, routes, what no route takes, the other's route */
	assert_int_equal(l->n_routes, 2);
	assert_string_equal(l->routes[0].filter, "plates/+/+");
	assert_int_equal(l->routes[0].site_level, 2);
	assert_int_equal(l->routes[0].lane_level, 3);
	assert_int_equal(l->routes[0].slow, TP_MQTT_SHED);
	assert_true(l->routes[0].keep_properties);
	entry = &conf.plan.listeners[l->routes[0].listener];
	assert_string_equal(entry->name, "plain");
	assert_int_equal(entry->port, 0);
	assert_string_equal(entry->decoder->name, "plate");
	assert_int_equal(entry->clamp_past_us, 5000);
	assert_int_equal(entry->clamp_future_us, 6000);
	assert_string_equal(topic_of(&conf, l->routes[0].listener, TP_KIND_plate_read)->name, "other.plates");
	assert_string_equal(topic_of(&conf, l->routes[0].listener, TP_KIND_dlq)->name, "dlq.v1");
	assert_string_equal(topic_of(&conf, l->routes[0].listener, TP_KIND_device_event)->name, "my.devices");
	assert_int_equal(l->routes[1].slow, TP_MQTT_HOLD);
	assert_false(l->routes[1].keep_properties);
	assert_string_equal(topic_of(&conf, l->routes[1].listener, TP_KIND_bsm)->name, "raw.v2x.bsm.v1");
	assert_int_equal(conf.plan.listeners[l->routes[1].listener].clamp_past_us, INT64_C(86400000000));
	assert_string_equal(conf.plan.listeners[l->unmapped].decoder->name, "raw");
	assert_string_equal(topic_of(&conf, (unsigned int)l->unmapped, TP_KIND_mqtt_message)->name, "raw.mqtt.v1");
	assert_true(l->unmapped != l->routes[0].listener && l->unmapped != l->routes[1].listener);
	assert_int_equal(conf.plan.mqtt_listeners[1].unmapped, -1);
	assert_int_equal(conf.plan.mqtt_listeners[1].unknown_source, 0);
	assert_false(has_topic(&conf, "ops.device.v1"));     /* replaced */
	assert_false(has_topic(&conf, "raw.plate.read.v1")); /* nothing goes there */
	tp_conf_free(&conf);
}

static uint16_t mqtt_source(
        const struct tp_plan *plan, uint16_t listener, const char *name, const char *device, const char *site, const char *lane)
{
	uint16_t source = tp_plan_mqtt_source(plan, listener, tp_slice_of(name));
	const struct tp_source *s = &tp_plan_spec(plan)->sources[source];

	assert_int_not_equal(source, 0);
	assert_true(is(s->device, device) && is(s->site, site) && is(s->lane, lane));
	return source;
}

/* A plan is built from it, and finds what the file says. */
static void mqtt_devices_are_found(void **state)
{
	struct tp_plan *plan = NULL;
	struct tp_conf conf;
	const struct tp_source *unknown;
	uint16_t rsu;

	(void)state;
	load(mqtt, &conf);
	assert_int_equal(tp_plan_build(&conf.plan, &plan, err, sizeof(err)), 0);
	assert_int_equal(conf.plan.n_mqtt_names, 4);
	rsu = mqtt_source(plan, 0, "RSU 1", "rsu-1", "here", NULL);
	assert_int_equal(tp_plan_source(plan, 0, 4, (const uint8_t *)"\xc0\x00\x02\x65"), rsu); /* one device, both ways */
	mqtt_source(plan, 0, "own", "rsu-1", "there", NULL);
	mqtt_source(plan, 0, "cam", "camera", "here", "2");
	mqtt_source(plan, 1, "cam", "camera", "here", NULL);
	assert_int_equal(tp_plan_mqtt_source(plan, 1, TP_SLICE("own")), 0);
	unknown = &conf.plan.sources[conf.plan.mqtt_listeners[0].unknown_source];
	assert_true(unknown->unknown && is(unknown->device, TP_CONF_UNKNOWN));
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, (const uint8_t *)"\xc0\x00\x02\x0a", 1883), 0);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, (const uint8_t *)"\xc0\x00\x02\x0b", 1883), TP_NO_LISTENER);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, (const uint8_t *)"\xc0\x00\x02\x0b", 8883), 1);
	assert_int_equal(tp_plan_listener(plan, 4, (const uint8_t *)"\xc0\x00\x02\x0b", 1883), 0); /* UDP */
	tp_plan_free(plan);
	tp_conf_free(&conf);
}

static void budgets_are_filled(void **state)
{
	struct tp_conf conf;
	const struct tp_tcp_budget *tcp = &conf.dataplane.tcp;
	const struct tp_mqtt_budget *budget = &conf.dataplane.mqtt;

	(void)state;
	load(mqtt, &conf);
	assert_int_equal(tcp->connections, 4000);
	assert_int_equal(tcp->half_open, 11);
	assert_int_equal(tcp->time_wait, 12);
	assert_int_equal(tcp->chunks, 1313);
	assert_int_equal(tcp->receive_window, 4096);
	assert_int_equal(tcp->reassembly_octets, 2048);
	assert_int_equal(tcp->reassembly_gaps, 3);
	assert_int_equal(tcp->send_octets, 2049);
	assert_int_equal(tcp->max_retries, 5);
	assert_int_equal(tcp->syn_retries, 2);
	assert_int_equal(tcp->time_wait_ms, 1001);
	assert_int_equal(tcp->fin_wait_2_ms, 102);
	assert_int_equal(tcp->challenge_rate, 77);
	assert_int_equal(tcp->reset_rate, 88);
	assert_int_equal(tcp->mss4, 1360); /* of the smaller MTU */
	assert_int_equal(tcp->mss6, 1340);
	assert_int_equal(budget->clients, 5000);
	assert_int_equal(budget->waiters, 600);
	assert_int_equal(budget->assembly_octets, 98304);
	assert_int_equal(budget->window, 7);
	assert_int_equal(budget->prefixes, 8);
	tp_conf_free(&conf);
}

static void budgets_are_derived(void **state)
{
	static const struct tp_tcp_budget no_tcp;
	static const struct tp_mqtt_budget no_mqtt;
	struct tp_conf conf;
	const struct tp_tcp_budget *tcp = &conf.dataplane.tcp;
	const struct tp_mqtt_budget *budget = &conf.dataplane.mqtt;

	(void)state;
	load(small_mqtt, &conf);
	assert_int_equal(tcp->connections, 10000);
	assert_int_equal(tcp->time_wait, 2500);
	assert_int_equal(tcp->chunks, 8192);
	assert_int_equal(tcp->reassembly_octets, tcp->receive_window);
	assert_int_equal(tcp->mss4, 1460);
	assert_int_equal(budget->clients, 12500);
	assert_int_equal(budget->waiters, 20000);
	assert_int_equal(conf.plan.mqtt_listeners[0].max_packet, 63488);
	assert_int_equal(budget->assembly_octets, 4 << 20);
	assert_int_equal(budget->prefixes, 0); /* no listener asks for them */
	assert_int_equal(conf.plan.mqtt_listeners[0].in_flight, 64);
	assert_int_equal(conf.plan.mqtt_listeners[0].versions, TP_MQTT_3_1_1 | TP_MQTT_5);
	assert_int_equal(conf.plan.mqtt_listeners[0].keep_alive_max, 3600);
	tp_conf_free(&conf);
	/* Nothing for who has no MQTT. */
	load(small, &conf);
	assert_memory_equal(tcp, &no_tcp, sizeof(no_tcp));
	assert_memory_equal(budget, &no_mqtt, sizeof(no_mqtt));
	assert_int_equal(conf.plan.n_mqtt_listeners, 0);
	assert_false(has_topic(&conf, "ops.device.v1"));
	tp_conf_free(&conf);
}

/* A message of the largest packet, twice as hex, fits into a batch of any size. */
static void largest_packet_fits_into_a_batch(void **state)
{
	(void)state;
	for (uint32_t batch = 65536; batch <= 67108864; batch *= 2) {
		char text[512];
		struct tp_conf conf;
		uint32_t most;

		snprintf(text, sizeof(text), "memory: {batch_bytes: %u}\n%s", batch, small_mqtt);
		load(text, &conf);
		most = conf.plan.mqtt_listeners[0].max_packet;
		assert_in_range(most, 1024, 65536);
		assert_true(4 * (uint64_t)most + 4096 <= batch);
		tp_conf_free(&conf);
	}
}

/* What is made of it in the arena finds room there, in the smallest one too. */
static void largest_packet_fits_into_the_arena(void **state)
{
	struct tp_conf conf;
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "workers: {arena_bytes: 65536}\n%s", small_mqtt);
	load(text, &conf);
	assert_int_equal(conf.plan.mqtt_listeners[0].max_packet, 16384);
	tp_conf_free(&conf);
}

static void every_truncation(void **state)
{
	(void)state;
	truncations(mqtt, sizeof(mqtt) - 1);
}

static void changed_bytes(void **state)
{
	(void)state;
	changes(mqtt, sizeof(mqtt) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(mqtt_is_filled),
	        cmocka_unit_test(mqtt_tls_is_filled),
	        cmocka_unit_test(mqtt_routes_are_filled),
	        cmocka_unit_test(mqtt_devices_are_found),
	        cmocka_unit_test(budgets_are_filled),
	        cmocka_unit_test(budgets_are_derived),
	        cmocka_unit_test(largest_packet_fits_into_a_batch),
	        cmocka_unit_test(largest_packet_fits_into_the_arena),
	        cmocka_unit_test(every_truncation),
	        cmocka_unit_test(changed_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
