/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_DECODE_CHECK_H
#define TP_TEST_DECODE_CHECK_H
/* What the tests of the text decoders share: decoding in front of a guard page, every truncation, random changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "tp_decoder.h"

#define CHECK_MAX 131072

static struct guard check_guard;
static uint8_t check_memory[1 << 20];
static struct tp_record check_record;
static struct tp_verdict check_verdict;

/* Decodes n octets in front of the guard page; the record and the verdict are left in check_record and check_verdict. */
static int check_decode(const struct tp_decoder *decoder, const void *data, size_t n, unsigned int result, size_t arena_size)
{
	struct tp_arena arena = {check_memory, check_memory + arena_size};

	if (!check_guard.map)
		check_guard = guard_new(CHECK_MAX);
	check_record.payload = (struct tp_slice){guard_put(&check_guard, data, n), (uint32_t)n};
	check_record.result = (uint8_t)result;
	check_verdict = (struct tp_verdict){.offset = UINT32_MAX};
	return decoder->decode(&check_record, &arena, &check_verdict);
}

static inline int check_text(const struct tp_decoder *decoder, const char *text)
{
	return check_decode(decoder, text, strlen(text), 0, sizeof(check_memory));
}

static inline void check_rejected(const struct tp_decoder *decoder, const char *text, enum tp_counter reason, uint32_t offset)
{
	int rc = check_text(decoder, text);

	if (rc != TP_DECODE_REJECTED || check_verdict.reason != reason || check_verdict.offset != offset)
		fail_msg("%s: %d, %s at %u; expected %s at %u", text, rc,
		        rc == TP_DECODE_REJECTED ? tp_counter_descs[check_verdict.reason].name : "-", check_verdict.offset,
		        tp_counter_descs[reason].name, offset);
}

static inline void check_slice(struct tp_slice got, const char *expected)
{
	if (!expected) {
		if (got.p)
			fail_msg("'%.*s' where nothing was expected", (int)got.n, got.p);
		return;
	}
	if (!got.p || got.n != strlen(expected) || memcmp(got.p, expected, got.n) != 0)
		fail_msg("'%.*s' where '%s' was expected", got.p ? (int)got.n : 0, got.p ? (const char *)got.p : "", expected);
}

/* A verdict that a caller can work with. */
static inline void check_verdict_sane(size_t n)
{
	enum tp_counter_class class;

	assert_true(check_verdict.reason < TP_COUNTER_COUNT);
	class = tp_counter_descs[check_verdict.reason].class;
	assert_true(class == TP_CLASS_MALFORMED || class == TP_CLASS_REFUSED_BY_DECODER);
	assert_true(check_verdict.offset <= n);
}

/* The octets from which a text is whole are its length without the white space behind it. */
static inline void check_truncations(const struct tp_decoder *decoder, const uint8_t *data, size_t n)
{
	while (n && (data[n - 1] == '\n' || data[n - 1] == ' ' || data[n - 1] == '\r'))
		n--;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(check_decode(decoder, data, i, 0, sizeof(check_memory)), TP_DECODE_REJECTED);
		assert_int_equal(check_verdict.reason, i ? TP_C_truncated : TP_C_empty);
		assert_int_equal(check_verdict.offset, i);
	}
}

static inline uint64_t check_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Every record of whatever a decoder accepts must be decodable, and every rejection must say a sensible place. */
static inline void check_changes(const struct tp_decoder *decoder, const uint8_t *data, size_t n, unsigned int times, uint64_t seed)
{
	uint8_t *copy = malloc(n);

	assert_non_null(copy);
	for (unsigned int i = 0; i < times; i++) {
		uint64_t r = check_random(&seed);
		int rc;

		memcpy(copy, data, n);
		copy[(r >> 8) % n] = (uint8_t)r;
		rc = check_decode(decoder, copy, n, 0, sizeof(check_memory));
		assert_true(rc == TP_DECODE_REJECTED || (rc >= 1 && rc <= TP_RESULTS_MAX));
		if (rc == TP_DECODE_REJECTED)
			check_verdict_sane(n);
		for (int result = 1; result < rc; result++)
			assert_int_equal(check_decode(decoder, copy, n, (unsigned int)result, sizeof(check_memory)), rc);
	}
	free(copy);
}

/* The sample of that name; skips the test where there are none. To be freed. */
static inline uint8_t *check_sample(const char *name, size_t *n)
{
	const char *shared = getenv("TP_SHARED");
	uint8_t *data = malloc(CHECK_MAX);
	char path[4096];
	FILE *f;

	assert_non_null(data);
	snprintf(path, sizeof(path), "%s/data/alpr/%s", shared ? shared : "", name);
	f = fopen(path, "rb");
	if (!f) {
		free(data);
		print_message("%s is not there: set TP_SHARED to the folder of the samples\n", path);
		skip();
	}
	*n = fread(data, 1, CHECK_MAX, f);
	fclose(f);
	return data;
}

#endif
