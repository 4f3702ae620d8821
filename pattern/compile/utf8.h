/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_UTF8_H
#define TP_PATTERN_UTF8_H
/* Well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of the character at p (1 to 4), or 0 where there is none within n octets. */
size_t utf8_length(const uint8_t *p, size_t n);
bool utf8_valid(const uint8_t *p, size_t n);

#endif
