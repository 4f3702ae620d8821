/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_SPAT_H
#define TP_RECORD_SPAT_H
/*
 * SAE J2735 SPAT in full. Values are the raw integers of the standard; a bit string is an integer in which named bit n of the
 * standard counts 1 << n. Times named *_time are TimeMark: 0.1 s in the UTC hour, 36000 beyond the hour, 36001 (before the edition of
 * 2024) or 36111 unknown.
 */
#include "record/v2x_message.h"

#define TP_ENUMS_spat(X) X(movement_phase_state) X(advisory_speed_type) X(speed_confidence)
/* clang-format off */
#define TP_SYMBOLS_movement_phase_state(S, E) \
	S(E, unavailable) S(E, dark) S(E, stop_Then_Proceed) S(E, stop_And_Remain) S(E, pre_Movement) S(E, permissive_Movement_Allowed) \
	S(E, protected_Movement_Allowed) S(E, permissive_clearance) S(E, protected_clearance) S(E, caution_Conflicting_Traffic)
#define TP_SYMBOLS_advisory_speed_type(S, E) S(E, none) S(E, greenwave) S(E, ecoDrive) S(E, transit) S(E, extension)
#define TP_SYMBOLS_speed_confidence(S, E) \
	S(E, unavailable) S(E, prec100ms) S(E, prec10ms) S(E, prec5ms) S(E, prec1ms) S(E, prec0_1ms) S(E, prec0_05ms) S(E, prec0_01ms)

#define TP_NESTED_spat(X) \
	X(spat_speed) X(spat_event) X(spat_maneuver_assist) X(spat_movement) X(spat_lane) X(spat_intersection)

#define TP_FIELDS_spat_speed(X, K) \
	X(K, REQ, ENUM, type, advisory_speed_type, "AdvisorySpeedType; extension: a value later editions added") \
	X(K, OPT, INT, speed, _, "SpeedAdvice, 0.1 m/s; 500: unavailable") \
	X(K, OPT, ENUM, confidence, speed_confidence, "Accuracy of the speed") \
	X(K, OPT, INT, distance, _, "ZoneLength, m from the stop line; 0: unknown") \
	X(K, OPT, INT, restriction_class, _, "RestrictionClassID the advice is for (`class` in the standard)") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_spat_event(X, K) \
	X(K, REQ, ENUM, event_state, movement_phase_state, "MovementPhaseState of the signal") \
	X(K, OPT, INT, start_time, _, "When the phase starts, TimeMark") \
	X(K, OPT, INT, min_end_time, _, "Earliest end of the phase, TimeMark; null where no timing is sent") \
	X(K, OPT, INT, max_end_time, _, "Latest end of the phase, TimeMark") \
	X(K, OPT, INT, likely_time, _, "Most likely end of the phase, TimeMark") \
	X(K, OPT, INT, confidence, _, "TimeIntervalConfidence of likely_time, 0..15") \
	X(K, OPT, INT, next_time, _, "When this phase comes again, TimeMark") \
	X(K, OPT, ARRAY, speeds, spat_speed, "AdvisorySpeedList") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_spat_maneuver_assist(X, K) \
	X(K, REQ, INT, connection_id, _, "LaneConnectionID") \
	X(K, OPT, INT, queue_length, _, "ZoneLength, m") \
	X(K, OPT, INT, available_storage_length, _, "ZoneLength, m") \
	X(K, OPT, BOOL, wait_on_stop, _, "Vehicles have to wait on the stop line") \
	X(K, OPT, BOOL, ped_bicycle_detect, _, "Pedestrians or bicycles are detected on the crossing") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_spat_movement(X, K) \
	X(K, OPT, STR, name, _, "movementName") \
	X(K, REQ, INT, signal_group, _, "SignalGroupID; 0: unknown, 255: permanent green") \
	X(K, REQ, ARRAY, state_time_speed, spat_event, "MovementEventList: the current phase first") \
	X(K, OPT, ARRAY, maneuver_assist_list, spat_maneuver_assist, "ManeuverAssistList of the movement") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_spat_lane(X, K) \
	X(K, REQ, INT, lane_id, _, "LaneID")

#define TP_FIELDS_spat_intersection(X, K) \
	X(K, OPT, STR, name, _, "DescriptiveName") \
	X(K, OPT, INT, region, _, "RoadRegulatorID") \
	X(K, REQ, INT, id, _, "IntersectionID, unique in its region") \
	X(K, REQ, INT, revision, _, "MsgCount, changes with the content") \
	X(K, REQ, INT, status, _, "IntersectionStatusObject: 1 manual control, 2 stop time, 4 failure flash, 8 preempt, 16 signal priority, 32 fixed time, 64 traffic dependent, 128 standby, 256 failure mode, 512 off, 1024 recent MAP update, 2048 recent change of lanes, 4096 no valid MAP, 8192 no valid SPAT") \
	X(K, OPT, INT, moy, _, "MinuteOfTheYear; 527040: unavailable") \
	X(K, OPT, INT, time_stamp, _, "DSecond, ms in the minute; 65535: unavailable") \
	X(K, OPT, ARRAY, enabled_lanes, spat_lane, "Revocable lanes that are open now") \
	X(K, REQ, ARRAY, states, spat_movement, "MovementList") \
	X(K, OPT, ARRAY, maneuver_assist_list, spat_maneuver_assist, "ManeuverAssistList of the intersection") \
	X(K, OPT, BYTES, full_rd_auth_id, _, "fullRdAuthID of roadAuthorityID (edition of 2024): content octets of the OBJECT IDENTIFIER") \
	X(K, OPT, BYTES, rel_rd_auth_id, _, "relRdAuthID of roadAuthorityID (edition of 2024): content octets of the RELATIVE-OID") \
	X(K, REQ, INT, regional_count, _, "Regional extensions, skipped by their lengths")

#define TP_FIELDS_spat(X, K) \
	TP_FIELDS_V2X_FRAME(X, K) \
	X(K, OPT, INT, time_stamp, _, "MinuteOfTheYear of the message; 527040: unavailable") \
	X(K, OPT, STR, name, _, "DescriptiveName of the message") \
	X(K, REQ, ARRAY, intersections, spat_intersection, "IntersectionStateList") \
	X(K, REQ, INT, regional_count, _, "Regional extensions of the message, skipped by their lengths")
/* clang-format on */

#endif
