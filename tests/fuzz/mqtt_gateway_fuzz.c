/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole conversations of several clients with the gateways of several workers; what must hold is in mqtt_talk.h. */
#include "mqtt_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t digest = talk_run(data, size, 0);

	RIG_CHECK(digest == talk_run(data, size, 1));
	return 0;
}
