/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TLS session and OpenSSL's client, with the input as the fate of what is between them: fragments of any size, octets that are changed, left out,
 * put in; plain octets that are not taken, a wire that refuses. Whatever happens, what the session gives on is what the client said, from its
 * start and without a gap; the input alone (no client) never opens a session.
 */
#include <stddef.h>
#include <stdint.h>

#include "tls_rig.h"

#define FUZZ_SAID (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fate {
	const uint8_t *p;
	size_t n;
};

enum fuzz_act {
	ACT_DELIVER,
	ACT_CHANGE,
	ACT_DROP,
	ACT_INSERT,
	ACT_STEP,
	ACT_CLIENT,
	ACT_SAY,
	ACT_SEND,
	ACT_PLAIN_ROOM,
	ACT_WIRE_ROOM,
	ACT_RESUME,
	ACT_RUN,
	ACT_CLOSE,
	ACT_KEYS,
	ACT_COUNT
};

static struct tls_tickets *tickets;
static struct tls_context *contexts[2];
static uint8_t said[FUZZ_SAID];

static struct tls_context *fuzz_context(const char *path, enum tls_client_certificate client)
{
	struct tls_spec spec = {
	        .certificate = path, .key = path, .client_ca = path, .tls12 = true, .client = client, .tickets = tickets};
	struct tls_context *context = NULL;
	char err[512] = "";

	certs_need(tls_context_new(&spec, &context, err, sizeof(err)) == 0, err);
	return context;
}

static void fuzz_start(void)
{
	char path[] = "/tmp/tls_fuzz.XXXXXX";
	struct certs_pair own = certs_make(&(struct certs_want){.cn = "turnpike", .ca = true}, NULL);
	int fd = mkstemp(path);

	certs_need(fd >= 0, "no temporary file");
	close(fd);
	certs_write(path, own.cert, own.key, NULL);
	tickets = tls_tickets_new();
	contexts[0] = fuzz_context(path, TLS_CLIENT_NONE);
	contexts[1] = fuzz_context(path, TLS_CLIENT_OPTIONAL);
	unlink(path);
	certs_free(&own);
	rig_fill(said, sizeof(said), 1);
}

static uint32_t fate_octet(struct fate *f)
{
	if (f->n == 0)
		return 0;
	f->n--;
	return *f->p++;
}

static void act_deliver(struct rig *r, uint32_t n)
{
	uint32_t waiting = r->waiting_n, part = n < waiting ? n : waiting;
	enum tls_state state;
	uint32_t taken = tls_input(r->server, r->waiting, part, &state);

	if (taken > part || state != tls_state(r->server))
		abort();
	memmove(r->waiting, r->waiting + taken, waiting - taken);
	r->waiting_n -= taken;
}

static void act_insert(struct rig *r, struct fate *f, uint32_t n)
{
	n = n < f->n ? n : (uint32_t)f->n;
	if (r->waiting_n + n > RIG_OCTETS)
		return;
	memcpy(r->waiting + r->waiting_n, f->p, n);
	r->waiting_n += n;
	f->p += n;
	f->n -= n;
}

static uint32_t act_say(struct rig *r, uint32_t from, uint32_t n)
{
	ERR_clear_error();
	if (r->client_failed || from + n > FUZZ_SAID || n == 0 || !SSL_is_init_finished(r->client) ||
	        SSL_write(r->client, said + from, (int)n) != (int)n)
		return 0;
	rig_collect(r);
	return n;
}

/* Returns how many octets the client said with it. */
static uint32_t fuzz_act(struct rig *r, struct fate *f, uint32_t from)
{
	uint32_t act = fate_octet(f) % ACT_COUNT, n = fate_octet(f);

	switch (act) {
	case ACT_DELIVER:
		act_deliver(r, n);
		break;
	case ACT_CHANGE:
		if (r->waiting_n > n)
			r->waiting[n] ^= (uint8_t)(1 + fate_octet(f));
		break;
	case ACT_DROP:
		r->waiting_n -= n < r->waiting_n ? n : r->waiting_n;
		break;
	case ACT_INSERT:
		act_insert(r, f, n);
		break;
	case ACT_STEP:
		tls_step(r->server);
		break;
	case ACT_CLIENT:
		if (!r->client_failed)
			rig_client_turn(r);
		rig_collect(r);
		break;
	case ACT_SAY:
		return act_say(r, from, n * 97);
	case ACT_SEND:
		tls_send(r->server, said, n * 97);
		break;
	case ACT_PLAIN_ROOM:
		r->plain_room = n * n;
		break;
	case ACT_WIRE_ROOM:
		r->wire_room = n * n;
		break;
	case ACT_RESUME:
		tls_resume(r->server);
		break;
	case ACT_RUN:
		rig_run(r);
		break;
	case ACT_CLOSE:
		tls_close(r->server);
		break;
	case ACT_KEYS:
		if (!r->client_failed && SSL_is_init_finished(r->client) && SSL_key_update(r->client, n & 1) == 1)
			SSL_do_handshake(r->client);
		rig_collect(r);
		break;
	}
	return 0;
}

/* The input as octets from the wire; no client has a part in it. */
static void fuzz_octets(const uint8_t *data, size_t size)
{
	struct rig *r = rig_new(contexts[size & 1], &(struct rig_client){.version = TLS1_3_VERSION});

	r->fragment = 1 + (uint32_t)(size % 97);
	memcpy(r->waiting, data, size);
	r->waiting_n = (uint32_t)size;
	r->client_failed = true; /* it does not take part */
	rig_run(r);
	if (tls_state(r->server) == TLS_OPEN || r->said_n > 0)
		abort();
	rig_free(r);
}

static void fuzz_fate(struct fate f)
{
	uint32_t choice = fate_octet(&f), n = 0;
	struct rig *r =
	        rig_new(contexts[choice >> 1 & 1], &(struct rig_client){.version = choice & 1 ? TLS1_3_VERSION : TLS1_2_VERSION});

	while (f.n > 0)
		n += fuzz_act(r, &f, n);
	if (r->said_n > n || memcmp(r->said, said, r->said_n) != 0)
		abort();
	if (tls_unsent(r->server) > 256u << 10)
		abort();
	rig_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (contexts[0] == NULL)
		fuzz_start();
	if (size == 0)
		return 0;
	if (data[0] == SSL3_RT_HANDSHAKE)
		fuzz_octets(data, size);
	else
		fuzz_fate((struct fate){.p = data, .n = size});
	return 0;
}
