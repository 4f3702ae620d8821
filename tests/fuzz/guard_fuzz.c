/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target for the verdict of steering and guard (bpf/include/tp_guard_verdict.h) with the tables of a worker: the input is rules, then frames with the
 * time between them. Each frame lies in memory that ends where it does. It is judged twice, with the rules and without them, by two workers that saw the same
 * frames. Whatever comes:
 *
 *   what is the kernel's is so with and without rules, under the same name: no rule locks anybody out of the host
 *   what is dropped would have been taken, and by a rule of a kind that there is; ARP and neighbour discovery are never dropped
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "packet_guard.h"

#define PREFIXES  15
#define LISTENERS 7
#define FRAME_MAX 700
#define PORT      1

enum { RATE_SOURCE = 1, RATE_SYN = 2, RATE_LISTENER = 4 };

struct fuzz {
	const uint8_t *p, *end;
	unsigned int rates; /* of the enum above */
	uint64_t now;
	struct tp_guard_prefix_entry prefixes[PREFIXES];
	struct tp_guard_listener_entry listeners[LISTENERS];
	struct tp_guard_tables tables;
};

/* One of the two workers. */
struct fuzz_judge {
	struct tp_guard_rules *rules;
	struct tp_guard_state *state;
};

static uint32_t fuzz_take(struct fuzz *f, unsigned int octets)
{
	return fuzz_octets(&f->p, f->end, octets);
}

/* ---- rules --------------------------------------------------------------------------------------------------------------------- */
/* The addresses of tests/vectors/guard. */
static void fuzz_addresses(struct tp_guard_config *config)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

	config->n_ip4 = config->n_ip6 = 2;
	EXPECT(inet_pton(AF_INET, "192.0.2.1", &config->ip4[0]) == 1 && inet_pton(AF_INET, "192.0.2.2", &config->ip4[1]) == 1);
	EXPECT(inet_pton(AF_INET6, "2001:db8::1", config->ip6[0]) == 1 && inet_pton(AF_INET6, "fe80::1", config->ip6[1]) == 1);
	memcpy(config->mac, mac, sizeof(mac));
}

static struct tp_guard_rate fuzz_rate(struct fuzz *f, unsigned int kind)
{
	uint64_t interval = fuzz_take(f, 3) + 1, burst = fuzz_take(f, 1);

	return f->rates & kind ? (struct tp_guard_rate){interval, interval * burst} : (struct tp_guard_rate){0};
}

static void fuzz_prefix(struct fuzz *f, struct tp_guard_prefix_entry *entry)
{
	uint32_t what = fuzz_take(f, 1), length = fuzz_take(f, 1), addr = htonl(fuzz_take(f, 4));

	entry->prefix.family = what & 1 ? 6 : 4;
	entry->prefix.length = 8 + length % (what & 1 ? 129 : 33);
	memcpy(entry->prefix.addr, &addr, sizeof(addr));
	entry->verdict = what & 2 ? TP_GUARD_DENY : TP_GUARD_ALLOW;
}

static void fuzz_listener(struct fuzz *f, uint32_t bucket)
{
	struct tp_guard_listener_entry *entry = &f->listeners[bucket - 1];
	uint32_t what = fuzz_take(f, 1);

	entry->target.protocol = what & 1 ? 6 : 17;
	entry->target.port = htons((uint16_t)fuzz_take(f, 2));
	if (what & 2) {
		entry->target.family = what & 4 ? 6 : 4;
		memcpy(entry->target.addr, what & 4 ? f->tables.config.ip6[what >> 3 & 1] : &f->tables.config.ip4[what >> 3 & 1],
		        what & 4 ? 16 : 4);
	}
	entry->listener.rate = fuzz_rate(f, RATE_LISTENER);
	entry->listener.bucket = bucket;
}

