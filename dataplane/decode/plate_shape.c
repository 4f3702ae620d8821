/* SPDX-License-Identifier: BSD-3-Clause */
/* This file alone is compiled for AVX-512: nothing in it may run before the processor was asked. */
#include "plate_shape.h"
#include "json_usual.h"
#include "time_text.h"
#include "tp_avro.h"

#define SHAPES            16 /* a thread */
#define SHAPE_TEXT_MAX    512
#define SHAPE_QUOTES_MAX  128
#define SHAPE_BLOCK_MOST  32 /* quotes in 64 octets */
#define SHAPE_MEMBERS_MAX 24
#define SHAPE_GAP_MAX     32
#define SHAPE_OFFER_EACH  64 /* one offer in so many is looked at */

enum shape_value {
	SHAPE_TEXT,   /* into the field */
	SHAPE_UNUSED, /* a text that goes nowhere */
	SHAPE_NUMBER, /* into the field; nowhere where there is no member */
	SHAPE_TIME,
	SHAPE_END, /* no value: behind the last gap */
};

/* A gap and the value behind it. The quotes around a text belong to the gaps. */
struct shape_step {
	uint8_t gap[SHAPE_GAP_MAX]; /* zeros behind it */
	uint32_t mask;              /* of the octets of the gap */
	uint8_t length;             /* of the gap */
	uint8_t value;              /* enum shape_value */
	uint8_t quote;              /* the first one behind the value; the last value may have none: then the end */
	uint8_t back;               /* how far in front of it the next gap begins */
	uint16_t offset;            /* of the field */
	const struct member *member;
};

/* A field in Avro: OPT, and there. */
struct shape_put {
	uint16_t offset;
	bool text;     /* else a number */
	uint8_t nulls; /* fields behind it that are not there */
};

struct plate_shape {
	uint32_t quotes; /* 0: there is no shape */
	uint32_t missed; /* offers since an event was accepted */
	uint8_t format;  /* enum tp_plate_format */
	uint8_t nulls;   /* OPT fields in front of the first that is there */
	uint8_t puts;
	bool timed;
	struct shape_step step[SHAPE_MEMBERS_MAX + 1];
	struct shape_put put[SHAPE_MEMBERS_MAX]; /* in the order of the fields, behind plate and format */
};

static _Thread_local struct plate_shape shapes[SHAPES];

/*
 * The places of the quotes, and the end of the text behind them; how many there are, or 0 where there are too many, or the text
 * holds an octet that has to be looked at: a backslash, a control character, or one beyond ASCII.
 */
static inline uint32_t shape_quotes(const uint8_t *text, uint32_t n, uint16_t *at)
{
	static const uint8_t places[64] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	        25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
	        54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
	const __m512i place = _mm512_loadu_si512(places), space = _mm512_set1_epi8(' ');
	uint64_t special = 0;
	uint32_t count = 0, most = 0;

	for (uint32_t from = 0; from < n; from += 64) {
		__m512i block = _mm512_mask_loadu_epi8(space, _bzhi_u64(~UINT64_C(0), n - from < 64 ? n - from : 64), text + from);
		uint64_t quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"'));
		__m256i found = _mm512_castsi512_si256(_mm512_maskz_compress_epi8(quotes, place));
		uint32_t here = (uint32_t)_mm_popcnt_u64(quotes);

		/* As signed octets, everything from 0x80 is below the space too. */
		special |= _mm512_cmplt_epi8_mask(block, space) | _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'));
		_mm512_storeu_si512(at + count, _mm512_add_epi16(_mm512_cvtepu8_epi16(found), _mm512_set1_epi16((int16_t)from)));
		count += here;
		most = here > most ? here : most;
		if (count > SHAPE_QUOTES_MAX)
			return 0;
	}
	at[count] = (uint16_t)n;
	return special || most > SHAPE_BLOCK_MOST ? 0 : count;
}

/* Without the white space at the end. */
static inline uint32_t shape_text_length(struct tp_slice text)
{
	uint32_t n = text.n;

	while (n && (text.p[n - 1] == ' ' || text.p[n - 1] == '\n' || text.p[n - 1] == '\r' || text.p[n - 1] == '\t'))
		n--;
	return n;
}

/*
 * n octets as a number without exponent; false where they are anything else. All digits are moved together and become one
 * number; both operands of the division are exact, so its result is correctly rounded.
 */
