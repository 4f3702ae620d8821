/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_AVRO_H
#define TP_AVRO_H
/*
 * The primitives of Avro 1.11 binary encoding. Each writes at p and returns where the next goes.
 *
 * Integers are spread into their 7-bit groups by one pdep and stored as eight octets at once, so there is no loop and no branch on
 * their size: up to eight octets behind the number are overwritten.
 */
#include <immintrin.h>

#include "tp_copy.h"
#include "tp_record.h"

#define TP_AVRO_INLINE static inline __attribute__((always_inline))

/* By the number of leading zero bits of a number below 2^56: its groups, and what says in each but the last that another follows. */
extern const uint64_t tp_avro_groups[65];
extern const uint64_t tp_avro_follows[65];

/* Below 2^56: at most eight octets. */
TP_AVRO_INLINE uint8_t *tp_avro_varint56(uint8_t *p, uint64_t v)
{
	uint64_t zeros = _lzcnt_u64(v);
	uint64_t octets = _pdep_u64(v, UINT64_C(0x7f7f7f7f7f7f7f7f)) | tp_avro_follows[zeros];

	memcpy(p, &octets, 8);
	return p + tp_avro_groups[zeros];
}

TP_AVRO_INLINE uint8_t *tp_avro_varint(uint8_t *p, uint64_t v)
{
	while (__builtin_expect(v >> 56 != 0, 0)) {
		*p++ = (uint8_t)v | 0x80;
		v >>= 7;
	}
	return tp_avro_varint56(p, v);
}

TP_AVRO_INLINE uint8_t *tp_avro_int(uint8_t *p, int32_t v)
{
	return tp_avro_varint56(p, ((uint32_t)v << 1) ^ (uint32_t)(v >> 31));
}

TP_AVRO_INLINE uint8_t *tp_avro_long(uint8_t *p, int64_t v)
{
	return tp_avro_varint(p, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

/*
 * A time in microseconds from 1978 to 3111 takes eight octets: returns them. 0 for any other time, which tp_avro_long() writes.
 */
TP_AVRO_INLINE uint64_t tp_avro_time(int64_t us)
{
	if (__builtin_expect((uint64_t)us - (UINT64_C(1) << 48) >= (UINT64_C(1) << 55) - (UINT64_C(1) << 48), 0))
		return 0;
	return _pdep_u64((uint64_t)us << 1, UINT64_C(0x7f7f7f7f7f7f7f7f)) | UINT64_C(0x0080808080808080);
}

/* An enum has at most 64 symbols: its index is one octet. */
TP_AVRO_INLINE uint8_t *tp_avro_enum(uint8_t *p, uint8_t v)
{
	*p = (uint8_t)(v << 1);
	return p + 1;
}

TP_AVRO_INLINE uint8_t *tp_avro_slice(uint8_t *p, struct tp_slice s)
{
	if (__builtin_expect(s.n < 64, 1))
		*p++ = (uint8_t)(s.n << 1);
	else
		p = tp_avro_varint56(p, (uint64_t)s.n << 1);
	tp_copy_octets(p, s.p, s.n);
	return p + s.n;
}

static inline uint8_t *tp_avro_double(uint8_t *p, double v)
{
	memcpy(p, &v, 8);
	return p + 8;
}

static inline uint8_t *tp_avro_id(uint8_t *p, const uint8_t *id)
{
	memcpy(p, id, 16);
	return p + 16;
}

#endif