static void fuzz_rules(struct fuzz *f)
{
	struct tp_guard_tables *t = &f->tables;

	t->config.flags =
	        fuzz_take(f, 1) & (TP_GUARD_ON | TP_GUARD_OWN | TP_GUARD_ANY_ADDRESS | TP_GUARD_MAC | TP_GUARD_HAS_PREFIXES);
	fuzz_addresses(&t->config);
	f->rates = fuzz_take(f, 1);
	t->config.source = fuzz_rate(f, RATE_SOURCE);
	t->config.syn = fuzz_rate(f, RATE_SYN);
	t->config.fragment = fuzz_take(f, 4);
	t->n_prefixes = fuzz_take(f, 1) % (PREFIXES + 1);
	for (unsigned int i = 0; i < t->n_prefixes; i++)
		fuzz_prefix(f, &f->prefixes[i]);
	t->n_listeners = fuzz_take(f, 1) % (LISTENERS + 1);
	for (uint32_t i = 0; i < t->n_listeners; i++)
		fuzz_listener(f, i + 1);
	t->prefixes = f->prefixes;
	t->listeners = f->listeners;
}

/* ---- frames -------------------------------------------------------------------------------------------------------------------- */
static struct fuzz_judge fuzz_judge_new(const struct tp_guard_tables *tables)
{
	struct fuzz_judge j = {tp_guard_rules_new(tables), tp_guard_state_new(8)};

	EXPECT(j.rules && j.state);
	*tp_guard_rules_config(j.rules, PORT) = tables->config;
	return j;
}

static void fuzz_judge_free(struct fuzz_judge *j)
{
	tp_guard_rules_free(j->rules);
	tp_guard_state_free(j->state);
}

/* The same steering, and nothing that drops. */
static struct fuzz_judge fuzz_without_rules(const struct fuzz *f)
{
	struct tp_guard_listener_entry listeners[LISTENERS];
	struct tp_guard_tables t = f->tables;

	memcpy(listeners, f->listeners, sizeof(listeners));
	for (unsigned int i = 0; i < t.n_listeners; i++)
		listeners[i].listener.rate = (struct tp_guard_rate){0};
	t.listeners = listeners;
	t.config.flags &= ~(uint32_t)TP_GUARD_HAS_PREFIXES;
	t.config.source = t.config.syn = (struct tp_guard_rate){0};
	return fuzz_judge_new(&t);
}

static void fuzz_check(const struct fuzz *f, uint32_t verdict, uint32_t without)
{
	const struct tp_guard_config *config = &f->tables.config;

	EXPECT(verdict < TP_GUARD_no_socket && without < TP_GUARD_no_socket);
	EXPECT((config->flags & TP_GUARD_ON) || verdict == TP_GUARD_kernel_off);
	EXPECT(tp_guard_action_of(verdict) == TP_GUARD_DROP ? without == TP_GUARD_taken : verdict == without);
	EXPECT(verdict != TP_GUARD_guard_denied || ((config->flags & TP_GUARD_HAS_PREFIXES) && f->tables.n_prefixes));
	EXPECT(verdict != TP_GUARD_guard_source_rate || (f->rates & RATE_SOURCE));
	EXPECT(verdict != TP_GUARD_guard_syn_rate || (f->rates & RATE_SYN));
	EXPECT(verdict != TP_GUARD_guard_listener_rate || (f->rates & RATE_LISTENER));
}

static void fuzz_frame(struct fuzz *f, const struct fuzz_judge *with, const struct fuzz_judge *without)
{
	uint32_t later = fuzz_take(f, 1), n = fuzz_take(f, 2) % FRAME_MAX;
	uint8_t *frame;

	if (n > (size_t)(f->end - f->p))
		n = (uint32_t)(f->end - f->p);
	frame = malloc(n ? n : 1);
	EXPECT(frame);
	memcpy(frame, f->p, n);
	f->p += n;
	f->now += UINT64_C(1) << later % 40;
	fuzz_check(f, tp_guard_judge(with->rules, with->state, PORT, f->now, frame, n),
	        tp_guard_judge(without->rules, without->state, PORT, f->now, frame, n));
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {.p = data, .end = data + size, .now = 1};
	struct fuzz_judge with, without;

	fuzz_rules(&f);
	with = fuzz_judge_new(&f.tables);
	without = fuzz_without_rules(&f);
	while (f.p < f.end)
		fuzz_frame(&f, &with, &without);
	fuzz_judge_free(&with);
	fuzz_judge_free(&without);
	return 0;
}
