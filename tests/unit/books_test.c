/* SPDX-License-Identifier: BSD-3-Clause */
/* The books: sums, the equations and every way they can break, the table, the JSON, and the records about them. */
#include "sink_fixture.h"

#include <unistd.h>

static struct tp_source sources[FIXTURE_SOURCES];
static const struct tp_topic topics[] = {
        {.name = "raw.v2x.bsm.v1", .kind = TP_KIND_bsm, .encoding = TP_ENCODING_AVRO},
        {.name = "ops.edge.stats.v1", .kind = TP_KIND_edge_stats, .encoding = TP_ENCODING_JSON},
};
static const struct tp_topic avro_topics[] = {
        {.name = "ops.edge.stats.v1", .kind = TP_KIND_edge_stats, .encoding = TP_ENCODING_AVRO, .schema_id = 0x01020304},
};
static struct tp_plan_spec plan = {.sources = sources, .n_sources = FIXTURE_SOURCES, .topics = topics, .n_topics = 2};

static uint64_t *counters; /* of source 1 */
static char *text;         /* what was printed last */
static size_t text_len;

static int setup(void **state)
{
	(void)state;
	sources[1] = (struct tp_source){.device = TP_SLICE("rsu-7"), .site = TP_SLICE("A9"), .lane = TP_SLICE("2")};
	sources[2] = (struct tp_source){.device = TP_SLICE("cam \"x\"\n"), .site = TP_SLICE("")};
	sources[3] = (struct tp_source){.device = TP_SLICE("quiet"), .site = TP_SLICE("A9")};
	fixture_reset();
	counters = fixture_counters[1];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	tp_ledger_fini();
	return 0;
}

static void end(uint16_t source, unsigned int n, int outcome)
{
	while (n--)
		tp_ledger_record(source, outcome);
}

/* Traffic of source 1, and noise of nobody, after which all equations hold. */
static void make_balanced(void)
{
	fixture_counters[0][TP_C_received] = 12;
	fixture_counters[0][TP_C_udp_no_listener] = 7;
	fixture_counters[0][TP_C_arp] = 5;
	counters[TP_C_received] = 100;
	counters[TP_C_extra] = 10;
	counters[TP_C_decoded] = 90;
	counters[TP_C_suppressed] = 4;
	counters[TP_C_emitted] = 86;
	counters[TP_C_alerts] = 3;
	counters[TP_C_truncated] = 9;
	counters[TP_C_json_syntax] = 2;
	counters[TP_C_encrypted] = 5;
	counters[TP_C_unknown_source] = 1;
	counters[TP_C_batch_exhausted] = 2;
	counters[TP_C_fragment_absorbed] = 1;
	counters[TP_C_dead_letters] = 10;
	counters[TP_C_dead_letters_limited] = 6;
	end(1, 95, TP_DELIVERED);
	end(1, 3, TP_FAILURE_timed_out);
	end(1, 1, TP_FAILURE_too_large);
}

static bool balanced_of(uint64_t outstanding)
{
	struct tp_books_snapshot snap;
	bool balanced;
	FILE *out;

	free(text);
	out = open_memstream(&text, &text_len);
	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, outstanding), 0);
	balanced = tp_books_balanced(&snap, &plan, out);
	assert_true(balanced == tp_books_balanced(&snap, &plan, NULL));
	tp_books_release(&snap);
	fclose(out);
	return balanced;
}

static void print_of(enum tp_books_print when)
{
	struct tp_books_snapshot snap;
	FILE *out;

	free(text);
	out = open_memstream(&text, &text_len);
	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, 0), 0);
	tp_books_print(&snap, &plan, when, out);
	tp_books_release(&snap);
	fclose(out);
}

static void assert_said(const char *what)
{
	if (strstr(text, what))
		return;
	fputs(text, stderr);
	fail_msg("'%s' is not in the text above", what);
}

