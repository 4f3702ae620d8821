/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: files and options of a listener as an SSL_CTX.
 *
 * What a ticket may resume: a ticket carries the client certificate that was verified when it was made, and resuming does not verify it again. So tickets
 * are bound (by OpenSSL's session id context) to the way clients are verified, the authorities and the revocation lists: with a new list
 * everybody is verified anew, with a renewed server certificate tickets stay good. A ticket is not taken where its certificate, a list or an authority's certificate
 * has ended meanwhile. What it cannot show, an authority in between that a client brings along, is looked at again with the next handshake in full: a ticket says when
 * the last one was, and those that come in its place say the same, so that no chain of tickets lives longer than the first.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "certificate.h"
#include "own.h"

#define CONTEXT_CIPHERS      "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
#define CONTEXT_SUITES       "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
#define CONTEXT_GROUPS       "X25519:P-256:P-384"
#define CONTEXT_FRAGMENT     2048        /* octets of a record we send: what we say is short, and OpenSSL reserves as much */
#define CONTEXT_CERTIFICATES (24u << 10) /* octets of a client's chain */
#define CONTEXT_DEPTH        8
#define CONTEXT_TICKET_S     7200

/* ---- mistakes ------------------------------------------------------------------------------------------------------------------- */
struct context_err {
	char *text;
	size_t len;
};

static int context_refuse(const struct context_err *err, const char *what, const char *value, const char *why)
{
	snprintf(err->text, err->len, "%s %s: %s", what, value, why);
	ERR_clear_error();
	return -EINVAL;
}

/* With OpenSSL's reason. Of several in its queue the first one is the nearest to the file's octets. */
static int context_refuse_ssl(const struct context_err *err, const char *what, const char *value)
{
	const char *why = ERR_reason_error_string(ERR_peek_error());

	return context_refuse(err, what, value, why == NULL ? "refused by OpenSSL" : why);
}

static int context_readable(const struct context_err *err, const char *what, const char *path)
{
	int rc = tls_readable(path);

	if (rc != 0)
		snprintf(err->text, err->len, "%s %s: %s", what, path, strerror(-rc));
	return rc;
}

static int context_certificate(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	struct tls_mistake mistake;

	if (tls_use_certificate(ssl, spec->certificate, spec->key, &mistake))
		return 0;
	snprintf(err->text, err->len, "%s %s: %s", mistake.what, mistake.path, mistake.why);
	return mistake.rc;
}

/* ---- clients' certificates ------------------------------------------------------------------------------------------------------ */
static int context_crl(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	X509_LOOKUP *lookup;
	int rc = context_readable(err, "crl", spec->crl);

	if (rc != 0)
		return rc;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL)
		return context_refuse_ssl(err, "crl", spec->crl);
	if (X509_load_crl_file(lookup, spec->crl, X509_FILETYPE_PEM) <= 0)
		return context_refuse(err, "crl", spec->crl, "no revocation list in it; expected PEM (BEGIN X509 CRL)");
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return 0;
}

