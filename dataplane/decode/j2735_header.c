/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages without a table of their own: the fields at their front that tell who sent them, when and in which order, and the frame as
 * it is. What a message begins with is one row of steps; it ends in front of the first field whose place cannot be told cheaply.
 */
#include "j2735.h"

#define MINUTE_MAX        527040
#define SET(field, value) TP_SET(m, v2x_message, field, value)

enum header_op { END, SKIP, ENUM, COUNT, MINUTE, SECOND, ID, PACKET, NAME, OID, AUTHORITY, DATE, INTERSECTION, PREAMBLE };

/*
 * One step. `when` is the presence bit in the preamble, its first optional field being bit 0; ALWAYS for what is always there. `bits`
 * is what SKIP skips, the root of an extensible ENUM, and the length of the preamble that PREAMBLE reads.
 */
struct header_step {
	uint8_t op;
	uint8_t when;
	uint8_t bits;
};
#define ALWAYS 0xff

/* clang-format off */
static const struct header_step header_map[] = {{PREAMBLE, ALWAYS, 9}, {MINUTE, 0}, {COUNT, ALWAYS}, {ENUM, 1, 3}, {SKIP, 2, 7},
	{SKIP, 3, 5}, {PREAMBLE, 3, 6}, {NAME, 0}, {INTERSECTION, ALWAYS}, {END}};
static const struct header_step header_srm[] = {
	{PREAMBLE, ALWAYS, 5}, {MINUTE, 0}, {SECOND, ALWAYS}, {COUNT, 1}, {SKIP, 2, 13}, {INTERSECTION, 2}, {END}};
static const struct header_step header_ssm[] = {
	{PREAMBLE, ALWAYS, 4}, {MINUTE, 0}, {SECOND, ALWAYS}, {COUNT, 1}, {SKIP, ALWAYS, 14}, {INTERSECTION, ALWAYS}, {END}};
static const struct header_step header_tim[] = {{PREAMBLE, ALWAYS, 5}, {COUNT, ALWAYS}, {MINUTE, 0}, {PACKET, 1}, {END}};
static const struct header_step header_psm[] = {
	{PREAMBLE, ALWAYS, 19}, {ENUM, ALWAYS, 3}, {SECOND, ALWAYS}, {COUNT, ALWAYS}, {ID, ALWAYS}, {END}};
static const struct header_step header_sdsm[] = {
	{PREAMBLE, ALWAYS, 1}, {COUNT, ALWAYS}, {ID, ALWAYS}, {ENUM, ALWAYS, 2}, {DATE, ALWAYS}, {END}};
static const struct header_step header_rtcm[] = {{PREAMBLE, ALWAYS, 5}, {COUNT, ALWAYS}, {ENUM, ALWAYS, 2}, {MINUTE, 0}, {END}};
static const struct header_step header_rsm[] = {
	{PREAMBLE, ALWAYS, 1}, {SKIP, ALWAYS, 2 + 5 + 1}, {AUTHORITY, ALWAYS}, {ID, ALWAYS}, {COUNT, ALWAYS}, {END}};
static const struct header_step header_eva[] = {
	{PREAMBLE, ALWAYS, 11}, {MINUTE, 0}, {ID, 1}, {SKIP, ALWAYS, 9}, {COUNT, ALWAYS}, {END}};
static const struct header_step header_rsa[] = {{PREAMBLE, ALWAYS, 9}, {COUNT, ALWAYS}, {MINUTE, 0}, {END}};
static const struct header_step header_csr[] = {{PREAMBLE, ALWAYS, 5}, {MINUTE, 0}, {COUNT, 1}, {ID, 2}, {END}};
static const struct header_step header_ica[] = {{PREAMBLE, ALWAYS, 6}, {COUNT, ALWAYS}, {ID, ALWAYS}, {MINUTE, 0}, {END}};
static const struct header_step header_nmea[] = {{PREAMBLE, ALWAYS, 6}, {MINUTE, 0}, {END}};
static const struct header_step header_pdm[] = {{PREAMBLE, ALWAYS, 4}, {MINUTE, 0}, {END}};
static const struct header_step header_pvd[] = {{PREAMBLE, ALWAYS, 5}, {MINUTE, 0}, {END}};
static const struct header_step header_ccm[] = {{PREAMBLE, ALWAYS, 2}, {COUNT, ALWAYS}, {ID, ALWAYS}, {SECOND, ALWAYS}, {END}};
static const struct header_step header_tum[] = {{PREAMBLE, ALWAYS, 2}, {PREAMBLE, ALWAYS, 2}, {OID, ALWAYS}, {SKIP, ALWAYS, 11},
	{NAME, 0}, {ID, ALWAYS}, {COUNT, ALWAYS}, {END}};

