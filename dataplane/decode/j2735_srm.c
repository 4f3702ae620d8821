/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of SignalRequestMessage: requests for priority or preemption. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_ENUM_EXT(priority_request_type, 2, 3);
UPER_TYPE_RECORD(signal_request, true,
	UPER_REQ(id, intersection_reference_id),
	UPER_REQ(requestID, bits_8),
	UPER_REQ(requestType, priority_request_type),
	UPER_REQ(inBoundLane, intersection_access_point),
	UPER_OPT(outBoundLane, intersection_access_point),
	UPER_OPT(regional, regional_list));
UPER_TYPE_RECORD(signal_request_package, true,
	UPER_REQ(request, signal_request),
	UPER_OPT(minute, minute_of_the_year),
	UPER_OPT(second, bits_16),
	UPER_OPT(duration, bits_16),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(signal_request_list, 5, 1, 31, signal_request_package);
UPER_TYPE_RECORD(requestor_position_vector, true,
	UPER_REQ(position, position_3d),
	UPER_OPT(heading, angle),
	UPER_OPT(speed, transmission_and_speed));
UPER_TYPE_NUMBER(delta_time, 8, 243u);
UPER_TYPE_RECORD(requestor_description, true,
	UPER_REQ(id, vehicle_id),
	UPER_OPT(type, requestor_type),
	UPER_OPT(position, requestor_position_vector),
	UPER_OPT(name, descriptive_name),
	UPER_OPT(routeName, descriptive_name),
	UPER_OPT(transitStatus, bits_8),
	UPER_OPT(transitOccupancy, bits_3),
	UPER_OPT(transitSchedule, delta_time),
	UPER_OPT(regional, regional_list));
UPER_TYPE_RECORD(signal_request_message, true,
	UPER_OPT(timeStamp, minute_of_the_year),
	UPER_REQ(second, bits_16),
	UPER_OPT(sequenceNumber, bits_7),
	UPER_OPT(requests, signal_request_list),
	UPER_REQ(requestor, requestor_description),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_srm = &signal_request_message;