static int context_clients(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	STACK_OF(X509_NAME) * names;
	int mode = SSL_VERIFY_PEER | (spec->client == TLS_CLIENT_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	int rc;

	if (spec->client == TLS_CLIENT_NONE)
		return 0;
	if (spec->client_ca == NULL)
		return context_refuse(err, "client_ca", "(none)", "expected the authorities that sign client certificates");
	rc = context_readable(err, "client_ca", spec->client_ca);
	if (rc != 0)
		return rc;
	names = SSL_load_client_CA_file(spec->client_ca);
	if (names == NULL)
		return context_refuse(err, "client_ca", spec->client_ca, "no certificate in it; expected PEM (BEGIN CERTIFICATE)");
	SSL_CTX_set_client_CA_list(ssl, names);
	if (SSL_CTX_load_verify_file(ssl, spec->client_ca) != 1)
		return context_refuse_ssl(err, "client_ca", spec->client_ca);
	SSL_CTX_set_verify(ssl, mode, NULL);
	SSL_CTX_set_verify_depth(ssl, CONTEXT_DEPTH);
	SSL_CTX_set_max_cert_list(ssl, CONTEXT_CERTIFICATES);
	return spec->crl == NULL ? 0 : context_crl(ssl, spec, err);
}

/* ---- tickets -------------------------------------------------------------------------------------------------------------------- */
static bool context_digest_file(EVP_MD_CTX *digest, const char *path)
{
	char part[4096];
	size_t n;
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	bool fine = path == NULL || f != NULL;

	while (f != NULL && fine && (n = fread(part, 1, sizeof(part), f)) > 0)
		fine = EVP_DigestUpdate(digest, part, n) == 1;
	if (f != NULL) {
		fine = fine && !ferror(f);
		fclose(f);
	}
	/* So that moving octets from one file to the other makes another digest. */
	return fine && EVP_DigestUpdate(digest, path == NULL ? "-" : "+", 1) == 1;
}

static int context_bind_tickets(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	uint8_t id[EVP_MAX_MD_SIZE], mode = (uint8_t)spec->client;
	unsigned int n = 0;
	bool clients = spec->client != TLS_CLIENT_NONE;
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool fine = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	            EVP_DigestUpdate(digest, &mode, 1) == 1 && context_digest_file(digest, clients ? spec->client_ca : NULL) &&
	            context_digest_file(digest, clients ? spec->crl : NULL) && EVP_DigestFinal_ex(digest, id, &n) == 1 &&
	            SSL_CTX_set_session_id_context(ssl, id, n) == 1;

	EVP_MD_CTX_free(digest);
	return fine ? 0 : context_refuse_ssl(err, "client_ca", clients ? spec->client_ca : "(none)");
}

/* A ticket is made: it says when its client was verified. One that takes the place of another has that from its session. */
static int context_on_making(SSL *ssl, void *ctx)
{
	int64_t now = time(NULL);

	(void)ctx;
	return SSL_session_reused(ssl) || SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &now, sizeof(now));
}

static bool context_verified_lately(SSL_SESSION *session)
{
	void *p = NULL;
	size_t n = 0;
	int64_t since, now = time(NULL);

	if (SSL_SESSION_get0_ticket_appdata(session, &p, &n) != 1 || n != sizeof(since))
		return false;
	memcpy(&since, p, sizeof(since));
	return since <= now && now - since <= CONTEXT_TICKET_S;
}

/* A ticket was deciphered, or not: use it, or go through the whole handshake. Either way the client gets a new one. ctx is context_verifies_until(). */
static SSL_TICKET_RETURN context_on_ticket(
        SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len, SSL_TICKET_STATUS status, void *ctx)
{
	X509 *peer = session == NULL ? NULL : SSL_SESSION_get0_peer(session);

	(void)ssl;
	(void)name;
	(void)name_len;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (!context_verified_lately(session) || (peer != NULL && time(NULL) >= (time_t)(intptr_t)ctx))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (peer != NULL && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return SSL_TICKET_RETURN_USE_RENEW;
}

/* Until when all that clients' certificates are verified with is good: authorities and lists. */
static intptr_t context_verifies_until(SSL_CTX *ssl)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl));
	int64_t until = TLS_ENDLESS;

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		const X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
		const X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
		int64_t end = authority != NULL ? tls_time(X509_get0_notAfter(authority))
		              : crl != NULL     ? tls_time(X509_CRL_get0_nextUpdate(crl))
		                                : until;

		until = end < until ? end : until;
	}
	return until;
}

static int context_tickets(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl, CONTEXT_TICKET_S);
	if (spec->tickets == NULL) {
		SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ssl, 0);
		return 0;
	}
	if (!tls_tickets_use(ssl, spec->tickets) || SSL_CTX_set_num_tickets(ssl, 1) != 1 ||
	        SSL_CTX_set_session_ticket_cb(ssl, context_on_making, context_on_ticket, (void *)context_verifies_until(ssl)) != 1)
		return context_refuse_ssl(err, "tickets", "(keys)");
	return context_bind_tickets(ssl, spec, err);
}

/* ---- what ends soon --------------------------------------------------------------------------------------------------------------- */
static bool ending_is(const ASN1_TIME *end, long within_s)
{
	time_t limit = time(NULL) + within_s;

	return end != NULL && X509_cmp_time(end, &limit) < 0;
}

