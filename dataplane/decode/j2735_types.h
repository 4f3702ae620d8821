/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODE_J2735_TYPES_H
#define TP_DECODE_J2735_TYPES_H
/* Types of SAE J2735 (edition of 2024, whose additions older editions skip) that several messages share, for the structural walk. */
#include "uper_walk.h"

/* clang-format off */
/* every value of so many bits is allowed */
UPER_TYPE_FIXED(bits_1, 1);
UPER_TYPE_FIXED(bits_2, 2);
UPER_TYPE_FIXED(bits_3, 3);
UPER_TYPE_FIXED(bits_4, 4);
UPER_TYPE_FIXED(bits_5, 5);
UPER_TYPE_FIXED(bits_7, 7);
UPER_TYPE_FIXED(bits_8, 8);
UPER_TYPE_FIXED(bits_9, 9);
UPER_TYPE_FIXED(bits_10, 10);
UPER_TYPE_FIXED(bits_11, 11);
UPER_TYPE_FIXED(bits_12, 12);
UPER_TYPE_FIXED(bits_13, 13);
UPER_TYPE_FIXED(bits_14, 14);
UPER_TYPE_FIXED(bits_15, 15);
UPER_TYPE_FIXED(bits_16, 16);
UPER_TYPE_FIXED(bits_18, 18);
UPER_TYPE_FIXED(bits_22, 22);
UPER_TYPE_FIXED(bits_24, 24);
UPER_TYPE_FIXED(bits_32, 32);
UPER_TYPE_FIXED(bits_72, 72);

UPER_TYPE_NUMBER(minute_of_the_year, 20, 527040u);
UPER_TYPE_STRING(descriptive_name, 6, 1, 62, 7);
UPER_TYPE_RECORD(intersection_reference_id, false,
	UPER_OPT(region, bits_16),
	UPER_REQ(id, bits_16));
UPER_TYPE_NUMBER(latitude, 31, 1800000001u);
UPER_TYPE_NUMBER(longitude, 32, 3600000000u);
UPER_TYPE_OPEN(open_type);
UPER_TYPE_RECORD(regional_extension, false,
	UPER_REQ(regionId, bits_8),
	UPER_REQ(regExtValue, open_type));
UPER_TYPE_LIST(regional_list, 2, 1, 3, regional_extension);
UPER_TYPE_RECORD(position_3d, true,
	UPER_REQ(lat, latitude),
	UPER_REQ(long, longitude),
	UPER_OPT(elevation, bits_16),
	UPER_OPT(regional, regional_list));
UPER_TYPE_ENUM_EXT(speed_limit_type, 4, 12);
UPER_TYPE_RECORD(regulatory_speed_limit, false,
	UPER_REQ(type, speed_limit_type),
	UPER_REQ(speed, bits_13));
UPER_TYPE_LIST(speed_limit_list, 4, 1, 8, regulatory_speed_limit);
UPER_TYPE_RECORD(node_xy_20b, false,
	UPER_REQ(x, bits_10),
	UPER_REQ(y, bits_10));
UPER_TYPE_RECORD(node_xy_22b, false,
	UPER_REQ(x, bits_11),
	UPER_REQ(y, bits_11));
UPER_TYPE_RECORD(node_xy_24b, false,
	UPER_REQ(x, bits_12),
	UPER_REQ(y, bits_12));
UPER_TYPE_RECORD(node_xy_26b, false,
	UPER_REQ(x, bits_13),
	UPER_REQ(y, bits_13));
UPER_TYPE_RECORD(node_xy_28b, false,
	UPER_REQ(x, bits_14),
	UPER_REQ(y, bits_14));
UPER_TYPE_RECORD(node_xy_32b, false,
	UPER_REQ(x, bits_16),
	UPER_REQ(y, bits_16));
UPER_TYPE_RECORD(node_llmd_64b, false,
	UPER_REQ(lon, longitude),
	UPER_REQ(lat, latitude));
UPER_TYPE_CHOICE(node_offset_point_xy, false, 3,
	UPER_REQ(node_XY1, node_xy_20b),
	UPER_REQ(node_XY2, node_xy_22b),
	UPER_REQ(node_XY3, node_xy_24b),
	UPER_REQ(node_XY4, node_xy_26b),
	UPER_REQ(node_XY5, node_xy_28b),
	UPER_REQ(node_XY6, node_xy_32b),
	UPER_REQ(node_LatLon, node_llmd_64b),
	UPER_REQ(regional, regional_extension));
