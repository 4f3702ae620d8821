/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter of a trace over octets that a frame begins with, as XDP programs hand them over: cut anywhere, or with anything in them. They end at a page that nobody
 * may read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "trace.h"

#define PORT 47001
#define MOST 512

static struct guard page;
static struct tp_plan *plan;
static struct trace_firsts firsts;

/* From 192.0.2.99, or 2001:db8::99, UDP to PORT; behind what stands in front of it. */
static const uint8_t ip4[] = {
        0x45, 0, 0, 60, 0, 7, 0, 0, 64, 17, 0, 0, 192, 0, 2, 99, 192, 0, 2, 1, 0x9c, 0x40, PORT >> 8, PORT & 255, 0, 40, 0, 0};
static const uint8_t ip6[] = {0x60, 0, 0, 0, 0, 64, 0, 64, 0x20, 1, 0xd, 0xb8, [23] = 0x99, 0x20, 1, 0xd, 0xb8, [39] = 1,
        /* hop-by-hop, destination options, a first fragment */
        60, 0, 1, 4, 0, 0, 0, 0, 44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 1, 1, 2, 3, 4,
        /* UDP */
        0x9c, 0x40, PORT >> 8, PORT & 255, 0, 40, 0, 0};

static uint32_t make(uint8_t *frame, unsigned int tags, const uint8_t *ip, uint32_t n)
{
	uint32_t at = 12;

	memset(frame, 2, 12);
	for (unsigned int i = 0; i < tags; i++, at += 4)
		memcpy(frame + at, i ? "\x88\xa8\0\1" : "\x81\0\0\1", 4);
	memcpy(frame + at, n == sizeof(ip4) ? "\x08\0" : "\x86\xdd", 2);
	memcpy(frame + at + 2, ip, n);
	return at + 2 + n;
}

static bool fits(const struct tp_trace_filter *f, const uint8_t *frame, uint32_t n)
{
	return tp_trace_octets_fit(f, plan, &firsts, guard_put(&page, frame, n), n);
}

static const struct tp_trace_filter any = {.count = 1}, port = {.port = PORT, .count = 1},
                                    source4 = {.family = 4, .length = 31, .addr = {192, 0, 2, 98}, .count = 1},
                                    source6 = {.family = 6, .length = 32, .addr = {0x20, 1, 0xd, 0xb8}, .count = 1},
                                    listener = {.listener = "plates", .count = 1}, device = {.device = "cam", .count = 1},
                                    topic = {.topic = "#", .count = 1};

/* What stands in the octets that are there counts; what it takes to see a port is said. */
static void check_cut(const uint8_t *frame, uint32_t whole, uint32_t addresses, const struct tp_trace_filter *from)
{
	const uint8_t family = from->family;
	uint8_t addr[16];

	for (uint32_t n = 0; n <= whole; n++) {
		memset(&firsts, 0, sizeof(firsts));
		assert_true(fits(&any, frame, n));
		assert_int_equal(fits(from, frame, n), n >= addresses);
		assert_int_equal(fits(&port, frame, n), n >= whole - 4);
		assert_int_equal(fits(&listener, frame, n), n >= whole - 4);
		assert_int_equal(fits(&device, frame, n), family == 4 && n >= whole - 4);
		assert_false(fits(&topic, frame, n));
		assert_int_equal(tp_trace_sender(guard_put(&page, frame, n), n, addr), n >= addresses ? family : 0);
		assert_int_equal(addr[family == 4 ? 3 : 15], n < addresses ? 0 : family == 4 ? 99 : 0x99);
	}
}

static void a_frame_may_be_cut_anywhere(void **state)
{
	uint8_t frame[MOST];

	(void)state;
	for (unsigned int tags = 0; tags <= 2; tags++) {
		uint32_t n = make(frame, tags, ip4, sizeof(ip4));

		check_cut(frame, n, 14 + 4 * tags + 20, &source4);
		n = make(frame, tags, ip6, sizeof(ip6));
		check_cut(frame, n, 14 + 4 * tags + 40, &source6);
	}
}

/* A later fragment has no port: it fits where the first one did. */
static void fragments_fit_with_their_first_one(void **state)
{
	uint8_t frame[MOST];
	uint32_t n = make(frame, 0, ip4, sizeof(ip4));

	(void)state;
	memset(&firsts, 0, sizeof(firsts));
	frame[21] = 4;
	assert_false(fits(&port, frame, n));
	assert_true(fits(&source4, frame, n)); /* by address alone */
	frame[20] = 0x20;
	frame[21] = 0;
	assert_true(fits(&port, frame, n));
	frame[20] = 0;
	frame[21] = 4;
	assert_true(fits(&port, frame, n));
	frame[19] ^= 1; /* another datagram */
	assert_false(fits(&port, frame, n));
}

/* xorshift; the same on every run. */
static uint32_t random_next(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

static void anything_may_stand_in_it(void **state)
{
	const struct tp_trace_filter *const filters[] = {&any, &port, &source4, &source6, &listener, &device, &topic};
	uint8_t frame[MOST], addr[16];

	(void)state;
	for (unsigned int i = 0; i < 200000; i++) {
		uint32_t n = i % 2 ? make(frame, i % 3, ip4, sizeof(ip4)) : make(frame, i % 3, ip6, sizeof(ip6));

		for (uint32_t k = random_next() % 6; k > 0; k--)
			frame[12 + random_next() % (n - 12)] = (uint8_t)random_next();
		n = random_next() % (n + 1);
		(void)fits(filters[i % (sizeof(filters) / sizeof(filters[0]))], frame, n);
		assert_true(tp_trace_sender(guard_put(&page, frame, n), n, addr) <= 6);
	}
}

static int make_plan(void **state)
{
	static const struct tp_decoder decoder = {.name = "plate"};
	static const struct tp_listener listeners[] = {{.name = "plates", .port = PORT, .decoder = &decoder}};
	static const struct tp_source sources[] = {{.device = {(const uint8_t *)"", 0}, .site = {(const uint8_t *)"", 0}},
	        {.device = {(const uint8_t *)"cam", 3}, .site = {(const uint8_t *)"", 0}}};
	static const struct tp_prefix prefixes[] = {{.family = 4, .length = 32, .source = 1, .addr = {192, 0, 2, 99}}};
	static const struct tp_topic topics[] = {{.name = "t", .kind = TP_KIND_bsm}};
	const struct tp_plan_spec spec = {.listeners = listeners,
	        .n_listeners = 1,
	        .sources = sources,
	        .n_sources = 2,
	        .prefixes = prefixes,
	        .n_prefixes = 1,
	        .topics = topics,
	        .n_topics = 1};
	char err[256] = "";

	(void)state;
	page = guard_new(4096);
	if (tp_plan_build(&spec, &plan, err, sizeof(err)))
		fail_msg("%s", err);
	return 0;
}

static int free_plan(void **state)
{
	(void)state;
	tp_plan_free(plan);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_frame_may_be_cut_anywhere),
	        cmocka_unit_test(fragments_fit_with_their_first_one),
	        cmocka_unit_test(anything_may_stand_in_it),
	};

	return cmocka_run_group_tests(tests, make_plan, free_plan);
}
