/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_TLS_RIG_H
#define TP_TEST_TLS_RIG_H
/*
 * A session of dataplane/tls with OpenSSL's client at its other end, both over memory. The wire between them cuts what the client sends into
 * fragments; the host at the server's side can stop taking plain octets and refuse octets for the wire.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls.h"
#include "tls_certs.h"

#define RIG_OCTETS (4u << 20)

struct rig_client {
	int version; /* TLS1_2_VERSION or TLS1_3_VERSION */
	const struct certs_pair *own;
	SSL_SESSION *session; /* to resume */
};

struct rig {
	struct tls *server;
	SSL_CTX *client_ctx;
	SSL *client;
	SSL_SESSION *ticket; /* the last one the server gave */
	BIO *to_server, *to_client;
	uint32_t fragment;   /* octets a tls_input() */
	uint32_t plain_room; /* octets that plain() still takes */
	uint32_t wire_room;  /* octets that wire() still takes */
	uint32_t steps;      /* calls of tls_step() that were due */
	uint64_t wired;      /* octets that wire() took */
	uint32_t refusals;   /* of wire() */
	bool input_signed;   /* tls_input() had octets for the wire while the handshake was not done */
	uint8_t *waiting;    /* from the client, not taken yet */
	uint32_t waiting_n;
	uint8_t *said; /* plain octets at the server */
	uint32_t said_n;
	uint8_t *heard; /* plain octets at the client */
	uint32_t heard_n;
	bool client_failed; /* SSL of the client had an error other than WANT_READ */
};

static inline uint32_t rig_plain(void *ctx, const uint8_t *p, uint32_t n)
{
	struct rig *r = ctx;
	uint32_t taken = n < r->plain_room ? n : r->plain_room;

	certs_need(n > 0 && r->said_n + taken <= RIG_OCTETS, "plain octets");
	memcpy(r->said + r->said_n, p, taken);
	r->said_n += taken;
	r->plain_room -= taken;
	return taken;
}

static inline int rig_wire(void *ctx, const uint8_t *p, uint32_t n)
{
	struct rig *r = ctx;

	if (n > r->wire_room) {
		r->refusals++;
		return -ENOBUFS;
	}
	r->wire_room -= n;
	r->wired += n;
	certs_need(BIO_write(r->to_client, p, (int)n) == (int)n, "wire");
	return 0;
}

static inline int rig_on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct rig *r = SSL_get_app_data(ssl);

	SSL_SESSION_free(r->ticket);
	r->ticket = session;
	return 1;
}

static inline SSL_CTX *rig_client_ctx(const struct rig_client *want)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	certs_need(ctx != NULL, "client");
	SSL_CTX_set_min_proto_version(ctx, want->version);
	SSL_CTX_set_max_proto_version(ctx, want->version);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, rig_on_ticket);
	SSL_CTX_set_options(ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	if (want->own != NULL)
		certs_need(SSL_CTX_use_certificate(ctx, want->own->cert) == 1 && SSL_CTX_use_PrivateKey(ctx, want->own->key) == 1,
		        "client");
	return ctx;
}

static inline struct rig *rig_new(struct tls_context *context, const struct rig_client *want)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct tls_io io = {.plain = rig_plain, .wire = rig_wire, .ctx = r};

	certs_need(r != NULL, "no memory");
	r->fragment = r->plain_room = r->wire_room = UINT32_MAX;
	r->said = malloc(RIG_OCTETS);
	r->heard = malloc(RIG_OCTETS);
	r->waiting = malloc(RIG_OCTETS);
	r->server = tls_new(context, &io);
	r->client_ctx = rig_client_ctx(want);
	r->client = SSL_new(r->client_ctx);
	r->to_server = BIO_new(BIO_s_mem());
	r->to_client = BIO_new(BIO_s_mem());
	certs_need(r->said && r->heard && r->waiting && r->server && r->client && r->to_server && r->to_client, "no memory");
	BIO_set_mem_eof_return(r->to_client, -1);
	SSL_set_bio(r->client, r->to_client, r->to_server);
	SSL_set_app_data(r->client, r);
	SSL_set_connect_state(r->client);
	if (want->session != NULL)
		certs_need(SSL_set_session(r->client, want->session) == 1, "session");
	return r;
}

