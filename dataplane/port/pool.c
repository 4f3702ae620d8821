/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet pool: one for all ports and workers. Behind each mbuf lies the struct tp_record of its packet, then the data room.
 *
 * Two layouts:
 *   plain    elements back to back, padded by DPDK so that they spread over cache sets and memory channels
 *   AF_XDP   an element a 4 KiB page. The driver hands the kernel the pool as one array of frames, and takes the size of the array to be
 *            elements x octets of an element; a pool with gaps (DPDK leaves them at page ends) has elements outside that array, which
 *            the kernel silently discards. And in zero-copy mode a frame must not cross a page.
 *
 * DPDK would put one element in each 4 KiB page where there are no hugepages; all headers then compete for the same cache set. With
 * virtual I/O addresses an element may cross a page, so the plain layout has no gaps either.
 */
#include <errno.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>

#include "setup.h"
#include "tp_record.h"

#define POOL_CACHE        RTE_MEMPOOL_CACHE_MAX_SIZE
#define POOL_ROOM         2048 /* octets of a frame in one mbuf */
#define POOL_PAGE         4096
#define POOL_XDP_HEADROOM 256 /* octets that the kernel leaves free in front of an AF_XDP frame */

/* A frame of 1,518 octets must fit into the page of an AF_XDP element, behind everything else. */
_Static_assert(RTE_CACHE_LINE_SIZE + sizeof(struct rte_mbuf) + sizeof(struct tp_record) + RTE_PKTMBUF_HEADROOM + POOL_XDP_HEADROOM +
                               1518 <=
                       POOL_PAGE,
        "struct tp_record is too large for AF_XDP ports");

static struct rte_mempool *pool_packets;

struct rte_mempool *tp_packet_pool(void)
{
	return pool_packets;
}

static bool pool_has_af_xdp(const struct tp_dataplane_spec *spec)
{
	for (unsigned int i = 0; i < spec->n_ports; i++) {
		if (spec->ports[i].type == TP_PORT_AF_XDP)
			return true;
	}
	return false;
}

void tp_pool_layout(const struct tp_dataplane_spec *spec, struct tp_pool_layout *layout)
{
	uint32_t front = sizeof(struct rte_mbuf) + RTE_ALIGN(sizeof(struct tp_record), RTE_MBUF_PRIV_ALIGN);

	layout->priv = (uint16_t)(front - sizeof(struct rte_mbuf));
	layout->data = POOL_ROOM + RTE_PKTMBUF_HEADROOM;
	layout->flags = RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	if (pool_has_af_xdp(spec)) {
		layout->flags |= RTE_MEMPOOL_F_NO_SPREAD;
		layout->data = (uint16_t)(POOL_PAGE - rte_mempool_calc_obj_size(front, layout->flags, NULL));
	}
	layout->element = front + layout->data;
	layout->total = rte_mempool_calc_obj_size(layout->element, layout->flags, NULL);
}

uint32_t tp_pool_xdp_mtu(void)
{
	const struct tp_port_spec port = {.type = TP_PORT_AF_XDP};
	const struct tp_dataplane_spec spec = {.n_ports = 1, .ports = &port};
	struct tp_pool_layout layout;

	tp_pool_layout(&spec, &layout);
	return layout.data - RTE_PKTMBUF_HEADROOM - POOL_XDP_HEADROOM - RTE_ETHER_HDR_LEN - 2 * RTE_VLAN_HLEN;
}

static void pool_free_memory(struct rte_mempool_memhdr *memory, void *zone)
{
	(void)memory;
	rte_memzone_free(zone);
}

/* One piece of memory for all elements, addressed by its virtual address. */
static int pool_populate(struct rte_mempool *pool, const struct tp_pool_layout *layout)
{
	size_t len = (size_t)pool->size * layout->total;
	const struct rte_memzone *zone;
	int rc;

	/* With physical addresses an element must not cross a page: DPDK knows how. */
	if (rte_eal_iova_mode() != RTE_IOVA_VA) {
		pool->flags &= ~RTE_MEMPOOL_F_NO_IOVA_CONTIG;
		return rte_mempool_populate_default(pool);
	}
	zone = rte_memzone_reserve_aligned("packets", len, SOCKET_ID_ANY, 0, POOL_PAGE);
	if (zone == NULL)
		return -rte_errno;
	rc = rte_mempool_populate_iova(
	        pool, zone->addr, (rte_iova_t)(uintptr_t)zone->addr, len, pool_free_memory, (void *)(uintptr_t)zone);
	if (rc <= 0)
		rte_memzone_free(zone);
	return rc;
}

int tp_pool_create(const struct tp_dataplane_spec *spec, uint32_t mbufs, char *err, size_t err_len)
{
	struct rte_pktmbuf_pool_private private = {0};
	struct tp_pool_layout layout;
	struct rte_mempool *pool;
	int rc;

	tp_pool_layout(spec, &layout);
	private.mbuf_data_room_size = layout.data;
	private.mbuf_priv_size = layout.priv;
	pool = rte_mempool_create_empty("packets", mbufs, layout.element, POOL_CACHE, sizeof(private), SOCKET_ID_ANY, layout.flags);
	if (pool == NULL)
		return tp_setup_fail(
		        err, err_len, rte_errno, "no memory for %u packet buffers: %s", mbufs, rte_strerror(rte_errno));
	rc = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(pool, &private);
		rc = pool_populate(pool, &layout);
	}
	if (rc < 0 || pool->populated_size < pool->size) {
		rte_mempool_free(pool);
		return tp_setup_fail(err, err_len, rc < 0 ? -rc : ENOMEM,
		        "no memory for %u packet buffers of %u octets; configure more memory or leave its size to be derived",
		        mbufs, layout.total);
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	pool_packets = pool;
	return 0;
}

void tp_pool_free(void)
{
	rte_mempool_free(pool_packets);
	pool_packets = NULL;
}
