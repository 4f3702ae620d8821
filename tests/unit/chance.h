/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_CHANCE_H
#define TP_TEST_CHANCE_H
/* Numbers that look like chance and are the same in every run (xorshift): what failed once fails again. The state is never 0. */
#include <stdint.h>

static inline uint32_t chance32(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline uint64_t chance64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
