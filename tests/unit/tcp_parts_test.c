/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the TCP endpoint: table, timer wheel, chunks. */
#include "chunks.h"
#include "table.h"
#include "tcp_rig.h"
#include "wheel.h"

/* ---- the parts ---------------------------------------------------------------------------------------------------------------------- */

struct item {
	struct tcp_tuple tuple;
	uint32_t chain;
};

static void table_finds_what_was_inserted(void **state)
{
	enum { N = 5000 };
	struct item *items = calloc(N, sizeof(*items));
	struct tcp_table table = {
	        .n = 200, .stride = sizeof(*items), .chain_at = offsetof(struct item, chain), .items = (uint8_t *)items};

	(void)state;
	table.buckets = calloc(table.n, sizeof(*table.buckets)); /* far too few: chains */
	for (uint32_t i = 0; i < N; i++) {
		items[i].tuple = (struct tcp_tuple){.remote = {(uint8_t)i, (uint8_t)(i >> 8)}, .family = 4};
		tcp_table_insert(&table, tcp_table_hash(&items[i].tuple, 9), i + 1);
	}
	for (uint32_t i = 0; i < N; i += 2)
		tcp_table_remove(&table, tcp_table_hash(&items[i].tuple, 9), i + 1);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(tcp_table_find(&table, tcp_table_hash(&items[i].tuple, 9), &items[i].tuple), i & 1 ? i + 1 : 0);
	free(table.buckets);
	free(items);
}

/* Each timer fires once, in the millisecond it is due, whatever the distance and the steps of the clock. */
static void wheel_fires_when_due(void **state)
{
	enum { N = 2000 };
	static struct tcp_timer timers[1 + N + TCP_WHEEL_LEVELS * TCP_WHEEL_SLOTS];
	static uint64_t due[N + 1];
	struct tcp_wheel w;
	uint64_t now = UINT64_C(0xfffff000), left = N;
	uint32_t x = 3, item;

	(void)state;
	assert_int_equal(tcp_wheel_timers(N), sizeof(timers) / sizeof(timers[0]));
	tcp_wheel_init(&w, timers, N, now);
	for (uint32_t i = 1; i <= N; i++) {
		x = x * 1664525 + 1013904223;
		due[i] = now + 1 + (x >> (x >> 27));
		if (due[i] > now + INT32_MAX)
			due[i] = now + INT32_MAX;
		tcp_wheel_set(&w, i, now + 5);
		tcp_wheel_set(&w, i, due[i]);
	}
	for (uint32_t i = 1; i <= N; i += 10) {
		tcp_wheel_clear(&w, i);
		due[i] = 0;
		left--;
	}
	while (left) {
		uint64_t next = tcp_wheel_next(&w, now, 1 << 20), before = now;

		assert_true(next > now || next == now);
		now = next > now ? next : now + 1;
		while ((item = tcp_wheel_pop(&w, now)) != 0) {
			assert_true(due[item] > before && due[item] <= now);
			due[item] = 0;
			left--;
		}
		for (uint32_t i = 1; i <= N && now % 64 == 0; i++)
			assert_true(due[i] == 0 || due[i] > now);
	}
	assert_int_equal(tcp_wheel_pop(&w, now + (UINT64_C(1) << 33)), 0);
}

static void cells_hold_what_was_written(void **state)
{
	enum { N = 64 };
	static struct tcp_chunk chunk[N];
	static uint32_t heads[N];
	struct tcp_chunks pool;
	uint32_t run, start = UINT32_MAX - 999; /* across 2^32 */

	(void)state;
	tcp_chunks_init(&pool, chunk, heads, N, 77);
	assert_int_equal(tcp_cells_write(&pool, 1, start, rig_bytes(3000), 3000, TCP_CHUNK_KEPT), 3000);
	assert_int_equal(tcp_cells_write(&pool, 2, start, rig_bytes(4000) + 1000, 3000, TCP_CHUNK_KEPT), 3000);
	for (uint32_t at = 0; at < 3000; at += run) {
		const uint8_t *p = tcp_cells_read(&pool, 1, start + at, 3000 - at, &run);

		assert_memory_equal(p, rig_bytes(3000) + at, run);
		p = tcp_cells_read(&pool, 2, start + at, 3000 - at, &run);
		assert_memory_equal(p, rig_bytes(4000) + 1000 + at, run);
	}
	tcp_cells_drop(&pool, 1, start, 3000);
	tcp_cells_drop(&pool, 2, start, 1500);
	tcp_cells_drop(&pool, 2, start + 1500, 1500);
	tcp_chunks_settle(&pool);
	assert_int_equal(pool.free, N);
	assert_in_range(
	        tcp_cells_write(&pool, 3, 5, rig_bytes(60000), 60000, TCP_CHUNK_OUT_OF_ORDER), 31 * TCP_CELL, 32 * TCP_CELL);
	assert_int_equal(pool.free, N / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(table_finds_what_was_inserted),
	        cmocka_unit_test(wheel_fires_when_due),
	        cmocka_unit_test(cells_hold_what_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
