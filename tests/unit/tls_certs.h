/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_TLS_CERTS_H
#define TP_TEST_TLS_CERTS_H
/* Certificates, keys and revocation lists for tests, fuzz targets and benchmarks, made when they are needed: ECDSA P-256. A mistake ends the program. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CERTS_DAY 86400L

struct certs_pair {
	EVP_PKEY *key;
	X509 *cert;
};

struct certs_want {
	const char *cn;
	int cn_n;            /* octets of cn; 0: up to its NUL */
	const char *unit;    /* organizationalUnitName; NULL: none */
	const char *san;     /* as in openssl.cnf: "DNS:a,URI:b"; NULL: none */
	bool ca;             /* may sign others */
	long from_s, till_s; /* validity beside now; both 0: since yesterday, for 30 days */
};

static inline void certs_need(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "certs: %s\n", what);
	ERR_print_errors_fp(stderr);
	_exit(99);
}

static inline void certs_subject(X509 *cert, const struct certs_want *want)
{
	X509_NAME *name = X509_get_subject_name(cert);
	int n = want->cn_n > 0 ? want->cn_n : -1;

	if (want->unit != NULL)
		certs_need(
		        X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const uint8_t *)want->unit, -1, -1, 0) == 1, "OU");
	if (want->cn != NULL)
		certs_need(X509_NAME_add_entry_by_txt(name, "CN", want->cn_n > 0 ? V_ASN1_UTF8STRING : MBSTRING_UTF8,
		                   (const uint8_t *)want->cn, n, -1, 0) == 1,
		        "CN");
}

static inline void certs_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	certs_need(extension != NULL && X509_add_ext(cert, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: signed by itself. */
static inline struct certs_pair certs_make(const struct certs_want *want, const struct certs_pair *issuer)
{
	static long serial = 1;
	struct certs_pair made = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	long from = want->from_s == 0 && want->till_s == 0 ? -CERTS_DAY : want->from_s;
	long till = want->from_s == 0 && want->till_s == 0 ? 30 * CERTS_DAY : want->till_s;

	certs_need(made.key != NULL && made.cert != NULL, "no memory");
	if (issuer == NULL)
		issuer = &made;
	X509_set_version(made.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made.cert), from);
	X509_gmtime_adj(X509_getm_notAfter(made.cert), till);
	X509_set_pubkey(made.cert, made.key);
	certs_subject(made.cert, want);
	X509_set_issuer_name(made.cert, X509_get_subject_name(issuer->cert));
	certs_extension(made.cert, issuer->cert, NID_basic_constraints, want->ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (want->san != NULL)
		certs_extension(made.cert, issuer->cert, NID_subject_alt_name, want->san);
	certs_need(X509_sign(made.cert, issuer->key, EVP_sha256()) > 0, "sign");
	return made;
}

static inline void certs_free(struct certs_pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->cert);
	*pair = (struct certs_pair){0};
}

/* Writes PEM: what of the three is not NULL. */
static inline void certs_write(const char *path, X509 *cert, EVP_PKEY *key, X509_CRL *crl)
{
	FILE *f = fopen(path, "w");

	certs_need(f != NULL, path);
	certs_need(cert == NULL || PEM_write_X509(f, cert) == 1, path);
	certs_need(key == NULL || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1, path);
	certs_need(crl == NULL || PEM_write_X509_CRL(f, crl) == 1, path);
	fclose(f);
}

/* The revocation list of an issuer, with one entry or none (revoked NULL). Its nextUpdate is seconds since 1970; 0: it has none. */
static inline X509_CRL *certs_crl(const struct certs_pair *issuer, X509 *revoked, time_t next_update)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_adj(NULL, time(NULL), 0, -60), *next = ASN1_TIME_set(NULL, next_update);

	certs_need(crl != NULL && now != NULL && next != NULL, "no memory");
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
	X509_CRL_set1_lastUpdate(crl, now);
	if (next_update != 0)
		X509_CRL_set1_nextUpdate(crl, next);
	if (revoked != NULL) {
		X509_REVOKED *entry = X509_REVOKED_new();

		certs_need(entry != NULL && X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked)) == 1, "revoked");
		X509_REVOKED_set_revocationDate(entry, now);
		certs_need(X509_CRL_add0_revoked(crl, entry) == 1, "revoked");
	}
	certs_need(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0, "sign");
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return crl;
}

/* One that is good for a week, into a file. */
static inline void certs_write_crl(const char *path, const struct certs_pair *issuer, X509 *revoked)
{
	X509_CRL *crl = certs_crl(issuer, revoked, time(NULL) + 7 * CERTS_DAY);

	certs_write(path, NULL, NULL, crl);
	X509_CRL_free(crl);
}

#endif
