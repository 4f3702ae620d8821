/* SPDX-License-Identifier: BSD-3-Clause */
/* One configuration takes the place of another: what is the same keeps its number, what is different is told, and what is left out is not forgotten. */
#include "conf_check.h"

#define PORTS "ports: [{name: p, type: tap, device: tp0}]\n"

static const char first[] =
        PORTS "site: s\n"
              "groups:\n"
              "  - {name: g, sources: [{address: 192.0.2.1, device: one}, {address: 192.0.2.2, device: two, lane: '1'}]}\n"
              "listeners:\n"
              "  - {name: a, port: 1000, format: j2735, groups: [g], unknown_sources: accept}\n"
              "  - {name: b, port: 2000, format: plate, groups: [g]}\n"
              "mqtt:\n"
              "  - {name: m, port: 1883, anonymous: true, unknown_devices: accept, may_publish: ['p/%c'],\n"
              "     routes: [{filter: p/+, format: plate}, {filter: t/+, format: telemetry}]}\n";

/* a has gone, c has come, b has another port and format; two is at another lane and three has come; a route has gone, one has come; m has a second listener. */
static const char second[] =
        PORTS "site: s\n"
              "groups:\n"
              "  - {name: g, sources: [{address: 192.0.2.3, device: three}, {address: 192.0.2.2, device: two, lane: '2'},\n"
              "     {address: 192.0.2.1, device: one}]}\n"
              "listeners:\n"
              "  - {name: c, port: 3000, format: j2735, groups: [g]}\n"
              "  - {name: b, port: 2001, format: j2735, groups: [g], unknown_sources: accept}\n"
              "mqtt:\n"
              "  - {name: n, port: 1884, anonymous: true, unknown_devices: accept, unmapped: raw}\n"
              "  - {name: m, port: 1883, anonymous: true, unknown_devices: accept,\n"
              "     routes: [{filter: x/+, format: plate}, {filter: t/+, format: telemetry}]}\n";

static uint16_t source(const struct tp_conf *c, const char *device, const char *lane)
{
	for (unsigned int i = 1; i < c->plan.n_sources; i++)
		if (is(c->plan.sources[i].device, device) && is(c->plan.sources[i].lane, lane) && !c->plan.sources[i].unknown)
			return (uint16_t)i;
	fail_msg("no source %s", device);
	return 0;
}

static uint16_t listener(const struct tp_conf *c, const char *name)
{
	for (unsigned int i = 0; i < c->plan.n_listeners; i++)
		if (c->plan.listeners[i].port && strcmp(c->plan.listeners[i].name, name) == 0)
			return (uint16_t)i;
	fail_msg("no listener %s", name);
	return 0;
}

static uint16_t topic(const struct tp_conf *c, const char *name)
{
	for (unsigned int i = 0; i < c->plan.n_topics; i++)
		if (strcmp(c->plan.topics[i].name, name) == 0)
			return (uint16_t)i;
	fail_msg("no topic %s", name);
	return 0;
}

/* Loads what follows on `now`, which must not be needed any more. */
static void follow_with(struct tp_conf *now, const char *text, uint32_t deserted, struct tp_conf *next)
{
	load(text, next);
	assert_int_equal(tp_conf_carry(next, &now->plan, deserted, 100, err, sizeof(err)), 0);
	tp_conf_free(now);
}

static void follow(struct tp_conf *now, const char *text, struct tp_conf *next)
{
	follow_with(now, text, 0, next);
}

/* A plan can be made of it, and it has all that it had as retired or not. */
static void consistent(const struct tp_conf *c)
{
	struct tp_plan *plan = NULL;

	assert_int_equal(tp_plan_build(&c->plan, &plan, err, sizeof(err)), 0);
	for (unsigned int i = 0; i < c->plan.n_listeners; i++) {
		const struct tp_listener *l = &c->plan.listeners[i];

		assert_non_null(l->decoder);
		assert_true(l->unknown_source < c->plan.n_sources);
		for (int k = 0; k < TP_KIND_COUNT; k++)
			if (l->decoder->kinds >> k & 1)
				assert_int_equal(c->plan.topics[l->topic[k]].kind, k);
	}
	for (unsigned int i = 0; i < c->plan.n_prefixes; i++)
		assert_false(c->plan.sources[c->plan.prefixes[i].source].retired);
	tp_plan_free(plan);
}

