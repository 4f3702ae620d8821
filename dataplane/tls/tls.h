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
 *
 * Standards: RFC 5246 and 8446; RFC 5077 and 8446, 4.6.1 (tickets); RFC 5280 (certificates, revocation lists); RFC 2253 (names). Not offered:
 * renegotiation, compression, 0-RTT, certificates after the handshake. OpenSSL allocates while a handshake runs, and for the time of one call the
 * buffer of a record; a session that waits holds none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_KEPT_MAX (32u << 10) /* octets a session keeps while its handshake is not done */
#define TLS_SEND_MAX (64u << 10) /* octets of one tls_send() */
/* Of a session that waits: what OpenSSL keeps, measured with a client certificate (14 KiB without), and the session itself. For what is told to users. */
#define TLS_IDLE_OCTETS (18u << 10)

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
	/*
	 * Keys that outlive all contexts and sessions made with them, so that a reload keeps tickets valid. NULL: no tickets. A ticket and those that
	 * come in its place live two hours from the last handshake in full. It resumes only where client, client_ca and crl say the same as when it was
	 * made, and neither its client certificate nor anything of client_ca and crl has ended: what a new list revokes, or an old one does not vouch for
	 * any more, does not come back by ticket.
	 */
	const struct tls_tickets *tickets;
};

/*
 * Keys of session tickets, made by the generator of random numbers. Control calls these; workers read them in tls_step() meanwhile, without a lock.
 */
struct tls_tickets;
/* With a first key. NULL: no memory, or no random numbers. */
struct tls_tickets *tls_tickets_new(void);
/*
 * Another key makes tickets from now on; the one so far still opens its own until the next call. Since the last call every worker has ended the tls_step() it was
 * in. False: there are no random numbers, and nothing has changed but that tls_tickets_forget() was called.
 */
bool tls_tickets_renew(struct tls_tickets *tickets);
/*
 * Wipes all keys and makes a new one: for other sessions than those before. Nobody makes or opens a ticket meanwhile. False: there are no random numbers, and nothing
 * has changed.
 */
bool tls_tickets_anew(struct tls_tickets *tickets);
/* Wipes the key that opens nothing any more, once every worker has ended the tls_step() it was in when tls_tickets_renew() was called. */
void tls_tickets_forget(struct tls_tickets *tickets);
/* Wipes all keys. NULL is fine. */
void tls_tickets_free(struct tls_tickets *tickets);

/*
 * Reads the files and checks that key and certificate belong together. 0 or -errno with a sentence in err that names the file: that of a
 * file that cannot be read, -EINVAL for what is in it, -ENOMEM. The key must not have a passphrase. Control. A revocation list whose
 * nextUpdate has passed is taken, and then nobody's certificate is accepted until it is renewed.
 */
int tls_context_new(const struct tls_spec *spec, struct tls_context **context, char *err, size_t err_len);
/*
 * Whether something of a context made from spec ends within so many seconds, or has ended: the server's certificate, one of its chain, a revocation list.
 * Then text is a sentence about the first that does, with its file. Control.
 */
bool tls_context_ending(const struct tls_context *context, const struct tls_spec *spec, long within_s, char *text, size_t len);
/* When the server's certificate ends, or one of its chain where that is sooner: seconds since 1970 UTC. Any thread, while the context is there. */
int64_t tls_context_not_after(const struct tls_context *context);
/*
 * When the first of the revocation lists ends (its nextUpdate): seconds since 1970 UTC; 0 where that cannot be read, which OpenSSL takes for ended. False where there
 * is no list, or none with a nextUpdate. Any thread, while the context is there.
 */
bool tls_context_next_update(const struct tls_context *context, int64_t *end);
void tls_context_free(struct tls_context *context); /* NULL is fine; sessions made from it go on */

/*
 * Both are called from within tls_input, tls_step, tls_send, tls_resume and tls_close. They may call tls_send, tls_close and what takes a const
 * struct tls; nothing else, and `wire` none of them.
 */
struct tls_io {
	/* Plain octets, n >= 1; returns how many were taken, the rest is asked for again by tls_resume(). */
	uint32_t (*plain)(void *ctx, const uint8_t *p, uint32_t n);
	/*
	 * Octets for the wire: all of them or none. 0 or -ENOBUFS; then the session keeps them and tries again, 1,024 at a time, with tls_writable() and
	 * with the next call of tls_input, tls_send, tls_step, tls_resume or tls_close.
	 */
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

/*
 * Octets from the wire; returns how many were taken. Less than n where plain octets were not taken (offer the rest again after tls_resume()) or
 * where TLS_KEPT_MAX octets wait for tls_step() (offer it again after that). What comes after TLS_ENDED or TLS_FAILED is thrown away. No
 * asymmetric cryptography.
 */
uint32_t tls_input(struct tls *s, const uint8_t *p, uint32_t n, enum tls_state *state);
/*
 * One handshake step: everything that can be done with the records that are there. At most one key agreement and one signature, or the verification of a
 * client's chain; it may end with TLS_OPEN and plain octets. Does nothing where the state is not TLS_PENDING.
 */
enum tls_state tls_step(struct tls *s);
/*
 * 0: it is on the wire or waits for it. -ENOBUFS: nothing was done, because the wire refused what was said before. -EMSGSIZE: more than TLS_SEND_MAX.
 * -EPIPE: not open yet, closed by us, or failed. After TLS_ENDED the peer still listens, as in a half-closed connection.
 */
int tls_send(struct tls *s, const uint8_t *p, uint32_t n);
/* Offers plain octets and octets for the wire again, and goes on with what was left. */
enum tls_state tls_resume(struct tls *s);
/* The wire has room again: what it refused before goes out, as far as it takes it. */
void tls_writable(struct tls *s);
/* Octets came from the wire that the application may still have: plain ones that it did not take, or a handshake step. */
bool tls_waits(const struct tls *s);
/* close_notify; nothing can be sent after it. Does nothing where the session is not open. */
void tls_close(struct tls *s);
/* Octets that io->wire refused; 0: everything said is with it. */
uint32_t tls_unsent(const struct tls *s);
enum tls_state tls_state(const struct tls *s);
/* Reason of TLS_FAILED in OpenSSL's words: "certificate revoked", ...; a constant. Says nothing of what was sent. */
const char *tls_error(const struct tls *s);
/* A session ticket made this handshake a short one. */
bool tls_resumed(const struct tls *s);

enum tls_name { TLS_NAME_SUBJECT, TLS_NAME_COMMON, TLS_NAME_SAN };
/*
 * Identity of the verified client certificate as UTF-8, NUL-terminated: the subject as RFC 2253 writes it (the last attribute first, \, before what it
 * sets apart, characters above ASCII as they are), its last common name, or the first subjectAltName that is a DNS name or a URI.
 * Returns its length, 0 where there is none, -ENAMETOOLONG, -ENOMEM, or -EILSEQ where it holds a NUL, a control character or what is not UTF-8;
 * text is empty then. Allocates.
 */
int tls_peer_name(const struct tls *s, enum tls_name which, char *text, size_t len);

#endif
