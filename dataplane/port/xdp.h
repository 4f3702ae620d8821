/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PORT_XDP_H
#define TP_PORT_XDP_H
/*
 * What the AF_XDP driver does not do.
 *
 * It reports the frames for which no buffer was free, but not those for which the receive ring was full, and it shows nobody its
 * sockets; so they are found among this process's descriptors and asked again.
 *
 * Underneath it, libbpf and libxdp write what they notice straight to the standard error output; it is put into DPDK's log instead.
 */
#include <stdint.h>

#define TP_XDP_SOCKETS_MAX 256

struct tp_xdp_sockets {
	unsigned int n;
	int fd[TP_XDP_SOCKETS_MAX]; /* borrowed */
};

/* All AF_XDP sockets of this process, in ascending order. Control, at start. */
void tp_xdp_sockets_find(struct tp_xdp_sockets *sockets);
/* Those that are open now and are not in `before`. */
void tp_xdp_sockets_find_new(const struct tp_xdp_sockets *before, struct tp_xdp_sockets *sockets);
/* Frames that the kernel had for these sockets and dropped, since they were opened. */
uint64_t tp_xdp_sockets_missed(const struct tp_xdp_sockets *sockets);
/* Has libbpf and libxdp, where DPDK loaded them, hand their text to `print` (a whole line or several). Control, at start. */
void tp_xdp_libraries_log(void (*print)(const char *text));

#endif