static void the_same_file_gets_the_same_numbers(void **state)
{
	struct tp_conf now, next;

	(void)state;
	load(first, &now);
	load(first, &next);
	assert_int_equal(tp_conf_carry(&next, &now.plan, 0, 100, err, sizeof(err)), 0);
	assert_int_equal(next.plan.n_sources, now.plan.n_sources);
	assert_int_equal(next.plan.n_listeners, now.plan.n_listeners);
	assert_int_equal(next.plan.n_topics, now.plan.n_topics);
	assert_int_equal(next.plan.n_mqtt_listeners, 1);
	for (unsigned int i = 0; i < now.plan.n_sources; i++)
		assert_false(next.plan.sources[i].retired);
	tp_conf_free(&now);
	consistent(&next);
	tp_conf_free(&next);
}

static void what_is_in_both_keeps_its_number(void **state)
{
	struct tp_conf now, next;
	uint16_t one, two, b, plates, telemetry, mqtt_unknown;

	(void)state;
	load(first, &now);
	one = source(&now, "one", NULL);
	two = source(&now, "two", "1");
	b = listener(&now, "b");
	plates = topic(&now, "raw.plate.read.v1");
	telemetry = now.plan.mqtt_listeners[0].routes[1].listener;
	mqtt_unknown = now.plan.mqtt_listeners[0].unknown_source;
	follow(&now, second, &next);
	assert_int_equal(source(&next, "one", NULL), one);
	assert_int_equal(source(&next, "two", "1"), two);
	assert_true(next.plan.sources[two].retired); /* at that lane */
	assert_false(next.plan.sources[source(&next, "two", "2")].retired);
	assert_int_equal(listener(&next, "b"), b);
	assert_int_equal(next.plan.listeners[b].port, 2001);
	assert_int_equal(topic(&next, "raw.plate.read.v1"), plates);
	assert_string_equal(next.plan.mqtt_listeners[0].name, "m");
	assert_string_equal(next.plan.mqtt_listeners[1].name, "n");
	assert_string_equal(next.plan.mqtt_listeners[0].routes[1].filter, "t/+");
	assert_int_equal(next.plan.mqtt_listeners[0].routes[1].listener, telemetry);
	assert_int_equal(next.plan.mqtt_listeners[0].unknown_source, mqtt_unknown);
	assert_int_equal(next.mqtt[0].row, 1);
	consistent(&next);
	tp_conf_free(&next);
}

static void what_is_left_out_stays_where_it_was(void **state)
{
	struct tp_conf now, next;
	uint16_t a, route, unknown;

	(void)state;
	load(first, &now);
	a = listener(&now, "a");
	unknown = now.plan.listeners[a].unknown_source;
	route = now.plan.mqtt_listeners[0].routes[0].listener;
	follow(&now, second, &next);
	assert_string_equal(next.plan.listeners[a].name, "a");
	assert_true(next.plan.listeners[a].retired);
	assert_int_equal(next.plan.listeners[a].port, 0);
	assert_int_equal(next.plan.listeners[a].unknown_source, unknown);
	assert_true(next.plan.sources[unknown].retired);
	assert_int_not_equal(next.plan.listeners[listener(&next, "b")].unknown_source, unknown);
	assert_true(next.plan.listeners[route].retired);
	assert_string_equal(next.plan.listeners[a].decoder->name, "j2735");
	assert_int_not_equal(listener(&next, "c"), a); /* not before the change after this one */
	tp_conf_free(&next);
}

static void an_mqtt_listener_left_out_serves_who_is_there(void **state)
{
	struct tp_conf now, next;
	const struct tp_mqtt_listener *l;

	(void)state;
	load(first, &now);
	follow(&now, small, &next);
	assert_int_equal(next.plan.n_mqtt_listeners, 1);
	l = &next.plan.mqtt_listeners[0];
	assert_true(l->retired);
	assert_string_equal(l->name, "m");
	assert_int_equal(l->n_routes, 2);
	assert_string_equal(l->routes[0].filter, "p/+");
	assert_string_equal(l->may_publish[0], "p/%c");
	assert_false(next.plan.listeners[l->routes[0].listener].retired);
	assert_string_equal(next.plan.listeners[l->routes[0].listener].decoder->name, "plate");
	assert_int_equal(next.mqtt[0].row, TP_CONF_NO_ROW);
	consistent(&next);
	tp_conf_free(&next);
}

