/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS of the HTTP socket: its own context, with certificate and key from their files. */
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "certificate.h"
#include "http.h"
#include "tp_conf.h"

int http_tls_new(const struct tp_conf_http *conf, SSL_CTX **tls, char *err, size_t err_len)
{
	struct tls_mistake mistake;

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
	if (tls_use_certificate(*tls, conf->certificate, conf->key, &mistake))
		return 0;
	snprintf(err, err_len, "http.%s: '%s': %s", mistake.what, mistake.path, mistake.why);
	SSL_CTX_free(*tls);
	*tls = NULL;
	return mistake.rc;
}
