/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>

#include "conf.h"

uint8_t conf_address(const char *text, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, text, addr) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return 6;
	return 0;
}

/* "0" to "128" without sign, space or leading zeros; -1 where it is something else. */
static int address_bits(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > 3 || strspn(text, "0123456789") != n || (n > 1 && text[0] == '0'))
		return -1;
	return atoi(text);
}

static bool address_has_host_bits(const struct tp_prefix *prefix)
{
	unsigned int whole = prefix->length / 8, rest = prefix->length % 8;

	for (unsigned int i = whole; i < 16; i++)
		if (prefix->addr[i] & (i == whole ? 0xff >> rest : 0xff))
			return true;
	return false;
}

const char *tp_conf_prefix(const char *text, struct tp_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	char addr[64];
	int bits, most;

	if ((slash ? (size_t)(slash - text) : strlen(text)) >= sizeof(addr))
		return "an IPv4 or IPv6 address or prefix";
	snprintf(addr, sizeof(addr), "%.*s", (int)(slash ? slash - text : (ptrdiff_t)strlen(text)), text);
	prefix->family = conf_address(addr, prefix->addr);
	if (prefix->family == 0)
		return "an IPv4 or IPv6 address or prefix";
	most = prefix->family == 4 ? 32 : 128;
	bits = slash ? address_bits(slash + 1) : most;
	if (bits < 0 || bits > most)
		return prefix->family == 4 ? "a prefix length from 0 to 32" : "a prefix length from 0 to 128";
	prefix->length = (uint8_t)bits;
	return address_has_host_bits(prefix) ? "zeros behind the prefix" : NULL;
}