static void back_and_forth_takes_no_further_numbers(void **state)
{
	struct tp_conf now, next;
	unsigned int sources, listeners, topics;

	(void)state;
	load(first, &now);
	follow(&now, second, &next);
	follow(&next, first, &now);
	follow(&now, second, &next);
	sources = next.plan.n_sources;
	listeners = next.plan.n_listeners;
	topics = next.plan.n_topics;
	for (int i = 0; i < 10; i++) {
		follow(&next, first, &now);
		consistent(&now);
		follow(&now, second, &next);
		consistent(&next);
	}
	assert_int_equal(next.plan.n_sources, sources);
	assert_int_equal(next.plan.n_listeners, listeners);
	assert_int_equal(next.plan.n_topics, topics);
	assert_int_equal(next.plan.n_mqtt_listeners, 2);
	tp_conf_free(&next);
}

static void one_that_comes_back_has_its_line_again(void **state)
{
	struct tp_conf now, next;
	uint16_t two, a;

	(void)state;
	load(first, &now);
	two = source(&now, "two", "1");
	a = listener(&now, "a");
	follow(&now, second, &next);
	follow(&next, first, &now);
	assert_int_equal(source(&now, "two", "1"), two);
	assert_false(now.plan.sources[two].retired);
	assert_int_equal(listener(&now, "a"), a);
	assert_false(now.plan.sources[now.plan.listeners[a].unknown_source].retired);
	tp_conf_free(&now);
}

static void more_than_there_is_room_for_is_refused_in_words(void **state)
{
	struct tp_conf now, next;

	(void)state;
	load(first, &now);
	load(second, &next);
	assert_int_equal(tp_conf_carry(&next, &now.plan, 0, now.plan.n_sources + 2, err, sizeof(err)), -ENOSPC);
	assert_non_null(strstr(err, "memory.sources_reserve"));
	assert_non_null(strstr(err, "restart"));
	tp_conf_free(&next);
	tp_conf_free(&now);
}

/* ---- indices of MQTT listeners that have gone --------------------------------------------------------------------------------------- */
#define NOBODY UINT32_MAX /* no retired listener has anybody */

static char *one_named(unsigned int n)
{
	static char text[512];

	snprintf(text, sizeof(text),
	        PORTS "mqtt:\n  - {name: m%u, port: 1883, anonymous: true, unknown_devices: refuse, sources: [{identity: d, "
	              "device: d}],\n"
	              "     routes: [{filter: p/%u, format: plate}], unmapped: raw}\n",
	        n, n);
	return text;
}

/* Index of the only one that is not retired. */
static unsigned int in_force(const struct tp_conf *c)
{
	unsigned int found = TP_MAX_MQTT_LISTENERS;

	for (unsigned int i = 0; i < c->plan.n_mqtt_listeners; i++) {
		if (c->plan.mqtt_listeners[i].retired)
			continue;
		assert_int_equal(found, TP_MAX_MQTT_LISTENERS);
		found = i;
	}
	assert_true(found < TP_MAX_MQTT_LISTENERS);
	return found;
}

/* m0 to m(n-1), one after the other; the caller frees what is in force then. */
static struct tp_conf rename_to(unsigned int n, uint32_t deserted)
{
	struct tp_conf now, next;

	load(one_named(0), &now);
	for (unsigned int i = 1; i < n; i++) {
		follow_with(&now, one_named(i), deserted, &next);
		now = next;
	}
	return now;
}

