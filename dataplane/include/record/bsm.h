/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_BSM_H
#define TP_RECORD_BSM_H
/* clang-format off */
/*
 * SAE J2735 BasicSafetyMessage: core data and Part II. Values are the raw integers of the standard in its units; a bit string is an
 * integer in which named bit n of the standard counts 1 << n; enumerations whose list is one of ITIS codes hold the code. Where the
 * edition of 2024 renamed a field to doNotUse, the name of 2016 and 2020 stands. The core fields are flat and Part II hangs on three
 * groups, so a BSM without Part II costs one octet for each of them.
 */
#include "record/v2x_message.h"

#define TP_ENUMS_bsm(X) \
	X(transmission_state) X(brake_control_status) X(brake_boost_applied) X(auxiliary_brake_status) X(siren_in_use) \
	X(lightbar_in_use) X(multi_vehicle_response) X(response_type) X(event_extent) X(basic_vehicle_role) X(hpms_vehicle_type) \
	X(ess_precip_yes_no) X(ess_precip_situation) X(wiper_status)
#define TP_SYMBOLS_transmission_state(S, E) \
	S(E, neutral) S(E, park) S(E, forwardGears) S(E, reverseGears) S(E, reserved1) S(E, reserved2) S(E, reserved3) S(E, unavailable)
#define TP_SYMBOLS_brake_control_status(S, E) S(E, unavailable) S(E, off) S(E, on) S(E, engaged)
#define TP_SYMBOLS_brake_boost_applied(S, E) S(E, unavailable) S(E, off) S(E, on)
#define TP_SYMBOLS_auxiliary_brake_status(S, E) S(E, unavailable) S(E, off) S(E, on) S(E, reserved)
#define TP_SYMBOLS_siren_in_use(S, E) S(E, unavailable) S(E, notInUse) S(E, inUse) S(E, reserved)
#define TP_SYMBOLS_lightbar_in_use(S, E) \
	S(E, unavailable) S(E, notInUse) S(E, inUse) S(E, yellowCautionLights) S(E, schooldBusLights) S(E, arrowSignsActive) \
	S(E, slowMovingVehicle) S(E, freqStops)
#define TP_SYMBOLS_multi_vehicle_response(S, E) S(E, unavailable) S(E, singleVehicle) S(E, multiVehicle) S(E, reserved)
#define TP_SYMBOLS_response_type(S, E) \
	S(E, notInUseOrNotEquipped) S(E, emergency) S(E, nonEmergency) S(E, pursuit) S(E, stationary) S(E, slowMoving) \
	S(E, stopAndGoMovement) S(E, extension)
#define TP_SYMBOLS_event_extent(S, E) \
	S(E, useInstantlyOnly) S(E, useFor3meters) S(E, useFor10meters) S(E, useFor50meters) S(E, useFor100meters) S(E, useFor500meters) \
	S(E, useFor1000meters) S(E, useFor5000meters) S(E, useFor10000meters) S(E, useFor50000meters) S(E, useFor100000meters) \
	S(E, useFor500000meters) S(E, useFor1000000meters) S(E, useFor5000000meters) S(E, useFor10000000meters) S(E, forever)
#define TP_SYMBOLS_basic_vehicle_role(S, E) \
	S(E, basicVehicle) S(E, publicTransport) S(E, specialTransport) S(E, dangerousGoods) S(E, roadWork) S(E, roadRescue) \
	S(E, emergency) S(E, safetyCar) S(E, none_unknown) S(E, truck) S(E, motorcycle) S(E, roadSideSource) S(E, police) S(E, fire) \
	S(E, ambulance) S(E, dot) S(E, transit) S(E, slowMoving) S(E, stopNgo) S(E, cyclist) S(E, pedestrian) S(E, nonMotorized) \
	S(E, military) S(E, extension)
#define TP_SYMBOLS_hpms_vehicle_type(S, E) \
	S(E, none) S(E, unknown) S(E, special) S(E, moto) S(E, car) S(E, carOther) S(E, bus) S(E, axleCnt2) S(E, axleCnt3) S(E, axleCnt4) \
	S(E, axleCnt4Trailer) S(E, axleCnt5Trailer) S(E, axleCnt6Trailer) S(E, axleCnt5MultiTrailer) S(E, axleCnt6MultiTrailer) \
	S(E, axleCnt7MultiTrailer) S(E, extension)
