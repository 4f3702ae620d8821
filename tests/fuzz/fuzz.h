/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_FUZZ_H
#define TP_FUZZ_H
/* What fuzz targets share: an expectation, and taking numbers from the input. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPECT(condition)                                                                                                          \
	do {                                                                                                                       \
		if (!(condition))                                                                                                  \
			abort();                                                                                                   \
	} while (0)

/* The next octets of the input, big-endian; zeros behind its end. */
static inline uint32_t fuzz_octets(const uint8_t **p, const uint8_t *end, unsigned int octets)
{
	uint32_t v = 0;

	while (octets--)
		v = v << 8 | (*p < end ? *(*p)++ : 0);
	return v;
}

#endif
