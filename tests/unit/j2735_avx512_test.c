/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two readers of a BSM's core beside each other: on random bits, of which most are out of some range, and on messages in which one bit
 * after the other is turned, so that every field takes both sides of its limits. The octets lie against a PROT_NONE page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "chance.h"
#include "guard.h"
#include "j2735.h"
#include "tp_cpu.h"

#define CORE_OCTETS 37
#define ROUNDS      2000000

static struct guard guard;
static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t any(void)
{
	return chance64(&state);
}

static void need_avx512(void)
{
	if (tp_cpu_has_avx512())
		return;
	print_message("the processor has no AVX-512 VBMI2: only the plain reader runs here\n");
	skip();
}

#define SAME(field) assert_true(a.field == b.field)

/* Returns whether it is in all ranges. What is not written by either stays as it was in both. */
static bool compare(const uint8_t *octets)
{
	const uint8_t *p = guard_put(&guard, octets, CORE_OCTETS);
	struct tp_bsm a, b;
	bool fine;

	memset(&a, 0xa5, sizeof(a));
	memset(&b, 0x5a, sizeof(b));
	fine = j2735_bsm_core_plain(p, &a);
	assert_int_equal(j2735_bsm_core_avx512(p, &b), fine);
	SAME(msg_cnt), SAME(id), SAME(sec_mark), SAME(lat), SAME(lon), SAME(elev), SAME(semi_major), SAME(semi_minor);
	SAME(orientation), SAME(transmission), SAME(speed), SAME(heading), SAME(angle), SAME(accel_long), SAME(accel_lat);
	SAME(accel_vert), SAME(accel_yaw), SAME(wheel_brakes), SAME(traction), SAME(abs), SAME(scs), SAME(brake_boost);
	SAME(aux_brakes), SAME(width), SAME(length);
	assert_true(b.has == UINT64_C(0x5a5a5a5a5a5a5a5a) && b.frame_len == 0x5a5a5a5a); /* in front and behind: untouched */
	assert_true(memcmp(&b.safety, &(void *){(void *)0x5a5a5a5a5a5a5a5a}, sizeof(b.safety)) == 0);
	return fine;
}

static void random_bits(void **unused)
{
	uint8_t octets[CORE_OCTETS + 3];
	int fine = 0;

	(void)unused;
	need_avx512();
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned int k = 0; k < sizeof(octets); k += 8) {
			uint64_t bits = any();

			memcpy(octets + k, &bits, 8);
		}
		fine += compare(octets);
	}
	assert_true(fine > 0 && fine < ROUNDS);
}

static void put(uint8_t *octets, unsigned int bit, unsigned int bits, uint64_t value)
{
	for (unsigned int i = 0; i < bits; i++) {
		unsigned int at = bit + i;
		uint8_t mask = (uint8_t)(0x80 >> at % 8);

		octets[at / 8] = (uint8_t)((octets[at / 8] & ~mask) | (value >> (bits - 1 - i) & 1 ? mask : 0));
	}
}

/* Each field with a limit at it and above it, while the rest is 0; the whole number of its bits where it has no limit. */
static void limits(void **unused)
{
	static const struct {
		unsigned int bit, bits;
		uint64_t most;
	} fields[] = {{3, 7, 127}, {10, 32, UINT32_MAX}, {42, 16, 65535}, {58, 31, 1800000001}, {89, 32, 3600000000},
	        {121, 16, 65535}, {137, 8, 255}, {145, 8, 255}, {153, 16, 65535}, {169, 3, 7}, {172, 13, 8191}, {185, 15, 28800},
	        {200, 8, 253}, {208, 12, 4001}, {220, 12, 4001}, {232, 8, 254}, {240, 16, 65534}, {256, 5, 31}, {261, 2, 3},
	        {263, 2, 3}, {265, 2, 3}, {267, 2, 2}, {269, 2, 3}, {271, 10, 1023}, {281, 12, 4095}};

	(void)unused;
	need_avx512();
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t all = (UINT64_C(1) << fields[i].bits) - 1;
		uint8_t octets[CORE_OCTETS + 3] = {0};

		for (uint64_t v = fields[i].most > 300 ? fields[i].most - 300 : 0; v <= all && v < fields[i].most + 300; v++) {
			put(octets, fields[i].bit, fields[i].bits, v);
			assert_int_equal(compare(octets), v <= fields[i].most);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(random_bits),
	        cmocka_unit_test(limits),
	};

	guard = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
