/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the bits of a BasicSafetyMessage to Avro without a record in between, with AVX-512: the octets that decoder and encoder make together, for
 * the usual message only. The two stay the reference, and a test holds both ways equal.
 *
 * The core data are two vectors of sixteen lanes of 32 bits, in the order of the fields. A number has a lane, or a pair of lanes where it may take five
 * octets in Avro. The numbers of a pair end at the same bit of an octet, so one octet permutation, one shift and one mask extract
 * sixteen of them. There they become zigzag numbers, then groups of seven bits, an octet each. How many groups a number has follows from its leading
 * zeros, by one compare of octets; those that count are pushed together and stored at once.
 *
 * What depends on the layout of the message only is made from the rows below when the program starts.
 */
#include <immintrin.h>

#include "j2735.h"
#include "tp_avro.h"
#include "tp_cpu.h"

#define CORE_OCTETS    37
#define CORE_A         0 /* octets at which the vectors are read, 32 and 16 of them */
#define CORE_B         21
#define PART_II        296  /* bit of the first element; the count of elements is the three bits in front of it */
#define HAS_PART_II    0x40 /* of the first octet, as are these */
#define HAS_OTHER      0xa0 /* extension, regional */
#define SEC_MARK_OCTET 5    /* the 32 bits that hold sec_mark, and how far it is from their end */
#define SEC_MARK_SHIFT 14

/* A field of the core data. */
struct core_row {
	uint16_t bit, bits;                         /* bits 0: a lane of its own that is filled in by hand, or padding */
	enum { SINGLE, WIDE, LONG, HAND, NONE } is; /* WIDE and LONG take a pair of lanes; a LONG has 32 bits and no sign */
	uint32_t most;                              /* largest raw value; 0: all that its bits can say */
	int32_t low;                                /* value of raw 0 */
};

static const struct core_row rows_a[] = {{.is = HAND}, {.is = HAND}, /* frame_offset, frame_len */
        {3, 7, .is = SINGLE}, {.is = NONE},                          /* msg_cnt */
        {10, 32, .is = LONG},                                        /* id */
        {42, 16, .is = SINGLE}, {.is = NONE},                        /* sec_mark */
        {58, 31, WIDE, 1800000001, -900000000},                      /* lat */
        {89, 32, WIDE, 3600000000, -1799999999},                     /* lon */
        {121, 16, SINGLE, 0, -4096}, {137, 8, .is = SINGLE},         /* elev, semi_major */
        {145, 8, .is = SINGLE}, {153, 16, .is = SINGLE}};            /* semi_minor, orientation */

static const struct core_row rows_b[] = {{169, 3, .is = SINGLE}, {172, 13, .is = SINGLE}, /* transmission, speed */
        {185, 15, SINGLE, 28800, 0}, {200, 8, SINGLE, 253, -126},                         /* heading, angle */
        {208, 12, SINGLE, 4001, -2000}, {220, 12, SINGLE, 4001, -2000},                   /* accel_long, accel_lat */
        {232, 8, SINGLE, 254, -127}, {240, 16, SINGLE, 65534, -32767},                    /* accel_vert, accel_yaw */
        {256, 5, .is = SINGLE}, {261, 2, .is = SINGLE},                                   /* wheel_brakes, traction */
        {263, 2, .is = SINGLE}, {265, 2, .is = SINGLE},                                   /* abs, scs */
        {267, 2, SINGLE, 2, 0}, {269, 2, .is = SINGLE},                                   /* brake_boost, aux_brakes */
        {271, 10, .is = SINGLE}, {281, 12, .is = SINGLE}};                                /* width, length */
#define BRAKES_LANE 8

/* A vector's constants. */
struct core_lanes {
	uint8_t pick[64];     /* octet of a lane -> octet behind the one at which the vector is read */
	uint32_t shift[16];   /* right: by pair of lanes in vector A, by lane in vector B */
	uint32_t mask[16];    /* the bits of a number */
	uint32_t most[16];    /* its largest raw value */
	int32_t low[16];      /* the value of raw 0 */
	uint32_t twice[16];   /* 1; 0 for a LONG, which is doubled by `groups` */
	uint32_t sign[16];    /* all bits where a number may be negative */
	uint8_t zeros_of[64]; /* octet of a lane -> octet of the 16 around it that holds the leading zeros of its number */
	int8_t counts[64];    /* an octet counts where there are at most so many */
	uint8_t follows[64];  /* the highest bit of this less the leading zeros says that another octet of the number follows */
	uint8_t groups[64];   /* octet of a lane -> bit of its pair where its group begins */
	uint8_t brakes[64];   /* j2735_brake_flags in the octets of wheel_brakes */
} __attribute__((aligned(64)));

