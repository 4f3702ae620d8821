/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three layers, each a function that narrows the window [at, end) to its content: WSMP (IEEE 1609.3), IEEE 1609.2 (COER) and the
 * MessageFrame (SAE J2735, UPER). The first octet tells which comes first:
 *   00     a MessageFrame with an id below 256
 *   0b     WSMP version 3 with header extensions
 *   03 00  WSMP version 3 without extensions: its second octet is the transport TPID, which must be 0
 *   03 8x  IEEE 1609.2 version 3: its second octet is the tag of a choice, never below 0x80
 * A length that leaves the datagram means that the datagram was cut (truncated); one that leaves the layer around it is wrong
 * (bad_length). What lies behind the frame - signature, certificate, padding - is the caller's to count.
 */
#include "v2x_envelope.h"

#define DOT2_VERSION          3
#define DOT2_UNSECURED        0x80
#define DOT2_SIGNED           0x81
#define DOT2_ENCRYPTED        0x82
#define DOT2_PAYLOAD_HAS_DATA 0x40 /* presence bit in the preamble of SignedDataPayload */
#define WSMP_VERSION          3
#define WSMP_EXTENSIONS       0x08

struct window {
	const uint8_t *p; /* the datagram */
	uint32_t n;       /* its octets */
	uint32_t at;      /* next octet */
	uint32_t end;     /* of the innermost layer */
	struct tp_verdict *verdict;
};

/* Rejects for want of octets: at the end of the datagram where that is short, at `offset` where only the layer is. */
static int envelope_short(struct window *w, enum tp_stage stage, uint32_t offset)
{
	if (w->end == w->n)
		return tp_reject(w->verdict, stage, TP_C_truncated, w->n);
	return tp_reject(w->verdict, stage, TP_C_bad_length, offset);
}

/* Narrows the window to `len` octets from here; the length stood at `offset`. */
static int envelope_narrow(struct window *w, enum tp_stage stage, uint32_t offset, uint32_t len)
{
	if (len > w->end - w->at)
		return envelope_short(w, stage, offset);
	w->end = w->at + len;
	return 0;
}

/* A length of one octet below 0x80, or of two octets 10xxxxxx xxxxxxxx: WSMP (1609.3 8.3.2.2) and UPER (X.691 11.9). */
static int envelope_length(struct window *w, enum tp_stage stage)
{
	uint32_t at = w->at, len;

	if (w->end - at < 1)
		return envelope_short(w, stage, at);
	len = w->p[w->at++];
	if (len >= 0x80) {
		if (len >= 0xc0)
			return tp_reject(w->verdict, stage, TP_C_bad_length, at);
		if (w->end - at < 2)
			return envelope_short(w, stage, at);
		len = (len & 0x3f) << 8 | w->p[w->at++];
	}
	return envelope_narrow(w, stage, at, len);
}

/* The provider service identifier: 1 to 4 octets, the number of leading ones in the first says how many (1609.12, p-encoding). */
static int wsmp_psid(struct window *w, struct v2x_frame *frame)
{
	static const uint32_t base[] = {0, 0x80, 0x4080, 0x204080};
	uint32_t at = w->at, octets, value;

	if (w->end - at < 1)
		return envelope_short(w, TP_STAGE_wsmp, at);
	octets = (uint32_t)__builtin_clz((uint32_t)(uint8_t)~w->p[at] << 24 | 0x800000) + 1;
	if (octets > 4)
		return tp_reject(w->verdict, TP_STAGE_wsmp, TP_C_bad_tag, at);
	if (w->end - at < octets)
		return envelope_short(w, TP_STAGE_wsmp, at);
	value = w->p[at] & (0xffu >> octets);
	for (uint32_t i = 1; i < octets; i++)
		value = value << 8 | w->p[at + i];
	frame->psid = base[octets - 1] + value;
	frame->has_psid = true;
	w->at += octets;
	return 0;
}

