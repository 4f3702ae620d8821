/* SPDX-License-Identifier: BSD-3-Clause */
/* The bit reader and the structural walk beside a reader that goes bit by bit, at every offset and up to the last bit of the memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "uper_walk.h"

static struct guard guard;
static uint8_t memory[4096];
static struct tp_arena arena;

/* A reader over n octets that end at the guard page. */
static struct uper reader(const void *bytes, size_t n)
{
	arena = (struct tp_arena){memory, memory + sizeof(memory)};
	return (struct uper){.p = guard_put(&guard, bytes, n), .end = (uint32_t)(8 * n), .octets = (uint32_t)n, .arena = &arena};
}

static uint64_t naive(const uint8_t *p, uint32_t at, unsigned int n)
{
	uint64_t v = 0;

	for (; n; n--, at++)
		v = v << 1 | (p[at / 8] >> (7 - at % 8) & 1);
	return v;
}

static void test_bits(void **state)
{
	uint8_t bytes[24];

	(void)state;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 89 + 41);
	for (unsigned int n = 0; n <= 56; n++)
		for (uint32_t at = 0; at + n <= 8 * sizeof(bytes); at++) {
			struct uper u = reader(bytes, sizeof(bytes));

			u.bit = at;
			assert_int_equal(uper_bits(&u, n), naive(bytes, at, n));
			assert_int_equal(u.bit, at + n);
			assert_int_equal(u.error, 0);
		}
}

static void test_end(void **state)
{
	struct uper u = reader("\xff\xff", 2);

	(void)state;
	assert_int_equal(uper_bits(&u, 15), 0x7fff);
	assert_int_equal(uper_bits(&u, 2), 0);
	assert_int_equal(u.error, TP_C_truncated);
	assert_int_equal(u.error_bit, 16);
	assert_int_equal(uper_bits(&u, 1), 0); /* the error is sticky: not even the bit that is there */
	assert_int_equal(uper_int(&u, 4, 7, 3), 7);
	assert_int_equal(u.error, TP_C_truncated);
}

static void test_range(void **state)
{
	struct uper u = reader("\x54", 1);

	(void)state;
	assert_int_equal(uper_int(&u, 4, -10, 5), -5);
	assert_int_equal(uper_int(&u, 4, -10, 3), -10);
	assert_int_equal(u.error, TP_C_out_of_range);
	assert_int_equal(u.error_bit, 4);
}

static void test_length(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		uint32_t length;
		int32_t error;
	} cases[] = {{"\x00", 1, 0, 0}, {"\x7f", 1, 127, 0}, {"\x80\x80", 2, 128, 0}, {"\xbf\xff", 2, 16383, 0},
	        {"\xc1\x00", 2, 0, TP_C_bad_length}, {"\x80", 1, 0, TP_C_truncated}, {"", 0, 0, TP_C_truncated}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct uper u = reader(cases[i].bytes, cases[i].n);

		assert_int_equal(uper_length(&u), cases[i].length);
		assert_int_equal(u.error, cases[i].error);
	}
}

static void test_flags(void **state)
{
	struct uper u = reader("\xa0\x01", 2);

	(void)state;
	assert_int_equal(uper_flags(&u, 16), 1 | 4 | 1 << 15);
	u = reader("\x50", 1); /* root of three bits: 0, then 101 */
	assert_int_equal(uper_flags_ext(&u, 3), 1 | 4);
	u = reader("\x82\xd8", 2); /* extended: 1, length 5, 10110 */
	assert_int_equal(uper_flags_ext(&u, 3), 1 | 4 | 8);
	assert_int_equal(u.bit, 14);
	u = reader("\x94\xc0\x00\x00\x00\x00\x00", 7); /* 41 bits: the first 32 are kept */
	assert_int_equal(uper_flags_ext(&u, 3), 1);
	assert_int_equal(u.bit, 1 + 8 + 41);
}

static void test_open_type(void **state)
{
	struct uper u = reader("\x02\xff\xff\x81", 4);
	struct uper_outer outer = uper_enter(&u);

	(void)state;
	assert_int_equal(uper_bits(&u, 3), 7);
	uper_leave(&u, outer); /* the rest of it is skipped */
	assert_int_equal(uper_bits(&u, 8), 0x81);
	u = reader("\x02\xff\xff\x81", 4);
	outer = uper_enter(&u);
	assert_int_equal(uper_bits(&u, 17), 0); /* beyond the open type */
	assert_int_equal(u.error, TP_C_truncated);
	assert_int_equal(u.error_bit, 24);
	uper_leave(&u, outer);
	assert_int_equal(uper_bits(&u, 1), 0);
	u = reader("\x04\xff\xff\x81", 4);
	uper_enter(&u);
	assert_int_equal(u.error, TP_C_bad_length);
	assert_int_equal(u.error_bit, 0);
}

