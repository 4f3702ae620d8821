/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of all camera events, one row each: X(name in here, text, scopes, evidence, what is done with the value). They stand in groups
 * by length, because the length is what a key is looked up by first. To read another key, add its row to the group of its length.
 */
#include "plate_event.h"

#define FIELD(f)           .member = MEMBER_TEXT_OF(plate_read, f), .usual = USUAL_FIELD
#define FLAG(f)            .member = MEMBER_BOOL_OF(plate_read, f)
#define REAL(f, low, high) .member = MEMBER_FLOAT_OF(plate_read, f, low, high), .usual = USUAL_REAL
#define RATIO(f)           .member = MEMBER_RATIO_OF(plate_read, f), .usual = USUAL_REAL
#define PERCENT(f)         .member = MEMBER_PERCENT_OF(plate_read, f), .usual = USUAL_REAL
#define SLOT(s)            .reader = plate_read_slot, .arg = SLOT_##s, .usual = USUAL_SLOT
#define TIME(rank)         .reader = plate_read_time, .arg = rank, .usual = USUAL_TIME
#define BY(name)           .reader = plate_read_##name
#define SCOPE(s)           .reader = plate_read_scope, .arg = s

#define R  IN_ROOT
#define RG (IN_ROOT | IN_GROUP)
#define RD (IN_ROOT | IN_DATA)
#define D  IN_DATA

/* clang-format off */
#define KEYS_2(X) \
	X(sharpv_id, "Id", R, 0, FIELD(read_id))
#define KEYS_4(X) \
	X(time, "time", R, MAYBE_PLAIN, TIME(2)) \
	X(lane, "lane", R, MAYBE_PLAIN, FIELD(camera_lane)) \
	X(data, "data", R, 0, SCOPE(IN_DATA)) \
	X(hook, "hook", R, IS_PLATERECOGNIZER, .member = {0}) \
	X(crop, "crop", D, 0, BY(box_edges))
#define KEYS_5(X) \
	X(plate, "plate", R, IS_PLAIN, SLOT(PLAIN)) \
	X(ingestion_plate, "Plate", R, IS_INGESTION, SLOT(INGESTION)) \
	X(group, "group", R, 0, SCOPE(IN_GROUP)) \
	X(roi, "roiID", R, 0, FIELD(camera_lane)) \
	X(car, "carID", R, 0, FIELD(track_id)) \
	X(state, "state", R, MAYBE_PLAIN, FIELD(state))
#define KEYS_6(X) \
	X(camera, "camera", R, MAYBE_PLAIN, FIELD(camera_id)) \
	X(geotag, "geotag", R, 0, BY(geotag)) \
	X(org, "org_id", R, 0, FIELD(agent_id))
#define KEYS_7(X) \
	X(country, "country", RG, 0, FIELD(country)) \
	X(vehicle, "vehicle", RG, 0, BY(vehicle)) \
	X(results, "results", RD, HAS_RESULTS, BY(results)) \
	X(read_id, "read_id", R, MAYBE_PLAIN, FIELD(read_id)) \
	X(heading, "heading", R, MAYBE_PLAIN, REAL(heading_deg, -360, 360)) \
	X(picture, "picture", R, MAYBE_PLAIN, FIELD(picture)) \
	X(site_id, "site_id", RG, 0, FIELD(site_name)) \
	X(created, "created", D, 0, TIME(2))
#define KEYS_8(X) \
	X(latitude, "latitude", R, MAYBE_PLAIN, REAL(latitude, -90, 90)) \
	X(sharpv_latitude, "Latitude", R, 0, REAL(latitude, -90, 90)) \
	X(track_id, "track_id", R, MAYBE_PLAIN, FIELD(track_id)) \
	X(detected, "detected", D, 0, TIME(3)) \
	X(filename, "filename", RD, 0, FIELD(picture)) \
	X(car_state, "carState", R, IS_AXIS, FIELD(state)) \
	X(datetime, "datetime", R, 0, TIME(1))