#define TP_SYMBOLS_ess_precip_yes_no(S, E) S(E, precip) S(E, noPrecip) S(E, error)
#define TP_SYMBOLS_ess_precip_situation(S, E) \
	S(E, other) S(E, unknown) S(E, noPrecipitation) S(E, unidentifiedSlight) S(E, unidentifiedModerate) S(E, unidentifiedHeavy) \
	S(E, snowSlight) S(E, snowModerate) S(E, snowHeavy) S(E, rainSlight) S(E, rainModerate) S(E, rainHeavy) \
	S(E, frozenPrecipitationSlight) S(E, frozenPrecipitationModerate) S(E, frozenPrecipitationHeavy)
#define TP_SYMBOLS_wiper_status(S, E) \
	S(E, unavailable) S(E, off) S(E, intermittent) S(E, low) S(E, high) S(E, washerInUse) S(E, automaticPresent) S(E, extension)

#define TP_NESTED_bsm(X) \
	X(bsm_safety) X(bsm_emergency_details) X(bsm_itis_code) X(bsm_event_description) X(bsm_pivot_point) X(bsm_trailer_crumb) \
	X(bsm_trailer_unit) X(bsm_trailer_data) X(bsm_special) X(bsm_vehicle_classification) X(bsm_vehicle_data) X(bsm_weather_report) \
	X(bsm_weather_probe) X(bsm_date_time) X(bsm_obstacle_detection) X(bsm_disabled_vehicle) X(bsm_speed_report) X(bsm_rtcm_message) \
	X(bsm_rtcm_package) X(bsm_supplemental)

/* VehicleSafetyExtensions */
#define TP_FIELDS_bsm_safety(X, K) \
	X(K, OPT, INT, events, _, "VehicleEventFlags: 1 hazard lights, 2 stop line violation, 4 ABS activated, 8 traction control loss, 16 stability control activated, 32 hazardous materials, 128 hard braking, 256 lights changed, 512 wipers changed, 1024 flat tire, 2048 disabled vehicle, 4096 air bag deployment") \
	X(K, OPT, BYTES, path_history, _, "PathHistory as UPER, shifted to an octet boundary, unused bits of the last octet 0") \
	X(K, OPT, INT, path_history_points, _, "Points in the path history, 1..23") \
	X(K, OPT, INT, radius_of_curve, _, "pathPrediction: 10 cm, positive right; 32767: straight") \
	X(K, OPT, INT, prediction_confidence, _, "pathPrediction: 0.5 %, 0..200") \
	X(K, OPT, INT, lights, _, "ExteriorLights: 1 low beam, 2 high beam, 4 left turn, 8 right turn, 16 hazard, 32 automatic light control, 64 daytime running, 128 fog, 256 parking")

/* SpecialVehicleExtensions */
#define TP_FIELDS_bsm_emergency_details(X, K) \
	X(K, REQ, ENUM, siren_use, siren_in_use, "SirenInUse") \
	X(K, REQ, ENUM, lights_use, lightbar_in_use, "LightbarInUse") \
	X(K, REQ, ENUM, multi, multi_vehicle_response, "MultiVehicleResponse") \
	X(K, OPT, INT, events, _, "PrivilegedEventFlags: 1 unavailable, 2 emergency response, 4 emergency lights active, 8 emergency sound active, 16 non-emergency lights active, 32 non-emergency sound active") \
	X(K, OPT, ENUM, response_type, response_type, "ResponseType; extension: a value later editions added")

#define TP_FIELDS_bsm_itis_code(X, K) \
	X(K, REQ, INT, code, _, "ITIS code, 0..65535")

#define TP_FIELDS_bsm_event_description(X, K) \
	X(K, REQ, INT, type_event, _, "ITIS code of the category of the event") \
	X(K, OPT, ARRAY, description, bsm_itis_code, "ITIS codes that describe the event") \
	X(K, OPT, INT, priority, _, "Priority octet: the urgency in its three highest bits") \
	X(K, OPT, INT, heading, _, "HeadingSlice: bit n for 22.5 degrees from n * 22.5") \
	X(K, OPT, ENUM, extent, event_extent, "How far the event extends") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_bsm_pivot_point(X, K) \
	X(K, REQ, INT, pivot_offset, _, "1 cm; -1024: unknown") \
	X(K, REQ, INT, pivot_angle, _, "0.0125 degrees; 28800: unavailable") \
	X(K, REQ, BOOL, pivots, _, "True where the connection pivots")

