/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TLS_H
#define TP_TLS_H
/*
 * TLS 1.2 and 1.3 over memory: OpenSSL between the octets of a TCP connection and those of MQTT. Server side; a client certificate is asked
 * for, demanded or not wanted, as the context says.
 *
 *   tls_input()   octets from the wire     ─►  io->plain: what they said
 *   tls_send()    octets to say            ─►  io->wire: what to send
 *
 * The expensive part, a handshake's step that signs or verifies, runs only in tls_step(), which the worker calls as often as its budget allows: until then
 * the octets wait, so that plain traffic does not stall.
 *
 * Contexts are made by control and are immutable; a new one (renewed certificate, new revocation list) is published by one pointer and serves
 * new connections, while open ones keep theirs: OpenSSL counts the references. Sessions belong to one worker.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_context;
struct tls;

enum tls_client_certificate { TLS_CLIENT_NONE, TLS_CLIENT_OPTIONAL, TLS_CLIENT_REQUIRED };

struct tls_spec {
	const char *certificate;  /* PEM file: the chain, leaf first */
	const char *key;          /* PEM file */
	const char *client_ca;    /* PEM file; NULL where client is TLS_CLIENT_NONE */
	const char *crl;          /* PEM file of revocation lists for the whole chain; NULL: none */
	const char *ciphers;      /* TLS 1.2, OpenSSL's notation; NULL: default, forward secret AEAD only */
	const char *ciphersuites; /* TLS 1.3; NULL: default */
	enum tls_client_certificate client;
	bool tls12; /* accept TLS 1.2 too */
	const uint8_t *
	        ticket_key; /* 80 octets shared by all contexts of the process, so that a reload keeps tickets valid; NULL: no tickets */
};

/* Reads the files and checks that key and certificate belong together. 0 or -errno with a sentence in err that names the file. Control. */
int tls_context_new(const struct tls_spec *spec, struct tls_context **context, char *err, size_t err_len);
void tls_context_free(struct tls_context *context); /* NULL is fine; sessions made from it go on */

struct tls_io {
	/* Plain octets; returns how many were taken, the rest is asked for again by tls_resume(). */
	uint32_t (*plain)(void *ctx, const uint8_t *p, uint32_t n);
	/* Octets for the wire; 0 or -ENOBUFS (then they are tried again with the next call of tls_input, tls_send, tls_step or tls_resume). */
	int (*wire)(void *ctx, const uint8_t *p, uint32_t n);
	void *ctx;
};

/* Worker. NULL where there is no memory. */
struct tls *tls_new(struct tls_context *context, const struct tls_io *io);
void tls_free(struct tls *s); /* NULL is fine */

enum tls_state {
	TLS_HANDSHAKE, /* more octets are needed */
	TLS_PENDING,   /* a handshake step waits for tls_step() */
	TLS_OPEN,
	TLS_ENDED,  /* close_notify came and everything before it was taken */
	TLS_FAILED, /* what is on the wire (an alert) has been given to io->wire; close the connection. tls_error() says why */
};

/* Octets from the wire; returns how many were taken. Less than n where plain octets were not taken: call again after tls_resume(). */
uint32_t tls_input(struct tls *s, const uint8_t *p, uint32_t n, enum tls_state *state);
/* One handshake step. */
enum tls_state tls_step(struct tls *s);
/* 0, -ENOBUFS, or -EPIPE where it is not open. */
int tls_send(struct tls *s, const uint8_t *p, uint32_t n);
enum tls_state tls_resume(struct tls *s);
/* close_notify. */
void tls_close(struct tls *s);
enum tls_state tls_state(const struct tls *s);
/* Reason of TLS_FAILED in OpenSSL's words: "certificate revoked", ...; valid until tls_free(). */
const char *tls_error(const struct tls *s);
/* A session ticket made this handshake a short one. */
bool tls_resumed(const struct tls *s);

enum tls_name { TLS_NAME_SUBJECT, TLS_NAME_COMMON, TLS_NAME_SAN };
/*
 * Identity of the verified client certificate as UTF-8, NUL-terminated: the subject as RFC 2253 writes it, its common name, or the first subjectAltName that is a DNS name or a URI.
 * Returns its length, 0 where there is none, -ENAMETOOLONG, or -EILSEQ where it holds a NUL or a control character.
 */
int tls_peer_name(const struct tls *s, enum tls_name which, char *text, size_t len);

#endif
