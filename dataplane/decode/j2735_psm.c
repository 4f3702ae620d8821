/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of PersonalSafetyMessage: pedestrians, cyclists, road workers. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_NUMBER(time_offset, 16, 65534u);
UPER_TYPE_NUMBER(coarse_heading, 8, 240u);
UPER_TYPE_RECORD(path_history_point, true,
	UPER_REQ(latOffset, bits_18),
	UPER_REQ(lonOffset, bits_18),
	UPER_REQ(elevationOffset, bits_12),
	UPER_REQ(timeOffset, time_offset),
	UPER_OPT(speed, bits_13),
	UPER_OPT(posAccuracy, positional_accuracy),
	UPER_OPT(heading, coarse_heading));
UPER_TYPE_LIST(path_history_point_list, 5, 1, 22, path_history_point);
UPER_TYPE_RECORD(path_history, true,
	UPER_OPT(initialPosition, full_position_vector),
	UPER_OPT(currGNSSstatus, bits_8),
	UPER_REQ(crumbData, path_history_point_list));
UPER_TYPE_NUMBER(radius_of_curvature, 16, 65534u);
UPER_TYPE_NUMBER(confidence, 8, 200u);
UPER_TYPE_RECORD(path_prediction, true,
	UPER_REQ(radiusOfCurve, radius_of_curvature),
	UPER_REQ(confidence, confidence));
UPER_TYPE_FLAGS_EXT(personal_device_usage_state, 9);
UPER_TYPE_ENUM_EXT(number_of_participants_in_cluster, 2, 3);
UPER_TYPE_NUMBER(personal_cluster_radius, 7, 100u);
UPER_TYPE_ENUM_EXT(public_safety_event_responder_worker_type, 3, 7);
UPER_TYPE_FLAGS_EXT(public_safety_and_road_worker_activity, 6);
UPER_TYPE_FLAGS_EXT(public_safety_directing_traffic_sub_type, 7);
UPER_TYPE_FLAGS_EXT(personal_assistive, 6);
UPER_TYPE_FLAGS_EXT(user_size_and_behaviour, 5);
UPER_TYPE_ENUM_EXT(animal_type, 2, 3);
UPER_TYPE_RECORD(personal_safety_message, true,
	UPER_REQ(basicType, personal_device_user_type),
	UPER_REQ(secMark, bits_16),
	UPER_REQ(msgCnt, bits_7),
	UPER_REQ(id, bits_32),
	UPER_REQ(position, position_3d),
	UPER_REQ(accuracy, positional_accuracy),
	UPER_REQ(speed, bits_13),
	UPER_REQ(heading, heading),
	UPER_OPT(accelSet, acceleration_set4_way),
	UPER_OPT(pathHistory, path_history),
	UPER_OPT(pathPrediction, path_prediction),
	UPER_OPT(propulsion, propelled_information),
	UPER_OPT(useState, personal_device_usage_state),
	UPER_OPT(crossRequest, bits_1),
	UPER_OPT(crossState, bits_1),
	UPER_OPT(clusterSize, number_of_participants_in_cluster),
	UPER_OPT(clusterRadius, personal_cluster_radius),
	UPER_OPT(eventResponderType, public_safety_event_responder_worker_type),
	UPER_OPT(activityType, public_safety_and_road_worker_activity),
	UPER_OPT(activitySubType, public_safety_directing_traffic_sub_type),
	UPER_OPT(assistType, personal_assistive),
	UPER_OPT(sizing, user_size_and_behaviour),
	UPER_OPT(attachment, attachment),
	UPER_OPT(attachmentRadius, attachment_radius),
	UPER_OPT(animalType, animal_type),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_psm = &personal_safety_message;
