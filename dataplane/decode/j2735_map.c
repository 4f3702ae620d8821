/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of MapData: lanes and connections of intersections and road segments. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_ENUM_EXT(layer_type, 3, 7);
UPER_TYPE_NUMBER(layer_id, 7, 100u);
UPER_TYPE_FLAGS_EXT(lane_attributes_vehicle, 8);
UPER_TYPE_CHOICE(lane_type_attributes, true, 3,
	UPER_REQ(vehicle, lane_attributes_vehicle),
	UPER_REQ(crosswalk, bits_16),
	UPER_REQ(bikeLane, bits_16),
	UPER_REQ(sidewalk, bits_16),
	UPER_REQ(median, bits_16),
	UPER_REQ(striping, bits_16),
	UPER_REQ(trackedVehicle, bits_16),
	UPER_REQ(parking, bits_16));
UPER_TYPE_RECORD(lane_attributes, false,
	UPER_REQ(directionalUse, bits_2),
	UPER_REQ(sharedWith, bits_10),
	UPER_REQ(laneType, lane_type_attributes),
	UPER_OPT(regional, regional_extension));
UPER_TYPE_RECORD(connecting_lane, false,
	UPER_REQ(lane, bits_8),
	UPER_OPT(maneuver, bits_12));
UPER_TYPE_RECORD(connection, false,
	UPER_REQ(connectingLane, connecting_lane),
	UPER_OPT(remoteIntersection, intersection_reference_id),
	UPER_OPT(signalGroup, bits_8),
	UPER_OPT(userClass, bits_8),
	UPER_OPT(connectionID, bits_8));
UPER_TYPE_LIST(connects_to_list, 4, 1, 15, connection);
UPER_TYPE_LIST(overlay_lane_list, 3, 1, 4, bits_8);
UPER_TYPE_RECORD(generic_lane, true,
	UPER_REQ(laneID, bits_8),
	UPER_OPT(name, descriptive_name),
	UPER_OPT(ingressApproach, bits_4),
	UPER_OPT(egressApproach, bits_4),
	UPER_REQ(laneAttributes, lane_attributes),
	UPER_OPT(maneuvers, bits_12),
	UPER_REQ(nodeList, node_list_xy),
	UPER_OPT(connectsTo, connects_to_list),
	UPER_OPT(overlays, overlay_lane_list),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(lane_list, 8, 1, 254, generic_lane);
UPER_TYPE_RECORD(signal_control_zone, true,
	UPER_REQ(zone, regional_extension));
UPER_TYPE_LIST(preempt_priority_list, 5, 1, 31, signal_control_zone);
UPER_TYPE_RECORD(intersection_geometry, true,
	UPER_OPT(name, descriptive_name),
	UPER_REQ(id, intersection_reference_id),
	UPER_REQ(revision, bits_7),
	UPER_REQ(refPoint, position_3d),
	UPER_OPT(laneWidth, bits_15),
	UPER_OPT(speedLimits, speed_limit_list),
	UPER_REQ(laneSet, lane_list),
	UPER_OPT(preemptPriorityData, preempt_priority_list),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(intersection_geometry_list, 5, 1, 31, intersection_geometry);
UPER_TYPE_RECORD(road_segment, true,
	UPER_OPT(name, descriptive_name),
	UPER_REQ(id, road_segment_reference_id),
	UPER_REQ(revision, bits_7),
	UPER_REQ(refPoint, position_3d),
	UPER_OPT(laneWidth, bits_15),
	UPER_OPT(speedLimits, speed_limit_list),
	UPER_REQ(roadLaneSet, lane_list),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(road_segment_list, 5, 1, 31, road_segment);
UPER_TYPE_STRING(data_parameters_process_method, 8, 1, 254, 7);
UPER_TYPE_STRING(data_parameters_process_agency, 8, 1, 254, 7);
UPER_TYPE_STRING(data_parameters_last_checked_date, 8, 1, 254, 7);
UPER_TYPE_STRING(data_parameters_geoid_used, 8, 1, 254, 7);
UPER_TYPE_RECORD(data_parameters, true,
	UPER_OPT(processMethod, data_parameters_process_method),
	UPER_OPT(processAgency, data_parameters_process_agency),
	UPER_OPT(lastCheckedDate, data_parameters_last_checked_date),
	UPER_OPT(geoidUsed, data_parameters_geoid_used));
UPER_TYPE_ENUM_EXT(restriction_applies_to, 4, 13);
UPER_TYPE_CHOICE(restriction_user_type, true, 1,
	UPER_REQ(basicType, restriction_applies_to),
	UPER_REQ(regional, regional_list));
UPER_TYPE_LIST(restriction_user_type_list, 4, 1, 15, restriction_user_type);
UPER_TYPE_RECORD(restriction_class_assignment, false,
	UPER_REQ(id, bits_8),
	UPER_REQ(users, restriction_user_type_list));
UPER_TYPE_LIST(restriction_class_list, 8, 1, 253, restriction_class_assignment);
UPER_TYPE_RECORD(map_data, true,
	UPER_OPT(timeStamp, minute_of_the_year),
	UPER_REQ(msgIssueRevision, bits_7),
	UPER_OPT(layerType, layer_type),
	UPER_OPT(layerID, layer_id),
	UPER_OPT(intersections, intersection_geometry_list),
	UPER_OPT(roadSegments, road_segment_list),
	UPER_OPT(dataParameters, data_parameters),
	UPER_OPT(restrictionList, restriction_class_list),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_map = &map_data;
