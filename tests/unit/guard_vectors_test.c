/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steering and guard: every frame of tests/vectors/guard through the XDP program in the kernel (BPF_PROG_TEST_RUN) and through the function of the graph
 * node. Both must give the verdict of the file, which says how it is written. Where this process may not load BPF programs, that half is skipped and
 * reported so.
 *
 * Usage: guard_vectors_test FOLDER
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "guard.h"
#include "packet_guard.h"

#define RULES_MAX   64
#define FRAME_MAX   2048
#define LINE_MAX_   8192
#define FOREVER     UINT64_C(3600000000000) /* a token in ns, or in ticks */
#define NODE_NOW    (100 * FOREVER)
#define NS          UINT64_C(1000000000)
#define VECTORS_MIN 200

static const char *folder;

/* One setup of a file. */
struct setup {
	struct tp_guard_config config;
	struct tp_guard_prefix_entry prefixes[RULES_MAX];
	struct tp_guard_listener_entry listeners[RULES_MAX];
	unsigned int n_prefixes, n_listeners;
};

/* Who is asked: the kernel or the node. */
struct judge {
	const char *name;
	void (*begin)(const struct setup *setup);
	uint32_t (*judge)(const uint8_t *frame, uint32_t n);
	void (*wait)(uint64_t ns);
	void (*end)(void);
	uint32_t least; /* octets of a frame */
};

#define REASON_NAME(name, action, help) #name,
static const char *const reason_names[] = {TP_GUARD_REASONS(REASON_NAME)};

/* ---- the kernel ---------------------------------------------------------------------------------------------------------------- */
static struct tp_xdp_guard *xdp;

static struct tp_guard_tables tables_of(const struct setup *s)
{
	return (struct tp_guard_tables){.config = s->config,
	        .prefixes = s->prefixes,
	        .n_prefixes = s->n_prefixes,
	        .listeners = s->listeners,
	        .n_listeners = s->n_listeners};
}

static void xdp_begin(const struct setup *setup)
{
	struct tp_guard_tables tables = tables_of(setup);
	char err[512] = "";

	tp_xdp_guard_free(xdp);
	if (tp_xdp_guard_load(1024, &xdp, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(tp_xdp_guard_apply(xdp, &tables), 0);
}

/* What the program returns must be what its count says; nobody has a socket, so what is the appliance's ends at the kernel. */
static void xdp_check_action(uint32_t reason, uint32_t action, bool no_socket)
{
	assert_int_equal(action, tp_guard_action_of(reason) == TP_GUARD_DROP ? XDP_DROP : XDP_PASS);
	assert_int_equal(no_socket, tp_guard_action_of(reason) == TP_GUARD_APPLIANCE);
}

static uint32_t xdp_judge(const uint8_t *frame, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = n, .repeat = 1);
	uint64_t before[TP_GUARD_REASON_COUNT], after[TP_GUARD_REASON_COUNT];
	uint32_t found = TP_GUARD_REASON_COUNT;

	assert_int_equal(tp_xdp_guard_counts(xdp, before), 0);
	assert_int_equal(bpf_prog_test_run_opts(tp_xdp_guard_program(xdp), &run), 0);
	assert_int_equal(tp_xdp_guard_counts(xdp, after), 0);
	for (uint32_t i = 0; i < TP_GUARD_no_socket; i++) {
		if (after[i] == before[i])
			continue;
		assert_int_equal(after[i] - before[i], 1);
		assert_int_equal(found, TP_GUARD_REASON_COUNT);
		found = i;
	}
	assert_int_not_equal(found, TP_GUARD_REASON_COUNT);
	xdp_check_action(found, run.retval, after[TP_GUARD_no_socket] != before[TP_GUARD_no_socket]);
	return found;
}

/* The kernel's clock is its own. */
static void xdp_wait(uint64_t ns)
{
	struct timespec rest = {.tv_sec = (time_t)(ns / NS), .tv_nsec = (long)(ns % NS)};

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

static void xdp_end(void)
{
	tp_xdp_guard_free(xdp);
	xdp = NULL;
}

/* ---- the node ------------------------------------------------------------------------------------------------------------------ */
static struct tp_guard_rules *rules;
static struct tp_guard_state *state;
static struct guard page;
static uint64_t node_now;

static void node_end(void)
{
	tp_guard_rules_free(rules);
	tp_guard_state_free(state);
	rules = NULL;
	state = NULL;
}

static void node_begin(const struct setup *setup)
{
	struct tp_guard_tables tables = tables_of(setup);

	node_end();
	rules = tp_guard_rules_new(&tables);
	state = tp_guard_state_new(1024);
	assert_non_null(rules);
	assert_non_null(state);
	*tp_guard_rules_config(rules, 3) = setup->config;
	node_now = NODE_NOW;
}

static void node_wait(uint64_t ns)
{
	node_now += ns;
}

/* The frame ends at a page that nobody may read. */
static uint32_t node_judge(const uint8_t *frame, uint32_t n)
{
	uint8_t *at = page.map + page.size - n;

	memcpy(at, frame, n);
	return tp_guard_judge(rules, state, 3, node_now, at, n);
}

/* ---- files --------------------------------------------------------------------------------------------------------------------- */
static struct tp_guard_rate bucket_of(const char *text)
{
	return (struct tp_guard_rate){FOREVER, FOREVER * (text ? strtoul(text, NULL, 10) : 0)};
}

static uint8_t read_address(const char *text, void *addr)
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, text, addr) == 1)
		return 4;
	assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
	return 6;
}