static void the_index_of_one_that_nobody_is_at_becomes_anothers(void **state)
{
	struct tp_conf now, next;
	unsigned int listeners = 0;
	bool seen[TP_MAX_MQTT_LISTENERS] = {false};

	(void)state;
	now = rename_to(TP_MAX_MQTT_LISTENERS, NOBODY);
	for (unsigned int i = TP_MAX_MQTT_LISTENERS; i < 5 * TP_MAX_MQTT_LISTENERS; i++) {
		const struct tp_mqtt_listener *l;
		char name[16], filter[16];

		snprintf(name, sizeof(name), "m%u", i);
		snprintf(filter, sizeof(filter), "p/%u", i);
		follow_with(&now, one_named(i), NOBODY, &next);
		now = next;
		consistent(&now);
		assert_int_equal(now.plan.n_mqtt_listeners, TP_MAX_MQTT_LISTENERS);
		assert_int_equal(in_force(&now), i % TP_MAX_MQTT_LISTENERS); /* the one that was out longest */
		seen[in_force(&now)] = true;
		l = &now.plan.mqtt_listeners[in_force(&now)];
		assert_string_equal(l->name, name);
		assert_int_equal(l->serial, i); /* nobody else ever had it */
		assert_int_equal(l->retired_for, 0);
		assert_string_equal(l->routes[0].filter, filter);
		assert_string_equal(now.plan.listeners[l->routes[0].listener].name, name);
		assert_int_equal(now.plan.mqtt_names[0].listener, in_force(&now));
		if (i == 2 * TP_MAX_MQTT_LISTENERS)
			listeners = now.plan.n_listeners;
	}
	assert_int_equal(now.plan.n_listeners, listeners); /* routes of those that have gone are used again, too */
	for (unsigned int i = 0; i < TP_MAX_MQTT_LISTENERS; i++)
		assert_true(seen[i]);
	tp_conf_free(&now);
}

static void the_index_of_one_that_somebody_is_at_is_nobody_elses(void **state)
{
	struct tp_conf now = rename_to(TP_MAX_MQTT_LISTENERS, 0), next;
	const struct tp_mqtt_listener *l;

	(void)state;
	load(one_named(100), &next);
	assert_int_equal(tp_conf_carry(&next, &now.plan, 0, 100, err, sizeof(err)), -ENOSPC);
	assert_non_null(strstr(err, "found 33 listeners"));
	assert_non_null(strstr(err, "expected at most 32"));
	tp_conf_free(&next);
	follow_with(&now, one_named(100), 1U << 5 | 1U << (TP_MAX_MQTT_LISTENERS - 1),
	        &next); /* the last one is in force: it is nobody's to give */
	assert_int_equal(in_force(&next), 5);
	l = &next.plan.mqtt_listeners[4];
	assert_true(l->retired);
	assert_int_equal(l->n_routes, 1);
	assert_false(next.plan.listeners[l->routes[0].listener].retired);
	assert_string_equal(next.plan.mqtt_listeners[TP_MAX_MQTT_LISTENERS - 1].name, "m31");
	consistent(&next);
	tp_conf_free(&next);
}

/* Its clients find what was kept of them: it is the same listener as long as no other has its index. */
static void one_that_nobody_is_at_comes_back_as_itself(void **state)
{
	struct tp_conf now = rename_to(3, NOBODY), next;

	(void)state;
	assert_int_equal(now.plan.mqtt_listeners[0].n_routes, 0);
	assert_int_equal(now.plan.mqtt_listeners[0].unmapped, -1);
	follow_with(&now, one_named(0), NOBODY, &next);
	assert_int_equal(in_force(&next), 0);
	assert_int_equal(next.plan.mqtt_listeners[0].serial, 0);
	assert_int_equal(next.plan.mqtt_listeners[0].n_routes, 1);
	assert_int_equal(next.plan.n_mqtt_listeners, 3);
	consistent(&next);
	tp_conf_free(&next);
}

/* ---- differences ----------------------------------------------------------------------------------------------------------------- */
static struct {
	char text[8192];
	unsigned int n, restarts;
} told;

static void tell(void *ctx, const struct tp_conf_change *change)
{
	size_t used = strlen(told.text);

	(void)ctx;
	snprintf(told.text + used, sizeof(told.text) - used, "%s: %s -> %s%s%s\n", change->path,
	        change->before ? change->before : "-", change->after ? change->after : "-", change->note ? "; " : "",
	        change->note ? change->note : "");
	told.n++;
	told.restarts += change->restart;
}

static void differ(const char *a, const char *b)
{
	struct tp_conf now, next;
	int n;

	memset(&told, 0, sizeof(told));
	load(a, &now);
	load(b, &next);
	n = tp_conf_diff(&now, &next, tell, NULL);
	assert_int_equal(n, told.n);
	tp_conf_free(&now);
	tp_conf_free(&next);
}

static void says(const char *line)
{
	if (!strstr(told.text, line))
		fail_msg("'%s' is not among\n%s", line, told.text);
}

static void nothing_is_different_from_itself(void **state)
{
	(void)state;
	differ(first, first);
	assert_int_equal(told.n, 0);
	differ(small, small);
	assert_int_equal(told.n, 0);
}

