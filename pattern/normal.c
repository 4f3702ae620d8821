/* SPDX-License-Identifier: BSD-3-Clause */
#include "normal.h"

unsigned int tp_plate_normal(struct tp_pattern_text plate, uint8_t *out)
{
	uint8_t room[NORMAL_ROOM];
	uint32_t n = normal_write(plate.p, plate.n, room);

	memcpy(out, room, n);
	return n;
}