static void test_copy(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
	for (uint32_t from = 0; from < 16; from++)
		for (uint32_t to = from; to <= 8 * sizeof(bytes); to++) {
			struct uper u = reader(bytes, sizeof(bytes));
			struct tp_slice copy;

			u.bit = to;
			copy = uper_copy(&u, from);
			assert_int_equal(copy.n, (to - from + 7) / 8);
			for (uint32_t at = from; at < to; at++)
				assert_int_equal(naive(copy.p, at - from, 1), naive(bytes, at, 1));
			for (uint32_t k = to - from; k < 8 * copy.n; k++)
				assert_int_equal(naive(copy.p, k, 1), 0);
		}
}

static void test_extensions(void **state)
{
	/* count 2 (7 bits), both present, open types of 1 octet each, then 1 bit */
	struct uper u = reader("\x03\x80\xff\x80\xff\xc0", 6);
	unsigned int count;

	(void)state;
	uper_skip_extensions(&u);
	assert_int_equal(u.error, 0);
	assert_int_equal(u.bit, 7 + 2 + 16 + 16);
	u = reader("\xa0\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11); /* 65 additions: more than any edition has */
	assert_int_equal(uper_extension_map(&u, &count), 0);
	assert_int_equal(u.error, TP_C_bad_length);
}

static void test_room(void **state)
{
	struct uper u = reader("\xff", 1);

	(void)state;
	u.arena->end = u.arena->next + 16;
	assert_non_null(uper_alloc(&u, 2, 8));
	assert_null(uper_alloc(&u, 1, 1));
	assert_int_equal(u.error, UPER_NO_ROOM);
}

/* ---- the walk -------------------------------------------------------------------------------------------------------------- */
UPER_TYPE_FIXED(five, 5);
UPER_TYPE_ENUM_EXT(colour, 2, 2);
UPER_TYPE_NUMBER_EXT(axles, 4, 9);
UPER_TYPE_STRING(text, 2, 1, 3, 7);
UPER_TYPE_LIST_EXT(texts, 1, 1, 1, text);
UPER_TYPE_RECORD(pair, true, UPER_REQ(a, five), UPER_OPT(b, colour));
UPER_TYPE_CHOICE(either, true, 1, UPER_REQ(p, pair), UPER_REQ(t, texts));

static void assert_walk(const struct uper_type *type, const char *bytes, size_t n, int32_t error, uint32_t bit)
{
	struct uper u = reader(bytes, n);

	uper_walk(&u, type);
	assert_int_equal(u.error, error);
	assert_int_equal(error ? u.error_bit : u.bit, bit);
}

static void test_walk(void **state)
{
	(void)state;
	assert_walk(&colour, "\x40", 1, 0, 3);
	assert_walk(&colour, "\x60", 1, TP_C_out_of_range, 1);
	assert_walk(&colour, "\x80", 1, 0, 1 + 1 + 6);        /* an added colour */
	assert_walk(&axles, "\x80\x80\x00", 3, 0, 1 + 8 + 8); /* a number outside the root, one octet */
	assert_walk(&axles, "\x50", 1, TP_C_out_of_range, 1);
	assert_walk(&texts, "\x00\x00", 2, 0, 1 + 1 + 2 + 7);
	assert_walk(&texts, "\x81\x80\x00\x00\x00\x00", 6, 0, 1 + 8 + 3 * 9); /* three, more than the root allows */
	assert_walk(&pair, "\x00", 1, 0, 1 + 1 + 5);
	assert_walk(&pair, "\x40\x00", 2, 0, 1 + 1 + 5 + 3);
	assert_walk(&pair, "\x80\x02\x02\x00\x00", 5, 0, 1 + 1 + 5 + 7 + 1 + 8 + 8);
	assert_walk(&either, "\x00\x00", 2, 0, 2 + 7);
	assert_walk(&either, "\x80\x02\xff\xff", 4, 0, 1 + 1 + 6 + 8 + 16); /* an added alternative */
	assert_walk(&either, "\x40", 1, TP_C_truncated, 8);
}

static int setup(void **state)
{
	(void)state;
	guard = guard_new(4096);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bits),
	        cmocka_unit_test(test_end),
	        cmocka_unit_test(test_range),
	        cmocka_unit_test(test_length),
	        cmocka_unit_test(test_flags),
	        cmocka_unit_test(test_open_type),
	        cmocka_unit_test(test_copy),
	        cmocka_unit_test(test_extensions),
	        cmocka_unit_test(test_room),
	        cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