static bool ending_tell(const char *what, const char *path, const ASN1_TIME *end, char *text, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char when[64] = "";
	int n = bio != NULL && ASN1_TIME_print(bio, end) == 1 ? BIO_read(bio, when, sizeof(when) - 1) : 0;

	when[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	snprintf(text, len, "%s %s: %s on %s", what, path, X509_cmp_current_time(end) < 0 ? "has ended" : "ends", when);
	return true;
}

static bool ending_crl(const struct tls_context *context, const struct tls_spec *spec, long within_s, char *text, size_t len)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context->ssl));

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		const X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));

		if (crl != NULL && ending_is(X509_CRL_get0_nextUpdate(crl), within_s))
			return ending_tell("crl", spec->crl, X509_CRL_get0_nextUpdate(crl), text, len);
	}
	return false;
}

bool tls_context_ending(const struct tls_context *context, const struct tls_spec *spec, long within_s, char *text, size_t len)
{
	const X509 *own = SSL_CTX_get0_certificate(context->ssl);
	STACK_OF(X509) *chain = NULL;

	if (own != NULL && ending_is(X509_get0_notAfter(own), within_s))
		return ending_tell("certificate", spec->certificate, X509_get0_notAfter(own), text, len);
	SSL_CTX_get0_chain_certs(context->ssl, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (ending_is(X509_get0_notAfter(sk_X509_value(chain, i)), within_s))
			return ending_tell("a certificate of the chain in", spec->certificate,
			        X509_get0_notAfter(sk_X509_value(chain, i)), text, len);
	return spec->crl != NULL && ending_crl(context, spec, within_s, text, len);
}

int64_t tls_context_not_after(const struct tls_context *context)
{
	return tls_not_after(context->ssl);
}

/* Asked when nobody uses the context yet: OpenSSL sorts the store when it first looks something up, under a lock that is not ours. */
static int64_t context_next_update(SSL_CTX *ssl)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl));
	int64_t first = TLS_ENDLESS;

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		const X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
		int64_t end = crl == NULL ? TLS_ENDLESS : tls_time(X509_CRL_get0_nextUpdate(crl));

		first = end < first ? end : first;
	}
	return first;
}

bool tls_context_next_update(const struct tls_context *context, int64_t *end)
{
	*end = context->next_update;
	return *end != TLS_ENDLESS;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------ */
static int context_options(SSL_CTX *ssl, const struct tls_spec *spec, const struct context_err *err)
{
	const char *ciphers = spec->ciphers == NULL ? CONTEXT_CIPHERS : spec->ciphers;
	const char *suites = spec->ciphersuites == NULL ? CONTEXT_SUITES : spec->ciphersuites;

	SSL_CTX_set_options(
	        ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_security_level(ssl, 2);
	SSL_CTX_set_max_early_data(ssl, 0);
	SSL_CTX_set_recv_max_early_data(ssl, 0);
	SSL_CTX_set_max_send_fragment(ssl, CONTEXT_FRAGMENT);
	if (SSL_CTX_set_min_proto_version(ssl, spec->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) != 1 ||
	        SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) != 1 || SSL_CTX_set1_groups_list(ssl, CONTEXT_GROUPS) != 1)
		return context_refuse_ssl(err, "versions", "(default)");
	if (SSL_CTX_set_cipher_list(ssl, ciphers) != 1)
		return context_refuse_ssl(err, "ciphers", ciphers);
	if (SSL_CTX_set_ciphersuites(ssl, suites) != 1)
		return context_refuse_ssl(err, "ciphersuites", suites);
	return 0;
}

int tls_context_new(const struct tls_spec *spec, struct tls_context **context, char *text, size_t len)
{
	const struct context_err err = {.text = text, .len = len};
	struct tls_context *c = calloc(1, sizeof(*c));
	int rc;

	if (c != NULL)
		c->ssl = SSL_CTX_new(TLS_server_method());
	if (c == NULL || c->ssl == NULL) {
		free(c);
		snprintf(text, len, "no memory for a TLS context");
		return -ENOMEM;
	}
	rc = context_options(c->ssl, spec, &err);
	rc = rc != 0 ? rc : context_certificate(c->ssl, spec, &err);
	rc = rc != 0 ? rc : context_clients(c->ssl, spec, &err);
	rc = rc != 0 ? rc : context_tickets(c->ssl, spec, &err);
	if (rc != 0) {
		tls_context_free(c);
		return rc;
	}
	c->next_update = context_next_update(c->ssl);
	ERR_clear_error();
	*context = c;
	return 0;
}

void tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}