UPER_TYPE_ENUM_EXT(node_attribute_xy, 4, 11);
UPER_TYPE_LIST(node_attribute_xy_list, 3, 1, 7, node_attribute_xy);
UPER_TYPE_ENUM_EXT(segment_attribute_xy, 6, 37);
UPER_TYPE_LIST(segment_attribute_xy_list, 3, 1, 7, segment_attribute_xy);
UPER_TYPE_NUMBER(delta_angle, 9, 300u);
UPER_TYPE_NUMBER(merge_diverge_node_angle, 9, 360u);
UPER_TYPE_CHOICE(lane_data_attribute, true, 3,
	UPER_REQ(pathEndPointAngle, delta_angle),
	UPER_REQ(laneCrownPointCenter, bits_8),
	UPER_REQ(laneCrownPointLeft, bits_8),
	UPER_REQ(laneCrownPointRight, bits_8),
	UPER_REQ(laneAngle, merge_diverge_node_angle),
	UPER_REQ(speedLimits, speed_limit_list),
	UPER_REQ(regional, regional_list));
UPER_TYPE_LIST(lane_data_attribute_list, 3, 1, 7, lane_data_attribute);
UPER_TYPE_RECORD(node_attribute_set_xy, true,
	UPER_OPT(localNode, node_attribute_xy_list),
	UPER_OPT(disabled, segment_attribute_xy_list),
	UPER_OPT(enabled, segment_attribute_xy_list),
	UPER_OPT(data, lane_data_attribute_list),
	UPER_OPT(dWidth, bits_10),
	UPER_OPT(dElevation, bits_10),
	UPER_OPT(regional, regional_list));
UPER_TYPE_RECORD(node_xy, true,
	UPER_REQ(delta, node_offset_point_xy),
	UPER_OPT(attributes, node_attribute_set_xy));
UPER_TYPE_LIST(node_set_xy, 6, 2, 61, node_xy);
UPER_TYPE_NUMBER(driven_line_offset_sm, 12, 4094u);
UPER_TYPE_NUMBER(driven_line_offset_lg, 16, 65534u);
UPER_TYPE_CHOICE(computed_lane_offset_xaxis, false, 1,
	UPER_REQ(small, driven_line_offset_sm),
	UPER_REQ(large, driven_line_offset_lg));
UPER_TYPE_CHOICE(computed_lane_offset_yaxis, false, 1,
	UPER_REQ(small, driven_line_offset_sm),
	UPER_REQ(large, driven_line_offset_lg));
UPER_TYPE_NUMBER(angle, 15, 28800u);
UPER_TYPE_RECORD(computed_lane, true,
	UPER_REQ(referenceLaneId, bits_8),
	UPER_REQ(offsetXaxis, computed_lane_offset_xaxis),
	UPER_REQ(offsetYaxis, computed_lane_offset_yaxis),
	UPER_OPT(rotateXY, angle),
	UPER_OPT(scaleXaxis, bits_12),
	UPER_OPT(scaleYaxis, bits_12),
	UPER_OPT(regional, regional_list));
UPER_TYPE_CHOICE(node_list_xy, true, 1,
	UPER_REQ(nodes, node_set_xy),
	UPER_REQ(computed, computed_lane));
UPER_TYPE_RECORD(road_segment_reference_id, false,
	UPER_OPT(region, bits_16),
	UPER_REQ(id, bits_16));
UPER_TYPE_NUMBER(d_month, 4, 12u);
UPER_TYPE_NUMBER(d_minute, 6, 60u);
UPER_TYPE_NUMBER(d_offset, 11, 1680u);
UPER_TYPE_RECORD(d_date_time, false,
	UPER_OPT(year, bits_12),
	UPER_OPT(month, d_month),
	UPER_OPT(day, bits_5),
	UPER_OPT(hour, bits_5),
	UPER_OPT(minute, d_minute),
	UPER_OPT(second, bits_16),
	UPER_OPT(offset, d_offset));
UPER_TYPE_RECORD(circle, false,
	UPER_REQ(center, position_3d),
	UPER_REQ(radius, bits_12),
	UPER_REQ(units, bits_3));
