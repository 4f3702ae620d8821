/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the two Avro encoders (avro_encode.h) writes: chosen once, before main(), by what the processor can do. */
#include "avro_encode.h"
#include "tp_avro.h"
#include "tp_cpu.h"

/* By the number of leading zero bits of a number below 2^56: its groups, and what says in each but the last that another follows. */
#define GROUPS(zeros)      ((zeros) > 57 ? 1 : (70 - (zeros)) / 7)
#define FOLLOWS(zeros)     (UINT64_C(0x0080808080808080) >> 8 * (8 - GROUPS((zeros) < 8 ? 8 : (zeros))))
#define EIGHT(M, n)        M(n) M((n) + 1) M((n) + 2) M((n) + 3) M((n) + 4) M((n) + 5) M((n) + 6) M((n) + 7)
#define ALL(M)             EIGHT(M, 0) EIGHT(M, 8) EIGHT(M, 16) EIGHT(M, 24) EIGHT(M, 32) EIGHT(M, 40) EIGHT(M, 48) EIGHT(M, 56) M(64)
#define GROUPS_ROW(zeros)  GROUPS(zeros),
#define FOLLOWS_ROW(zeros) FOLLOWS(zeros),
const uint64_t tp_avro_groups[65] = {ALL(GROUPS_ROW)};
const uint64_t tp_avro_follows[65] = {ALL(FOLLOWS_ROW)};

static const struct avro_encoder *encoder = &avro_encoder_plain;

const struct avro_encoder *avro_encoder_for_avx512(void)
{
	return tp_cpu_has_avx512() ? &avro_encoder_avx512 : NULL;
}

__attribute__((constructor)) static void avro_choose(void)
{
	const struct avro_encoder *avx512 = avro_encoder_for_avx512();

	if (!avx512)
		return;
	avro_runs_make(avx512->runs);
	encoder = avx512;
}

size_t tp_record_avro_body_bound(unsigned int kind, const void *body)
{
	return encoder->body_bound[kind](body) + TP_AVRO_SLACK;
}

size_t tp_record_avro_bound(const struct tp_envelope *env, unsigned int kind, const void *body)
{
	return encoder->envelope_bound(env) + tp_record_avro_body_bound(kind, body);
}

uint8_t *tp_record_avro_body(uint8_t *out, unsigned int kind, const void *body)
{
	return encoder->body[kind](out, body);
}

struct tp_avro_body tp_record_avro_body_of(unsigned int kind)
{
	return (struct tp_avro_body){encoder->body[kind], encoder->body_bound[kind]};
}

uint8_t *tp_envelope_identity(uint8_t *out, const struct tp_envelope *env)
{
	return encoder->identity(out, env);
}

uint8_t *tp_record_avro(uint8_t *out, const struct tp_envelope *env, unsigned int kind, const void *body)
{
	out = encoder->times(out, env);
	out = encoder->identity(out, env);
	out = encoder->arrival(out, env);
	return tp_record_avro_body(out, kind, body);
}

uint8_t *tp_record_avro_known(
        uint8_t *out, const struct tp_envelope *env, struct tp_slice identity, unsigned int kind, const void *body)
{
	out = encoder->times(out, env);
	if (__builtin_expect(identity.n <= TP_IDENTITY_PAD, 1))
		memcpy(out, identity.p, TP_IDENTITY_PAD);
	else
		memcpy(out, identity.p, identity.n);
	out = encoder->arrival(out + identity.n, env);
	return tp_record_avro_body(out, kind, body);
}
