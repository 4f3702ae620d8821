/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of payload formats. To add one: write decode_<format>.c, name it in meson.build, and add its line to DECODERS.
 */
#include "tp_decoder.h"

#define DECODERS(X) X(j2735) X(plate) X(raw) X(telemetry) X(toll)

#define DECODER_DECLARE(name) extern const struct tp_decoder tp_decoder_##name;
DECODERS(DECODER_DECLARE)

#define DECODER_ENTRY(name) &tp_decoder_##name,
const struct tp_decoder *const tp_decoders[] = {DECODERS(DECODER_ENTRY) NULL};

#define STAGE_NAME(name) #name,
const char *const tp_stage_names[TP_STAGE_COUNT] = {TP_STAGES(STAGE_NAME)};

const struct tp_decoder *tp_decoder_by_name(const char *name)
{
	for (unsigned int i = 0; tp_decoders[i]; i++)
		if (strcmp(tp_decoders[i]->name, name) == 0)
			return tp_decoders[i];
	return NULL;
}