static inline void rig_free(struct rig *r)
{
	tls_free(r->server);
	/* OpenSSL makes the session of a connection that was not shut down worthless. */
	SSL_set_shutdown(r->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(r->client);
	SSL_CTX_free(r->client_ctx);
	SSL_SESSION_free(r->ticket);
	free(r->said);
	free(r->heard);
	free(r->waiting);
	free(r);
}

/* Takes what the client wrote into `waiting`. */
static inline void rig_collect(struct rig *r)
{
	int n;

	while ((n = BIO_read(r->to_server, r->waiting + r->waiting_n, (int)(RIG_OCTETS - r->waiting_n))) > 0)
		r->waiting_n += (uint32_t)n;
}

/* Offers `waiting` in fragments until the server takes no more. */
static inline bool rig_deliver(struct rig *r)
{
	uint32_t at = 0;
	bool all = true;

	while (at < r->waiting_n && all) {
		uint32_t n = r->waiting_n - at < r->fragment ? r->waiting_n - at : r->fragment, taken;
		enum tls_state state = tls_state(r->server);
		uint64_t wired = r->wired + r->refusals;
		bool handshake = state == TLS_HANDSHAKE || state == TLS_PENDING;

		taken = tls_input(r->server, r->waiting + at, n, &state);
		certs_need(state == tls_state(r->server) && taken <= n, "tls_input");
		r->input_signed |= handshake && r->wired + r->refusals != wired;
		at += taken;
		all = taken == n;
	}
	memmove(r->waiting, r->waiting + at, r->waiting_n - at);
	r->waiting_n -= at;
	return at > 0;
}

static inline void rig_client_turn(struct rig *r)
{
	int n;

	ERR_clear_error();
	n = SSL_read(r->client, r->heard + r->heard_n, (int)(RIG_OCTETS - r->heard_n));
	while (n > 0) {
		r->heard_n += (uint32_t)n;
		n = SSL_read(r->client, r->heard + r->heard_n, (int)(RIG_OCTETS - r->heard_n));
	}
	r->client_failed |=
	        SSL_get_error(r->client, n) != SSL_ERROR_WANT_READ && SSL_get_error(r->client, n) != SSL_ERROR_ZERO_RETURN;
	ERR_clear_error();
}

/* Until nothing moves any more. */
static inline void rig_run(struct rig *r)
{
	bool moved = true;

	while (moved) {
		uint64_t wired = r->wired;

		if (!r->client_failed)
			rig_client_turn(r);
		rig_collect(r);
		moved = rig_deliver(r);
		if (tls_state(r->server) == TLS_PENDING) {
			tls_step(r->server);
			r->steps++;
			moved = true;
		}
		moved |= r->wired != wired;
	}
}

/* The client says n octets, which the server gets with the next rig_run(). */
static inline void rig_client_say(struct rig *r, const void *p, uint32_t n)
{
	certs_need(SSL_write(r->client, p, (int)n) == (int)n, "client says");
	rig_collect(r);
}

/* A context for TLS 1.2 and 1.3 with a certificate of its own and no tickets. */
static inline struct tls_context *rig_context(void)
{
	char path[] = "/tmp/tls_rig.XXXXXX", err[512] = "";
	struct certs_pair own = certs_make(&(struct certs_want){.cn = "turnpike"}, NULL);
	struct tls_spec spec = {.certificate = path, .key = path, .tls12 = true};
	struct tls_context *context = NULL;
	int fd = mkstemp(path);

	certs_need(fd >= 0, "no temporary file");
	close(fd);
	certs_write(path, own.cert, own.key, NULL);
	certs_need(tls_context_new(&spec, &context, err, sizeof(err)) == 0, err);
	unlink(path);
	certs_free(&own);
	return context;
}

/* Octets that any position can be told by. */
static inline void rig_fill(uint8_t *p, uint32_t n, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 12345;

	for (uint32_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

#endif