static void each_difference_is_told_once(void **state)
{
	(void)state;
	differ(first, second);
	says("listeners[a]: port 1000, format j2735, groups [g] -> -\n");
	says("listeners[c]: - -> port 3000, format j2735, groups [g]\n");
	says("listeners[b].port: 2000 -> 2001\n");
	says("listeners[b].format: plate -> j2735\n");
	says("listeners[b].unknown_sources: refuse -> accept\n");
	says("groups[g].sources[192.0.2.3]: - -> device three\n");
	says("groups[g].sources[192.0.2.2].lane: 1 -> 2\n");
	says("mqtt[n]: - -> port 1884\n");
	says("mqtt[m].may_publish: [p/%c] -> []\n");
	says("mqtt[m].routes[p/+]: format plate -> -\n");
	says("mqtt[m].routes[x/+]: - -> format plate\n");
	assert_int_equal(told.n, 11);
	assert_int_equal(told.restarts, 0);
}

/* What a topic is created with changes nothing of one that is there, and is not told as if it did. */
static void a_topic_that_exists_keeps_its_partitions(void **state)
{
#define AS_CREATED "; counts where the topic is created, at a start: one that exists keeps what it has\n"
	static const char three[] = PORTS "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n"
	                                  "topics: [{name: raw.v2x.bsm.v1, kind: bsm, partitions: 3}]\n";
	static const char without_kind[] = PORTS "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n"
	                                         "topics: [{name: raw.v2x.bsm.v1, partitions: 3}]\n";
	static const char six[] =
	        PORTS "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n"
	              "topics: [{name: raw.v2x.bsm.v1, kind: bsm, partitions: 6, replication: 2, keep_payload: true}]\n"
	              "sink: {kafka: {partitions: 9}}\n";

	(void)state;
	differ(three, six);
	says("topics[raw.v2x.bsm.v1].partitions: 3 -> 6" AS_CREATED);
	says("topics[raw.v2x.bsm.v1].replication: 0 -> 2" AS_CREATED);
	says("topics[raw.v2x.bsm.v1].keep_payload: false -> true\n");
	says("sink.kafka.partitions: 4 -> 9" AS_CREATED);
	assert_int_equal(told.n, 4);
	assert_int_equal(told.restarts, 1);
	differ(small, three);
	says("topics[raw.v2x.bsm.v1]: - -> kind bsm" AS_CREATED);
	differ(three, small);
	says("topics[raw.v2x.bsm.v1]: kind bsm -> -\n");
	differ(small, without_kind);
	says("topics[raw.v2x.bsm.v1]: - -> there" AS_CREATED);
}

static void an_order_that_counts_is_a_difference(void **state)
{
	const char *one = PORTS "mqtt: [{name: m, port: 1, anonymous: true, unknown_devices: accept, routes: [{filter: a, format: "
	                        "plate}, {filter: b, format: raw}]}]\n";
	const char *two = PORTS "mqtt: [{name: m, port: 1, anonymous: true, unknown_devices: accept, routes: [{filter: b, format: "
	                        "raw}, {filter: a, format: plate}]}]\n";

	(void)state;
	differ(one, two);
	assert_int_equal(told.n, 1);
	says("mqtt[m].routes: ");
}

static void what_needs_a_restart_is_marked(void **state)
{
	(void)state;
	differ(small, "ports: [{name: p, type: tap, device: tp1}]\nmemory: {batches: 64}\nname: x\nbooks: {interval_s: 7}\n"
	              "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n");
	says("ports[p].device: tp0 -> tp1\n");
	says("memory.batches: 256 -> 64\n");
	says("name: turnpike -> x\n");
	says("books.interval_s: ");
	assert_int_equal(told.n, 4);
	assert_int_equal(told.restarts, 3);
}

/* The guard may change, but the tables of the sources are made at the start. */
static void what_is_reserved_at_start_is_marked(void **state)
{
	(void)state;
	differ(small, "ports: [{name: p, type: tap, device: tp0}]\nguard: {sources: 128, source_rate: 5}\n"
	              "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n");
	says("guard.sources: 65536 -> 128\n");
	says("guard.source_rate: 0 -> 5\n");
	assert_int_equal(told.n, 2);
	assert_int_equal(told.restarts, 1);
}