static const struct header_step *const headers[64] = {[18] = header_map,
	[21] = header_csr,
	[22] = header_eva,
	[23] = header_ica,
	[24] = header_nmea,
	[25] = header_pdm,
	[26] = header_pvd,
	[27] = header_rsa,
	[28] = header_rtcm,
	[29] = header_srm,
	[30] = header_ssm,
	[31] = header_tim,
	[32] = header_psm,
	[33] = header_rsm,
	[38] = header_tum,
	[40] = header_ccm,
	[41] = header_sdsm};
/* clang-format on */

static void header_oid(struct uper *u)
{
	uper_skip(u, 8 * uper_length(u));
}

/* IntersectionReferenceID */
static void header_intersection(struct uper *u, struct tp_v2x_message *m)
{
	if (uper_bool(u))
		SET(region, (int32_t)uper_bits(u, 16));
	SET(intersection_id, (int32_t)uper_bits(u, 16));
}

static void header_date(struct uper *u, struct tp_record *rec)
{
	struct tp_bsm_date_time date;

	j2735_date_time(u, &date);
	if (!u->error)
		j2735_time_of_date(rec, &date);
}

static void header_step(struct uper *u, struct tp_record *rec, const struct header_step *step)
{
	struct tp_v2x_message *m = &rec->v2x_message;

	switch (step->op) {
	case SKIP:
		uper_skip(u, step->bits);
		break;
	case ENUM:
		uper_enum_ext(u, step->bits, UINT32_MAX, 0);
		break;
	case COUNT:
		SET(msg_cnt, (int32_t)uper_bits(u, 7));
		break;
	case MINUTE:
		SET(time_stamp, (int32_t)uper_int(u, 20, 0, MINUTE_MAX));
		break;
	case SECOND:
		SET(second, (int32_t)uper_bits(u, 16));
		break;
	case ID:
		SET(id, (int64_t)uper_bits(u, 32));
		break;
	case PACKET:
		m->packet_id = uper_octets(u, 9);
		break;
	case NAME:
		uper_skip(u, 7 * uper_count(u, 6, 63, 7));
		break;
	case OID:
		header_oid(u);
		break;
	case DATE:
		header_date(u, rec);
		break;
	case INTERSECTION:
		header_intersection(u, m);
		break;
	}
}

static void header_read(struct uper *u, struct tp_record *rec, const struct header_step *step)
{
	uint64_t present = 0; /* bit k: optional field k of the latest preamble; its last bit comes last */

	for (; step->op != END && !u->error; step++) {
		if (step->when != ALWAYS && !(present >> step->when & 1)) {
			if (step->op == PREAMBLE)
				return; /* the rest belongs to an element that is not there */
			continue;
		}
		if (step->op == PREAMBLE) {
			uint64_t preamble = uper_bits(u, step->bits);

			present = 0;
			for (unsigned int k = 0; k < step->bits; k++)
				present |= (preamble >> (step->bits - 1 - k) & 1) << k;
			present >>= step->bits > 1; /* the extension bit is no field */
			continue;
		}
		if (step->op == AUTHORITY) { /* RoadAuthorityID: a choice of two identifiers */
			if (uper_bool(u))
				return;
			uper_skip(u, 1);
			header_oid(u);
			continue;
		}
		header_step(u, rec, step);
	}
}

/* MinuteOfTheYear alone tells when the content was made, not when it was sent, so it is no device time. */
static void header_device_time(struct tp_record *rec)
{
	const struct tp_v2x_message *m = &rec->v2x_message;

	if (m->has & TP_HAS(v2x_message, second))
		j2735_time_of_minute(rec,
		        m->has & TP_HAS(v2x_message, time_stamp) ? (uint32_t)m->time_stamp : J2735_MINUTE_UNAVAILABLE,
		        (uint32_t)m->second);
}

void j2735_message(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec)
{
	struct tp_v2x_message *m = &rec->v2x_message;
	const struct header_step *header = headers[frame->message_id];

	rec->kind = TP_KIND_v2x_message;
	J2735_SET_FRAME(m, v2x_message, frame);
	m->message_id = frame->message_id;
	m->type = tp_slice_of(v2x_message_name(frame->message_id));
	m->packet_id = (struct tp_slice){NULL, 0};
	m->frame = (struct tp_slice){rec->payload.p + frame->offset, frame->len};
	if (header)
		header_read(u, rec, header);
	if (!u->error)
		header_device_time(rec);
}
