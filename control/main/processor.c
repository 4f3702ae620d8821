/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks whether the processor has what turnpike is compiled for (x86-64-v3), before any code that uses it runs: constructors do, so this stands in front
 * of them. This file alone is compiled for any x86-64, without sanitizers.
 */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* X(name in GCC, name for people) */
/* clang-format off */
#define PROCESSOR_FEATURES(X) \
	X("avx", "AVX") X("avx2", "AVX2") X("bmi", "BMI1") X("bmi2", "BMI2") X("f16c", "F16C") X("fma", "FMA") X("lzcnt", "LZCNT") \
	X("movbe", "MOVBE")
/* clang-format on */

static void processor_say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void processor_require(void)
{
	unsigned int missing = 0;

	__builtin_cpu_init();
#define PROCESSOR_ASK(feature, name)                                                                                               \
	if (!__builtin_cpu_supports(feature))                                                                                      \
		processor_say(missing++ ? ", " name : "turnpiked: this processor, or the machine it is emulated by, lacks " name);
	PROCESSOR_FEATURES(PROCESSOR_ASK)
	if (missing == 0)
		return;
	processor_say("; expected x86-64-v3: Intel since Haswell, AMD since Excavator, in a virtual machine the host's processor "
	              "model\n");
	_exit(1);
}

__attribute__((section(".preinit_array"), used)) static void (*const processor_first)(void) = processor_require;
