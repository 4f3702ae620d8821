/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CLOCK_H
#define TP_CLOCK_H
/*
 * The system's clocks as one number. CLOCK_REALTIME: since 1970-01-01 UTC; CLOCK_MONOTONIC: since some moment of the past. Both are read through the
 * vDSO. Any thread.
 */
#include <stdint.h>
#include <time.h>

/* Microseconds. */
static inline int64_t tp_clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Milliseconds. */
static inline int64_t tp_clock_ms(clockid_t clock)
{
	return tp_clock_us(clock) / 1000;
}

#endif
