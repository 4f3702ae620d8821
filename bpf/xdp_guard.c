/* SPDX-License-Identifier: BSD-3-Clause */
#include "tp_xdp_guard.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "loaded.h"
#include "pins.h"

/* A packet that began with the configuration before the last change has long ended after this time, so its place may be written. */
#define SETTLE_NS 10000000

__attribute__((format(printf, 4, 5))) static int guard_fail(char *err, size_t err_len, int rc, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, err_len, format, ap);
	va_end(ap);
	return rc;
}

void tp_xdp_guard_clean(const char *instance)
{
	pins_remove_all(instance);
}

/* ---- loading ------------------------------------------------------------------------------------------------------------------- */
int tp_xdp_guard_load(uint32_t sources, struct tp_xdp_guard **out, char *err, size_t err_len)
{
	struct tp_xdp_guard *guard = calloc(1, sizeof(*guard));
	int rc;

	*out = NULL;
	if (!guard)
		return guard_fail(err, err_len, -ENOMEM, "out of memory");
	guard->link = -1;
	guard->skeleton = guard_bpf__open();
	if (!guard->skeleton) {
		rc = guard_fail(err, err_len, -errno, "the XDP program cannot be opened: %s", strerror(errno));
		goto fail;
	}
	if (sources)
		bpf_map__set_max_entries(guard->skeleton->maps.guard_sources, sources);
	rc = guard_bpf__load(guard->skeleton);
	if (rc) {
		guard_fail(err, err_len, rc, "the kernel does not take the XDP program: %s%s", strerror(-rc),
		        rc == -EPERM || rc == -EACCES ? "; CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN are needed" : "");
		goto fail;
	}
	*out = guard;
	return 0;
fail:
	tp_xdp_guard_free(guard);
	return rc;
}

static int guard_link(struct tp_xdp_guard *guard, unsigned int ifindex, __u32 mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);

	return bpf_link_create(tp_xdp_guard_program(guard), (int)ifindex, BPF_XDP, &options);
}

/* Native where the driver can; else generic, and why. */
static int guard_attach(struct tp_xdp_guard *guard, const char *interface, char *err, size_t err_len)
{
	unsigned int ifindex = if_nametoindex(interface);
	int native;

	if (ifindex == 0)
		return guard_fail(err, err_len, -ENODEV, "there is no interface '%s'", interface);
	native = guard_link(guard, ifindex, XDP_FLAGS_DRV_MODE);
	guard->link = native;
	snprintf(guard->mode, sizeof(guard->mode), "native XDP");
	if (native >= 0)
		return 0;
	if (native == -EBUSY || native == -EEXIST)
		return guard_fail(err, err_len, native,
		        "another XDP program is on '%s'; 'ip link show %s' names it, 'ip link set %s xdp off' takes it off",
		        interface, interface, interface);
	guard->link = guard_link(guard, ifindex, XDP_FLAGS_SKB_MODE);
	if (guard->link < 0)
		return guard_fail(err, err_len, guard->link, "XDP cannot be attached to '%s': native: %s; generic: %s", interface,
		        strerror(-native), strerror(-guard->link));
	snprintf(guard->mode, sizeof(guard->mode), "generic XDP, which is slower (native: %s)", strerror(-native));
	return 0;
}

int tp_xdp_guard_attach(const char *instance, const char *port, const char *interface, uint32_t sources, struct tp_xdp_guard **out,
        char *err, size_t err_len)
{
	struct tp_xdp_guard *guard;
	int rc = tp_xdp_guard_load(sources, &guard, err, err_len);
	size_t used;

	if (rc)
		return rc;
	snprintf(guard->instance, sizeof(guard->instance), "%s", instance);
	snprintf(guard->port, sizeof(guard->port), "%s", port);
	rc = guard_attach(guard, interface, err, err_len);
	if (rc) {
		tp_xdp_guard_free(guard);
		*out = NULL;
		return rc;
	}
	rc = pins_put(guard->skeleton->obj, guard->instance, guard->port);
	guard->pinned = rc == 0;
	used = strlen(guard->mode);
	if (rc)
		snprintf(guard->mode + used, sizeof(guard->mode) - used, ", maps not pinned: %s", strerror(-rc));
	*out = guard;
	return 0;
}

const char *tp_xdp_guard_mode(const struct tp_xdp_guard *guard)
{
	return guard->mode;
}

int tp_xdp_guard_program(const struct tp_xdp_guard *guard)
{
	return bpf_program__fd(guard->skeleton->progs.xsk_def_prog);
}

void tp_xdp_guard_detach(struct tp_xdp_guard *guard)
{
	if (guard->link >= 0)
		close(guard->link);
	guard->link = -1;
	if (guard->pinned)
		pins_remove(guard->instance, guard->port);
	guard->pinned = false;
}

void tp_xdp_guard_free(struct tp_xdp_guard *guard)
{
	if (!guard)
		return;
	tp_xdp_guard_detach(guard);
	loaded_unwatch_all(guard);
	guard_bpf__destroy(guard->skeleton);
	free(guard);
}

/* ---- rules --------------------------------------------------------------------------------------------------------------------- */
/* A kind of entry: a key and behind it a value. Keys are added in falling order and deleted in rising order. */
struct guard_shape {
	size_t key, entry, value_at; /* octets */
	int (*compare)(const void *a, const void *b);
};