#define KEYS_9(X) \
	X(longitude, "longitude", R, MAYBE_PLAIN, REAL(longitude, -180, 180)) \
	X(sharpv_longitude, "Longitude", R, 0, REAL(longitude, -180, 180)) \
	X(direction, "direction", R, MAYBE_PLAIN, FIELD(direction), BY(direction)) \
	X(speed, "speed_kmh", R, MAYBE_PLAIN, REAL(speed_kmh, 0, 1000)) \
	X(camera_id, "camera_id", R | IN_GROUP | D, 0, FIELD(camera_id)) \
	X(timestamp, "timestamp", RD, 0, TIME(3)) \
	X(sharpv_time, "Timestamp", R, 0, TIME(3)) \
	X(data_type, "data_type", RG, IS_REKOR, BY(data_type)) \
	X(agent_uid, "agent_uid", RG, 0, FIELD(agent_id)) \
	X(best_uuid, "best_uuid", RG, 0, FIELD(read_id)) \
	X(epoch_end, "epoch_end", RG, 0, BY(last_seen)) \
	X(is_parked, "is_parked", RG, 0, FLAG(is_parked)) \
	X(list_type, "list_type", R, 0, FIELD(camera_list_mode)) \
	X(site_name, "site_name", R, 0, FIELD(site_name)) \
	X(axis_utf8, "plateUTF8", R, IS_AXIS, SLOT(AXIS_UTF8)) \
	X(axis_text, "plateText", R, IS_AXIS, SLOT(AXIS_TEXT)) \
	X(axis_list, "plateList", R, 0, FIELD(camera_list)) \
	X(sharpv_plate, "PlateRead", R, IS_SHARPV, SLOT(SHARPV)) \
	X(sharpv_source, "SourceUrl", R, 0, FIELD(camera_id)) \
	X(image_url, "image_url", D, 0, FIELD(picture)) \
	X(imagefile, "imageFile", R, 0, FIELD(picture))
#define KEYS_10(X) \
	X(confidence, "confidence", RD, MAYBE_PLAIN, RATIO(confidence)) \
	X(ingestion_confidence, "Confidence", R, 0, RATIO(confidence)) \
	X(candidates, "candidates", RG, MAYBE_PLAIN, BY(candidates)) \
	X(best_plate, "best_plate", RG, IS_REKOR, BY(best_plate)) \
	X(epoch_time, "epoch_time", R, 0, TIME(2)) \
	X(alert_list, "alert_list", R, 0, FIELD(camera_list)) \
	X(is_preview, "is_preview", RG, 0, FLAG(is_preview)) \
	X(created_at, "created_at", R, 0, TIME(1)) \
	X(axis_ascii, "plateASCII", R, IS_AXIS, SLOT(AXIS_ASCII)) \
	X(capture_ns, "capture_ts", R, 0, TIME(2)) \
	X(camera_nm, "CameraName", R, 0, FIELD(camera_name))
#define KEYS_11(X) \
	X(description, "description", R, 0, FIELD(camera_list_note)) \
	X(best_region, "best_region", RG, 0, FIELD(jurisdiction)) \
	X(epoch_start, "epoch_start", RG, 0, TIME(3)) \
	X(camera_name, "camera_name", R, 0, FIELD(camera_name)) \
	X(read_time_utc, "ReadTimeUtc", R, 0, TIME(3)) \
	X(plate_region, "plateRegion", R, 0, FIELD(region)) \
	X(camera_info, "camera_info", R, 0, BY(camera_info))
#define KEYS_12(X) \
	X(alert_plate, "plate_number", R, 0, SLOT(REKOR_ALERT)) \
	X(jurisdiction, "jurisdiction", R, MAYBE_PLAIN, FIELD(jurisdiction)) \
	X(gps_latitude, "gps_latitude", RG, 0, REAL(latitude, -90, 90)) \
	X(webhook_type, "webhook_type", R, IS_VERKADA, BY(webhook_type)) \
	X(vehicle_info, "vehicle_info", R, 0, BY(vehicle)) \
	X(axis_unicode, "plateUnicode", R, IS_AXIS, SLOT(AXIS_UNICODE)) \
	X(axis_country, "plateCountry", R, 0, FIELD(country))
