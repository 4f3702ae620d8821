/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_PCAPNG_H
#define TP_API_PCAPNG_H
/*
 * Just as much of pcapng (draft-ietf-opsawg-pcapng) as a capture needs: one section, its interfaces, packets with a comment, and what was not captured.
 * libpcap reads the form but does not write it, and the older form has no place for a reason. Blocks are appended to a buffer that grows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_ETHERNET 1   /* LINKTYPE_ETHERNET */
#define PCAPNG_USER0    147 /* LINKTYPE_USER0 */

struct pcapng {
	uint8_t *p; /* n octets; the owner's to free */
	size_t n, room;
	bool failed; /* no memory: what is in it is not whole */
};

void pcapng_section(struct pcapng *b, const char *application);
/* Interfaces are numbered from 0 in their order. Times are microseconds. */
void pcapng_interface(struct pcapng *b, uint16_t link_type, uint32_t snap, const char *name);
void pcapng_packet(
        struct pcapng *b, uint32_t interface, int64_t at_us, const uint8_t *octets, uint32_t kept, uint32_t n, const char *comment);
/* What the capture itself dropped on that interface. */
void pcapng_dropped(struct pcapng *b, uint32_t interface, int64_t at_us, uint64_t dropped);

#endif
