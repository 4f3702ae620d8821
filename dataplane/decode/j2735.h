/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODE_J2735_H
#define TP_DECODE_J2735_H
/* What the files of the j2735 decoder share. Each message decoder reads the whole message behind `u` and leaves its error in it. */
#include "uper.h"
#include "v2x_envelope.h"

/* Fills the fields that every V2X record has about its frame (TP_FIELDS_V2X_FRAME) and clears `has`. */
#define J2735_SET_FRAME(record, kind, frame)                                                                                       \
	do {                                                                                                                       \
		(record)->has = (frame)->has_psid ? TP_HAS(kind, psid) : 0;                                                        \
		(record)->security = (frame)->security;                                                                            \
		(record)->psid = (frame)->psid;                                                                                    \
		(record)->frame_offset = (int32_t)(frame)->offset;                                                                 \
		(record)->frame_len = (int32_t)(frame)->len;                                                                       \
	} while (0)

/* Reads an optional field: sets it and its presence bit where `present` is not 0. */
#define J2735_OPT(record, kind, field, present, value)                                                                             \
	do {                                                                                                                       \
		if (present)                                                                                                       \
			TP_SET(record, kind, field, value);                                                                        \
	} while (0)

/* One message each; u stands at its first bit. They write kind and body, and device_time where the message tells it. */
void j2735_bsm(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec);
void j2735_spat(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec);
void j2735_message(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec);

/*
 * The core data of a BSM: its first 293 bits, in the 37 octets at p. Writes the fields from msg_cnt to length and returns whether all of them
 * are in their ranges. Both write the same; the second needs AVX-512.
 */
bool j2735_bsm_core_plain(const uint8_t *p, struct tp_bsm *bsm);
bool j2735_bsm_core_avx512(const uint8_t *p, struct tp_bsm *bsm);
/* Named bit k of BrakeAppliedStatus is the k-th from the left; in a record it counts 1 << k. */
extern const uint8_t j2735_brake_flags[32];

/*
 * The value of a usual BSM straight from the datagram, see tp_decoder.h; needs AVX-512. NULL where the core data are not in their ranges, the second is
 * none, or Part II holds more than what most units send.
 */
uint8_t *j2735_bsm_avro(struct tp_record *rec, uint8_t *out);
/* Lays out the vectors of the above; before its first call. Of AVX-512 as all of its file, so no constructor there. */
void j2735_bsm_avro_prepare(void);

/* Part II elements; the open type around them has been entered. NULL after an error. */
const struct tp_bsm_safety *j2735_safety(struct uper *u);
/* Where the parts of VehicleSafetyExtensions in its usual shape lie, bits of the message. */
struct j2735_history {
	uint32_t from, to; /* the path history */
	uint32_t points;   /* in it, 1..23 */
	uint32_t prediction;
	uint32_t end; /* behind the element */
};
/* The path prediction: extension 1, radius 16, confidence 8; whether it has no extension and is in its ranges. */
#define J2735_STRAIGHT 32767 /* radiusOfCurve, its raw value less this */
static inline bool j2735_prediction_usual(uint32_t prediction)
{
	return prediction < 0xffff00 && (prediction & 0xff) <= 200;
}
/*
 * Reads the Part II element that begins with its id at bit `bit`, where it is VehicleSafetyExtensions in its usual shape; else it returns false: the
 * element is then to be read as any other. `limit`: bits of the message; at least eight octets lie in front of the element.
 */
bool j2735_history_usual(const uint8_t *p, uint32_t bit, uint32_t limit, struct j2735_history *h);
/*
 * Reads a whole Part II element, its id and length included, where it is VehicleSafetyExtensions in its usual shape and there is memory.
 * Else it returns false and changes nothing: the element is then to be read as any other. At least eight octets lie in front of it.
 */
bool j2735_safety_usual(struct uper *u, struct tp_bsm *bsm);
const struct tp_bsm_special *j2735_special(struct uper *u);
const struct tp_bsm_supplemental *j2735_supplemental(struct uper *u);

/* DDateTime, as several messages carry it. */
void j2735_date_time(struct uper *u, struct tp_bsm_date_time *date);

#define J2735_ID_BSM             20     /* DSRCmsgID */
#define J2735_MINUTE_UNAVAILABLE 527040 /* MinuteOfTheYear */
#define J2735_SECOND_MAX         60999  /* DSecond: above it are reserved values and `unavailable` */

/*
 * Device time from DSecond: that of the minute which puts it nearest to arrival. Leaves the record without a device time where the
 * second is none.
 */
void j2735_time_of_second(struct tp_record *rec, uint32_t second);
/* Device time from MinuteOfTheYear and DSecond, in the year which puts it nearest to arrival; from the second alone where there is no minute. */
void j2735_time_of_minute(struct tp_record *rec, uint32_t minute, uint32_t second);
/* Device time from a complete date; `offset` is local time minus UTC in minutes. Nothing where a part is out of its range. */
void j2735_time_of_date(struct tp_record *rec, const struct tp_bsm_date_time *date);

#endif
