/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_TEXT_H
#define TP_RECORD_TEXT_H
/* Numbers, strings and octets as JSON text. Each writes at `p` and returns the end; all pure. */
#include "tp_record.h"

uint8_t *tp_text_long(uint8_t *p, int64_t v); /* at most 20 octets */
uint8_t *tp_text_double(
        uint8_t *p, double v); /* at most 32 octets; the shortest usual form that reads back equal; null for NaN, infinity */
uint8_t *tp_text_string(uint8_t *p, struct tp_slice s);            /* with quotes, at most 6 octets an octet and 2 */
uint8_t *tp_text_hex(uint8_t *p, const uint8_t *octets, size_t n); /* 2 n octets, lower case, no quotes */

#endif
