/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One TLS session.
 *
 * Until the handshake is done octets from the wire are only kept, at most TLS_KEPT_MAX of them; tls_step() lets OpenSSL have the records that are
 * complete. So all asymmetric cryptography happens there. Afterwards nothing is kept: OpenSSL reads the caller's octets, and what it
 * deciphers is given on from the stack. Only plain octets that the application does not take are copied, at most one record of them, and while there
 * are any nothing more is read.
 *
 * Renegotiation (TLS 1.2) is off and certificates after the handshake (TLS 1.3) are not asked for, so an open session does symmetric
 * cryptography only.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "own.h"

#define SESSION_RECORD_HEADER 5
#define SESSION_RECORD_MAX    (SSL3_RT_MAX_PLAIN_LENGTH + SSL3_RT_MAX_ENCRYPTED_OVERHEAD)
#define SESSION_NO_MEMORY     "out of memory"

_Static_assert(TLS_KEPT_MAX >= SESSION_RECORD_HEADER + SESSION_RECORD_MAX, "one record must fit");

struct tls *tls_new(struct tls_context *context, const struct tls_io *io)
{
	struct tls *s = calloc(1, sizeof(*s));
	BIO *bio = s == NULL ? NULL : tls_bio_new(s);

	if (s == NULL || bio == NULL) {
		free(s);
		return NULL;
	}
	s->io = *io;
	s->state = TLS_HANDSHAKE;
	s->ssl = SSL_new(context->ssl);
	if (s->ssl == NULL) {
		BIO_free(bio);
		free(s);
		return NULL;
	}
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_accept_state(s->ssl);
	return s;
}

void tls_free(struct tls *s)
{
	if (s == NULL)
		return;
	SSL_free(s->ssl);
	tls_octets_drop(&s->kept, s->kept.n);
	tls_octets_drop(&s->rest, s->rest.n);
	tls_octets_drop(&s->unsent, s->unsent.n);
	free(s);
}

/* SSL_get_error() reads the queue of the thread, which others may have left something in. Clearing an empty one costs as much as a cipher. */
static void session_clear_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* ---- states ------------------------------------------------------------------------------------------------------------------- */
/*
 * Octets of the records at the front of `kept` that are complete. Where no record can start like this, all there is: OpenSSL then says what
 * is wrong.
 */
static uint32_t session_records(const struct tls_octets *kept)
{
	const uint8_t *p = tls_octets_first(kept);
	uint32_t n = kept->n, done = 0;

	while (done < n) {
		uint32_t left = n - done, length;

		if (p[done] < SSL3_RT_CHANGE_CIPHER_SPEC || p[done] > SSL3_RT_APPLICATION_DATA ||
		        (left > 1 && p[done + 1] != SSL3_VERSION_MAJOR))
			return n;
		if (left < SESSION_RECORD_HEADER)
			break;
		length = (uint32_t)p[done + 3] << 8 | p[done + 4];
		if (length > SESSION_RECORD_MAX)
			return n;
		if (left < SESSION_RECORD_HEADER + length)
			break;
		done += SESSION_RECORD_HEADER + length;
	}
	return done;
}

enum tls_state tls_state(const struct tls *s)
{
	return s->state == TLS_HANDSHAKE && session_records(&s->kept) > 0 ? TLS_PENDING : s->state;
}

bool tls_waits(const struct tls *s)
{
	return s->state == TLS_OPEN ? s->rest.n > 0 : tls_state(s) == TLS_PENDING;
}

uint32_t tls_unsent(const struct tls *s)
{
	return s->unsent.n;
}

const char *tls_error(const struct tls *s)
{
	return s->error == NULL ? "no error" : s->error;
}

bool tls_resumed(const struct tls *s)
{
	return SSL_session_reused(s->ssl) == 1;
}

/* The buffers stay until tls_free(): a caller further up may be reading them. */
static void session_fail(struct tls *s, const char *why)
{
	s->state = TLS_FAILED;
	s->error = why;
}

/* The last thing OpenSSL put into the queue of this thread, which is TLS's own view; of a certificate that was refused, why. */
static void session_fail_ssl(struct tls *s)
{
	unsigned long code = ERR_peek_last_error();
	long verified = SSL_get_verify_result(s->ssl);
	const char *why = ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
		why = X509_verify_cert_error_string(verified);
	session_fail(s, why == NULL ? "the session failed" : why);
	ERR_clear_error();
}

/* ---- from the wire -------------------------------------------------------------------------------------------------------------- */
/* Plain octets to the application; what it does not take stays. */
static void session_give(struct tls *s, const uint8_t *p, uint32_t n)
{
	uint32_t taken = s->io.plain(s->io.ctx, p, n);

	if (taken < n && s->state == TLS_OPEN && !tls_octets_add(&s->rest, p + taken, n - taken))
		session_fail(s, SESSION_NO_MEMORY);
}

