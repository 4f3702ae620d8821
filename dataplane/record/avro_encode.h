/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_AVRO_ENCODE_H
#define TP_RECORD_AVRO_ENCODE_H
/*
 * The Avro encoder in the two forms in which avro_encode.c is built. Both write the same octets; avro.c chooses one at start, and tests
 * hold them equal.
 */
#include "avro_run.h"
#include "tp_record.h"

struct avro_encoder {
	/* By kind: what stands behind the envelope, and its bound without TP_AVRO_SLACK. */
	uint8_t *(*body[TP_KIND_COUNT])(uint8_t *out, const void *body);
	size_t (*body_bound[TP_KIND_COUNT])(const void *body);
	size_t (*envelope_bound)(const struct tp_envelope *env);
	/* The envelope in its three parts. */
	uint8_t *(*times)(uint8_t *out, const struct tp_envelope *env);
	uint8_t *(*identity)(uint8_t *out, const struct tp_envelope *env);
	uint8_t *(*arrival)(uint8_t *out, const struct tp_envelope *env);
	/* Its runs, which avro_runs_make() makes before its first use; NULL where it has none. */
	struct avro_runs *runs;
};

extern const struct avro_encoder avro_encoder_plain;  /* for every processor that turnpike runs on */
extern const struct avro_encoder avro_encoder_avx512; /* for those with AVX-512 VBMI and VBMI2 */

/* avro_encoder_avx512, or NULL where the processor lacks what it needs. Any thread. */
const struct avro_encoder *avro_encoder_for_avx512(void);

#endif
