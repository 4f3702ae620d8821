/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of RTCMcorrections: differential corrections for GNSS receivers. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_ENUM_EXT(rtcm_revision, 2, 3);
UPER_TYPE_RECORD(antenna_offset_set, false,
	UPER_REQ(antOffsetX, bits_12),
	UPER_REQ(antOffsetY, bits_9),
	UPER_REQ(antOffsetZ, bits_10));
UPER_TYPE_RECORD(rtcm_header, false,
	UPER_REQ(status, bits_8),
	UPER_REQ(offsetSet, antenna_offset_set));
UPER_TYPE_STRING(rtcm_message, 10, 1, 1022, 8);
UPER_TYPE_LIST(rtcm_message_list, 3, 1, 4, rtcm_message);
UPER_TYPE_RECORD(rtcm_corrections, true,
	UPER_REQ(msgCnt, bits_7),
	UPER_REQ(rev, rtcm_revision),
	UPER_OPT(timeStamp, minute_of_the_year),
	UPER_OPT(anchorPoint, full_position_vector),
	UPER_OPT(rtcmHeader, rtcm_header),
	UPER_REQ(msgs, rtcm_message_list),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_rtcm = &rtcm_corrections;
