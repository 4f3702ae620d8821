/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_TOLL_PASSAGE_H
#define TP_RECORD_TOLL_PASSAGE_H
/*
 * One vehicle at one toll point, identified by its tag, its plate or both. Texts are as the gantry wrote them; empty texts are null.
 * The JSON form is in docs/formats.md.
 */
/* clang-format off */
#define TP_ENUMS_toll_passage(X) X(toll_lane_mode) X(toll_battery) X(toll_validation)
#define TP_SYMBOLS_toll_lane_mode(S, E) S(E, electronic) S(E, attended) S(E, mixed) S(E, coin) S(E, open_road)
#define TP_SYMBOLS_toll_battery(S, E) S(E, good) S(E, low)
#define TP_SYMBOLS_toll_validation(S, E) S(E, good) S(E, low_balance) S(E, negative)
#define TP_NESTED_toll_passage(X)

#define TP_FIELDS_toll_passage(X, K) \
	X(K, OPT, STR, facility_id, _, "Facility or road, as the gantry names it") \
	X(K, REQ, STR, toll_point, _, "Toll point or plaza, as the gantry names it") \
	X(K, OPT, STR, toll_lane, _, "Lane, as the gantry names it") \
	X(K, OPT, ENUM, lane_mode, toll_lane_mode, "How the lane collects") \
	X(K, OPT, STR, transaction_id, _, "The gantry's identifier of the passage") \
	X(K, OPT, LONG, sequence, _, "The gantry's running number of the passage") \
	X(K, OPT, STR, vehicle_id, _, "The gantry's identifier of the vehicle it followed") \
	X(K, OPT, STR, direction, _, "Direction of travel") \
	X(K, OPT, STR, entry_plaza, _, "Entry plaza, for distance tolls") \
	X(K, OPT, TIME, entry_time, _, "Time of entry, for distance tolls") \
	X(K, OPT, STR, tag_id, _, "Identifier of the tag: EPC, or agency and serial") \
	X(K, OPT, STR, tag_tid, _, "TID of the tag's chip") \
	X(K, OPT, STR, tag_type, _, "Protocol of the tag: ISOC, IAG, SEGO, ...") \
	X(K, OPT, STR, tag_agency, _, "Agency that issued the tag") \
	X(K, OPT, STR, tag_serial, _, "Serial number of the tag at its agency") \
	X(K, OPT, INT, tag_read_performance, _, "How many times the tag was read, or 0..99 as E-ZPass has it") \
	X(K, OPT, INT, tag_write_performance, _, "How many times the tag was written") \
	X(K, OPT, STR, tag_status, _, "Programming status of the tag") \
	X(K, OPT, ENUM, tag_battery, toll_battery, "Battery of the tag") \
	X(K, OPT, BOOL, tag_tamper, _, "The tag says it was moved from its place") \
	X(K, OPT, INT, tag_hov, _, "Occupancy set at the tag's switch: 1, 2, or 3 for three and more") \
	X(K, OPT, INT, antenna, _, "Antenna that read the tag") \
	X(K, OPT, FLOAT, rssi_dbm, _, "Strength of the tag's answer, dBm") \
	X(K, OPT, FLOAT, tx_power_dbm, _, "Power of the reader, dBm") \
	X(K, OPT, STR, tag_user_data, _, "User memory of the tag, as the gantry wrote it") \
	X(K, OPT, ENUM, validation, toll_validation, "Standing of the tag in the gantry's status list") \
	X(K, OPT, STR, plate, _, "Plate as read") \
	X(K, OPT, STR, plate_jurisdiction, _, "State, province or country that issued the plate") \
	X(K, OPT, STR, plate_type, _, "Type of the plate") \
	X(K, OPT, FLOAT, plate_confidence, _, "Confidence in the plate, 0..1") \
	X(K, OPT, FLOAT, plate_left, _, "Left edge of the plate in the picture, pixels") \
	X(K, OPT, FLOAT, plate_top, _, "Top edge of the plate, pixels") \
	X(K, OPT, FLOAT, plate_width, _, "Width of the plate, pixels") \
	X(K, OPT, FLOAT, plate_height, _, "Height of the plate, pixels") \
	X(K, OPT, STR, picture, _, "Address or file of the picture") \
	X(K, OPT, STR, vehicle_class, _, "Class as measured") \
	X(K, OPT, FLOAT, class_confidence, _, "Confidence in the class, 0..1") \
	X(K, OPT, STR, class_charged, _, "Class that was charged") \
	X(K, OPT, INT, axles, _, "Axles counted") \
	X(K, OPT, FLOAT, length_m, _, "Length, m") \
	X(K, OPT, FLOAT, width_m, _, "Width, m") \
	X(K, OPT, FLOAT, height_m, _, "Height, m") \
	X(K, OPT, FLOAT, speed_kmh, _, "Speed, km/h") \
	X(K, OPT, BOOL, over_speed, _, "The gantry judged it too fast") \
	X(K, OPT, INT, occupancy, _, "People in the vehicle, as measured or declared") \
	X(K, OPT, BOOL, hov, _, "It counts as a high-occupancy vehicle") \
	X(K, OPT, LONG, amount_cents, _, "Amount, hundredths of the currency") \
	X(K, OPT, STR, time_text, _, "The time as written, where it could not be understood")
/* clang-format on */

#endif