#define TP_FIELDS_bsm_trailer_crumb(X, K) \
	X(K, REQ, INT, pivot_angle, _, "0.0125 degrees; 28800: unavailable") \
	X(K, REQ, INT, time_offset, _, "10 ms backwards, 1..65534; 65535: unavailable") \
	X(K, REQ, INT, x, _, "cm; -2048: unknown") \
	X(K, REQ, INT, y, _, "cm; -2048: unknown") \
	X(K, OPT, INT, elevation_offset, _, "10 cm; -64: unknown") \
	X(K, OPT, INT, heading, _, "CoarseHeading, 1.5 degrees; 240: unavailable")

#define TP_FIELDS_bsm_trailer_unit(X, K) \
	X(K, REQ, BOOL, is_dolly, _, "True for a dolly, false for a trailer") \
	X(K, REQ, INT, width, _, "cm; 0: unavailable") \
	X(K, REQ, INT, length, _, "cm; 0: unavailable") \
	X(K, OPT, INT, height, _, "5 cm; 0: unavailable") \
	X(K, OPT, INT, mass, _, "TrailerMass, 500 kg; 0: unavailable") \
	X(K, OPT, INT, bumper_front, _, "cm above the ground") \
	X(K, OPT, INT, bumper_rear, _, "cm above the ground") \
	X(K, OPT, INT, center_of_gravity, _, "5 cm above the ground; 0: unavailable") \
	X(K, REQ, GROUP, front_pivot, bsm_pivot_point, "Connection in front") \
	X(K, OPT, GROUP, rear_pivot, bsm_pivot_point, "Connection behind") \
	X(K, OPT, INT, rear_wheel_offset, _, "cm; -2048: unknown") \
	X(K, REQ, INT, x, _, "Position offset, cm; -2048: unknown") \
	X(K, REQ, INT, y, _, "Position offset, cm; -2048: unknown") \
	X(K, OPT, INT, elevation_offset, _, "10 cm; -64: unknown") \
	X(K, OPT, ARRAY, crumb_data, bsm_trailer_crumb, "TrailerHistoryPointList")

#define TP_FIELDS_bsm_trailer_data(X, K) \
	X(K, REQ, GROUP, connection, bsm_pivot_point, "Connection at the vehicle") \
	X(K, REQ, ARRAY, units, bsm_trailer_unit, "TrailerUnitDescriptionList, from front to back")

#define TP_FIELDS_bsm_special(X, K) \
	X(K, OPT, GROUP, vehicle_alerts, bsm_emergency_details, "EmergencyDetails") \
	X(K, OPT, GROUP, description, bsm_event_description, "EventDescription") \
	X(K, OPT, GROUP, trailers, bsm_trailer_data, "TrailerData")

/* SupplementalVehicleExtensions */
#define TP_FIELDS_bsm_vehicle_classification(X, K) \
	X(K, OPT, INT, key_type, _, "BasicVehicleClass, 0..255; 0: unknown") \
	X(K, OPT, ENUM, role, basic_vehicle_role, "BasicVehicleRole; extension: a value later editions added") \
	X(K, OPT, INT, iso3883, _, "Iso3833VehicleType, 0..100") \
	X(K, OPT, ENUM, hpms_type, hpms_vehicle_type, "VehicleType; extension: a value later editions added") \
	X(K, OPT, INT, vehicle_type, _, "VehicleGroupAffected, ITIS code; -1: a local addition") \
	X(K, OPT, INT, response_equip, _, "IncidentResponseEquipment, ITIS code; -1: a local addition") \
	X(K, OPT, INT, responder_type, _, "ResponderGroupAffected, ITIS code; -1: a local addition") \
	X(K, OPT, INT, fuel_type, _, "FuelType: 0 unknown, 1 gasoline, 2 ethanol, 3 diesel, 4 electric, 5 hybrid, 6 hydrogen, 7 natural gas liquid, 8 natural gas compressed, 9 propane") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_bsm_vehicle_data(X, K) \
	X(K, OPT, INT, height, _, "5 cm; 0: unavailable") \
	X(K, OPT, INT, bumper_front, _, "cm above the ground") \
	X(K, OPT, INT, bumper_rear, _, "cm above the ground") \
	X(K, OPT, INT, mass, _, "VehicleMass: 0..80 in steps of 50 kg, 81..200 of 500 kg, 201..253 of 2000 kg; 254: more, 255: unknown") \
	X(K, OPT, INT, trailer_weight, _, "kg")

