/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_PATTERN_CHECK_H
#define TP_TEST_PATTERN_CHECK_H
/* What the tests of lists and rules share, over cmocka: chance, texts, the memory of a scan. */
#include <string.h>

#include "chance.h"
#include "tp_pattern.h"

static uint64_t random_state; /* the test says where it begins */

static inline unsigned int random_below(unsigned int n)
{
	assert_true(random_state != 0);
	return (unsigned int)(chance64(&random_state) >> 11) % n;
}

static inline struct tp_pattern_text text_of(const char *s)
{
	return (struct tp_pattern_text){.p = (const uint8_t *)s, .n = (uint32_t)strlen(s)};
}

static inline struct tp_pattern_scratch *must_scratch(const struct tp_pattern_db *db, unsigned int items)
{
	struct tp_pattern_scratch *scratch;

	assert_int_equal(tp_pattern_scratch_new(db, items, &scratch), 0);
	return scratch;
}

#endif