/* SSL_read gave nothing. True where more octets are needed. */
static bool session_read_nothing(struct tls *s)
{
	switch (SSL_get_error(s->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		return true;
	case SSL_ERROR_ZERO_RETURN:
		s->state = TLS_ENDED;
		return false;
	default:
		session_fail_ssl(s);
		return false;
	}
}

/* Deciphers what `in` and OpenSSL hold, until the application takes no more. */
static void session_read(struct tls *s)
{
	uint8_t plain[SSL3_RT_MAX_PLAIN_LENGTH];
	size_t n;

	while (s->state == TLS_OPEN && s->rest.n == 0 && (s->in_n > 0 || SSL_has_pending(s->ssl))) {
		session_clear_errors();
		if (SSL_read_ex(s->ssl, plain, sizeof(plain), &n) == 1)
			session_give(s, plain, (uint32_t)n);
		else if (session_read_nothing(s))
			break;
	}
}

/* The same for octets that were kept; then for what OpenSSL holds. */
static void session_read_kept(struct tls *s)
{
	uint32_t n = s->kept.n;

	s->in = tls_octets_first(&s->kept);
	s->in_n = n;
	session_read(s);
	tls_octets_drop(&s->kept, n - s->in_n);
	s->in_n = 0;
}

static uint32_t session_keep(struct tls *s, const uint8_t *p, uint32_t n)
{
	uint32_t room = TLS_KEPT_MAX - s->kept.n;

	n = n < room ? n : room;
	if (!tls_octets_add(&s->kept, p, n))
		session_fail(s, SESSION_NO_MEMORY);
	return n;
}

/*
 * Octets of an open session; returns how many were taken. None while plain octets wait; where octets are still kept from the handshake, plain
 * ones wait too, so they cannot be overtaken.
 */
static uint32_t session_open_input(struct tls *s, const uint8_t *p, uint32_t n)
{
	uint32_t left;

	s->in = p;
	s->in_n = n;
	session_read(s);
	left = s->state == TLS_OPEN ? s->in_n : 0;
	s->in_n = 0;
	return n - left;
}

uint32_t tls_input(struct tls *s, const uint8_t *p, uint32_t n, enum tls_state *state)
{
	uint32_t taken = n;

	tls_bio_flush(s);
	if (s->state == TLS_HANDSHAKE)
		taken = session_keep(s, p, n);
	else if (s->state == TLS_OPEN)
		taken = session_open_input(s, p, n);
	*state = tls_state(s);
	return taken;
}

enum tls_state tls_resume(struct tls *s)
{
	tls_bio_flush(s);
	if (s->state == TLS_OPEN && s->rest.n > 0) {
		uint32_t taken = s->io.plain(s->io.ctx, tls_octets_first(&s->rest), s->rest.n);

		tls_octets_drop(&s->rest, taken);
	}
	if (s->state == TLS_OPEN)
		session_read_kept(s);
	return tls_state(s);
}

enum tls_state tls_step(struct tls *s)
{
	uint32_t n;
	int rc;

	tls_bio_flush(s);
	if (tls_state(s) != TLS_PENDING)
		return s->state;
	n = session_records(&s->kept);
	s->in = tls_octets_first(&s->kept);
	s->in_n = n;
	session_clear_errors();
	rc = SSL_do_handshake(s->ssl);
	if (rc == 1)
		s->state = TLS_OPEN;
	else if (SSL_get_error(s->ssl, rc) != SSL_ERROR_WANT_READ)
		session_fail_ssl(s);
	tls_octets_drop(&s->kept, n - s->in_n);
	s->in_n = 0;
	if (s->state == TLS_OPEN) {
		SSL_set_read_ahead(s->ssl, 1);
		session_read_kept(s);
	}
	return tls_state(s);
}

/* ---- to the wire ---------------------------------------------------------------------------------------------------------------- */
int tls_send(struct tls *s, const uint8_t *p, uint32_t n)
{
	size_t done;

	if ((s->state != TLS_OPEN && s->state != TLS_ENDED) || s->closed)
		return -EPIPE;
	if (n > TLS_SEND_MAX)
		return -EMSGSIZE;
	if (!tls_bio_flush(s))
		return -ENOBUFS;
	if (n == 0)
		return 0;
	session_clear_errors();
	if (SSL_write_ex(s->ssl, p, n, &done) == 1)
		return 0;
	session_fail_ssl(s);
	return -EPIPE;
}

void tls_writable(struct tls *s)
{
	tls_bio_flush(s);
}

void tls_close(struct tls *s)
{
	tls_bio_flush(s);
	if ((s->state != TLS_OPEN && s->state != TLS_ENDED) || s->closed)
		return;
	s->closed = true;
	session_clear_errors();
	if (SSL_shutdown(s->ssl) < 0)
		session_clear_errors();
}
