/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BPF_PINS_H
#define TP_BPF_PINS_H
/* Where maps are pinned: /sys/fs/bpf/turnpike/INSTANCE/PORT. Each takes names without a slash. */
#include <bpf/libbpf.h>

/* Pins all maps but those that libbpf makes for variables, and rings, whose events go to one reader. Returns 0 or a negative errno; then nothing is pinned. */
int pins_put(struct bpf_object *object, const char *instance, const char *port);
/* Removes the folder of a port, and those above it that are empty then. */
void pins_remove(const char *instance, const char *port);
void pins_remove_all(const char *instance);

#endif
