/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of RoadSafetyMessage: work zones, closures, curves, incidents. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_OID(object_identifier);
UPER_TYPE_CHOICE(road_authority_id, true, 1,
	UPER_REQ(fullRdAuthID, object_identifier),
	UPER_REQ(relRdAuthID, object_identifier));
UPER_TYPE_RECORD(event_identifier, true,
	UPER_REQ(operatorID, road_authority_id),
	UPER_REQ(uniqueID, bits_32));
UPER_TYPE_RECORD(d_time, false,
	UPER_REQ(hour, bits_5),
	UPER_REQ(minute, d_minute),
	UPER_REQ(second, bits_16),
	UPER_OPT(offset, d_offset));
UPER_TYPE_RECORD(d_date, false,
	UPER_REQ(year, bits_12),
	UPER_REQ(month, d_month),
	UPER_REQ(day, bits_5));
UPER_TYPE_RECORD(event_recurrence, true,
	UPER_OPT(startTime, d_time),
	UPER_OPT(endTime, d_time),
	UPER_OPT(startDate, d_date),
	UPER_OPT(endDate, d_date),
	UPER_REQ(monday, bits_1),
	UPER_REQ(tuesday, bits_1),
	UPER_REQ(wednesday, bits_1),
	UPER_REQ(thursday, bits_1),
	UPER_REQ(friday, bits_1),
	UPER_REQ(saturday, bits_1),
	UPER_REQ(sunday, bits_1),
	UPER_OPT(exclusion, bits_1));
UPER_TYPE_LIST_EXT(event_info_event_recurrence, 3, 1, 4, event_recurrence);
UPER_TYPE_ENUM_EXT(vehicle_group_affected, 6, 34);
UPER_TYPE_LIST_EXT(event_info_affected_vehicles, 4, 1, 9, vehicle_group_affected);
UPER_TYPE_RECORD(event_info, true,
	UPER_REQ(eventID, event_identifier),
	UPER_REQ(eventUpdate, bits_7),
	UPER_REQ(eventCancellation, bits_1),
	UPER_REQ(startDateTime, d_date_time),
	UPER_OPT(endDateTime, d_date_time),
	UPER_OPT(eventRecurrence, event_info_event_recurrence),
	UPER_REQ(causeCode, bits_8),
	UPER_OPT(subCauseCode, bits_16),
	UPER_OPT(affectedVehicles, event_info_affected_vehicles));
UPER_TYPE_RECORD(offset_3d, true,
	UPER_REQ(lat_offset, bits_15),
	UPER_REQ(long_offset, bits_15),
	UPER_OPT(elev_offset, bits_13));
UPER_TYPE_CHOICE(region_uncertainty, true, 1,
	UPER_REQ(alongPath, offset_3d),
	UPER_REQ(inCoordinateFrame, offset_3d));
UPER_TYPE_ENUM_EXT(reference_point_type, 1, 1);
UPER_TYPE_NUMBER(heading_deg, 9, 359u);
UPER_TYPE_NUMBER(tolerance, 8, 180u);
UPER_TYPE_RECORD(applicable_heading, true,
	UPER_REQ(heading, heading_deg),
	UPER_REQ(tolerance, tolerance));
UPER_TYPE_CHOICE(node_point_lle, true, 1,
	UPER_REQ(node_3Dabsolute, position_3d),
	UPER_REQ(node_3Doffset, offset_3d));
UPER_TYPE_LIST(rsm_polygon, 6, 3, 60, node_point_lle);
UPER_TYPE_CHOICE(broad_region_area, true, 1,
	UPER_REQ(polygon, rsm_polygon),
	UPER_REQ(circle, circle));
UPER_TYPE_RECORD(broad_region, true,
	UPER_REQ(applicableHeading, applicable_heading),
	UPER_REQ(broadArea, broad_region_area));
UPER_TYPE_NUMBER(path_path_width, 10, 1000u);
UPER_TYPE_LIST_EXT(path_points, 6, 2, 61, node_point_lle);
UPER_TYPE_RECORD(path, true,
	UPER_REQ(pathWidth, path_path_width),
	UPER_REQ(pathPoints, path_points));