static inline bool shape_number(const uint8_t *p, uint32_t n, double *v)
{
	const __m128i tens = _mm_set1_epi16(1 << 8 | 10), hundreds = _mm_set1_epi32(1 << 16 | 100),
	              myriads = _mm_set1_epi32(1 << 16 | 10000);
	bool negative = *p == '-';
	uint32_t all, digits, point, count;
	__m128i x;
	uint64_t pair;
	double whole;

	p += negative;
	n -= negative;
	if (n - 1 >= JSON_USUAL_DIGITS)
		return false;
	all = _bzhi_u32(0xffff, n);
	x = _mm_sub_epi8(_mm_maskz_loadu_epi8((__mmask16)all, p), _mm_set1_epi8('0'));
	digits = _mm_mask_cmplt_epu8_mask((__mmask16)all, x, _mm_set1_epi8(10));
	point = digits ^ all;
	/* One point at most, not in front and not behind, and no zero in front of another digit. */
	if ((point & (point - 1)) != 0 || (point & (1 | 1u << (n - 1))) != 0 || (*p == '0' && (digits & 2)))
		return false;
	if (point && p[_tzcnt_u32(point)] != '.')
		return false;
	count = (uint32_t)_mm_popcnt_u32(digits);
	x = _mm_maskz_compress_epi8((__mmask16)digits, x);
	x = _mm_maskz_expand_epi8((__mmask16)(0xffff0000u >> count), x);
	x = _mm_madd_epi16(_mm_maddubs_epi16(x, tens), hundreds);
	pair = (uint64_t)_mm_cvtsi128_si64(_mm_madd_epi16(_mm_packus_epi32(x, x), myriads));
	whole = (double)(int64_t)((uint32_t)pair * UINT64_C(100000000) + (pair >> 32));
	whole /= tp_number_tens[point ? n - 1 - _tzcnt_u32(point) : 0];
	*v = negative ? -whole : whole;
	return true;
}

static inline bool shape_keep_number(const struct shape_step *step, const uint8_t *p, uint32_t n, struct tp_plate_read *read)
{
	double v;

	return shape_number(p, n, &v) && (!step->member || member_set_float(step->member, v, read));
}

/* The empty instruction keeps it a loop of stores, as in member_clear(). */
static inline void shape_clear(struct tp_plate_read *read)
{
	const __m512i zero = _mm512_setzero_si512();
	uint8_t *last = (uint8_t *)(read + 1) - 64, *at = (uint8_t *)(((uintptr_t)read + 63) & ~(uintptr_t)63);

	_mm512_storeu_si512(read, zero);
	for (; at < last; at += 64) {
		__asm__("" : "+r"(at));
		_mm512_store_si512(at, zero);
	}
	_mm512_storeu_si512(last, zero);
}

/* What a text may be an event of. */
struct shape_text {
	struct plate_shape *shape;
	const uint8_t *p;
	uint32_t n;
	uint16_t quotes[SHAPE_QUOTES_MAX + 64]; /* their places, and the end */
};

/* False where there is no shape of so many quotes. */
static inline bool shape_find(struct shape_text *t, struct tp_slice payload)
{
	uint32_t count;

	t->p = payload.p;
	t->n = shape_text_length(payload);
	if (t->n > SHAPE_TEXT_MAX)
		return false;
	count = shape_quotes(t->p, t->n, t->quotes);
	t->shape = &shapes[count / 2 % SHAPES];
	return count && t->shape->quotes == count;
}

/* Reads the values of a text. */
static inline bool shape_read(const struct shape_text *t, struct tp_plate_read *read, int64_t *time)
{
	const uint16_t *quotes = t->quotes;
	const uint8_t *text = t->p;
	uint8_t *body = (uint8_t *)read;
	uint32_t n = t->n, from = 0, to, value, differ = 0; /* of the gap; of the value */

	for (const struct shape_step *step = t->shape->step;; step++, from = to) {
		value = from + step->length;
		if (value > n)
			return false;
		differ |= _mm256_cmpneq_epi8_mask(_mm256_maskz_loadu_epi8(step->mask, text + from),
		        _mm256_loadu_si256((const __m256i *)(const void *)step->gap));
		to = (uint32_t)quotes[step->quote] - step->back;
		if (__builtin_expect(step->value == SHAPE_TEXT, 1)) {
			struct tp_slice *field = (struct tp_slice *)(body + step->offset);

			/* Where the gap was another one, this is anything; it is not looked at then. */
			field->p = text + value;
			field->n = to - value;
			if (to == value)
				return false;
			continue;
		}
		if (differ)
			return false;
		if (step->value == SHAPE_END)
			return value == n;
		if (step->value == SHAPE_UNUSED)
			continue;
		if ((int32_t)(to - value) <= 0)
			return false;
		if (step->value == SHAPE_TIME ? !tp_time_from_text((struct tp_slice){text + value, to - value}, time)
		                              : !shape_keep_number(step, text + value, to - value, read))
			return false;
	}
}

bool plate_shape_read(struct tp_record *rec)
{
	struct shape_text t;

	if (!shape_find(&t, rec->payload))
		return false;
	shape_clear(&rec->plate_read);
	rec->device_time = 0;
	if (!shape_read(&t, &rec->plate_read, &rec->device_time))
		return false;
	t.shape->missed = 1;
	rec->plate_read.format = t.shape->format;
	rec->has_device_time = t.shape->timed;
	return true;
}

