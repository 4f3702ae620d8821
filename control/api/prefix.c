/* SPDX-License-Identifier: BSD-3-Clause */
#include "prefix.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* The length behind the slash; false where it is none or too long. */
static bool prefix_length(const char *text, uint8_t most, uint8_t *length)
{
	char *end;
	unsigned long bits = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || bits > most)
		return false;
	*length = (uint8_t)bits;
	return true;
}

bool api_prefix(const char *text, uint8_t *family, uint8_t *length, uint8_t *addr)
{
	char address[INET6_ADDRSTRLEN + 8], *slash;

	if (strlen(text) >= sizeof(address))
		return false;
	strcpy(address, text);
	slash = strchr(address, '/');
	if (slash)
		*slash++ = '\0';
	*family = strchr(address, ':') ? 6 : 4;
	*length = *family == 4 ? 32 : 128;
	if (inet_pton(*family == 4 ? AF_INET : AF_INET6, address, addr) != 1)
		return false;
	return !slash || prefix_length(slash, *length, length);
}
