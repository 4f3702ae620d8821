/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TLS_CERTIFICATE_H
#define TP_TLS_CERTIFICATE_H
/*
 * A server's own certificate, for whoever makes a context of OpenSSL: the listeners of MQTT, and HTTP. What is wrong with a file is told in parts, so that
 * each caller can name its own option. Control threads.
 */
#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#define TLS_ENDLESS INT64_MAX

struct tls_mistake {
	const char *what; /* "certificate" or "key"; a constant */
	const char *path; /* the caller's */
	int rc;           /* -errno: that of a file that cannot be read, -EINVAL for what is in it */
	char why[256];    /* a sentence without the file's name */
};

/*
 * Makes the chain (PEM, leaf first) and the key (PEM, without passphrase) those of the context, and checks that they belong together. False: the mistake
 * says why. OpenSSL's queue of errors is empty afterwards.
 */
bool tls_use_certificate(SSL_CTX *ssl, const char *certificate, const char *key, struct tls_mistake *mistake);

/* That time in seconds since 1970 UTC; TLS_ENDLESS for NULL, 0 for one that cannot be read. */
int64_t tls_time(const ASN1_TIME *time);

/* When the first certificate of the context's chain ends, as tls_time(); TLS_ENDLESS where it has none. */
int64_t tls_not_after(const SSL_CTX *ssl);

/* 0, or -errno where the file cannot be opened: OpenSSL's words for that are many and vague. */
int tls_readable(const char *path);

#endif