/* ---- straight to Avro ----------------------------------------------------------------------------------------------------------- */
/* Fields that are not there; more octets are written. A put more or less has as many behind it as a vector has octets. */
static inline uint8_t *shape_put_nulls(uint8_t *p, uint32_t n)
{
	_mm256_storeu_si256((__m256i *)p, _mm256_setzero_si256());
	if (__builtin_expect(n > 32, 0))
		_mm256_storeu_si256((__m256i *)(p + 32), _mm256_setzero_si256());
	return p + n;
}

/* Octets of a text are read, and a few more written. */
static inline uint8_t *shape_put_text(uint8_t *p, struct tp_slice text)
{
	if (__builtin_expect(text.n > 32, 0))
		return tp_avro_slice(p, text);
	*p++ = (uint8_t)(text.n << 1);
	_mm256_storeu_si256((__m256i *)p, _mm256_maskz_loadu_epi8(_bzhi_u32(UINT32_MAX, text.n), text.p));
	return p + text.n;
}

static inline uint8_t *shape_put_all(uint8_t *p, const struct plate_shape *shape, const struct tp_plate_read *read)
{
	p = shape_put_text(p, read->plate);
	*p++ = (uint8_t)(shape->format << 1);
	p = shape_put_nulls(p, shape->nulls);
	for (const struct shape_put *put = shape->put; put < shape->put + shape->puts; put++) {
		const uint8_t *field = (const uint8_t *)read + put->offset;

		*p++ = 2;
		if (__builtin_expect(put->text, 1))
			p = shape_put_text(p, *(const struct tp_slice *)(const void *)field);
		else
			p = tp_avro_double(p, *(const double *)(const void *)field);
		p = shape_put_nulls(p, put->nulls);
	}
	return p;
}
_Static_assert(
        TP_F_plate_read_plate == 0 && TP_F_plate_read_format == 1 && TP_FCOUNT_plate_read <= 64, "what is put first, and nulls");

/* By its members, as it was written: one load of both would have to wait for the stores. */
static inline void shape_copy(struct tp_slice *to, const struct tp_slice *from)
{
	const uint8_t *p = from->p;
	uint32_t n = from->n;

	__asm__("" : "+r"(p), "+r"(n));
	to->p = p;
	to->n = n;
}

uint8_t *plate_shape_direct(struct tp_record *rec, uint8_t *out)
{
	struct tp_plate_read read; /* not cleared: only what the shape has is looked at */
	struct shape_text t;

	if (!shape_find(&t, rec->payload) || !t.shape->timed)
		return NULL;
	read.has = 0;
	read.jurisdiction = (struct tp_slice){0};
	if (!shape_read(&t, &read, &rec->device_time))
		return NULL;
	t.shape->missed = 1;
	rec->kind = TP_KIND_plate_read;
	rec->flags &= (uint8_t)~TP_FLAG_TRAILING_BYTES;
	rec->trailing = 0;
	rec->has_device_time = 1;
	shape_copy(&rec->plate_read.plate, &read.plate);
	shape_copy(&rec->plate_read.jurisdiction, &read.jurisdiction);
	return shape_put_all(out, t.shape, &read);
}

/* ---- making a shape ----------------------------------------------------------------------------------------------------------- */
/* What the event that a shape is made of is like. */
struct shape_maker {
	struct plate_shape *shape;
	struct tp_json j;
	const uint8_t *gap; /* where it begins */
	unsigned int slot;  /* where the plate is */
	uint8_t time_rank;  /* of the key that counts */
	bool timed;         /* its step is there */
};

static bool shape_text_of(struct shape_maker *m, struct shape_step *step, const struct plate_key *key)
{
	if (key->usual == USUAL_FIELD) {
		step->value = SHAPE_TEXT;
		step->offset = key->member.offset;
	} else if (key->usual == USUAL_SLOT) {
		step->value = key->arg == m->slot ? SHAPE_TEXT : SHAPE_UNUSED;
		step->offset = offsetof(struct tp_plate_read, plate);
	} else if (key->usual == USUAL_TIME) {
		/* A lesser one says nothing, whatever it is. A better one could not be understood, but the next one may be. */
		if (key->arg > m->time_rank || (key->arg == m->time_rank && m->timed))
			return false;
		if (key->arg == m->time_rank) {
			m->timed = true;
			step->value = SHAPE_TIME;
		}
	} else {
		return false;
	}
	return true;
}

