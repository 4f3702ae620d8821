/* SPDX-License-Identifier: BSD-3-Clause */
/* See pcapng.h. Numbers are in the machine's order, which a section says by its magic; every part is padded to four octets. */
#include "pcapng.h"

#include <stdlib.h>
#include <string.h>

#define PCAPNG_SECTION    0x0a0d0d0au
#define PCAPNG_INTERFACE  1u
#define PCAPNG_STATISTICS 5u
#define PCAPNG_PACKET     6u
#define PCAPNG_MAGIC      0x1a2b3c4du

enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_NAME = 2, OPTION_APPLICATION = 4, OPTION_DROPPED = 5, OPTION_RESOLUTION = 9 };

static void put(struct pcapng *b, const void *octets, size_t n)
{
	static const uint8_t zero[4];
	size_t padded = (n + 3) & ~(size_t)3, room = b->room ? b->room : 4096;
	uint8_t *p;

	while (room < b->n + padded)
		room *= 2;
	if (room != b->room) {
		p = realloc(b->p, room);
		if (!p) {
			b->failed = true;
			return;
		}
		b->p = p;
		b->room = room;
	}
	memcpy(b->p + b->n, octets, n);
	memcpy(b->p + b->n + n, zero, padded - n);
	b->n += padded;
}

static void put32(struct pcapng *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_option(struct pcapng *b, uint16_t code, const void *octets, size_t n)
{
	const uint16_t head[2] = {code, (uint16_t)n};

	put(b, head, sizeof(head));
	put(b, octets, n);
}

/* A block begins with its type and its length, which is written when it ends, twice. Returns where it began. */
static size_t block_begin(struct pcapng *b, uint32_t type)
{
	size_t at = b->n;

	put32(b, type);
	put32(b, 0);
	return at;
}

static void block_end(struct pcapng *b, size_t at)
{
	uint32_t length;

	put_option(b, OPTION_END, "", 0);
	length = (uint32_t)(b->n - at + 4);
	put32(b, length);
	if (!b->failed)
		memcpy(b->p + at + 4, &length, sizeof(length));
}

static void put_time(struct pcapng *b, int64_t at_us)
{
	put32(b, (uint32_t)((uint64_t)at_us >> 32));
	put32(b, (uint32_t)at_us);
}

void pcapng_section(struct pcapng *b, const char *application)
{
	size_t at = block_begin(b, PCAPNG_SECTION);
	const int64_t unknown = -1;
	const uint16_t version[2] = {1, 0};

	put32(b, PCAPNG_MAGIC);
	put(b, version, sizeof(version));
	put(b, &unknown, sizeof(unknown));
	put_option(b, OPTION_APPLICATION, application, strlen(application));
	block_end(b, at);
}

void pcapng_interface(struct pcapng *b, uint16_t link_type, uint32_t snap, const char *name)
{
	size_t at = block_begin(b, PCAPNG_INTERFACE);
	const uint16_t link[2] = {link_type, 0};
	const uint8_t micro = 6;

	put(b, link, sizeof(link));
	put32(b, snap);
	put_option(b, OPTION_NAME, name, strlen(name));
	put_option(b, OPTION_RESOLUTION, &micro, sizeof(micro));
	block_end(b, at);
}

void pcapng_packet(
        struct pcapng *b, uint32_t interface, int64_t at_us, const uint8_t *octets, uint32_t kept, uint32_t n, const char *comment)
{
	size_t at = block_begin(b, PCAPNG_PACKET);

	put32(b, interface);
	put_time(b, at_us);
	put32(b, kept);
	put32(b, n);
	put(b, octets, kept);
	put_option(b, OPTION_COMMENT, comment, strlen(comment));
	block_end(b, at);
}

void pcapng_dropped(struct pcapng *b, uint32_t interface, int64_t at_us, uint64_t dropped)
{
	size_t at = block_begin(b, PCAPNG_STATISTICS);

	put32(b, interface);
	put_time(b, at_us);
	put_option(b, OPTION_DROPPED, &dropped, sizeof(dropped));
	block_end(b, at);
}
