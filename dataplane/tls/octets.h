/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TLS_OCTETS_H
#define TP_TLS_OCTETS_H
/* A queue of octets that holds memory only while there are any. Wiped when it is let go: it may hold what was said. */
#include <stdbool.h>
#include <stdint.h>

struct tls_octets {
	uint8_t *p;
	uint32_t at; /* the first octet is p[at] */
	uint32_t n;
	uint32_t size; /* of p */
};

/* False where there is no memory; nothing has changed then. */
bool tls_octets_add(struct tls_octets *o, const uint8_t *p, uint32_t n);
static inline const uint8_t *tls_octets_first(const struct tls_octets *o)
{
	return o->n > 0 ? o->p + o->at : 0;
}
/* Takes n octets away from the front. */
void tls_octets_drop(struct tls_octets *o, uint32_t n);

#endif