static void read_prefix(struct setup *s, char *text, uint32_t verdict)
{
	struct tp_guard_prefix_entry *entry = &s->prefixes[s->n_prefixes++];
	char *slash = strchr(text, '/');

	assert_true(s->n_prefixes <= RULES_MAX);
	if (slash)
		*slash = '\0';
	entry->verdict = verdict;
	entry->prefix.family = read_address(text, entry->prefix.addr);
	entry->prefix.length = 8 + (slash ? (uint32_t)strtoul(slash + 1, NULL, 10) : entry->prefix.family == 4 ? 32 : 128);
	s->config.flags |= TP_GUARD_HAS_PREFIXES;
}

static void read_listener(struct setup *s, char **rest)
{
	struct tp_guard_listener_entry *entry = &s->listeners[s->n_listeners];
	const char *protocol = strsep(rest, " "), *address = strsep(rest, " "), *port = strsep(rest, " "), *burst = *rest;

	assert_true(s->n_listeners < RULES_MAX);
	entry->target.protocol = strcmp(protocol, "udp") == 0 ? 17 : 6;
	if (strcmp(address, "any") != 0)
		entry->target.family = read_address(address, entry->target.addr);
	entry->target.port = htons((uint16_t)strtoul(port, NULL, 10));
	entry->listener.bucket = ++s->n_listeners;
	if (burst)
		entry->listener.rate = bucket_of(burst);
}

static void read_setup(struct setup *s, const char *mode)
{
	memset(s, 0, sizeof(*s));
	if (strcmp(mode, "own") == 0)
		s->config.flags = TP_GUARD_ON | TP_GUARD_OWN;
	else if (strcmp(mode, "shared") == 0)
		s->config.flags = TP_GUARD_ON;
	else if (strcmp(mode, "any") == 0)
		s->config.flags = TP_GUARD_ON | TP_GUARD_ANY_ADDRESS;
	else
		assert_string_equal(mode, "off");
	s->config.fragment = FOREVER;
}

static void read_own_address(struct setup *s, const char *text)
{
	uint32_t addr[4];

	if (read_address(text, addr) == 4)
		s->config.ip4[s->config.n_ip4++] = addr[0];
	else
		memcpy(s->config.ip6[s->config.n_ip6++], addr, 16);
}

static void read_mac(struct setup *s, const char *text)
{
	unsigned int m[6];

	assert_int_equal(sscanf(text, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]), 6);
	for (int i = 0; i < 6; i++)
		s->config.mac[i] = (uint8_t)m[i];
	s->config.flags |= TP_GUARD_MAC;
}

static void read_rule(struct setup *s, const char *word, char *rest)
{
	if (strcmp(word, "setup") == 0)
		read_setup(s, rest);
	else if (strcmp(word, "address") == 0)
		read_own_address(s, rest);
	else if (strcmp(word, "mac") == 0)
		read_mac(s, rest);
	else if (strcmp(word, "listen") == 0)
		read_listener(s, &rest);
	else if (strcmp(word, "deny") == 0 || strcmp(word, "allow") == 0)
		read_prefix(s, rest, *word == 'd' ? TP_GUARD_DENY : TP_GUARD_ALLOW);
	else if (strcmp(word, "source") == 0)
		s->config.source = bucket_of(rest);
	else if (strcmp(word, "syn") == 0)
		s->config.syn = bucket_of(rest);
	else if (strcmp(word, "fragments") == 0)
		s->config.fragment = strtoull(rest, NULL, 10) * (NS / 1000);
	else
		fail_msg("unknown word '%s'", word);
}