static void sums_by_class_and_source(void **state)
{
	struct tp_account a;

	(void)state;
	make_balanced();
	a = fixture_account(1);
	assert_int_equal(a.malformed, 11);
	assert_int_equal(a.refused, 6);
	assert_int_equal(a.refused_by_decoder, 5);
	assert_int_equal(a.dropped, 2);
	assert_int_equal(a.answered, 1);
	assert_int_equal(a.emitted_all, 99);
	assert_int_equal(a.acknowledged, 95);
	assert_int_equal(a.failed_sum, 4);
	a = fixture_account(-1);
	assert_int_equal(a.c[TP_C_received], 112);
	assert_int_equal(a.dropped, 9);
	assert_int_equal(a.answered, 6);
	assert_int_equal(a.failed[TP_FAILURE_timed_out], 3);
	assert_true(balanced_of(0));
	assert_int_equal(text_len, 0);
}

static bool in_an_equation(unsigned int flow)
{
	return flow == TP_C_received || flow == TP_C_extra || flow == TP_C_decoded || flow == TP_C_suppressed ||
	       flow == TP_C_emitted || flow == TP_C_alerts || flow == TP_C_covert_alerts || flow == TP_C_dead_letters ||
	       flow == TP_C_dead_letters_limited || flow == TP_C_dead_letters_lost || flow == TP_C_device_events;
}

/* Each counter that moves alone breaks the equations it stands in, and only those. */
static void every_counter_stands_in_an_equation(void **state)
{
	(void)state;
	make_balanced();
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++) {
		enum tp_counter_class class = tp_counter_descs[i].class;
		bool aside = (class == TP_CLASS_FLOW || class == TP_CLASS_COVERT) && !in_an_equation(i);

		counters[i]++;
		if (balanced_of(0) != aside)
			fail_msg("%s: %s", tp_counter_descs[i].name, text);
		counters[i]--;
	}
	for (int i = TP_DELIVERED; i < TP_FAILURE_COUNT; i++) {
		tp_ledger_record(1, i);
		assert_false(balanced_of(0));
		counters[TP_C_alerts]++;
		assert_true(balanced_of(0));
	}
	counters[TP_C_device_events]++;
	assert_false(balanced_of(0));
	assert_said("device_events 1 + published 0 = ");
	assert_said(": 1 neither acknowledged nor given up\n");
	tp_ledger_record(1, TP_DELIVERED);
	assert_true(balanced_of(0));
	tp_ledger_published(1);
	assert_false(balanced_of(0));
	assert_said("nobody: emitted 0 + alerts 0 + dead_letters 0 + device_events 0 + published 1 = 1, but acknowledged 0");
	tp_ledger_record(0, TP_DELIVERED);
	assert_true(balanced_of(0));
}

/* The whole account has them; the open one is as if there were none, on their way or at their end, and balances as well. */
static void covert_alerts_are_in_the_whole_account_only(void **state)
{
	struct tp_account open, before;

	(void)state;
	make_balanced();
	tp_books_line(&before, 1);
	counters[TP_C_covert_alerts] = 5;
	counters[TP_C_covert_bytes] = 500;
	tp_books_line(&open, 1);
	assert_memory_equal(&open, &before, sizeof(open));
	assert_int_equal(fixture_account(1).in_flight, 5);
	assert_false(balanced_of(0));
	assert_said(" + covert_alerts 5 = 104, but acknowledged 95 + ");
	for (int i = 0; i < 4; i++)
		tp_ledger_covert(1, TP_DELIVERED);
	tp_ledger_covert(1, TP_FAILURE_timed_out);
	assert_true(balanced_of(0));
	assert_int_equal(fixture_account(1).acknowledged, 99);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_timed_out], 4);
	tp_books_line(&open, 1);
	assert_memory_equal(&open, &before, sizeof(open));
	tp_books_sum(&open, FIXTURE_SOURCES);
	assert_int_equal(open.acknowledged, 95);
	assert_int_equal(open.failed_sum, 4);
	assert_int_equal(open.emitted_all, 99);
	assert_int_equal(open.in_flight, 0);
	assert_int_equal(open.c[TP_C_covert_alerts] + open.c[TP_C_covert_bytes], 0);
}

