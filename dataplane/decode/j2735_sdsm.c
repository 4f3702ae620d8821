/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of SensorDataSharingMessage (SAE J3224): objects that somebody else detected. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_ENUM_EXT(equipment_type, 2, 3);
UPER_TYPE_ENUM_EXT(object_type, 2, 3);
UPER_TYPE_NUMBER(classification_confidence, 7, 101u);
UPER_TYPE_NUMBER(measurement_time_offset, 12, 3000u);
UPER_TYPE_NUMBER(object_distance, 16, 65534u);
UPER_TYPE_RECORD(position_offset_xyz, false,
	UPER_REQ(offsetX, object_distance),
	UPER_REQ(offsetY, object_distance),
	UPER_OPT(offsetZ, object_distance));
UPER_TYPE_RECORD(detected_object_common_data, true,
	UPER_REQ(objType, object_type),
	UPER_REQ(objTypeCfd, classification_confidence),
	UPER_REQ(objectID, bits_16),
	UPER_REQ(measurementTime, measurement_time_offset),
	UPER_REQ(timeConfidence, time_confidence),
	UPER_REQ(pos, position_offset_xyz),
	UPER_REQ(posConfidence, position_confidence_set),
	UPER_REQ(speed, bits_13),
	UPER_REQ(speedConfidence, bits_3),
	UPER_OPT(speedZ, bits_13),
	UPER_OPT(speedConfidenceZ, bits_3),
	UPER_REQ(heading, heading),
	UPER_REQ(headingConf, bits_3),
	UPER_OPT(accel4way, acceleration_set4_way),
	UPER_OPT(accCfdX, bits_3),
	UPER_OPT(accCfdY, bits_3),
	UPER_OPT(accCfdZ, bits_3),
	UPER_OPT(accCfdYaw, bits_3));
UPER_TYPE_FLAGS_EXT(exterior_lights, 9);
UPER_TYPE_NUMBER(pitch_detected, 14, 14400u);
UPER_TYPE_NUMBER(roll_detected, 15, 28800u);
UPER_TYPE_NUMBER(yaw_detected, 15, 28800u);
UPER_TYPE_RECORD(attitude, false,
	UPER_REQ(pitch, pitch_detected),
	UPER_REQ(roll, roll_detected),
	UPER_REQ(yaw, yaw_detected));
UPER_TYPE_RECORD(attitude_confidence, false,
	UPER_REQ(pitchConfidence, bits_3),
	UPER_REQ(rollConfidence, bits_3),
	UPER_REQ(yawConfidence, bits_3));
UPER_TYPE_NUMBER(pitch_rate, 16, 65534u);
UPER_TYPE_NUMBER(roll_rate, 16, 65534u);
UPER_TYPE_RECORD(angular_velocity, false,
	UPER_REQ(pitchRate, pitch_rate),
	UPER_REQ(rollRate, roll_rate));
UPER_TYPE_RECORD(angular_velocity_confidence, false,
	UPER_OPT(pitchRateConfidence, bits_3),
	UPER_OPT(rollRateConfidence, bits_3));
UPER_TYPE_RECORD(vehicle_size, false,
	UPER_REQ(width, bits_10),
	UPER_REQ(length, bits_12));
UPER_TYPE_ENUM(size_value_confidence, 4, 13);
UPER_TYPE_RECORD(vehicle_size_confidence, false,
	UPER_REQ(vehicleWidthConfidence, size_value_confidence),
	UPER_REQ(vehicleLengthConfidence, size_value_confidence),
	UPER_OPT(vehicleHeightConfidence, size_value_confidence));
UPER_TYPE_RECORD(detected_vehicle_data, true,
	UPER_OPT(lights, exterior_lights),
	UPER_OPT(vehAttitude, attitude),
	UPER_OPT(vehAttitudeConfidence, attitude_confidence),
	UPER_OPT(vehAngVel, angular_velocity),
	UPER_OPT(vehAngVelConfidence, angular_velocity_confidence),
	UPER_OPT(size, vehicle_size),
	UPER_OPT(height, bits_7),
	UPER_OPT(vehicleSizeConfidence, vehicle_size_confidence),
	UPER_OPT(vehicleClass, bits_8),
	UPER_OPT(classConf, classification_confidence));
UPER_TYPE_RECORD(detected_vru_data, false,
	UPER_OPT(basicType, personal_device_user_type),
	UPER_OPT(propulsion, propelled_information),
	UPER_OPT(attachment, attachment),
	UPER_OPT(radius, attachment_radius));
UPER_TYPE_RECORD(obstacle_size, false,
	UPER_REQ(width, bits_10),
	UPER_REQ(length, bits_10),
	UPER_OPT(height, bits_10));
UPER_TYPE_RECORD(obstacle_size_confidence, false,
	UPER_REQ(widthConfidence, size_value_confidence),
	UPER_REQ(lengthConfidence, size_value_confidence),
	UPER_OPT(heightConfidence, size_value_confidence));
UPER_TYPE_RECORD(detected_obstacle_data, false,
	UPER_REQ(obstSize, obstacle_size),
	UPER_REQ(obstSizeConfidence, obstacle_size_confidence));
UPER_TYPE_CHOICE(detected_object_optional_data, false, 2,
	UPER_REQ(detVeh, detected_vehicle_data),
	UPER_REQ(detVRU, detected_vru_data),
	UPER_REQ(detObst, detected_obstacle_data));
UPER_TYPE_RECORD(detected_object_data, false,
	UPER_REQ(detObjCommon, detected_object_common_data),
	UPER_OPT(detObjOptData, detected_object_optional_data));
UPER_TYPE_LIST(detected_object_list, 8, 1, 255, detected_object_data);
UPER_TYPE_RECORD(sensor_data_sharing_message, false,
	UPER_REQ(msgCnt, bits_7),
	UPER_REQ(sourceID, bits_32),
	UPER_REQ(equipmentType, equipment_type),
	UPER_REQ(sDSMTimeStamp, d_date_time),
	UPER_REQ(refPos, position_3d),
	UPER_REQ(refPosXYConf, positional_accuracy),
	UPER_OPT(refPosElConf, bits_4),
	UPER_REQ(objects, detected_object_list));
/* clang-format on */

const struct uper_type *const j2735_type_sdsm = &sensor_data_sharing_message;