#define KEYS_13(X) \
	X(gps_longitude, "gps_longitude", RG, 0, REAL(longitude, -180, 180)) \
	X(camera_number, "camera_number", R, 0, FIELD(camera_id)) \
	X(list_mode, "plateListMode", R, 0, FIELD(camera_list_mode)) \
	X(lpr_camera, "LprCameraName", R, IS_SHARPV, FIELD(camera_name)) \
	X(axis_counter, "packetCounter", R, 0, FIELD(read_id))
#define KEYS_14(X) \
	X(iso_region, "plateISO3166-2", R, 0, BY(iso_region))
#define KEYS_15(X) \
	X(best_confidence, "best_confidence", RG, 0, PERCENT(confidence)) \
	X(timestamp_local, "timestamp_local", RD, 0, TIME(2)) \
	X(axis_confidence, "plateConfidence", R, IS_AXIS, RATIO(confidence)) \
	X(region_code, "plateRegionCode", R, 0, FIELD(region_code)) \
	X(reference_read, "ReferenceReadId", R, IS_INGESTION, FIELD(read_id))
#define KEYS_16(X) \
	X(travel_direction, "travel_direction", RG, 0, REAL(heading_deg, -360, 360)) \
	X(move_direction, "carMoveDirection", R, 0, BY(direction)) \
	X(plate_box, "plateCoordinates", R, 0, BY(box_sizes)) \
	X(sensor_provider, "sensorProviderID", R, 0, FIELD(agent_id)) \
	X(vehicle_direction, "VehicleDirection", R, 0, BY(direction))
#define KEYS_17(X) \
	X(best_plate_number, "best_plate_number", RG, IS_REKOR, SLOT(REKOR_NUMBER)) \
	X(capture_timestamp, "capture_timestamp", R, 0, TIME(3)) \
	X(reference_camera, "ReferenceCameraId", R, 0, FIELD(camera_id))
#define KEYS_18(X) \
	X(state_province, "PlateStateProvince", R, 0, FIELD(jurisdiction))
#define KEYS_19(X) \
	X(plate_state, "license_plate_state", D, 0, FIELD(jurisdiction))
#define KEYS_20(X) \
	X(verkada_plate, "license_plate_number", D, IS_VERKADA, SLOT(VERKADA)) \
	X(list_description, "plateListDescription", R, 0, FIELD(camera_list_note))
#define KEYS_22(X) \
	X(region_confidence, "best_region_confidence", RG, 0, PERCENT(jurisdiction_confidence))
#define KEYS_23(X) \
	X(given_confidence, "jurisdiction_confidence", R, MAYBE_PLAIN, RATIO(jurisdiction_confidence))
/* clang-format on */

#define LENGTHS(X) X(2) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(22) X(23)

#define KEY_ENUM(name, ...) KEY_##name,
#define KEY_ENUMS(n)        KEYS_##n(KEY_ENUM)
enum { LENGTHS(KEY_ENUMS) KEY_COUNT };
_Static_assert(KEY_COUNT <= (int)PLATE_AFTER_UNKNOWN, "PLATE_KEYS_MAX is too small");

_Thread_local const struct plate_key *plate_key_after[PLATE_KEYS_MAX];

#define KEY_ROW(name, text, in, says, ...)                                                                                         \
	[KEY_##name] = {.token = ",\"" text "\":",                                                                                 \
	        .length = sizeof(text) + 3,                                                                                        \
	        .index = KEY_##name,                                                                                               \
	        .scopes = in,                                                                                                      \
	        .evidence = says,                                                                                                  \
	        __VA_ARGS__},
#define KEY_ROWS(n) KEYS_##n(KEY_ROW)
static const struct plate_key plate_keys[KEY_COUNT] = {LENGTHS(KEY_ROWS)};

#define KEY_TEST(name, text, ...)                                                                                                  \
	if (KEY_IS(key, text))                                                                                                     \
		return &plate_keys[KEY_##name];
#define KEY_CASE(n)                                                                                                                \
	case n:                                                                                                                    \
		KEYS_##n(KEY_TEST) break;

const struct plate_key *plate_key_find(struct tp_slice key)
{
	switch (key.n) {
		LENGTHS(KEY_CASE)
	}
	return NULL;
}
