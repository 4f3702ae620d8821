/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "octets.h"

#define OCTETS_LEAST 512

static void octets_release(struct tls_octets *o)
{
	if (o->p != NULL)
		explicit_bzero(o->p, o->size);
	free(o->p);
	*o = (struct tls_octets){0};
}

/* A new buffer that has room for n more, with what is there at its front. */
static bool octets_grow(struct tls_octets *o, uint32_t n)
{
	uint32_t need = o->n + n, size = o->size * 2 > need ? o->size * 2 : need;
	uint8_t *p;

	size = size < OCTETS_LEAST ? OCTETS_LEAST : size;
	p = malloc(size);
	if (p == NULL)
		return false;
	if (o->n > 0)
		memcpy(p, o->p + o->at, o->n);
	n = o->n;
	octets_release(o);
	*o = (struct tls_octets){.p = p, .n = n, .size = size};
	return true;
}

bool tls_octets_add(struct tls_octets *o, const uint8_t *p, uint32_t n)
{
	if (n == 0)
		return true;
	if (o->at > 0 && o->at + o->n + n > o->size) {
		memmove(o->p, o->p + o->at, o->n);
		o->at = 0;
	}
	if (o->n + n > o->size && !octets_grow(o, n))
		return false;
	memcpy(o->p + o->at + o->n, p, n);
	o->n += n;
	return true;
}

void tls_octets_drop(struct tls_octets *o, uint32_t n)
{
	o->at += n;
	o->n -= n;
	if (o->n == 0)
		octets_release(o);
}
