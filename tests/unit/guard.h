/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_GUARD_H
#define TP_TEST_GUARD_H
/* A buffer whose last octet lies against a PROT_NONE page: reading one octet too far ends the test. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
	uint8_t *map;
	size_t size; /* usable octets in front of the guard page */
};

static inline struct guard guard_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct guard g = {.size = (size + page - 1) / page * page};

	g.map = mmap(NULL, g.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED || mprotect(g.map + g.size, page, PROT_NONE) != 0)
		_exit(99);
	return g;
}

/* Copies n octets so that they end at the guard page; returns where they start. */
static inline uint8_t *guard_put(struct guard *g, const void *data, size_t n)
{
	return memcpy(g->map + g->size - n, data, n);
}

#endif
