/* SPDX-License-Identifier: BSD-3-Clause */
/* The structure of TravelerInformation: signs and advisories with the regions they hold for. */
#include "j2735_types.h"

/* clang-format off */
UPER_TYPE_STRING(url_base, 6, 1, 44, 7);
UPER_TYPE_ENUM_EXT(traveler_info_type, 2, 3);
UPER_TYPE_ENUM_EXT(mutcd_code, 3, 6);
UPER_TYPE_RECORD(road_sign_id, false,
	UPER_REQ(position, position_3d),
	UPER_REQ(viewAngle, bits_16),
	UPER_OPT(mutcdCode, mutcd_code),
	UPER_OPT(crc, bits_16));
UPER_TYPE_CHOICE(traveler_data_frame_msg_id, false, 1,
	UPER_REQ(furtherInfoID, bits_16),
	UPER_REQ(roadSignID, road_sign_id));
UPER_TYPE_NUMBER(minutes_duration, 15, 32000u);
UPER_TYPE_RECORD(node_ll_24_b, false,
	UPER_REQ(lon, bits_12),
	UPER_REQ(lat, bits_12));
UPER_TYPE_RECORD(node_ll_28_b, false,
	UPER_REQ(lon, bits_14),
	UPER_REQ(lat, bits_14));
UPER_TYPE_RECORD(node_ll_32_b, false,
	UPER_REQ(lon, bits_16),
	UPER_REQ(lat, bits_16));
UPER_TYPE_RECORD(node_ll_36_b, false,
	UPER_REQ(lon, bits_18),
	UPER_REQ(lat, bits_18));
UPER_TYPE_RECORD(node_ll_44_b, false,
	UPER_REQ(lon, bits_22),
	UPER_REQ(lat, bits_22));
UPER_TYPE_RECORD(node_ll_48_b, false,
	UPER_REQ(lon, bits_24),
	UPER_REQ(lat, bits_24));
UPER_TYPE_CHOICE(node_offset_point_ll, false, 3,
	UPER_REQ(node_LL1, node_ll_24_b),
	UPER_REQ(node_LL2, node_ll_28_b),
	UPER_REQ(node_LL3, node_ll_32_b),
	UPER_REQ(node_LL4, node_ll_36_b),
	UPER_REQ(node_LL5, node_ll_44_b),
	UPER_REQ(node_LL6, node_ll_48_b),
	UPER_REQ(node_LatLon, node_llmd_64b),
	UPER_REQ(regional, regional_extension));
UPER_TYPE_ENUM_EXT(node_attribute_ll, 4, 11);
UPER_TYPE_LIST(node_attribute_ll_list, 3, 1, 7, node_attribute_ll);
UPER_TYPE_ENUM_EXT(segment_attribute_ll, 6, 37);
UPER_TYPE_LIST(segment_attribute_ll_list, 3, 1, 7, segment_attribute_ll);
UPER_TYPE_RECORD(node_attribute_set_ll, true,
	UPER_OPT(localNode, node_attribute_ll_list),
	UPER_OPT(disabled, segment_attribute_ll_list),
	UPER_OPT(enabled, segment_attribute_ll_list),
	UPER_OPT(data, lane_data_attribute_list),
	UPER_OPT(dWidth, bits_10),
	UPER_OPT(dElevation, bits_10),
	UPER_OPT(regional, regional_list));
UPER_TYPE_RECORD(node_ll, true,
	UPER_REQ(delta, node_offset_point_ll),
	UPER_OPT(attributes, node_attribute_set_ll));
UPER_TYPE_LIST(node_set_ll, 6, 2, 61, node_ll);
UPER_TYPE_CHOICE(node_list_ll, true, 0,
	UPER_REQ(nodes, node_set_ll));
UPER_TYPE_CHOICE(offset_system_offset, false, 1,
	UPER_REQ(xy, node_list_xy),
	UPER_REQ(ll, node_list_ll));
UPER_TYPE_RECORD(offset_system, false,
	UPER_OPT(scale, bits_4),
	UPER_REQ(offset, offset_system_offset));
UPER_TYPE_RECORD(geometric_projection, true,
	UPER_REQ(direction, bits_16),
	UPER_OPT(extent, bits_4),
	UPER_OPT(laneWidth, bits_15),
	UPER_REQ(circle, circle),
	UPER_OPT(regional, regional_list));
UPER_TYPE_RECORD(shape_point_set, true,
	UPER_OPT(anchor, position_3d),
	UPER_OPT(laneWidth, bits_15),
	UPER_OPT(directionality, bits_2),
	UPER_REQ(nodeList, node_list_xy));
UPER_TYPE_RECORD(region_offsets, false,
	UPER_REQ(xOffset, bits_16),
	UPER_REQ(yOffset, bits_16),
	UPER_OPT(zOffset, bits_16));
UPER_TYPE_LIST(region_list, 6, 1, 63, region_offsets);
UPER_TYPE_RECORD(region_point_set, true,
	UPER_OPT(anchor, position_3d),
	UPER_OPT(scale, bits_4),
	UPER_REQ(nodeList, region_list));
