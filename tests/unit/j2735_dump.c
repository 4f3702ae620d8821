/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints what the j2735 decoder makes of every line of hex on its standard input, one line each: the record as JSON, or a JSON object
 * with stage, reason and offset. j2735_expected_test.py compares it with what an independent reader decoded.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"
#include "tp_decoder.h"

#define ARRIVAL INT64_C(1694629907000000)

static size_t dump_hex(const char *line, uint8_t *out)
{
	size_t n = 0;
	unsigned int octet;

	while (isxdigit((unsigned char)line[0]) && isxdigit((unsigned char)line[1]) && sscanf(line, "%2x", &octet) == 1) {
		out[n++] = (uint8_t)octet;
		line += 2;
	}
	return n;
}

static void dump_record(struct tp_record *rec)
{
	static const uint8_t none[1];
	struct tp_envelope env = {.received_at = ARRIVAL, .event_time = ARRIVAL, .flags = rec->flags};
	size_t bound;
	uint8_t *out, *end;

	if (rec->has_device_time)
		TP_SET(&env, envelope, device_time, rec->device_time);
	env.site = env.device = env.source_ip = (struct tp_slice){none, 0};
	bound = tp_record_json_bound(&env, rec->kind, &rec->bsm);
	out = malloc(bound);
	if (!out)
		exit(1);
	end = tp_record_json(out, &env, rec->kind, &rec->bsm);
	if ((size_t)(end - out) > bound) {
		fprintf(stderr, "j2735_dump: %zu octets of JSON above the bound of %zu\n", (size_t)(end - out), bound);
		exit(1);
	}
	printf("{\"kind\":\"%s\",\"trailing\":%u,\"record\":%.*s}\n", tp_schema_of_kind[rec->kind].name, rec->trailing,
	        (int)(end - out), out);
	free(out);
}

static void dump_line(const char *line, struct guard *guard)
{
	static uint8_t memory[1 << 20], bytes[65536];
	struct tp_arena arena = {memory, memory + sizeof(memory)};
	struct tp_record rec;
	struct tp_verdict v;
	size_t n = dump_hex(line, bytes);
	int ret;

	memset(&rec, 0xa5, sizeof(rec)); /* whatever the decoder does not write shows */
	rec.flags = 0;
	rec.received_at = ARRIVAL;
	rec.result = 0;
	rec.payload = (struct tp_slice){guard_put(guard, bytes, n), (uint32_t)n};
	ret = tp_decoder_by_name("j2735")->decode(&rec, &arena, &v);
	if (ret == 1)
		dump_record(&rec);
	else
		printf("{\"returned\":%d,\"stage\":\"%s\",\"reason\":\"%s\",\"offset\":%u}\n", ret, tp_stage_names[v.stage],
		        tp_counter_descs[v.reason].name, v.offset);
}

int main(void)
{
	struct guard guard = guard_new(65536);
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
		dump_line(line, &guard);
	free(line);
	return 0;
}