/* WAVE information elements: a count, then (id, length, value) each. */
static int wsmp_extensions(struct window *w)
{
	uint32_t count;

	if (w->end - w->at < 1)
		return envelope_short(w, TP_STAGE_wsmp, w->at);
	count = w->p[w->at++];
	while (count--) {
		uint32_t at = w->at;

		if (w->end - at < 2)
			return envelope_short(w, TP_STAGE_wsmp, at);
		w->at += 2;
		if (w->p[at + 1] > w->end - w->at)
			return envelope_short(w, TP_STAGE_wsmp, at + 1);
		w->at += w->p[at + 1];
	}
	return 0;
}

static int wsmp_open(struct window *w, struct v2x_frame *frame)
{
	int ret;

	if (w->p[w->at++] & WSMP_EXTENSIONS && (ret = wsmp_extensions(w)) < 0)
		return ret;
	if (w->end - w->at < 1)
		return envelope_short(w, TP_STAGE_wsmp, w->at);
	if (w->p[w->at] != 0) /* TPID: a PSID and nothing else follows */
		return tp_reject(w->verdict, TP_STAGE_wsmp, TP_C_bad_tag, w->at);
	w->at++;
	if ((ret = wsmp_psid(w, frame)) < 0)
		return ret;
	return envelope_length(w, TP_STAGE_wsmp);
}

/* A COER length: one octet below 0x80, or 0x80 + n and n octets. */
static int dot2_length(struct window *w)
{
	uint32_t at = w->at, octets, len = 0;

	if (w->end - at < 1)
		return envelope_short(w, TP_STAGE_ieee1609dot2, at);
	octets = w->p[w->at++];
	if (octets < 0x80)
		return envelope_narrow(w, TP_STAGE_ieee1609dot2, at, octets);
	octets -= 0x80;
	if (octets == 0 || octets > 4)
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_bad_length, at);
	if (w->end - w->at < octets)
		return envelope_short(w, TP_STAGE_ieee1609dot2, at);
	while (octets--)
		len = len << 8 | w->p[w->at++];
	return envelope_narrow(w, TP_STAGE_ieee1609dot2, at, len);
}

/* Ieee1609Dot2Data as far as its content: version, choice, and for unsecured data the Opaque. Returns the tag or a TP_DECODE_ code. */
static int dot2_content(struct window *w)
{
	uint32_t at = w->at;

	if (w->end - at < 2)
		return envelope_short(w, TP_STAGE_ieee1609dot2, at);
	if (w->p[at] != DOT2_VERSION)
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_bad_tag, at);
	w->at += 2;
	if (w->p[at + 1] == DOT2_ENCRYPTED)
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_encrypted, at + 1);
	return w->p[at + 1];
}

/* Signed data: hash id, preamble of the payload, and inside it the unsecured data. Everything behind is not needed to find the frame. */
static int dot2_signed(struct window *w)
{
	uint32_t at = w->at;

	if (w->end - at < 2)
		return envelope_short(w, TP_STAGE_ieee1609dot2, at);
	if (w->p[at] >= 0x80)
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_bad_tag, at);
	if (!(w->p[at + 1] & DOT2_PAYLOAD_HAS_DATA)) /* only a hash of data that travels elsewhere */
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_bad_tag, at + 1);
	w->at += 2;
	return dot2_content(w);
}

static int dot2_open(struct window *w, struct v2x_frame *frame)
{
	int tag = dot2_content(w);

	frame->security = TP_v2x_security_unsecured;
	if (tag == DOT2_SIGNED) {
		frame->security = TP_v2x_security_signed;
		tag = dot2_signed(w);
	}
	if (tag < 0)
		return tag;
	if (tag != DOT2_UNSECURED)
		return tp_reject(w->verdict, TP_STAGE_ieee1609dot2, TP_C_bad_tag, w->at - 1);
	return dot2_length(w);
}

static const char *const message_names[] = {"MAP", "SPAT", "BSM", "CSR", "EVA", "ICA", "NMEA", "PDM", "PVD", "RSA", "RTCM", "SRM",
        "SSM", "TIM", "PSM", "RSM", "RWM", "PDC", "PDR", "TAM", "TUM", "TUMACK", "CCM", "SDSM", "MSCM", "RGA", "PSM2", "TSPAT",
        "SCPR", "SCPS", "RUCC", "RUCR", "TLSM"};