UPER_TYPE_LIST_EXT(path_list, 4, 1, 9, path);
UPER_TYPE_CHOICE(area_type, true, 1,
	UPER_REQ(broadRegion, broad_region),
	UPER_REQ(paths, path_list));
UPER_TYPE_RECORD(region_info, true,
	UPER_REQ(referencePoint, position_3d),
	UPER_OPT(locationUncertainty, region_uncertainty),
	UPER_OPT(referencePointType, reference_point_type),
	UPER_OPT(descriptiveName, descriptive_name),
	UPER_OPT(scale, bits_4),
	UPER_OPT(approachRegion, area_type));
UPER_TYPE_LIST(common_container_region_info, 2, 1, 3, region_info);
UPER_TYPE_NUMBER(audio_link_am_channel, 11, 1179u);
UPER_TYPE_NUMBER(audio_link_fm_channel, 16, 42209u);
UPER_TYPE_NUMBER(audio_link_satellite_channel, 14, 9998u);
UPER_TYPE_STRING(audio_link_url_channel, 9, 1, 499, 7);
UPER_TYPE_RECORD(audio_link, true,
	UPER_OPT(amChannel, audio_link_am_channel),
	UPER_OPT(fmChannel, audio_link_fm_channel),
	UPER_OPT(satelliteChannel, audio_link_satellite_channel),
	UPER_OPT(urlChannel, audio_link_url_channel));
UPER_TYPE_LIST_EXT(cross_linking_audio_links, 2, 1, 3, audio_link);
UPER_TYPE_STRING(visual_link_url_link, 9, 1, 499, 7);
UPER_TYPE_RECORD(visual_link, true,
	UPER_OPT(urlLink, visual_link_url_link));
UPER_TYPE_LIST_EXT(cross_linking_visual_link, 2, 1, 3, visual_link);
UPER_TYPE_LIST_EXT(cross_linking_rsm_link, 2, 1, 3, event_identifier);
UPER_TYPE_RECORD(cross_linking, true,
	UPER_OPT(audioLinks, cross_linking_audio_links),
	UPER_OPT(visualLink, cross_linking_visual_link),
	UPER_OPT(rsmLink, cross_linking_rsm_link));
UPER_TYPE_RECORD(common_container, true,
	UPER_REQ(eventInfo, event_info),
	UPER_REQ(regionInfo, common_container_region_info),
	UPER_OPT(crossLinking, cross_linking));
UPER_TYPE_RECORD(reduced_speed_zone_container, true,
	UPER_REQ(speedLimit, regulatory_speed_limit),
	UPER_REQ(rszRegion, region_info));
UPER_TYPE_RECORD(lane_info, true,
	UPER_REQ(lanePosition, bits_5),
	UPER_REQ(laneClosed, bits_1),
	UPER_OPT(laneCloseOffset, bits_15));
UPER_TYPE_LIST_EXT(lane_closure_container_lane_status, 4, 1, 9, lane_info);
UPER_TYPE_RECORD(lane_closure_container, true,
	UPER_OPT(laneStatus, lane_closure_container_lane_status),
	UPER_OPT(laneStatusVaries, bits_1),
	UPER_REQ(closureRegion, region_info));
UPER_TYPE_NUMBER(speed_advice, 9, 500u);
UPER_TYPE_ENUM_EXT(portland_cement_type, 2, 2);
UPER_TYPE_RECORD(portland_cement, true,
	UPER_REQ(type, portland_cement_type));
UPER_TYPE_ENUM_EXT(asphalt_or_tar_type, 2, 3);
UPER_TYPE_RECORD(asphalt_or_tar, true,
	UPER_REQ(type, asphalt_or_tar_type));
UPER_TYPE_ENUM_EXT(gravel_type, 1, 1);
UPER_TYPE_RECORD(gravel, true,
	UPER_REQ(type, gravel_type));
UPER_TYPE_ENUM_EXT(grass_type, 0, 0);
UPER_TYPE_RECORD(grass, true,
	UPER_REQ(type, grass_type));
UPER_TYPE_ENUM_EXT(cinders_type, 0, 0);
UPER_TYPE_RECORD(cinders, true,
	UPER_REQ(type, cinders_type));
UPER_TYPE_ENUM_EXT(rock_type, 0, 0);
UPER_TYPE_RECORD(rock, true,
	UPER_REQ(type, rock_type));
