/* SPDX-License-Identifier: BSD-3-Clause */
/* Which ports of listeners the kernel may choose for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "local_ports.h"

static void expect_open(const char *range, const char *reserved, const uint16_t *wanted, unsigned int n)
{
	uint16_t ports[] = {1883, 32767, 32768, 44990, 46800, 60999, 61000};

	assert_int_equal(tp_local_ports(range, reserved, ports, sizeof(ports) / sizeof(ports[0])), n);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(ports[i], wanted[i]);
}

static void those_of_the_range(void **state)
{
	(void)state;
	expect_open("32768\t60999\n", "\n", (uint16_t[]){32768, 44990, 46800, 60999}, 4);
	expect_open("1024\t65535\n", "", (uint16_t[]){1883, 32767, 32768, 44990, 46800, 60999, 61000}, 7);
	expect_open("61001\t65535\n", "\n", NULL, 0);
}

static void but_not_those_that_are_reserved(void **state)
{
	(void)state;
	expect_open("32768\t60999\n", "46800\n", (uint16_t[]){32768, 44990, 60999}, 3);
	expect_open("32768\t60999\n", "1,32760-32770,44990,50000-65535\n", (uint16_t[]){46800}, 1);
	expect_open("32768\t60999\n", "1-65535\n", NULL, 0);
}

static void nothing_is_said_of_what_cannot_be_read(void **state)
{
	(void)state;
	expect_open("", "", NULL, 0);
	expect_open("32768\t60999\n", "x", (uint16_t[]){32768, 44990, 46800, 60999}, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(those_of_the_range),
	        cmocka_unit_test(but_not_those_that_are_reserved),
	        cmocka_unit_test(nothing_is_said_of_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