#define TP_FIELDS_bsm_weather_report(X, K) \
	X(K, REQ, ENUM, is_raining, ess_precip_yes_no, "EssPrecipYesNo") \
	X(K, OPT, INT, rain_rate, _, "EssPrecipRate, 0.1 g/s/m2; 65535: unknown") \
	X(K, OPT, ENUM, precip_situation, ess_precip_situation, "EssPrecipSituation") \
	X(K, OPT, INT, solar_radiation, _, "J/m2; 65535: unknown") \
	X(K, OPT, INT, friction, _, "EssMobileFriction, %; 101: unknown") \
	X(K, OPT, INT, road_friction, _, "CoefficientOfFriction, 0.02; 0: unavailable")

#define TP_FIELDS_bsm_weather_probe(X, K) \
	X(K, OPT, INT, air_temp, _, "degrees Celsius + 40; 191: unknown") \
	X(K, OPT, INT, air_pressure, _, "2 hPa above 580 hPa; 0: unknown") \
	X(K, OPT, ENUM, status_front, wiper_status, "WiperStatus of the front; extension: a value later editions added") \
	X(K, OPT, INT, rate_front, _, "Sweeps a minute") \
	X(K, OPT, ENUM, status_rear, wiper_status, "WiperStatus of the rear; extension: a value later editions added") \
	X(K, OPT, INT, rate_rear, _, "Sweeps a minute")

#define TP_FIELDS_bsm_date_time(X, K) \
	X(K, OPT, INT, year, _, "0: unavailable") \
	X(K, OPT, INT, month, _, "1..12; 0: unavailable") \
	X(K, OPT, INT, day, _, "1..31; 0: unavailable") \
	X(K, OPT, INT, hour, _, "0..23; 31: unavailable") \
	X(K, OPT, INT, minute, _, "0..59; 60: unavailable") \
	X(K, OPT, INT, second, _, "DSecond, ms in the minute; 65535: unavailable") \
	X(K, OPT, INT, offset, _, "Minutes from UTC, -840..840")

#define TP_FIELDS_bsm_obstacle_detection(X, K) \
	X(K, REQ, INT, ob_dist, _, "m, 0..32767") \
	X(K, REQ, INT, ob_direct, _, "0.0125 degrees; 28800: unavailable") \
	X(K, OPT, INT, description, _, "ITIS code, 523..541") \
	X(K, OPT, INT, location_details, _, "GenericLocations, ITIS code; -1: a local addition") \
	X(K, REQ, GROUP, date_time, bsm_date_time, "When it was detected") \
	X(K, OPT, INT, vert_event, _, "VerticalAccelerationThreshold: 1 not equipped, 2 left front, 4 left rear, 8 right front, 16 right rear")

#define TP_FIELDS_bsm_disabled_vehicle(X, K) \
	X(K, REQ, INT, status_details, _, "ITIS code, 523..541") \
	X(K, OPT, INT, location_details, _, "GenericLocations, ITIS code; -1: a local addition")

#define TP_FIELDS_bsm_speed_report(X, K) \
	X(K, REQ, INT, speed, _, "GrossSpeed, m/s; 30: 30 or more, 31: unavailable")

#define TP_FIELDS_bsm_rtcm_message(X, K) \
	X(K, REQ, BYTES, message, _, "One RTCM message")

#define TP_FIELDS_bsm_rtcm_package(X, K) \
	X(K, OPT, INT, gnss_status, _, "GNSSstatus: 1 unavailable, 2 healthy, 4 monitored, 8 base station, 16 PDOP under 5, 32 fewer than 5 satellites, 64 local corrections, 128 network corrections") \
	X(K, OPT, INT, ant_offset_x, _, "cm") \
	X(K, OPT, INT, ant_offset_y, _, "cm") \
	X(K, OPT, INT, ant_offset_z, _, "cm") \
	X(K, REQ, ARRAY, msgs, bsm_rtcm_message, "RTCMmessageList")