static struct core_lanes lanes_a, lanes_b;

/* ---- constants ------------------------------------------------------------------------------------------------------------ */
/* Most leading zeros of a zigzag number of 32 bits that has octet i in Avro; of a LONG they are those of its half. */
static int core_zeros(const struct core_row *row, unsigned int i)
{
	if (row->is == NONE || i > (row->is == WIDE || row->is == LONG ? 4 : 3))
		return -1;
	return i == 0 ? 32 : 32 - 7 * (int)i - (row->is != LONG);
}

static void core_field(struct core_lanes *v, unsigned int lane, unsigned int from, const struct core_row *row)
{
	unsigned int last = (row->bit + row->bits - 1u) / 8;

	v->shift[lane] = 7 - (row->bit + row->bits - 1u) % 8;
	v->mask[lane] = row->bits == 32 ? UINT32_MAX : (1u << row->bits) - 1;
	v->most[lane] = row->most ? row->most : UINT32_MAX;
	v->low[lane] = row->low;
	v->sign[lane] = row->low < 0 ? UINT32_MAX : 0;
	for (unsigned int i = 0; i < 5 && 4 * lane + i < 64; i++)
		if (i < 4 || row->is == WIDE || row->is == LONG)
			v->pick[4 * lane + i] = last >= from + i ? (uint8_t)(last - from - i) : 0;
}

/* A number of one lane, or of two. Returns how many. */
static unsigned int core_lane(struct core_lanes *v, unsigned int lane, unsigned int from, const struct core_row *row)
{
	unsigned int n = row->is == WIDE || row->is == LONG ? 2 : 1;

	if (row->bits)
		core_field(v, lane, from, row);
	v->twice[lane] = row->is != LONG;
	for (unsigned int i = 0; i < 4 * n; i++) {
		int next = i < 4 * n - 1 ? core_zeros(row, i + 1) : -1;
		unsigned int at = 4 * lane + i;

		v->zeros_of[at] = (uint8_t)(4 * (lane & 3));
		v->counts[at] = (int8_t)core_zeros(row, i);
		v->follows[at] = (uint8_t)(next < 0 ? 32 : 128 + next);
		v->groups[at] = (uint8_t)((32 * (lane & 1) + 7 * i - (row->is == LONG)) & 63);
	}
	return n;
}

static void core_make(struct core_lanes *v, unsigned int from, const struct core_row *rows, unsigned int n)
{
	for (unsigned int i = 0; i < 16; i++)
		v->most[i] = UINT32_MAX;
	for (unsigned int i = 0, lane = 0; i < n; i++)
		lane += core_lane(v, lane, from, &rows[i]);
}

void j2735_bsm_avro_prepare(void)
{
	core_make(&lanes_a, CORE_A, rows_a, sizeof(rows_a) / sizeof(rows_a[0]));
	for (unsigned int i = 1; i < 16; i += 2)
		lanes_a.shift[i] = 0; /* the pair is shifted as one number */
	core_make(&lanes_b, CORE_B, rows_b, sizeof(rows_b) / sizeof(rows_b[0]));
	memcpy(lanes_b.brakes, j2735_brake_flags, 32);
}

/* ---- core ------------------------------------------------------------------------------------------------------------------ */
/* Writes numbers whose zigzag form has been made; `plain` is that form but for a LONG, which is as it is. Up to 64 octets behind what counts are written. */
static inline uint8_t *core_store(uint8_t *out, __m512i plain, const struct core_lanes *v)
{
	__m512i zeros = _mm512_shuffle_epi8(_mm512_lzcnt_epi32(plain), _mm512_load_si512(v->zeros_of));
	__mmask64 counts = _mm512_cmple_epi8_mask(zeros, _mm512_load_si512(v->counts));
	__m512i follows = _mm512_sub_epi8(_mm512_load_si512(v->follows), zeros);
	__m512i groups = _mm512_multishift_epi64_epi8(_mm512_load_si512(v->groups), plain);

	/* seven bits of the group, and one that says whether another follows */
	groups = _mm512_ternarylogic_epi32(groups, follows, _mm512_set1_epi8(0x7f), 0xe4);
	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(counts, groups));
	return out + _mm_popcnt_u64(counts);
}

