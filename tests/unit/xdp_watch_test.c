/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the XDP program tells of packets that it drops or leaves to the kernel: how an event is read, whatever lies in the ring; and with BPF_PROG_TEST_RUN, that
 * nothing is told while nobody watches, that each watcher is told what it asked for, and that of a flood as much is told as the bound allows
 * and the rest is counted. Where this process may not load BPF programs, the second half is skipped and reported so.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>

#include "guard.h"
#include "tp_xdp_guard.h"

#define HEAD   offsetof(struct tp_guard_event, octets)
#define BIT(r) (UINT32_C(1) << TP_GUARD_##r)
#define FRAME  1000
#define FLOOD  20000

/* ---- events -------------------------------------------------------------------------------------------------------------------- */
static struct guard page;

static bool reads(uint32_t n, uint32_t kept, uint32_t reason, size_t size, struct tp_guard_event *event)
{
	struct tp_guard_event in = {.at = 1, .n = n, .kept = kept, .queue = 2, .reason = reason};

	memset(in.octets, 0x5a, sizeof(in.octets));
	memset(event, 0, sizeof(*event));
	return tp_guard_event_read(guard_put(&page, &in, size < sizeof(in) ? size : sizeof(in)), size, event);
}

static void an_event_is_read(void **state)
{
	struct tp_guard_event event;

	(void)state;
	assert_true(reads(1500, TP_GUARD_SNAP, TP_GUARD_guard_denied, sizeof(event), &event));
	assert_int_equal(event.n, 1500);
	assert_int_equal(event.queue, 2);
	assert_int_equal(event.octets[TP_GUARD_SNAP - 1], 0x5a);
	assert_true(reads(14, 14, 0, HEAD + 14, &event));
	assert_int_equal(event.octets[13], 0x5a);
	assert_int_equal(event.octets[14], 0);
}

/* Nothing behind what is there is read, nothing behind the room is written. */
static void what_is_no_event_is_not_read(void **state)
{
	const uint32_t denied = TP_GUARD_guard_denied;
	struct tp_guard_event event;

	(void)state;
	for (size_t size = 0; size < HEAD + 60; size++)
		assert_false(reads(60, 60, denied, size, &event));
	assert_true(reads(60, 60, denied, HEAD + 60, &event));
	assert_false(reads(60, 0, denied, sizeof(event), &event));
	assert_false(reads(0, 0, denied, sizeof(event), &event));
	assert_false(reads(59, 60, denied, sizeof(event), &event));
	assert_false(reads(UINT32_MAX, TP_GUARD_SNAP + 1, denied, sizeof(event), &event));
	assert_false(reads(UINT32_MAX, UINT32_MAX, denied, sizeof(event), &event));
	assert_false(reads(UINT32_MAX, UINT32_MAX - HEAD + 1, denied, sizeof(event), &event));
	assert_false(reads(60, 60, TP_GUARD_REASON_COUNT, sizeof(event), &event));
	assert_false(reads(60, 60, UINT32_MAX, sizeof(event), &event));
}

/* ---- the program ---------------------------------------------------------------------------------------------------------------- */
static struct tp_xdp_guard *xdp;
static uint8_t frame[FRAME] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 3, 218, 0, 1, 0, 0, 64, 17, 0, 0, 10, 66, 2, 3,
        192, 0, 2, 1, 0x9c, 0x40, 0xb6, 0xd0, 3, 198, 0, 0};

/* 10.66.0.0/16 is denied; what comes to another address than 192.0.2.1 is the kernel's. */
static int load(void **state)
{
	const struct tp_guard_prefix_entry denied = {
	        .prefix = {.length = 8 + 16, .family = 4, .addr = {10, 66}}, .verdict = TP_GUARD_DENY};
	struct tp_guard_tables tables = {.prefixes = &denied, .n_prefixes = 1};
	char err[512] = "";
	int rc = tp_xdp_guard_load(64, &xdp, err, sizeof(err));

	(void)state;
	if (rc == -EPERM || rc == -ENOSYS) { /* -EACCES is what the verifier says of a program that it does not take */
		print_message("skipped: %s\n", err);
		xdp = NULL;
		return 0;
	}
	if (rc)
		fail_msg("%s", err);
	tables.config.flags = TP_GUARD_ON | TP_GUARD_OWN | TP_GUARD_HAS_PREFIXES;
	tables.config.n_ip4 = 1;
	tables.config.ip4[0] = htonl(0xc0000201);
	assert_int_equal(tp_xdp_guard_apply(xdp, &tables), 0);
	memset(frame + 42, 0x77, FRAME - 42);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	tp_xdp_guard_free(xdp);
	xdp = NULL;
	return 0;
}

static void need_program(void)
{
	if (!xdp)
		skip();
}

static void comes(uint8_t source, uint8_t target, uint32_t n, uint32_t times)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = n, .repeat = (int)times);

	frame[27] = source;
	frame[33] = target;
	assert_int_equal(bpf_prog_test_run_opts(tp_xdp_guard_program(xdp), &run), 0);
}