#define TP_FIELDS_bsm_supplemental(X, K) \
	X(K, OPT, INT, classification, _, "BasicVehicleClass, 0..255; 0: unknown") \
	X(K, OPT, GROUP, class_details, bsm_vehicle_classification, "VehicleClassification") \
	X(K, OPT, GROUP, vehicle_data, bsm_vehicle_data, "VehicleData") \
	X(K, OPT, GROUP, weather_report, bsm_weather_report, "WeatherReport") \
	X(K, OPT, GROUP, weather_probe, bsm_weather_probe, "WeatherProbe") \
	X(K, OPT, GROUP, obstacle, bsm_obstacle_detection, "ObstacleDetection") \
	X(K, OPT, GROUP, status, bsm_disabled_vehicle, "DisabledVehicle") \
	X(K, OPT, ARRAY, speed_profile, bsm_speed_report, "SpeedProfile: speeds of oncoming vehicles") \
	X(K, OPT, GROUP, the_rtcm, bsm_rtcm_package, "RTCMPackage") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_bsm(X, K) \
	TP_FIELDS_V2X_FRAME(X, K) \
	X(K, REQ, INT, msg_cnt, _, "0..127, one more with each message of the sender") \
	X(K, REQ, LONG, id, _, "TemporaryID, unsigned 32 bits, changed by the vehicle every few minutes") \
	X(K, REQ, INT, sec_mark, _, "ms in the UTC minute, 60000..60999 in a leap second; 65535: unavailable") \
	X(K, REQ, INT, lat, wide, "1e-7 degrees; 900000001: unavailable") \
	X(K, REQ, INT, lon, wide, "1e-7 degrees; 1800000001: unavailable") \
	X(K, REQ, INT, elev, _, "0.1 m above the WGS 84 ellipsoid; -4096: unavailable") \
	X(K, REQ, INT, semi_major, _, "Accuracy of the position, 0.05 m; 254: 12.7 m or more, 255: unavailable") \
	X(K, REQ, INT, semi_minor, _, "Accuracy of the position, 0.05 m; 254: 12.7 m or more, 255: unavailable") \
	X(K, REQ, INT, orientation, _, "Of the major axis, 360/65535 degrees from north; 65535: unavailable") \
	X(K, REQ, ENUM, transmission, transmission_state, "TransmissionState") \
	X(K, REQ, INT, speed, _, "0.02 m/s; 8191: unavailable") \
	X(K, REQ, INT, heading, _, "0.0125 degrees from north; 28800: unavailable") \
	X(K, REQ, INT, angle, _, "Steering wheel, 1.5 degrees, positive right; 127: unavailable") \
	X(K, REQ, INT, accel_long, _, "0.01 m/s2; 2001: unavailable") \
	X(K, REQ, INT, accel_lat, _, "0.01 m/s2; 2001: unavailable") \
	X(K, REQ, INT, accel_vert, _, "0.02 g; -127: unavailable") \
	X(K, REQ, INT, accel_yaw, _, "0.01 degrees/s, positive right") \
	X(K, REQ, INT, wheel_brakes, _, "BrakeAppliedStatus: 1 unavailable, 2 left front, 4 left rear, 8 right front, 16 right rear") \
	X(K, REQ, ENUM, traction, brake_control_status, "TractionControlStatus") \
	X(K, REQ, ENUM, abs, brake_control_status, "AntiLockBrakeStatus") \
	X(K, REQ, ENUM, scs, brake_control_status, "StabilityControlStatus") \
	X(K, REQ, ENUM, brake_boost, brake_boost_applied, "BrakeBoostApplied") \
	X(K, REQ, ENUM, aux_brakes, auxiliary_brake_status, "AuxiliaryBrakeStatus") \
	X(K, REQ, INT, width, _, "cm; 0: unavailable") \
	X(K, REQ, INT, length, _, "cm; 0: unavailable") \
	X(K, OPT, GROUP, safety, bsm_safety, "Part II, VehicleSafetyExtensions") \
	X(K, OPT, GROUP, special, bsm_special, "Part II, SpecialVehicleExtensions") \
	X(K, OPT, GROUP, supplemental, bsm_supplemental, "Part II, SupplementalVehicleExtensions") \
	X(K, REQ, INT, part_ii_skipped, _, "Part II elements of an unknown id or a repeated one, skipped by their lengths") \
	X(K, REQ, INT, regional_count, _, "Regional extensions of the message, skipped by their lengths")
/* clang-format on */

#endif
