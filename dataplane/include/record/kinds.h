/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_KINDS_H
#define TP_RECORD_KINDS_H
/*
 * The list of record kinds. X(kind, topic, help): `kind` names the field table TP_FIELDS_<kind> (record/<kind>.h) and the C struct
 * tp_<kind>; `topic` is the default Kafka topic and the name of the contract file.
 * To add a kind: write its table, include it here, add its line.
 *
 * A field table row is X(K, presence, type, name, argument, help):
 *   presence  REQ, or OPT (Avro union with null)
 *   type      BOOL, INT (32 bits; argument: `wide` where values often take five octets in Avro, else _), LONG (64 bits), FLOAT (double), STR, BYTES, ID (16 octets), TIME (microseconds since 1970 UTC),
 *             ENUM (argument: enum), GROUP (argument: nested struct), ARRAY (argument: nested struct)
 * A table's enums are listed in TP_ENUMS_<kind>(X), their symbols in TP_SYMBOLS_<enum>(S, E), its nested structs, inner first, in
 * TP_NESTED_<kind>(X).
 */
#include "record/alert_match.h"
#include "record/bsm.h"
#include "record/device_event.h"
#include "record/dlq.h"
#include "record/edge_stats.h"
#include "record/envelope.h"
#include "record/mqtt_message.h"
#include "record/plate_read.h"
#include "record/spat.h"
#include "record/toll_passage.h"
#include "record/v2x_message.h"
#include "record/vehicle_telemetry.h"

#define TP_INT__    0
#define TP_INT_wide 1

/* clang-format off */
#define TP_KINDS(X)                                                                                                    \
	X(plate_read, "raw.plate.read.v1", "One plate read of a camera")                                               \
	X(toll_passage, "raw.toll.passage.v1", "One passage at a toll point, by tag, plate or both")                   \
	X(bsm, "raw.v2x.bsm.v1", "SAE J2735 BasicSafetyMessage: core data and Part II")                                \
	X(spat, "raw.v2x.spat.v1", "SAE J2735 SPAT: signal phase and timing of one or more intersections")             \
	X(v2x_message, "raw.v2x.message.v1", "Any other SAE J2735 message: its type, counters and bytes")              \
	X(vehicle_telemetry, "raw.vehicle.telemetry.v1", "Vehicle signals under COVESA VSS names")                     \
	X(mqtt_message, "raw.mqtt.v1", "A message as it came, of any content")                                         \
	X(alert_match, "alert.match.v1", "A record matched a plate list or an alert rule, and why")                    \
	X(dlq, "dlq.v1", "Input that could not be decoded, with its bytes, the stage, the reason and the offset")      \
	X(edge_stats, "ops.edge.stats.v1", "The books of one source, or of the whole appliance, at one moment")                    \
	X(device_event, "ops.device.v1", "A device connected or is gone, and why")

#define TP_NESTED(X)                                                                                                   \
	TP_NESTED_plate_read(X)                                                                                        \
	TP_NESTED_toll_passage(X)                                                                                      \
	TP_NESTED_bsm(X)                                                                                               \
	TP_NESTED_spat(X)                                                                                              \
	TP_NESTED_v2x_message(X)                                                                                       \
	TP_NESTED_vehicle_telemetry(X)                                                                                 \
	TP_NESTED_mqtt_message(X)                                                                                      \
	TP_NESTED_alert_match(X)                                                                                       \
	TP_NESTED_dlq(X)                                                                                               \
	TP_NESTED_edge_stats(X)                                                                                        \
	TP_NESTED_device_event(X)

#define TP_ENUMS(X)                                                                                                    \
	TP_ENUMS_envelope(X)                                                                                           \
	TP_ENUMS_plate_read(X)                                                                                         \
	TP_ENUMS_toll_passage(X)                                                                                       \
	TP_ENUMS_bsm(X)                                                                                                \
	TP_ENUMS_spat(X)                                                                                               \
	TP_ENUMS_v2x_message(X)                                                                                        \
	TP_ENUMS_vehicle_telemetry(X)                                                                                  \
	TP_ENUMS_mqtt_message(X)                                                                                       \
	TP_ENUMS_alert_match(X)                                                                                        \
	TP_ENUMS_dlq(X)                                                                                                \
	TP_ENUMS_edge_stats(X)                                                                                         \
	TP_ENUMS_device_event(X)
/* clang-format on */

#endif