static void rates_of_listeners_are_told_by_name(void **state)
{
	char one[1024], two[1024];

	(void)state;
	snprintf(one, sizeof(one), "%sguard: {listeners: [{listener: v, rate: 5}]}\n", small);
	snprintf(two, sizeof(two), "%sguard: {listeners: [{listener: v, rate: 6}]}\n", small);
	differ(one, two);
	says("guard.listeners[v].rate: 5 -> 6\n");
	assert_int_equal(told.n, 1);
	differ(small, one);
	says("guard.listeners[v]: - -> rate 5\n");
}

/* A list that is too long to be shown: what changed in it is, wherever it stands. */
static void what_changed_in_a_long_list_is_told(void **state)
{
	char text[2][16384];
	int n;

	(void)state;
	for (int k = 0; k < 2; k++) {
		n = snprintf(text[k], sizeof(text[k]), "%sguard:\n  deny:\n", small);
		for (int i = 0; i < 250; i++)
			if (k == 0 || i != 200)
				n += snprintf(text[k] + n, sizeof(text[k]) - (size_t)n, "    - 10.0.%d.0/24\n", i);
		snprintf(text[k] + n, sizeof(text[k]) - (size_t)n, k == 0 ? "" : "    - 192.0.2.0/24\n    - 192.0.3.0/24\n");
	}
	differ(text[0], text[1]);
	says("guard.deny: 250 entries, left out: 10.0.200.0/24 -> 251 entries, new: 192.0.2.0/24, 192.0.3.0/24\n");
	assert_int_equal(told.n, 1);
}

static void no_secret_is_shown(void **state)
{
	char one[1024], two[1024];

	(void)state;
	snprintf(one, sizeof(one), "%ssink: {kafka: {properties: [sasl.password=hunter2]}}\n", small);
	snprintf(two, sizeof(two), "%ssink: {kafka: {properties: [sasl.password=hunter3]}}\n", small);
	differ(one, two);
	assert_int_equal(told.n, 1);
	says("sink.kafka.properties: [sasl.password=(hidden)] -> [sasl.password=(hidden)]\n");
	assert_null(strstr(told.text, "hunter"));
}

static void a_text_is_loaded_like_its_file(void **state)
{
	struct tp_conf one, two;
	const char *text;
	size_t n;

	(void)state;
	load(first, &one);
	text = tp_conf_text(&one, &n);
	assert_int_equal(n, strlen(first));
	write_text("gone", 4);
	assert_int_equal(tp_conf_load_text(file, text, n, NULL, &two, err, sizeof(err)), 0);
	assert_int_equal(tp_conf_diff(&one, &two, tell, NULL), 0);
	assert_int_equal(tp_conf_line(&two, "listeners[1].port"), 7);
	tp_conf_free(&one);
	tp_conf_free(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_same_file_gets_the_same_numbers),
	        cmocka_unit_test(what_is_in_both_keeps_its_number),
	        cmocka_unit_test(what_is_left_out_stays_where_it_was),
	        cmocka_unit_test(an_mqtt_listener_left_out_serves_who_is_there),
	        cmocka_unit_test(back_and_forth_takes_no_further_numbers),
	        cmocka_unit_test(one_that_comes_back_has_its_line_again),
	        cmocka_unit_test(more_than_there_is_room_for_is_refused_in_words),
	        cmocka_unit_test(the_index_of_one_that_nobody_is_at_becomes_anothers),
	        cmocka_unit_test(the_index_of_one_that_somebody_is_at_is_nobody_elses),
	        cmocka_unit_test(one_that_nobody_is_at_comes_back_as_itself),
	        cmocka_unit_test(nothing_is_different_from_itself),
	        cmocka_unit_test(each_difference_is_told_once),
	        cmocka_unit_test(a_topic_that_exists_keeps_its_partitions),
	        cmocka_unit_test(an_order_that_counts_is_a_difference),
	        cmocka_unit_test(what_needs_a_restart_is_marked),
	        cmocka_unit_test(what_is_reserved_at_start_is_marked),
	        cmocka_unit_test(rates_of_listeners_are_told_by_name),
	        cmocka_unit_test(what_changed_in_a_long_list_is_told),
	        cmocka_unit_test(no_secret_is_shown),
	        cmocka_unit_test(a_text_is_loaded_like_its_file),
	};
	int failed;

	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/turnpike.yaml", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove(file);
	rmdir(folder);
	return failed;
}
