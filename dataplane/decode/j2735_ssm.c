/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of SignalStatusMessage: answers to signal requests. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_RECORD(signal_requester_info, true,
	UPER_REQ(id, vehicle_id),
	UPER_REQ(request, bits_8),
	UPER_REQ(sequenceNumber, bits_7),
	UPER_OPT(role, basic_vehicle_role),
	UPER_OPT(typeData, requestor_type));
UPER_TYPE_ENUM_EXT(prioritization_response_status, 3, 7);
UPER_TYPE_RECORD(signal_status_package, true,
	UPER_OPT(requester, signal_requester_info),
	UPER_REQ(inboundOn, intersection_access_point),
	UPER_OPT(outboundOn, intersection_access_point),
	UPER_OPT(minute, minute_of_the_year),
	UPER_OPT(second, bits_16),
	UPER_OPT(duration, bits_16),
	UPER_REQ(status, prioritization_response_status),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(signal_status_package_list, 5, 1, 31, signal_status_package);
UPER_TYPE_RECORD(signal_status, true,
	UPER_REQ(sequenceNumber, bits_7),
	UPER_REQ(id, intersection_reference_id),
	UPER_REQ(sigStatus, signal_status_package_list),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(signal_status_list, 5, 1, 31, signal_status);
UPER_TYPE_RECORD(signal_status_message, true,
	UPER_OPT(timeStamp, minute_of_the_year),
	UPER_REQ(second, bits_16),
	UPER_OPT(sequenceNumber, bits_7),
	UPER_REQ(status, signal_status_list),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_ssm = &signal_status_message;