/*
 * The shorter is the smaller. While the longest of the new prefixes come first, and the shortest of the old ones go first, the longest match of an
 * address is always what it was before or what it will be: a prefix within another one is never seen without it, nor the other one without it.
 */
static int guard_compare_prefix(const void *a, const void *b)
{
	const struct tp_guard_prefix *one = a, *two = b;

	if (one->length != two->length)
		return one->length < two->length ? -1 : 1;
	return memcmp(a, b, sizeof(struct tp_guard_prefix));
}

static int guard_compare_target(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tp_guard_target));
}

static const struct guard_shape guard_shape_prefix = {sizeof(struct tp_guard_prefix), sizeof(struct tp_guard_prefix_entry),
        offsetof(struct tp_guard_prefix_entry, verdict), guard_compare_prefix};
static const struct guard_shape guard_shape_listener = {sizeof(struct tp_guard_target), sizeof(struct tp_guard_listener_entry),
        offsetof(struct tp_guard_listener_entry, listener), guard_compare_target};

/* Writes the keys of the map that are not among the n sorted entries to `others`. Returns how many. */
static unsigned int guard_others(
        int map, const void *entries, unsigned int n, const struct guard_shape *shape, uint8_t *others, unsigned int most)
{
	uint8_t key[64], next[64];
	bool more = bpf_map_get_next_key(map, NULL, next) == 0;
	unsigned int found = 0;

	while (more && found < most) {
		memcpy(key, next, shape->key);
		more = bpf_map_get_next_key(map, key, next) == 0;
		if (n == 0 || !bsearch(key, entries, n, shape->entry, shape->compare))
			memcpy(others + shape->key * found++, key, shape->key);
	}
	return found;
}

/* Deletes what is in the map and not among the n sorted entries. */
static int guard_delete_others(const struct bpf_map *map, const void *entries, unsigned int n, const struct guard_shape *shape)
{
	unsigned int most = bpf_map__max_entries(map), found;
	uint8_t *others = malloc(most * shape->key);
	int rc = 0;

	if (!others)
		return -ENOMEM;
	found = guard_others(bpf_map__fd(map), entries, n, shape, others, most);
	qsort(others, found, shape->key, shape->compare);
	for (unsigned int i = 0; rc == 0 && i < found; i++)
		if (bpf_map_delete_elem(bpf_map__fd(map), others + i * shape->key) && errno != ENOENT)
			rc = -errno;
	free(others);
	return rc;
}

/* What is new comes first, then what is old goes. */
static int guard_replace(const struct bpf_map *map, const void *entries, unsigned int n, const struct guard_shape *shape)
{
	uint8_t *sorted = malloc(n * shape->entry + 1);
	int rc = 0;

	if (!sorted)
		return -ENOMEM;
	if (n) {
		memcpy(sorted, entries, n * shape->entry);
		qsort(sorted, n, shape->entry, shape->compare);
	}
	for (unsigned int i = n; rc == 0 && i-- > 0;) {
		const uint8_t *entry = sorted + i * shape->entry;

		if (bpf_map_update_elem(bpf_map__fd(map), entry, entry + shape->value_at, BPF_ANY))
			rc = -errno;
	}
	if (rc == 0)
		rc = guard_delete_others(map, sorted, n, shape);
	free(sorted);
	return rc;
}

/* Writes the configuration that is not in use, then says that it is. */
static int guard_configure(const struct guard_bpf *skeleton, const struct tp_guard_config *config)
{
	int configs = bpf_map__fd(skeleton->maps.guard_configs), active = bpf_map__fd(skeleton->maps.guard_active);
	struct timespec settle = {.tv_nsec = SETTLE_NS};
	__u32 zero = 0, used, other;

	if (bpf_map_lookup_elem(active, &zero, &used))
		return -errno;
	other = 1 - used;
	if (bpf_map_update_elem(configs, &other, config, BPF_ANY) || bpf_map_update_elem(active, &zero, &other, BPF_ANY))
		return -errno;
	nanosleep(&settle, NULL);
	return 0;
}

int tp_xdp_guard_apply(struct tp_xdp_guard *guard, const struct tp_guard_tables *t)
{
	const struct guard_bpf *s = guard->skeleton;
	int rc = guard_replace(s->maps.guard_listeners, t->listeners, t->n_listeners, &guard_shape_listener);

	if (rc == 0)
		rc = guard_replace(s->maps.guard_prefixes, t->prefixes, t->n_prefixes, &guard_shape_prefix);
	return rc ? rc : guard_configure(s, &t->config);
}

/* ---- counters ------------------------------------------------------------------------------------------------------------------ */
int loaded_sum(const struct bpf_map *map, uint32_t key, uint64_t *sum)
{
	int cpus = libbpf_num_possible_cpus(), rc = 0;
	__u64 *each;

	*sum = 0;
	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(map), &key, each))
		rc = -errno;
	for (int cpu = 0; rc == 0 && cpu < cpus; cpu++)
		*sum += each[cpu];
	free(each);
	return rc;
}

int tp_xdp_guard_counts(const struct tp_xdp_guard *guard, uint64_t counts[TP_GUARD_REASON_COUNT])
{
	int rc = 0;

	memset(counts, 0, TP_GUARD_REASON_COUNT * sizeof(*counts));
	for (uint32_t reason = 0; rc == 0 && reason < TP_GUARD_REASON_COUNT; reason++)
		rc = loaded_sum(guard->skeleton->maps.guard_counts, reason, &counts[reason]);
	return rc;
}
