/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two Avro encoders beside each other, on records of every kind with random fields: what is there and what is not, numbers of every size
 * and sign, texts, arrays and groups of every depth. Both must write the same octets, no more than the bound, and whatever follows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "avro_encode.h"
#include "chance.h"
#include "tp_avro.h"

#define ROUNDS 20000 /* records of each kind */

static uint64_t state = 0x9e3779b97f4a7c15;
static uint8_t memory[1 << 20]; /* of the nested structs of one record */
static size_t memory_used;
static uint8_t text[300];

static uint64_t any(void)
{
	return chance64(&state);
}

/* Of every number of bits alike, and at the edges of the sizes in Avro. */
static int64_t any_number(void)
{
	uint64_t bits = any() % 64, v = (UINT64_C(1) << bits) + any() % 5 - 2;

	if (any() % 2)
		v = any() >> bits;
	return any() % 2 ? (int64_t)v : (int64_t)~v;
}

static void *any_struct(const struct tp_schema *schema, unsigned int count);

static void any_slice(struct tp_slice *s, bool there)
{
	s->n = there ? (uint32_t)(any() % (any() % 8 ? 20 : sizeof(text))) : 0;
	s->p = there ? text + any() % (sizeof(text) - s->n) : NULL;
}

static void any_field(uint8_t *at, const struct tp_field *f)
{
	bool there = !f->optional || any() % 2;
	int64_t number = any_number();
	struct {
		const void *items;
		uint32_t count;
	} array = {NULL, 0};

	switch (f->type) {
	case TP_TYPE_BOOL:
		*(bool *)at = any() & 1;
		break;
	case TP_TYPE_INT:
		memcpy(at, &number, 4);
		break;
	case TP_TYPE_LONG:
	case TP_TYPE_TIME:
	case TP_TYPE_FLOAT:
		memcpy(at, &number, 8);
		break;
	case TP_TYPE_ENUM:
		*at = (uint8_t)(any() % f->symbols->count);
		break;
	case TP_TYPE_STR:
	case TP_TYPE_BYTES:
		any_slice((struct tp_slice *)at, there);
		break;
	case TP_TYPE_GROUP:
		*(void **)at = there ? any_struct(f->sub, 1) : NULL;
		break;
	case TP_TYPE_ARRAY:
		array.count = there ? (uint32_t)(any() % 3) : 0;
		array.items = there ? any_struct(f->sub, array.count) : NULL;
		memcpy(at, &array, sizeof(array));
		break;
	}
}

static void any_fields(uint8_t *record, const struct tp_schema *schema)
{
	uint64_t has = any() & any();

	if (any() % 2)
		has = any() | any();
	memset(record, (int)any(), schema->size); /* between fields anything may stand */
	memcpy(record, &has, sizeof(has));
	for (unsigned int i = 0; i < schema->count; i++)
		any_field(record + schema->fields[i].offset, &schema->fields[i]);
}

static void *any_struct(const struct tp_schema *schema, unsigned int count)
{
	uint8_t *at = memory + memory_used;

	memory_used += (schema->size * count + 16 + 15) & ~(size_t)15;
	assert_true(memory_used <= sizeof(memory));
	for (unsigned int i = 0; i < count; i++)
		any_fields(at + i * schema->size, schema);
	return at;
}

static const struct avro_encoder *avx512(void)
{
	const struct avro_encoder *encoder = avro_encoder_for_avx512();

	if (!encoder) {
		print_message("the processor has no AVX-512 VBMI2: only the plain encoder runs here\n");
		skip();
	}
	return encoder;
}

static void compare(const struct avro_encoder *vectors, unsigned int kind, const void *record)
{
	const struct avro_encoder *plain = &avro_encoder_plain;
	size_t bound = plain->body_bound[kind](record) + TP_AVRO_SLACK, n;
	uint8_t *a = malloc(bound), *b = malloc(bound); /* the sanitizer sees what is written behind them */

	assert_non_null(a);
	assert_non_null(b);
	n = (size_t)(plain->body[kind](a, record) - a);
	assert_true(n + TP_IDENTITY_PAD <= bound);
	assert_int_equal(vectors->body_bound[kind](record) + TP_AVRO_SLACK, bound);
	assert_int_equal(vectors->body[kind](b, record) - b, n);
	assert_memory_equal(a, b, n);
	free(a);
	free(b);
}

static void both_write_the_same(void **unused)
{
	const struct avro_encoder *vectors = avx512();

	(void)unused;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i + 1);
	for (unsigned int kind = 0; kind < TP_KIND_COUNT; kind++) {
		for (int i = 0; i < ROUNDS; i++) {
			memory_used = 0;
			compare(vectors, kind, any_struct(&tp_schema_of_kind[kind], 1));
		}
	}
}

/* Every field of a run at every edge, while the others are small: each reaches its own way out of the vector. */
static void each_number_at_its_edges(void **unused)
{
	const struct avro_encoder *vectors = avx512();
	const struct tp_schema *schema = &tp_schema_of_kind[TP_KIND_bsm];
	struct tp_bsm bsm;

	(void)unused;
	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *f = &schema->fields[i];

		if (f->type != TP_TYPE_INT && f->type != TP_TYPE_LONG)
			continue;
		for (int bits = 0; bits < 64; bits++) {
			for (int near = -1; near <= 1; near++) {
				int64_t v = (int64_t)((UINT64_C(1) << bits) + (uint64_t)near);

				memset(&bsm, 0, sizeof(bsm));
				memcpy((uint8_t *)&bsm + f->offset, &v, f->type == TP_TYPE_INT ? 4 : 8);
				compare(vectors, TP_KIND_bsm, &bsm);
				v = (int64_t) - (uint64_t)v;
				memcpy((uint8_t *)&bsm + f->offset, &v, f->type == TP_TYPE_INT ? 4 : 8);
				compare(vectors, TP_KIND_bsm, &bsm);
			}
		}
	}
}

/* The vectors that the core of a BSM is meant to take: a change of the table that parts them shows here. */
static void core_of_a_bsm_is_two_vectors(void **unused)
{
	const struct avro_encoder *vectors = avx512();
	unsigned int fields = 0, full = 0;

	(void)unused;
	for (uint32_t i = 0; i < vectors->runs->n_vectors; i++) {
		fields += vectors->runs->vectors[i].count;
		full += vectors->runs->vectors[i].count >= 11;
	}
	assert_true(fields >= 30);
	assert_true(full >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_write_the_same),
	        cmocka_unit_test(each_number_at_its_edges),
	        cmocka_unit_test(core_of_a_bsm_is_two_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