/* From frame_offset to length. NULL where a value is out of its range. */
static inline uint8_t *core_write(uint8_t *out, const uint8_t *p, const struct v2x_frame *frame)
{
	__m512i a = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(p + CORE_A)));
	__m512i b = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(p + CORE_B)));
	__m512i place = _mm512_zextsi128_si512(_mm_cvtsi64_si128((int64_t)(frame->offset | (uint64_t)frame->len << 32)));
	__mmask16 wrong;

	a = _mm512_permutexvar_epi8(_mm512_load_si512(lanes_a.pick), a);
	a = _mm512_and_si512(_mm512_srlv_epi64(a, _mm512_load_si512(lanes_a.shift)), _mm512_load_si512(lanes_a.mask));
	b = _mm512_shuffle_epi8(b, _mm512_load_si512(lanes_b.pick));
	b = _mm512_and_si512(_mm512_srlv_epi32(b, _mm512_load_si512(lanes_b.shift)), _mm512_load_si512(lanes_b.mask));
	wrong = _mm512_cmpgt_epu32_mask(a, _mm512_load_si512(lanes_a.most)) |
	        _mm512_cmpgt_epu32_mask(b, _mm512_load_si512(lanes_b.most));
	if (__builtin_expect(wrong != 0, 0))
		return NULL;
	a = _mm512_or_si512(_mm512_add_epi32(a, _mm512_load_si512(lanes_a.low)), place);
	a = _mm512_ternarylogic_epi32(_mm512_sllv_epi32(a, _mm512_load_si512(lanes_a.twice)), _mm512_srai_epi32(a, 31),
	        _mm512_load_si512(lanes_a.sign), 0x78);
	b = _mm512_mask_permutexvar_epi8(b, UINT64_C(1) << 4 * BRAKES_LANE, b, _mm512_load_si512(lanes_b.brakes));
	b = _mm512_add_epi32(b, _mm512_load_si512(lanes_b.low));
	b = _mm512_xor_si512(_mm512_add_epi32(b, b), _mm512_srai_epi32(b, 31));
	return core_store(core_store(out, a, &lanes_a), b, &lanes_b);
}

/* ---- Part II --------------------------------------------------------------------------------------------------------------- */
/*
 * The element that most messages have, and nothing else: one point with a heading or without options, then the prediction. All of it is in fixed places
 * but for the octet of the heading. In front of bit ONE_HEAD stand the count of elements 3, id 6, length 8, preambles 5 and 3, count of
 * points 5 and the preamble of the point 4.
 */
#define ONE_HEAD    327
#define ONE_MASK    (UINT64_C(0x3ffffffff) & ~ONE_LENGTH & ~ONE_HEADING)
#define ONE_IS      (UINT64_C(6) << 12) /* one element, one point; history and prediction are there */
#define ONE_LENGTH  (UINT64_C(0x7f) << 17)
#define ONE_HEADING UINT64_C(1)
#define ONE_CONTENT 310       /* bit at which the element's content begins */
#define ONE_END     (8 * 52u) /* bit behind the prediction; this and what follows are without the heading */
#define ONE_OCTETS  10        /* of the history: from bit 315 to bit 391 */

/* What was found of it. */
struct part_one {
	uint32_t heading; /* octets */
	uint32_t prediction;
};

/* The prediction; the octets of 0 behind it are: no lights, no special, no supplemental, nothing skipped, no regional_count. */
#define PREDICTION_ZEROS 5
static inline uint8_t *part_prediction(uint8_t *out, uint32_t prediction)
{
	uint32_t confidence = 2 * (prediction & 0xff), more = confidence > 0x7f;
	uint64_t octets = 2 | ((confidence & 0x7f) | more << 7) << 8 | confidence >> 7 << 16;

	*out = 2;
	out = tp_avro_int(out + 1, (int32_t)(prediction >> 8) - J2735_STRAIGHT);
	memcpy(out, &octets, 8);
	return out + 2 + more;
}

/* Octets: those that the content has at least, without the heading, and those in front of the first whole one of it. */
#define ONE_LEAST  ((ONE_END - ONE_CONTENT + 7) / 8)
#define ONE_BEFORE ((ONE_CONTENT + 7) / 8)