static void differences_are_named(void **state)
{
	(void)state;
	make_balanced();
	counters[TP_C_received] += 3;
	assert_false(balanced_of(0));
	assert_said(
	        "total: received 115 + extra 10 = 125, but decoded 90 + malformed 11 + refused 6 + dropped 9 + answered 6 = 122: "
	        "3 lost in the workers\n");
	assert_said("rsu-7/2@A9: received 103 + extra 10 = 113, but decoded 90 + malformed 11 + refused 6 + dropped 2 + answered 1 "
	            "= 110: "
	            "3 lost in the workers\n");
	counters[TP_C_received] -= 4;
	assert_false(balanced_of(0));
	assert_said(": 1 accounted for without having come in\n");
	counters[TP_C_received]++;

	counters[TP_C_suppressed]--;
	assert_false(balanced_of(0));
	assert_said("rsu-7/2@A9: decoded 90 = 90, but suppressed 3 + emitted 86 = 89: 1 never handed to a batch\n");
	counters[TP_C_suppressed]++;

	counters[TP_C_dead_letters_limited] = 0;
	assert_false(balanced_of(0));
	assert_said("rsu-7/2@A9: dead_letters 10 + dead_letters_limited 0 + dead_letters_lost 0 = 10, but malformed 11 + refused "
	            "by a decoder 5 = 16: "
	            "6 refused input without a dead letter\n");
	counters[TP_C_dead_letters_limited] = 6;

	end(1, 2, TP_DELIVERED);
	assert_false(balanced_of(0));
	assert_said("rsu-7/2@A9: emitted 86 + alerts 3 + dead_letters 10 + device_events 0 + published 0 = 99, but acknowledged 97 "
	            "+ failed 4 + "
	            "spooled 0 = 101: "
	            "2 ended without having been emitted\n");
	counters[TP_C_alerts] += 2;
	assert_true(balanced_of(0));
	assert_false(balanced_of(5));
	assert_said("sink: 5 records submitted have not ended\n");
}

/* What one source has too many and another too few cancels out in the total only. */
static void sources_do_not_cancel_out(void **state)
{
	(void)state;
	make_balanced();
	counters[TP_C_received]++;
	fixture_counters[0][TP_C_received]--;
	assert_false(balanced_of(0));
	assert_null(strstr(text, "total:"));
	assert_said("rsu-7/2@A9: ");
	assert_said("nobody: ");
}

/* Two listeners of a site have an unknown sender each: the lines of the books are told apart by their names. */
static void unknown_senders_are_told_apart_by_listener(void **state)
{
	char one[128], other[128];

	(void)state;
	sources[2] = (struct tp_source){.device = TP_SLICE("unknown"), .site = TP_SLICE("A9"), .unknown = true, .of = "v2x"};
	sources[3] = (struct tp_source){.device = TP_SLICE("unknown"), .site = TP_SLICE("A9"), .unknown = true, .of = "plates"};
	assert_string_equal(tp_books_name(&plan, 2, one, sizeof(one)), "unknown@A9 (v2x)");
	assert_string_equal(tp_books_name(&plan, 3, other, sizeof(other)), "unknown@A9 (plates)");
}

static void a_source_nobody_knows_is_a_difference(void **state)
{
	(void)state;
	tp_ledger_record(FIXTURE_SOURCES, TP_DELIVERED);
	assert_false(balanced_of(0));
	assert_said("nobody: ");
}

