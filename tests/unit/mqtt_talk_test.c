/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations of random steps, and each again with its octets given one at a time and in threes: the same comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt_talk.h"

#define TALKS 600

static void test_talks(void **state)
{
	uint8_t octets[1500];
	uint64_t messages = 0, acknowledged = 0;

	(void)state;
	srandom(4);
	for (unsigned int i = 0; i < TALKS; i++) {
		uint64_t digest;

		for (unsigned int j = 0; j < sizeof(octets); j++)
			octets[j] = (uint8_t)random();
		digest = talk_run(octets, sizeof(octets), 0);
		messages += rig.n_messages;
		acknowledged += rig_counted(TP_C_mqtt_acknowledged);
		assert_true(digest == talk_run(octets, sizeof(octets), 1));
		assert_true(digest == talk_run(octets, sizeof(octets), 3));
	}
	printf("%u talks, %llu messages, %llu acknowledged\n", TALKS, (unsigned long long)messages,
	        (unsigned long long)acknowledged);
	assert_true(messages > TALKS * 10 && acknowledged > TALKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_talks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
