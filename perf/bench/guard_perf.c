/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a verdict of steering and guard costs, in cycles of the TSC a packet: the function of the graph node, and the XDP program in the kernel
 * (BPF_PROG_TEST_RUN with repeat, so without the driver). The rules: 1,000 prefixes, a rate of sources and of the listener; datagrams of 256 sources, of
 * which nothing is dropped. The kernel is given one frame at a time, so its sources are in the cache. Then one that a prefix denies: while nobody watches, and while a capture
 * does, which is told of as many as the bound allows (tp_xdp_guard.h) and has the others counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <rte_cycles.h>

#include "packet_guard.h"

#define PREFIXES 1000
#define SOURCES  256
#define REPEAT   1000000
#define FRAME    192
#define PORT     46800
#define TICK     UINT64_C(1) /* a packet costs one tick, so no bucket is ever empty */

static struct tp_guard_prefix_entry prefixes[PREFIXES];
static uint8_t frames[SOURCES][FRAME];

static unsigned int setting(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned int)atoi(text) : otherwise;
}

static void make_frames(void)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 0, FRAME - 14, 0, 0, 0x40, 0, 64, 17,
	        0, 0, 10, 1, 2, 0, 192, 0, 2, 1, 0x9c, 0x40, PORT >> 8, PORT & 255, 0, FRAME - 34};

	for (unsigned int i = 0; i < SOURCES; i++) {
		memcpy(frames[i], head, sizeof(head));
		frames[i][29] = (uint8_t)i;
	}
}

static struct tp_guard_tables make_rules(struct tp_guard_listener_entry *listener)
{
	struct tp_guard_tables t = {.prefixes = prefixes, .n_prefixes = PREFIXES, .listeners = listener, .n_listeners = 1};
	uint32_t own = htonl(0xc0000201);

	for (unsigned int i = 0; i < PREFIXES; i++) {
		uint32_t addr = htonl(0x64000000 + (i << 8));

		prefixes[i] = (struct tp_guard_prefix_entry){.prefix = {.length = 8 + 24, .family = 4}, .verdict = TP_GUARD_DENY};
		memcpy(prefixes[i].prefix.addr, &addr, sizeof(addr));
	}
	*listener = (struct tp_guard_listener_entry){
	        .target = {.protocol = 17, .port = htons(PORT)}, .listener = {.rate = {TICK, UINT64_MAX / 4}, .bucket = 1}};
	t.config.flags = TP_GUARD_ON | TP_GUARD_OWN | TP_GUARD_MAC | TP_GUARD_HAS_PREFIXES;
	t.config.source = (struct tp_guard_rate){TICK, UINT64_MAX / 4};
	t.config.fragment = TP_GUARD_FRAGMENT_S * UINT64_C(1000000000);
	t.config.n_ip4 = 1;
	t.config.ip4[0] = own;
	memcpy(t.config.mac, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	return t;
}

static double node_run(const struct tp_guard_rules *rules, struct tp_guard_state *state)
{
	uint64_t begin = rte_rdtsc(), taken = 0;

	for (unsigned int i = 0; i < REPEAT; i++)
		taken += tp_guard_judge(rules, state, 0, begin, frames[i * 37 % SOURCES], FRAME) == TP_GUARD_taken;
	if (taken != REPEAT) {
		fprintf(stderr, "guard_perf: the node took %lu of %u packets\n", (unsigned long)taken, REPEAT);
		exit(1);
	}
	return (double)(rte_rdtsc() - begin) / REPEAT;
}

/* Ticks of the TSC in a second. */
static double tsc_hz(void)
{
	struct timespec begin, end, pause = {.tv_nsec = 50000000};
	uint64_t tsc;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	tsc = rte_rdtsc();
	nanosleep(&pause, NULL);
	tsc = rte_rdtsc() - tsc;
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)tsc / ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9);
}

static double xdp_run(const struct tp_xdp_guard *xdp, double hz, const uint8_t *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = FRAME, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(tp_xdp_guard_program(xdp), &run)) {
		fprintf(stderr, "guard_perf: BPF_PROG_TEST_RUN: %s\n", strerror(errno));
		exit(1);
	}
	return run.duration * hz / 1e9;
}

static void row(const char *name, double least, unsigned int runs)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"cycles/packet\", \"reference\": null, \"ratio\": null, \"runs\": "
	       "%u}\n",
	        name, least, runs);
}

static int bench_node(const struct tp_guard_tables *tables, unsigned int runs)
{
	struct tp_guard_rules *rules = tp_guard_rules_new(tables);
	struct tp_guard_state *state = tp_guard_state_new(65536);
	double least = 1e9;

	if (!rules || !state)
		return 1;
	*tp_guard_rules_config(rules, 0) = tables->config;
	for (unsigned int i = 0; i < runs; i++) {
		double cycles = node_run(rules, state);

		least = cycles < least ? cycles : least;
	}
	row("guard.node", least, runs);
	tp_guard_rules_free(rules);
	tp_guard_state_free(state);
	return 0;
}

static void bench_frame(const char *name, const struct tp_xdp_guard *xdp, const uint8_t *frame, unsigned int runs, double hz)
{
	double least = 1e9;

	for (unsigned int i = 0; i < runs; i++) {
		double cycles = xdp_run(xdp, hz, frame);

		least = cycles < least ? cycles : least;
	}
	row(name, least, runs);
}

static int bench_xdp(const struct tp_guard_tables *tables, unsigned int runs)
{
	const struct tp_xdp_watch watch = {.reasons = UINT32_C(1) << TP_GUARD_guard_denied};
	struct tp_xdp_guard *xdp;
	uint8_t denied[FRAME];
	double hz = tsc_hz();
	char err[512] = "";

	if (tp_xdp_guard_load(65536, &xdp, err, sizeof(err)) || tp_xdp_guard_apply(xdp, tables)) {
		fprintf(stderr, "guard.xdp: %s\n", err);
		return 77;
	}
	memcpy(denied, frames[1], sizeof(denied));
	memcpy(denied + 26, &prefixes[PREFIXES / 2].prefix.addr, 4);
	bench_frame("guard.xdp", xdp, frames[1], runs, hz);
	bench_frame("guard.xdp.denied", xdp, denied, runs, hz);
	if (tp_xdp_guard_watch(xdp, TP_GUARD_CAPTURE, &watch) == 0)
		bench_frame("guard.xdp.denied.captured", xdp, denied, runs, hz);
	tp_xdp_guard_free(xdp);
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, ap) : 0;
}

int main(void)
{
	unsigned int runs = setting("TP_RUNS", 5);
	struct tp_guard_listener_entry listener;
	struct tp_guard_tables tables;
	cpu_set_t cpu;
	int rc;

	CPU_ZERO(&cpu);
	CPU_SET(setting("TP_CPU", 0), &cpu);
	(void)sched_setaffinity(0, sizeof(cpu), &cpu);
	libbpf_set_print(print_warnings);
	make_frames();
	tables = make_rules(&listener);
	rc = bench_node(&tables, runs);
	return rc ? rc : bench_xdp(&tables, runs);
}
