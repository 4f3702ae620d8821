/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port: the configuration has none that lies in memory, so an empty capture stands in while the dataplane starts, and a pair of rings takes its
 * place before the worker is made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "batches.h"
#include "mqtt.h"
#include "wire_rig.h"
#include "worker.h"

#define WIRE_RING    8192
#define WIRE_SEAL_US 200 /* as the loop of a worker */

static struct {
	struct rte_ring *rx, *tx;
	struct tp_port_spec port;
	struct tp_dataplane_spec dataplane;
	uint16_t capture; /* ethdev id of the stand-in */
	uint64_t next_seal;
} wire;

void wire_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

/* A capture without packets. */
static void wire_capture(char *path)
{
	static const uint32_t header[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, header, sizeof(header)) != sizeof(header) || close(fd) != 0)
		wire_die("no temporary file");
}

static struct rte_ring *wire_ring(const char *name)
{
	struct rte_ring *ring = rte_ring_create(name, WIRE_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);

	if (!ring)
		wire_die("no memory for a ring");
	return ring;
}

static uint16_t wire_port(void)
{
	struct rte_eth_conf conf = {0};
	int id;

	wire.rx = wire_ring("wire-rx");
	wire.tx = wire_ring("wire-tx");
	id = rte_eth_from_rings("wire", &wire.rx, 1, &wire.tx, 1, SOCKET_ID_ANY);
	if (id < 0 || rte_eth_dev_configure((uint16_t)id, 1, 1, &conf) != 0 ||
	        rte_eth_rx_queue_setup((uint16_t)id, 0, 1024, SOCKET_ID_ANY, NULL, tp_packet_pool()) != 0 ||
	        rte_eth_tx_queue_setup((uint16_t)id, 0, 1024, SOCKET_ID_ANY, NULL) != 0 || rte_eth_dev_start((uint16_t)id) != 0)
		wire_die("no port of rings");
	return (uint16_t)id;
}

/*
 * The worker's thread starts and ends: from then on its memory is this thread's. Both may be on one CPU and with a real-time priority, so neither spins
 * while the other has something to do.
 */
static void wire_worker(const struct tp_plan *plan)
{
	char err[512] = "";

	if (tp_workers_start(plan, err, sizeof(err)) != 0)
		wire_die(err);
	__atomic_store_n(&tp_worker_orders.stop, true, __ATOMIC_RELEASE);
	while (rte_eal_get_lcore_state(tp_worker_slots[0]->lcore) != WAIT)
		usleep(1000);
}

void wire_start(struct wire *w, const struct tp_dataplane_spec *spec, const struct tp_plan *plan)
{
	char path[] = "/tmp/wire_rig.XXXXXX", err[512] = "";

	wire_capture(path);
	wire.port = (struct tp_port_spec){
	        .type = TP_PORT_PCAP, .name = "wire", .device = path, .rx_descriptors = 1024, .tx_descriptors = 1024, .mtu = 1500};
	wire.dataplane = *spec;
	wire.dataplane.ports = &wire.port;
	wire.dataplane.n_ports = 1;
	wire.dataplane.idle_sleep_us = 100;
	if (tp_dataplane_init(&wire.dataplane, err, sizeof(err)) != 0)
		wire_die(err);
	unlink(path);
	*w = (struct wire){.port = wire_port()};
	wire.capture = tp_ports[0].id;
	tp_ports[0].id = w->port;
	tp_port_by_id[w->port] = &tp_ports[0];
	wire_worker(plan);
}

void wire_end(struct wire *w)
{
	(void)w;
	tp_workers_stop();
	tp_ports[0].id = wire.capture;
	tp_dataplane_fini();
}

struct rte_mbuf *wire_frame(const struct wire *w)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(tp_packet_pool());

	if (!m)
		wire_die("no packet buffer is free");
	m->port = w->port;
	return m;
}

void wire_give(struct wire *w, struct rte_mbuf **frames, unsigned int n)
{
	(void)w;
	if (n && rte_ring_sp_enqueue_bulk(wire.rx, (void **)frames, n, NULL) != n)
		wire_die("more frames than a round has");
}

static uint64_t wire_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void wire_walk(struct wire *w)
{
	struct tp_worker_slot *slot = tp_worker_slots[0];

	tp_worker_walk(slot);
	w->walks++;
}

void wire_work(struct wire *w)
{
	struct tp_worker *worker = &tp_worker_slots[0]->w;
	uint64_t began = wire_ns(), now;

	do
		wire_walk(w);
	while (rte_ring_count(wire.rx));
	now = rte_rdtsc();
	if (now >= wire.next_seal) {
		worker->now_tsc = now;
		tp_batches_seal(worker, false);
		wire.next_seal = now + WIRE_SEAL_US * worker->tsc_hz / 1000000;
	}
	w->ns += wire_ns() - began;
}

void wire_seal(struct wire *w)
{
	struct tp_worker *worker = &tp_worker_slots[0]->w;
	uint64_t began = wire_ns();

	worker->now_tsc = rte_rdtsc();
	tp_batches_seal(worker, true);
	w->ns += wire_ns() - began;
}

void wire_acknowledge(struct wire *w)
{
	struct tp_batch *batch;

	while ((batch = tp_channel_take(0)) != NULL) {
		w->batches++;
		w->records += batch->count;
		tp_channel_give_back(batch);
	}
}

unsigned int wire_take(struct wire *w, struct rte_mbuf **frames, unsigned int n)
{
	(void)w;
	return rte_ring_sc_dequeue_burst(wire.tx, (void **)frames, n, NULL);
}