/* False where it is another one. */
static inline bool part_is_one(const uint8_t *p, uint32_t octets, struct part_one *one)
{
	uint32_t length, least;
	uint64_t head, end;

	if (octets < ONE_BEFORE + ONE_LEAST)
		return false;
	head = uper_before(p, ONE_HEAD);
	length = head >> 17 & 0x7f;
	one->heading = head & ONE_HEADING;
	least = ONE_LEAST + one->heading;
	if (octets < ONE_BEFORE + least)
		return false;
	end = uper_before(p, ONE_END + 8 * one->heading); /* timeOffset 16, heading 8 or 0, prediction 25 */
	one->prediction = end & 0x1ffffff;
	return (head & ONE_MASK) == ONE_IS && length - least <= octets - ONE_BEFORE - least &&
	       (end >> 25 & 0xff & -one->heading) <= 240 && (end >> (25 + 8 * one->heading) & 0xffff) != 0xffff &&
	       j2735_prediction_usual(one->prediction);
}

static inline uint8_t *part_one(uint8_t *out, const uint8_t *p, const struct part_one *one)
{
	uint32_t n = ONE_OCTETS + one->heading, safety = 2 | 2 << 16 | 2 * n << 24,
	         points = 2 | 2 * 1 << 8;                             /* of events there are none */
	uint64_t first = __builtin_bswap64(uper_load64(p + 39) << 3); /* 56 bits of it count */
	uint64_t last = __builtin_bswap64(uper_load64(p + 41 + one->heading) >> 1 << (44 - 8 * one->heading)); /* 20 bits, or 28 */

	memcpy(out, &safety, 4);
	memcpy(out + 4, &first, 8);
	memcpy(out + 11, &last, 8);
	memcpy(out + 4 + n, &points, 2);
	return part_prediction(out + 6 + n, one->prediction) + PREDICTION_ZEROS;
}

/* Elements of Part II, in the order of their ids; bits are read without looking whether they are there: that is asked once an element. */
struct part {
	const uint8_t *p;
	uint32_t bit, limit;
	uint32_t readable; /* octets of memory */
	uint32_t left;     /* elements that have not been read */
};

/* n bits, 1 <= n <= 56; 0 behind what can be read. */
static inline uint32_t part_bits(struct part *r, unsigned int n)
{
	uint32_t octet = r->bit >> 3;
	uint64_t word = octet <= r->readable ? uper_word(r->p, r->readable, octet) : 0;

	word = word << (r->bit & 7) >> (64 - n);
	r->bit += n;
	return (uint32_t)word;
}

/* Whether the next element has that id and a length of one octet; then it stands at its content and *end is behind it. */
static inline bool part_enter(struct part *r, uint32_t id, uint32_t *end)
{
	struct part here = *r;

	if (r->left == 0 || r->limit - r->bit < 14 || part_bits(&here, 6) != id)
		return false;
	*end = here.bit + 8;
	*end += 8 * part_bits(&here, 8);
	if (*end >= here.bit + 8 * 128 || *end > r->limit)
		return false;
	here.left--;
	*r = here;
	return true;
}

static uint8_t *part_history(uint8_t *out, struct part *r)
{
	struct j2735_history h;
	uint32_t n;

	if (!j2735_history_usual(r->p, r->bit, r->limit, &h))
		return NULL;
	r->bit = h.end;
	r->left--;
	n = (h.to - h.from + 7) / 8;
	out[0] = 2;
	out[1] = 0;
	out[2] = 2;
	out = tp_avro_varint56(out + 3, 2 * (uint64_t)n);
	uper_copy_many_bits(out, r->p, r->readable, h.from, h.to - h.from);
	out += n;
	out[0] = 2;
	out[1] = (uint8_t)(2 * h.points);
	return part_prediction(out + 2, h.prediction) + 1;
}

/* An OPT number of n bits, where `there`. */
static inline uint8_t *part_option(uint8_t *out, struct part *r, uint32_t there, unsigned int n)
{
	*out = 0;
	if (!there)
		return out + 1;
	*out = 2;
	return tp_avro_varint56(out + 1, 2 * (uint64_t)part_bits(r, n));
}

