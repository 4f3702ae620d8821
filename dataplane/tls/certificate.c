/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int tls_readable(const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -errno;
	fclose(file);
	return 0;
}

static bool certificate_refuse(struct tls_mistake *mistake, const char *why)
{
	mistake->rc = -EINVAL;
	snprintf(mistake->why, sizeof(mistake->why), "%s", why);
	return false;
}

/* With OpenSSL's reason. Of several in its queue the first one is the nearest to the file's octets. */
static bool certificate_refuse_ssl(struct tls_mistake *mistake, const char *expected)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	mistake->rc = -EINVAL;
	snprintf(mistake->why, sizeof(mistake->why), "%s; expected %s", reason == NULL ? "refused by OpenSSL" : reason, expected);
	return false;
}

static bool certificate_open(struct tls_mistake *mistake, const char *what, const char *path)
{
	*mistake = (struct tls_mistake){.what = what, .path = path, .rc = tls_readable(path)};
	if (mistake->rc != 0)
		snprintf(mistake->why, sizeof(mistake->why), "%s", strerror(-mistake->rc));
	return mistake->rc == 0;
}

/* OpenSSL would ask at the terminal. */
static int certificate_no_passphrase(char *text, int size, int writing, void *asked)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static bool certificate_key(SSL_CTX *ssl, const char *path, struct tls_mistake *mistake)
{
	bool asked = false, taken;

	SSL_CTX_set_default_passwd_cb(ssl, certificate_no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &asked);
	taken = SSL_CTX_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM) == 1;
	SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
	SSL_CTX_set_default_passwd_cb(ssl, NULL);
	if (asked)
		return certificate_refuse(mistake, "is encrypted, expected a key without passphrase");
	if (!taken && ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
		return certificate_refuse_ssl(mistake, "a private key in PEM");
	if (!taken || SSL_CTX_check_private_key(ssl) != 1)
		return certificate_refuse(mistake, "does not belong to the certificate");
	return true;
}

bool tls_use_certificate(SSL_CTX *ssl, const char *certificate, const char *key, struct tls_mistake *mistake)
{
	bool fine = certificate_open(mistake, "certificate", certificate);

	ERR_clear_error();
	if (fine && SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		fine = certificate_refuse_ssl(mistake, "a certificate and its chain in PEM");
	fine = fine && certificate_open(mistake, "key", key) && certificate_key(ssl, key, mistake);
	ERR_clear_error();
	return fine;
}

int64_t tls_time(const ASN1_TIME *time)
{
	struct tm tm;

	return time == NULL ? TLS_ENDLESS : ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

int64_t tls_not_after(const SSL_CTX *ssl)
{
	const X509 *own = SSL_CTX_get0_certificate(ssl);
	int64_t first = own == NULL ? TLS_ENDLESS : tls_time(X509_get0_notAfter(own));
	STACK_OF(X509) *chain = NULL;

	SSL_CTX_get0_chain_certs((SSL_CTX *)ssl, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t end = tls_time(X509_get0_notAfter(sk_X509_value(chain, i)));

		first = end < first ? end : first;
	}
	return first;
}