static unsigned int told(enum tp_guard_watcher watcher, struct tp_guard_event *last)
{
	unsigned int n = 0;

	while (tp_xdp_guard_event(xdp, watcher, last))
		n++;
	return n;
}

static int watch(enum tp_guard_watcher watcher, uint32_t reasons)
{
	return tp_xdp_guard_watch(xdp, watcher, &(struct tp_xdp_watch){.reasons = reasons});
}

static void nobody_is_told_unasked(void **state)
{
	struct tp_guard_event event;

	(void)state;
	need_program();
	comes(66, 1, 60, 10);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 0);
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 0); /* what came before */
	comes(1, 1, 60, 10);                                 /* taken */
	comes(66, 2, 60, 10);                                /* the kernel's */
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 0);
	comes(66, 1, 60, 3);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 3);
	comes(66, 1, 60, 3);
	tp_xdp_guard_unwatch(xdp, TP_GUARD_CAPTURE);
	comes(66, 1, 60, 10);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 3); /* those from before the end */
	assert_int_equal(tp_xdp_guard_unseen(xdp, TP_GUARD_CAPTURE, TP_GUARD_guard_denied), 0);
}

static void it_is_told_as_it_came(void **state)
{
	struct tp_guard_event event;

	(void)state;
	need_program();
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	comes(66, 1, FRAME, 1);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 1);
	assert_int_equal(event.reason, TP_GUARD_guard_denied);
	assert_int_equal(event.n, FRAME);
	assert_int_equal(event.kept, TP_GUARD_SNAP);
	assert_memory_equal(event.octets, frame, TP_GUARD_SNAP);
	for (uint32_t n = 14; n <= 300; n += n < 60 ? 1 : 40) { /* short ones are the kernel's */
		comes(66, 1, n, 1);
		assert_int_equal(told(TP_GUARD_CAPTURE, &event), n >= 34);
		assert_true(n < 34 || (event.n == n && event.kept == (n < TP_GUARD_SNAP ? n : TP_GUARD_SNAP)));
		assert_memory_equal(event.octets, frame, event.kept);
	}
}

/* What one reads, asks for or has no room for is nothing to the other one. */
static void watchers_do_not_meet(void **state)
{
	struct tp_guard_event event;

	(void)state;
	need_program();
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	assert_int_equal(watch(TP_GUARD_TRACE, BIT(guard_denied) | BIT(kernel_address) | BIT(no_socket)), 0);
	comes(66, 1, 60, 2);
	comes(66, 2, 60, 3);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 2);
	assert_int_equal(told(TP_GUARD_TRACE, &event), 5);
	assert_int_equal(event.reason, TP_GUARD_kernel_address);
	comes(1, 1, 60, 1); /* taken, and no queue has a socket here */
	assert_int_equal(told(TP_GUARD_TRACE, &event), 1);
	assert_int_equal(event.reason, TP_GUARD_no_socket);
	tp_xdp_guard_unwatch(xdp, TP_GUARD_TRACE);
	comes(66, 1, 60, 4);
	assert_int_equal(told(TP_GUARD_TRACE, &event), 0);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 4);
	assert_int_equal(watch(TP_GUARD_TRACE, BIT(guard_denied)), 0);
	comes(66, 1, 60, FLOOD);
	assert_true(tp_xdp_guard_unseen(xdp, TP_GUARD_CAPTURE, TP_GUARD_guard_denied) > 0);
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 0);
	assert_true(told(TP_GUARD_TRACE, &event) >= TP_GUARD_EVENTS);
}

/* However fast it comes and however slowly it is read: told and counted are all of it. */
static void of_a_flood_a_bounded_part_is_told(void **state)
{
	struct tp_guard_event event;
	unsigned int n;

	(void)state;
	need_program();
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	comes(66, 1, 60, FLOOD);
	n = told(TP_GUARD_CAPTURE, &event);
	print_message("%u of %u told\n", n, FLOOD);
	assert_in_range(n, TP_GUARD_EVENTS, TP_GUARD_RING / sizeof(event));
	assert_int_equal(n + tp_xdp_guard_unseen(xdp, TP_GUARD_CAPTURE, TP_GUARD_guard_denied), FLOOD);
	assert_int_equal(watch(TP_GUARD_CAPTURE, BIT(guard_denied)), 0);
	assert_int_equal(tp_xdp_guard_unseen(xdp, TP_GUARD_CAPTURE, TP_GUARD_guard_denied), 0);
	comes(66, 1, 60, 7);
	assert_int_equal(told(TP_GUARD_CAPTURE, &event), 7);
}

