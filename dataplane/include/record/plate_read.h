/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_PLATE_READ_H
#define TP_RECORD_PLATE_READ_H
/*
 * One plate read, whichever camera made it (docs/formats.md says which key of which camera goes where). Texts are as the camera wrote
 * them; empty texts are null. `plate` never comes from a list of candidates.
 */
/* clang-format off */
#define TP_ENUMS_plate_read(X) X(plate_format)
#define TP_SYMBOLS_plate_format(S, E) \
	S(E, plain) S(E, rekor_group) S(E, rekor_alert) S(E, rekor_results) S(E, platerecognizer) S(E, axis_lpv) \
	S(E, axis_genetec) S(E, genetec_sharpv) S(E, verkada)

#define TP_NESTED_plate_read(X) X(plate_candidate)
#define TP_FIELDS_plate_candidate(X, K) \
	X(K, REQ, STR, plate, _, "Another reading of the same plate") \
	X(K, OPT, FLOAT, confidence, _, "Confidence of the camera in it, 0..1")

#define TP_FIELDS_plate_read(X, K) \
	X(K, REQ, STR, plate, _, "Plate as the camera read it") \
	X(K, REQ, ENUM, format, plate_format, "Format of the event") \
	X(K, OPT, STR, jurisdiction, _, "State, province or country that issued the plate, as the camera wrote it") \
	X(K, OPT, FLOAT, jurisdiction_confidence, _, "Confidence of the camera in the jurisdiction, 0..1") \
	X(K, OPT, STR, country, _, "Country of the plate, as the camera wrote it") \
	X(K, OPT, STR, region, _, "Name of the registration district") \
	X(K, OPT, STR, region_code, _, "Code of the registration district, often the first letters of the plate") \
	X(K, OPT, FLOAT, confidence, _, "Confidence of the camera in the plate, 0..1") \
	X(K, OPT, FLOAT, detection_confidence, _, "Confidence of the camera that there is a plate, 0..1") \
	X(K, OPT, INT, candidate_count, _, "Candidates the camera listed") \
	X(K, OPT, ARRAY, candidates, plate_candidate, "The first 16 candidates, the plate itself usually among them") \
	X(K, OPT, STR, read_id, _, "The camera's identifier of this read") \
	X(K, OPT, STR, track_id, _, "The camera's identifier of the vehicle it follows") \
	X(K, OPT, STR, state, _, "State of the track, as the camera wrote it: new, update or lost") \
	X(K, OPT, STR, camera_id, _, "Camera, as the event names it") \
	X(K, OPT, STR, camera_name, _, "Name or product name of the camera") \
	X(K, OPT, STR, agent_id, _, "Software, organisation or provider that the camera works for") \
	X(K, OPT, STR, site_name, _, "Site, as the event names it") \
	X(K, OPT, STR, camera_lane, _, "Lane or region of interest, as the event names it") \
	X(K, OPT, STR, direction, _, "Direction of travel, as the camera wrote it") \
	X(K, OPT, FLOAT, heading_deg, _, "Direction of travel in the picture or on the ground, degrees") \
	X(K, OPT, FLOAT, speed_kmh, _, "Speed, km/h") \
	X(K, OPT, FLOAT, latitude, _, "Latitude of the camera, degrees") \
	X(K, OPT, FLOAT, longitude, _, "Longitude of the camera, degrees") \
	X(K, OPT, STR, camera_list, _, "List of the camera on which the plate stands") \
	X(K, OPT, STR, camera_list_mode, _, "What that list is for, as the camera wrote it") \
	X(K, OPT, STR, camera_list_note, _, "Description of the entry in that list") \
	X(K, OPT, STR, alert_plate, _, "Plate that an alert names beside the plate it was read as") \
	X(K, OPT, STR, vehicle_make, _, "Make") \
	X(K, OPT, STR, vehicle_model, _, "Model") \
	X(K, OPT, STR, vehicle_color, _, "Colour") \
	X(K, OPT, STR, vehicle_type, _, "Type or body of the vehicle") \
	X(K, OPT, STR, vehicle_year, _, "Year or range of years") \
	X(K, OPT, STR, vehicle_view, _, "Side or angle from which the vehicle is seen") \
	X(K, OPT, FLOAT, vehicle_confidence, _, "Confidence of the camera that there is a vehicle, 0..1") \
	X(K, OPT, FLOAT, box_left, _, "Left edge of the plate in the picture, pixels; a fraction of the width for verkada") \
	X(K, OPT, FLOAT, box_top, _, "Top edge of the plate, pixels; a fraction of the height for verkada") \
	X(K, OPT, FLOAT, box_right, _, "Right edge of the plate, as box_left") \
	X(K, OPT, FLOAT, box_bottom, _, "Bottom edge of the plate, as box_top") \
	X(K, OPT, BOOL, is_parked, _, "The vehicle does not move") \
	X(K, OPT, BOOL, is_preview, _, "A read before the vehicle left the picture; the final one follows") \
	X(K, OPT, TIME, last_seen, _, "Time of the last picture of the vehicle") \
	X(K, OPT, STR, picture, _, "Address or file of the picture") \
	X(K, OPT, STR, time_text, _, "The time as written, where it could not be understood")
/* clang-format on */

#endif
