/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole path into Kafka: one worker takes packets from a capture in memory, decodes, matches and encodes them, and this thread gives the
 * batches to the Kafka sink. The worker is paced: it takes packets only while batches are free, and sleeps else, so that it costs what the
 * records cost and not what polling costs.
 *
 *   kafka_path CAPTURE FORMAT PORT PREFIX BROKERS TOPIC RECORDS [NAME=VALUE...]
 *
 * Sends RECORDS records and prints two lines: CPU time of the whole process a record in nanoseconds and octets of a value on average; the
 * same time by thread. The measured records come after as many for warming up; all go to TOPIC.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path_rig.h"
#include "thread_cpu.h"
#include "tp_books.h"
#include "tp_conf.h"

#define IDLE_SLEEP_US 200

/* Gives batches to the sink until `records` have gone, then waits for the last acknowledgement. Returns the octets of their values. */
static double path_send(struct tp_sink *sink, const struct tp_sink_ops *ops, uint64_t records, uint64_t *sent)
{
	double octets = 0;

	for (*sent = 0; *sent < records || ops->outstanding(sink);) {
		struct tp_batch *batch = *sent < records && !ops->busy(sink) ? tp_channel_take(0) : NULL;

		if (batch) {
			*sent += batch->count;
			for (uint32_t i = 0; i < batch->count; i++)
				octets += batch->entries[i].value_len;
			ops->submit(sink, batch);
		}
		ops->poll(sink, batch ? 0 : 1);
	}
	return octets;
}

static void path_drain(void)
{
	struct tp_batch *batch;

	tp_workers_stop_rx();
	while (!tp_workers_drained())
		while ((batch = tp_channel_take(0)) != NULL)
			tp_channel_give_back(batch);
}

int main(int argc, char **argv)
{
	static struct path p;
	static struct thread_cpu from, to;
	struct path_options o = {.cpu = -1, .paced = true, .idle_sleep_us = IDLE_SLEEP_US};
	struct tp_conf conf = {.kafka = {.linger_ms = 5,
	                               .delivery_timeout_ms = 120000,
	                               .connect_timeout_ms = 10000,
	                               .queue_messages = 100000,
	                               .create_topics = true,
	                               .partitions = 3,
	                               .replication = 1}};
	const struct tp_sink_ops *ops = tp_sink_by_name("kafka");
	struct tp_sink *sink;
	char err[1024] = "", lz4[] = "lz4";
	double octets;
	uint64_t sent;

	if (argc < 8)
		path_die("usage: kafka_path CAPTURE FORMAT PORT PREFIX BROKERS TOPIC RECORDS [NAME=VALUE...]");
	path_arguments(argv, &o);
	conf.kafka.brokers = argv[5];
	conf.kafka.compression = lz4;
	conf.kafka.properties = argv + 8;
	conf.kafka.properties_count = (unsigned int)(argc - 8);
	o.topic = argv[6];
	path_start(&p, &o);
	if (tp_ledger_init(HOSTS_MAX + 1) != 0 || ops->open(&conf, tp_plan_spec(p.plan), &sink, err, sizeof(err)) != 0)
		path_die(err);
	path_send(sink, ops, strtoull(argv[7], NULL, 10), &sent);
	thread_cpu_take(&from);
	octets = path_send(sink, ops, strtoull(argv[7], NULL, 10), &sent);
	thread_cpu_take(&to);
	printf("%.1f %.1f\n", (to.process_ns - from.process_ns) / (double)sent, octets / (double)sent);
	thread_cpu_print(&from, &to, (double)sent);
	path_drain();
	ops->close(sink);
	path_end(&p);
	return 0;
}