static void table_fits_and_says_the_verdict(void **state)
{
	char *line, *rest;

	(void)state;
	make_balanced();
	fixture_port = (struct tp_port_stats){.received = 112, .missed = 4};
	print_of(TP_BOOKS_FINAL);
	assert_said("the books balance\n");
	assert_said("rsu-7/2@A9");
	assert_said("nobody");
	assert_null(strstr(text, "quiet"));
	assert_said("udp_no_listener");
	assert_said("UDP datagrams to a port nobody listens on");
	assert_said("port_missed");
	assert_null(strstr(text, "port_errors"));
	assert_null(strstr(text, "not_authorized"));
	counters[TP_C_received] = UINT64_C(12345678901);
	print_of(TP_BOOKS_INTERVAL);
	assert_null(strstr(text, "balance"));
	assert_said("12345678913"); /* nobody's twelve with it */
	print_of(TP_BOOKS_FINAL);
	assert_said("the books do NOT balance\n");
	assert_said("lost in the workers");
	print_of(TP_BOOKS_INTERVAL);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;)
		assert_true(strlen(line) <= 132);
}

static void json_has_every_counter(void **state)
{
	char path[] = "/tmp/tp_books_XXXXXX", quoted[64];
	struct tp_books_snapshot snap;
	int fd = mkstemp(path);
	FILE *file;

	(void)state;
	make_balanced();
	fixture_counters[2][TP_C_received] = 1;
	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, 0), 0);
	assert_int_equal(tp_books_write_json(&snap, &plan, path), 0);
	file = fopen(path, "r");
	text = calloc(1, 100000);
	assert_true(fread(text, 1, 99999, file) > 0);
	fclose(file);
	close(fd);
	unlink(path);
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\": ", tp_counter_descs[i].name);
		assert_said(quoted);
	}
	assert_said("\"balanced\": false");
	assert_said("\"differences\": [\n\"total: received 113");
	assert_said("\n\"cam \\\"x\\\"?: received 1");
	assert_said("{\"source\": 1, \"device\": \"rsu-7\", \"site\": \"A9\", \"lane\": \"2\", \"received\": 100");
	assert_said("{\"source\": 2, \"device\": \"cam \\\"x\\\"\\u000a\", \"site\": \"\", \"lane\": null, \"received\": 1");
	assert_said("\"failed_by\": {\"timed_out\": 3, \"too_large\": 1");
	assert_null(strstr(text, "quiet"));
	assert_int_equal(tp_books_write_json(&snap, &plan, "/nowhere/books.json"), -ENOENT);
	tp_books_release(&snap);
}

/* ---- records about the books --------------------------------------------------------------------------------------------- */

static struct tp_batch *captured[TP_CONTROL_BATCHES + 1];
static unsigned int n_captured;

static void capture_submit(struct tp_sink *sink, struct tp_batch *batch)
{
	(void)sink;
	assert_true(n_captured < TP_CONTROL_BATCHES);
	captured[n_captured++] = batch;
}

static const struct tp_sink_ops capture = {.name = "capture", .submit = capture_submit};

static void deliver_captured(void)
{
	while (n_captured) {
		tp_ledger_batch_delivered(captured[n_captured - 1]);
		tp_ledger_batch_done(captured[--n_captured]);
	}
}

static void publish(struct tp_stats_publisher *publisher, unsigned int n)
{
	struct tp_books_snapshot snap;

	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, 0), 0);
	snap.at_us = 1700000000123456;
	assert_int_equal(tp_stats_publish(publisher, &snap, &capture, NULL), n);
	tp_books_release(&snap);
}

static void published_records_are_in_the_books(void **state)
{
	struct tp_stats_publisher *publisher;
	const struct tp_batch *batch;
	const struct tp_batch_entry *e;

	(void)state;
	make_balanced();
	assert_int_equal(tp_stats_publisher_new(&plan, "gantry-1", &publisher), 0);
	publish(publisher, 3); /* total, nobody, rsu-7 */
	assert_int_equal(n_captured, 1);
	batch = captured[0];
	assert_int_equal(batch->worker, TP_BATCH_OF_CONTROL);
	assert_int_equal(batch->topic, 1);
	assert_int_equal(batch->count, 3);
	e = &batch->entries[2];
	assert_int_equal(e->source, 0);
	assert_int_equal(e->timestamp_ms, 1700000000123);
	assert_memory_equal(batch->data + e->value_off - e->key_len, "gantry-1", 8);
	text = strndup((const char *)batch->data + e->value_off, e->value_len);
	assert_said("\"transport\":\"internal\"");
	assert_said("\"device\":\"gantry-1\"");
	assert_said("\"scope\":\"source\"");
	assert_said("\"source_device\":\"rsu-7\"");
	assert_said("\"received\":100");
	assert_said("\"failed\":4");
	assert_said("{\"name\":\"truncated\",\"count\":9}");
	assert_int_equal(fixture_account(0).in_flight, 3);
	assert_false(balanced_of(3));
	deliver_captured();
	assert_true(balanced_of(0));
	assert_int_equal(fixture_account(-1).published, 3);
	tp_stats_publisher_free(publisher);
}

