/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TLS costs the worker, in CPU time of its thread:
 *
 *   tls.handshake           a full TLS 1.3 handshake (X25519, ECDSA P-256), from the ClientHello to an open session and its end, beside what
 *                           `openssl speed` measures for the operations in it: one ECDSA signature and one X25519
 *   tls.handshake.resumed   the same with a session ticket
 *   tls.publish             a record of 200 octets received and deciphered (AES-256-GCM), beside `openssl speed` for AES-256-GCM with 200 octets
 *   tls.idle_bytes          octets of the heap that an open session holds while it waits
 *
 * Only the server's calls count; the client's are between them. The parts take turns with `openssl speed`, and of each the best of TP_RUNS counts.
 * Memory is counted in a process of its own, because counting has a price.
 */
#include <malloc.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tls_rig.h"

#define HANDSHAKES 300
#define RECORDS    8192 /* deciphered between two readings of the clock */
#define ROUNDS     8
#define PAYLOAD    200
#define SESSIONS   500
#define RUNS_MAX   101

struct bench {
	struct tls_tickets *tickets;
	struct tls_context *context;
	uint64_t heap; /* octets OpenSSL and the session hold, as malloc rounds them */
	int runs;
};

static struct bench bench;

static void perf_die(const char *what)
{
	fprintf(stderr, "tls_perf: %s\n", what);
	exit(1);
}

static double perf_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double perf_best(const double *values, int n)
{
	double best = values[0];

	for (int i = 1; i < n; i++)
		best = values[i] < best ? values[i] : best;
	return best;
}

/* ---- openssl speed ------------------------------------------------------------------------------------------------------------------- */
/* Runs it with -mr; the field-th number behind the last line that starts with `line`. 0 where there is none. */
static double perf_speed(const char *arguments, const char *line, int field)
{
	char command[256], text[512];
	double found = 0;
	FILE *f;

	snprintf(command, sizeof(command), "openssl speed -mr -seconds 1 %s 2>/dev/null", arguments);
	f = popen(command, "r");
	while (f != NULL && fgets(text, sizeof(text), f) != NULL) {
		char *p = text;

		if (strncmp(text, line, strlen(line)) != 0)
			continue;
		for (int i = 0; i < field && p != NULL; i++) {
			p = strchr(p, ':');
			p = p == NULL ? NULL : p + 1;
		}
		found = p == NULL ? 0 : strtod(p, NULL);
	}
	if (f == NULL || pclose(f) != 0 || found <= 0)
		perf_die("openssl speed says nothing; is the package openssl installed?");
	return found;
}

/* Nanoseconds of one P-256 signature and one X25519. Its lines: +F4:n:bits:signatures a second:..., +F5:n:bits:operations a second:... */
static double perf_speed_handshake(void)
{
	return 1e9 / perf_speed("ecdsap256", "+F4:", 3) + 1e9 / perf_speed("ecdhx25519", "+F5:", 3);
}

/* Nanoseconds of a record's octets. Its line: +F:n:name:octets a second. */
static double perf_speed_record(void)
{
	char arguments[64];

	snprintf(arguments, sizeof(arguments), "-evp aes-256-gcm -decrypt -bytes %d", PAYLOAD);
	return 1e9 * PAYLOAD / perf_speed(arguments, "+F:", 3);
}

/* ---- handshakes ------------------------------------------------------------------------------------------------------------------------ */
static double perf_deliver(struct rig *r)
{
	enum tls_state state;
	double start = perf_cpu_ns();
	uint32_t taken = tls_input(r->server, r->waiting, r->waiting_n, &state);

	if (state == TLS_PENDING)
		tls_step(r->server);
	start = perf_cpu_ns() - start;
	if (taken != r->waiting_n)
		perf_die("octets were not taken");
	r->waiting_n = 0;
	return start;
}

/* The server's part of one handshake, ns, without making and ending the session. */
static double perf_shake(struct rig *r)
{
	double spent = 0;

	for (int flight = 0; flight < 2; flight++) {
		rig_client_turn(r);
		rig_collect(r);
		spent += perf_deliver(r);
	}
	rig_client_turn(r);
	if (tls_state(r->server) != TLS_OPEN)
		perf_die(tls_error(r->server));
	return spent;
}