/* Packets from elsewhere and to other ports take nothing of what may be told; those that cannot be read are told. */
static void a_watcher_is_told_of_what_it_asks_for(void **state)
{
	struct tp_xdp_watch of = {.reasons = BIT(guard_denied), .family = 4, .length = 32, .addr = {10, 66, 2, 3}};
	struct tp_guard_event event;

	(void)state;
	need_program();
	assert_int_equal(tp_xdp_guard_watch(xdp, TP_GUARD_TRACE, &of), 0);
	comes(66, 1, 60, 2);
	frame[29] = 4;
	comes(66, 1, 60, FLOOD);
	frame[29] = 3;
	comes(66, 1, 60, 3);
	assert_int_equal(told(TP_GUARD_TRACE, &event), 5);
	assert_int_equal(tp_xdp_guard_unseen(xdp, TP_GUARD_TRACE, TP_GUARD_guard_denied), 0);
	of.length = 15;
	of.addr[2] = of.addr[3] = 0;
	of.port = 46800;
	assert_int_equal(tp_xdp_guard_watch(xdp, TP_GUARD_TRACE, &of), 0);
	comes(66, 1, 60, 2);
	frame[37] ^= 1; /* port */
	comes(66, 1, 60, FLOOD);
	frame[37] ^= 1;
	frame[21] = 9; /* a later fragment has no port */
	comes(66, 1, 60, 4);
	frame[21] = 0;
	assert_int_equal(told(TP_GUARD_TRACE, &event), 6);
	of.family = 6;
	assert_int_equal(tp_xdp_guard_watch(xdp, TP_GUARD_TRACE, &of), 0);
	comes(66, 1, 60, 3);
	assert_int_equal(told(TP_GUARD_TRACE, &event), 0);
	of.reasons = BIT(kernel_short);
	assert_int_equal(tp_xdp_guard_watch(xdp, TP_GUARD_TRACE, &of), 0);
	frame[14] = 0x44; /* a header that is too short for one */
	comes(66, 1, 60, 3);
	frame[14] = 0x45;
	assert_int_equal(told(TP_GUARD_TRACE, &event), 3);
}

/* IPv6, behind a tag. What is behind an extension header is told: who watches looks again. */
static void prefixes_of_ip6_fit(void **state)
{
	static const struct {
		uint8_t from, next, port;
		unsigned int told;
	} packets[] = {
	        {0xc0, 17, 53, 1}, {0x40, 17, 53, 0}, {0xc0, 17, 54, 0}, {0xc0, 6, 53, 1}, {0xc0, 60, 54, 1}, {0x40, 60, 53, 0}};
	struct tp_xdp_watch of = {
	        .reasons = BIT(kernel_address), .family = 6, .length = 33, .port = 53, .addr = {0x20, 1, 0xd, 0xb8, 0x80}};
	uint8_t f[90] = {[12] = 0x81,
	        [15] = 7,
	        [16] = 0x86,
	        [17] = 0xdd,
	        [18] = 0x60,
	        [25] = 64,
	        [26] = 0x20,
	        [27] = 1,
	        [28] = 0xd,
	        [29] = 0xb8,
	        [58] = 17};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f, .data_size_in = sizeof(f), .repeat = 1);
	struct tp_guard_event event;

	(void)state;
	need_program();
	assert_int_equal(tp_xdp_guard_watch(xdp, TP_GUARD_TRACE, &of), 0);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		f[24] = packets[i].next;
		f[30] = packets[i].from;
		f[61] = packets[i].port;
		assert_int_equal(bpf_prog_test_run_opts(tp_xdp_guard_program(xdp), &run), 0);
		assert_int_equal(told(TP_GUARD_TRACE, &event), packets[i].told);
	}
}

/* However much the host itself is sent, what is dropped is told. */
static void what_is_the_kernels_takes_no_room_of_what_is_dropped(void **state)
{
	struct tp_guard_event event;
	unsigned int n;

	(void)state;
	need_program();
	assert_int_equal(watch(TP_GUARD_TRACE, BIT(guard_denied) | BIT(kernel_address)), 0);
	comes(66, 2, 60, FLOOD);
	n = told(TP_GUARD_TRACE, &event);
	assert_true(n >= TP_GUARD_EVENTS);
	assert_int_equal(n + tp_xdp_guard_unseen(xdp, TP_GUARD_TRACE, TP_GUARD_kernel_address), FLOOD);
	comes(66, 1, 60, 100);
	assert_int_equal(told(TP_GUARD_TRACE, &event), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_event_is_read),
	        cmocka_unit_test(what_is_no_event_is_not_read),
	        cmocka_unit_test_setup_teardown(nobody_is_told_unasked, load, unload),
	        cmocka_unit_test_setup_teardown(it_is_told_as_it_came, load, unload),
	        cmocka_unit_test_setup_teardown(watchers_do_not_meet, load, unload),
	        cmocka_unit_test_setup_teardown(of_a_flood_a_bounded_part_is_told, load, unload),
	        cmocka_unit_test_setup_teardown(a_watcher_is_told_of_what_it_asks_for, load, unload),
	        cmocka_unit_test_setup_teardown(prefixes_of_ip6_fit, load, unload),
	        cmocka_unit_test_setup_teardown(what_is_the_kernels_takes_no_room_of_what_is_dropped, load, unload),
	};

	page = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