#define FIRST_MESSAGE 18

const char *v2x_message_name(unsigned int message_id)
{
	unsigned int i = message_id - FIRST_MESSAGE;

	return i < sizeof(message_names) / sizeof(message_names[0]) ? message_names[i] : NULL;
}

/* MessageFrame: extension bit, messageId of 15 bits, and the message as an open type. */
static int frame_open(struct window *w, struct v2x_frame *frame)
{
	uint32_t at = w->at;
	int ret;

	if (w->end - at < 2)
		return envelope_short(w, TP_STAGE_message_frame, at);
	frame->offset = at;
	frame->message_id = (uint16_t)((w->p[at] & 0x7f) << 8 | w->p[at + 1]);
	if (!v2x_message_name(frame->message_id))
		return tp_reject(w->verdict, TP_STAGE_message_frame, TP_C_unknown_message, at);
	w->at += 2;
	if ((ret = envelope_length(w, TP_STAGE_message_frame)) < 0)
		return ret;
	if (w->at == w->end) /* an open type is never empty */
		return tp_reject(w->verdict, TP_STAGE_message_frame, TP_C_bad_length, at + 2);
	frame->content_offset = w->at;
	frame->content_len = w->end - w->at;
	frame->len = w->end - at;
	return 0;
}

/*
 * The two forms that nearly all datagrams have, with lengths of one octet: a bare frame, and one in unsecured 1609.2 data. False for
 * everything else, wrong or not: that is read layer by layer.
 */
static inline bool envelope_usual(struct tp_slice payload, struct v2x_frame *frame)
{
	const uint8_t *p = payload.p;
	uint32_t at = 0, end = payload.n;

	if (end < 8)
		return false;
	if (p[0] == DOT2_VERSION) {
		at = 3;
		if (p[1] != DOT2_UNSECURED || p[2] >= 0x80 || p[2] < 4 || p[2] > end - at)
			return false;
		end = at + p[2];
	}
	if (p[at] != 0 || !v2x_message_name(p[at + 1]) || p[at + 2] == 0 || p[at + 2] >= 0x80 || p[at + 2] > end - at - 3)
		return false;
	frame->offset = at;
	frame->len = p[at + 2] + 3;
	frame->content_offset = at + 3;
	frame->content_len = p[at + 2];
	frame->message_id = p[at + 1];
	frame->security = at ? TP_v2x_security_unsecured : TP_v2x_security_none;
	frame->has_psid = false;
	frame->psid = 0;
	return true;
}

static __attribute__((noinline)) int envelope_layers(struct tp_slice payload, struct v2x_frame *frame, struct tp_verdict *verdict)
{
	struct window w = {payload.p, payload.n, 0, payload.n, verdict};
	int ret;

	frame->security = TP_v2x_security_none;
	frame->has_psid = false;
	frame->psid = 0;
	if (payload.n == 0)
		return tp_reject(verdict, TP_STAGE_envelope, TP_C_empty, 0);
	if (w.p[0] == (WSMP_VERSION | WSMP_EXTENSIONS) || (w.p[0] == WSMP_VERSION && w.n > 1 && w.p[1] < 0x80)) {
		if ((ret = wsmp_open(&w, frame)) < 0)
			return ret;
		if (w.at == w.end)
			return tp_reject(verdict, TP_STAGE_wsmp, TP_C_empty, w.at);
	}
	if (w.p[w.at] == DOT2_VERSION && (ret = dot2_open(&w, frame)) < 0)
		return ret;
	if (w.at == w.end)
		return envelope_short(&w, TP_STAGE_message_frame, w.at);
	if (w.p[w.at] != 0 && !frame->security)
		return tp_reject(verdict, frame->has_psid ? TP_STAGE_wsmp : TP_STAGE_envelope, TP_C_bad_tag, w.at);
	return frame_open(&w, frame);
}

int v2x_envelope_open(struct tp_slice payload, struct v2x_frame *frame, struct tp_verdict *verdict)
{
	return __builtin_expect(envelope_usual(payload, frame), 1) ? 0 : envelope_layers(payload, frame, verdict);
}