static uint32_t read_frame(const char *text, uint8_t *frame)
{
	uint32_t n = (uint32_t)strlen(text) / 2;

	assert_true(n <= FRAME_MAX);
	for (uint32_t i = 0; i < n; i++) {
		char two[3] = {text[2 * i], text[2 * i + 1], 0};

		frame[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

/* NAME | VERDICT | HEX */
static unsigned int check_packet(const struct judge *judge, const char *file, char *text)
{
	char *bar = strstr(text, " | "), *verdict = bar + 3, *hex;
	uint8_t frame[FRAME_MAX];
	uint32_t n, found;

	assert_non_null(bar);
	*bar = '\0';
	hex = strstr(verdict, " | ");
	assert_non_null(hex);
	*hex = '\0';
	n = read_frame(hex + 3, frame);
	if (n < judge->least)
		return 0;
	found = judge->judge(frame, n);
	if (found >= TP_GUARD_REASON_COUNT || strcmp(reason_names[found], verdict) != 0)
		fail_msg("%s: %s: %s says %s, expected %s", file, text, judge->name,
		        found < TP_GUARD_REASON_COUNT ? reason_names[found] : "nothing", verdict);
	return 1;
}

static unsigned int check_file(const struct judge *judge, const char *name)
{
	char path[4096], line[LINE_MAX_];
	unsigned int vectors = 0;
	struct setup setup;
	bool begun = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *rest = line, *word;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		word = strsep(&rest, " ");
		if (strcmp(word, "wait") == 0) {
			judge->wait(strtoull(rest, NULL, 10) * (NS / 1000));
			continue;
		}
		if (strcmp(word, "packet") != 0) {
			begun = false;
			read_rule(&setup, word, rest);
			continue;
		}
		if (!begun)
			judge->begin(&setup);
		begun = true;
		vectors += check_packet(judge, name, rest);
	}
	fclose(file);
	return vectors;
}

static void check_all(const struct judge *judge)
{
	DIR *dir = opendir(folder);
	unsigned int vectors = 0;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".txt") == 0)
			vectors += check_file(judge, entry->d_name);
	}
	closedir(dir);
	judge->end();
	print_message("%s: %u vectors\n", judge->name, vectors);
	assert_true(vectors >= VECTORS_MIN);
}

static void node_gives_the_verdicts(void **unused)
{
	static const struct judge judge = {"the node", node_begin, node_judge, node_wait, node_end, 0};

	(void)unused;
	page = guard_new(4096);
	check_all(&judge);
}

static void xdp_program_gives_the_verdicts(void **unused)
{
	static const struct judge judge = {"the XDP program", xdp_begin, xdp_judge, xdp_wait, xdp_end, 14};
	char err[512] = "";
	int rc = tp_xdp_guard_load(64, &xdp, err, sizeof(err));

	(void)unused;
	if (rc == -EPERM || rc == -ENOSYS) { /* -EACCES is what the verifier says of a program that it does not take */
		print_message("skipped: %s\n", err);
		skip();
	}
	if (rc)
		fail_msg("%s", err);
	check_all(&judge);
}

/* ---- rules that change --------------------------------------------------------------------------------------------------------- */
/* UDP from 10.1.2.3 to 192.0.2.1, port 46800. */
static const uint8_t datagram[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 2,
        3, 192, 0, 2, 1, 0x9c, 0x40, 0xb6, 0xd0, 0, 8, 0, 0};

static struct setup setup_own(void)
{
	struct setup s;

	read_setup(&s, "own");
	read_own_address(&s, "192.0.2.1");
	return s;
}

/* A source that has used up a slow rate has no more to wait for than the new one says. */
static void node_forgives_debts_of_a_slower_rate(void **unused)
{
	struct setup s = setup_own();
	struct tp_guard_rate *rate;
	uint64_t now = NODE_NOW;

	(void)unused;
	s.config.source = (struct tp_guard_rate){.interval = 1000000, .tolerance = 4 * 1000000};
	node_begin(&s);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tp_guard_judge(rules, state, 3, now, datagram, sizeof(datagram)), TP_GUARD_taken);
	assert_int_equal(tp_guard_judge(rules, state, 3, now, datagram, sizeof(datagram)), TP_GUARD_guard_source_rate);
	rate = &tp_guard_rules_config(rules, 3)->source;
	*rate = (struct tp_guard_rate){.interval = 10, .tolerance = 40};
	assert_int_equal(tp_guard_judge(rules, state, 3, now, datagram, sizeof(datagram)), TP_GUARD_guard_source_rate);
	now += 10;
	assert_int_equal(tp_guard_judge(rules, state, 3, now, datagram, sizeof(datagram)), TP_GUARD_taken);
	assert_int_equal(tp_guard_judge(rules, state, 3, now, datagram, sizeof(datagram)), TP_GUARD_guard_source_rate);
	node_end();
}

/* IPv6, UDP. */
static uint32_t judge_ip6_of(const uint8_t from[16])
{
	uint8_t frame[62] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60, [19] = 8, [20] = 17, [21] = 64};

	memcpy(frame + 22, from, 16);
	memcpy(frame + 38, (const uint8_t[]){0x20, 1, 0xd, 0xb8, [15] = 1}, 16);
	return tp_guard_judge(rules, state, 3, NODE_NOW, frame, sizeof(frame));
}