/* VehicleClassification: its type, role, class of HPMS and fuel; these enumerations without what later editions added. */
#define CLASS_KEY   256
#define CLASS_ROLE  128
#define CLASS_HPMS  32
#define CLASS_FUEL  2
#define CLASS_OTHER (1023 & ~(CLASS_KEY | CLASS_ROLE | CLASS_HPMS | CLASS_FUEL))
#define ROLE_LAST   22
static uint8_t *part_class(uint8_t *out, struct part *r)
{
	uint32_t has = part_bits(r, 10), role;

	if (has & CLASS_OTHER)
		return NULL;
	out = part_option(out, r, has & CLASS_KEY, 8);
	*out++ = has & CLASS_ROLE ? 2 : 0;
	if (has & CLASS_ROLE) {
		role = part_bits(r, 6); /* with the extension bit in front */
		if (role > ROLE_LAST)
			return NULL;
		*out++ = (uint8_t)(2 * role);
	}
	*out++ = 0; /* iso3883 */
	*out = has & CLASS_HPMS ? 2 : 0;
	if (has & CLASS_HPMS) {
		out[1] = (uint8_t)(2 * part_bits(r, 5));
		if (out[1] > 2 * 15)
			return NULL;
		out++;
	}
	out[1] = out[2] = out[3] = 0; /* vehicle_type, response_equip, responder_type */
	out = part_option(out + 4, r, has & CLASS_FUEL, 4);
	*out++ = 0; /* regional_count */
	return out;
}

/* VehicleData: height, bumpers and mass. NULL with more. */
static uint8_t *part_vehicle(uint8_t *out, struct part *r)
{
	uint32_t has = part_bits(r, 5);

	if (has & (16 | 1))
		return NULL;
	out = part_option(out, r, has & 8, 7);
	out = part_option(out, r, has & 4, 7);
	out = part_option(out, r, has & 4, 7);
	out = part_option(out, r, has & 2, 8);
	*out++ = 0; /* trailer_weight */
	return out;
}

/* WeatherProbe without wipers. */
static uint8_t *part_probe(uint8_t *out, struct part *r)
{
	uint32_t has = part_bits(r, 4), temperature;

	if (has & (8 | 1))
		return NULL;
	*out++ = has & 4 ? 2 : 0;
	if (has & 4) {
		temperature = part_bits(r, 8);
		if (temperature > 191)
			return NULL;
		out = tp_avro_varint56(out, 2 * (uint64_t)temperature);
	}
	out = part_option(out, r, has & 2, 8);
	memset(out, 0, 4); /* status and rate, front and rear */
	return out + 4;
}

/* SupplementalVehicleExtensions: class, class details, vehicle data and weather probe, nothing else. */
#define SUPPLEMENTAL_OTHER (2047 & ~(512 | 256 | 128 | 32))
static uint8_t *part_supplemental(uint8_t *out, struct part *r)
{
	uint32_t has = part_bits(r, 11);

	if (has & SUPPLEMENTAL_OTHER)
		return NULL;
	out = part_option(out, r, has & 512, 8);
	*out++ = has & 256 ? 2 : 0;
	if ((has & 256) && !(out = part_class(out, r)))
		return NULL;
	*out++ = has & 128 ? 2 : 0;
	if ((has & 128) && !(out = part_vehicle(out, r)))
		return NULL;
	*out++ = 0; /* weather_report */
	*out++ = has & 32 ? 2 : 0;
	if ((has & 32) && !(out = part_probe(out, r)))
		return NULL;
	memset(out, 0, 8); /* obstacle, status, speed_profile, the_rtcm, regional_count */
	return out + 5;
}

/*
 * Up to one element of each id: a path history of any length, special extensions that say nothing, supplemental extensions. NULL where there is
 * anything else, or in another order.
 */
static __attribute__((noinline)) uint8_t *part_elements(uint8_t *out, const uint8_t *p, uint32_t octets, uint32_t readable)
{
	struct part r = {p, PART_II, 8 * octets, readable, (p[CORE_OCTETS - 1] & 7u) + 1};
	uint32_t end;

	if (r.limit < PART_II + 14)
		return NULL;
	if ((uper_before(p, PART_II + 6) & 0x3f) == 0)
		out = part_history(out, &r);
	else
		*out++ = 0;
	if (!out)
		return NULL;
	*out++ = 0;
	if (part_enter(&r, 1, &end)) {
		if (part_bits(&r, 4) != 0 || r.bit > end)
			return NULL;
		out[-1] = 2;
		memset(out, 0, 4); /* vehicle_alerts, description, trailers */
		out += 3;
		r.bit = end;
	}
	*out++ = 0;
	if (part_enter(&r, 2, &end)) {
		out[-1] = 2;
		out = part_supplemental(out, &r);
		if (!out || r.bit > end)
			return NULL;
	}
	out[0] = out[1] = 0; /* part_ii_skipped, regional_count */
	return r.left == 0 ? out + 2 : NULL;
}

