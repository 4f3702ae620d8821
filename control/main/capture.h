/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CAPTURE_H
#define TP_CAPTURE_H
#include <stddef.h>
#include <stdint.h>

struct tp_capture {
	uint64_t packets;
	uint64_t cut; /* packets the recording holds only the beginning of */
};

/*
 * Reads a pcap or pcapng file once, to know before a replay that it can be read, that it holds Ethernet frames, and how many. 0, or -EINVAL or
 * another negative errno with a sentence in err.
 */
int tp_capture_scan(const char *path, struct tp_capture *capture, char *err, size_t err_len);

#endif
