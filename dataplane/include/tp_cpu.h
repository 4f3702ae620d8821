/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CPU_H
#define TP_CPU_H
/*
 * What the processor can do beyond x86-64-v3, which turnpike requires. A file that is built a second time for AVX-512 is compiled with
 * exactly the extensions asked for here, and is entered only where they are there.
 */
#include <stdbool.h>

/* AVX-512 with VBMI and VBMI2 (Intel since Ice Lake, AMD since Zen 4), and an operating system that keeps its registers. Any thread. */
static inline bool tp_cpu_has_avx512(void)
{
	__builtin_cpu_init(); /* for callers in front of main() */
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2");
}

#endif
