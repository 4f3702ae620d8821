/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS of the HTTP socket: certificate and key from their files, with a sentence for each way in which they can be wrong. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdio.h>
#include <string.h>

#include "http.h"
#include "tp_conf.h"

struct tls_err {
	char *text;
	size_t len;
};

static int tls_refuse(const struct tls_err *err, const char *key, const char *path, const char *what)
{
	snprintf(err->text, err->len, "http.%s: '%s': %s", key, path, what);
	ERR_clear_error();
	return -EINVAL;
}

/* OpenSSL's reason for a file that cannot be read is "system lib". */
static int tls_readable(const struct tls_err *err, const char *key, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return tls_refuse(err, key, path, strerror(errno));
	fclose(file);
	return 0;
}

/* OpenSSL would ask at the terminal. */
static int tls_no_passphrase(char *text, int size, int writing, void *ctx)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)ctx = true;
	return -1;
}

static int tls_certificate(SSL_CTX *tls, const struct tp_conf_http *conf, const struct tls_err *err)
{
	int ret = tls_readable(err, "certificate", conf->certificate);

	if (ret == 0 && SSL_CTX_use_certificate_chain_file(tls, conf->certificate) != 1)
		ret = tls_refuse(err, "certificate", conf->certificate, "expected a certificate and its chain in PEM");
	return ret;
}

static int tls_key(SSL_CTX *tls, const struct tp_conf_http *conf, const struct tls_err *err)
{
	bool asked = false, fits;
	int ret = tls_readable(err, "key", conf->key);

	if (ret)
		return ret;
	SSL_CTX_set_default_passwd_cb(tls, tls_no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(tls, &asked);
	fits = SSL_CTX_use_PrivateKey_file(tls, conf->key, SSL_FILETYPE_PEM) == 1;
	SSL_CTX_set_default_passwd_cb_userdata(tls, NULL);
	if (asked)
		return tls_refuse(err, "key", conf->key, "is encrypted, expected a key without passphrase");
	if (!fits && ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
		return tls_refuse(err, "key", conf->key, "expected a private key in PEM");
	if (!fits || SSL_CTX_check_private_key(tls) != 1)
		return tls_refuse(err, "key", conf->key, "does not belong to the certificate");
	return 0;
}

int http_tls_new(const struct tp_conf_http *conf, SSL_CTX **tls, char *err, size_t err_len)
{
	const struct tls_err where = {err, err_len};
	int ret;

	*tls = NULL;
	if (!conf->certificate)
		return 0;
	*tls = SSL_CTX_new(TLS_server_method());
	if (!*tls) {
		snprintf(err, err_len, "no memory for TLS");
		return -ENOMEM;
	}
	SSL_CTX_set_min_proto_version(*tls, TLS1_2_VERSION);
	/* Requests and answers say how long they are: a client that just closes is no failure of TLS. */
	SSL_CTX_set_options(*tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	ret = tls_certificate(*tls, conf, &where);
	if (ret == 0)
		ret = tls_key(*tls, conf, &where);
	if (ret) {
		SSL_CTX_free(*tls);
		*tls = NULL;
	}
	return ret;
}
