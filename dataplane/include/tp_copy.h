/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_COPY_H
#define TP_COPY_H
/* A copy of few octets whose number is not known before: most names, keys and texts. A call of memcpy() costs more than it does. */
#include <stdint.h>
#include <string.h>

/* Overlapping moves; reads and writes nothing beside the n octets, which do not overlap. */
static inline __attribute__((always_inline)) void tp_copy_octets(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (__builtin_expect(n > 64, 0)) {
		memcpy(to, from, n);
	} else if (n >= 16) {
		for (uint32_t i = 0; i < n - 16; i += 16)
			memcpy(to + i, from + i, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else if (n) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

#endif
