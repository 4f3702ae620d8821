/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TLS_OWN_H
#define TP_TLS_OWN_H
/* What the files of this folder share. */
#include <openssl/ssl.h>

#include "octets.h"
#include "tls.h"

#define TLS_UNSENT_MAX (256u << 10) /* octets that wait for io->wire, a session; above, the session fails */

struct tls_context {
	SSL_CTX *ssl;
	int64_t next_update; /* of the first revocation list to end; TLS_ENDLESS: none has one */
};

/* tickets.c */
#define TLS_TICKETS_KEYS 3
#define TLS_TICKETS_NAME 16 /* octets OpenSSL has room for */
struct tls_tickets_key {
	uint8_t name[TLS_TICKETS_NAME], cipher[32], mac[32];
	bool there;
};
struct tls_tickets {
	struct tls_tickets_key keys[TLS_TICKETS_KEYS];
	unsigned int current; /* atomic */
};

struct tls {
	SSL *ssl;
	struct tls_io io;
	const uint8_t *in; /* what OpenSSL may read now: the caller's octets, or those of `kept` */
	uint32_t in_n;
	struct tls_octets kept;   /* from the wire: a handshake's records that wait, and what lay behind them */
	struct tls_octets rest;   /* plain octets that were not taken */
	struct tls_octets unsent; /* for the wire, which refused them */
	const char *error;
	enum tls_state state; /* TLS_PENDING is not kept here, it follows from `kept` */
	bool closed;          /* close_notify was sent */
};

/* A BIO between a session's SSL and its buffers; NULL where there is no memory. The SSL owns it. */
BIO *tls_bio_new(struct tls *s);
/* From now on tickets of the context have these keys. False: OpenSSL refused. */
bool tls_tickets_use(SSL_CTX *ssl, const struct tls_tickets *tickets);
/* Offers io->wire what it refused before. False while something is left. */
bool tls_bio_flush(struct tls *s);

#endif