static inline uint8_t *part_write(uint8_t *out, const uint8_t *p, uint32_t octets, uint32_t readable)
{
	struct part_one one;

	if (!(p[0] & HAS_PART_II)) {
		memset(out, 0, 8); /* safety, special, supplemental, part_ii_skipped, regional_count */
		return out + 5;
	}
	if (__builtin_expect(part_is_one(p, octets, &one), 1))
		return part_one(out, p, &one);
	return part_elements(out, p, octets, readable);
}

/* ---- message --------------------------------------------------------------------------------------------------------------- */
static inline uint8_t *frame_write(uint8_t *out, const struct v2x_frame *frame)
{
	uint16_t octets = (uint16_t)(2 * frame->security);

	if (__builtin_expect(frame->has_psid, 0)) {
		octets |= 2 << 8;
		memcpy(out, &octets, 2);
		return tp_avro_varint56(out + 2, 2 * (uint64_t)frame->psid);
	}
	memcpy(out, &octets, 2);
	return out + 2;
}

static inline __attribute__((always_inline)) uint8_t *message_write(
        struct tp_record *rec, uint8_t *out, const struct v2x_frame *frame)
{
	const uint8_t *p = rec->payload.p + frame->content_offset;
	uint32_t second;

	memcpy(&second, p + SEC_MARK_OCTET, sizeof(second));
	second = __builtin_bswap32(second) >> SEC_MARK_SHIFT & 0xffff;
	if ((p[0] & HAS_OTHER) || second > J2735_SECOND_MAX)
		return NULL;
	out = core_write(frame_write(out, frame), p, frame);
	if (!out)
		return NULL;
	rec->kind = TP_KIND_bsm;
	rec->trailing = rec->payload.n - (frame->offset + frame->len);
	rec->flags = (uint8_t)((rec->flags & ~TP_FLAG_TRAILING_BYTES) | (rec->trailing ? TP_FLAG_TRAILING_BYTES : 0));
	j2735_time_of_second(rec, second);
	return part_write(out, p, frame->content_len, rec->payload.n - frame->content_offset);
}

/* In whatever layers. */
static __attribute__((noinline)) uint8_t *message_in_layers(struct tp_record *rec, uint8_t *out)
{
	struct tp_verdict verdict;
	struct v2x_frame frame;

	if (v2x_envelope_open(rec->payload, &frame, &verdict) < 0 || frame.message_id != J2735_ID_BSM ||
	        frame.content_len < CORE_OCTETS)
		return NULL;
	return message_write(rec, out, &frame);
}

/* The first octets, as numbers: of a frame its id; of unsecured 1609.2 data version and tag, then a length below 0x80. */
#define FRAME_IS   (J2735_ID_BSM << 8)
#define FRAME_MASK 0xffffu
#define DOT2_IS    0x8003u
#define DOT2_MASK  0x80ffffu
#define DOT2_HEAD  3 /* octets */

/*
 * The frame of a BSM, bare or in unsecured 1609.2 data, where all lengths are of one octet and hold what they should. False for everything else, wrong
 * or not.
 */
static inline __attribute__((always_inline)) bool frame_is_usual(struct tp_slice payload, struct v2x_frame *frame)
{
	uint32_t first, at = 0, left = payload.n;

	if (left < DOT2_HEAD + 3)
		return false;
	memcpy(&first, payload.p, sizeof(first));
	if ((first & FRAME_MASK) != FRAME_IS) {
		uint16_t id;

		memcpy(&id, payload.p + DOT2_HEAD, sizeof(id));
		left = payload.p[2];
		if ((first & DOT2_MASK) != DOT2_IS || id != FRAME_IS || left > payload.n - DOT2_HEAD)
			return false;
		at = DOT2_HEAD;
	}
	frame->content_len = payload.p[at + 2];
	if (frame->content_len - CORE_OCTETS > 0x7f - CORE_OCTETS || frame->content_len + 3 > left)
		return false;
	frame->offset = at;
	frame->len = frame->content_len + 3;
	frame->content_offset = at + 3;
	frame->security = at ? TP_v2x_security_unsecured : TP_v2x_security_none;
	frame->has_psid = false;
	return true;
}

uint8_t *j2735_bsm_avro(struct tp_record *rec, uint8_t *out)
{
	struct v2x_frame frame;

	if (__builtin_expect(frame_is_usual(rec->payload, &frame), 1))
		return message_write(rec, out, &frame);
	return message_in_layers(rec, out);
}
