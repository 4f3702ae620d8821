/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SAE J2735 (2016, 2020, 2024) in any of the envelopes roadside units send: envelope, then the message by its id. BSM and SPAT become
 * records of their own kinds, every other message a v2x_message. A datagram holds one message.
 */
#include "j2735.h"
#include "j2735_types.h"
#include "tp_cpu.h"

#define ID_SPAT 19

/* The messages that are passed on whole, but whose structure is checked. */
static const struct {
	const struct uper_type *const *type;
	enum tp_stage stage;
} walked[] = {
        [18] = {&j2735_type_map, TP_STAGE_map},
        [28] = {&j2735_type_rtcm, TP_STAGE_v2x_message},
        [29] = {&j2735_type_srm, TP_STAGE_v2x_message},
        [30] = {&j2735_type_ssm, TP_STAGE_v2x_message},
        [31] = {&j2735_type_tim, TP_STAGE_tim},
        [32] = {&j2735_type_psm, TP_STAGE_v2x_message},
        [33] = {&j2735_type_rsm, TP_STAGE_rsm},
        [41] = {&j2735_type_sdsm, TP_STAGE_v2x_message},
};

static enum tp_stage j2735_pass_on(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec)
{
	enum tp_stage stage = TP_STAGE_v2x_message;

	if (frame->message_id < sizeof(walked) / sizeof(walked[0]) && walked[frame->message_id].type) {
		stage = walked[frame->message_id].stage;
		uper_walk(u, *walked[frame->message_id].type);
		if (u->error)
			return stage;
		u->bit = 0;
	}
	j2735_message(u, frame, rec);
	return stage;
}

static enum tp_stage j2735_decode_message(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec)
{
	switch (frame->message_id) {
	case J2735_ID_BSM:
		j2735_bsm(u, frame, rec);
		return TP_STAGE_bsm;
	case ID_SPAT:
		j2735_spat(u, frame, rec);
		return TP_STAGE_spat;
	default:
		return j2735_pass_on(u, frame, rec);
	}
}

static int j2735_decode(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	struct v2x_frame frame;
	struct uper u = {.arena = arena};
	uint8_t *mark = arena->next;
	enum tp_stage stage;

	rec->has_device_time = 0;
	rec->flags &= (uint8_t)~TP_FLAG_TRAILING_BYTES;
	if (v2x_envelope_open(rec->payload, &frame, verdict) < 0)
		return TP_DECODE_REJECTED;
	rec->trailing = rec->payload.n - (frame.offset + frame.len);
	if (rec->trailing)
		rec->flags |= TP_FLAG_TRAILING_BYTES;
	u.p = rec->payload.p + frame.content_offset;
	u.end = 8 * frame.content_len;
	u.octets = rec->payload.n - frame.content_offset;
	stage = j2735_decode_message(&u, &frame, rec);
	if (__builtin_expect(u.error != 0, 0)) {
		arena->next = mark;
		if (u.error == UPER_NO_ROOM)
			return TP_DECODE_NO_ROOM;
		return tp_reject(verdict, stage, (enum tp_counter)u.error, frame.content_offset + u.error_bit / 8);
	}
	return 1;
}

static tp_direct_fn j2735_direct(void)
{
	return tp_cpu_has_avx512() ? j2735_bsm_avro : NULL;
}

const struct tp_decoder tp_decoder_j2735 = {
        .name = "j2735",
        .help = "SAE J2735 messages, bare or in IEEE 1609.2 and WSMP",
        .kinds = 1 << TP_KIND_bsm | 1 << TP_KIND_spat | 1 << TP_KIND_v2x_message,
        .decode = j2735_decode,
        .direct = j2735_direct,
        .direct_kind = TP_KIND_bsm,
};
