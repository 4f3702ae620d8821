/* SPDX-License-Identifier: BSD-3-Clause */
/* The less frequent shapes of the unaligned packed encoding rules: extensions, strings, copies. */
#include "uper.h"

uint64_t uper_extension_map(struct uper *u, unsigned int *count)
{
	uint32_t at = u->bit;
	uint64_t map = 0;
	uint32_t n;

	*count = 0;
	if (uper_bool(u))
		n = uper_length(u); /* 64 additions or more */
	else
		n = (uint32_t)uper_bits(u, 6) + 1;
	if (u->error)
		return 0;
	if (n == 0 || n > 64) {
		uper_fail(u, TP_C_bad_length, at);
		return 0;
	}
	for (uint32_t k = 0; k < n; k++)
		map |= uper_bits(u, 1) << k;
	*count = n;
	return u->error ? 0 : map;
}

void uper_skip_extensions(struct uper *u)
{
	unsigned int count;
	uint64_t map = uper_extension_map(u, &count);

	for (; map; map &= map - 1)
		uper_leave(u, uper_enter(u));
}

int32_t uper_regional(struct uper *u)
{
	uint32_t count = uper_count(u, 2, 4, 16);

	for (uint32_t i = 0; i < count; i++) {
		uper_skip(u, 8); /* regionId */
		uper_leave(u, uper_enter(u));
	}
	return (int32_t)count;
}

uint32_t uper_enum_ext(struct uper *u, unsigned int n, uint32_t last, uint32_t extension)
{
	if (!uper_bool(u))
		return (uint32_t)uper_int(u, n, 0, last);
	if (!uper_bool(u))
		uper_skip(u, 6); /* the normally small number */
	else
		uper_skip(u, 8 * uper_length(u));
	return extension;
}

uint32_t uper_flags_ext(struct uper *u, unsigned int n)
{
	uint32_t length, flags;

	if (!uper_bool(u))
		return uper_flags(u, n);
	length = uper_length(u);
	flags = uper_flags(u, length < 32 ? length : 32);
	uper_skip(u, length < 32 ? 0 : length - 32);
	return flags;
}

struct tp_slice uper_copy(struct uper *u, uint32_t from)
{
	uint32_t bits = u->bit - from;
	struct tp_slice copy = {NULL, 0};
	uint8_t *out;

	if (u->error || !(out = uper_alloc(u, bits / 8 + UPER_COPY_SLACK, 1)))
		return copy;
	uper_copy_bits(out, u->p, u->octets, from, bits);
	copy.p = out;
	copy.n = (bits + 7) / 8;
	return copy;
}

struct tp_slice uper_octets(struct uper *u, uint32_t octets)
{
	uint32_t from = u->bit;

	uper_skip(u, 8 * octets);
	return uper_copy(u, from);
}

struct tp_slice uper_ia5(struct uper *u, unsigned int n, uint32_t max)
{
	uint32_t length = uper_count(u, n, max, 7);
	struct tp_slice text = {NULL, 0};
	uint8_t *out;

	if (length == 0 || !(out = uper_alloc(u, length, 1)))
		return text;
	for (uint32_t i = 0; i < length; i++)
		out[i] = (uint8_t)uper_bits(u, 7);
	text.p = out;
	text.n = length;
	return text;
}