/* The next ticket takes the place of the one that was used: a client uses each once (RFC 8446, C.4). */
static void perf_next_ticket(struct rig *r, SSL_SESSION **ticket)
{
	SSL_SESSION_free(*ticket);
	*ticket = r->ticket;
	r->ticket = NULL;
}

/* The whole, with the session made and ended; resumed where there is a ticket. */
static double perf_one(SSL_SESSION **ticket)
{
	struct rig *r =
	        rig_new(bench.context, &(struct rig_client){.version = TLS1_3_VERSION, .session = ticket == NULL ? NULL : *ticket});
	struct tls_io io = {.plain = rig_plain, .wire = rig_wire, .ctx = r};
	double start, spent;

	tls_free(r->server);
	start = perf_cpu_ns();
	r->server = tls_new(bench.context, &io);
	spent = perf_cpu_ns() - start;
	spent += perf_shake(r);
	if (tls_resumed(r->server) != (ticket != NULL))
		perf_die("not the handshake that was meant");
	if (ticket != NULL)
		perf_next_ticket(r, ticket);
	start = perf_cpu_ns();
	tls_free(r->server);
	spent += perf_cpu_ns() - start;
	r->server = NULL;
	rig_free(r);
	return spent;
}

static double perf_handshakes(SSL_SESSION **ticket)
{
	double spent = 0;

	for (int i = 0; i < HANDSHAKES; i++)
		spent += perf_one(ticket);
	return spent / HANDSHAKES;
}

static SSL_SESSION *perf_ticket(void)
{
	struct rig *r = rig_new(bench.context, &(struct rig_client){.version = TLS1_3_VERSION});
	SSL_SESSION *ticket;

	perf_shake(r);
	ticket = r->ticket;
	if (ticket == NULL)
		perf_die("no ticket");
	r->ticket = NULL;
	rig_free(r);
	return ticket;
}

static void perf_row(const char *name, double value, const char *unit, const char *reference, double beside)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"reference\": %s%s%s, \"ratio\": ", name, value, unit,
	        reference == NULL ? "null" : "\"", reference == NULL ? "" : reference, reference == NULL ? "" : "\"");
	if (beside > 0)
		printf("%.3f, \"reference_value\": %.1f, \"runs\": %d}\n", value / beside, beside, bench.runs);
	else
		printf("null, \"runs\": %d}\n", bench.runs);
	fflush(stdout);
}

static void perf_measure_handshakes(void)
{
	double full[RUNS_MAX], resumed[RUNS_MAX], speed[RUNS_MAX], beside;
	SSL_SESSION *ticket = perf_ticket();

	for (int i = 0; i < bench.runs; i++) {
		full[i] = perf_handshakes(NULL);
		speed[i] = perf_speed_handshake();
		resumed[i] = perf_handshakes(&ticket);
	}
	SSL_SESSION_free(ticket);
	beside = perf_best(speed, bench.runs);
	perf_row(
	        "tls.handshake", perf_best(full, bench.runs), "ns/handshake", "openssl speed: ecdsap256 sign + ecdhx25519", beside);
	perf_row("tls.handshake.resumed", perf_best(resumed, bench.runs), "ns/handshake",
	        "openssl speed: ecdsap256 sign + ecdhx25519", beside);
}

/* ---- records ------------------------------------------------------------------------------------------------------------------------------ */
static double perf_records(struct rig *r)
{
	uint8_t payload[PAYLOAD];
	double spent = 0;

	rig_fill(payload, sizeof(payload), 1);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t record, at = 0;
		double start;

		r->said_n = 0;
		rig_client_say(r, payload, sizeof(payload));
		record = r->waiting_n;
		for (int i = 1; i < RECORDS; i++)
			rig_client_say(r, payload, sizeof(payload));
		if (r->waiting_n != record * RECORDS)
			perf_die("records are not of one size");
		start = perf_cpu_ns();
		for (; at < r->waiting_n; at += record) {
			enum tls_state state;

			tls_input(r->server, r->waiting + at, record, &state);
		}
		spent += perf_cpu_ns() - start;
		if (r->said_n != RECORDS * PAYLOAD || memcmp(r->said + r->said_n - PAYLOAD, payload, PAYLOAD) != 0)
			perf_die("what was said is not what came out");
		r->waiting_n = 0;
	}
	return spent / ROUNDS / RECORDS;
}