/* What is done with the value at the cursor, which is read over. */
static bool shape_value(struct shape_maker *m, struct shape_step *step, const struct plate_key *key)
{
	enum tp_json_type type = tp_json_peek(&m->j);

	if (key && !(key->scopes & IN_ROOT))
		key = NULL;
	if (type == TP_JSON_STRING) {
		step->value = SHAPE_UNUSED;
		return (!key || shape_text_of(m, step, key)) && tp_json_skip(&m->j);
	}
	step->value = SHAPE_NUMBER;
	step->member = key ? &key->member : NULL;
	return type == TP_JSON_NUMBER && (!key || key->usual == USUAL_REAL) && tp_json_skip(&m->j);
}

/* The gap up to p, in front of a value or the end. */
static bool shape_gap(struct shape_maker *m, struct shape_step *step, const uint8_t *p)
{
	size_t length = (size_t)(p - m->gap);

	if (length > SHAPE_GAP_MAX)
		return false;
	memcpy(step->gap, m->gap, length);
	step->length = (uint8_t)length;
	step->mask = _bzhi_u32(UINT32_MAX, (uint32_t)length);
	return true;
}

/*
 * Tells the step of a value where the next gap is: its first quote is behind a text, so the gap begins there; behind a number
 * it is that of the next key, of which `p` is the first octet behind the quote, or the end.
 */
static void shape_next(struct shape_step *step, const uint8_t *gap, uint32_t quote, const uint8_t *p)
{
	step->quote = (uint8_t)quote;
	step->back = (uint8_t)(p - gap);
}

/* The steps of the text in front of `end`. */
static bool shape_steps(struct shape_maker *m, const uint8_t *end, uint32_t quotes)
{
	struct shape_step *step = m->shape->step, *number = NULL;
	uint32_t quote = 0; /* so many are passed */
	struct tp_slice key;

	if (!tp_json_object(&m->j))
		return false;
	for (; tp_json_key(&m->j, &key); step++) {
		bool text = *m->j.p == '"';

		if (step == m->shape->step + SHAPE_MEMBERS_MAX)
			return false;
		if (number)
			shape_next(number, m->gap, quote, key.p - 1);
		quote += 2;
		if (!shape_gap(m, step, m->j.p + text) || !shape_value(m, step, plate_key_find(key)))
			return false;
		m->gap = m->j.p - text;
		number = text ? NULL : step;
		if (text)
			shape_next(step, m->gap, quote + 1, m->gap);
		quote += text ? 2 : 0;
	}
	if (!tp_json_end(&m->j) || quote != quotes)
		return false;
	if (number)
		shape_next(number, m->gap, quote, end);
	step->value = SHAPE_END;
	return shape_gap(m, step, end);
}

/* Whether a field is written by some step, and as what. */
static bool shape_writes(const struct plate_shape *shape, const struct tp_field *field)
{
	for (const struct shape_step *step = shape->step; step->value != SHAPE_END; step++) {
		if (step->value == SHAPE_TEXT && step->offset == field->offset)
			return true;
		if (step->value == SHAPE_NUMBER && step->member && step->member->offset == field->offset)
			return true;
	}
	return false;
}

/* The fields of a shape whose steps are made, in the order of the schema. */
static void shape_fields(struct plate_shape *shape)
{
	const struct tp_schema *schema = &tp_schema_of_kind[TP_KIND_plate_read];
	uint8_t *nulls = &shape->nulls;

	shape->nulls = shape->puts = 0;
	for (unsigned int i = TP_F_plate_read_format + 1; i < schema->count; i++) {
		struct shape_put *put = &shape->put[shape->puts];

		if (!shape_writes(shape, &schema->fields[i])) {
			++*nulls;
			continue;
		}
		*put = (struct shape_put){.offset = schema->fields[i].offset, .text = schema->fields[i].type == TP_TYPE_STR};
		nulls = &put->nulls;
		shape->puts++;
	}
}

void plate_shape_offer(const struct tp_record *rec, const struct plate_event *e, unsigned int slot)
{
	uint16_t quotes[SHAPE_QUOTES_MAX + 64];
	uint32_t n = shape_text_length(rec->payload), count;
	struct tp_slice text = {rec->payload.p, n};
	struct tp_arena none = {0};
	struct shape_maker m = {.gap = text.p, .slot = slot, .time_rank = e->time_rank};
	struct plate_shape *shape;

	if (n > SHAPE_TEXT_MAX || e->evidence & (IS_REKOR | IS_AXIS))
		return;
	count = shape_quotes(text.p, n, quotes);
	shape = &shapes[count / 2 % SHAPES];
	if (count == 0 || shape->missed++ % SHAPE_OFFER_EACH != 0)
		return;
	memset(shape->step, 0, sizeof(shape->step));
	m.shape = shape;
	tp_json_init(&m.j, text, &none);
	shape->quotes = shape_steps(&m, text.p + n, count) ? count : 0;
	if (shape->quotes == 0)
		return;
	shape->format = e->read->format;
	shape->timed = m.timed;
	shape_fields(shape);
}
