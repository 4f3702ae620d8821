/* SPDX-License-Identifier: BSD-3-Clause */
/* The arena beside a naive list of what is taken: blocks never overlap, keep what is in them, and in the end it is as empty as at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "state.h"

#define OCTETS (1u << 19)
#define BLOCKS 400

static struct gw_arena arena;
static uint8_t memory[OCTETS], marks[OCTETS / GW_UNIT + 1];

static void start(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(marks, 0, sizeof(marks));
	gw_arena_new(&arena, memory, marks, OCTETS);
}

static void fill(uint32_t block, uint8_t octet)
{
	memset(gw_octets(&arena, block), octet, gw_block(&arena, block)->n);
}

static void check(uint32_t block, uint8_t octet)
{
	for (uint32_t i = 0; i < gw_block(&arena, block)->n; i++)
		assert_int_equal(gw_octets(&arena, block)[i], octet);
}

static void test_random(void **state)
{
	uint32_t blocks[BLOCKS] = {0};
	uint64_t octets = 0;

	(void)state;
	start();
	srandom(7);
	for (unsigned int step = 0; step < 60000; step++) {
		unsigned int i = (unsigned int)random() % BLOCKS;

		if (blocks[i]) {
			check(blocks[i], (uint8_t)i);
			octets -= (gw_block(&arena, blocks[i])->n + 8 + 31) / 32 * 32;
			gw_arena_put(&arena, &blocks[i]);
			assert_int_equal(blocks[i], 0);
			gw_arena_flush(&arena);
		} else {
			blocks[i] = gw_arena_get(&arena, (uint32_t)random() % (1u << random() % 15));
			if (blocks[i]) {
				octets += (gw_block(&arena, blocks[i])->n + 8 + 31) / 32 * 32;
				fill(blocks[i], (uint8_t)i);
			}
		}
		assert_int_equal((uint64_t)arena.used * GW_UNIT, octets);
	}
	for (unsigned int i = 0; i < BLOCKS; i++)
		gw_arena_put(&arena, &blocks[i]);
	gw_arena_flush(&arena);
	assert_int_equal(arena.used, 0);
	/* All of it is one block again, and the small ones' quarter is. */
	blocks[0] = gw_arena_get(&arena, OCTETS / 4 * 3 - GW_UNIT - 8);
	assert_true(blocks[0] != 0);
	assert_int_equal(gw_arena_get(&arena, 5000), 0);
	assert_true(gw_arena_get(&arena, 4000) != 0);
}

static void test_held(void **state)
{
	uint32_t block, other;

	(void)state;
	start();
	block = other = gw_arena_text(&arena, TP_SLICE("name"));
	gw_arena_hold(&arena, block);
	gw_arena_put(&arena, &block);
	gw_arena_flush(&arena);
	assert_int_equal(block, 0);
	assert_true(tp_slice_is(gw_text(&arena, other), "name"));
	block = other;
	gw_arena_put(&arena, &other);
	assert_memory_equal(gw_octets(&arena, block), "name", 4); /* until the walk is over */
	gw_arena_flush(&arena);
	assert_int_equal(arena.used, 0);
	assert_int_equal(gw_arena_get(&arena, UINT32_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_random),
	        cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
