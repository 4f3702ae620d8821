/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who watches what the program drops or leaves to the kernel: its reasons stand in a word that the program reads, mapped into this process; what it is told
 * comes through a ring of its own. A ring is mapped when somebody watches for the first time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "loaded.h"

#define WATCH_NS UINT64_C(1000000000)

_Static_assert(TP_GUARD_WATCHERS * 32 <= 64, "the reasons of all watchers are one word");

static uint64_t watch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * WATCH_NS + (uint64_t)now.tv_nsec;
}

/* Which reasons a watcher is told of. Another thread may change those of another watcher. */
static void watch_reasons(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, uint32_t reasons)
{
	volatile __u64 *word = &guard->skeleton->bss->guard_watched;
	const unsigned int at = 32U * watcher;

	__atomic_fetch_and(word, ~(UINT64_C(0xffffffff) << at), __ATOMIC_SEQ_CST);
	__atomic_fetch_or(word, (uint64_t)reasons << at, __ATOMIC_SEQ_CST);
}

bool tp_guard_event_read(const void *data, size_t n, struct tp_guard_event *event)
{
	const size_t head = offsetof(struct tp_guard_event, octets);

	if (n < head)
		return false;
	memcpy(event, data, head);
	if (event->kept == 0 || event->kept > TP_GUARD_SNAP || event->kept > n - head || event->kept > event->n ||
	        event->reason >= TP_GUARD_REASON_COUNT)
		return false;
	memcpy(event->octets, (const uint8_t *)data + head, event->kept);
	return true;
}

/* One event of the ring. An error ends the look at it, so one that is good is the last of a look. */
static int watch_found(void *arg, void *data, size_t n)
{
	struct loaded_watcher *w = arg;

	w->found = tp_guard_event_read(data, n, w->to) && w->to->at >= w->since;
	return w->found ? -ECANCELED : 0;
}

static int watch_open(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher)
{
	const struct bpf_map *map =
	        watcher == TP_GUARD_TRACE ? guard->skeleton->maps.guard_traced : guard->skeleton->maps.guard_captured;
	struct loaded_watcher *w = &guard->watchers[watcher];

	if (!w->ring)
		w->ring = ring_buffer__new(bpf_map__fd(map), watch_found, w, NULL);
	return w->ring ? 0 : -errno;
}

static int watch_unseen(
        const struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, enum tp_guard_reason reason, uint64_t *unseen)
{
	return loaded_sum(guard->skeleton->maps.guard_unseen, (uint32_t)watcher * TP_GUARD_REASON_COUNT + reason, unseen);
}

/* The mask of a prefix, as the addresses of a packet lie. */
static void watch_mask(uint32_t mask[4], unsigned int length)
{
	uint8_t *octets = (uint8_t *)mask;

	memset(octets, 0, 16);
	for (unsigned int bit = 0; bit < length && bit < 128; bit++)
		octets[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* Nobody is told while this is written. */
static void watch_write(struct tp_guard_watch *watch, const struct tp_xdp_watch *of)
{
	const uint64_t interval = WATCH_NS / TP_GUARD_EVENT_RATE;

	memset(watch, 0, sizeof(*watch));
	watch->rate = (struct tp_guard_rate){.interval = interval, .tolerance = interval * TP_GUARD_EVENTS};
	watch->family = of->family;
	watch->port = htons(of->port);
	memcpy(watch->from, of->addr, of->family == 4 ? 4 : sizeof(watch->from));
	watch_mask(watch->mask, of->length);
}

int tp_xdp_guard_watch(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, const struct tp_xdp_watch *of)
{
	struct loaded_watcher *w = &guard->watchers[watcher];
	struct tp_guard_event old;
	int rc = watch_open(guard, watcher);

	tp_xdp_guard_unwatch(guard, watcher);
	for (uint32_t i = 0; rc == 0 && i < TP_GUARD_REASON_COUNT; i++)
		rc = watch_unseen(guard, watcher, (enum tp_guard_reason)i, &w->unseen[i]);
	if (rc)
		return rc;
	w->since = watch_now();
	(void)tp_xdp_guard_event(guard, watcher, &old); /* goes past all of them */
	watch_write(&guard->skeleton->bss->guard_watch[watcher], of);
	watch_reasons(guard, watcher, of->reasons);
	return 0;
}

bool tp_xdp_guard_event(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, struct tp_guard_event *event)
{
	struct loaded_watcher *w = &guard->watchers[watcher];

	if (!w->ring)
		return false;
	w->to = event;
	w->found = false;
	(void)ring_buffer__consume(w->ring);
	return w->found;
}

uint64_t tp_xdp_guard_unseen(const struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, enum tp_guard_reason reason)
{
	uint64_t now;

	return watch_unseen(guard, watcher, reason, &now) == 0 ? now - guard->watchers[watcher].unseen[reason] : 0;
}

void tp_xdp_guard_unwatch(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher)
{
	watch_reasons(guard, watcher, 0);
}

void loaded_unwatch_all(struct tp_xdp_guard *guard)
{
	for (enum tp_guard_watcher i = 0; i < TP_GUARD_WATCHERS; i++)
		ring_buffer__free(guard->watchers[i].ring);
}