UPER_TYPE_CHOICE(intersection_access_point, true, 2,
	UPER_REQ(lane, bits_8),
	UPER_REQ(approach, bits_4),
	UPER_REQ(connection, bits_8));
UPER_TYPE_CHOICE(vehicle_id, false, 1,
	UPER_REQ(entityID, bits_32),
	UPER_REQ(stationID, bits_32));
UPER_TYPE_ENUM_EXT(basic_vehicle_role, 5, 22);
UPER_TYPE_NUMBER(iso3833_vehicle_type, 7, 100u);
UPER_TYPE_ENUM_EXT(vehicle_type, 4, 15);
UPER_TYPE_RECORD(requestor_type, true,
	UPER_REQ(role, basic_vehicle_role),
	UPER_OPT(subrole, bits_4),
	UPER_OPT(request, bits_4),
	UPER_OPT(iso3883, iso3833_vehicle_type),
	UPER_OPT(hpmsType, vehicle_type),
	UPER_OPT(regional, regional_extension));
UPER_TYPE_RECORD(transmission_and_speed, false,
	UPER_REQ(transmisson, bits_3),
	UPER_REQ(speed, bits_13));
UPER_TYPE_ENUM_EXT(personal_device_user_type, 3, 4);
UPER_TYPE_RECORD(positional_accuracy, false,
	UPER_REQ(semiMajor, bits_8),
	UPER_REQ(semiMinor, bits_8),
	UPER_REQ(orientation, bits_16));
UPER_TYPE_NUMBER(heading, 15, 28800u);
UPER_TYPE_NUMBER(acceleration, 12, 4001u);
UPER_TYPE_NUMBER(vertical_acceleration, 8, 254u);
UPER_TYPE_NUMBER(yaw_rate, 16, 65534u);
UPER_TYPE_RECORD(acceleration_set4_way, false,
	UPER_REQ(long, acceleration),
	UPER_REQ(lat, acceleration),
	UPER_REQ(vert, vertical_acceleration),
	UPER_REQ(yaw, yaw_rate));
UPER_TYPE_ENUM(time_confidence, 6, 39);
UPER_TYPE_RECORD(position_confidence_set, false,
	UPER_REQ(pos, bits_4),
	UPER_REQ(elevation, bits_4));
UPER_TYPE_RECORD(speedand_headingand_throttle_confidence, false,
	UPER_REQ(heading, bits_3),
	UPER_REQ(speed, bits_3),
	UPER_REQ(throttle, bits_2));
UPER_TYPE_RECORD(full_position_vector, true,
	UPER_OPT(utcTime, d_date_time),
	UPER_REQ(long, longitude),
	UPER_REQ(lat, latitude),
	UPER_OPT(elevation, bits_16),
	UPER_OPT(heading, heading),
	UPER_OPT(speed, transmission_and_speed),
	UPER_OPT(posAccuracy, positional_accuracy),
	UPER_OPT(timeConfidence, time_confidence),
	UPER_OPT(posConfidence, position_confidence_set),
	UPER_OPT(speedConfidence, speedand_headingand_throttle_confidence));
UPER_TYPE_ENUM_EXT(human_propelled_type, 3, 5);
UPER_TYPE_ENUM_EXT(animal_propelled_type, 2, 3);
UPER_TYPE_ENUM_EXT(motorized_propelled_type, 3, 5);
UPER_TYPE_CHOICE(propelled_information, true, 2,
	UPER_REQ(human, human_propelled_type),
	UPER_REQ(animal, animal_propelled_type),
	UPER_REQ(motor, motorized_propelled_type));
UPER_TYPE_ENUM_EXT(attachment, 3, 6);
UPER_TYPE_NUMBER(attachment_radius, 8, 200u);
/* clang-format on */

/* The messages that are walked. */
extern const struct uper_type *const j2735_type_map;
extern const struct uper_type *const j2735_type_rsm;
extern const struct uper_type *const j2735_type_tim;
extern const struct uper_type *const j2735_type_srm;
extern const struct uper_type *const j2735_type_ssm;
extern const struct uper_type *const j2735_type_psm;
extern const struct uper_type *const j2735_type_sdsm;
extern const struct uper_type *const j2735_type_rtcm;

#endif