UPER_TYPE_CHOICE(valid_region_area, false, 2,
	UPER_REQ(shapePointSet, shape_point_set),
	UPER_REQ(circle, circle),
	UPER_REQ(regionPointSet, region_point_set));
UPER_TYPE_RECORD(valid_region, false,
	UPER_REQ(direction, bits_16),
	UPER_OPT(extent, bits_4),
	UPER_REQ(area, valid_region_area));
UPER_TYPE_CHOICE(geographical_path_description, true, 2,
	UPER_REQ(path, offset_system),
	UPER_REQ(geometry, geometric_projection),
	UPER_REQ(oldRegion, valid_region));
UPER_TYPE_RECORD(geographical_path, true,
	UPER_OPT(name, descriptive_name),
	UPER_OPT(id, road_segment_reference_id),
	UPER_OPT(anchor, position_3d),
	UPER_OPT(laneWidth, bits_15),
	UPER_OPT(directionality, bits_2),
	UPER_OPT(closedPath, bits_1),
	UPER_OPT(direction, bits_16),
	UPER_OPT(description, geographical_path_description),
	UPER_OPT(regional, regional_list));
UPER_TYPE_LIST(traveler_data_frame_regions, 4, 1, 15, geographical_path);
UPER_TYPE_STRING(iti_stext, 9, 1, 499, 7);
UPER_TYPE_CHOICE(iti_scodes_and_text_item_item, false, 1,
	UPER_REQ(itis, bits_16),
	UPER_REQ(text, iti_stext));
UPER_TYPE_RECORD(iti_scodes_and_text_item, false,
	UPER_REQ(item, iti_scodes_and_text_item_item));
UPER_TYPE_LIST(iti_scodes_and_text, 7, 1, 99, iti_scodes_and_text_item);
UPER_TYPE_STRING(iti_stext_phrase, 4, 1, 15, 7);
UPER_TYPE_CHOICE(work_zone_item_item, false, 1,
	UPER_REQ(itis, bits_16),
	UPER_REQ(text, iti_stext_phrase));
UPER_TYPE_RECORD(work_zone_item, false,
	UPER_REQ(item, work_zone_item_item));
UPER_TYPE_LIST(work_zone, 4, 1, 15, work_zone_item);
UPER_TYPE_CHOICE(generic_signage_item_item, false, 1,
	UPER_REQ(itis, bits_16),
	UPER_REQ(text, iti_stext_phrase));
UPER_TYPE_RECORD(generic_signage_item, false,
	UPER_REQ(item, generic_signage_item_item));
UPER_TYPE_LIST(generic_signage, 4, 1, 15, generic_signage_item);
UPER_TYPE_CHOICE(speed_limit_item_item, false, 1,
	UPER_REQ(itis, bits_16),
	UPER_REQ(text, iti_stext_phrase));
UPER_TYPE_RECORD(speed_limit_item, false,
	UPER_REQ(item, speed_limit_item_item));
UPER_TYPE_LIST(speed_limit, 4, 1, 15, speed_limit_item);
UPER_TYPE_CHOICE(exit_service_item_item, false, 1,
	UPER_REQ(itis, bits_16),
	UPER_REQ(text, iti_stext_phrase));
UPER_TYPE_RECORD(exit_service_item, false,
	UPER_REQ(item, exit_service_item_item));
UPER_TYPE_LIST(exit_service, 4, 1, 15, exit_service_item);
UPER_TYPE_CHOICE(traveler_data_frame_content, false, 3,
	UPER_REQ(advisory, iti_scodes_and_text),
	UPER_REQ(workZone, work_zone),
	UPER_REQ(genericSign, generic_signage),
	UPER_REQ(speedLimit, speed_limit),
	UPER_REQ(exitService, exit_service));
UPER_TYPE_STRING(url_short, 4, 1, 14, 7);
UPER_TYPE_RECORD(traveler_data_frame, true,
	UPER_REQ(doNotUse1, bits_5),
	UPER_REQ(frameType, traveler_info_type),
	UPER_REQ(msgId, traveler_data_frame_msg_id),
	UPER_OPT(startYear, bits_12),
	UPER_REQ(startTime, minute_of_the_year),
	UPER_REQ(durationTime, minutes_duration),
	UPER_REQ(priority, bits_3),
	UPER_REQ(doNotUse2, bits_5),
	UPER_REQ(regions, traveler_data_frame_regions),
	UPER_REQ(doNotUse3, bits_5),
	UPER_REQ(doNotUse4, bits_5),
	UPER_REQ(content, traveler_data_frame_content),
	UPER_OPT(url, url_short));
UPER_TYPE_LIST(traveler_data_frame_list, 3, 1, 7, traveler_data_frame);
UPER_TYPE_RECORD(traveler_information, true,
	UPER_REQ(msgCnt, bits_7),
	UPER_OPT(timeStamp, minute_of_the_year),
	UPER_OPT(packetID, bits_72),
	UPER_OPT(urlB, url_base),
	UPER_REQ(dataFrames, traveler_data_frame_list),
	UPER_OPT(regional, regional_list));
/* clang-format on */

const struct uper_type *const j2735_type_tim = &traveler_information;