static void perf_measure_records(void)
{
	double ours[RUNS_MAX], speed[RUNS_MAX];
	struct rig *r = rig_new(bench.context, &(struct rig_client){.version = TLS1_3_VERSION});

	perf_shake(r);
	if (strcmp(SSL_get_cipher_name(r->client), "TLS_AES_256_GCM_SHA384") != 0)
		perf_die("another cipher suite");
	for (int i = 0; i < bench.runs; i++) {
		ours[i] = perf_records(r);
		speed[i] = perf_speed_record();
	}
	rig_free(r);
	perf_row("tls.publish", perf_best(ours, bench.runs), "ns/record", "openssl speed: aes-256-gcm, 200 octets",
	        perf_best(speed, bench.runs));
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------------------- */
static void *heap_new(size_t n, const char *file, int line)
{
	void *p = malloc(n);

	(void)file;
	(void)line;
	bench.heap += p == NULL ? 0 : malloc_usable_size(p);
	return p;
}

static void heap_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	bench.heap -= p == NULL ? 0 : malloc_usable_size(p);
	free(p);
}

static void *heap_change(void *p, size_t n, const char *file, int line)
{
	size_t before = p == NULL ? 0 : malloc_usable_size(p);
	void *changed = realloc(p, n);

	(void)file;
	(void)line;
	if (changed != NULL || n == 0)
		bench.heap += (changed == NULL ? 0 : malloc_usable_size(changed)) - before;
	return changed;
}

/* Opens sessions and lets their clients go, so that what stays is the server's. struct tls is not OpenSSL's and is counted by itself. */
static void perf_measure_memory(void)
{
	struct tls *sessions[SESSIONS];
	uint64_t before = 0;

	for (int i = 0; i < SESSIONS; i++) {
		struct rig *r = rig_new(bench.context, &(struct rig_client){.version = TLS1_3_VERSION});

		perf_shake(r);
		rig_client_say(r, "idle", 4);
		perf_deliver(r);
		sessions[i] = r->server;
		r->server = NULL;
		rig_free(r);
		if (i == 0)
			before = bench.heap;
	}
	perf_row("tls.idle_bytes", (double)(bench.heap - before) / (SESSIONS - 1) + (double)malloc_usable_size(sessions[0]),
	        "octets/session", NULL, 0);
	for (int i = 0; i < SESSIONS; i++)
		tls_free(sessions[i]);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */
static void perf_context(void)
{
	char path[] = "/tmp/tls_perf.XXXXXX", err[512];
	struct certs_pair own = certs_make(&(struct certs_want){.cn = "turnpike"}, NULL);
	struct tls_spec spec = {.certificate = path, .key = path};
	int fd = mkstemp(path);

	if (fd < 0)
		perf_die("no temporary file");
	close(fd);
	spec.tickets = bench.tickets = tls_tickets_new();
	if (bench.tickets == NULL)
		perf_die("no keys of tickets");
	certs_write(path, own.cert, own.key, NULL);
	if (tls_context_new(&spec, &bench.context, err, sizeof(err)) != 0)
		perf_die(err);
	unlink(path);
	certs_free(&own);
}

/* In a child, as OpenSSL's memory can be counted only from the start. */
static void perf_memory(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (CRYPTO_set_mem_functions(heap_new, heap_change, heap_free) != 1)
			perf_die("OpenSSL's memory is already in use");
		perf_context();
		perf_measure_memory();
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		perf_die("memory could not be measured");
}

int main(void)
{
	const char *runs = getenv("TP_RUNS");

	bench.runs = runs == NULL ? 5 : atoi(runs);
	if (bench.runs < 1 || bench.runs > RUNS_MAX)
		perf_die("TP_RUNS is not within 1 to 101");
	perf_memory();
	perf_context();
	perf_measure_handshakes();
	perf_measure_records();
	tls_context_free(bench.context);
	tls_tickets_free(bench.tickets);
	return 0;
}