UPER_TYPE_ENUM_EXT(ice_type, 0, 0);
UPER_TYPE_RECORD(ice, true,
	UPER_REQ(type, ice_type));
UPER_TYPE_ENUM_EXT(snow_type, 1, 1);
UPER_TYPE_RECORD(snow, true,
	UPER_REQ(type, snow_type));
UPER_TYPE_CHOICE(description_of_road_surface, true, 3,
	UPER_REQ(portlandCement, portland_cement),
	UPER_REQ(asphaltOrTar, asphalt_or_tar),
	UPER_REQ(gravel, gravel),
	UPER_REQ(grass, grass),
	UPER_REQ(cinders, cinders),
	UPER_REQ(rock, rock),
	UPER_REQ(ice, ice),
	UPER_REQ(snow, snow));
UPER_TYPE_ENUM_EXT(road_surface_condition, 1, 1);
UPER_TYPE_NUMBER(mean_variation, 15, 25000u);
UPER_TYPE_NUMBER(variation_std_dev, 12, 2500u);
UPER_TYPE_RECORD(road_roughness, true,
	UPER_REQ(meanVerticalVariation, mean_variation),
	UPER_OPT(verticalVariationStdDev, variation_std_dev),
	UPER_OPT(meanHorizontalVariation, mean_variation),
	UPER_OPT(horizontalVariationStdDev, variation_std_dev));
UPER_TYPE_RECORD(friction_information, true,
	UPER_REQ(roadSurfaceDescription, description_of_road_surface),
	UPER_OPT(dryOrWet, road_surface_condition),
	UPER_OPT(roadRoughness, road_roughness));
UPER_TYPE_NUMBER(bank_angle, 11, 1024u);
UPER_TYPE_RECORD(curve_container, true,
	UPER_REQ(advisorySpeed, speed_advice),
	UPER_OPT(surfaceCondition, friction_information),
	UPER_OPT(minRadius, bits_16),
	UPER_OPT(bankAngle, bank_angle),
	UPER_OPT(curveRegion, region_info));
UPER_TYPE_STRING(short_string, 5, 1, 19, 7);
UPER_TYPE_LIST(dynamic_info_container_dms_sign_string, 4, 1, 11, short_string);
UPER_TYPE_RECORD(dynamic_info_container, true,
	UPER_REQ(priority, bits_2),
	UPER_REQ(dmsSignString, dynamic_info_container_dms_sign_string),
	UPER_REQ(applicableRegion, region_info));
UPER_TYPE_ENUM_EXT(responder_group_affected, 4, 13);
UPER_TYPE_LIST(incidents_container_responder_type, 3, 1, 4, responder_group_affected);
UPER_TYPE_RECORD(incidents_container, true,
	UPER_OPT(responderType, incidents_container_responder_type),
	UPER_REQ(incidentLocation, region_info));
UPER_TYPE_RECORD(obstructions, true,
	UPER_REQ(location, position_3d),
	UPER_OPT(description, bits_16));
UPER_TYPE_NUMBER(ntcip_ess_visibility, 20, 1000001u);
UPER_TYPE_RECORD(situational_container, true,
	UPER_OPT(obstructions, obstructions),
	UPER_OPT(visibility, ntcip_ess_visibility),
	UPER_OPT(peoplePresent, bits_1),
	UPER_OPT(anomalousTraffic, bits_1),
	UPER_REQ(applicableRegion, region_info));
UPER_TYPE_CHOICE(content_container, true, 3,
	UPER_REQ(rszContainer, reduced_speed_zone_container),
	UPER_REQ(laneClosureContainer, lane_closure_container),
	UPER_REQ(curveContainer, curve_container),
	UPER_REQ(dynamicInfoContainer, dynamic_info_container),
	UPER_REQ(incidentsContainer, incidents_container),
	UPER_REQ(situationalContainer, situational_container));
UPER_TYPE_LIST(road_safety_message_content, 2, 1, 3, content_container);
UPER_TYPE_RECORD(road_safety_message, true,
	UPER_REQ(commonContainer, common_container),
	UPER_REQ(content, road_safety_message_content));
/* clang-format on */

const struct uper_type *const j2735_type_rsm = &road_safety_message;