static void avro_records_carry_the_schema_id(void **state)
{
	static const uint8_t header[] = {0, 1, 2, 3, 4};
	struct tp_plan_spec avro_plan = plan;
	struct tp_stats_publisher *publisher;

	(void)state;
	avro_plan.topics = avro_topics;
	avro_plan.n_topics = 1;
	assert_int_equal(tp_stats_publisher_new(&avro_plan, NULL, &publisher), 0);
	publish(publisher, 1);
	assert_memory_equal(captured[0]->data + captured[0]->entries[0].value_off, header, sizeof(header));
	deliver_captured();
	tp_stats_publisher_free(publisher);
	avro_plan.n_topics = 0;
	assert_int_equal(tp_stats_publisher_new(&avro_plan, NULL, &publisher), -ENOENT);
}

/* With the sink away the pool runs empty: nothing is published, nothing is counted, and it recovers. */
static void bounded_when_the_sink_is_away(void **state)
{
	struct tp_stats_publisher *publisher;

	(void)state;
	assert_int_equal(tp_stats_publisher_new(&plan, "gantry-1", &publisher), 0);
	for (unsigned int i = 0; i < TP_CONTROL_BATCHES; i++)
		publish(publisher, i ? 2 : 1); /* the first one finds only zeros, later ones what was published before */
	publish(publisher, 0);
	assert_int_equal(fixture_account(0).in_flight, 2 * TP_CONTROL_BATCHES - 1);
	deliver_captured();
	publish(publisher, 2);
	deliver_captured();
	assert_true(balanced_of(0));
	tp_stats_publisher_free(publisher);
}

static void batches_of_control_grow(void **state)
{
	struct tp_batch *batch = tp_control_batch_take(10);

	(void)state;
	assert_true(batch->capacity >= 10 && batch->entry_capacity > 0);
	batch->count = 1;
	batch->used = 5;
	tp_control_batch_give_back(batch);
	batch = tp_control_batch_take(1000000);
	assert_true(batch->capacity >= 1000000);
	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->used, 0);
	assert_null(batch->sink_data);
	tp_control_batch_give_back(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(sums_by_class_and_source, setup, teardown),
	        cmocka_unit_test_setup_teardown(every_counter_stands_in_an_equation, setup, teardown),
	        cmocka_unit_test_setup_teardown(covert_alerts_are_in_the_whole_account_only, setup, teardown),
	        cmocka_unit_test_setup_teardown(differences_are_named, setup, teardown),
	        cmocka_unit_test_setup_teardown(sources_do_not_cancel_out, setup, teardown),
	        cmocka_unit_test_setup_teardown(unknown_senders_are_told_apart_by_listener, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_source_nobody_knows_is_a_difference, setup, teardown),
	        cmocka_unit_test_setup_teardown(table_fits_and_says_the_verdict, setup, teardown),
	        cmocka_unit_test_setup_teardown(json_has_every_counter, setup, teardown),
	        cmocka_unit_test_setup_teardown(published_records_are_in_the_books, setup, teardown),
	        cmocka_unit_test_setup_teardown(avro_records_carry_the_schema_id, setup, teardown),
	        cmocka_unit_test_setup_teardown(bounded_when_the_sink_is_away, setup, teardown),
	        cmocka_unit_test_setup_teardown(batches_of_control_grow, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