/* The unspecified /64 is a source like any other: a new one in its set does not give it a full bucket. */
static void node_limits_the_unspecified_prefix(void **unused)
{
	const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 9},
	              other[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
	struct setup s = setup_own();

	(void)unused;
	read_own_address(&s, "2001:db8::1");
	s.config.source = bucket_of("1");
	node_begin(&s);
	tp_guard_state_free(state);
	state = tp_guard_state_new(4); /* one set */
	assert_non_null(state);
	assert_int_equal(judge_ip6_of(mapped), TP_GUARD_taken);
	assert_int_equal(judge_ip6_of(mapped), TP_GUARD_guard_source_rate);
	assert_int_equal(judge_ip6_of(other), TP_GUARD_taken);
	assert_int_equal(judge_ip6_of(mapped), TP_GUARD_guard_source_rate);
	node_end();
}

/* 10/8 is denied and 10.1/16 in it allowed; thousands of others make it slow. */
#define CROWD 8000
static struct tp_guard_prefix_entry *crowd_new(void)
{
	struct tp_guard_prefix_entry *entries = calloc(CROWD + 2, sizeof(*entries));

	assert_non_null(entries);
	for (unsigned int i = 0; i < CROWD + 2; i++) {
		entries[i].prefix = (struct tp_guard_prefix){
		        .length = 8 + 20, .family = 4, .addr = {172, (uint8_t)(i >> 4), (uint8_t)(i << 4)}};
		if (i >> 12)
			entries[i].prefix.addr[0] = 173;
		entries[i].verdict = TP_GUARD_DENY;
	}
	entries[0].prefix = (struct tp_guard_prefix){.length = 8 + 8, .family = 4, .addr = {10}};
	entries[CROWD + 1].prefix = (struct tp_guard_prefix){.length = 8 + 16, .family = 4, .addr = {10, 1}};
	entries[CROWD + 1].verdict = TP_GUARD_ALLOW;
	return entries;
}

static bool crowd_done;

static void *crowd_change(void *arg)
{
	struct setup s = setup_own();
	struct tp_guard_tables none = tables_of(&s), all;
	long failed = 0;

	s.config.flags |= TP_GUARD_HAS_PREFIXES;
	none.config = s.config;
	all = none;
	all.prefixes = arg;
	all.n_prefixes = CROWD + 2;
	for (int i = 0; i < 3; i++)
		failed |= tp_xdp_guard_apply(xdp, &all) | tp_xdp_guard_apply(xdp, &none);
	__atomic_store_n(&crowd_done, true, __ATOMIC_RELEASE);
	return (void *)failed;
}

/* A source that may send before and after a change may send during it, too. */
static void xdp_program_has_no_gap_in_prefixes(void **unused)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = datagram, .data_size_in = sizeof(datagram), .repeat = 1);
	struct tp_guard_prefix_entry *entries = crowd_new();
	struct setup s = setup_own();
	unsigned int denied = 0, runs = 0;
	char err[512] = "";
	pthread_t thread;
	void *failed;
	int rc = tp_xdp_guard_load(64, &xdp, err, sizeof(err));

	(void)unused;
	if (rc == -EPERM || rc == -ENOSYS) { /* -EACCES is what the verifier says of a program that it does not take */
		print_message("skipped: %s\n", err);
		free(entries);
		skip();
	}
	assert_int_equal(tp_xdp_guard_apply(xdp, &(struct tp_guard_tables){.config = s.config}), 0);
	assert_int_equal(pthread_create(&thread, NULL, crowd_change, entries), 0);
	for (; !__atomic_load_n(&crowd_done, __ATOMIC_ACQUIRE); runs++) {
		assert_int_equal(bpf_prog_test_run_opts(tp_xdp_guard_program(xdp), &run), 0);
		denied += run.retval == XDP_DROP;
	}
	pthread_join(thread, &failed);
	print_message("%u packets while prefixes changed\n", runs);
	assert_null(failed);
	assert_int_equal(denied, 0);
	xdp_end();
	free(entries);
}

/* libbpf tells of a section that only libxdp knows. */
static int print_warnings(enum libbpf_print_level level, const char *format, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, ap) : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(node_gives_the_verdicts),
	        cmocka_unit_test(xdp_program_gives_the_verdicts),
	        cmocka_unit_test(node_forgives_debts_of_a_slower_rate),
	        cmocka_unit_test(node_limits_the_unspecified_prefix),
	        cmocka_unit_test(xdp_program_has_no_gap_in_prefixes),
	};

	if (argc != 2)
		return 2;
	folder = argv[1];
	libbpf_set_print(print_warnings);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
