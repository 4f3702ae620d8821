/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_PREFIX_H
#define TP_API_PREFIX_H
/* Addresses and prefixes that commands are given. */
#include <stdbool.h>
#include <stdint.h>

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". addr: network order, 16 octets. Pure. */
bool api_prefix(const char *text, uint8_t *family, uint8_t *length, uint8_t *addr);

#endif
