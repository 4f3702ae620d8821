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

/* Octets that mean a busy conversation: mostly messages, ends and flushes, now and then something else; see talk_step(). */
static void busy(uint8_t *octets, unsigned int n)
{
	static const uint8_t often[] = {31, 30, 29, 28, 31, 30, 18, 19, 22, 16, 0, 3, 7, 10, 9, 14};

	for (unsigned int i = 0; i < n; i++)
		octets[i] = (uint8_t)random();
	for (unsigned int i = 3; i + 8 < n;) {
		unsigned int step = i < 30 ? 0 : often[(unsigned int)random() % sizeof(often)];

		octets[i++] = (uint8_t)step;
		i += step == 0 || step > 24 ? 3 : step >= 22 || step == 16 ? 0 : step == 3 || step == 14 ? 2 : 1;
	}
}

static void test_talks(void **state)
{
	uint8_t octets[1500];
	uint64_t messages = 0, acknowledged = 0;

	(void)state;
	srandom(4);
	for (unsigned int i = 0; i < TALKS; i++) {
		uint64_t digest;

		if (i % 2)
			busy(octets, sizeof(octets));
		for (unsigned int j = 0; j < sizeof(octets) && i % 2 == 0; j++)
			octets[j] = (uint8_t)random();
		digest = talk_run(octets, sizeof(octets), 0);
		messages += rig.n_messages;
		acknowledged += rig_counted(TP_C_mqtt_acknowledged);
		assert_true(digest == talk_run(octets, sizeof(octets), 1));
		assert_true(digest == talk_run(octets, sizeof(octets), 3));
	}
	printf("%u talks, %llu messages, %llu acknowledged\n", TALKS, (unsigned long long)messages,
	        (unsigned long long)acknowledged);
	assert_true(messages > TALKS * 20 && acknowledged > TALKS * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_talks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
